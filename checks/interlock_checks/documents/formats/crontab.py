"""Crontabs of users and of the system (with a user before the command)."""

from __future__ import annotations

import re

from interlock_checks.commands.argv import unholed
from interlock_checks.commands.model import Word
from interlock_checks.documents.model import Job, Layout, Part, Script

_FIELD = r"(?:[\d*][\d*,/\-~LW#]*|[A-Za-z]{3}(?:[,\-/][A-Za-z\d]+)*)"
_LINE = re.compile(rf"\s*(?:@\w+|{_FIELD}(?:\s+{_FIELD}){{4}})\s+(\S.*)")
_SETTING = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*)")
_USER = re.compile(r"[a-z_][a-z0-9_\-]*\$?\s+(?=\S)")


def read(text: str, path: str) -> Layout:
    """Every line is a job of its own; a `%` that is not escaped ends the command."""
    system = "cron.d/" in path
    either = path.rpartition("/")[2] == "crontab"
    environment: tuple[tuple[str, Word], ...] = ()
    scripts: list[Script] = []
    jobs: list[Job] = []
    comments: list[tuple[int, str]] = []
    for row, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            comments.append((row, line.strip()))
        elif match := _LINE.match(line):
            command = re.split(r"(?<!\\)%", match[1])[0].replace("\\%", "%")
            readings = [command]
            if (system or either) and (user := _USER.match(command)):
                # `crontab` may be of a user or of the system: both readings count.
                readings = [*readings[:either], command[user.end() :]]
            for reading in readings:
                scripts.append(
                    Script("shell", unholed(reading), rows=(row,), environment=environment)
                )
                jobs.append(Job(str(row), row, (Part(row, (len(scripts) - 1,)),)))
        elif match := _SETTING.match(line):
            environment = (*environment, (match[1], unholed(match[2].strip().strip("\"'"))))
    return Layout(tuple(scripts), "cron", tuple(jobs), comments=tuple(comments))
