"""
Targets that make takes for done, because a file of their name is there.

GNU make 4.4, "Phony Targets" and "Rules without Recipes or Prerequisites": a target is left out
when its file exists and all that it depends on is older; what depends on a target without a file
is always made anew.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from interlock_checks.documents.model import FILE, MADE, Document, Unit

__all__ = ["as_made"]

LONGEST_CHAIN = 60
"""Targets behind targets that are followed; what hangs on a longer chain is made anew."""


def as_made(documents: Mapping[str, Document], files: Iterable[str]) -> Mapping[str, Document]:
    """The documents, with the condition of a target only where its file is there or is made."""
    if not any(one.system == "make" for one in documents.values()):
        return documents
    there = {folder for path in files for folder in _folders(path)}
    return {
        path: _resolved(path, one, there) if one.system == "make" else one
        for path, one in documents.items()
    }


def _folders(path: str) -> Iterator[str]:
    """A file and the folders around it."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _resolved(path: str, document: Document, there: Container[str]) -> Document:
    units = {unit.name: unit for unit in document.units}
    folder = path.rpartition("/")[0]
    known: dict[str, bool] = {}

    def done(unit: Unit, depth: int) -> bool:
        condition = unit.condition or ""
        if depth > LONGEST_CHAIN or not condition.startswith((FILE, MADE)):
            return False
        if unit.name not in known:
            known[unit.name] = False
            beside = posixpath.normpath(posixpath.join(folder, unit.name))
            known[unit.name] = (condition.startswith(MADE) or beside in there) and all(
                done(units[one], depth + 1) for one in unit.after if one in units
            )
        return known[unit.name]

    return msgspec.structs.replace(
        document,
        units=tuple(
            unit if done(unit, 0) else msgspec.structs.replace(unit, condition=None)
            for unit in document.units
        ),
    )
