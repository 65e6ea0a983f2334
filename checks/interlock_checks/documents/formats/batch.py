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
_BLOCK = re.compile(r"<#(?:[^#]|#(?!>))*+#>")
_FRONT = re.compile(r"\s*@?\s*(?:(?:call|&)\s+)?", re.I)
_STARTER = re.compile(r"\s*(?:\$\w+\s*=\s*)?(?:start-process|saps|invoke-expression|iex)\b", re.I)
_STARTER_OPTION = re.compile(
    r"\s-(?:filepath|argumentlist|args|command|wait|nonewwindow|passthru)\b", re.I
)
_SAYING = frozenset("title write-host write-output write-warning write-verbose write-error".split())
_ENDS_WELL = re.compile(r"\s*\(?\s*exit(?:\s+/b)?(?:\s+0)\s*\)?\s*", re.I)


def read(text: str, path: str) -> Layout:
    """One job with a script for each command that is plainly written."""
    scripts: list[Script] = []
    comments: list[tuple[int, str]] = []
    text = _BLOCK.sub(lambda found: "\n" * found[0].count("\n"), text)
    for row, line in enumerate(text.split("\n"), 1):
        if _COMMENT.match(line):
            comments.append((row, line.strip()))
            continue
        for words, lost in commands(line):
            rows = (row,) * len(words)
            scripts.append(Script("words", words=words, rows=rows, discarded=lost))
    parts = tuple(Part(script.rows[0], (number,)) for number, script in enumerate(scripts))
    jobs = (Job("", 1, parts),) if parts else ()
    return Layout(tuple(scripts), "batch", jobs, comments=tuple(comments))


def commands(line: str) -> Iterator[tuple[tuple[Argument, ...], str | None]]:
    """
    The words of each command of a line, and what makes a success of its failure.

    Quotes keep separators from counting.
    """
    kept = re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: re.sub(r"[&|;{}]", "\ue001", m[0]), line)
    pieces = _SEPARATORS.split(kept)
    between = _SEPARATORS.findall(kept)
    for index, piece in enumerate(pieces):
        rest = _started(piece)
        words = tuple(
            unholed(_COMPUTED.sub(HOLE, next(one for one in match.groups() if one is not None)))
            for match in _WORD.finditer(rest)
        )
        if not words or words[0] == ("",) or rest.split(maxsplit=1)[0].lower() in _SAYING:
            continue
        lost = None
        if between[index : index + 1] not in ([], ["&&"]) and _ENDS_WELL.fullmatch(
            pieces[index + 1]
        ):
            lost = f"`{between[index]} {pieces[index + 1].strip()}`"
        yield words, lost


def _started(piece: str) -> str:
    """The command, without what only starts it: `call`, `Start-Process`, `iex`."""
    front = _FRONT.match(piece)
    rest = piece[front.end() if front else 0 :]
    starter = _STARTER.match(rest)
    if starter is None:
        return rest
    rest = _STARTER_OPTION.sub(" ", rest[starter.end() :]).replace(",", " ")
    return re.sub(r"[\"'()]", " ", rest).strip()
