"""The words of one process, and what a process may turn out to start."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

from interlock_checks.commands.model import REST, UNKNOWN, Argument, Rest, Word, normal
from interlock_checks.commands.tools import SINKS

HOLE = "\ue000"
"""Stands for an unknown part where a library wants plain text. A private-use character."""
Sureness = Literal["sure", "guess"]
Manner = Literal["program", "module", "script"]
_VERSION = re.compile(r"-?\d[\d.]*\Z")
_PYTHON = re.compile(r"(?:python|pypy)w?[\d.]*(?:[-_][\w.]+)?|py|pyw|ipython3?|bpython", re.I)


@dataclass(frozen=True, slots=True)
class Argv:
    """The words of a command with the row of each."""

    words: tuple[Argument, ...]
    rows: tuple[int, ...]

    def after(self, count: int) -> Argv:
        return Argv(self.words[count:], self.rows[count:])

    def behind(self, *head: Argument) -> Argv:
        """The same words with others put in front, in the row of the first."""
        row = self.rows[0] if self.rows else 0
        return Argv((*head, *self.words), (*(row for _ in head), *self.rows))

    def row(self, index: int) -> int:
        return self.rows[index] if index < len(self.rows) else (self.rows[-1] if self.rows else 0)


@dataclass(frozen=True, slots=True)
class Program:
    """
    A program that is not stepped through. `name` has no directory when it is known.

    `path` is the word as it was written, where that is known to be the program.
    """

    name: Word | Rest
    arguments: Argv
    manner: Manner = "program"
    sureness: Sureness = "sure"
    path: Argument | None = None


@dataclass(frozen=True, slots=True)
class ShellText:
    """Text that a shell reads, with the words for its `$1`, `$2`, ..."""

    text: Word
    row: int
    positional: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class PythonSource:
    """Source text that a Python interpreter reads."""

    text: Word
    row: int


Launch = Program | ShellText | PythonSource


def tail(argument: Argument) -> str | None:
    """
    The known end of a path below its last directory: `alembic` of `{venv}/bin/alembic`.

    Of `{bin}alembic` it is `alembic` as well: the unknown part may end in a slash.
    """
    if isinstance(argument, Rest) or not argument or argument[-1] is None:
        return None
    path = argument[-1].rstrip("/")
    name = path[max(path.rfind("/"), path.rfind("\\")) + 1 :]
    if name[-4:].lower() in (".exe", ".cmd", ".bat"):
        name = name[:-4]
    if name[-1:].isdigit():
        # Distributions install one more for each Python: `alembic-3`, `flask-3.13`.
        plain = _VERSION.sub("", name)
        return plain if plain in SINKS else name
    return name


def parts_of(argument: Argument) -> Word:
    return UNKNOWN if isinstance(argument, Rest) else argument


def is_python(name: str) -> bool:
    """Whether a program of this name, without directory, is a Python interpreter."""
    return bool(_PYTHON.fullmatch(name))


def split(text: Word) -> tuple[Argument, ...]:
    """The words of a text by the rules of `shlex.split`; all unknown if it has no end quote."""
    try:
        words = shlex.split(holed(text))
    except ValueError:
        return (REST,)
    return tuple(REST if one == HOLE else unholed(one) for one in words)


def unholed(text: str) -> Word:
    """The word behind a text with holes."""
    parts: list[str | None] = []
    for index, piece in enumerate(text.split(HOLE)):
        if index:
            parts.append(None)
        parts.append(piece)
    return normal(parts)


def holed(text: Word) -> str:
    """The text of a word with a hole for each unknown part."""
    return "".join(HOLE if part is None else part for part in text)
