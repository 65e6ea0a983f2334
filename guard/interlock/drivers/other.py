"""Databases whose drivers are not described here: only a plain URL is taken at its word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from interlock.addresses import Address, Server
from interlock.drivers.options import strange_host, unknown
from interlock.hosts import canonical_host

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_HARMLESS = frozenset(
    """
    charset driver encoding encrypt Encrypt TrustServerCertificate trustservercertificate
    autocommit timeout login_timeout
    """.split()
)

_LIBPQ = ("PGHOSTADDR", "PGSERVICE", "PGOPTIONS")


def address(
    backend: str,
    driver: str,
    url: URL,
    connect_args: dict[str, Any],
    environ: Mapping[str, str],
) -> Address:
    """Say where a URL of any other dialect leads, if it is plain enough to tell."""
    del driver
    given = {**url.query, **connect_args}
    doubt = unknown(given, _HARMLESS)
    if any(sign in str(value) for value in (*given.values(), url.database) for sign in ";{="):
        doubt = "an option that holds further options"
    # Dialects of databases that speak PostgreSQL's protocol connect by libpq.
    if named := [name for name in _LIBPQ if environ.get(name)]:
        doubt = doubt or f"the variable {named[0]} may lead the driver elsewhere"
    hosts = [] if url.host is None else [url.host]
    # Without a database an ODBC driver takes the host for the name of a data source, and
    # Oracle's for that of an alias.
    if not hosts or not url.database or not hosts[0].replace(".", "").replace("-", "").isalnum():
        doubt = doubt or "the URL names no host or no database"
    servers = tuple(Server(canonical_host(host), url.port) for host in hosts)
    return Address(backend, servers, url.database or "", url.username, doubt or strange_host(hosts))
