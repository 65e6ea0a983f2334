"""
Jobs of GitLab that a file has in common with one that it includes.

GitLab merges them key by key, and the including file wins: GitLab 17, "Merge method for include".
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from interlock_checks.documents.model import Document, Ran, Stage, Unit

__all__ = ["as_merged"]

SYSTEM = "gitlab"
DEFAULT_STAGE = "test"


def as_merged(documents: Mapping[str, Document]) -> Mapping[str, Document]:
    """The documents, in which a job that another file gives a script of its own has none left."""
    found = dict(documents)
    for path, document in documents.items():
        if document.system != SYSTEM or not document.includes:
            continue
        for included in document.includes:
            other = found.get(included)
            if other is None or other.system != SYSTEM or included == path:
                continue
            own = {unit.name: unit for unit in found[path].units if unit.name}
            shared = {unit.name: unit for unit in other.units if unit.name in own and unit.stages}
            if not shared:
                continue
            # Without a script of its own a job runs that of the other file, which nobody else does.
            kept = {name for name in shared if not own[name].stages}
            found[included] = msgspec.structs.replace(
                other,
                units=tuple(
                    one
                    if one.name not in shared
                    else msgspec.structs.replace(one, name=f".{one.name}", stage="", staged=False)
                    if one.name in kept
                    else msgspec.structs.replace(one, stages=())
                    for one in other.units
                ),
            )
            found[path] = msgspec.structs.replace(
                found[path],
                units=tuple(
                    _placed(one, shared[one.name]) if one.name in shared else one
                    for one in found[path].units
                ),
            )
    return found


def _placed(unit: Unit, base: Unit) -> Unit:
    """A job where the one that it overrides stood, as far as it does not say that itself."""
    if not unit.stages:
        called = Ran(unit.row, calls=(f"{SYSTEM}:.{base.name}",))
        unit = msgspec.structs.replace(
            unit, stages=(Stage(unit.row, (called,), None, 0, False, False),)
        )
        if unit.condition is None:
            unit = msgspec.structs.replace(unit, condition=base.condition)
    if unit.stage == DEFAULT_STAGE and base.stage != DEFAULT_STAGE:
        unit = msgspec.structs.replace(unit, stage=base.stage)
    if unit.staged and not base.staged:
        unit = msgspec.structs.replace(
            unit, staged=False, after=base.after, loose=base.loose, passed_over=base.passed_over
        )
    return unit
