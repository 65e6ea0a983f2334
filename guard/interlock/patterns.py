"""
The URLs of a contract as patterns, in which `*` stands for any text.

A pattern is read twice. Whether it *may* mean an address is read widely, for protected databases:
a port or a database that it leaves out is any. Whether it *surely* means one is read narrowly, for
unprotected ones: what it leaves out is the default, and an asterisk covers names, but no number
and no socket, because these say nothing of whose they are.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from interlock.addresses import Address, Server, address_of
from interlock.hosts import Kind, kind_of_host

_ANY_PORT = re.compile(r"^([^/?#]*):\*(?=[/?]|$)")


class Port(Enum):
    """What a pattern says of the port."""

    NAMED = "named"
    DEFAULT = "left out"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    One URL of a contract, taken apart.

    Attributes:
        servers: Hosts that may hold an asterisk, and the port that is named or the default.
        port: Whether the URL names a port, leaves it out, or allows any.
        database: For SQLite an absolute path; empty where the URL names none.
        user: Only where the URL names one.
    """

    backend: str
    servers: tuple[Server, ...]
    port: Port
    database: str
    user: str | None

    def may_mean(self, address: Address, *, user: bool = False) -> bool:
        """Tell whether an address could be meant; `user` also demands the same user."""
        if not covers(self.backend, address.backend):
            return False
        if user and self.user is not None and not covers(self.user, address.user or ""):
            return False
        if address.backend == "sqlite":
            return self._may_mean_file(address)
        hosts = any(
            covers(own.host, one.host) and (self.port is not Port.NAMED or own.port == one.port)
            for own in self.servers
            for one in address.servers
        )
        database = not self.database or covers(folded(self.database), folded(address.database))
        return (hosts or not self.servers or not address.servers) and database

    def _may_mean_file(self, address: Address) -> bool:
        if address.in_memory or not self.database:
            return address.in_memory and not self.database
        if covers(folded(self.database), folded(address.database)):
            return True
        if "*" in self.database:
            return False
        try:
            return Path(self.database).samefile(address.database)
        except (OSError, ValueError):
            return False

    def surely_means(self, address: Address) -> bool:
        """Tell whether an address is meant beyond doubt."""
        if address.doubt or not covers(self.backend, address.backend):
            return False
        if self.user is not None and (address.user is None or self.user != address.user):
            return False
        if not covers(self.database, address.database):
            return False
        if address.backend == "sqlite":
            return bool(self.database) == bool(address.database)
        return bool(address.servers) and all(
            any(self._surely_serves(own, one) for own in self.servers) for one in address.servers
        )

    def _surely_serves(self, own: Server, one: Server) -> bool:
        if self.port is not Port.ANY and own.port != one.port:
            return False
        if "*" not in own.host:
            return own.host == one.host
        kind = kind_of_host(one.host)
        if kind is Kind.SOCKET and not own.host.startswith(("/", "@")):
            return False
        if kind is Kind.ADDRESS and not re.match(r"[0-9a-f]*[0-9:][0-9a-f]*[.:*]", own.host):
            return False
        return covers(own.host, one.host)


def read_pattern(text: str, root: Path) -> Pattern | None:
    """
    Take a URL of a contract apart.

    Args:
        text: It may name a driver, a user and a password; only the user is kept.
        root: What a relative path of SQLite is relative to.

    Returns:
        None where it is no URL that SQLAlchemy could read.
    """
    scheme, _, rest = text.partition("://")
    backend = scheme.partition("+")[0].lower()
    rest, any_port = _ANY_PORT.subn(r"\1", rest)
    from sqlalchemy.exc import ArgumentError

    known = "other" if "*" in backend else backend
    try:
        address = address_of(f"{known}://{rest}", environ={})
    except (ArgumentError, ValueError):
        return None
    place = rest.rpartition("@")[2]
    port = Port.ANY if any_port else Port.DEFAULT
    if re.search(r":\d+(?=[/?]|$)|[?&]port=", place):
        port = Port.NAMED
    database = address.database
    if address.backend == "sqlite":
        database = _path(rest.partition("?")[0].removeprefix("/"), root)
    # Without a database libpq takes the name of the user; a pattern leaves it open.
    elif address.user is not None and not re.search(r"/[^/?]", place):
        database = ""
    return Pattern(
        "*" if backend == "*" else address.backend if known == backend else backend,
        address.servers,
        port,
        database,
        address.user,
    )


def _path(text: str, root: Path) -> str:
    """Make a pattern absolute and resolve the folders before its first asterisk."""
    if not text or text == ":memory:":
        return ""
    if text.startswith("*"):
        return text
    text = os.path.join(root, text)  # noqa: PTH118 (a Path would lose a slash at the end)
    before, asterisk, after = text.partition("*")
    if not asterisk:
        return os.path.realpath(text)
    folder, slash, name = before.rpartition("/")
    return os.path.realpath(folder or "/").rstrip("/") + slash + name + asterisk + after


def covers(pattern: str, text: str) -> bool:
    """Match a text with a pattern, in time linear in both."""
    if "*" not in pattern:
        return pattern == text
    first, *middle, last = pattern.split("*")
    if len(text) < len(first) + len(last):
        return False
    if not (text.startswith(first) and text.endswith(last)):
        return False
    position, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def folded(text: str) -> str:
    """Return the spelling under which some server or file system would take two for one."""
    return unicodedata.normalize("NFKC", text).casefold()
