"""The room that judges command lines: which of them change a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interlock_checks.commands.judge import PythonText, Verdict, judge
from interlock_checks.commands.model import (
    REST,
    UNKNOWN,
    Argument,
    Command,
    Rest,
    Word,
    const,
    word,
)

__all__ = [
    "REST",
    "UNKNOWN",
    "Argument",
    "Command",
    "PythonText",
    "Rest",
    "Verdict",
    "Word",
    "const",
    "judge",
    "judge_argv",
    "judge_shell",
    "word",
]


def judge_argv(
    words: Sequence[Argument], *, row: int = 0, stdin_text: Word | None = None
) -> Verdict:
    """The verdict on a process that is started with these arguments, the program first."""
    return judge(Command(tuple(words), row, stdin_text=stdin_text, stdin_row=row))


def judge_shell(
    script: Word | str, *, arguments: Sequence[Argument] = (REST,), stdin: Word | None = None
) -> list[tuple[Command, Verdict]]:
    """
    Every command of a shell text in order, with its verdict. Rows count from 0 in the text.

    `arguments` are its `$1`, `$2`, ...; a script file may be given any. `stdin` is what its
    commands can read.
    """
    from interlock_checks.commands.script import read_script
    from interlock_checks.commands.switches import discard

    text = read_script(script, arguments=arguments, stdin=stdin)
    found: list[tuple[Command, Verdict]] = []
    for command in text.commands:
        verdict = judge(command)
        lost = text.lost(command) if verdict.step else None
        switch = discard(command, verdict.step, lost) if lost else None
        if switch is not None:
            verdict = replace(verdict, switches=(*verdict.switches, switch))
        found.append((command, verdict))
    return found
