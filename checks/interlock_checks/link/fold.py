"""
Folding: constants stay constants when they are cut up.

Every function computes what Python would compute on known operands, or says that it does not
know. Nothing here looks at names or files. Results are bounded in number and size.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from interlock_checks.link.splitting import named_otherwise, split
from interlock_checks.link.values import (
    HOLE,
    UNKNOWN,
    AnyOf,
    Bound,
    Cls,
    Contents,
    Ext,
    Fun,
    Given,
    Hole,
    Lit,
    Many,
    Method,
    Mod,
    Par,
    Table,
    Text,
    Value,
    Values,
    joined,
    merge,
    parts_of,
)

LARGEST = 1 << 16
"""Characters or items of a folded value; more than any command or module name has."""

_PRODUCT = 64

_PURE = frozenset(
    "capitalize casefold center decode encode expandtabs format format_map hex join ljust lower "
    "lstrip partition removeprefix removesuffix replace rjust rpartition rsplit rstrip split "
    "splitlines strip swapcase title translate upper zfill".split()
)
_WIDTHS = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})


def plain(value: object) -> Value:
    """A Python value computed by folding, as an abstract one."""
    match value:
        case None | bool() | int() | float() | str() | bytes():
            if isinstance(value, str | bytes) and len(value) > LARGEST:
                return HOLE
            return Lit(value)
        case list() | tuple() | set():
            return Many(tuple((plain(item),) for item in value))
        case dict():
            return Table(tuple(((plain(k),), (plain(v),)) for k, v in value.items()))
        case _:
            return HOLE


def native(value: Value) -> object:
    """
    The Python value of a wholly known abstract one.

    Raises:
        LookupError: it is not wholly known.
    """
    match value:
        case Lit(value=constant):
            return constant
        case Many(items=items, rest=False):
            return [native(_only(item)) for item in items]
        case Table(pairs=pairs, rest=False):
            return {native(_only(k)): native(_only(v)) for k, v in pairs}
        case _:
            raise LookupError


def _only(values: Values) -> Value:
    if len(values) != 1:
        raise LookupError
    return values[0]


def compute(function: Callable[..., object], *operands: Values) -> Values:
    """The results of a pure function on all combinations of known operands."""
    found: list[Values] = []
    for combination in _combinations(operands):
        if combination is None:
            return merge([*found, UNKNOWN])
        try:
            found.append((plain(function(*(native(value) for value in combination))),))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            # Python would raise here too, or the operand is not known to us.
            found.append(UNKNOWN)
    return merge(found)


def _combinations(operands: Sequence[Values]) -> Iterable[tuple[Value, ...] | None]:
    size = 1
    for values in operands:
        size *= max(len(values), 1)
    if size > _PRODUCT:
        yield None
        return
    yield from itertools.product(*operands)


def concatenated(parts: Sequence[Values]) -> Values:
    """The text that an f-string, or strings side by side, make."""
    found: list[Values] = []
    for combination in _combinations(parts):
        if combination is None:
            return UNKNOWN
        pieces: list[str | None] = []
        for value in combination:
            pieces.extend(parts_of(value) or (None,))
        found.append((_bounded(joined(pieces)),))
    return merge(found)


def _bounded(value: Lit | Text) -> Value:
    if isinstance(value, Lit):
        return plain(value.value)
    return value if sum(len(part or "") for part in value.parts) <= LARGEST else HOLE


def operation(operator: str, left: Values, right: Values) -> Values:
    """`left operator right`"""
    found: list[Values] = []
    for pair in _combinations((left, right)):
        if pair is None:
            return UNKNOWN
        match operator, pair:
            case "|", (Ext(name="os.environ"), Table(pairs=pairs)):
                # A new table with `|`, the same one where an item was assigned.
                found.append((Table(pairs, rest=True), pair[0]))
            case "|", (Hole(), Table(pairs=pairs)):
                # A table with these items, or a list of which one item was assigned.
                found.append((Table(pairs, rest=True), HOLE))
            case "%", (Lit(value=str() as template), operand):
                found.append(percent(template, operand))
            case _:
                found.append((_operation(operator, *pair),))
    return merge(found)


def _operation(operator: str, left: Value, right: Value) -> Value:
    match operator, left, right:
        case "/", _, (Lit(value=str()) | Text()):
            # pathlib: a path divided by a name.
            return _bounded(joined([*_text_side(left), "/", *(parts_of(right) or ())]))
        case "/", (Lit(value=str()) | Text()), _:
            return _bounded(joined([*_text_side(left), "/", None]))
        case _, (Ext() | Mod() | Cls() | Fun() | AnyOf()), _:
            # No list at all: whatever was tried, the object is still the same.
            return left
        case "+", Many(), Many():
            return _many((*left.items, *right.items), left.rest or right.rest)
        case "+", Many(), _:
            return Many(left.items, rest=True)
        case "+", _, Many() if not isinstance(left, Lit | Text | Table):
            return Many(right.items, rest=True)
        case "*", Many(), _ if not isinstance(right, Lit):
            return Many(left.items, rest=True)
        case "*", _, Many() if not isinstance(left, Lit):
            return Many(right.items, rest=True)
        case "|", Table(), Table():
            return Table((*left.pairs, *right.pairs), left.rest or right.rest)
        case "|", Table(), _:
            return Table(left.pairs, rest=True)
        case "+", Lit(value=bytes() as one), Lit(value=bytes() as two):
            return plain(one + two)
        case "+", (Lit(value=str()) | Text()), _:
            return _bounded(joined([*(parts_of(left) or ()), *_text_side(right)]))
        case "+", _, (Lit(value=str()) | Text()):
            return _bounded(joined([*_text_side(left), *(parts_of(right) or ())]))
        case "+", Lit(value=int() | float() as one), Lit(value=int() | float() as two):
            return plain(one + two)
        case "-", Lit(value=int() | float() as one), Lit(value=int() | float() as two):
            return plain(one - two)
        case "*", Lit(value=str() | bytes() as text), Lit(value=int() as count):
            return plain(text * count) if len(text) * max(count, 0) <= LARGEST else HOLE
        case "*", Lit(value=int() as count), Lit(value=str() | bytes() as text):
            return plain(text * count) if len(text) * max(count, 0) <= LARGEST else HOLE
        case "*", Many(items=items, rest=rest), Lit(value=int() as count):
            return _many(items * count, rest) if len(items) * max(count, 0) < 4096 else HOLE
        case _:
            return HOLE


def _text_side(value: Value) -> tuple[str | None, ...]:
    match value:
        case Lit(value=str() as text):
            return (text,)
        case Text(parts=parts):
            return parts
        case _:
            return (None,)


def _many(items: tuple[Values, ...], rest: bool) -> Value:
    return Many(items, rest) if len(items) <= 4096 else HOLE


_PERCENT = re.compile(r"%(?:\((?P<key>[^)]*)\))?(?P<flags>[-+ #0-9.*]*)(?P<kind>[a-zA-Z%])")


def percent(template: str, right: Value) -> Values:
    """`template % right`; `%s` and `%d` without flags, the rest unknown text."""
    pieces: list[Values] = []
    position = index = 0
    for match in _PERCENT.finditer(template):
        pieces.append((Lit(template[position : match.start()]),))
        position = match.end()
        if match["kind"] == "%":
            pieces.append((Lit("%"),))
            continue
        value: Values = UNKNOWN
        if match["key"] is not None and isinstance(right, Table):
            value = item(right, (Lit(match["key"]),))
        elif match["key"] is None and isinstance(right, Many):
            value = right.items[index] if index < len(right.items) and not right.rest else UNKNOWN
            index += 1
        elif match["key"] is None and index == 0:
            value = (right,)
            index += 1
        simple = not match["flags"] and match["kind"] in "sd"
        pieces.append(value if simple else UNKNOWN)
    pieces.append((Lit(template[position:]),))
    return concatenated(pieces)


def cut(value: Value, bounds: Sequence[Values]) -> Values:
    """`value[lower:upper:step]`"""
    match value:
        case Lit(value=str() | bytes()):
            return compute(lambda v, a, b, c: v[a:b:c], (value,), *bounds)
        case Many(items=items, rest=False):
            found: list[Values] = []
            for combination in _combinations(bounds):
                if combination is None:
                    return UNKNOWN
                try:
                    found.append((Many(items[_slice(combination)]),))
                except (LookupError, TypeError, ValueError):
                    found.append((Many((merge(items),), rest=True),))
            return merge(found)
        case Many(items=items):
            return (Many((merge(items),), rest=True),)
        case _:
            return UNKNOWN


def _slice(bounds: Sequence[Value]) -> slice:
    found = [native(bound) for bound in bounds]
    if not all(bound is None or isinstance(bound, int) for bound in found):
        raise LookupError
    return slice(*found)


def item(value: Value, keys: Values) -> Values:
    """`value[key]`"""
    return merge(_item(value, key) for key in keys)


def _item(value: Value, key: Value) -> Values:
    match value, key:
        case Many(items=items, rest=False), Lit(value=int() as index):
            return items[index] if -len(items) <= index < len(items) else UNKNOWN
        case Many(items=items), _:
            return merge([*items, UNKNOWN])
        case Table(pairs=pairs, rest=rest), Lit(value=wanted):
            exact = [v for ks, v in pairs if ks == (Lit(wanted),)]
            if exact and not rest:
                return exact[-1]
            maybe = [v for ks, v in pairs if any(_may_equal(k, wanted) for k in ks)]
            return merge([*maybe, UNKNOWN]) if rest or not exact else merge(maybe)
        case Table(pairs=pairs, rest=rest), _:
            every = [v for _, v in pairs]
            return merge([*every, UNKNOWN]) if rest or not every else merge(every)
        case Lit(value=str() | bytes()), Lit(value=int()):
            return compute(lambda text, index: text[index], (value,), (key,))
        case _:
            return UNKNOWN


def _may_equal(key: Value, wanted: object) -> bool:
    return not isinstance(key, Lit) or key.value == wanted


def may_be(value: Value, text: str) -> bool:
    """Whether a value may be this text."""
    parts = parts_of(value)
    if parts is None:
        return False
    pattern = "".join(".*" if part is None else re.escape(part) for part in parts)
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def items_of(value: Value) -> tuple[Values, ...] | None:
    """The items of a finite iterable whose length is known."""
    match value:
        case Many(items=items, rest=False):
            return items
        case Table(pairs=pairs, rest=False):
            return tuple(keys for keys, _ in pairs)
        case Lit(value=str() as text):
            return tuple((Lit(char),) for char in text) if len(text) <= 256 else None
        case Lit(value=bytes() as data):
            return tuple((Lit(byte),) for byte in data) if len(data) <= 256 else None
        case _:
            return None


def each(value: Value) -> Values:
    """An element of an iterable."""
    items = items_of(value)
    if items is not None:
        return merge(items)
    match value:
        case Many(items=items):
            return merge([*items, UNKNOWN])
        case Table(pairs=pairs):
            return merge([*(keys for keys, _ in pairs), UNKNOWN])
        case _:
            return UNKNOWN


def arguments(keys: Values) -> tuple[Values, ...]:
    """The words in `program[key]`, where the key is one word or a tuple of them."""
    if len(keys) == 1 and isinstance(keys[0], Many) and not keys[0].rest:
        return keys[0].items
    return (keys,)


def method(owner: Value, name: str, given: Sequence[Given]) -> Values:
    """The result of a method of a text, sequence or dictionary."""
    if owner == Lit(None):
        return ()  # it has none: Python goes on with the other alternatives, or not at all
    if any(g.star for g in given):
        return UNKNOWN
    positional = [g.values for g in given if g.name is None]
    named = {g.name: g.values for g in given if g.name is not None}
    match owner:
        case Lit(value=str() as text) if name == "join" and len(positional) == 1:
            return merge(_join(text, value) for value in positional[0])
        case Lit(value=str() as text) if name in {"format", "format_map"}:
            return _format(text, positional, named, mapping=name == "format_map")
        case Lit(value=str() | bytes()) if name in _PURE and not named:
            if name in _WIDTHS and not _small(positional):
                return UNKNOWN
            return compute(lambda v, *args: getattr(v, name)(*args), (owner,), *positional)
        case Lit(value=str()) | Text() if name in _SAME_PATH and not positional:
            return (owner,)
        case Lit(value=str()) | Text() if name in {"read_text", "read_bytes"}:
            return (Contents(owner),)
        case Lit(value=str()) | Text() if name == "open":
            return (Bound(Ext(OPEN), (Given((owner,)),)),)
        case Bound(func=Ext(name=name_), args=args) if name_ == OPEN and name == "read":
            return tuple(Contents(path) for path in args[0].values)
        case _ if name == "joinpath" and positional:
            pieces = [piece for values in positional for piece in ((Lit("/"),), values)]
            return concatenated([(owner,), *pieces])
        case Lit(value=str()) | Text() if name in {"with_name", "with_stem", "with_suffix"}:
            last = positional[0] if positional else UNKNOWN
            if name != "with_name":
                last = _named_otherwise(owner, name, last)
            return concatenated([parent(owner), (Lit("/"),), last])
        case Text(parts=parts) if name in {"split", "rsplit"} and not named:
            if not all(len(values) == 1 and isinstance(values[0], Lit) for values in positional):
                return UNKNOWN
            bounds = [native(_only(values)) for values in positional]
            return split(parts, lambda text: getattr(text, name)(*bounds))
        case Text() if name in {"strip", "rstrip", "lstrip"} and not positional:
            return (owner,)
        case Bound(func=Ext(name=name_), args=args) if name_ == TEMPLATE:
            return merge(_substitute(value, positional, named) for value in args[0].values)
        case Table():
            return _table_method(owner, name, positional)
        case Many() if name in {"copy", "__iter__"}:
            return (owner,)
        case Many() if name in {"pop", "__getitem__"}:
            return item(owner, positional[0] if positional else (Lit(-1),))
        case Many() if name == "__next__":
            return each(owner)
        case _:
            return UNKNOWN


TEMPLATE = "string.Template"
OPEN = "builtins.open"
"""Bound to a path, it stands for the file that was opened there."""

_PLACE = re.compile(r"\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")


def _substitute(
    template: Value, positional: Sequence[Values], named: Mapping[str, Values]
) -> Values:
    """`Template(text).substitute(mapping, key=value)`"""
    if not isinstance(template, Lit) or not isinstance(template.value, str):
        return UNKNOWN
    pieces: list[Values] = []
    end = 0
    for found in _PLACE.finditer(template.value):
        pieces.append((Lit(template.value[end : found.start()]),))
        end = found.end()
        name = found[2] or found[3]
        if name is None:
            pieces.append((Lit("$"),))
        elif name in named:
            pieces.append(named[name])
        else:
            held = [item(table, (Lit(name),)) for table in positional[0]] if positional else []
            pieces.append(merge(held) or UNKNOWN)
    pieces.append((Lit(template.value[end:]),))
    return concatenated(pieces)


_SAME_PATH = frozenset({"absolute", "as_posix", "expanduser", "resolve", "__fspath__"})
"""Methods of a path that give the same one; text has none of that name."""


def _named_otherwise(path: Value, method: str, given: Values) -> Values:
    """The last name of a path after `with_stem` or `with_suffix`."""
    parts = parts_of(path) or (None,)
    found = [
        named_otherwise(parts, method, one.value) if isinstance(one, Lit) else None for one in given
    ]
    return merge(UNKNOWN if name is None else (Lit(name),) for name in found)


def parent(value: Value) -> Values:
    """The folder of a path; text has no such attribute."""
    parts = parts_of(value) or (None,)
    last = parts[-1]
    if last is None or "/" not in last.rstrip("/"):
        return UNKNOWN
    return (joined([*parts[:-1], last.rstrip("/").rpartition("/")[0]]),)


def _small(positional: Sequence[Values]) -> bool:
    return all(
        isinstance(v, Lit) and (not isinstance(v.value, int) or v.value <= LARGEST)
        for values in positional
        for v in values
    )


def _join(separator: str, value: Value) -> Values:
    match value:
        case Many(items=items, rest=False) if len(items) <= 1024:
            parts: list[Values] = []
            for index, element in enumerate(items):
                if index and separator:
                    parts.append((Lit(separator),))
                parts.append(element)
            return concatenated(parts)
        case Many(items=items, rest=True) if items:
            return (HOLE,)
        case Lit(value=str() as text):
            return (plain(separator.join(text)),)
        case _:
            return UNKNOWN


_FIELD = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}:!.\[]*)(?P<more>[^{}]*)\}")


def _format(
    template: str,
    positional: Sequence[Values],
    named: Mapping[str, Values],
    *,
    mapping: bool,
) -> Values:
    pieces: list[Values] = []
    position = automatic = 0
    for match in _FIELD.finditer(template):
        pieces.append((Lit(template[position : match.start()]),))
        position = match.end()
        if match[0] in {"{{", "}}"}:
            pieces.append((Lit(match[0][0]),))
            continue
        name = match["name"]
        values: Values = UNKNOWN
        if mapping and positional and len(positional[0]) == 1:
            values = item(positional[0][0], (Lit(name),))
        elif name == "" or name.isdigit():
            index = automatic if name == "" else int(name)
            automatic += name == ""
            values = positional[index] if index < len(positional) else UNKNOWN
        else:
            values = named.get(name, UNKNOWN)
        pieces.append(_converted(values, match["more"]))
    pieces.append((Lit(template[position:]),))
    return concatenated(pieces)


def _converted(values: Values, more: str) -> Values:
    """A replacement field's value after `!r`, `!s`; a width or precision is not computed."""
    match more:
        case "" | "!s":
            return values
        case "!r":
            return compute(repr, values)
        case _:
            return UNKNOWN


