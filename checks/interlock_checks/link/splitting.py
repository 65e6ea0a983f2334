"""Text of which only parts are known, taken apart: words, and the names of paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from interlock_checks.link.values import UNKNOWN, Lit, Many, Text, Values, joined, merge

_UNKNOWN = "\uf8ff"
"""Stands for an unknown part while a text is taken apart: a character for private use."""


def split(parts: Sequence[str | None], how: Callable[[str], list[str]]) -> Values:
    """
    The list that `how` makes of a text, unknown parts within their words.

    What is unknown may hold the separator itself, so something unknown is among the alternatives.
    """
    if any(_UNKNOWN in part for part in parts if part is not None):
        return UNKNOWN
    try:
        words = how("".join(_UNKNOWN if part is None else part for part in parts))
    except (TypeError, ValueError):
        return UNKNOWN
    return merge([(Many(tuple((_text(word),) for word in words)),), UNKNOWN])


def _text(word: str) -> Lit | Text:
    known = word.split(_UNKNOWN)
    pieces: list[str | None] = [known[0]]
    for part in known[1:]:
        pieces += [None, part]
    return joined(pieces)


def named_otherwise(parts: Sequence[str | None], method: str, given: object) -> str | None:
    """What `with_stem` or `with_suffix` makes of the last name of a path; None if not known."""
    last = parts[-1] or ""
    name = last.rpartition("/")[2]
    if not isinstance(given, str) or not name or (name == last and len(parts) > 1):
        return None
    try:
        return PurePosixPath(str(getattr(PurePosixPath(name), method)(given))).name
    except ValueError:
        return None
