"""Patterns of database URLs, in which `*` stands for any text: is one within another?"""

from __future__ import annotations

import re

__all__ = ["is_within", "may_meet"]

_LONGEST = 2000
"""Characters of a pattern that is compared; nothing is proved of a longer one."""

_PARTS = re.compile(r"(?P<scheme>.*?)://(?P<authority>[^/?]*)(?P<path>[^?]*)(?P<query>.*)", re.S)


def is_within(narrow: str, wide: str) -> bool:
    """
    Say whether every URL that fits `narrow` certainly fits `wide`.

    Held as whole texts and part by part, so that it is true for whoever compares texts and for
    whoever takes a URL apart first. Where it is not provable, the answer is no.
    """
    if narrow == wide:
        return True
    inner, outer = _PARTS.fullmatch(narrow), _PARTS.fullmatch(wide)
    if inner is None or outer is None or max(len(narrow), len(wide)) > _LONGEST:
        return False
    # A query can name another host, and what stands before an @ is no host at all.
    if inner["query"] and inner["query"] != outer["query"]:
        return False
    if "@" in narrow and "@" not in outer["authority"]:
        return False
    return (
        _covers(outer["scheme"], inner["scheme"])
        and _covers(outer["authority"], inner["authority"])
        and _covers(wide, narrow)
    )


def may_meet(one: str, other: str) -> bool:
    """Say whether some text fits both patterns; of long ones it is not ruled out."""
    if max(len(one), len(other)) > _LONGEST:
        return True
    # Where one can be in `other` after the part of `one` that was read so far.
    reached = _past_stars({0}, other)
    for sign in one:
        if sign == "*":
            reached = set(range(min(reached), len(other) + 1))
        else:
            reached = _past_stars(
                {
                    at + (other[at] != "*")
                    for at in reached
                    if at < len(other) and other[at] in (sign, "*")
                },
                other,
            )
        if not reached:
            return False
    return len(other) in reached


def _past_stars(places: set[int], pattern: str) -> set[int]:
    found = set(places)
    for place in places:
        at = place
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found


def _covers(wide: str, narrow: str) -> bool:
    """
    Say whether the texts of one pattern are among those of the other.

    Exact, not only safe: a `*` of `narrow` stands for any text, so also for a letter that `wide`
    does not hold, and such a letter fits nothing but a `*`.
    """
    at, position = 0, 0
    star, resumed = -1, 0
    while position < len(narrow):
        if at < len(wide) and wide[at] == "*":
            star, resumed = at, position
            at += 1
        elif at < len(wide) and wide[at] == narrow[position]:
            at += 1
            position += 1
        elif star >= 0:
            resumed += 1
            at, position = star + 1, resumed
        else:
            return False
    return not wide[at:].strip("*")
