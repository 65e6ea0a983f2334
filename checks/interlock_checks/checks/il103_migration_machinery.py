"""IL103: the parts that a migration is made of, used outside env.py and the migration scripts."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence
from interlock_checks.wording import used


class MigrationMachinery(Check):
    """
    Whoever puts `EnvironmentContext`, `MigrationContext` and `Operations` together has a migration
    command of their own, which asks nobody and need not leave a trace in the history of versions.
    `alembic upgrade` itself is no more than a thin layer over these parts.

    They have two places: env.py, which Alembic runs, and the migration scripts, which env.py runs.
    Reading from them (revisions, heads, differences) is free everywhere.
    """

    code = "IL103"
    name = "migration-machinery"
    clause = "C1"
    summary = "parts of Alembic that change a schema, used outside env.py and migration scripts"
    remedy = (
        "write the change as a migration script (`alembic revision`) and let the deploy module "
        "apply it"
    )

    bad = {
        "an operation in a request handler": """
            from alembic import op
            from sqlalchemy import Column, Text

            def add_note_column():
                op.add_column("orders", Column("note", Text))  # IL103
        """,
        "operations on a connection of one's own": """
            from alembic.migration import MigrationContext
            from alembic.operations import Operations

            def rename(connection):
                context = MigrationContext.configure(connection)
                Operations(context).rename_table("order", "orders")  # IL103
        """,
        "an environment with a migration function": """
            from alembic.runtime.environment import EnvironmentContext

            def migrate(config, script, step):
                with EnvironmentContext(config, script, fn=step) as environment:  # IL103
                    script.run_env()
        """,
        "the scripts run by hand": """
            from alembic.script import ScriptDirectory

            def migrate(config):
                ScriptDirectory.from_config(config).run_env()  # IL103
        """,
    }
    good = {
        "which revision a database has": """
            from alembic.runtime.migration import MigrationContext

            def revision(connection):
                return MigrationContext.configure(connection).get_current_revision()
        """,
        "which revisions there are": """
            from alembic.script import ScriptDirectory

            def heads(config):
                return ScriptDirectory.from_config(config).get_heads()
        """,
        "what has changed in the models": """
            from alembic.autogenerate import compare_metadata
            from alembic.migration import MigrationContext

            def drift(connection, metadata):
                return compare_metadata(MigrationContext.configure(connection), metadata)
        """,
        "a type in an annotation": """
            from alembic.operations import Operations

            def describe(operations: Operations) -> str:
                return operations.__class__.__name__
        """,
    }

    def message(self, offence: Offence) -> str:
        return f"{used(offence)} outside env.py and migration scripts"
