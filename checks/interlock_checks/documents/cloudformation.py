"""
Functions of CloudFormation, worked out as far as the template itself says what they give.

Names are from the reference of intrinsic functions of AWS CloudFormation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from interlock_checks.commands.argv import HOLE
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string, walk

__all__ = ["worked_out"]

DEEPEST = 40
"""Functions and tables inside each other; beyond that nothing is worked out."""
_NAME = re.compile(r"\$\{(!?)([\w.:]+)\}")
_MEANS = {"Sub", "Ref", "Join", "Base64", "GetAtt", "ImportValue"}


def worked_out(document: Node) -> Node:
    """The resources of a template with texts for functions; any other document as it is."""
    if not isinstance(document, Map) or not isinstance(document.get("Resources"), Map):
        return document
    resources = Map(document.row)
    for key, value in document.effective():
        if key.value in ("Resources", "Globals"):
            resources.add(key, value)
    parameters = child(document, "Parameters")
    given = parameters.effective() if isinstance(parameters, Map) else ()
    # A default is what a stack has that says nothing else; of other values nothing is known.
    known = {key.value: string(child(one, "Default")) or HOLE for key, one in given}
    for node in walk(resources):
        if isinstance(node, Map):
            node.pairs = [(key, _text(value, known, 0)) for key, value in node.pairs]
            node.table = {
                name: (key, _text(value, known, 0)) for name, (key, value) in node.table.items()
            }
        elif isinstance(node, Seq):
            node.items = [_text(one, known, 0) for one in node.items]
    return resources


def _text(node: Node, known: Mapping[str, str], depth: int) -> Node:
    """What a function gives; what is none stays what it is."""
    name, given = _called(node)
    if name not in _MEANS or depth > DEEPEST:
        return node
    if name == "Base64":
        return _text(given, known, depth + 1)
    if name == "Sub":
        body = items(given)[0] if isinstance(given, Seq) and given.items else given
        if not isinstance(body, Text):
            return _hole(node)
        own = {
            key.value: string(_text(one, known, depth + 1)) or HOLE
            for extra in items(given)[1:]
            if isinstance(extra, Map)
            for key, one in extra.effective()
        }
        return _filled(body, {**known, **own})
    if name == "Ref" and isinstance(given, Text):
        return Text(known.get(given.value, HOLE), given.row, (given.row,))
    if name == "Join" and isinstance(given, Seq) and len(given.items) == 2:
        return _joined(given, known, depth)
    return _hole(node)


def _called(node: Node) -> tuple[str, Node]:
    """The function and its argument, in either spelling; no name if it is none."""
    if node.tag.startswith("!"):
        return node.tag[1:], replace(node, tag="")
    if isinstance(node, Map) and len(node.pairs) == 1:
        key, value = node.pairs[0]
        name = key.value.removeprefix("Fn::")
        if name != key.value or name == "Ref":
            return name, value
    return "", node


def _filled(body: Text, known: Mapping[str, str]) -> Text:
    def value(found: re.Match[str]) -> str:
        given = HOLE if not found[1] else "${" + found[2] + "}"
        return given if found[1] else known.get(found[2], HOLE)

    text = _NAME.sub(value, body.value)
    if text == body.value:
        return Text(text, body.row, body.rows, body.folds)
    same = text.count("\n") == body.value.count("\n")
    return Text(text, body.row, body.rows if same else (body.row,))


def _joined(given: Seq, known: Mapping[str, str], depth: int) -> Node:
    mark, parts = given.items
    if not isinstance(mark, Text) or not isinstance(parts, Seq):
        return _hole(given)
    rows: list[int] = []
    texts: list[str] = []
    for number, one in enumerate(parts.items):
        inner = _text(one, known, depth + 1)
        text = string(inner)
        texts.append(HOLE if text is None else text)
        lines = texts[-1].count("\n") + 1
        own = list(inner.rows) if isinstance(inner, Text) and len(inner.rows) == lines else []
        own = own or [inner.row] * lines
        if number and "\n" not in mark.value:
            rows.pop()  # a line that goes on stands in the row of what comes later
        elif number:
            rows.extend([own[0]] * (mark.value.count("\n") - 1))
        rows.extend(own)
    whole = mark.value.join(texts)
    return Text(whole, parts.row, tuple(rows) if len(rows) == whole.count("\n") + 1 else ())


def _hole(node: Node) -> Text:
    return Text(HOLE, node.row, (node.row,))
