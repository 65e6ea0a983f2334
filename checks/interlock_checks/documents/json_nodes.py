"""
JSON as nodes, as forgiving as the tools that read it: comments and trailing commas are let pass.

Keys may stand twice; the last one counts. Without recursion, so that no depth of nesting matters.
"""

from __future__ import annotations

import json
import re

from interlock_checks.documents.nodes import Map, Node, Seq, Text
from interlock_checks.documents.templates import MARK, filled
from interlock_checks.facts.model import Problem

__all__ = ["read_json"]

MAX_DEPTH = 500
_TOKEN = re.compile(
    r"""(?P<space>\s++|//[^\n]*+|/\*(?s:.*?)\*/)
    |(?P<string>"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")|(?P<mark>[][{}:,])|(?P<literal>[-+.\w]++)""",
    re.VERBOSE,
)
_BAD = "it is no valid JSON"


def read_json(text: str) -> tuple[list[Node], list[Problem]]:
    """
    The document of a JSON text as a list of one, and why (the rest of) it cannot be read.

    What is no JSON because of the marks of a template is run by nobody; what remains without
    them is read as far as it goes.
    """
    found, problems = _read(text)
    if problems and MARK.search(text):
        return _read(filled(text))[0] or found, []
    return found, problems


def _read(text: str) -> tuple[list[Node], list[Problem]]:
    root = Seq(1)
    stack: list[tuple[Seq | Map, Text | None]] = [(root, None)]
    row, at = 1, 0
    colon = True
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return root.items, [Problem(_BAD, row)]
        word, kind = token.group(), token.lastgroup
        at = token.end()
        here = row
        row += word.count("\n")
        if kind == "space" or word == ",":
            continue
        around, key = stack[-1]
        if word == ":" and isinstance(around, Map) and key is not None and not colon:
            colon = True
            continue
        if word in ("]", "}") and kind == "mark":
            if len(stack) == 1 or isinstance(around, Seq) != (word == "]") or key is not None:
                return root.items, [Problem(_BAD, here)]
            stack.pop()
            continue
        if word == ":" and kind == "mark":
            return root.items, [Problem(_BAD, here)]
        node = _node(word, kind, here)
        if isinstance(around, Seq):
            around.items.append(node)
        elif key is None:
            if kind != "string" or not isinstance(node, Text):
                return root.items, [Problem(_BAD, here)]
            stack[-1] = (around, node)
            colon = False
            continue
        elif not colon:
            return root.items, [Problem(_BAD, here)]
        else:
            around.add(key, node)
            stack[-1] = (around, None)
        if isinstance(node, Seq | Map):
            if len(stack) > MAX_DEPTH:
                return root.items, [Problem(f"it is nested more than {MAX_DEPTH} deep", here)]
            stack.append((node, None))
    if len(stack) > 1 or len(root.items) != 1:
        return root.items, [Problem(_BAD, row)]
    return root.items, []


def _node(word: str, kind: str | None, row: int) -> Node:
    if kind == "mark":
        return Seq(row) if word == "[" else Map(row)
    if kind == "literal":
        return Text("" if word == "null" else word, row, (row,), plain=True)
    value = word[1:-1]
    if "\\" in value:
        try:
            value = str(json.loads(word, strict=False))
        except ValueError:
            value = value.replace("\\", "")
    return Text(value, row, (row,) * (value.count("\n") + 1))
