"""
The order in which a scope's code runs, kept for files near a guard.

While the reader walks a scope it marks what happens, in the order in which Python evaluates it:
a bracketed sequence, flat like bytecode. `interlock_checks.link.shape` reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from interlock_checks.catalogue.guards import INTERLOCK
from interlock_checks.facts import model as m

if TYPE_CHECKING:  # a file of which nothing has to be parsed is asked as well
    import libcst as cst

_WORD = re.compile(rf"\b{INTERLOCK.name}\b")


def is_near(path: str, text: str, extra: frozenset[str]) -> bool:
    """
    Whether the order of what a file does matters: it may call a guard, or is an env.py.

    Linking asks for the name `interlock` where an import leads to a guard.
    """
    if INTERLOCK.name in extra or path.rpartition("/")[2] == "env.py":
        return True
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return INTERLOCK.name in plain and _WORD.search(plain) is not None


class Recorder:
    """Collects the marks of all scopes of one file; nothing, unless it is `active`."""

    def __init__(self, active: bool) -> None:
        self.active = active
        self.places: list[cst.CSTNode] = []
        self.scopes: dict[int, list[m.Mark]] = {}
        self._current: list[m.Mark] = []

    def mark(self, op: str, node: int = -1, anchor: cst.CSTNode | None = None) -> None:
        """Note that something happens here; `anchor` is what a finding would point at."""
        if not self.active:
            return
        place = -1
        if anchor is not None:
            place = len(self.places)
            self.places.append(anchor)
        self._current.append(m.Mark(op, node, place))

    def end(self, count: int = 1) -> None:
        """Close the innermost brackets."""
        for _ in range(count):
            self.mark("end")

    @contextmanager
    def scope(self, number: int) -> Iterator[None]:
        """Note what follows as the code of the scope of that number."""
        outer, self._current = self._current, []
        yield
        if self.active:
            self.scopes[number] = self._current
        self._current = outer
