"""The pieces of a shell word, and the fields that they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING, Literal

from interlock_checks.commands.argv import HOLE, parts_of
from interlock_checks.commands.model import REST, UNKNOWN, Argument, Word, normal

if TYPE_CHECKING:
    from tree_sitter import Node
Value = tuple[Argument, ...]
"""What a variable holds: one word, or the elements of an array."""
MAX_VALUES = 8
"""Values of one variable that are kept apart; with more it is unknown."""
MAX_READINGS = 16
"""Readings of one command that are kept apart."""
MAX_LENGTH = 20_000
"""Characters of one value; `x=$x$x` doubles with every line."""
MARK = "\ue001"
"""Put into the source where the grammar needs help, and taken out again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """
    A run of one word before fields are made.

    kind: `quoted` text is kept as it is, `plain` text is source text outside quotes (braces and
    globs work), `split` text came from an unquoted expansion, `break` ends a field, `many` is any
    number of unknown fields. A text of None is unknown.
    """

    text: str | None
    kind: Literal["quoted", "plain", "split", "break", "many"]


BREAK = Piece("", "break")
MANY = Piece(None, "many")
Pieces = tuple[Piece, ...]


@dataclass(slots=True)
class Variables:
    """The values that a variable may have now. One that was never assigned is unknown."""

    now: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    ever: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    changes: int = 0

    def get(self, name: str) -> tuple[Value, ...] | None:
        return self.now.get(name)

    def put(self, name: str, values: Iterable[Value], *, weak: bool) -> None:
        """`weak`: the assignment may not have happened, so that older values stay possible."""
        before: tuple[Value, ...] = ()
        if weak:
            before = self.now.get(name, ((UNKNOWN,),))
        merged = tuple(dict.fromkeys((*before, *(_bounded(one) for one in values))))
        if len(merged) > MAX_VALUES:
            merged = ((UNKNOWN,),)
        ever = tuple(dict.fromkeys((*self.ever.get(name, ()), *merged)))
        self.ever[name] = ever if len(ever) <= MAX_VALUES else ((UNKNOWN,),)
        if self.now.get(name) != merged:
            self.now[name] = merged
            self.changes += 1


def _bounded(value: Value) -> Value:
    size = sum(
        len(part) if part else 1 for one in value if one is not REST for part in parts_of(one)
    )
    return value if size <= MAX_LENGTH and len(value) <= 500 else (UNKNOWN,)


@dataclass(slots=True)
class Scope:
    """What words are evaluated in: source text, variables, and `$1`, `$2`, ... with readings."""

    source: bytes
    variables: Variables
    positional: tuple[Value, ...]
    local: Mapping[str, tuple[Value, ...]]
    defer: Callable[[Node], None]
    """Takes each node whose commands run while the word is evaluated."""
    output: Callable[[Node], Word | None]
    """The constant output of a command substitution, without its last line ends."""

    def get(self, name: str) -> tuple[Value, ...] | None:
        return self.local.get(name) or self.variables.get(name)


def decoded(source: bytes, start: int, end: int) -> str:
    """A piece of the source without the marks that were put in for the grammar."""
    return source[start:end].decode("utf-8", "replace").replace(MARK, "")


def known(raw: str, kind: Literal["quoted", "plain", "split"]) -> Iterator[Piece]:
    """Text of the source, with the holes that the caller's unknown parts left in it."""
    for index, piece in enumerate(raw.split(HOLE)):
        if index:
            yield Piece(None, kind)
        if piece or not index:
            yield Piece(piece, kind)


def plain(raw: str) -> Iterator[Piece]:
    """An unquoted word: backslashes taken off, globs unknown."""
    if HOLE not in raw and "\\" not in raw and not re.search(r"[*?\[]", raw):
        yield Piece(raw, "plain")
        return
    for part in re.split(r"(\\(?:\r?\n|.)?|\*|\?|\[[^\]]+\])", raw, flags=re.S):
        if not part:
            continue
        if part[0] == "\\":
            rest = part[1:]
            if rest.strip("\r\n") or rest in ("",):
                yield Piece(rest or "\\", "quoted")
        elif part in "*?" or (part[0] == "[" and len(part) > 2):
            yield Piece(None, "quoted")
        else:
            yield from (
                Piece(one.text, "plain" if one.text is not None else "split")
                for one in known(part, "plain")
                if one.text != ""
            )


