"""
MySQL and MariaDB: mysqlclient, PyMySQL, aiomysql, asyncmy, cymysql, MySQL's and MariaDB's
connectors.

Option files are read only when an option asks for one. The C library also reads the variables
named here; drivers differ in which, so each that is set counts as a place that may be meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from interlock.addresses import Address
from interlock.drivers.options import (
    chosen,
    port_of,
    servers_of,
    strange_host,
    texts,
    unknown,
)
from interlock.hosts import LOCAL, canonical_host

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_PORT = 3306
_DRIVERS = frozenset(
    """
    mysqldb pymysql aiomysql asyncmy cymysql mysqlconnector mariadbconnector
    """.split()
)
_HARMLESS = frozenset(
    """
    allow_local_infile auth_plugin autocommit binary_prefix buffered charset client_flag
    client_flags collation compress connect_timeout connection_timeout conv cursorclass echo
    local_infile max_allowed_packet passwd password prepared_statement_cache_size raise_on_warnings
    read_timeout sql_mode ssl ssl_ca ssl_capath ssl_cert ssl_check_hostname ssl_cipher
    ssl_disabled ssl_key ssl_verify_cert ssl_verify_identity time_zone use_pure use_unicode
    write_timeout init_command
    """.split()
)
_PLACES = frozenset({"host", "port", "unix_socket", "user", "database", "db"})

# Some drivers put the value of such an option into a statement as it is.
_STATED = re.compile(r"[\w ,:+/-]*", re.ASCII)
_SETTING = re.compile(r"\s*SET\s[^;]*;?\s*", re.I)


def address(
    backend: str,
    driver: str,
    url: URL,
    connect_args: dict[str, Any],
    environ: Mapping[str, str],
) -> Address:
    """Say where MySQL's drivers would connect to."""
    given = {**url.query, **connect_args}
    doubts: list[str | None] = []
    if driver and driver not in _DRIVERS:
        doubts.append(f"nothing is known of the driver {driver!r}")
    doubts.append(unknown(given, _HARMLESS | _PLACES))
    # Which one counts is not the same in all drivers.
    names = {str(one) for one in (url.database, given.get("database"), given.get("db")) if one}
    if len(names) > 1:
        doubts.append("the database is given twice")
    if not all(_STATED.fullmatch(str(given.get(key, ""))) for key in ("sql_mode", "time_zone")):
        doubts.append("an option holds more than a setting")
    doubts.append(first_command(given.get("init_command")))
    for key in "passwd", "password":
        given.pop(key, None)

    host = chosen("host", connect_args, url.query) or url.host
    hosts = texts(host) if host else ["", *_set(environ, "MYSQL_HOST")]
    if any(canonical_host(one) == LOCAL for one in hosts):
        hosts += _set(environ, "MYSQL_UNIX_PORT")
    if given.get("unix_socket"):
        hosts.append(str(given["unix_socket"]))
    port = chosen("port", connect_args, url.query) or url.port
    numbers = [port_of(one) for one in ([port] if port else _set(environ, "MYSQL_TCP_PORT"))]
    if None in numbers:
        doubts.append("the port is no number")
    ports = [one for one in numbers if one is not None] + ([] if port else [_PORT])
    doubts.append(strange_host(hosts))

    user = chosen("user", connect_args, url.query) or url.username
    database = given.get("database") or given.get("db") or url.database or ""
    return Address(
        backend,
        servers_of(hosts, list(dict.fromkeys(ports))),
        str(database),
        None if user is None else str(user),
        next((doubt for doubt in doubts if doubt), None),
    )


def first_command(statement: object) -> str | None:
    """Return the doubt about the statement that a driver runs on each new connection."""
    if not statement or (isinstance(statement, str) and _SETTING.fullmatch(statement)):
        return None
    return "its first command may choose another database"


def _set(environ: Mapping[str, str], name: str) -> list[str]:
    return [environ[name]] if environ.get(name) else []
