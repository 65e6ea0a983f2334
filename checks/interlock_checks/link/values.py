"""
Abstract values: what an expression may be, as far as reading can tell.

`Values` is a set of alternatives, kept as a tuple. `HOLE` among them means that there may be
others; it is never dropped, so a claim about "every possible value" has to look for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec

from interlock_checks.catalogue import guards

MOST = 24
"""Alternatives kept of one expression; beyond that it is also a `HOLE`."""


HEAVIEST = 2_000
"""Parts of one value, nested ones included; a larger one counts as unknown."""


class Lit(msgspec.Struct, frozen=True):
    """A constant of the language."""

    value: bool | int | float | str | bytes | None


class Text(msgspec.Struct, frozen=True):
    """A string of which parts are known, None standing for any text."""

    parts: tuple[str | None, ...]


class Many(msgspec.Struct, frozen=True):
    """A sequence; with `rest` there may be further items, anywhere."""

    items: tuple[Values, ...]
    rest: bool = False


class Table(msgspec.Struct, frozen=True):
    """A dictionary; with `rest` there may be further entries."""

    pairs: tuple[tuple[Values, Values], ...]
    rest: bool = False


class Ext(msgspec.Struct, frozen=True):
    """
    An object from outside the repository, by its canonical dotted name.

    `via` is the place (file, number of the use) where it was given away before it got here.
    """

    name: str
    via: tuple[str, int] | None = None


class Made(msgspec.Struct, frozen=True):
    """An instance of an external class."""

    name: str


class AnyOf(msgspec.Struct, frozen=True):
    """Some attribute, unknown which, of an external module or class that holds sinks."""

    name: str
    via: tuple[str, int] | None = None


class Mod(msgspec.Struct, frozen=True):
    """A module of the repository, by its file."""

    path: str


class Fun(msgspec.Struct, frozen=True):
    """
    A function of the repository; `owner` is what it is bound to as a method.

    `around` are the calls in which it was defined, innermost first: a closure keeps their
    parameters.
    """

    path: str
    scope: int
    owner: Obj | Cls | None = None
    around: tuple[Around, ...] = ()


class Around(msgspec.Struct, frozen=True):
    """The parameters of one call of the function with that scope."""

    scope: int
    parameters: tuple[tuple[str, Values], ...]


class Cls(msgspec.Struct, frozen=True):
    """A class of the repository."""

    path: str
    scope: int


class Obj(msgspec.Struct, frozen=True):
    """An instance of a class of the repository, with the arguments that made it if known."""

    path: str
    scope: int
    given: tuple[Given, ...] | None = None


class Up(msgspec.Struct, frozen=True):
    """What `super()` gives in a method of a class: its bases, for an instance."""

    path: str
    scope: int


class Par(msgspec.Struct, frozen=True):
    """What an unknown caller gives for a parameter."""

    path: str
    scope: int
    name: str


class Space(msgspec.Struct, frozen=True):
    """The namespace dictionary of a module or class."""

    of: Ext | Mod | Cls | Obj


class Method(msgspec.Struct, frozen=True):
    """A method of a value that is not a repository or catalogue object."""

    owner: Value
    name: str


class Bound(msgspec.Struct, frozen=True):
    """A callable with some of its arguments: functools.partial, operator.attrgetter."""

    func: Value
    args: tuple[Given, ...]


class Given(msgspec.Struct, frozen=True):
    """An argument as given; `star` counts the asterisks."""

    values: Values
    name: str | None = None
    star: int = 0


class Program(msgspec.Struct, frozen=True):
    """A program as an object (`sh.alembic`, `plumbum.local["alembic"]`) with words so far."""

    words: tuple[Values, ...]


class Finished(msgspec.Struct, frozen=True):
    """The process or future of a step, which ended with that status; `truth` is its own."""

    step: str
    status: int
    truth: bool = True


class Told(msgspec.Struct, frozen=True):
    """
    A constant that the program got from how a step ended: a status, or what it made of it.

    Of a class it is the name.
    """

    value: bool | int | str | None


class Code(msgspec.Struct, frozen=True):
    """A code object made by compile(); its text was judged where it was compiled."""


class Contents(msgspec.Struct, frozen=True):
    """What stands in the file with that path."""

    path: Value


class Hole(msgspec.Struct, frozen=True):
    """A value of which nothing is known."""


Value = (
    Lit
    | Text
    | Many
    | Table
    | Ext
    | Made
    | AnyOf
    | Mod
    | Fun
    | Cls
    | Obj
    | Up
    | Par
    | Space
    | Method
    | Bound
    | Program
    | Finished
    | Told
    | Code
    | Contents
    | Hole
)
Values = tuple[Value, ...]

HOLE = Hole()
DEEPEST_TOLD = 4
"""Lists and tables within each other in which a status is looked for."""

FAILURES = (1, 2, 3)
"""The exit statuses of interlock that tell of a failure."""
UNKNOWN: Values = (HOLE,)
NOTHING: Values = ()


def weight(values: Values) -> int:
    """How many parts the alternatives have together; counted no further than `HEAVIEST`."""
    for value in values:
        if isinstance(value, Many | Table):
            break
    else:
        return len(values)
    count = 0
    todo: list[Values] = [values]
    while todo and count <= HEAVIEST:
        for value in todo.pop():
            count += 1
            if isinstance(value, Many):
                count += len(value.items)
                todo.extend(value.items)
            elif isinstance(value, Table):
                count += len(value.pairs)
                for keys, held in value.pairs:
                    todo += [keys, held]
    return count


def finished(step: str, *statuses: int) -> Values:
    """A process of a step that has ended with one of these statuses."""
    return tuple(Finished(step, status) for status in statuses)


def as_told(values: Values, depth: int = 0) -> Values:
    """Values of which the program learned by how a step ended, and what they hold."""
    return tuple(_as_told(value, depth) for value in values)


def _as_told(value: Value, depth: int) -> Value:
    if isinstance(value, Lit):
        constant = value.value
        return value if isinstance(constant, float | str | bytes) else Told(constant)
    if depth >= DEEPEST_TOLD:
        return value
    match value:
        case Many(items=items, rest=rest):
            return Many(tuple(as_told(item, depth + 1) for item in items), rest)
        case Table(pairs=pairs, rest=rest):
            return Table(tuple((keys, as_told(held, depth + 1)) for keys, held in pairs), rest)
        case Obj(path=path, scope=scope, given=tuple() as given):
            told = (Given(as_told(one.values, depth + 1), one.name, one.star) for one in given)
            return Obj(path, scope, tuple(told))
        case _:
            return value


def is_told(value: Value, depth: int = 0) -> bool:
    """Whether a value depends on how a step ended."""
    inner: Iterable[Values] = ()
    match value:
        case Told() | Finished() | Made(name=guards.REFUSED):
            return True
        case Many(items=items):
            inner = items
        case Table(pairs=pairs):
            inner = [held for _, held in pairs]
        case Obj(given=tuple() as given):
            inner = [one.values for one in given]
        case Fun(owner=Obj() as owner):
            inner = [(owner,)]
        case _:
            pass
    return depth < DEEPEST_TOLD and any(is_told(v, depth + 1) for vs in inner for v in vs)


def merge(groups: Iterable[Values]) -> Values:
    """The union, in order of first appearance; where there are too many, what holds the rest."""
    if isinstance(groups, list) and len(groups) == 1:
        only: Values = groups[0]
        if len(only) < 2:
            return only
    found = dict.fromkeys(chain.from_iterable(groups))
    if len(found) > MOST:
        return _widened(tuple(found))
    return tuple(found)


def _widened(values: Values) -> Values:
    """Some of the values, and one that may be any other: a text that begins as all texts do."""
    others = tuple(value for value in values if _start(value) is None)
    starts = [start for value in values if (start := _start(value)) is not None]
    shared = _shared(min(starts), max(starts)) if len(others) < MOST else ""
    if not shared:
        return (*values[:MOST], HOLE)
    kept = [value for value in values if _start(value) is not None][: MOST - len(others) - 1]
    return (*kept, *others, Text((shared, None)))


def _start(value: Value) -> str | None:
    match value:
        case Lit(value=str() as text) | Text(parts=(str() as text, *_)):
            return text
        case _:
            return None


def _shared(first: str, last: str) -> str:
    """What the first and the last of several texts in their order begin with, and so all do."""
    for number, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            return first[:number]
    return first


def strings(values: Values) -> list[tuple[str | None, ...]] | None:
    """The alternatives as text in parts; None if one of them is no text and not unknown."""
    alternatives: list[tuple[str | None, ...]] = []
    for value in values:
        parts = parts_of(value)
        if parts is None:
            return None
        alternatives.append(parts)
    return alternatives


def parts_of(value: Value) -> tuple[str | None, ...] | None:
    """A value as it appears in formatted text; None where that would not be text."""
    match value:
        case Lit(value=str() as text):
            return (text,)
        case Lit(value=bytes()):
            return (None,)
        case Lit(value=constant):
            return (str(constant),)
        case Text(parts=parts):
            return parts
        case _:
            return (None,)


def joined(parts: Iterable[str | None]) -> Lit | Text:
    """Text from parts, neighbours put together."""
    kept: list[str | None] = []
    for part in parts:
        if part is None:
            if not kept or kept[-1] is not None:
                kept.append(None)
        elif kept and kept[-1] is not None:
            kept[-1] += part
        elif part:
            kept.append(part)
    if not kept:
        return Lit("")
    if len(kept) == 1 and kept[0] is not None:
        return Lit(kept[0])
    return Text(tuple(kept))


def argument(given: Sequence[Given], index: int, name: str | None = None) -> Values | None:
    """The values of one argument by position or keyword; None where it is not given."""
    positional = [g for g in given if g.name is None]
    for number, one in enumerate(positional):
        if one.star:
            return UNKNOWN
        if number == index:
            return one.values
    for one in given:
        if name is not None and one.name == name:
            return one.values
    return UNKNOWN if any(g.star == 2 for g in given) and name is not None else None


def texts(values: Values) -> list[str] | None:
    """All alternatives as constant strings, or None if one of them is not."""
    found: list[str] = []
    for value in values:
        if not isinstance(value, Lit) or not isinstance(value.value, str):
            return None
        found.append(value.value)
    return found
