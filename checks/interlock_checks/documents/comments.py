"""Comments in files that are not Python, as far as they ask interlock to look away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from interlock_checks.documents.model import Claim
from interlock_checks.suppressions import may_hold, suppression

__all__ = ["suppression_claims"]

_LONGEST = 10_000
"""Characters of a line in which a comment is looked for."""
_BEGINS = re.compile(r"(?:^|\s)(?:#|//|;)")


def suppression_claims(text: str, known: tuple[tuple[int, str], ...]) -> Iterator[Claim]:
    """
    A claim for each such comment.

    Args:
        text: The file.
        known: The comments and their rows, where the reader of the format has told them; else a
            comment is what follows a mark of one that no quotation mark before it holds.
    """
    if not may_hold(text.encode("utf-8", "replace")):
        return
    for row, comment in known or _comments(text):
        said = suppression(comment)
        if said is not None:
            yield Claim("IL305", row, said, "")


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for row, line in enumerate(text.split("\n"), 1):
        for found in _BEGINS.finditer(line):
            before = line[: found.start()]
            if before.count('"') % 2 == 0 and before.count("'") % 2 == 0:
                yield row, line[found.end() :]
                break
            if found.start() > _LONGEST:
                break