def _table_method(table: Table, name: str, positional: Sequence[Values]) -> Values:
    match name:
        case "get" | "pop" | "setdefault" | "__getitem__" if positional:
            default = positional[1] if len(positional) > 1 else (Lit(None),)
            found = item(table, positional[0])
            certain = HOLE not in found and all(isinstance(k, Lit) for k in positional[0])
            return found if certain else merge([found, default])
        case "keys":
            return (Many(tuple(keys for keys, _ in table.pairs), table.rest),)
        case "values":
            return (Many(tuple(values for _, values in table.pairs), table.rest),)
        case "items":
            pairs = tuple((Many((keys, values)),) for keys, values in table.pairs)
            return (Many(pairs, table.rest),)
        case "copy":
            return (table,)
        case _:
            return UNKNOWN


def depends(values: Values) -> set[Par]:
    """The parameters on which a value depends."""
    found: set[Par] = set()
    stack: list[Value] = list(values)
    while stack:
        value = stack.pop()
        match value:
            case Par():
                found.add(value)
            case Many(items=items):
                stack.extend(v for values_ in items for v in values_)
            case Table(pairs=pairs):
                stack.extend(v for k, w in pairs for v in (*k, *w))
            case Method(owner=owner):
                stack.append(owner)
            case Bound(func=func):
                stack.append(func)
            case _:
                pass
    return found


def known(values: Values) -> bool:
    """Whether every alternative is a constant."""
    return bool(values) and not any(isinstance(v, Hole | Par | Text) for v in values)
