"""
SQLite: the file that would be opened, by its real path.

SQLite's rules for `file:` are those of https://www.sqlite.org/uri.html, read with SQLAlchemy's for
when they apply.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from interlock.addresses import Address
from interlock.drivers.options import unknown

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

MEMORY = ":memory:"

_ARGUMENTS = frozenset(
    """
    autocommit cached_statements check_same_thread detect_types isolation_level timeout uri
    """.split()
)
_PARAMETERS = frozenset({"cache", "immutable", "mode", "nolock", "psow"})
_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})  # sqlalchemy.util.asbool


def address(
    backend: str,
    driver: str,
    url: URL,
    connect_args: dict[str, Any],
    environ: Mapping[str, str],
) -> Address:
    """Say which file SQLite would open. `environ` has no say in it."""
    del environ
    doubt = None if driver in {"", "pysqlite", "aiosqlite"} else f"a driver called {driver!r}"
    doubt = doubt or unknown(connect_args, _ARGUMENTS)
    if url.host or url.port or url.username:
        doubt = doubt or "SQLite has no host"
    database = url.database or ""
    asked = str(url.query.get("uri", "")).strip().lower() in _TRUE
    if asked and database.startswith("file:"):
        rest = {key: value for key, value in url.query.items() if key not in _ARGUMENTS}
        found, wrong = _uri(database, rest)
        return of_file(found, doubt or wrong)
    if asked and url.query.keys() - _ARGUMENTS:
        doubt = doubt or "a query that would become a part of the file's name"
    doubt = doubt or unknown(url.query, _ARGUMENTS)
    return of_file("" if database == MEMORY else database, doubt)


def of_file(path: str, doubt: str | None = None) -> Address:
    """Return the address of a file; an empty path is a database in memory."""
    if not path:
        return Address("sqlite", (), "", None, doubt)
    if "\0" in path:
        return Address("sqlite", (), path.partition("\0")[0], None, "the path holds a zero byte")
    real = os.path.realpath(path)
    return Address("sqlite", (), real, None, doubt or _other_names(real))


def _uri(text: str, query: Mapping[str, Any]) -> tuple[str, str | None]:
    """Read `file:...`, with what SQLAlchemy appends to it; return the path and a doubt."""
    text, _, own = text.removeprefix("file:").partition("#")[0].partition("?")
    doubt = None
    if text.startswith("//"):
        authority, slash, path = text[2:].partition("/")
        if unquote(authority) not in {"", "localhost"}:
            doubt = "a file on another machine"
        text = slash + path
    parameters: dict[str, str] = {}
    for pair in [*own.split("&"), *(f"{key}={value}" for key, value in query.items())]:
        key, _, value = pair.partition("=")
        key = unquote(key)
        if not key:
            continue
        if key not in _PARAMETERS or key in parameters or "&" in value or "#" in value:
            doubt = f"the parameter {key!r} may open another file"
        parameters[key] = unquote(value)
    path = unquote(text)
    if parameters.get("mode") == "memory" or path == MEMORY:
        path = ""
    return path, doubt


def _other_names(path: str) -> str | None:
    """Return the doubt about a file that is also known by a name which nobody can tell."""
    try:
        links = Path(path).stat().st_nlink
    except (OSError, ValueError):
        return None
    return "the file has more than one name (hard links)" if links > 1 else None
