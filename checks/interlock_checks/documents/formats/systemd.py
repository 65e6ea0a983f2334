"""
Service units of systemd: every `Exec...=` line, as words.

Facts are from systemd.service(5) and systemd.syntax(7) of systemd 257.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from interlock_checks.commands.argv import HOLE, split
from interlock_checks.commands.model import Argument, Word, const
from interlock_checks.documents.model import Job, Layout, Part, Script

_KEY = re.compile(r"\s*(Exec[A-Za-z]*|Environment|SuccessExitStatus)\s*=\s*(.*)", re.S)
_VERDICTS = frozenset({"1", "3"})
"""Exit statuses of interlock that are a verdict: something was found, or was refused."""
_PREFIX = re.compile(r"[-@:+!|]*")
_COMPUTED = re.compile(r"%[a-zA-Z]|\$\{\w+\}|\$\w+")
_ORDER = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost")


def read(text: str, path: str) -> Layout:
    """One job: conditions, pre, start and post in that order, then reload and stop."""
    comments: list[tuple[int, str]] = []
    environment: tuple[tuple[str, Word], ...] = ()
    found: list[tuple[str, int, str]] = []
    passed: str | None = None
    for row, line in _logical(text):
        if line.lstrip().startswith(("#", ";")):
            comments.append((row, line.strip()))
        elif match := _KEY.match(line):
            if match[1] == "Environment":
                for one in split((match[2],)):
                    name, _, value = (const(one) or "").partition("=")
                    environment = (*environment, (name, (value,)))
            elif match[1] == "SuccessExitStatus":
                if not match[2].strip():
                    passed = None  # an empty value forgets the ones before
                elif _VERDICTS & set(match[2].split()):
                    passed = f"`SuccessExitStatus={match[2].strip()}`"
            else:
                found.append((match[1], row, match[2]))
    found.sort(key=lambda one: _ORDER.index(one[0]) if one[0] in _ORDER else len(_ORDER))
    scripts: list[Script] = []
    for _, row, value in found:
        prefix = _PREFIX.match(value.strip())
        marks = prefix[0] if prefix else ""
        discarded = "the prefix `-`" if "-" in marks else passed
        for words in _commands(value.strip()[len(marks) :], "@" in marks):
            rows = (row,) * max(len(words), 1)
            scripts.append(
                Script(
                    "words", words=words, rows=rows, environment=environment, discarded=discarded
                )
            )
    parts = tuple(Part(script.rows[0], (number,)) for number, script in enumerate(scripts))
    jobs = (Job(path.rpartition("/")[2], 1, parts),) if parts else ()
    return Layout(tuple(scripts), "systemd", jobs, comments=tuple(comments))


def _commands(value: str, named: bool) -> Iterator[tuple[Argument, ...]]:
    value = _COMPUTED.sub(HOLE, value.replace("%%", "%").replace("$$", "$"))
    words: list[Argument] = []
    for one in (*split((value,)), (";",)):
        if one == (";",):
            if words:
                # `@` gives the program another name as its first argument.
                yield (words[0], *words[2:]) if named else tuple(words)
            words = []
        else:
            words.append(one)


def _logical(text: str) -> Iterator[tuple[int, str]]:
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        row = index + 1
        line = lines[index]
        index += 1
        while line.endswith("\\") and index < len(lines):
            line = line[:-1] + " " + lines[index]
            index += 1
        yield row, line
