"""Procfiles: one process type a line, its command read by a shell."""

from __future__ import annotations

import re

from interlock_checks.commands.argv import unholed
from interlock_checks.documents.model import Job, Layout, Part, Script

_LINE = re.compile(r"\s*([A-Za-z0-9_.\-]+)\s*:\s*(\S.*)")


def read(text: str, path: str) -> Layout:
    """Every process type is a job of its own; `release` runs before the others."""
    scripts: list[Script] = []
    jobs: list[Job] = []
    comments: list[tuple[int, str]] = []
    for row, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            comments.append((row, line.strip()))
        elif match := _LINE.match(line):
            scripts.append(Script("shell", unholed(match[2]), rows=(row,)))
            after = () if match[1] == "release" else ("release",)
            jobs.append(Job(match[1], row, (Part(row, (len(scripts) - 1,)),), after=after))
    return Layout(tuple(scripts), "procfile", tuple(jobs), comments=tuple(comments))
