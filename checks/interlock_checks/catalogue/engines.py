"""
SQLAlchemy and what builds its engines or changes its schemas. SQLAlchemy 2.0 and 2.1.

Innocent, and therefore absent: `create_mock_engine` never connects; a pool class gets its
connections from the `creator` it is given, so that is where the authority is, and
`poolclass=NullPool` is an ordinary argument; DDL elements such as `CreateTable` are statements.
"""

from __future__ import annotations

from typing import Final

from interlock_checks.catalogue.model import Library, all_to, under

_SA = "sqlalchemy"
_ASYNC = "sqlalchemy.ext.asyncio"
_DIALECT = "sqlalchemy.engine.Dialect"
_DBAPI = "sqlalchemy.engine.interfaces.DBAPIModule"
_PG = "sqlalchemy.dialects.postgresql"
MOCK: Final = f"{_SA}.create_mock_engine"
"""What gives each statement to a function, instead of to a database."""
_DIALECTS = (
    "mssql mssql.aioodbc mssql.pymssql mssql.pyodbc mysql mysql.aiomysql mysql.asyncmy "
    "mysql.mariadbconnector mysql.mysqlconnector mysql.mysqldb mysql.pymysql oracle "
    "oracle.cx_oracle oracle.oracledb postgresql postgresql.asyncpg postgresql.pg8000 "
    "postgresql.psycopg postgresql.psycopg2"
)

