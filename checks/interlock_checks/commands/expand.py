"""Shell words to arguments: quoting, variables, substitutions, as far as they are constant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from interlock_checks.commands.argv import parts_of
from interlock_checks.commands.model import (
    REST,
    UNKNOWN,
    Argument,
    Rest,
    Word,
    const,
    normal,
    spaced,
)
from interlock_checks.commands.pieces import (
    BREAK,
    MANY,
    MAX_READINGS,
    Piece,
    Pieces,
    Scope,
    Value,
    ansi,
    decoded,
    known,
    made_fields,
    plain,
)

if TYPE_CHECKING:
    from tree_sitter import Node
MAX_DEPTH = 24
"""Words inside words that are evaluated; deeper ones are unknown, their commands still count."""


def fields(nodes: list[Node], scope: Scope, depth: int = 0) -> list[Value]:
    """The readings of one word, each as the fields that it becomes."""
    found: dict[Value, None] = {}
    for pieces in _sequence(nodes, scope, depth, quoted=False):
        found[tuple(made_fields(pieces))] = None
    return list(found)


def text(nodes: list[Node], scope: Scope, depth: int = 0) -> list[Word]:
    """The readings of one word where no fields are made (an assignment, a here-string)."""
    found: dict[Word, None] = {}
    for pieces in _sequence(nodes, scope, depth, quoted=False):
        found[_joined(pieces)] = None
    return list(found)


def body(node: Node, scope: Scope) -> list[Word]:
    """The readings of a here-document whose delimiter is not quoted."""
    return [_joined(one) for one in _inside(node, scope, 0, node.start_byte, node.end_byte)]


def _joined(pieces: Pieces) -> Word:
    return normal(
        " " if one.kind == "break" else None if one.kind == "many" else one.text for one in pieces
    )


def _cross(left: list[Pieces], right: list[Pieces]) -> list[Pieces]:
    if len(left) * len(right) > MAX_READINGS:
        right = [(Piece(None, "split"),)]
    return [a + b for a in left for b in right]


def _sequence(nodes: Iterable[Node], scope: Scope, depth: int, quoted: bool) -> list[Pieces]:
    readings: list[Pieces] = [()]
    listed = list(nodes)
    for index, node in enumerate(listed):
        if node.type == "$" and index + 1 < len(listed) and listed[index + 1].type == "string":
            continue  # $"..." is a translated string
        readings = _cross(readings, _pieces(node, scope, depth, quoted))
    return readings


def _pieces(node: Node, scope: Scope, depth: int, quoted: bool) -> list[Pieces]:
    kind = node.type
    if depth > MAX_DEPTH:
        scope.defer(node)
        return [(Piece(None, "quoted" if quoted else "split"),)]
    if kind == "raw_string":
        return [tuple(known(_source(node, scope)[1:-1], "quoted"))]
    if kind == "ansi_c_string":
        return [tuple(known(ansi(_source(node, scope)[2:-1]), "quoted"))]
    if kind in ("string", "translated_string"):
        return _string(node, scope, depth)
    if kind == "simple_expansion":
        return _variable(_source(node, scope)[1:], scope, quoted)
    if kind == "expansion":
        return _expansion(node, scope, depth, quoted)
    if kind == "command_substitution":
        scope.defer(node)
        output = scope.output(node)
        return [_value(UNKNOWN if output is None else output, quoted)]
    if kind in ("process_substitution", "arithmetic_expansion"):
        scope.defer(node)
        return [(Piece(None, "quoted"),)]
    if kind == "brace_expression":
        return [(MANY,)]
    if kind in ("concatenation", "command_name", "arithmetic_expansion") or (
        node.child_count and kind in ("word", "number", "variable_name")
    ):
        return _sequence(node.children, scope, depth + 1, quoted)
    if node.child_count:
        scope.defer(node)
        return [(Piece(None, "split"),)]
    if quoted:
        return [tuple(known(_source(node, scope), "quoted"))]
    return [tuple(plain(_source(node, scope)))]


def _source(node: Node, scope: Scope) -> str:
    return decoded(scope.source, node.start_byte, node.end_byte)


def _string(node: Node, scope: Scope, depth: int) -> list[Pieces]:
    start, end = node.start_byte, node.end_byte
    if scope.source[start : start + 1] == b"$":
        start += 1
    start += 1
    if scope.source[end - 1 : end] == b'"' and end > start:
        end -= 1
    return _inside(node, scope, depth, start, end)


def _inside(node: Node, scope: Scope, depth: int, start: int, end: int) -> list[Pieces]:
    """Text in double quotes or a here-document: what stands between the expansions is literal."""
    readings: list[Pieces] = [()]
    at = start
    literal = False
    many = [one for one in node.children if one.is_named and one.type in _IN_STRINGS]
    for child in many:
        readings = _cross(readings, _gap(scope, at, child.start_byte))
        readings = _cross(readings, _pieces(child, scope, depth + 1, quoted=True))
        at = child.end_byte
        literal = True
    if at < end or not literal:
        readings = _cross(readings, _gap(scope, at, end) if at < end else [(Piece("", "quoted"),)])
    return readings


_IN_STRINGS = frozenset(
    {"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion"}
)


def _gap(scope: Scope, start: int, end: int) -> list[Pieces]:
    if start >= end:
        return [()]
    raw = decoded(scope.source, start, end)
    return [tuple(known(re.sub(r'\\(?:\r?\n|([$`"\\]))', r"\1", raw), "quoted"))]


def _value(value: Argument, quoted: bool) -> Pieces:
    """One word that comes out of an expansion."""
    kind: Literal["quoted", "split"] = "quoted" if quoted else "split"
    return tuple(Piece(part, kind) for part in parts_of(value))


def listed_value(value: Value, quoted: bool, joined: bool) -> Pieces:
    """`"$@"`, or `"$*"` when joined."""
    if joined and quoted:
        return _value(spaced(value), True)
    pieces: list[Piece] = []
    for index, one in enumerate(value):
        if index:
            pieces.append(BREAK)
        pieces.extend((MANY,) if isinstance(one, Rest) else _value(one, quoted))
    return tuple(pieces)


def _lookup(name: str, scope: Scope) -> tuple[Value, ...] | None:
    """The values of a variable or a special parameter; None when nothing is known about it."""
    if name in ("@", "*"):
        return scope.positional
    if name.isdigit() and name != "0":
        return tuple(_nth(value, int(name)) for value in scope.positional)
    return scope.get(name)


def _nth(value: Value, number: int) -> Value:
    for index, one in enumerate(value, 1):
        if isinstance(one, Rest):
            return (UNKNOWN,)
        if index == number:
            return (one,)
    return (("",),)


def _variable(name: str, scope: Scope, quoted: bool) -> list[Pieces]:
    values = _lookup(name, scope)
    if values is None:
        return [_value(UNKNOWN, quoted)]
    if name in ("@", "*"):
        return [listed_value(one, quoted, name == "*") for one in values]
    return list(dict.fromkeys(_value(one[0] if one else ("",), quoted) for one in values))


_DEFAULTS = (":-", "-", ":=", "=")


def _expansion(node: Node, scope: Scope, depth: int, quoted: bool) -> list[Pieces]:
    """`${...}`: what is not understood is unknown."""
    unknown = [_value(UNKNOWN, quoted)]
    children = node.children[1:]
    if children and children[-1].type == "}":
        children = children[:-1]
    if not children:
        return unknown
    for child in children:
        if child.type not in ("variable_name", "special_variable_name", "subscript"):
            _defer_inside(child, scope)
    head = children[0]
    if head.type == "!" and len(children) == 2:
        names = [const(one[0]) for one in _lookup(_source(children[1], scope), scope) or () if one]
        if not names or None in names:
            return unknown
        return [one for name in names for one in _variable(name or "", scope, quoted)]
    if head.type == "subscript":
        name_node = head.child_by_field_name("name")
        index_node = head.child_by_field_name("index")
        if name_node is None or index_node is None:
            return unknown
        name, index = _source(name_node, scope), _source(index_node, scope)
        values = scope.get(name)
        if values is None:
            return [(MANY,)] if index in "@*" else unknown
        if index in ("@", "*"):
            if len(children) > 1:
                return [(MANY,)]
            return [listed_value(one, quoted, index == "*") for one in values]
        if not index.isdigit():
            return unknown
        values = tuple(_nth(one, int(index) + 1) for one in values)
    elif head.type in ("variable_name", "special_variable_name"):
        name = _source(head, scope)
        known = _lookup(name, scope)
        if name in ("@", "*"):
            return _slice(children, scope, quoted, known or ((REST,),))
        values = known if known is not None else ((UNKNOWN,),)
    else:
        return unknown
    if len(children) == 1:
        return [_value(one[0] if one else ("",), quoted) for one in values]
    operator = children[1].type
    if operator in _DEFAULTS:
        given = _sequence(children[2:], scope, depth + 1, quoted) if children[2:] else [()]
        if all(one and const(one[0]) for one in values):
            given = []
        kept = [_value(one[0], quoted) for one in values if one and const(one[0]) != ""]
        return kept + [_resplit(one, quoted) for one in given] or unknown
    if operator in (":+", "+"):
        given = _sequence(children[2:], scope, depth + 1, quoted)
        return [(Piece("", "quoted" if quoted else "split"),), *given]
    if operator in (":?", "?"):
        return [_value(one[0] if one else ("",), quoted) for one in values]
    change = _change(operator, [_source(one, scope) for one in children[2:]])
    if change is None:
        return unknown
    changed = [
        change(const(one[0])) if one and const(one[0]) is not None else None for one in values
    ]
    return [_value((one,), quoted) for one in changed]


def _defer_inside(node: Node, scope: Scope) -> None:
    if node.child_count:
        scope.defer(node)


def _resplit(pieces: Pieces, quoted: bool) -> Pieces:
    """The default of `${x:-a b}` is split like the value of a variable."""
    if quoted:
        return tuple(Piece(one.text, "quoted") if one.kind == "plain" else one for one in pieces)
    return tuple(Piece(one.text, "split") if one.kind == "plain" else one for one in pieces)


def _slice(
    children: list[Node], scope: Scope, quoted: bool, known: tuple[Value, ...]
) -> list[Pieces]:
    """`${@}`, `${@:2}`, `${@:1:3}`."""
    numbers = [_source(one, scope) for one in children[1:] if one.type != ":"]
    if not all(one.isdigit() and int(one) for one in numbers) or len(numbers) > 2:
        return [(MANY,)]
    if not numbers:
        return [listed_value(one, quoted, False) for one in known]
    first = int(numbers[0]) - 1
    found: list[Pieces] = []
    for value in known:
        if REST in value[: first + 1] or (len(numbers) == 2 and REST in value):
            found.append((MANY,))
        else:
            last = first + int(numbers[1]) if len(numbers) == 2 else len(value)
            found.append(listed_value(value[first:last], quoted, False))
    return found


def _change(operator: str, operands: list[str]) -> Callable[[str | None], str | None] | None:
    """The string operation behind a value, for operands without patterns; None when unknown."""
    if operator in (",,", "^^"):
        return lambda value: value and (value.lower() if operator == ",," else value.upper())
    if any(re.search(r"[*?\[$`\\\"']", one) for one in operands):
        return None
    if operator in ("#", "##") and len(operands) == 1:
        return lambda value: value and value.removeprefix(operands[0])
    if operator in ("%", "%%") and len(operands) == 1:
        return lambda value: value and value.removesuffix(operands[0])
    pair = [one for one in operands if one != "/"]
    if operator in ("/", "//") and pair:
        new = pair[1] if len(pair) > 1 else ""
        return lambda value: value and value.replace(pair[0], new, 1 if operator == "/" else -1)
    digits = [one for one in operands if one != ":"]
    if operator == ":" and digits and all(one.isdigit() for one in digits) and len(digits) < 3:
        first = int(digits[0])
        last = first + int(digits[1]) if len(digits) == 2 else None
        return lambda value: value and value[first:last]
    return None
