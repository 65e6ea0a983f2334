"""IL104: tables created or dropped past the migrations."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence
from interlock_checks.wording import used


class SchemaOutsideMigrations(Check):
    """
    `create_all()` makes tables that no migration knows of: the next migration fails on them, and
    until then the database is in a state that cannot be built again. `drop_all()` is the shortest
    way to lose a database, and it takes the one that the engine happens to be connected to.
    """

    code = "IL104"
    name = "schema-outside-migrations"
    clause = "C1"
    summary = "tables created or dropped outside the migrations"
    remedy = (
        "write the change as a migration script (`alembic revision --autogenerate`); tests that "
        "need a schema of their own belong below `test-paths`"
    )

    bad = {
        "tables at the start of the application": """
            from app.models import Base

            def start(engine):
                Base.metadata.create_all(engine)  # IL104
        """,
        "a reset command": """
            from sqlalchemy import MetaData

            metadata = MetaData()

            def reset(engine):
                metadata.drop_all(bind=engine)  # IL104
                metadata.create_all(bind=engine)  # IL104
        """,
        "through run_sync": """
            from app.models import Base

            async def start(engine):
                async with engine.begin() as connection:
                    await connection.run_sync(Base.metadata.create_all)  # IL104
        """,
        "metadata behind an annotation that says otherwise": """
            from sqlalchemy import MetaData

            class Topics:
                def create_all(self, broker): ...

            def prepare(topics: Topics, broker):
                topics.create_all(broker)

            def start(engine):
                prepare(MetaData(), engine)  # IL104
        """,
        "table after table": """
            from sqlalchemy import MetaData

            def clear(engine):
                found = MetaData()
                found.reflect(engine)
                for table in reversed(found.sorted_tables):
                    table.drop(engine)  # IL104
        """,
        "one table": """
            from sqlalchemy import Column, Integer, MetaData, Table

            jobs = Table("jobs", MetaData(), Column("id", Integer))

            def ensure(engine):
                jobs.create(engine, checkfirst=True)  # IL104
        """,
    }
    good = {
        "describing tables": """
            from sqlalchemy import Column, Integer, MetaData, Table

            metadata = MetaData()
            jobs = Table("jobs", metadata, Column("id", Integer, primary_key=True))
        """,
        "reading what is there": """
            from sqlalchemy import MetaData, inspect

            def tables(engine):
                MetaData().reflect(engine)
                return inspect(engine).get_table_names()
        """,
        "an own class that creates something else": """
            class Topics:
                def create_all(self, broker): ...

            def prepare(topics: Topics, broker):
                topics.create_all(broker)
        """,
        "a namesake": """
            def drop_all(logger, method, event):
                return {}

            PROCESSORS = [drop_all]
        """,
        "a test": """
            # pyproject.toml: test-paths = ["app"]
            from app.models import Base

            def test_orders(engine):
                Base.metadata.create_all(engine)
        """,
    }

    def message(self, offence: Offence) -> str:
        return f"{used(offence)} outside the migrations"
