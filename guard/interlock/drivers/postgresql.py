"""
PostgreSQL: libpq (psycopg, psycopg2), asyncpg and pg8000.

Read from libpq's documentation ("Parameter Key Words", "Environment Variables"), asyncpg's
`connect_utils.py` and SQLAlchemy's `create_connect_args` of these drivers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from interlock.addresses import Address, Server
from interlock.drivers.options import (
    chosen,
    port_of,
    servers_of,
    strange_host,
    texts,
    unknown,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_PORT = 5432

# The driver's own name of the database, where it goes by one.
_DRIVERS = {
    "": "dbname",
    "psycopg2": "dbname",
    "psycopg2cffi": "dbname",
    "psycopg": "dbname",
    "psycopg_async": "dbname",
    "asyncpg": "database",
    "pg8000": "database",
}

_HARMLESS = frozenset(
    """
    application_name async_fallback autocommit channel_binding client_encoding command_timeout
    connect_timeout context cursor_factory direct_tls fallback_application_name gssencmode gsslib
    keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts
    max_cacheable_statement_size max_cached_statement_lifetime passfile password
    prepare_threshold prepared_statement_cache_size prepared_statement_name_func replication
    requirepeer row_factory server_settings ssl ssl_context sslcert sslcompression sslcrl
    sslcrldir sslkey sslmode sslnegotiation sslpassword sslrootcert sslsni
    ssl_max_protocol_version ssl_min_protocol_version statement_cache_size target_session_attrs
    tcp_keepalive tcp_user_timeout timeout
    """.split()
)
_PLACES = frozenset({"host", "hostaddr", "port", "user", "options"})

# Parameters of PostgreSQL's start-up message that are no settings.
_SENT = frozenset({"user", "database", "options", "replication"})

# `options` is given to the server. Poolers of several tenants read from it which database is
# meant (Neon's `endpoint`, Supabase's `reference`), so only plain settings are let through.
_SETTINGS = re.compile(
    r"(\s*(-c\s*|--)(search_path|statement_timeout|lock_timeout|timezone|application_name"
    r"|idle_in_transaction_session_timeout|client_encoding|default_transaction_\w+|jit|geqo"
    r"|plan_cache_mode|work_mem|synchronous_commit)\s*=([^\s\\]|\\.)*)*\s*",
    re.IGNORECASE,
)


def address(
    backend: str,
    driver: str,
    url: URL,
    connect_args: dict[str, Any],
    environ: Mapping[str, str],
) -> Address:
    """Say where PostgreSQL's drivers would connect to."""
    name = _DRIVERS.get(driver)
    doubts: list[str | None] = []
    if name is None:
        doubts.append(f"nothing is known of the driver {driver!r}")
    if driver == "pg8000":
        environ = {}
    given = {**url.query, **connect_args}
    doubts.append(unknown(given, _HARMLESS | _PLACES | {name or "dbname"}))
    if given.get("service") or environ.get("PGSERVICE"):
        doubts.append("a service file says where it leads")
    doubts += [chosen_by(given.get("options")), chosen_by(environ.get("PGOPTIONS"))]
    doubts.append(sent_instead(given.get("server_settings")))
    if "host" in url.query and "host" in connect_args:
        doubts.append("the host is given twice")
    if "host" in connect_args and "hostaddr" in url.query:
        doubts.append("the address of the host is given elsewhere than its name")

    servers, wrong = _servers(url, connect_args, environ)
    doubts.append(wrong)
    user = chosen("user", connect_args, url.query) or url.username or environ.get("PGUSER")
    database = chosen(name or "dbname", connect_args, url.query) or url.database
    database = str(database or environ.get("PGDATABASE") or user or "")
    if "=" in database or "://" in database:
        doubts.append("the name of the database may be a connection string")
    return Address(
        backend,
        servers,
        database,
        None if user is None else str(user),
        next((doubt for doubt in doubts if doubt), None),
    )


def chosen_by(options: object) -> str | None:
    """Return the doubt that `options` raise, which are given to the server as a text."""
    given = [options or ""] if options is None or isinstance(options, str) else options
    parts = given if isinstance(given, (list, tuple)) else [given]
    if all(_SETTINGS.fullmatch(str(one)) for one in parts):
        return None
    return "the server may be chosen by `options`"


def sent_instead(settings: object) -> str | None:
    """
    Return the doubt about asyncpg's `server_settings`.

    They go into the first message behind its own `user` and `database`, and of two the server
    takes the last.
    """
    if settings is None:
        return None
    if not isinstance(settings, Mapping):
        return "the settings for the server cannot be read"
    for key, value in settings.items():
        if str(key).lower() in _SENT and str(key) != "options":
            return f"`server_settings` chooses the {key} once more"
        if key == "options" and (doubt := chosen_by(value)):
            return doubt
    return None


def _hosts(
    url: URL, connect_args: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[list[str], list[int], str | None]:
    """Return each host and address that is named, the ports that stand with them, and a doubt."""
    doubt: str | None = None
    host = chosen("host", connect_args, url.query)
    if host is None:
        host = url.host or environ.get("PGHOST") or ""
    hosts: list[str] = []
    ports: list[int] = []
    for text in texts(host):
        # SQLAlchemy takes host:port here, where the text is no IPv6 address.
        name, colon, port = text.partition(":")
        if not colon or ":" in port or text.startswith("/"):
            hosts.append(text)
        elif not port:
            hosts.append(name)
        elif (number := port_of(port)) is not None:
            hosts.append(name)
            ports.append(number)
        else:
            hosts.append(text)
            doubt = "the port is no number"
    # An empty text is a host too: the socket on this machine, or PGHOST where it is asked.
    if "" in hosts and url.host is None and environ.get("PGHOST"):
        hosts += texts(environ["PGHOST"])
    # libpq connects to the address and only compares the name, so both have to be innocent.
    for source in connect_args, url.query, {"hostaddr": environ.get("PGHOSTADDR", "")}:
        if source.get("hostaddr"):
            hosts += texts(source["hostaddr"])
            break
    return hosts, ports, doubt


def _servers(
    url: URL, connect_args: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[tuple[Server, ...], str | None]:
    """Return each server that could be tried, and a doubt."""
    hosts, beside, doubt = _hosts(url, connect_args, environ)
    doubt = doubt or strange_host(hosts)
    given = chosen("port", connect_args, url.query)
    if given is None and len(beside) == len(hosts):
        return servers_of(hosts, beside), doubt
    text = url.port or environ.get("PGPORT") or _PORT if given is None else given
    ports = [port_of(one or _PORT) for one in texts(text)]
    known = [one for one in ports if one is not None]
    if len(known) < len(ports):
        doubt = "the port is no number"
    if given is not None and len(known) == len(hosts):
        return servers_of(hosts, known), doubt
    # Of several hosts in the query those without a port get the default, whatever the URL says.
    rest = [_PORT] if given is None and len(hosts) > 1 else []
    return tuple(
        one for port in dict.fromkeys([*known, *beside, *rest]) for one in servers_of(hosts, [port])
    ), doubt
