"""What a command line is: words with known and unknown parts, and where they came from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

Word = tuple[str | None, ...]
"""The parts of one argument in order; None stands for text that is not known (it may be empty)."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Any number of unknown further words, maybe none: `*args`, `"$@"`, an unquoted `$OPTIONS`."""


REST = Rest()
UNKNOWN: Word = (None,)
Argument = Word | Rest


@dataclass(frozen=True, slots=True)
class Command:
    """
    One simple command, after expansion.

    `row` and `rows` count lines from 0 in the text that the command came from; `rows` has one
    entry a word, or none at all when every word stands in `row` (an argument vector).
    `expanded` says that shell text inside this command is already listed as commands of its own,
    `applied` that a database's own client reads what it prints.
    """

    words: tuple[Argument, ...]
    row: int = 0
    rows: tuple[int, ...] = ()
    environment: tuple[tuple[str, Word], ...] = ()
    stdin_text: Word | None = None
    stdin_row: int = 0
    expanded: bool = False
    applied: bool = False


def word(text: str) -> Word:
    """The word that is wholly known."""
    return (text,)


def normal(parts: Iterable[str | None]) -> Word:
    """The same word with neighbouring parts joined and empty ones left out; never empty."""
    joined: list[str | None] = []
    for part in parts:
        if part == "":
            continue
        last = joined[-1] if joined else None
        if part is not None and last is not None:
            joined[-1] = last + part
        elif not (part is None and joined and last is None):
            joined.append(part)
    return tuple(joined) or ("",)


def const(argument: Argument) -> str | None:
    """The text of a word that is wholly known, else None."""
    if isinstance(argument, Rest):
        return None
    if len(argument) == 1:
        return argument[0]
    if None in argument:
        return None
    return "".join(part for part in argument if part is not None)


def opaque(argument: Argument) -> bool:
    """Whether nothing at all is known about the argument."""
    return isinstance(argument, Rest) or all(part is None for part in argument)


def may_be(argument: Argument, text: str) -> bool:
    """Whether some value of the unknown parts makes the argument this text."""
    if isinstance(argument, Rest):
        return True
    if None not in argument:
        return const(argument) == text
    return bool(_pattern(argument).fullmatch(text))


def starts(argument: Argument) -> str:
    """The known text that the argument begins with; empty when it begins with something unknown."""
    if isinstance(argument, Rest) or not argument or argument[0] is None:
        return ""
    return argument[0]


def spaced(arguments: Iterable[Argument]) -> Word:
    """The words joined with single spaces, as `eval`, `ssh` and `watch` do."""
    parts: list[str | None] = []
    for index, argument in enumerate(arguments):
        if index:
            parts.append(" ")
        parts.extend((None,) if isinstance(argument, Rest) else argument)
    return normal(parts)


@lru_cache(maxsize=1024)
def _pattern(parts: Word) -> re.Pattern[str]:
    return re.compile("".join(".*" if part is None else re.escape(part) for part in parts), re.S)


def identity(command: Command) -> tuple[object, ...]:
    """What tells a command from others of the same text."""
    return (command.words, command.row, command.stdin_text, command.expanded)
