"""
HCL (Terraform, OpenTofu, Packer) as nodes with rows: blocks and objects become tables.

A lenient reader: what it does not understand is skipped, and an expression that is no constant
becomes a hole. A resource has its type and name for a tag; other labels mean nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from interlock_checks.commands.argv import HOLE
from interlock_checks.documents.nodes import Map, Node, Seq, Text, texts, walk
from interlock_checks.facts.model import Problem

__all__ = ["read_hcl"]

MAX_DEPTH = 60
_SKIP = re.compile(r"(?:[ \t\r,]|#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)*+")
_NAME = re.compile(r"[A-Za-z_][\w.-]*+")
_HEREDOC = re.compile(r"<<-?[ \t]*\"?([A-Za-z_]\w*)\"?[ \t]*\n")
_PLAIN = re.compile(r"[^\"\\$%\n]++")
_INSIDE = re.compile(r"[^\"{}\n]++")
_REST = re.compile(r"[^\s,()\[\]{}\"<]++|<")
_TEMPLATE = re.compile(r"[$%]\{[^{}]*\}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ENCODERS = frozenset({"jsonencode", "yamlencode", "tolist", "toset"})
"""Functions that hand on what they are given, as far as the words in it matter."""


class _TooDeep(Exception):
    """Blocks within blocks that no file needs."""


def read_hcl(text: str) -> tuple[list[Node], list[Problem]]:
    """The document of a text as a list of one, and why it cannot be read."""
    reader = _Reader(text)
    try:
        return [_with_locals(reader.body(Map(1), 0))], []
    except _TooDeep:
        return [], [Problem("it is nested too deeply", reader.row())]


def _with_locals(root: Map) -> Map:
    """The file with the values of its own `locals` where an attribute is nothing but one."""
    known = {
        f"local.{key.value}": value
        for name, block in root.pairs
        if name.value == "locals" and isinstance(block, Map)
        for key, value in block.effective()
    }
    if not known:
        return root
    used: set[str] = set()
    for node in walk(root):
        if isinstance(node, Map):
            node.pairs = [(key, _meant(value, known, used)) for key, value in node.pairs]
            node.table = {name: (k, _meant(v, known, used)) for name, (k, v) in node.table.items()}
        elif isinstance(node, Seq):
            node.items = [_meant(one, known, used) for one in node.items]
    for name, block in root.pairs:
        if name.value == "locals" and isinstance(block, Map):
            block.pairs = [pair for pair in block.pairs if f"local.{pair[0].value}" not in used]
            block.table = {
                name: pair for name, pair in block.table.items() if f"local.{name}" not in used
            }
    return root


def _meant(value: Node, known: Mapping[str, Node], used: set[str]) -> Node:
    """A list of words stands where it is used, with holes for what is no constant."""
    if not isinstance(value, Text) or not value.plain or value.value not in known:
        return value
    found = known[value.value]
    if isinstance(found, Text):
        if found.plain:
            return value
        return replace(found, row=value.row, rows=(value.row,) * len(found.rows))
    if not isinstance(found, Seq) or not all(isinstance(one, Text) for one in found.items):
        return value
    used.add(value.value)
    made = Seq(value.row)
    for one in texts(found):
        inner = known.get(one.value) if one.plain else one
        text = inner.value if isinstance(inner, Text) and not inner.plain else HOLE
        made.items.append(Text(text, value.row, (value.row,)))
    return made


class _Reader:
    """A position that only grows."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._row = 1
        self._counted = 0

    def row(self) -> int:
        """The row of the current position."""
        self._row += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._row

    def next(self, *, lines: bool = True) -> str:
        """Go to the next character that means something, over line breaks or not."""
        while True:
            found = _SKIP.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if lines and self.text.startswith("\n", self.at):
                self.at += 1
                continue
            return self.text[self.at : self.at + 1]

    def body(self, table: Map, depth: int) -> Map:
        """Attributes and blocks, up to the brace that closes them."""
        if depth > MAX_DEPTH:
            raise _TooDeep
        while mark := self.next():
            if mark == "}":
                self.at += 1
                break
            row = self.row()
            if mark == '"':
                key = self.quoted()
            elif found := _NAME.match(self.text, self.at):
                self.at = found.end()
                key = Text(found[0], row, (row,))
            else:
                self.at += 1
                continue
            self.member(table, key, depth)
        return table

    def member(self, table: Map, key: Text, depth: int) -> None:
        """What stands behind a name: a value, or labels and a block."""
        labels: list[str] = []
        while mark := self.next(lines=False):
            if mark in "=:":
                self.at += 1
                if self.text.startswith(">", self.at):
                    self.at += 1
                table.add(key, self.value(depth + 1))
                return
            if mark == "{":
                row = self.row()
                self.at += 1
                tag = ".".join(labels) if key.value == "resource" else ""
                table.add(key, self.body(Map(row, tag=tag), depth + 1))
                return
            if mark == '"':
                labels.append(self.quoted().value)
            elif found := _NAME.match(self.text, self.at):
                self.at = found.end()
            else:
                return

    def value(self, depth: int) -> Node:
        """A constant, a list, an object; of anything else a hole."""
        if depth > MAX_DEPTH:
            raise _TooDeep
        mark = self.next()
        row = self.row()
        found: Node
        if mark == '"':
            found = self.quoted()
        elif heredoc := _HEREDOC.match(self.text, self.at):
            found = self.heredoc(heredoc)
        elif mark == "[":
            self.at += 1
            found = self.sequence(Seq(row), depth)
        elif mark == "{":
            self.at += 1
            found = self.body(Map(row), depth)
        elif (name := _NAME.match(self.text, self.at)) is not None:
            self.at = name.end()
            encoder = name[0] in _ENCODERS and self.next(lines=False) == "("
            if encoder:
                self.at += 1
                found = self.value(depth + 1)
                if self.next() == ")":
                    self.at += 1
            else:
                found = Text(name[0], row, (row,), plain=True)
        else:
            found = Text("", row, (row,), plain=True)
        return found if not self.rest() else Text(HOLE, row, (row,))

    def sequence(self, found: Seq, depth: int) -> Seq:
        """The entries of a list."""
        while mark := self.next():
            if mark == "]":
                self.at += 1
                break
            before = self.at
            found.items.append(self.value(depth + 1))
            if self.at == before:
                self.at += 1
        return found

    def rest(self) -> bool:
        """Whether more of an expression follows on the line; it is passed over."""
        depth = 0
        some = False
        while True:
            start = self.at
            found = _SKIP.match(self.text, self.at)
            self.at = found.end() if found else self.at
            mark = self.text[self.at : self.at + 1]
            if not mark or (depth == 0 and ("," in self.text[start : self.at] or mark in ")]}\n")):
                self.at = start if not some and mark else self.at
                return some
            some = True
            if mark == '"':
                self.quoted()
            elif mark in "([{":
                depth += 1
                self.at += 1
            elif mark in ")]}":
                depth -= 1
                self.at += 1
            else:
                word = _REST.match(self.text, self.at)
                self.at = word.end() if word else self.at + 1

    def quoted(self) -> Text:
        """A string; what is put into it becomes a hole."""
        row = self.row()
        parts: list[str] = []
        self.at += 1
        text = self.text
        while self.at < len(text):
            mark = text[self.at]
            if mark in '"\n':
                self.at += mark == '"'
                break
            if mark == "\\":
                following = text[self.at + 1 : self.at + 2]
                parts.append(_ESCAPES.get(following, following))
                self.at += 2
            elif text.startswith(("${", "%{"), self.at):
                if text.startswith(("$${", "%%{"), self.at - 1):
                    parts.append("{")
                    self.at += 2
                    continue
                self.at += 2
                self.template()
                parts.append(HOLE)
            elif plain := _PLAIN.match(text, self.at):
                parts.append(plain[0])
                self.at = plain.end()
            else:
                parts.append(mark)
                self.at += 1
        value = "".join(parts)
        return Text(value, row, (row,) * (value.count("\n") + 1))

    def template(self) -> None:
        """Pass over an expression inside of a string, to behind its brace."""
        depth = 1
        quoted = False
        while self.at < len(self.text) and depth:
            mark = self.text[self.at]
            if mark == "\n" and quoted:
                return
            if mark == '"':
                quoted = not quoted
            elif mark == "{" and not quoted:
                depth += 1
            elif mark == "}" and not quoted:
                depth -= 1
            plain = _INSIDE.match(self.text, self.at)
            self.at = plain.end() if plain else self.at + 1

    def heredoc(self, opened: re.Match[str]) -> Text:
        """The lines up to the word that ends them."""
        self.at = opened.end()
        row = self.row()
        lines: list[str] = []
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line = self.text[self.at : end]
            if line.strip() == opened[1]:
                self.at = end
                break
            lines.append(_TEMPLATE.sub(HOLE, line))
            self.at = end + 1
        self.at = min(self.at, len(self.text))
        rows = tuple(range(row, row + max(len(lines), 1)))
        return Text("\n".join(lines), row, rows)
