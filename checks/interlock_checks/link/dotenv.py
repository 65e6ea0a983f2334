"""What python-dotenv makes of a text: lines `NAME=value`, as its version 1.2 reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from interlock_checks.link.values import Bound, Ext, Given, Lit, Table, Values

STREAM = "io.StringIO"
"""What a text is given in."""

_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"""
    r"""(?:'(?P<single>[^'\n]*)'|"(?P<double>[^"\n]*)"|(?P<plain>[^#\n]*))""",
    re.MULTILINE,
)


def variables(given: Sequence[Given]) -> Table | None:
    """The variables of the stream among the arguments; None where its text is not known."""
    for one in given:
        for value in one.values:
            if isinstance(value, Bound) and value.func == Ext(STREAM):
                return _table(value.args[0].values)
    return None


def _table(texts: Values) -> Table | None:
    pairs: list[tuple[Values, Values]] = []
    for text in texts:
        if not isinstance(text, Lit) or not isinstance(text.value, str):
            return None
        for line in _LINE.finditer(text.value):
            value = line["single"] or line["double"] or (line["plain"] or "").strip()
            pairs.append(((Lit(line["name"]),), (Lit(value),)))
    return Table(tuple(pairs))
