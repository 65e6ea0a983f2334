"""Batch files and PowerShell, line by line: only words that stand there in full are read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from interlock_checks.commands.argv import HOLE, unholed
from interlock_checks.commands.model import Argument
from interlock_checks.documents.model import Job, Layout, Part, Script

_SEPARATORS = re.compile(r"&&|\|\||[&|;{}]")
_WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s\"']+)")
_COMPUTED = re.compile(r"%~?\w+%?|%%~?\w|!\w+!|\$\{[^}]*\}|\$\([^)]*\)|\$(?:env:)?\w+")
_COMMENT = re.compile(r"\s*(?:@?rem\b|::|#)", re.I)
_FRONT = re.compile(r"\s*@?\s*(?:(?:call|&)\s+)?", re.I)


def read(text: str, path: str) -> Layout:
    """One job with a script for each command that is plainly written."""
    scripts: list[Script] = []
    comments: list[tuple[int, str]] = []
    for row, line in enumerate(text.split("\n"), 1):
        if _COMMENT.match(line):
            comments.append((row, line.strip()))
            continue
        for words in commands(line):
            rows = (row,) * len(words)
            scripts.append(Script("words", words=words, rows=rows))
    parts = tuple(Part(script.rows[0], (number,)) for number, script in enumerate(scripts))
    jobs = (Job("", 1, parts),) if parts else ()
    return Layout(tuple(scripts), "batch", jobs, comments=tuple(comments))


def commands(line: str) -> Iterator[tuple[Argument, ...]]:
    """The words of each command of a line; quotes keep separators from counting."""
    kept = re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: re.sub(r"[&|;{}]", "\ue001", m[0]), line)
    for piece in _SEPARATORS.split(kept):
        front = _FRONT.match(piece)
        rest = piece[front.end() if front else 0 :]
        words = tuple(
            unholed(_COMPUTED.sub(HOLE, next(one for one in match.groups() if one is not None)))
            for match in _WORD.finditer(rest)
        )
        if words and words[0] != ("",):
            yield words
