"""Numbers and texts, as far as they are constant."""

from __future__ import annotations

import libcst as cst

from interlock_checks.facts import model as m
from interlock_checks.facts.flow import Frame
from interlock_checks.facts.literals import constant
from interlock_checks.facts.reader import INERT, Context, Reader

_INT64 = 2**63


def read_literal(reader: Reader, node: cst.BaseExpression, frame: Frame, context: Context) -> int:
    assert isinstance(node, cst.SimpleString | cst.Integer | cst.Float)
    known, value = constant(node.value)
    if not known:
        return reader.unknown
    number = add_constant(reader, value)
    textual = isinstance(value, str) and len(value) < 200 and ("." in value or ":" in value)
    if textual and context.manner is not None:
        reader.use(number, frame, node, context)
    return number


def add_constant(reader: Reader, value: m.Constant | bytes) -> int:
    """A node for a constant; for an integer that facts cannot hold, the unknown one."""
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return reader.unknown
    return reader.add(m.Data(value) if isinstance(value, bytes) else m.Const(value))


def read_concatenated(
    reader: Reader, node: cst.ConcatenatedString, frame: Frame, context: Context
) -> int:
    parts: list[int] = []
    current: cst.BaseExpression = node
    while isinstance(current, cst.ConcatenatedString):
        parts.append(reader.value(current.left, frame, INERT))
        current = current.right
    parts.append(reader.value(current, frame, INERT))
    constants = [reader.nodes[part] for part in parts]
    if all(isinstance(c, m.Data) for c in constants):
        return reader.add(m.Data(b"".join(c.value for c in constants if isinstance(c, m.Data))))
    return reader.add(m.Joined(tuple(parts)))


def read_formatted(
    reader: Reader, node: cst.FormattedString, frame: Frame, context: Context
) -> int:
    parts: list[int] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            text = part.value.replace("{{", "{").replace("}}", "}")
            known, value = constant(_text(node.start, text, node.end))
            parts.append(add_constant(reader, value) if known else reader.unknown)
        elif isinstance(part, cst.FormattedStringExpression):
            inner = reader.value(part.expression, frame, INERT)
            plain = part.format_spec is None and part.conversion in {None, "s"}
            plain = plain and part.equal is None
            parts.append(inner if plain else reader.unknown)
    return reader.add(m.Joined(tuple(parts)))


def read_template(reader: Reader, node: cst.BaseExpression, frame: Frame, context: Context) -> int:
    for child in node.children:
        for inner in child.children:
            if isinstance(inner, cst.BaseExpression):
                reader.value(inner, frame, INERT)
    return reader.unknown


def _text(start: str, text: str, end: str) -> str:
    prefix = start.rstrip("\"'").lower().replace("f", "").replace("t", "")
    return f"{prefix}{end}{text}{end}"
