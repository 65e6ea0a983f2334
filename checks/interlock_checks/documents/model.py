"""
What a file that is not Python says, and nothing about any other file.

Two stages, both pure. A format's reader turns text into a `Layout`: what is executed, by whom, in
which order, under which conditions. Judging turns that into a `Document`, which is what the cache
keeps and what linking sees: every format is the same from there on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from interlock_checks.commands.model import Argument, Word
from interlock_checks.facts.model import Facts, Problem

WAVE = "wave "
"""Before the weight in the name of a stage that is ordered by weights."""
FILE = "no file "
"""Before the name of a target in its condition: it runs as long as there is no such file."""
MADE = "not made "
"""As `FILE`, of a target that makes the file itself."""
SERIAL = ".NOTPARALLEL"
"""The target of a makefile with which its prerequisites are never made at the same time."""
PROFILE = "profile"
"""The system of files that set up a shell in which somebody works."""
HOOK = "hook "
"""Before the name of a unit that should run interlock, because its hook is called so."""

Form = Literal["shell", "words", "python", "module", "entry"]


@dataclass(frozen=True, slots=True)
class Script:
    """
    Something that a file has executed, before it is judged.

    Attributes:
        form: How `text` or `words` is executed: by a shell, as an argument vector, by Python, as
            `python -m text`, or as the object that `package.module:name` means.
        text: Source, with None for the parts that only the system knows (`${{ ... }}`).
        words: The argument vector; of an object, the command under which it is installed.
        rows: The row in the file, from 1, of each line of `text` or of each word.
        environment: What the surroundings set for it (`env:`, `ENV`), outermost first.
        arguments: For a shell: what it may be called with (`$1`, ...).
        errexit, pipefail: Options of the shell that are on when the script starts.
        discarded: How the surroundings throw its exit status away, in their own words
            (`continue-on-error: true`); None where somebody sees it.
        image: The name of the container image in which it runs, where the file says it.
    """

    form: Form
    text: Word = ("",)
    words: tuple[Argument, ...] = ()
    rows: tuple[int, ...] = (1,)
    environment: tuple[tuple[str, Word], ...] = ()
    arguments: tuple[Argument, ...] = ()
    errexit: bool = False
    pipefail: bool = False
    discarded: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """
    One step of a job.

    Attributes:
        row: Where it stands.
        scripts: Indexes into `Layout.scripts`, in the order of their running.
        condition: The text of the condition on which it runs; None if it always does.
        condition_row: Where that condition stands; 0 if it says that the step runs at the same
            time as its neighbours, or instead of them.
        after_failure: It runs although an earlier step has failed (`if: always()`).
        may_fail: Its failure does not stop the steps after it.
        calls: Another unit that it runs: a job, target or reusable workflow by its name, or a
            file's path.
        discarded: How the exit status of what it calls is thrown away; None where it counts.
    """

    row: int
    scripts: tuple[int, ...] = ()
    condition: str | None = None
    condition_row: int = 0
    after_failure: bool = False
    may_fail: bool = False
    calls: tuple[str, ...] = ()
    discarded: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """
    A unit that its system schedules: a job, a Make target, a compose service.

    Attributes:
        name: As others refer to it.
        row: Where it stands.
        parts: Its steps in order.
        after: Names of the jobs that must have succeeded before it starts.
        loose: Names of the jobs that it waits for, whether they succeed or not.
        condition: On what it runs at all; None if always.
        condition_row: Where that condition stands.
        may_fail: Its failure stops nothing (`allow_failure`).
        order_row: Where its place in the order is decided (`needs:`, `stage:`); else `row`.
        passed_over: Names in `after` that hold nothing back when their own condition leaves them
            out; without that, a job that is left out takes with it those that come after it.
        stage: The stage it belongs to, in systems that order their stages.
        staged: It starts after all jobs of the earlier stages.
        abreast: Of the jobs in `after`, one may start or go on although another has failed.
    """

    name: str
    row: int
    parts: tuple[Part, ...] = ()
    after: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    condition: str | None = None
    condition_row: int = 0
    may_fail: bool = False
    order_row: int = 0
    passed_over: tuple[str, ...] = ()
    stage: str = ""
    staged: bool = False
    abreast: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """
    A file as its format's reader sees it.

    `system` names the scheduling rules that `jobs` follow, empty where there are no jobs.
    `comments` are pairs of a row and the text of a comment.
    `claims` are findings that need no command to be judged (a hook that never runs).
    `stages` are the names of stages in their order, `includes` the files that are part of the
    same pipeline, `filters` decide for which files a hook of interlock runs.
    `hooks` are the ids of the hooks that run interlock, in a configuration of pre-commit.
    """

    scripts: tuple[Script, ...] = ()
    system: str = ""
    jobs: tuple[Job, ...] = ()
    comments: tuple[tuple[int, str], ...] = ()
    claims: tuple[Claim, ...] = ()
    problems: tuple[Problem, ...] = ()
    stages: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    hooks: tuple[str, ...] = ()


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """
    A finding that stands in one file, unless it is at home: code, place, sentence.

    `needs` is what the repository must have for it to count; see `commands.switches.Switch`, and
    `hooks` (some hook of pre-commit runs interlock).
    """

    code: str
    row: int
    sink: str
    manner: str
    needs: str = ""


class Ran(msgspec.Struct, frozen=True, array_like=True):
    """
    A command that matters for order: a step of interlock, or a file, target or job that is run.

    Attributes:
        row: Where it stands.
        step: `verify`, `backup`, `migrate`, `deploy`, `check`, or "" for none.
        calls: Paths of scripts, `make:target`, `npm:script` and the like that it runs.
        sure: False where the shell text around it decides whether it runs at all.
        discarded: How its exit status is thrown away; None where it counts.
    """

    row: int
    step: str = ""
    calls: tuple[str, ...] = ()
    sure: bool = True
    discarded: str | None = None


class Stage(msgspec.Struct, frozen=True, array_like=True):
    """A `Part` after judging; `ran` in the order of running."""

    row: int
    ran: tuple[Ran, ...]
    condition: str | None
    condition_row: int
    after_failure: bool
    may_fail: bool


class Unit(msgspec.Struct, frozen=True, array_like=True):
    """A `Job` after judging."""

    name: str
    row: int
    stages: tuple[Stage, ...]
    after: tuple[str, ...]
    loose: tuple[str, ...]
    condition: str | None
    condition_row: int
    may_fail: bool
    order_row: int
    passed_over: tuple[str, ...]
    stage: str
    staged: bool
    abreast: bool = False


class Filter(msgspec.Struct, frozen=True, array_like=True):
    """
    What decides for which files a hook of interlock runs, in the terms of pre-commit.

    A file must match each of `wanted` and none of `refused` (regular expressions, searched), have
    all `types`, one of `any_types` if there are any, and none of `no_types`.
    """

    row: int
    name: str
    wanted: tuple[str, ...]
    refused: tuple[str, ...]
    types: tuple[str, ...]
    any_types: tuple[str, ...]
    no_types: tuple[str, ...]


class Nested(msgspec.Struct, frozen=True, array_like=True):
    """Python in the file: its facts, with spans that hold the rows of the file."""

    facts: Facts


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """
    A Python object (`package.module:name`) or module that the file has run, and where.

    `command` is the name under which it is installed as a program; empty if it is not.
    """

    name: str
    row: int
    command: str = ""


class Document(msgspec.Struct, frozen=True, array_like=True):
    """All that the analysis keeps of one file that is not Python."""

    claims: tuple[Claim, ...] = ()
    system: str = ""
    units: tuple[Unit, ...] = ()
    nested: tuple[Nested, ...] = ()
    entries: tuple[Entry, ...] = ()
    assumptions: tuple[tuple[int, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    stages: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    hooks: tuple[str, ...] = ()
    loosens: bool = False
    """A shell that sources it goes on after failures, because it ends with errexit off."""


ENCODER = msgspec.msgpack.Encoder()
DECODER = msgspec.msgpack.Decoder(Document)
