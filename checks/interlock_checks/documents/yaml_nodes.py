"""
YAML with the row of each line of each scalar.

The tree is built from PyYAML's events, with an own stack: no nesting exhausts Python's, aliases
are shared and never copied, merge keys have a budget. Tags are kept and mean nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from interlock_checks.documents.nodes import Map, Node, Seq, Text
from interlock_checks.documents.templates import MARK, filled
from interlock_checks.facts.model import Problem

__all__ = ["read_yaml"]

MAX_DEPTH = 200
MOST_MERGED = 50_000
"""Pairs that merge keys may bring into the tables of one file."""

# The C loader is left out of PyYAML where libyaml was missing when it was built.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.1 counts these as line breaks, YAML 1.2 and editors do not.
_BREAKS = str.maketrans({"\x85": " ", "\u2028": " ", "\u2029": " "})


def read_yaml(text: str) -> tuple[list[Node], list[Problem]]:
    """
    The documents of a YAML text, and why (the rest of) it cannot be read.

    A text that is no YAML but holds marks of a template is read without them.
    """
    text = text.translate(_BREAKS)
    builder, problem = _compose(text)
    if (problem is not None or builder.odd) and MARK.search(text):
        other, failure = _compose(filled(text))
        if failure is None:
            return other.documents, []
    return builder.documents, [] if problem is None else [problem]


def _compose(text: str) -> tuple[_Builder, Problem | None]:
    builder = _Builder(text.split("\n"))
    try:
        for event in yaml.parse(text.encode("utf-8", "replace"), Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = builder.row if mark is None else mark.line + 1
        reason = getattr(error, "problem", None) or "it holds characters that YAML does not allow"
        return builder, Problem(f"it is no valid YAML: {reason}", max(row, 1))
    except _TooMuch as error:
        return builder, Problem(str(error), builder.row)
    return builder, None


class _TooMuch(Exception):
    """The file asks for more work than its size allows."""


@dataclass
class _Builder:
    lines: list[str]
    documents: list[Node] = field(default_factory=list)
    stack: list[tuple[Seq | Map, Text | None]] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    merged: int = 0
    row: int = 1
    odd: bool = False
    """A key is no scalar: rare in YAML, and what `{{ ... }}` without quotes looks like."""

    def take(self, event: yaml.Event) -> None:
        """Add what an event of the parser says."""
        if event.start_mark is not None:
            self.row = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self.anchors = {}
            case yaml.AliasEvent():
                node = self.anchors.get(event.anchor or "")
                if node is None:
                    raise _TooMuch(f"it is no valid YAML: nothing is called `{event.anchor}`")
                self.put(node)
            case yaml.ScalarEvent():
                self.open(event.anchor, self.scalar(event))
            case yaml.SequenceStartEvent():
                self.nest(event.anchor, Seq(self.row, tag=_own(event.tag)))
            case yaml.MappingStartEvent():
                self.nest(event.anchor, Map(self.row, tag=_own(event.tag)))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                node, _ = self.stack.pop()
                if isinstance(node, Map):
                    self.merge(node)
            case _:
                pass

    def open(self, anchor: str | None, node: Node) -> None:
        """Put a node where it stands, under its anchor."""
        if anchor:
            self.anchors[anchor] = node
        self.put(node)

    def nest(self, anchor: str | None, node: Seq | Map) -> None:
        """Put a list or table where it stands, and go into it."""
        self.open(anchor, node)
        if len(self.stack) >= MAX_DEPTH:
            raise _TooMuch(f"it is nested more than {MAX_DEPTH} deep")
        self.stack.append((node, None))

    def put(self, node: Node) -> None:
        """Put a node into the innermost list or table."""
        if not self.stack:
            self.documents.append(node)
            return
        around, key = self.stack[-1]
        if isinstance(around, Seq):
            around.items.append(node)
        elif key is None:
            name = node if isinstance(node, Text) else Text("", self.row)
            self.odd = self.odd or name is not node
            self.stack[-1] = (around, name)
        else:
            around.add(key, node)
            self.stack[-1] = (around, None)

    def merge(self, node: Map) -> None:
        """Bring in what `<<` names; what stands in the table itself goes before it."""
        found = node.table.get("<<")
        if found is None or not found[0].plain:
            return
        value = found[1]
        for other in value.items if isinstance(value, Seq) else [value]:
            if not isinstance(other, Map) or other is node:
                continue
            self.merged += len(other.table)
            if self.merged > MOST_MERGED:
                raise _TooMuch(f"its merge keys repeat more than {MOST_MERGED} entries")
            for name, pair in other.table.items():
                node.table.setdefault(name, pair)

    def scalar(self, event: yaml.ScalarEvent) -> Text:
        """A scalar with its rows."""
        start, column, end = self.row - 1, 0, self.row - 1
        if event.start_mark is not None and event.end_mark is not None:
            start, end = event.start_mark.line, event.end_mark.line
            column = event.start_mark.column
        value = event.value
        plain = not event.style
        tag = _own(event.tag)
        count = value.count("\n") + 1
        if event.style == "|":
            return Text(value, start + 1, tuple(range(start + 2, start + 2 + count)), tag=tag)
        if start == end:
            return Text(value, start + 1, (start + 1,) * count, tag=tag, plain=plain)
        first = start + 1 if event.style == ">" else start
        rows, folds = _aligned(value, self._written(first, end, start, column), first + 1)
        return Text(value, start + 1, rows, folds, tag, plain)

    def _written(self, first: int, end: int, start: int, column: int) -> Iterator[str]:
        """The lines of a scalar as they are written, without its quotes."""
        for number in range(first, min(end + 1, len(self.lines))):
            line = self.lines[number]
            yield (line[column:] if number == start else line).strip().strip("\"'")


def _aligned(
    value: str, written: Iterator[str], first: int
) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Find the lines as they are written in a value that joins some of them."""
    starts: list[tuple[int, int]] = []
    at = 0
    for row, content in enumerate(written, first):
        if not content:
            continue
        while at < len(value) and value[at].isspace():
            at += 1
        starts.append((at, row))
        if value.startswith(content, at):
            at += len(content)
        else:
            # Escapes: the value is shorter than what is written. Take the words that agree.
            at = min(at + max(len(content) // 2, 1), len(value))
    rows: list[int] = []
    folds: list[tuple[int, int]] = []
    index = 0
    current = first
    offset = 0
    for line in value.split("\n"):
        begins = True
        while index < len(starts) and starts[index][0] <= offset + len(line):
            at, current = starts[index]
            if begins:
                rows.append(current)
                begins = False
            elif value[at - 1 : at] == " ":
                folds.append((at - 1, current))
            index += 1
        if begins:
            rows.append(current)
        offset += len(line) + 1
    return tuple(rows), tuple(folds)


def _own(tag: str | None) -> str:
    return tag if tag is not None and not tag.startswith("tag:yaml.org") else ""
