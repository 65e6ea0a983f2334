"""How a shell text goes on: branches, loops, lists, pipelines, subshells and functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from interlock_checks.commands.argv import parts_of
from interlock_checks.commands.expand import fields
from interlock_checks.commands.frames import Context
from interlock_checks.commands.model import REST, Word
from interlock_checks.commands.pieces import Value
from interlock_checks.commands.written import content

if TYPE_CHECKING:
    from tree_sitter import Node

    from interlock_checks.commands.shell import Walk

BRANCHES = frozenset({"if_statement"})
LOOPS = frozenset({"while_statement", "for_statement", "c_style_for_statement"})
_CLIENTS = re.compile(
    rb"(?<![^\s/'\"])(?:psql|pgcli|mysql|mariadb|mycli|sqlite3|sqlplus|sqlcmd|usql)(?=[\s'\"]|\Z)"
)
"""Clients that run the SQL on their standard input, wherever in a stage they are named."""
_FIRST = re.compile(r"\"?\$(?:1|\{1(?::?-[^{}$]*)?\})\"?")
_PLAIN = re.compile(r"[\w.:-]+")
MOST_PATTERNS = 8
MOST_LOOKED_AT = 2_000
"""Bytes of a stage in which a client is looked for."""


def branch(walk: Walk, node: Node, context: Context) -> None:
    """All branches are taken."""
    walk.push(node.children, replace(context, weak=True, maybe=True))


def case(walk: Walk, node: Node, context: Context) -> None:
    """All items are taken; where the first argument is asked for, it is known in each."""
    inner = replace(context, weak=True, maybe=True)
    subject = node.child_by_field_name("value")
    first = subject is not None and _FIRST.fullmatch(walk.text_of(subject, context.frame))
    if not first or context.frame.positional != ((REST,),):
        # Of arguments of which something is known, more would be known after the last item.
        walk.push(node.children, inner)
        return
    items: list[tuple[Node, Context]] = []
    for one in node.children:
        patterns = _patterns(walk, one, context) if one.type == "case_item" else []
        if patterns:
            values: tuple[Value, ...] = tuple(((text,), REST) for text in patterns)
            frame = replace(context.frame, positional=values)
            items.append((one, replace(inner, frame=frame)))
        elif one.is_named:
            items.append((one, inner))
    walk.stack.extend(reversed(items))


def _patterns(walk: Walk, item: Node, context: Context) -> list[str]:
    """The patterns of an item, where all are plain words and few; else none."""
    found: list[str] = []
    for one in item.children:
        if one.type == ")":
            break
        if one.type in ("|", "("):
            continue
        text = walk.text_of(one, context.frame).strip("\"'")
        if not _PLAIN.fullmatch(text) or len(found) >= MOST_PATTERNS:
            return []
        found.append(text)
    return found


def loop(walk: Walk, node: Node, context: Context) -> None:
    """`for` gives its variable each of the words; `while` none."""
    variable = node.child_by_field_name("variable")
    if variable is not None:
        nodes = node.children_by_field_name("value")
        values: list[Value] = []
        scope = walk.scope(context)
        if nodes:
            for one in nodes:
                for reading in fields([one], scope):
                    values.extend((parts_of(item),) for item in reading)
        elif b"in" not in [one.type.encode() for one in node.children]:
            values = [(parts_of(item),) for value in scope.positional for item in value]
        walk.put(walk.text_of(variable, context.frame), values, context, context.weak)
    skipped = {one.id for one in node.children_by_field_name("value")}
    inner = replace(context, weak=True, maybe=True, loops=context.loops + 1)
    rest = [one for one in node.children if one.id not in skipped]
    # The second time round, what the first has assigned is known.
    for _ in range(1 if context.loops else 2):
        walk.push(rest, inner)


def subshell(walk: Walk, node: Node, context: Context) -> None:
    """What it sets, and its options, end with it."""
    frame = replace(context.frame, shell=replace(context.frame.shell))
    walk.push(node.children, replace(context, frame=frame, weak=True, maybe=False))


def function(walk: Walk, node: Node, context: Context) -> None:
    """From here on the name means the function for sure."""
    name = node.child_by_field_name("name")
    if name is not None and not context.weak:
        key = walk.text_of(name, context.frame)
        bodies, _ = walk.functions.get(key, ([], False))
        walk.functions[key] = (bodies, True)


def chain(walk: Walk, node: Node, context: Context) -> None:
    """`a && b`, `a || b`; long chains lean to the left."""
    parts: list[tuple[Node, Context]] = []
    at: Node = node
    while at.type == "list" and at.child_count >= 3:
        left, right = at.children[0], at.children[-1]
        parts.append((right, replace(context, weak=True, maybe=True)))
        at = left
    parts.append((at, context))
    walk.stack.extend(parts)


def pipeline(walk: Walk, node: Node, context: Context) -> None:
    in_pipe(walk, [one for one in node.children if one.is_named], context, context.stdin)


def in_pipe(
    walk: Walk, stages: Sequence[Node], context: Context, stdin: tuple[Word, int] | None
) -> None:
    """Walks the stages of a pipeline, each with what the one before it prints."""
    items: list[tuple[Node, Context]] = []
    clients = [index for index, one in enumerate(stages) if _is_client(walk, one, context)]
    for index, stage in enumerate(stages):
        applied = context.applied or bool(clients and index < clients[-1])
        inner = replace(context, weak=True, stdin=stdin, applied=applied)
        if index + 1 < len(stages):
            stdin = content(walk, stage, context, stdin), walk.row_of(stage, context.frame)
        items.append((stage, inner))
    walk.stack.extend(reversed(items))


def _is_client(walk: Walk, stage: Node, context: Context) -> bool:
    """Whether a stage of a pipeline is a client that runs the SQL it reads."""
    end = min(stage.end_byte, stage.start_byte + MOST_LOOKED_AT)
    return bool(_CLIENTS.search(context.frame.source, stage.start_byte, end))
