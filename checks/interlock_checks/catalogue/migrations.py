"""
Alembic and what wraps it.

Read in the packages themselves, in the versions that each entry names; Alembic 1.13 to 1.20.
"""

from __future__ import annotations

from interlock_checks.catalogue.model import Library, all_to, under

_COMMAND = "alembic.command"
_RUN = "alembic.runtime.migration"
_ENV = "alembic.runtime.environment.EnvironmentContext"
_OPS = "alembic.operations.Operations"

# What changes a database, of Operations and, without the table operations, of BatchOperations.
_BATCH = (
    "add_column alter_column create_check_constraint create_exclude_constraint create_foreign_key "
    "create_index create_primary_key create_table_comment create_unique_constraint drop_column "
    "drop_constraint drop_index drop_table_comment execute invoke run_async"
)
_TABLES = "batch_alter_table bulk_insert create_table drop_table rename_table"
# Registering an operation runs none; the rest reads.
_OPS_HARMLESS = "f get_bind get_context implementation_for inline_literal register_operation"
_IMPL = (
    "_exec add_column add_constraint alter_column bulk_insert create_column_comment create_index "
    "create_table create_table_comment drop_column drop_constraint drop_index drop_table "
    "drop_table_comment execute prep_table_for_batch rename_table"
)
_TOIMPL = (
    "add_column alter_column bulk_insert create_constraint create_index create_table "
    "create_table_comment drop_column drop_constraint drop_index drop_table drop_table_comment "
    "execute_sql rename_table"
)