SQLALCHEMY = Library(
    name="SQLAlchemy",
    version="2.1.9",
    sinks={
        "IL104": (
            *under(f"{_SA}.MetaData", "create_all drop_all"),
            *under(f"{_SA}.Table", "create drop"),
            *under(f"{_SA}.Index", "create drop"),
            *under(f"{_SA}.Sequence", "create drop"),
            *under(f"{_SA}.types.SchemaType", "create drop"),
            *under(f"{_PG}.ENUM", "create drop"),
            *under(f"{_PG}.DOMAIN", "create drop"),
            # What the methods above consist of.
            f"{_SA}.Connection._run_ddl_visitor",
            f"{_SA}.Engine._run_ddl_visitor",
            *under(f"{_SA}.sql.ddl", "SchemaGenerator SchemaDropper"),
            *under(f"{_SA}.testing.util", "drop_all_tables drop_all_tables_from_metadata"),
            *under(f"{_SA}.testing.provision", "create_db drop_db drop_all_schema_objects"),
        ),
        "IL201": (
            *under(_SA, "create_engine engine_from_config create_pool_from_url Engine"),
            *under(_ASYNC, "create_async_engine async_engine_from_config"),
            f"{_ASYNC}.create_async_pool_from_url",
            *under(f"{_SA}.testing.engines", "testing_engine reconnecting_engine"),
        ),
        # Below the engine: the connection comes straight from the driver.
        "IL202": (
            f"{_DIALECT}.connect",
            f"{_DBAPI}.connect",
        ),
    },
    aliases={
        **all_to(
            f"{_SA}.create_engine",
            "sqlalchemy.engine.create_engine",
            "sqlalchemy.engine.create.create_engine",
            "sqlalchemy.future.create_engine",
            "sqlalchemy.future.engine.create_engine",
        ),
        **all_to(
            f"{_SA}.engine_from_config",
            "sqlalchemy.engine.engine_from_config",
            "sqlalchemy.engine.create.engine_from_config",
        ),
        **all_to(
            f"{_SA}.create_pool_from_url",
            "sqlalchemy.engine.create_pool_from_url",
            "sqlalchemy.engine.create.create_pool_from_url",
        ),
        **all_to(
            f"{_SA}.Engine",
            "sqlalchemy.engine.Engine",
            "sqlalchemy.engine.base.Engine",
            "sqlalchemy.future.Engine",
            "sqlalchemy.future.engine.Engine",
        ),
        **all_to(
            f"{_SA}.Connection",
            "sqlalchemy.engine.Connection",
            "sqlalchemy.engine.base.Connection",
            "sqlalchemy.future.Connection",
        ),
        "sqlalchemy.engine.create_mock_engine": f"{_SA}.create_mock_engine",
        "sqlalchemy.engine.mock.create_mock_engine": f"{_SA}.create_mock_engine",
        # The functions and classes keep their names in the module that defines them.
        "sqlalchemy.ext.asyncio.engine": _ASYNC,
        **{
            f"{module}.{name}": f"{_SA}.{name}"
            for module in ("sqlalchemy.schema", "sqlalchemy.sql.schema")
            for name in ("MetaData", "Table", "Index", "Sequence")
        },
        "sqlalchemy.sql.sqltypes.SchemaType": f"{_SA}.types.SchemaType",
        **all_to(f"{_SA}.Enum", "sqlalchemy.types.Enum", "sqlalchemy.sql.sqltypes.Enum"),
        "sqlalchemy.dialects.postgresql.named_types.ENUM": f"{_PG}.ENUM",
        "sqlalchemy.dialects.postgresql.named_types.DOMAIN": f"{_PG}.DOMAIN",
        "sqlalchemy.engine.interfaces.Dialect": _DIALECT,
        **all_to("sqlalchemy.URL", "sqlalchemy.engine.URL", "sqlalchemy.engine.url.URL"),
        **all_to(
            "sqlalchemy.make_url", "sqlalchemy.engine.make_url", "sqlalchemy.engine.url.make_url"
        ),
        **all_to(
            "sqlalchemy.orm.declarative_base",
            "sqlalchemy.orm.decl_api.declarative_base",
        ),
        "sqlalchemy.orm.decl_api.DeclarativeBase": "sqlalchemy.orm.DeclarativeBase",
        "sqlalchemy.orm.decl_api.registry": "sqlalchemy.orm.registry",
    },
    returns={
        "sqlalchemy.make_url": "sqlalchemy.URL",
        "sqlalchemy.URL.create": "sqlalchemy.URL",
        "sqlalchemy.URL.set": "sqlalchemy.URL",
        "sqlalchemy.URL.get_dialect": f"type[{_DIALECT}]",
        f"{_DIALECT}.import_dbapi": _DBAPI,
        "sqlalchemy.Table.to_metadata": f"{_SA}.Table",
        "sqlalchemy.orm.declarative_base": "type[sqlalchemy.orm.DeclarativeBase]",
        "sqlalchemy.ext.declarative.declarative_base": "type[sqlalchemy.orm.DeclarativeBase]",
        "sqlalchemy.ext.automap.automap_base": "type[sqlalchemy.orm.DeclarativeBase]",
        "sqlalchemy.orm.registry.generate_base": "type[sqlalchemy.orm.DeclarativeBase]",
    },
    attributes={
        "sqlalchemy.orm.DeclarativeBase.metadata": f"{_SA}.MetaData",
        "sqlalchemy.orm.DeclarativeBaseNoMeta.metadata": f"{_SA}.MetaData",
        "sqlalchemy.orm.DeclarativeBaseNoMeta.__table__": f"{_SA}.Table",
        "sqlalchemy.orm.DeclarativeBase.__table__": f"{_SA}.Table",
        "sqlalchemy.orm.DeclarativeBase.registry": "sqlalchemy.orm.registry",
        "sqlalchemy.orm.registry.metadata": f"{_SA}.MetaData",
        "sqlalchemy.Table.metadata": f"{_SA}.MetaData",
        "sqlalchemy.MetaData.sorted_tables": f"list[{_SA}.Table]",
        "sqlalchemy.MetaData.tables": f"dict[{_SA}.Table]",
        "sqlalchemy.Engine.dialect": _DIALECT,
        "sqlalchemy.Connection.dialect": _DIALECT,
        "sqlalchemy.Connection.engine": f"{_SA}.Engine",
        "sqlalchemy.ext.asyncio.AsyncEngine.dialect": _DIALECT,
        "sqlalchemy.ext.asyncio.AsyncEngine.sync_engine": f"{_SA}.Engine",
        f"{_DIALECT}.dbapi": _DBAPI,
        f"{_DIALECT}.loaded_dbapi": _DBAPI,
    },
    bases={
        "sqlalchemy.engine.default.DefaultDialect": _DIALECT,
        "sqlalchemy.Enum": f"{_SA}.types.SchemaType",
        **{
            f"sqlalchemy.dialects.{name}.dialect": "sqlalchemy.engine.default.DefaultDialect"
            for name in _DIALECTS.split()
        },
    },
    only_called=frozenset({f"{_SA}.Engine"}),
    harmless=(
        MOCK,
        # Wraps an engine that was built elsewhere.
        f"{_ASYNC}.AsyncEngine",
        *under(f"{_SA}.schema", "CreateTable DropTable CreateIndex DropIndex DDL"),
        *under(f"{_SA}.pool", "QueuePool NullPool StaticPool SingletonThreadPool AssertionPool"),
        f"{_SA}.pool.AsyncAdaptedQueuePool",
        f"{_DIALECT}.create_connect_args",
        f"{_SA}.MetaData.reflect",
    ),
    distinctive=(
        *under(_SA, "create_engine engine_from_config create_pool_from_url"),
        *under(_ASYNC, "create_async_engine async_engine_from_config create_async_pool_from_url"),
        *under(f"{_SA}.MetaData", "create_all drop_all"),
        f"{_SA}.Engine._run_ddl_visitor",
        *under(f"{_SA}.sql.ddl", "SchemaGenerator SchemaDropper"),
    ),
    methods={"create_all": "IL104", "drop_all": "IL104"},
    # The driver's module is typed as this protocol, which leaves `connect` to `__getattr__`.
    elsewhen=frozenset({f"{_DBAPI}.connect"}),
)

