"""
Where a connection would really lead.

A URL says it only together with its query, the arguments beside it, the driver's defaults and the
environment. What is not known to be harmless here makes an address doubtful, and a doubtful
address is never taken for an unprotected one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["Address", "Server", "address_of"]

# What else stands where a host or a database should may be a password that was not encoded, or a
# whole connection string.
_HOST = re.compile(r"/[\w.*/: +-]*|@[\w.*/:-]*|[\w.*-]*|[0-9a-fA-F:.]+(%\w+)?")
_DATABASE = re.compile(r"[^=;:@?&{}]*")
_HIDDEN = "..."


@dataclass(frozen=True, slots=True)
class Server:
    """A host in its canonical spelling, or the path of a socket, and a port."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        bare = ":" not in self.host or self.host.startswith(("/", "@"))
        host = self.host if bare else f"[{self.host}]"
        if not _HOST.fullmatch(self.host):
            host = _HIDDEN
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Address:
    """
    Everything that decides which database a connection reaches; never a password.

    Attributes:
        backend: `postgresql`, `mysql` (MariaDB too), `sqlite`, or the dialect's own name.
        servers: Each server that the driver may choose; none where the database is a file.
        database: The name; of a file its real path, empty where SQLite keeps it in memory.
        user: Poolers of several tenants choose the database by it; None where unknown.
        doubt: Why the place is not certain, None where it is.
    """

    backend: str
    servers: tuple[Server, ...]
    database: str
    user: str | None = None
    doubt: str | None = None

    @property
    def in_memory(self) -> bool:
        """A SQLite database that is new, private and gone with its connection."""
        return self.backend == "sqlite" and not self.database and self.doubt is None

    def __str__(self) -> str:
        if self.backend == "sqlite":
            return f"sqlite:///{self.database or ':memory:'}"
        database = self.database if _DATABASE.fullmatch(self.database) else _HIDDEN
        return f"{self.backend}://{','.join(map(str, self.servers))}/{database}"


def address_of(
    url: str | URL,
    connect_args: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Address:
    """
    Say where a URL leads.

    Args:
        url: As SQLAlchemy takes it; it is parsed by SQLAlchemy's own parser, and nothing
            is connected to or imported for it.
        connect_args: As `create_engine` takes them; they win over the URL.
        environ: The variables that the driver would read.

    Raises:
        sqlalchemy.exc.ArgumentError: The URL cannot be parsed.
    """
    from sqlalchemy.engine import make_url

    from interlock.drivers import RULES, other

    parsed = make_url(url)
    backend, _, driver = parsed.drivername.lower().partition("+")
    backend = {"postgres": "postgresql", "mariadb": "mysql"}.get(backend, backend)
    rules = RULES.get(backend, other.address)
    return rules(backend, driver, parsed, dict(connect_args or {}), environ)
