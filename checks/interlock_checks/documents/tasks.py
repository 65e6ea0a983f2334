"""Tasks of Ansible and what resembles them: their conditions, variables, loops and failures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from interlock_checks.commands.argv import HOLE
from interlock_checks.documents.conditions import joined
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string, texts, walk

__all__ = ["asks_for_status", "condition_of", "fails", "lists", "replaced", "rounds", "variables"]

_LOOPS = ("loop", "with_items")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_OR = re.compile(r"\bor\b")
_JOINED = re.compile(r"\band\b")
_NOT_ZERO = re.compile(
    r"(?:\brc\s*(?:!=\s*0|>\s*0|>=\s*1)|\bis\s+failed)\s*\)?\s*\Z|\brc\s+not\s+in\s*\[\s*0\s*\]"
)
MOST_ROUNDS = 24
"""Values of a loop that are put into a command one by one."""
MOST_REFERENCES = 5
"""Variables inside variables that are filled in."""
LONGEST = 4_000
"""Characters that a variable may grow to."""


def variables(document: Node) -> dict[str, str]:
    """The constant variables of plays and tasks, where each name has one value in the file."""
    found: dict[str, set[str]] = {}
    for node in walk(document):
        variables = child(node, "vars")
        if isinstance(variables, Map):
            for name, value in variables.effective():
                found.setdefault(name.value, set()).add(
                    value.value if isinstance(value, Text) and "\n" not in value.value else HOLE
                )
    known = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    for _ in range(MOST_REFERENCES):
        filled = {name: _filled(value, known) for name, value in known.items()}
        if filled == known or any(len(value) > LONGEST for value in filled.values()):
            break
        known = filled
    return known


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1], found.group()), text)


def condition_of(node: Map) -> tuple[str | None, int]:
    """On what a table's command runs, and where that is said."""
    asked = [f"({one.value})" for one in texts(node.get("when"))]
    if "never" in (one.value for one in texts(node.get("tags"))):
        # It runs only if somebody asks for one of its tags.
        return joined([*asked, "tags"]), node.row_of("tags")
    return joined(asked), node.row_of("when")


def asks_for_status(node: Node | None) -> bool:
    """Whether a task that fails `when` this holds fails at least when its command did."""
    return isinstance(node, Text) and any(
        _NOT_ZERO.search(term) and not _JOINED.search(term) for term in _OR.split(node.value)
    )


def fails(rescue: Node) -> bool:
    """Whether the tasks that follow a failure end with one, or end the play."""
    return any(
        key.value.rpartition(".")[2] in ("fail", "meta")
        for task in items(rescue)
        if isinstance(task, Map) and "when" not in task.table
        for key, _ in task.pairs
    )


def replaced(node: Node, known: Mapping[str, str]) -> Node:
    """A node with the values of variables in the place of their names."""
    if isinstance(node, Text):
        text = _filled(node.value, known)
        return node if text == node.value else replace(node, value=text, folds=())
    if isinstance(node, Seq):
        return replace(node, items=[replaced(one, known) for one in node.items])
    same = Map(node.row)
    for key, value in node.effective():
        same.add(key, replaced(value, known) if isinstance(value, Text | Seq) else value)
    return same


def lists(document: Node) -> dict[str, Node]:
    """The variables of plays and tasks that are lists, where each name has one value."""
    found: dict[str, list[Node]] = {}
    for node in walk(document):
        variables = child(node, "vars")
        if isinstance(variables, Map):
            for name, value in variables.effective():
                found.setdefault(name.value, []).append(value)
    return {name: one for name, (one, *more) in found.items() if isinstance(one, Seq) and not more}


def rounds(
    node: Map, known: Mapping[str, str], listed: Mapping[str, Node]
) -> Iterator[Mapping[str, str]]:
    """The variables of each round of a loop over constants that are written in the file."""
    each = next((node.get(one) for one in _LOOPS if one in node.table), None)
    meant = _VARIABLE.fullmatch(string(each) or "")
    each = listed.get(meant[1], each) if meant is not None else each
    values = [one.value for one in items(each) if isinstance(one, Text)]
    if not isinstance(each, Seq) or len(values) != len(each.items) or not values:
        yield known
        return
    name = string(child(node, "loop_control", "loop_var")) or "item"
    for value in values[:MOST_ROUNDS]:
        yield {**known, name: _filled(value, known)}
