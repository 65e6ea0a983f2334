"""What an open connection is connected to, as the driver or the database says itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from interlock.addresses import Address
from interlock.drivers import mysql, postgresql, sqlite
from interlock.drivers.options import servers_of, strange_host

__all__ = ["addresses_of_connection"]


def addresses_of_connection(dbapi_connection: Any, driver_connection: Any) -> list[Address]:
    """
    Ask a connection where it leads.

    Args:
        dbapi_connection: As SQLAlchemy uses it, for asyncio drivers an adapter.
        driver_connection: As the driver made it.

    Returns:
        Several for a SQLite connection with attached files; none where the driver is not
        known or does not say.
    """
    module = type(driver_connection).__module__.partition(".")[0]
    for base in type(driver_connection).__mro__:
        name = base.__module__.partition(".")[0]
        if name in _READERS:
            module = name
            break
    reader = _READERS.get(module)
    return [] if reader is None else reader(dbapi_connection, driver_connection)


def _sqlite(dbapi_connection: Any, _: Any) -> list[Address]:
    cursor = dbapi_connection.cursor()
    try:
        cursor.execute("PRAGMA database_list")
        files = [row[2] or "" for row in cursor.fetchall()]
    finally:
        cursor.close()
    # The temporary database is private; a file beside it is what matters.
    real = [file for file in files if file]
    return [sqlite.of_file(file) for file in real] or [sqlite.of_file("")]


def _libpq(_: Any, connection: Any) -> list[Address]:
    info = connection.info
    # Not info.hostaddr: that is what a name was resolved to.
    given = info.get_parameters() if hasattr(info, "get_parameters") else info.dsn_parameters
    hosts = [one for one in (info.host, given.get("hostaddr")) if one]
    found = _address("postgresql", hosts or [""], info.port, info.dbname, info.user)
    return [_doubted(found, postgresql.chosen_by(given.get("options")))]


def _asyncpg(_: Any, connection: Any) -> list[Address]:
    place = getattr(connection, "_addr", None)
    given = getattr(connection, "_params", None)
    if given is None or place is None:
        return []
    # A socket is given by its file, which ends in the port: /tmp/.s.PGSQL.5432
    host, port = place if isinstance(place, tuple) else _socket(place)
    found = _address("postgresql", [host], port, given.database or given.user, given.user)
    return [_doubted(found, postgresql.sent_instead(getattr(given, "server_settings", None)))]


def _socket(path: str) -> tuple[str, object]:
    folder, _, name = path.rpartition("/")
    return folder, name.rpartition(".")[2]


def _pymysql(_: Any, connection: Any) -> list[Address]:
    host = getattr(connection, "unix_socket", None) or getattr(connection, "host", None)
    database = getattr(connection, "db", b"") or b""
    name = database.decode() if isinstance(database, bytes) else str(database)
    user = getattr(connection, "user", None)
    user = user.decode() if isinstance(user, bytes) else user
    found = _address("mysql", [host or ""], getattr(connection, "port", None), name, user)
    return [_doubted(found, mysql.first_command(getattr(connection, "init_command", None)))]


def _mysqlconnector(_: Any, connection: Any) -> list[Address]:
    host = connection.unix_socket or connection.server_host
    return [
        _address(
            "mysql", [host or ""], connection.server_port, connection.database, connection.user
        )
    ]


def _doubted(address: Address, doubt: str | None) -> Address:
    return replace(address, doubt=address.doubt or doubt)


def _address(backend: str, hosts: list[str], port: Any, database: Any, user: Any) -> Address:
    try:
        number = int(port)
    except (TypeError, ValueError):
        return Address(backend, (), str(database or ""), None, "the driver names no port")
    servers = servers_of(hosts, [number])
    return Address(backend, servers, str(database or ""), user or None, strange_host(hosts))


_READERS: dict[str, Callable[[Any, Any], list[Address]]] = {
    "sqlite3": _sqlite,
    "aiosqlite": _sqlite,
    "psycopg": _libpq,
    "psycopg2": _libpq,
    "asyncpg": _asyncpg,
    "pymysql": _pymysql,
    "aiomysql": _pymysql,
    "asyncmy": _pymysql,
    "mysql": _mysqlconnector,
}
"""By the top-level module of the connection's class, or of a class it derives from."""
