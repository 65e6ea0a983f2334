"""
Targets whose prerequisites do not wait for each other, because of how make is called.

GNU make 4.4, "Parallel Execution" and "Errors in Recipes": with `-j` the prerequisites of a target
are made at the same time, unless `.NOTPARALLEL` is there; with `-k` make goes on with the others
after one has failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from interlock_checks.commands.steps import GOING_ON, TOGETHER
from interlock_checks.documents.model import SERIAL, Document
from interlock_checks.link.callees import Callees, Key

__all__ = ["as_started"]


def as_started(documents: Mapping[str, Document]) -> Mapping[str, Document]:
    """The documents, with the targets marked that some call of make has started so."""
    loose: set[Key] = set()
    calls = list(_calls(documents))
    callees = Callees(documents) if calls else None
    for key, call in calls:
        if callees is not None:
            name = call.removeprefix(TOGETHER).removeprefix(GOING_ON)
            for target in _meant(callees, key, name):
                if not (call.startswith(TOGETHER) and _is_serial(documents[target[0]])):
                    _mark(target, documents, callees, loose)
    if not loose:
        return documents
    return {
        path: msgspec.structs.replace(
            document,
            units=tuple(
                msgspec.structs.replace(unit, abreast=True) if (path, number) in loose else unit
                for number, unit in enumerate(document.units)
            ),
        )
        for path, document in documents.items()
    }


def _calls(documents: Mapping[str, Document]) -> Iterator[tuple[Key, str]]:
    for path, document in documents.items():
        for number, unit in enumerate(document.units):
            for stage in unit.stages:
                for ran in stage.ran:
                    for call in ran.calls:
                        if call.startswith((TOGETHER, GOING_ON)):
                            yield (path, number), call


def _meant(callees: Callees, key: Key, name: str) -> list[Key]:
    """The target of a call; the first one of the file, where it names none."""
    if not name.endswith(":"):
        return callees.called(key, name)
    folder = key[0].rpartition("/")[0]
    for path, document in callees.documents.items():
        if document.system == "make" and path.rpartition("/")[0] in ("", folder):
            first = next((n for n, unit in enumerate(document.units) if _is_goal(unit.name)), None)
            if first is not None:
                return [(path, first)]
    return []


def _is_goal(name: str) -> bool:
    return bool(name) and not name.startswith(".") and "%" not in name


def _is_serial(document: Document) -> bool:
    return any(unit.name == SERIAL for unit in document.units)


def _mark(
    target: Key, documents: Mapping[str, Document], callees: Callees, loose: set[Key]
) -> None:
    todo = [target]
    while todo:
        key = todo.pop()
        if key in loose:
            continue
        loose.add(key)
        for name in documents[key[0]].units[key[1]].after:
            todo.extend(callees.named(key, name))
