"""
What is left of a module for the parser, and the stem of its facts.

Facts hold no rows, so they follow from this text alone. Where a change leaves it as it was, since
it touches only comments or functions in which nothing can matter, the facts need no parse.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from interlock_checks.facts.cut import Cut, cut_down
from interlock_checks.facts.outline import outline
from interlock_checks.facts.relevant import Interest

LARGEST = 4_000_000
"""Characters left after cutting down; libcst needs about 300 bytes of memory for each."""


class SyntaxProblem(Exception):
    """The text is not Python that can be parsed; `row` is 1-based."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.message = message
        self.row = row


def remainder(text: str, interest: Interest, *, near: bool = False) -> Cut:
    """
    What is to be parsed of a module's text: all of it, if it is `near` a guard.

    Raises:
        SyntaxProblem: To parse it would take unreasonably long.
    """
    shape = outline(text)
    if shape.problem is not None:
        raise SyntaxProblem(*shape.problem)
    cut = Cut(text) if near else cut_down(text, shape, interest)
    if len(cut.text) > LARGEST:
        raise SyntaxProblem(f"the module is too large to be proved ({len(cut.text)} characters)", 1)
    return cut


def stem(cut: Cut, methods: Iterable[str], *, near: bool) -> bytes:
    """A digest of all that the facts of a module depend on, if it parses; 20 bytes."""
    kind = f"{'near' if near else 'far'}, {'complete' if cut.complete else 'cut'}"
    text = "\0".join((cut.text, *sorted(methods))).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=20, person=kind.encode()).digest()
