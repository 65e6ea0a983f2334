"""Git's configuration as a file of the repository: aliases that begin with `!` are shell text."""

from __future__ import annotations

from interlock_checks.documents.ini_nodes import read_ini
from interlock_checks.documents.model import Layout, Script
from interlock_checks.documents.nodes import Map, Text
from interlock_checks.documents.sheet import Sheet

__all__ = ["read"]


def read(text: str, path: str) -> Layout:
    """What the aliases run: behind `!` a shell's text, else a command of git's own."""
    sheet = Sheet()
    # Indentation means nothing here, and a line goes on behind a backslash only.
    plain = "\n".join(line.strip() for line in text.split("\n"))
    for heading, section in read_ini(plain).effective():
        if heading.value.partition(" ")[0].lower() != "alias" or not isinstance(section, Map):
            continue
        for _, value in section.effective():
            if isinstance(value, Text):
                bare = value.value.strip()
                if bare[:1] == bare[-1:] == '"' and len(bare) > 1:
                    bare = bare[1:-1].replace('\\"', '"').replace("\\\\", "\\")
                run = bare[1:] if bare.startswith("!") else f"git {bare}"
                sheet.shell(Text(run, value.row, value.rows), Script("shell"))
    return sheet.layout("git")
