"""
Where uses stand, without reading again all of the file that they stand in.

Places are wanted for a few uses only. Their file is parsed once more for them, but for the
functions in which none of them stands: what is left has fewer uses, in the same order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from interlock_checks.facts import model as m

Kind = tuple[str, str, int]
"""The outermost function that a use stands in, its manner and its slot."""


class Placed(msgspec.Struct, frozen=True, array_like=True):
    """The uses of a file, or of a part of it, and their `spans` as in `model.Facts`."""

    kinds: tuple[Kind, ...] = ()
    spans: tuple[m.Span, ...] = ()


PLACED = msgspec.msgpack.Decoder(Placed)


def placed(facts: m.Facts) -> Placed:
    """What is kept of facts with spans."""
    return Placed(_kinds(facts), facts.spans)


def functions(facts: m.Facts, numbers: Iterable[int]) -> frozenset[str] | None:
    """The outermost functions that these places stand in; None where they are not told apart."""
    if facts.near:
        return None
    found: set[str] = set()
    for number in numbers:
        if number >= len(facts.uses):
            return None
        found.add(_outermost(facts, facts.uses[number].scope))
    return frozenset(found)


def spans_by_number(
    facts: m.Facts, part: Placed, inside: Collection[str] | None
) -> Mapping[int, m.Span] | None:
    """
    The spans by the numbers of the places; None if `part` is no part of the file.

    Args:
        facts: The facts of the whole file.
        part: What was placed of it.
        inside: The functions that were not left out; None if nothing was.
    """
    kinds = _kinds(facts)
    if inside is None:
        numbers = list(range(len(part.spans)))
    else:
        numbers = [n for n, one in enumerate(kinds) if not one[0] or one[0] in inside]
    if part.kinds != tuple(kinds[n] for n in numbers if n < len(kinds)):
        return None
    return dict(zip(numbers, part.spans, strict=False))


def _kinds(facts: m.Facts) -> tuple[Kind, ...]:
    return tuple((_outermost(facts, use.scope), use.manner, use.slot) for use in facts.uses)


def _outermost(facts: m.Facts, number: int) -> str:
    name = ""
    while 0 < number < len(facts.scopes):
        scope = facts.scopes[number]
        name = scope.name if scope.kind == "function" else name
        number = scope.parent
    return name
