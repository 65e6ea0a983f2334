"""The clauses that a CONTRACT.md states."""

from __future__ import annotations

import re

__all__ = ["clauses"]

_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|^[ \t]*(?P<fence>`{3,}|~{3,}).*?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)",
    re.M | re.S,
)
# A clause stands at the start of a heading, an item, a row of a table or a paragraph.
_CLAUSE = re.compile(
    r"^[ \t>]*(?:\#{1,6}[ \t]+|[-*+][ \t]+|\d+[.)][ \t]+|\|[ \t]*)?(?:clause[ \t]+)?"
    r"[*_`~\[]*(?P<name>C[1-9]\d?)\b(?!~~)",
    re.M | re.I,
)


def clauses(text: str) -> dict[str, int]:
    """Clause -> row (from 1) where it is first stated; not in comments or blocks of code."""
    shown = _HIDDEN.sub(lambda match: "\n" * match[0].count("\n"), text)
    found: dict[str, int] = {}
    row, last = 1, 0
    for match in _CLAUSE.finditer(shown):
        row += shown.count("\n", last, match.start())
        last = match.start()
        found.setdefault(match["name"].upper(), row)
    return found