ALEMBIC = Library(
    name="alembic",
    version="1.20.1",
    sinks={
        "IL101": (
            *under(_COMMAND, "upgrade downgrade stamp ensure_version"),
            "alembic.config.main",
            "alembic.config.CommandLine",
            *under("alembic.config.CommandLine", "main run_cmd"),
        ),
        "IL103": (
            _ENV,
            *under(_ENV, "configure execute run_migrations"),
            *under("alembic.context", "configure execute run_migrations"),
            *under(
                f"{_RUN}.MigrationContext",
                "run_migrations stamp execute _ensure_version_table",
            ),
            f"{_RUN}.HeadMaintainer",
            f"{_RUN}.HeadMaintainer.update_to_step",
            # env.py is where the migrations are run from.
            "alembic.script.ScriptDirectory.run_env",
            *under("alembic.op", f"{_BATCH} {_TABLES}"),
            _OPS,
            *under(_OPS, f"context {_BATCH} {_TABLES}"),
            "alembic.operations.BatchOperations",
            *under("alembic.operations.BatchOperations", f"context {_BATCH}"),
            "alembic.operations.AbstractOperations",
            *under("alembic.operations.AbstractOperations", "batch_alter_table context invoke"),
            *under("alembic.operations.batch", "BatchOperationsImpl ApplyBatchImpl"),
            *under("alembic.operations.toimpl", _TOIMPL),
            *under("alembic.ddl.DefaultImpl", _IMPL),
        ),
    },
    aliases={
        # Names from before Alembic 0.7, still there and still in use.
        "alembic.environment": "alembic.runtime.environment",
        "alembic.migration": _RUN,
        "alembic.__main__.main": "alembic.config.main",
        "alembic.script.base": "alembic.script",
        "alembic.ddl.impl.DefaultImpl": "alembic.ddl.DefaultImpl",
        **all_to(_COMMAND, "alembic.config.command", "alembic.testing.env.command"),
        **all_to(
            _ENV,
            "alembic.command.EnvironmentContext",
            "alembic.context.EnvironmentContext",
        ),
        **all_to(
            _OPS,
            "alembic.op.Operations",
            "alembic.operations.base.Operations",
            "alembic.runtime.environment.Operations",
        ),
        "alembic.runtime.environment.MigrationContext": f"{_RUN}.MigrationContext",
        "alembic.operations.base.BatchOperations": "alembic.operations.BatchOperations",
        "alembic.operations.base.AbstractOperations": "alembic.operations.AbstractOperations",
        "alembic.command.ScriptDirectory": "alembic.script.ScriptDirectory",
    },
    returns={
        f"{_RUN}.MigrationContext.configure": f"{_RUN}.MigrationContext",
        f"{_ENV}.__enter__": _ENV,
        f"{_ENV}.get_context": f"{_RUN}.MigrationContext",
        f"{_ENV}.get_impl": "alembic.ddl.DefaultImpl",
        "alembic.context.get_context": f"{_RUN}.MigrationContext",
        "alembic.context.get_impl": "alembic.ddl.DefaultImpl",
        "alembic.op.get_context": f"{_RUN}.MigrationContext",
        "alembic.op.batch_alter_table": "alembic.operations.BatchOperations",
        f"{_OPS}.get_context": f"{_RUN}.MigrationContext",
        f"{_OPS}.context": _OPS,
        f"{_OPS}.batch_alter_table": "alembic.operations.BatchOperations",
        "alembic.script.ScriptDirectory.from_config": "alembic.script.ScriptDirectory",
        "alembic.ddl.DefaultImpl.get_by_dialect": "type[alembic.ddl.DefaultImpl]",
    },
    attributes={
        f"{_RUN}.MigrationContext.impl": "alembic.ddl.DefaultImpl",
        f"{_RUN}.MigrationContext.script": "alembic.script.ScriptDirectory",
        f"{_RUN}.MigrationContext.environment_context": _ENV,
        f"{_ENV}.script": "alembic.script.ScriptDirectory",
        f"{_OPS}.migration_context": f"{_RUN}.MigrationContext",
        f"{_OPS}.impl": "alembic.ddl.DefaultImpl",
    },
    bases={
        _OPS: "alembic.operations.AbstractOperations",
        "alembic.operations.BatchOperations": "alembic.operations.AbstractOperations",
        "alembic.ddl.postgresql.PostgresqlImpl": "alembic.ddl.DefaultImpl",
        "alembic.ddl.mysql.MySQLImpl": "alembic.ddl.DefaultImpl",
        "alembic.ddl.mysql.MariaDBImpl": "alembic.ddl.mysql.MySQLImpl",
        "alembic.ddl.mssql.MSSQLImpl": "alembic.ddl.DefaultImpl",
        "alembic.ddl.oracle.OracleImpl": "alembic.ddl.DefaultImpl",
        "alembic.ddl.sqlite.SQLiteImpl": "alembic.ddl.DefaultImpl",
    },
    literal_sql={
        f"{_COMMAND}.upgrade": 2,
        f"{_COMMAND}.downgrade": 2,
        f"{_COMMAND}.stamp": 2,
        f"{_COMMAND}.ensure_version": 1,
    },
    # Without a migration function an environment only reads heads and options.
    with_keyword={
        _ENV: ("fn",),
        f"{_ENV}.configure": ("fn",),
        "alembic.context.configure": ("fn",),
    },
    deny_unknown={
        _COMMAND: "IL101",
        "alembic.op": "IL103",
        _OPS: "IL103",
        "alembic.operations.BatchOperations": "IL103",
    },
    harmless=(
        *under(
            _COMMAND,
            "branches check current edit heads history init list_templates merge revision show",
        ),
        # What alembic.command imports for itself.
        *under(_COMMAND, "TYPE_CHECKING annotations autogen compat os pathlib util"),
        *under("alembic.op", f"_name_error context create_module_class_proxy {_OPS_HARMLESS}"),
        *under(_OPS, f"create_module_class_proxy impl migration_context {_OPS_HARMLESS}"),
        *under(
            "alembic.operations.BatchOperations",
            f"create_module_class_proxy impl migration_context {_OPS_HARMLESS}",
        ),
        *under("alembic.autogenerate", "compare_metadata produce_migrations render_python_code"),
        *under(
            f"{_RUN}.MigrationContext",
            "begin_transaction configure get_current_heads get_current_revision",
        ),
        *under("alembic.script.ScriptDirectory", "generate_revision get_current_head get_heads"),
    ),
    distinctive=(
        *under(_COMMAND, "upgrade downgrade stamp ensure_version"),
        "alembic.config.CommandLine",
        _ENV,
        _OPS,
        "alembic.operations.BatchOperations",
        f"{_RUN}.MigrationContext.run_migrations",
        "alembic.script.ScriptDirectory.run_env",
    ),
)

