"""Which command lines of a shell text run a guard of interlock."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from interlock_checks.commands.argv import HOLE, Argv, Program, ShellText, unholed
from interlock_checks.commands.model import const
from interlock_checks.commands.script import read_script
from interlock_checks.commands.steps import MODULES, PROGRAM, step_of
from interlock_checks.commands.walk import launches

__all__ = ["MENTIONS", "guards_run"]

MENTIONS = re.compile(r"interlock|pre-commit|pre_commit|prek")
"""A text without it runs none of them."""

_EXPRESSION = re.compile(r"\$\{\{.{0,400}?\}\}|\$\[\[.{0,400}?\]\]|<<.{0,80}?>>", re.S)
_MEANT = {
    "check": ("check",),
    "verify": ("verify",),
    "backup": ("backup",),
    "migrate": ("migrate",),
    "deploy": ("verify", "backup", "migrate"),
    "hooks": ("hooks",),
}
_LONGEST = 40_000  # characters of a script that stands within a pipeline
_DEPTH = 4
"""Shells inside shells that are followed."""


def guards_run(script: str, depth: int = 0) -> Iterator[str]:
    """
    The guards and steps that a shell text runs, in order: `check`, `verify`, `backup`, `migrate`.

    `interlock deploy` is the last three; a hook manager that runs every hook, or one of ours, is
    `hooks`. Other commands of interlock hold nothing back, so they do not count.
    """
    if depth > _DEPTH or len(script) > _LONGEST or not MENTIONS.search(script):
        return
    for command in read_script(unholed(_EXPRESSION.sub(HOLE, script))).commands:
        rows = command.rows or (command.row,) * len(command.words)
        for launch in launches(Argv(command.words, rows)):
            if isinstance(launch, ShellText):
                inner = const(launch.text)
                # What was already expanded stands among the commands.
                if inner is not None and not command.expanded:
                    yield from guards_run(inner, depth + 1)
            elif isinstance(launch, Program) and launch.sureness == "sure":
                step = _step(launch)
                for one in _MEANT.get("hooks" if step.startswith("hooks:interlock") else step, ()):
                    part = _part(launch) if one == "check" else ""
                    yield f"{one} of {part}" if part else one


def _part(program: Program) -> str:
    """The folder that `interlock check FOLDER` looks at; empty if it is the repository."""
    words = [const(one) or "" for one in program.arguments.words]
    behind = words[words.index("check") + 1 :] if "check" in words else []
    plain = [
        one
        for before, one in itertools.pairwise(["", *behind])
        if not one.startswith("-") and not (before.startswith("--") and "=" not in before)
    ]
    folder = plain[0].removeprefix("./").rstrip("/") if plain else ""
    return "" if folder == "." else folder


def _step(program: Program) -> str:
    name = const(program.name) or ""
    if program.manner == "module":
        return MODULES.get(name) or step_of(
            PROGRAM if name in MODULES else name, program.arguments.words
        )
    return step_of(name, program.arguments.words)
