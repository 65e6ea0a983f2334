"""
INI as tox and setuptools read it: sections of keys, whose values go on in indented lines.

Every value keeps its lines apart, with the row of each. Comments start with `#` or `;`.
"""

from __future__ import annotations

import re

from interlock_checks.documents.nodes import Map, Text

__all__ = ["read_ini"]

_SECTION = re.compile(r"\[([^\]\n]*)\]")
_PAIR = re.compile(r"([^=:\s][^=:\n]*?)[ \t]*[=:][ \t]*(.*)")


def read_ini(text: str) -> Map:
    """The sections of a text; what is no section and no key is left out, as configparser would."""
    root = Map(1)
    section: Map | None = None
    lines: list[str] | None = None
    rows: list[int] = []

    def finish() -> None:
        if section is not None and lines is not None:
            value = section.pairs[-1][1]
            if isinstance(value, Text):
                value.value, value.rows = "\n".join(lines), tuple(rows)

    for row, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if line[0] in " \t" and lines is not None:
            lines.append(bare)
            rows.append(row)
            continue
        finish()
        lines = None
        if found := _SECTION.match(bare):
            section = Map(row)
            root.add(Text(found[1].strip(), row), section)
        elif section is not None and (pair := _PAIR.match(bare)):
            lines, rows = [pair[2]], [row]
            section.add(Text(pair[1].strip(), row), Text(pair[2], row, (row,)))
    finish()
    return root