FLASK_MIGRATE = Library(
    name="Flask-Migrate",
    version="4.1.0",
    sinks={
        "IL101": (
            *under("flask_migrate", "upgrade downgrade stamp"),
            *under("flask_migrate.cli", "upgrade downgrade stamp"),
            # The group of all commands: whoever holds it can invoke `upgrade`.
            "flask_migrate.cli.db",
            "flask_migrate.MigrateCommand",
        ),
    },
    aliases={"flask_migrate.command": "alembic.command"},
    literal_sql=dict.fromkeys(under("flask_migrate", "upgrade downgrade stamp"), 2),
    harmless=(
        # Registers `flask db`; running that is IL102's matter.
        "flask_migrate.Migrate",
        *under("flask_migrate", "branches check current edit heads history init list_templates"),
        *under("flask_migrate", "merge migrate revision show"),
        *under("flask_migrate.cli.db", "name help short_help add_command command group"),
        *under("flask_migrate.cli.db", "list_commands"),
    ),
    # A group of Click, which gives its commands away under many names.
    deny_unknown={"flask_migrate.cli.db": "IL101"},
    elsewhen=frozenset({"flask_migrate.MigrateCommand"}),
)

_FLASK_ALEMBIC = "flask_alembic.Alembic"

FLASK_ALEMBIC = Library(
    name="Flask-Alembic",
    version="3.3.0",
    sinks={
        "IL101": (
            *under(_FLASK_ALEMBIC, "upgrade downgrade stamp run_migrations"),
            *under("flask_alembic.cli", "cli upgrade downgrade stamp"),
        ),
        # A dictionary of Operations by database.
        "IL103": (f"{_FLASK_ALEMBIC}.ops",),
    },
    aliases={"flask_alembic.extension.Alembic": _FLASK_ALEMBIC},
    attributes={
        f"{_FLASK_ALEMBIC}.op": _OPS,
        f"{_FLASK_ALEMBIC}.migration_context": f"{_RUN}.MigrationContext",
        f"{_FLASK_ALEMBIC}.environment_context": _ENV,
        f"{_FLASK_ALEMBIC}.script_directory": "alembic.script.ScriptDirectory",
    },
    harmless=under(
        _FLASK_ALEMBIC,
        "branches compare_metadata current heads log merge mkdir needs_upgrade produce_migrations "
        "revision",
    ),
)

_AA = "advanced_alchemy"
_AA_COMMANDS = f"{_AA}.alembic.commands.AlembicCommands"
_AA_CONFIG = f"{_AA}.config.common.GenericSQLAlchemyConfig"
_AA_SYNC = f"{_AA}.config.SQLAlchemySyncConfig"
_AA_ASYNC = f"{_AA}.config.SQLAlchemyAsyncConfig"
_AA_KINDS = ("fastapi", "flask", "litestar", "sanic", "starlette")
_AA_CONFIGS = (
    _AA_SYNC,
    _AA_ASYNC,
    *(f"{_AA}.extensions.{kind}.SQLAlchemySyncConfig" for kind in _AA_KINDS),
    *(f"{_AA}.extensions.{kind}.SQLAlchemyAsyncConfig" for kind in _AA_KINDS),
)
_AA_ROUTING = under(f"{_AA}.routing", "RoutingSyncSessionMaker RoutingAsyncSessionMaker")

