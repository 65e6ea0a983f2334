"""
Pipelines and tasks of Concourse: the steps of a plan in their order, jobs by what has `passed`.

Facts are from the documentation of Concourse 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, child, items, string, texts
from interlock_checks.documents.sheet import TEMPLATE, Sheet, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

DEEPEST = 20
"""Steps inside steps."""
_LATE = ("on_failure", "on_error", "on_abort", "ensure")


def read(text: str, path: str) -> Layout:
    """What the jobs of a pipeline run, or the one task of a file."""
    documents, problems = read_yaml(text)
    sheet = Sheet(TEMPLATE, problems)
    for document in documents:
        for job in items(child(document, "jobs")):
            if isinstance(job, Map):
                _job(job, sheet)
        if isinstance(document, Map) and "run" in document.table:
            row = document.row_of("run")
            sheet.job("task", row, _task(document, None, None, sheet))
    return sheet.layout("concourse")


@dataclass(frozen=True, slots=True)
class _Around:
    """What the steps around a step do to it."""

    discarded: str | None = None
    condition: str | None = None
    late: bool = False


def _job(job: Map, sheet: Sheet) -> None:
    after: list[str] = []
    parts = list(_hooked(job, items(job.get("plan")), _Around(), after, sheet, 0))
    sheet.jobs.append(
        Job(string(job.get("name")) or f"at {job.row}", job.row, tuple(parts), after=tuple(after))
    )


def _hooked(
    node: Map, steps: list[Node], around: _Around, after: list[str], sheet: Sheet, depth: int
) -> Iterator[Part]:
    """Steps, and then what is hooked to the step or job that holds them."""
    for one in steps:
        if isinstance(one, Map) and depth < DEEPEST:
            yield from _step(one, around, after, sheet, depth + 1)
    for name in ("on_success", *_LATE):
        hook = node.get(name)
        if isinstance(hook, Map) and depth < DEEPEST:
            late = around.late or name in _LATE
            yield from _step(hook, replace(around, late=late), after, sheet, depth + 1)


def _step(step: Map, around: _Around, after: list[str], sheet: Sheet, depth: int) -> Iterator[Part]:
    if "get" in step.table:
        after.extend(one.value for one in texts(step.get("passed")))
    inner: list[Node] = []
    within = around
    if "try" in step.table:
        inner, within = items(step.get("try")), replace(around, discarded="`try`")
    elif "do" in step.table:
        inner = items(step.get("do"))
    elif "in_parallel" in step.table:
        side = step.get("in_parallel")
        inner = items(child(side, "steps") if isinstance(side, Map) else side)
        if len(inner) > 1:
            within = replace(around, condition=f"side by side with {len(inner) - 1} more")
    elif "task" in step.table:
        config = child(step, "config")
        scripts = _task(config, step.get("params"), around.discarded, sheet)
        # The first folder is that of the resource, in which the repository lies.
        file = (string(step.get("file")) or "").partition("/")[2]
        yield Part(
            step.row,
            tuple(scripts),
            condition=around.condition,
            after_failure=around.late,
            may_fail=around.discarded is not None,
            calls=(file,) if file else (),
            discarded=around.discarded,
        )
    yield from _hooked(step, inner, within, after, sheet, depth)


def _task(
    config: Node | None, parameters: Node | None, discarded: str | None, sheet: Sheet
) -> list[int]:
    how = Script(
        "words",
        environment=settings(child(config, "params"), sheet) + settings(parameters, sheet),
        discarded=discarded,
    )
    return sheet.argv([child(config, "run", "path"), child(config, "run", "args")], how)
