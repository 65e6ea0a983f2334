"""
The catalogue: what changes a schema, opens a database, starts a process or reflects. Data only.

Nothing here imports the libraries that it speaks of. A library is added in its family's module
(`migrations`, `engines`, `drivers`); the tables below follow from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from interlock_checks.catalogue.guards import GUARDS, Guard, guard
from interlock_checks.catalogue.libraries import LIBRARIES
from interlock_checks.catalogue.model import Library, Sink
from interlock_checks.catalogue.names import (
    BARE_NAMES,
    CHANGED_WHOLE,
    CLOSED,
    IDENTIFIERS,
    IMPORT_ROOTS,
    LEADING_ON,
    OS_NAMES,
    QUALIFIED,
    READERS,
    named,
)

__all__ = [
    "BARE_NAMES",
    "CHANGED_WHOLE",
    "CLOSED",
    "GUARDS",
    "IDENTIFIERS",
    "IMPORT_ROOTS",
    "LEADING_ON",
    "LIBRARIES",
    "METHODS",
    "OS_NAMES",
    "QUALIFIED",
    "READERS",
    "ROOTS",
    "Guard",
    "Library",
    "Sink",
    "assumed",
    "attribute",
    "bases",
    "canonical",
    "guard",
    "is_harmless",
    "is_holder",
    "named",
    "returned",
    "sink",
    "spellings",
]


def _merged(field: str) -> dict[str, str]:
    merged: dict[str, str] = {}
    for library in LIBRARIES:
        merged |= getattr(library, field)
    return merged


def _all_sinks() -> dict[str, Sink]:
    return {
        name: Sink(
            name,
            code,
            library.name,
            library.literal_sql.get(name),
            library.with_keyword.get(name, ()),
            library.unless_keyword.get(name, ()),
            library.with_address.get(name),
            name in library.only_called,
        )
        for library in LIBRARIES
        for code, names in library.sinks.items()
        for name in names
    }


_SINKS = _all_sinks()
_ALIASES = _merged("aliases")
_RETURNS = _merged("returns")
_ATTRIBUTES = _merged("attributes")
_BASES = _merged("bases")
_ASSUMED = _merged("assumed")
_OPEN = {
    prefix: (code, library.name)
    for library in LIBRARIES
    for prefix, code in library.deny_unknown.items()
}
_HARMLESS = frozenset(name for library in LIBRARIES for name in library.harmless)
_DISTINCTIVE = {
    name.rpartition(".")[2]: _SINKS[name] for library in LIBRARIES for name in library.distinctive
}

METHODS: Final[Mapping[str, str]] = _merged("methods")
"""Method -> code, for receivers of which nothing is known."""

ROOTS: Final[frozenset[str]] = frozenset(
    name.partition(".")[0] for name in (*_SINKS, *_ALIASES, *_RETURNS, *_ATTRIBUTES)
)
"""The first words of the import paths of all libraries."""


def _is_module(name: str) -> bool:
    # Classes of these libraries begin with a capital, apart from those that are sinks themselves;
    # of the roots, MySQLdb does too.
    return not any(word[:1].isupper() for word in name.split(".")[1:])


@cache
def canonical(name: str) -> str:
    """The catalogue's spelling of a dotted name; the name itself if it has no other."""
    if name.partition(".")[0] not in ROOTS:
        return name
    prefix = name
    while prefix:
        target = _ALIASES.get(prefix)
        if target is not None:
            # Aliases lead strictly on: a test holds that none of them leads back.
            return canonical(target + name[len(prefix) :])
        prefix = prefix.rpartition(".")[0]
    return name


@cache
def _holders() -> frozenset[str]:
    # A class whose methods are sinks is none, nor is a module for holding such a class: metadata
    # and column types are passed around and looked up by name everywhere.
    holders: set[str] = set()
    for name in (*_SINKS, *(name for name in _ALIASES if canonical(name) in _SINKS)):
        owner = name.rpartition(".")[0]
        while owner and owner not in holders:
            found = _SINKS.get(owner)
            if (found.only_called if found else not _is_module(owner)) or owner in _HARMLESS:
                break
            holders.add(owner)
            owner = owner.rpartition(".")[0]
    # Other names of these modules: sqlalchemy_utils.functions.
    for name in _ALIASES:
        if canonical(name) in holders and _is_module(name):
            holders.add(name.rpartition(".")[0])
    holders.update(prefix for prefix in _OPEN if _is_module(prefix))
    return frozenset(holders.union(*(library.holders for library in LIBRARIES)))


def _member(table: Mapping[str, str], name: str) -> str | None:
    """The entry of a name, or of the member of that name in a base."""
    found = table.get(name)
    owner, _, member = name.rpartition(".")
    while found is None and owner in _BASES:
        owner = _BASES[owner]
        found = table.get(f"{owner}.{member}")
    return found


def sink(name: str) -> Sink | None:
    """
    The sink that a dotted name means, by any of its spellings.

    A member that a class has from its base is found, and so is one that is not listed but may not
    be assumed harmless (a custom operation in `alembic.op`, a sink met below another library that
    happens to import it). None for a harmless member of a class that is itself a sink, and for a
    name that is none of these.
    """
    known = canonical(name)
    root, dot, _ = known.partition(".")
    if not dot or root not in ROOTS or known in _HARMLESS:
        return None
    found = _SINKS.get(known)
    owner, _, member = known.rpartition(".")
    base = owner
    while found is None and base in _BASES:
        base = _BASES[base]
        if f"{base}.{member}" in _HARMLESS:
            return None
        found = _SINKS.get(f"{base}.{member}")
    if found is None and not member.startswith("__"):
        if owner in _OPEN:
            code, library = _OPEN[owner]
            found = Sink(known, code, library)
        elif (whole := _opened(owner)) is not None:
            found = sink(whole)
        else:
            found = _DISTINCTIVE.get(member)
    return found


def spellings() -> dict[str, str]:
    """
    Every dotted name under which a program finds a listed sink -> code.

    For whoever has to be told them one by one, as other linters have.
    """
    found = {name: one.code for name, one in _SINKS.items()}
    for alias in _ALIASES:
        prefix = canonical(alias)
        for name, one in _SINKS.items():
            if name == prefix or name.startswith(f"{prefix}."):
                found[alias + name[len(prefix) :]] = one.code
    return found


def _opened(owner: str) -> str | None:
    """The member of an object, a sink itself, that leads here: `db.commands` of `.values`."""
    while owner.count(".") > 1:
        whole, owner = owner, owner.rpartition(".")[0]
        if owner in _OPEN and owner in _SINKS and _is_module(owner):
            return whole
    return None


def is_harmless(name: str) -> bool:
    """Whether the catalogue says of this name that it is innocent."""
    return canonical(name) in _HARMLESS


def is_holder(name: str) -> bool:
    """Whether the name means a module or class from which a sink can be taken."""
    return canonical(name) in _holders()


def returned(name: str) -> str | None:
    """The class of what a callable returns, or `type[X]` if that is the class X itself."""
    return _member(_RETURNS, canonical(name))


def attribute(name: str) -> str | None:
    """The class of the value of `class.attribute`."""
    return _member(_ATTRIBUTES, canonical(name))


def bases(name: str) -> tuple[str, ...]:
    """The classes of the catalogue above this one, the nearest first."""
    above: list[str] = []
    base = _BASES.get(canonical(name))
    while base is not None:
        above.append(base)
        base = _BASES.get(base)
    return tuple(above)


def assumed(name: str) -> str | None:
    """What the proof takes on trust where this is called, as the end of a sentence."""
    return _ASSUMED.get(canonical(name))
