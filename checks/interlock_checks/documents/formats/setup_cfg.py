"""setup.cfg: entry points, and the sections of tools that may stand there."""

from __future__ import annotations

import re

from interlock_checks.documents.formats.tox import add_commit, add_pytest_options, read_tox
from interlock_checks.documents.ini_nodes import read_ini
from interlock_checks.documents.model import Layout, Script
from interlock_checks.documents.nodes import Map, Text, child
from interlock_checks.documents.sheet import Sheet

__all__ = ["read"]


def read(text: str, path: str) -> Layout:
    """What the entry points and environments of a file run."""
    sheet = Sheet(re.compile(r"\{[^{}]*\}"))
    root = read_ini(text)
    sections = [root] if path.endswith("entry_points.txt") else []
    points = child(root, "options.entry_points") or child(root, "entry_points")
    if isinstance(points, Map):
        sections.append(points)
    for section in sections:
        for _, value in section.effective():
            if isinstance(value, Text):
                _lines(value, sheet)
            elif isinstance(value, Map):
                for name, one in value.effective():
                    if isinstance(one, Text):
                        sheet.object(one, Script("entry"), name.value)
    arguments = child(root, "bumpversion", "commit_args")
    if isinstance(arguments, Text):
        add_commit(arguments, sheet)
    read_tox(text, sheet, None)
    add_pytest_options(root, sheet)
    return sheet.layout("tox")


def _lines(value: Text, sheet: Sheet) -> None:
    for line, row in zip(value.value.split("\n"), value.rows, strict=False):
        name, equals, target = line.partition("=")
        if equals and ":" in target:
            sheet.object(Text(target.strip(), row, (row,)), Script("entry"), name.strip())
