"""What a layout's scripts do: every command judged, and put into the place where it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from interlock_checks.commands.argv import HOLE
from interlock_checks.commands.judge import PythonText, judge
from interlock_checks.commands.model import Command, const
from interlock_checks.commands.shell import Script as ShellScript
from interlock_checks.commands.shell import read_script
from interlock_checks.documents.model import (
    Claim,
    Document,
    Entry,
    Job,
    Layout,
    Nested,
    Ran,
    Script,
    Stage,
    Unit,
)
from interlock_checks.facts import model as m

T = TypeVar("T")
_NAME = "__unknown__"
"""Stands in Python source for what only the system knows."""


@dataclass
class Outcome:
    """What one script does, in rows of the file."""

    claims: list[Claim] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    nested: dict[tuple[str, int], Nested] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    assumptions: list[tuple[int, str]] = field(default_factory=list)


def judge_layout(layout: Layout, path: str) -> Document:
    """All that the analysis keeps of a file, from what its format's reader saw."""
    outcomes = [judge_script(script) for script in layout.scripts]
    return Document(
        claims=_once([*layout.claims, *(one for o in outcomes for one in o.claims)]),
        system=layout.system,
        units=tuple(_unit(job, outcomes) for job in layout.jobs),
        nested=tuple(one for outcome in outcomes for one in outcome.nested.values()),
        entries=_once([one for outcome in outcomes for one in outcome.entries]),
        assumptions=_once([one for outcome in outcomes for one in outcome.assumptions]),
        problems=layout.problems,
        stages=layout.stages,
        includes=layout.includes,
        filters=layout.filters,
    )


def _once(found: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(found))


def _unit(job: Job, outcomes: Sequence[Outcome]) -> Unit:
    stages = []
    for part in job.parts:
        ran = [one for number in part.scripts for one in outcomes[number].ran]
        if part.calls:
            ran.append(Ran(part.row, calls=part.calls))
        stages.append(
            Stage(
                part.row,
                tuple(ran),
                part.condition,
                part.condition_row,
                part.after_failure,
                part.may_fail,
            )
        )
    return Unit(
        job.name,
        job.row,
        tuple(stages),
        job.after,
        job.loose,
        job.condition,
        job.condition_row,
        job.may_fail,
        job.order_row or job.row,
        job.passed_over,
        job.stage,
        job.staged,
    )


def judge_script(script: Script) -> Outcome:
    """What one script does."""
    outcome = Outcome()
    match script.form:
        case "python":
            _python(script, PythonText(script.text, 0), outcome)
        case "module" | "entry":
            name = const(script.text)
            if name is None:
                outcome.assumptions.append((script.rows[0], "the module that is run is not known"))
            else:
                outcome.entries.append(Entry(name, script.rows[0]))
        case "words":
            rows = tuple(range(len(script.words)))
            _command(script, Command(script.words, 0, rows), outcome)
        case "shell":
            found = read_script(
                script.text,
                arguments=script.arguments,
                environment=script.environment,
                errexit=script.errexit,
                pipefail=script.pipefail,
            )
            for command in found.commands:
                _command(script, command, outcome, found)
    return outcome


def _row(script: Script, row: int) -> int:
    return script.rows[min(max(row, 0), len(script.rows) - 1)]


def _command(
    script: Script, command: Command, outcome: Outcome, found: ShellScript | None = None
) -> None:
    verdict = judge(command)
    row = _row(script, command.row)
    if verdict.kind == "migration":
        outcome.claims.append(Claim("IL102", row, verdict.what, "is run"))
    elif verdict.kind == "unknown":
        outcome.assumptions.append((row, f"{verdict.what} is run"))
    for text in verdict.python:
        _python(script, text, outcome)
    outcome.entries.extend(Entry(name, row) for name in verdict.modules)
    calls = (*verdict.files, *verdict.calls)
    if calls or verdict.step:
        discarded = found.lost(command) if found is not None else None
        discarded = discarded or script.discarded
        outcome.ran.append(Ran(row, verdict.step, calls, True, discarded))


def _python(script: Script, found: PythonText, outcome: Outcome) -> None:
    """
    Python that the script hands to an interpreter.

    A part that is not known is no finding where it stands in a string: it is data there. Text of
    which nothing is known is an assumption, like the text that `curl ... | sh` runs.
    """
    if not any(found.text):
        place = _row(script, found.row)
        outcome.assumptions.append((place, "Python source that is not known here is run"))
        return
    # Loaded here because few files hold Python, and its parser takes long to load.
    from interlock_checks.facts.files import read_code

    text = "".join(_NAME if part is None else part for part in found.text).replace(HOLE, _NAME)
    if (text, found.row) in outcome.nested:
        return
    facts = read_code(text, places=True)
    if facts is None:
        if None in found.text or HOLE in "".join(p or "" for p in found.text):
            place = _row(script, found.row)
            outcome.assumptions.append((place, "Python source that is put together is run"))
        return
    spans = tuple(
        m.Span(row := _row(script, found.row + span.row - 1), 1, row, 1) for span in facts.spans
    )
    outcome.nested[text, found.row] = Nested(msgspec.structs.replace(facts, spans=spans))
