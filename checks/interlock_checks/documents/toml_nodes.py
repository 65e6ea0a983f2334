"""
TOML as nodes with rows, which `tomllib` does not give.

`tomllib` says whether a text is TOML at all; only then is it read again, with the rows.
"""

from __future__ import annotations

import re
import tomllib

from interlock_checks.documents.nodes import Map, Node, Seq, Text
from interlock_checks.facts.model import Problem

__all__ = ["read_toml"]

_SKIP = re.compile(r"(?:[ \t\r\n,]|#[^\n]*+)*+")
_STRING = re.compile(
    r'"""(?:[^\\"]|\\(?s:.)|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
)
_BARE = re.compile(r"[^\s,\]}#=.]++")
_SCALAR = re.compile(r"[^\s,\]}#]++(?: [0-9][^\s,\]}#]*+)?")
_ROW = re.compile(r"line (\d+)")


def read_toml(text: str) -> tuple[list[Node], list[Problem]]:
    """The document of a TOML text as a list of one, and why it cannot be read."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _ROW.search(str(error))
        row = int(at[1]) if at else text.rstrip("\n").count("\n") + 1
        return [], [Problem("it is no valid TOML", row)]
    except (RecursionError, ValueError):
        return [], [Problem("it is no TOML that can be read: nested too deeply, or too long", 1)]
    return [_Reader(text).document()], []


class _Reader:
    """Positions in a text that is valid TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.row = 1
        self.counted = 0

    def line(self) -> int:
        """The row of the current position; positions only grow."""
        self.row += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.row

    def skip(self) -> str:
        """Go to the next character that means something, and return it."""
        found = _SKIP.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def document(self) -> Map:
        """The whole text."""
        root = Map(1)
        table = root
        while mark := self.skip():
            if mark != "[":
                self.pair(table)
                continue
            many = self.text.startswith("[[", self.at)
            self.at += 1 + many
            table = _table(root, self.key(), many)
            self.at = self.text.index("]", self.at) + 1 + many
        return root

    def key(self) -> list[Text]:
        """A dotted key, up to its `=` or `]`."""
        parts: list[Text] = []
        while True:
            mark = self.skip()
            row = self.line()
            if mark in ('"', "'"):
                parts.append(Text(self.quoted()[0], row))
            else:
                found = _BARE.match(self.text, self.at)
                if found is None:
                    return parts
                self.at = found.end()
                parts.append(Text(found.group(), row))
            if self.skip() != ".":
                return parts
            self.at += 1

    def pair(self, table: Map) -> None:
        """A key with its value."""
        *path, last = self.key()
        self.at = self.text.index("=", self.at) + 1
        for name in path:
            table = _below(table, name)
        table.add(last, self.value())

    def value(self) -> Node:
        """A value of any kind; `tomllib` has bounded how deep it is nested."""
        mark = self.skip()
        row = self.line()
        if mark in ('"', "'"):
            value, rows = self.quoted()
            return Text(value, row, rows)
        if mark == "[":
            self.at += 1
            sequence = Seq(row)
            while self.skip() != "]":
                sequence.items.append(self.value())
            self.at += 1
            return sequence
        if mark == "{":
            self.at += 1
            table = Map(row)
            while self.skip() != "}":
                self.pair(table)
            self.at += 1
            return table
        found = _SCALAR.match(self.text, self.at)
        word = found.group() if found else mark
        self.at += max(len(word), 1)
        return Text(word, row, (row,), plain=True)

    def quoted(self) -> tuple[str, tuple[int, ...]]:
        """A string and the row of each of its lines."""
        row = self.line()
        found = _STRING.match(self.text, self.at)
        raw = found.group() if found else self.text[self.at]
        self.at += len(raw)
        value = str(tomllib.loads(f"value = {raw}")["value"])
        count = value.count("\n") + 1
        if not raw.startswith(('"""', "'''")):
            return value, (row,) * count
        if raw[3:4] == "\n":
            row += 1
        if "\\" in raw and raw[0] == '"':
            return value, _rows_of_escaped(raw[4 if raw[3:4] == "\n" else 3 :], row, count)
        return value, tuple(range(row, row + count))


def _rows_of_escaped(raw: str, row: int, count: int) -> tuple[int, ...]:
    """A backslash at the end of a line joins it with the next one that is not empty."""
    rows: list[int] = []
    joined = False
    for offset, line in enumerate(raw.split("\n")):
        if not joined:
            rows.append(row + offset)
        end = line.rstrip()
        joined = (len(end) - len(end.rstrip("\\"))) % 2 == 1 or (joined and not end)
    return tuple((rows + [rows[-1]] * count)[:count])


def _below(table: Map, name: Text) -> Map:
    """The table under a key, made if it is not there; of a list of tables the last."""
    found = table.get(name.value)
    if isinstance(found, Seq) and found.items and isinstance(found.items[-1], Map):
        return found.items[-1]
    if isinstance(found, Map):
        return found
    made = Map(name.row)
    table.add(name, made)
    return made


def _table(root: Map, path: list[Text], many: bool) -> Map:
    table = root
    for name in path[: -1 if many else None]:
        table = _below(table, name)
    if not many:
        return table
    last = path[-1]
    entries = table.get(last.value)
    if not isinstance(entries, Seq):
        entries = Seq(last.row)
        table.add(last, entries)
    made = Map(last.row)
    entries.items.append(made)
    return made
