"""Vagrantfiles: the texts of shell provisioners, inline or in here-documents."""

from __future__ import annotations

import re

from interlock_checks.commands.argv import HOLE, unholed
from interlock_checks.documents.model import Job, Layout, Part, Script

_HEREDOC = re.compile(r"<<[-~]?([\"']?)([A-Za-z_]\w*)\1")
_INLINE = re.compile(r"\binline\s*(?::|=>|=)\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")


def read(text: str, path: str) -> Layout:
    """One job, in the order of the file."""
    lines = text.split("\n")
    scripts: list[Script] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        row = index + 1
        index += 1
        if line.lstrip().startswith("#"):
            continue
        for match in _INLINE.finditer(line):
            inner = re.sub(r"#\{[^}]*\}", HOLE, match[1][1:-1])
            scripts.append(Script("shell", unholed(inner), rows=(row,)))
        opened = _HEREDOC.search(line)
        if opened is not None:
            body: list[str] = []
            while index < len(lines) and lines[index].strip() != opened[2]:
                body.append(re.sub(r"#\{[^}]*\}", HOLE, lines[index]))
                index += 1
            rows = tuple(range(row + 1, row + 2 + len(body)))
            scripts.append(Script("shell", unholed("\n".join(body)), rows=rows))
    parts = tuple(Part(script.rows[0], (number,)) for number, script in enumerate(scripts))
    return Layout(tuple(scripts), "vagrant", (Job("", 1, parts),) if parts else ())