SQLMODEL = Library(
    name="sqlmodel",
    version="0.0.50",
    sinks={},
    aliases={
        "sqlmodel.create_engine": "sqlalchemy.create_engine",
        **{f"sqlmodel.{name}": f"sqlalchemy.{name}" for name in ("MetaData", "Table", "Index")},
        "sqlmodel.Sequence": "sqlalchemy.Sequence",
        "sqlmodel.Enum": "sqlalchemy.Enum",
        "sqlmodel.main.SQLModel": "sqlmodel.SQLModel",
    },
    attributes={
        "sqlmodel.SQLModel.metadata": "sqlalchemy.MetaData",
        "sqlmodel.SQLModel.__table__": "sqlalchemy.Table",
    },
    elsewhen=frozenset({"sqlmodel.SQLModel.__table__"}),
)

_FSA = "flask_sqlalchemy.SQLAlchemy"

FLASK_SQLALCHEMY = Library(
    name="Flask-SQLAlchemy",
    version="3.1.1",
    sinks={"IL104": under(_FSA, "create_all drop_all")},
    aliases={"flask_sqlalchemy.extension.SQLAlchemy": _FSA},
    attributes={
        f"{_FSA}.metadata": "sqlalchemy.MetaData",
        f"{_FSA}.engine": "sqlalchemy.Engine",
        f"{_FSA}.Model": "sqlalchemy.orm.DeclarativeBase",
    },
    # `SQLAlchemy()` is how such a program begins, and it names no URL and no engine: a finding
    # would have no place to be mended. The runtime half sees the pool that it makes.
    assumed={
        _FSA: "Flask-SQLAlchemy builds its engines in init_app, from the application's settings",
    },
    harmless=(f"{_FSA}.reflect", f"{_FSA}.init_app"),
)

SQLALCHEMY_UTILS = Library(
    name="SQLAlchemy-Utils",
    version="0.43.0",
    # Each calls sqlalchemy.create_engine itself, database_exists too.
    sinks={
        "IL201": under("sqlalchemy_utils", "create_database drop_database database_exists"),
    },
    aliases={
        "sqlalchemy_utils.functions": "sqlalchemy_utils",
        "sqlalchemy_utils.functions.database": "sqlalchemy_utils",
    },
    distinctive=under("sqlalchemy_utils", "create_database drop_database database_exists"),
)

DATABASES = Library(
    name="databases",
    version="0.9.0",
    sinks={"IL202": ("databases.Database",)},
    aliases={"databases.core.Database": "databases.Database"},
    only_called=frozenset({"databases.Database"}),
)

RECORDS = Library(
    name="records",
    version="0.6.0",
    sinks={"IL201": ("records.Database",)},
    only_called=frozenset({"records.Database"}),
)

DATASET = Library(
    name="dataset",
    version="1.6.2",
    sinks={"IL201": ("dataset.connect", "dataset.Database")},
    aliases={"dataset.database.Database": "dataset.Database"},
    only_called=frozenset({"dataset.Database"}),
)

_CHAIN = "langchain_community.utilities.SQLDatabase"

LANGCHAIN = Library(
    name="langchain-community",
    version="0.4.1",
    # The class itself takes an engine that exists.
    sinks={"IL201": (f"{_CHAIN}.from_uri",)},
    aliases=all_to(
        _CHAIN,
        "langchain_community.utilities.sql_database.SQLDatabase",
        "langchain.utilities.SQLDatabase",
        "langchain.sql_database.SQLDatabase",
    ),
    harmless=(_CHAIN,),
)

ENGINE_LIBRARIES = (
    SQLALCHEMY,
    SQLMODEL,
    FLASK_SQLALCHEMY,
    SQLALCHEMY_UTILS,
    DATABASES,
    RECORDS,
    DATASET,
    LANGCHAIN,
)