ADVANCED_ALCHEMY = Library(
    name="advanced-alchemy",
    version="1.12.0",
    sinks={
        "IL101": (
            *under(_AA_COMMANDS, "upgrade downgrade stamp ensure_version"),
            # They hand out the commands; the framework plug-ins, which call them, do not.
            *under(f"{_AA}.cli", "add_migration_commands get_alchemy_group"),
            f"{_AA}.extensions.fastapi.assign_cli_group",
            f"{_AA}.extensions.fastapi.cli.register_database_commands",
            f"{_AA}.extensions.flask.cli.database_group",
            f"{_AA}.extensions.litestar.cli.database_group",
        ),
        "IL104": (
            f"{_AA}.alembic.utils.drop_all",
            *(f"{name}.create_all_metadata" for name in _AA_CONFIGS[2:]),
        ),
        "IL201": (
            *_AA_CONFIGS,
            *under(_AA_CONFIG, "get_engine create_session_maker"),
            *_AA_ROUTING,
        ),
    },
    aliases={
        f"{_AA}.config.sync.SQLAlchemySyncConfig": _AA_SYNC,
        f"{_AA}.config.asyncio.SQLAlchemyAsyncConfig": _AA_ASYNC,
        f"{_AA}.config.GenericSQLAlchemyConfig": _AA_CONFIG,
        f"{_AA}.routing.maker": f"{_AA}.routing",
        f"{_AA}.extensions.fastapi.extension.assign_cli_group": (
            f"{_AA}.extensions.fastapi.assign_cli_group"
        ),
        **{f"{_AA}.extensions.{kind}.AlembicCommands": _AA_COMMANDS for kind in _AA_KINDS},
        **{
            f"{_AA}.extensions.{kind}.config.{name}": f"{_AA}.extensions.{kind}.{name}"
            for kind in ("fastapi", "flask", "sanic", "starlette")
            for name in ("SQLAlchemySyncConfig", "SQLAlchemyAsyncConfig")
        },
    },
    bases=dict.fromkeys(_AA_CONFIGS, _AA_CONFIG),
    literal_sql={
        **dict.fromkeys(under(_AA_COMMANDS, "upgrade downgrade stamp"), 1),
        f"{_AA_COMMANDS}.ensure_version": 0,
    },
    # A configuration with a URL builds its engine; one with an engine has been given it.
    with_keyword=dict.fromkeys(_AA_CONFIGS, ("connection_string", "routing_config")),
    unless_keyword=dict.fromkeys(
        (*_AA_CONFIGS, *_AA_ROUTING), ("create_engine_callable", "engine_instance")
    ),
    only_called=frozenset(_AA_CONFIGS),
    # A flag of the configuration, not the method of MetaData.
    harmless=tuple(f"{name}.create_all" for name in _AA_CONFIGS),
)

_MANAGER = "oslo_db.sqlalchemy.migration_cli.manager.MigrationManager"
_EXTENSION = "oslo_db.sqlalchemy.migration_cli.ext_alembic.AlembicExtension"
_FACADE = "oslo.db builds engines from its configuration; no expression of the program names one"

OSLO_DB = Library(
    name="oslo.db",
    version="18.1.1",
    sinks={
        "IL101": (
            *under(_MANAGER, "upgrade downgrade stamp"),
            *under(_EXTENSION, "upgrade downgrade stamp"),
        ),
        "IL201": ("oslo_db.sqlalchemy.engines.create_engine",),
    },
    aliases={
        "oslo_db.sqlalchemy.session.create_engine": "oslo_db.sqlalchemy.engines.create_engine",
    },
    assumed={
        "oslo_db.sqlalchemy.enginefacade.configure": _FACADE,
        "oslo_db.sqlalchemy.enginefacade.transaction_context": _FACADE,
        "oslo_db.sqlalchemy.enginefacade.LegacyEngineFacade": _FACADE,
    },
)

MIGRATION_LIBRARIES = (ALEMBIC, FLASK_MIGRATE, FLASK_ALEMBIC, ADVANCED_ALCHEMY, OSLO_DB)
