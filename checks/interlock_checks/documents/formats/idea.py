"""
Run configurations of JetBrains' editors: modules and scripts of Python, and texts for a shell.

The XML is not parsed, its elements are looked for: no entity of it is ever expanded.
"""

from __future__ import annotations

import re
from html import unescape

from interlock_checks.commands.argv import split
from interlock_checks.commands.model import Word, word
from interlock_checks.documents.model import Layout, Script
from interlock_checks.documents.sheet import Sheet

__all__ = ["read"]

_ELEMENT = re.compile(
    r"<(?P<name>configuration|option|env)\b(?P<rest>(?:\"[^\"<]*+\"|'[^'<]*+'|[^<>\"'])*+)>|\n"
)
_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def read(text: str, path: str) -> Layout:
    """What the configurations of a file start."""
    sheet = Sheet(re.compile(r"\$[A-Z_]+\$"))
    options: dict[str, tuple[str, int]] = {}
    environment: list[tuple[str, Word]] = []
    row = 1
    for found in _ELEMENT.finditer(text):
        attributes = _ATTRIBUTE.finditer(found["rest"] or "")
        given = {one[1]: unescape(one[2] or one[3] or "") for one in attributes}
        if found["name"] == "configuration":
            _add(options, tuple(environment), sheet)
            options, environment = {}, []
        elif "name" in given and "value" in given:
            if found["name"] == "env":
                environment.append((given["name"], sheet.word(given["value"])))
            else:
                options[given["name"]] = (given["value"], row)
        row += found[0].count("\n")
    _add(options, tuple(environment), sheet)
    return sheet.layout("idea")


def _add(
    options: dict[str, tuple[str, int]], environment: tuple[tuple[str, Word], ...], sheet: Sheet
) -> None:
    text, row = options.get("SCRIPT_TEXT", ("", 0))
    if text:
        rows = tuple([row] * (text.count("\n") + 1))
        how = Script("shell", sheet.word(text), rows=rows, environment=environment)
        sheet.add(how)
    script, row = options.get("SCRIPT_NAME") or options.get("SCRIPT_PATH") or ("", 0)
    if not script:
        return
    arguments = options.get("PARAMETERS") or options.get("SCRIPT_OPTIONS") or ("", row)
    by_name = options.get("MODULE_MODE", ("", 0))[0] == "true"
    start = [word("python"), word("-m")] if by_name else []
    if not by_name and "PARAMETERS" in options:
        start = [word("python")]
    words = (*start, sheet.word(script), *split(sheet.word(arguments[0])))
    rows = (*[row] * (len(start) + 1), *[arguments[1]] * len(words))[: len(words)]
    sheet.add(Script("words", words=words, rows=rows, environment=environment))