def ansi(raw: str) -> str:
    """The text of `$'...'`."""

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] in "xuU":
            point = int(code[1:], 16)
            return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        if code[0] == "c":
            return chr(ord(code[1]) & 0x1F)
        return {
            "n": "\n",
            "t": "\t",
            "r": "\r",
            "a": "\a",
            "b": "\b",
            "e": "\x1b",
            "E": "\x1b",
            "f": "\f",
            "v": "\v",
        }.get(code, code)

    pattern = (
        r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|c.|[abeEfnrtv\\'\"?])"
    )
    return re.sub(pattern, one, raw, flags=re.S)


def made_fields(pieces: Pieces) -> Iterator[Argument]:
    """Field splitting, after brace expansion."""
    if any(one.kind == "plain" and one.text and "{" in one.text for one in pieces):
        pieces = tuple(_braces(pieces))
    current: list[str | None] | None = None
    only_split = True  # whether the field holds nothing but unknown text outside quotes
    for piece in pieces:
        if piece.kind == "break":
            if current is not None:
                yield _field(current, only_split)
            current, only_split = None, True
        elif piece.kind == "many" or (piece.kind == "split" and piece.text is None):
            current = [*(current or ()), None]
        elif piece.kind == "split" and piece.text is not None:
            for part in re.split(r"([ \t\n]+)", piece.text):
                if not part:
                    continue
                if part.isspace():
                    if current is not None:
                        yield _field(current, only_split)
                    current, only_split = None, True
                else:
                    current = [*(current or ()), part]
                    only_split = False
        else:
            current = [*(current or ()), piece.text]
            only_split = False
    if current is not None:
        yield _field(current, only_split)


def _field(parts: list[str | None], only_split: bool) -> Argument:
    return REST if only_split and all(one is None for one in parts) else normal(parts)


def _braces(pieces: Pieces) -> Iterator[Piece]:
    """`{a,b}` outside quotes makes a field of each; at most 64, else any number."""
    atoms: list[Piece] = []
    for piece in pieces:
        if piece.kind == "plain" and piece.text is not None:
            atoms.extend(Piece(one, "plain") for one in piece.text)
        else:
            atoms.append(piece)
    if len(atoms) > 400:
        yield from pieces
        return
    words = _alternatives(atoms, 0)
    if words is None:
        yield MANY
        return
    for index, one in enumerate(words):
        if index:
            yield BREAK
        yield from one


def _alternatives(atoms: list[Piece], depth: int) -> list[list[Piece]] | None:
    """The words of one brace expression; None when they are too many or too deep."""
    for start, atom in enumerate(atoms):
        if atom != Piece("{", "plain"):
            continue
        level, commas, end = 0, [start], None
        for index in range(start, len(atoms)):
            if atoms[index].kind != "plain":
                continue
            letter = atoms[index].text
            if letter == "{":
                level += 1
            elif letter == "}":
                level -= 1
                if not level:
                    end = index
                    break
            elif letter == "," and level == 1:
                commas.append(index)
        if end is None or len(commas) == 1:
            continue
        if depth > 8:
            return None
        cuts = [*commas, end]
        middles: list[list[Piece]] = []
        for left, right in pairwise(cuts):
            inner = _alternatives(atoms[left + 1 : right], depth + 1)
            if inner is None:
                return None
            middles.extend(inner)
        ends = _alternatives(atoms[end + 1 :], depth + 1)
        if ends is None or len(middles) * len(ends) > 64:
            return None
        return [[*atoms[:start], *a, *b] for a, b in product(middles, ends)]
    return [atoms]


def combined(words: list[list[Value]]) -> tuple[list[tuple[list[int], Value]], bool]:
    """
    The readings of a whole command from those of its words.

    Returns:
        Each reading with the number of the source word of every field, and whether all of them
        are there. Where they would be too many, words with several readings become unknown.
    """
    total, limited = 1, []
    whole = True
    for readings in words:
        if total * len(readings) > MAX_READINGS:
            readings, whole = [(REST,)], False
        total *= len(readings)
        limited.append(readings)
    found = []
    for choice in islice(product(*limited), MAX_READINGS):
        numbers = [index for index, value in enumerate(choice) for _ in value]
        found.append((numbers, tuple(one for value in choice for one in value)))
    return found, whole
