"""Taskfile (go-task): dependencies run side by side, commands one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string
from interlock_checks.documents.sheet import TEMPLATE, Sheet, is_true, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "task"

MOST_ROUNDS = 24
"""Values of a loop that are put into a command one by one."""
_VARIABLE = re.compile(r"\{\{-?\s*\.(\w+)\s*-?\}\}")


def read(text: str, path: str) -> Layout:
    """What the tasks of a file run."""
    documents, problems = read_yaml(text)
    sheet = Sheet(TEMPLATE, problems)
    for document in documents:
        if not isinstance(document, Map):
            continue
        how = Script(
            "shell",
            environment=settings(document.get("env"), sheet),
            errexit=_option(document, "errexit"),
            pipefail=_option(document, "pipefail"),
        )
        constants = _constants(document.get("vars"), {})
        _computed(document.get("vars"), how, sheet)
        tasks = document.get("tasks")
        if isinstance(tasks, Map):
            for name, task in tasks.effective():
                sheet.jobs.append(_task(name, task, how, constants, sheet))
    return sheet.layout(SYSTEM)


def _option(node: Map, name: str) -> bool:
    return any(string(one) in (name, name[:1]) for one in items(node.get("set")))


def _constants(node: Node | None, known: dict[str, str]) -> dict[str, str]:
    found = dict(known)
    if isinstance(node, Map):
        for key, value in node.effective():
            if isinstance(value, Text) and "\n" not in value.value and "{{" not in value.value:
                found[key.value] = value.value
            else:
                found.pop(key.value, None)
    return found


def _computed(node: Node | None, how: Script, sheet: Sheet) -> None:
    """Variables that are the output of a command."""
    if isinstance(node, Map):
        for _, value in node.effective():
            sheet.shell(child(value, "sh"), how)


def _task(name: Text, task: Node, how: Script, known: dict[str, str], sheet: Sheet) -> Job:
    if not isinstance(task, Map):
        # A text or a list instead of a table is the commands alone.
        return Job(name.value, name.row, tuple(_commands(task, how, known, sheet)))
    constants = _constants(task.get("vars"), known)
    ignored = is_true(task.get("ignore_error"))
    how = replace(
        how,
        environment=how.environment + settings(task.get("env"), sheet),
        errexit=how.errexit or _option(task, "errexit"),
        pipefail=how.pipefail or _option(task, "pipefail"),
        discarded="`ignore_error: true`" if ignored else None,
    )
    _computed(task.get("vars"), how, sheet)
    for key in ("status", "preconditions"):
        for one in items(task.get(key)):
            sheet.shell(
                one if isinstance(one, Text) else child(one, "sh"), replace(how, discarded=None)
            )
    parts = [*_commands(task.get("cmds"), how, constants, sheet)]
    parts.extend(_commands(task.get("cmd"), how, constants, sheet))
    condition, condition_row = string(task.get("if")), task.row_of("if")
    if condition is None and items(task.get("status")):
        # A task that is up to date is not run, and those that call it go on.
        condition, condition_row = f"status of {name.value}", task.row_of("status")
    depends = [string(one) or string(child(one, "task")) for one in items(task.get("deps"))]
    return Job(
        name.value,
        name.row,
        tuple(parts),
        after=tuple(one for one in depends if one),
        condition=condition,
        condition_row=condition_row,
        passed_over=tuple(one for one in depends if one),
        order_row=task.row_of("deps"),
    )


def _commands(
    node: Node | None, how: Script, known: dict[str, str], sheet: Sheet
) -> Iterator[Part]:
    for one in node.items if isinstance(node, Seq) else [node]:
        ignored = is_true(child(one, "ignore_error"))
        around = replace(how, discarded="`ignore_error: true`") if ignored else how
        body = one if isinstance(one, Text) else child(one, "cmd") or child(one, "defer")
        called = string(child(one, "task")) or string(child(body, "task"))
        scripts: list[int] = []
        if isinstance(body, Text):
            for values in _rounds(one, known):
                text = _filled(body.value, values)
                filled = Text(text, body.row, body.rows, body.folds if text == body.value else ())
                scripts.extend(sheet.shell(filled, around))
        elif not called:
            continue
        condition = string(child(one, "if"))
        yield Part(
            one.row if one is not None else 1,
            tuple(scripts),
            condition=condition,
            condition_row=one.row_of("if") if isinstance(one, Map) else 0,
            may_fail=ignored or around.discarded is not None,
            after_failure=child(one, "defer") is not None,
            calls=(f"task:{called}",) if called else (),
        )


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1], found.group()), text)


def _rounds(command: Node | None, known: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The variables of each round of a loop over a list that is written there."""
    each = child(command, "for")
    name = "ITEM"
    if isinstance(each, Map) and isinstance(inner := each.get("var"), Text):
        # A text that the loop itself splits at blanks, unless it is told otherwise.
        name = string(each.get("as")) or name
        words = known[inner.value].split() if inner.value in known else []
        split = string(each.get("split"))
        values = known[inner.value].split(split) if words and split else words
    else:
        values = [one.value for one in items(each) if isinstance(one, Text)]
        values = values if isinstance(each, Seq) and len(values) == len(each.items) else []
    if not 0 < len(values) <= MOST_ROUNDS:
        yield known
        return
    for value in values:
        yield {**known, name: _filled(value, known)}
