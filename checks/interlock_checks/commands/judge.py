"""
Whether a command line migrates a database.

Three grades of knowledge, three readings. Of a program that is known to be `alembic`, whatever is
not known is taken for the worst. Behind a program that nobody knows, a tool must be named in full
(`ssh-wrapper alembic upgrade head`). Where the program itself is unknown, its arguments must be
exactly those of a migration (`$TOOL upgrade head`): many programs have a verb `upgrade`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from interlock_checks.commands.argv import Argv, Program, PythonSource, ShellText, tail
from interlock_checks.commands.model import Argument, Command, Word, const, may_be, opaque, starts
from interlock_checks.commands.prefixes import marks
from interlock_checks.commands.steps import (
    HOOK_RUNNERS,
    STEPS,
    calls_of,
    file_of,
    step_of,
)
from interlock_checks.commands.steps import MODULES as STEP_MODULES
from interlock_checks.commands.steps import PROGRAM as STEP_PROGRAM
from interlock_checks.commands.switches import Switch, given, of_git, of_program, of_variable
from interlock_checks.commands.tool_arguments import (
    alembic_call,
    click_option,
    count_fits,
    front_verb,
    revisions_fit,
)
from interlock_checks.commands.tools import ALEMBIC, ALEMBIC_WRITES, FRONTS, MODULES, SINKS, Front
from interlock_checks.commands.walk import launches

Kind = Literal["innocent", "unknown", "migration"]
_RANK: dict[Kind, int] = {"innocent": 0, "unknown": 1, "migration": 2}
MAX_NESTING = 6
"""Shells inside shells that are followed; deeper, a command is unknown."""


@dataclass(frozen=True, slots=True)
class PythonText:
    """Source handed to a Python interpreter; `row` counts from 0 like `Command.row`."""

    text: Word
    row: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What a command does, as far as this room can tell.

    kind: `unknown` is an assumption, no finding: the program is decided at run time.
    what: short text for a message, such as "`alembic upgrade`"; empty when innocent.
    python: source for the caller to analyse as Python; the kind does not speak about it.
    files, modules: scripts that are run, and modules that `python -m` runs.
    step: which step of interlock it is; see `steps`.
    calls: what a runner runs: `make:deploy`, `npm:build`.
    switches: ways in which a hook would not run.
    """

    kind: Kind
    what: str = ""
    python: tuple[PythonText, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    step: str = ""
    calls: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()

    def worse(self, other: Verdict) -> Verdict:
        """Both verdicts in one."""
        first = self if _RANK[self.kind] >= _RANK[other.kind] else other
        return Verdict(
            first.kind,
            first.what,
            self.python + other.python,
            self.files + other.files,
            self.modules + other.modules,
            self.step or other.step,
            self.calls + other.calls,
            self.switches + other.switches,
        )


INNOCENT = Verdict("innocent")


def judge(command: Command, depth: int = 0) -> Verdict:
    """The worst that any reading of the command does. Never raises."""
    rows = command.rows or (command.row,) * len(command.words)
    stdin = None
    if command.stdin_text is not None:
        stdin = PythonSource(command.stdin_text, command.stdin_row)
    verdict = INNOCENT
    for launch in launches(Argv(command.words, rows), stdin):
        if isinstance(launch, PythonSource):
            found = Verdict("innocent", python=(PythonText(launch.text, launch.row),))
        elif isinstance(launch, ShellText):
            found = INNOCENT if command.expanded else _shell_text(launch, depth)
        else:
            found = _program(launch)
        verdict = verdict.worse(found)
    if command.applied and verdict.kind == "innocent":
        # SQL that goes into the database is no script that somebody will read.
        rest = tuple(one for one in command.words if const(one) != "--sql")
        if len(rest) < len(command.words):
            verdict = judge(replace(command, words=rest, rows=(), applied=False), depth)
    set_for_it = tuple(one for pair in given(command) for one in of_variable(*pair))
    return replace(verdict, switches=verdict.switches + set_for_it) if set_for_it else verdict


def _shell_text(launch: ShellText, depth: int) -> Verdict:
    from interlock_checks.commands.script import shell_commands

    if depth >= MAX_NESTING:
        return Verdict("unknown", "a deeply nested command")
    verdict = INNOCENT
    for inner in shell_commands(launch.text, arguments=launch.positional):
        found = judge(inner, depth + 1)
        texts = tuple(PythonText(one.text, one.row + launch.row) for one in found.python)
        verdict = verdict.worse(replace(found, python=texts))
    return verdict


def _program(program: Program) -> Verdict:
    name = program.name
    words = program.arguments.words
    text = const(name)
    if program.manner == "module":
        return _module(program)
    if program.manner == "script":
        file = file_of(name) if text is None else text
        files = (file,) if file is not None else ()
        if text is None and not (tail(name) or "").endswith(".py"):
            found = _unnamed(words, any(may_be(name, one) for one in SINKS))
            return replace(found, files=files)
        return Verdict("innocent", files=files).worse(_script(tail(name) or "", words))
    if text is None:
        if not opaque(name):
            verdict = INNOCENT
            for one in sorted(SINKS):
                if may_be(name, one):
                    verdict = verdict.worse(_tool(one, words, sure=True))
            return verdict.worse(Verdict("unknown", "a computed command"))
        return _unnamed(words, True)
    if text in SINKS:
        return _tool(text, words, sure=program.sureness == "sure")
    step = step_of(text, words)
    if program.sureness == "guess":
        return Verdict("innocent", step=step) if step in STEPS else INNOCENT
    switches = list(of_git(words) if text == "git" else of_program(text, words))
    front = _group(words, "db")
    if front is not None:
        # The Flask application of the repository, under its own name: `shop db upgrade`.
        what = f"`{text} {front.what.strip('`')}`"
        switches.append(Switch("IL102", what, "is run", f"front:{text}"))
    file = file_of(program.path) if program.path is not None else None
    known = Verdict(
        "innocent",
        files=(file,) if file else (),
        step=step,
        calls=calls_of(text, words),
        switches=tuple(switches),
    )
    return known.worse(_script(text, words)) if text.endswith(".py") else known


def _module(program: Program) -> Verdict:
    name = const(program.name)
    if name is not None:
        words = program.arguments.words
        step = ""
        if name in STEP_MODULES:
            step = step_of(STEP_PROGRAM, words) if not STEP_MODULES[name] else STEP_MODULES[name]
        elif name in HOOK_RUNNERS or name == "pytest":
            step = step_of(name, words)
        switches = tuple(of_program(name, words))
        return Verdict("innocent", modules=(name,), step=step, switches=switches)
    tools = [tool for module, tool in MODULES.items() if may_be(program.name, module)]
    if not tools:
        return INNOCENT
    words = program.arguments.words
    verdict = Verdict("unknown", "a module chosen at run time")
    if not words:
        return Verdict("migration", "`python -m` of a computed module")
    for tool in tools:
        found = _tool(tool, words, sure=True)
        if found.kind == "migration":
            verdict = Verdict("migration", f"{found.what} (a computed module)")
            break
    return verdict


def _unnamed(words: tuple[Argument, ...], possible: bool) -> Verdict:
    """An unknown program or script: only arguments that are exactly those of a migration count."""
    unknown = Verdict("unknown", "a computed command")
    if not possible or not words:
        return unknown
    call = alembic_call(words)
    if (
        call.verb in ALEMBIC_WRITES
        and call.clean
        and not call.offline
        and revisions_fit(call.verb, call.others)
    ):
        return Verdict("migration", f"`alembic {call.verb}` (a computed program)")
    # A front end's group must be named: `$MANAGE db upgrade`.
    for group in ("db", "database"):
        found = _group(words, group)
        if found is not None:
            return found
    return unknown


def _script(name: str, words: tuple[Argument, ...]) -> Verdict:
    """Flask-Script: `manage.py db upgrade`, whatever the file is called."""
    if not name.endswith(".py"):
        return INNOCENT
    found = _group(words, "db")
    return found if found is not None else INNOCENT


def _group(words: tuple[Argument, ...], group: str) -> Verdict | None:
    """A migration written `... GROUP [OPTION...] VERB ...` with both words in full."""
    for index, argument in enumerate(words):
        if const(argument) == group:
            front = Front("", frozenset())
            verb, offline = front_verb(front, words[index + 1 :])
            if verb in ("upgrade", "downgrade", "stamp") and not offline:
                return Verdict("migration", f"`{group} {verb}`")
            return None
        if not opaque(argument) and not starts(argument).startswith("-") and index > 1:
            return None
    return None


def _tool(name: str, words: tuple[Argument, ...], sure: bool) -> Verdict:
    if name == ALEMBIC:
        return _alembic(words, sure)
    return _front(name, FRONTS[name], words, sure)


def _alembic(words: tuple[Argument, ...], sure: bool) -> Verdict:
    call = alembic_call(words)
    if call.verb is None:
        if call.uncertain and sure:
            return Verdict("migration", "`alembic` with a computed command")
        return INNOCENT
    if call.verb not in ALEMBIC_WRITES or call.offline:
        return INNOCENT
    if not sure and not (call.clean and count_fits(call.verb, call.others)):
        return INNOCENT
    return Verdict("migration", f"`alembic {call.verb}`")


def _front(name: str, front: Front, words: tuple[Argument, ...], sure: bool) -> Verdict:
    """A Click application: `flask [OPTION...] db [OPTION...] VERB ...`."""
    title = name
    if front.groups:
        known = marks(front.options)
        index = 0
        while index < len(words):
            text = starts(words[index])
            whole = const(words[index])
            if opaque(words[index]):
                # Unknown options, or the group itself; the verb behind it must be named.
                rest = words[index + 1 :]
                if rest and const(rest[0]) in front.writes:
                    break
                index += 1
            elif text.startswith("-") and len(text) > 1:
                mark, attached, _ = click_option(text, known)
                if mark == "!":
                    return INNOCENT
                index += 2 if mark and not attached else 1
            elif whole is None:
                if any(may_be(words[index], group) for group in front.groups):
                    break
                return INNOCENT
            elif whole in front.groups:
                title = f"{name} {whole}"
                break
            else:
                return INNOCENT
        else:
            return INNOCENT
        words = words[index + 1 :]
        if title == name:
            sure = False
            title = f"{name} db"
    verb, offline = front_verb(front, words)
    if verb is None:
        worst = sure and any(True for _ in words) and not offline
        return Verdict("migration", f"`{title}` with a computed command") if worst else INNOCENT
    if verb in front.writes and not offline:
        return Verdict("migration", f"`{title} {verb}`")
    return INNOCENT
