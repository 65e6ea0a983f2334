"""
SQL that is made offline into a file, and the files that a database's own client runs.

Options are from the manuals of PostgreSQL 17, MySQL 9, MariaDB 11, SQLite 3.50 and sqlcmd.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from interlock_checks.commands.argv import tail
from interlock_checks.commands.judge import judge
from interlock_checks.commands.model import Argument, Command, Rest, Word, const

CLIENTS: Final = frozenset(
    "psql pgcli mysql mariadb mycli sqlite3 sqlplus sqlcmd usql cockroach".split()
)
_OFFLINE = "--sql"
_FILE: Final = ("-f", "--file", "-i", "--input-file")
_READS = re.compile(r"(?:\\i|\\include|\bsource|\.read|\A@)\s*([^\s;'\"]+)")
"""What a client's own language reads a file with."""
_SHOWING: Final = frozenset({"cat", "head", "tail", "envsubst", "zcat", "pv"})


def made_offline(command: Command) -> str | None:
    """What a command would do that only writes it down as SQL; None where it does not."""
    if not any(const(one) == _OFFLINE for one in command.words):
        return None
    words = tuple(one for one in command.words if const(one) != _OFFLINE)
    verdict = judge(replace(command, words=words, rows=(), applied=False))
    return verdict.what if verdict.kind == "migration" else None


def run_files(command: Command, inputs: Sequence[Word]) -> Iterator[str]:
    """The files that a command has run by a database; `inputs` are those of its redirections."""
    name = _program(command.words)
    if command.applied and name in _SHOWING:
        yield from (plain(one) for one in command.words[1:] if not isinstance(one, Rest))
    if name not in CLIENTS:
        return
    yield from map(plain, inputs)
    before = ""
    for one in command.words[1:]:
        text = "" if isinstance(one, Rest) else plain(one)
        if before in _FILE:
            yield text
        elif text.startswith("--") and text.partition("=")[0] in _FILE:
            yield text.partition("=")[2]
        elif text[:2] in _FILE and not text.startswith("--"):
            yield text[2:]
        yield from (found[1] for found in _READS.finditer(text))
        before = text


def plain(path: Word) -> str:
    """A path as it is written, with `*` for what is not known."""
    text = "".join("*" if part is None else part for part in path)
    return text.removeprefix("./") if text != "*" else ""


def _program(words: Sequence[Argument]) -> str | None:
    """The program, also behind those that only prepare it (`sudo`, `docker exec`)."""
    names = [tail(one) for one in words]
    return next((one for one in names if one in CLIENTS), names[0] if names else None)
