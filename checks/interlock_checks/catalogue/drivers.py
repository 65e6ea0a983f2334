"""
Database drivers (IL202): whatever opens a connection without an engine.

sqlite3 and aiosqlite are absent: a local file. Connection classes are named as types everywhere,
so only their construction counts; where constructing one does not connect, it is not listed.
"""

from __future__ import annotations

from collections.abc import Mapping

from interlock_checks.catalogue.model import Library, all_to, under


def _driver(
    name: str,
    version: str,
    functions: tuple[str, ...],
    classes: tuple[str, ...] = (),
    aliases: Mapping[str, str] | None = None,
    *,
    harmless: tuple[str, ...] = (),
    engines: tuple[str, ...] = (),
    elsewhen: tuple[str, ...] = (),
) -> Library:
    codes = {"IL202": (*functions, *classes)}
    return Library(
        name=name,
        version=version,
        sinks={**codes, "IL201": engines} if engines else codes,
        aliases=aliases or {},
        only_called=frozenset(classes),
        harmless=harmless,
        elsewhen=frozenset(elsewhen),
    )


PSYCOPG = _driver(
    "psycopg",
    "3.3.9",
    (
        "psycopg.connect",
        *under("psycopg", "Connection.connect AsyncConnection.connect"),
        *under("psycopg.crdb", "connect CrdbConnection.connect AsyncCrdbConnection.connect"),
        *under("psycopg.pq.PGconn", "connect connect_start"),
        "psycopg.generators.connect",
    ),
    aliases={
        "psycopg.connection.Connection": "psycopg.Connection",
        "psycopg.connection_async.AsyncConnection": "psycopg.AsyncConnection",
    },
    # Wraps a connection that exists.
    harmless=("psycopg.Connection", "psycopg.AsyncConnection"),
)
PSYCOPG_POOL = _driver(
    "psycopg-pool",
    "3.3.3",
    (),
    under(
        "psycopg_pool",
        "ConnectionPool NullConnectionPool AsyncConnectionPool AsyncNullConnectionPool",
    ),
    {
        "psycopg_pool.pool.ConnectionPool": "psycopg_pool.ConnectionPool",
        "psycopg_pool.null_pool.NullConnectionPool": "psycopg_pool.NullConnectionPool",
        "psycopg_pool.pool_async.AsyncConnectionPool": "psycopg_pool.AsyncConnectionPool",
        "psycopg_pool.null_pool_async.AsyncNullConnectionPool": (
            "psycopg_pool.AsyncNullConnectionPool"
        ),
    },
)
PSYCOPG2 = _driver(
    "psycopg2",
    "2.9.13",
    under("psycopg2", "connect _connect"),
    (
        "psycopg2.extensions.connection",
        "psycopg2._psycopg.ReplicationConnection",
        *under("psycopg2.extras", "DictConnection RealDictConnection NamedTupleConnection"),
        *under("psycopg2.extras", "LoggingConnection MinTimeLoggingConnection"),
        *under("psycopg2.extras", "LogicalReplicationConnection PhysicalReplicationConnection"),
        *under("psycopg2.pool", "AbstractConnectionPool SimpleConnectionPool"),
        "psycopg2.pool.ThreadedConnectionPool",
    ),
    {
        "psycopg2._psycopg._connect": "psycopg2._connect",
        "psycopg2._psycopg.connection": "psycopg2.extensions.connection",
        "psycopg2.extras._replicationConnection": "psycopg2._psycopg.ReplicationConnection",
        "psycopg2.extras._connection": "psycopg2.extensions.connection",
    },
)
ASYNCPG = _driver(
    "asyncpg",
    "0.32.0",
    (*under("asyncpg", "connect create_pool"), "asyncpg.connect_utils._connect"),
    ("asyncpg.Pool",),
    {
        "asyncpg.connection.connect": "asyncpg.connect",
        "asyncpg.pool.create_pool": "asyncpg.create_pool",
        "asyncpg.pool.Pool": "asyncpg.Pool",
    },
    harmless=("asyncpg.Connection",),
)
PYMYSQL = _driver(
    "PyMySQL",
    "1.2.4",
    # `connect` is the class itself; under that name it is the function of the DB-API.
    ("pymysql.connect",),
    ("pymysql.Connection",),
    {
        "pymysql.Connect": "pymysql.connect",
        "pymysql.connections.Connection": "pymysql.Connection",
    },
)
MYSQLCLIENT = _driver(
    "mysqlclient",
    "documented",
    ("MySQLdb.connect", "MySQLdb._mysql.connect"),
    ("MySQLdb.connections.Connection", "MySQLdb._mysql.connection"),
    all_to("MySQLdb.connect", "MySQLdb.Connect", "MySQLdb.Connection"),
)
MYSQL_CONNECTOR = _driver(
    "mysql-connector-python",
    "26.10.0",
    under("mysql.connector", "connect aio.connect"),
    (
        *under("mysql.connector", "MySQLConnection CMySQLConnection"),
        "mysql.connector.aio.MySQLConnection",
        "mysql.connector.pooling.MySQLConnectionPool",
        "mysql.connector.aio.MySQLConnectionPool",
    ),
    {
        **all_to("mysql.connector.connect", "mysql.connector.Connect"),
        "mysql.connector.pooling.connect": "mysql.connector.connect",
        "mysql.connector.connection.MySQLConnection": "mysql.connector.MySQLConnection",
        "mysql.connector.connection_cext.CMySQLConnection": "mysql.connector.CMySQLConnection",
        "mysql.connector.aio.pooling.connect": "mysql.connector.aio.connect",
        "mysql.connector.aio.connection.MySQLConnection": "mysql.connector.aio.MySQLConnection",
        "mysql.connector.aio.pooling.MySQLConnectionPool": (
            "mysql.connector.aio.MySQLConnectionPool"
        ),
    },
    # Only where the C extension could be built.
    elsewhen=(
        "mysql.connector.CMySQLConnection",
        "mysql.connector.connection_cext.CMySQLConnection",
    ),
)
AIOMYSQL = _driver(
    "aiomysql",
    "0.3.2",
    under("aiomysql", "connect create_pool"),
    under("aiomysql", "Connection Pool"),
    {
        "aiomysql.connection.connect": "aiomysql.connect",
        "aiomysql.connection.Connection": "aiomysql.Connection",
        "aiomysql.pool.create_pool": "aiomysql.create_pool",
        "aiomysql.pool.Pool": "aiomysql.Pool",
        "aiomysql.sa.engine.create_engine": "aiomysql.sa.create_engine",
    },
    engines=("aiomysql.sa.create_engine",),
)
AIOPG = _driver(
    "aiopg",
    "1.4.0",
    under("aiopg", "connect create_pool"),
    under("aiopg", "Connection Pool"),
    {
        "aiopg.connection.connect": "aiopg.connect",
        "aiopg.connection.Connection": "aiopg.Connection",
        "aiopg.pool.create_pool": "aiopg.create_pool",
        "aiopg.pool.Pool": "aiopg.Pool",
        "aiopg.sa.engine.create_engine": "aiopg.sa.create_engine",
    },
    # aiopg.sa asks for SQLAlchemy below 2.
    engines=("aiopg.sa.create_engine",),
    elsewhen=("aiopg.sa.create_engine", "aiopg.sa.engine.create_engine"),
)
ORACLEDB = _driver(
    "oracledb",
    "26.1.0",
    under("oracledb", "connect connect_async create_pool create_pool_async"),
    under("oracledb", "Connection AsyncConnection ConnectionPool AsyncConnectionPool"),
    {
        "oracledb.SessionPool": "oracledb.ConnectionPool",
        **{
            f"oracledb.connection.{name}": f"oracledb.{name}"
            for name in ("connect", "connect_async", "Connection", "AsyncConnection")
        },
        **{
            f"oracledb.pool.{name}": f"oracledb.{name}"
            for name in (
                "create_pool",
                "create_pool_async",
                "ConnectionPool",
                "AsyncConnectionPool",
            )
        },
    },
    harmless=("oracledb.get_pool", "oracledb.makedsn"),
)
CX_ORACLE = _driver(
    "cx_Oracle",
    "documented",
    ("cx_Oracle.connect",),
    under("cx_Oracle", "Connection SessionPool"),
)
PYODBC = _driver("pyodbc", "5.5.0", ("pyodbc.connect",), harmless=("pyodbc.drivers",))
PYMSSQL = _driver(
    "pymssql",
    "2.4.6",
    ("pymssql.connect", "pymssql._mssql.connect"),
    aliases={"pymssql._pymssql.connect": "pymssql.connect"},
)
MARIADB = _driver(
    "mariadb",
    "2.0.0rc2",
    under("mariadb", "connect asyncConnect create_pool create_async_pool"),
    under("mariadb", "ConnectionPool Connection SyncConnection AsyncConnection"),
    {"mariadb.connections.Connection": "mariadb.Connection"},
    # 1.1 has the classes, 2.0 the functions.
    elsewhen=(*under("mariadb", "ConnectionPool Connection connections.Connection"),),
)
PG8000 = _driver(
    "pg8000",
    "1.31.6",
    under("pg8000", "connect dbapi.connect"),
    under("pg8000", "native.Connection dbapi.Connection legacy.Connection"),
    {"pg8000.Connection": "pg8000.legacy.Connection"},
)
AIOODBC = _driver(
    "aioodbc",
    "0.5.0",
    under("aioodbc", "connect create_pool"),
    under("aioodbc", "Connection Pool"),
    {
        "aioodbc.connection.connect": "aioodbc.connect",
        "aioodbc.pool.create_pool": "aioodbc.create_pool",
    },
)
ASYNCMY = _driver(
    "asyncmy",
    "0.2.18",
    under("asyncmy", "connect create_pool"),
    under("asyncmy", "connection.Connection pool.Pool"),
    {
        "asyncmy.connection.connect": "asyncmy.connect",
        "asyncmy.pool.create_pool": "asyncmy.create_pool",
        "asyncmy.Connection": "asyncmy.connection.Connection",
        "asyncmy.Pool": "asyncmy.pool.Pool",
    },
)

DRIVERS = (
    PSYCOPG,
    PSYCOPG_POOL,
    PSYCOPG2,
    ASYNCPG,
    PYMYSQL,
    MYSQLCLIENT,
    MYSQL_CONNECTOR,
    AIOMYSQL,
    AIOPG,
    ORACLEDB,
    CX_ORACLE,
    PYODBC,
    PYMSSQL,
    MARIADB,
    PG8000,
    AIOODBC,
    ASYNCMY,
)
