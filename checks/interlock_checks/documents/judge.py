"""What a layout's scripts do: every command judged, and put into the place where it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

import msgspec

from interlock_checks.commands.applied import made_offline, plain, run_files
from interlock_checks.commands.argv import HOLE, holed, tail
from interlock_checks.commands.forgetting import forgotten
from interlock_checks.commands.judge import PythonText, judge
from interlock_checks.commands.model import Command, Rest, Word, const
from interlock_checks.commands.script import Script as ShellScript
from interlock_checks.commands.script import read_script
from interlock_checks.commands.steps import PROGRAM, STEPS
from interlock_checks.commands.switches import (
    Switch,
    discard,
    forges,
    given,
    is_state,
    of_variable,
    replaces_program,
    rewrites_contract,
    writes_state,
)
from interlock_checks.commands.written import Written
from interlock_checks.documents.model import (
    PROFILE,
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
from interlock_checks.facts.model import Problem

T = TypeVar("T")
CI_SYSTEMS = frozenset(
    "github gitlab circleci azure buildkite jenkins bitbucket drone woodpecker travis appveyor"
    " semaphore cloudbuild".split()
)
"""Systems that set CI variables themselves, so that a file of theirs forges nothing."""
MOST_STEPS = 24
"""Steps of one script whose order is looked at."""
MOST_FILES = 200
"""Files written by one script that are looked at."""
FARTHEST = 100
"""Lines of a script in which the next line of what it writes is looked for."""
NOTHING = Document()
_STEPS = frozenset({*STEPS, "any"})
_FORGED = "is set for a command of interlock by the script that runs it"
_LASTING = "is set for every command of a shell that is set up so"
_WRITTEN = Switch("IL304", ".interlock/", "is written by a script, not by the step it is about")
_REWRITTEN = Switch("IL304", "the contract", "is rewritten by a script, which then is proved by it")
_REPLACED = Switch("IL303", "`interlock`", "is replaced by a function of the script", "")
_ANOTHER = Switch("IL303", "`interlock`", "is replaced by another program")
_NAME = "__unknown__"
"""Stands in Python source for what only the system knows."""


@dataclass
class Outcome:
    """What one script does, in rows of the file."""

    claims: list[Claim] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    nested: dict[tuple[str, int], Nested] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    steps: list[tuple[Command, str, int]] = field(default_factory=list)
    assumptions: list[tuple[int, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    loosens: bool = False
    offline: dict[str, str] = field(default_factory=dict)
    """Files of SQL that a command has made offline, and what that would have done."""
    applied: list[tuple[str, int]] = field(default_factory=list)
    """Files that a database's own client runs, and where."""


Reading = Callable[[str, str], Document]
"""Reads a text as the file of a name would be read."""


def judge_layout(layout: Layout, read: Reading) -> Document:
    """
    All that the analysis keeps of a file, from what its format's reader saw.

    Files that a script writes are `read` as if they were there.
    """
    inside = layout.system in CI_SYSTEMS
    lasting = layout.system == PROFILE
    outcomes = [
        judge_script(script, read, in_ci=inside, lasting=lasting) for script in layout.scripts
    ]
    return Document(
        claims=_once(
            [*layout.claims, *(one for o in outcomes for one in o.claims), *_offline(outcomes)]
        ),
        system=layout.system,
        units=tuple(_unit(job, outcomes) for job in layout.jobs),
        nested=tuple(one for outcome in outcomes for one in outcome.nested.values()),
        entries=_once([one for outcome in outcomes for one in outcome.entries]),
        assumptions=_once([one for outcome in outcomes for one in outcome.assumptions]),
        problems=_once([*layout.problems, *(one for o in outcomes for one in o.problems)]),
        stages=layout.stages,
        includes=layout.includes,
        filters=layout.filters,
        hooks=layout.hooks,
        loosens=layout.system in ("shell", PROFILE) and any(one.loosens for one in outcomes),
    )


def _once(found: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(found))


def _unit(job: Job, outcomes: Sequence[Outcome]) -> Unit:
    stages = []
    for part in job.parts:
        ran = [one for number in part.scripts for one in outcomes[number].ran]
        if part.calls:
            ran.append(Ran(part.row, calls=part.calls, discarded=part.discarded))
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
        job.abreast,
    )


def judge_script(
    script: Script, read: Reading, *, in_ci: bool = False, lasting: bool = False
) -> Outcome:
    """
    What one script does.

    `lasting`: what it sets holds for the commands that somebody types after it.
    `in_ci`: its surroundings are those of a CI system, which sets CI variables by itself.
    """
    outcome = Outcome()
    for variable, value in script.environment:
        for switch in of_variable(variable, value):
            claim(outcome, script.rows[0], switch)
    match script.form:
        case "python":
            _python(script, PythonText(script.text, 0), outcome)
        case "module" | "entry":
            name = const(script.text)
            if name is None:
                outcome.assumptions.append((script.rows[0], "the module that is run is not known"))
            else:
                installed = next((const(one) or "" for one in script.words), "")
                outcome.entries.append(Entry(name, script.rows[0], installed))
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
            if found.open_row is not None:
                row = _row(script, found.open_row)
                outcome.problems.append(Problem("a quote is opened here and never closed", row))
            outcome.loosens = found.walk.loosens
            _applied(script, found, outcome)
            _settings(script, found, outcome, lasting=lasting)
            for path, at in found.walk.writes if in_ci else ():
                if const(path) in ("interlock.toml", "./interlock.toml"):
                    # A pipeline has one in its checkout already; elsewhere this may set one up.
                    claim(outcome, _row(script, at), _REWRITTEN)
            _conditional(script, found, outcome)
            _written(script, found.walk.written, read, outcome)
    if not in_ci:
        _forged(script, outcome)
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
    for one in verdict.switches:
        claim(outcome, row, one)
    for name, value in given(command):
        if verdict.step in _STEPS and forges(name, value):
            claim(outcome, row, Switch("IL304", name, _FORGED, ""))
    if writes_state(command.words):
        claim(outcome, row, _WRITTEN)
    if rewrites_contract(command.words):
        claim(outcome, row, _REWRITTEN)
    if replaces_program(command.words):
        claim(outcome, row, _ANOTHER)
    calls = (*verdict.files, *verdict.calls, *(f"module:{one}" for one in verdict.modules))
    if calls or verdict.step:
        discarded = found.lost(command) if found is not None else forgotten(command.words)
        discarded = discarded or script.discarded
        switch = discard(command, verdict.step, discarded) if discarded else None
        if switch is not None:
            claim(outcome, row, switch)
        elif found is not None and verdict.step in STEPS:
            for file in found.loosened(command):
                manner = f"loses its exit status to `set +e` in {file}, which is sourced before it"
                claim(
                    outcome,
                    row,
                    Switch("IL306", f"`interlock {verdict.step}`", manner, f"loose:{file}"),
                )
        outcome.steps.append((command, verdict.step, len(outcome.ran)))
        outcome.ran.append(Ran(row, verdict.step, calls, True, discarded))


def claim(outcome: Outcome, row: int, switch: Switch) -> None:
    """Notes a switch that stands in that row of the file."""
    outcome.claims.append(Claim(switch.code, row, switch.what, switch.manner, switch.needs))


def _applied(script: Script, found: ShellScript, outcome: Outcome) -> None:
    """Files of SQL that are made offline, and those that a database runs."""
    walk = found.walk
    inputs: dict[int, list[Word]] = {}
    for path, row in walk.inputs:
        inputs.setdefault(row, []).append(path)
    for command in found.commands:
        what = made_offline(command)
        if what is not None:
            into = [path for path, row in walk.writes if row == command.row]
            for other in found.commands:
                if other.row == command.row and tail(other.words[0]) in ("tee", "sponge"):
                    into += [one for one in other.words[1:] if not isinstance(one, Rest)]
            outcome.offline.update((plain(path), what) for path in into)
        for file in run_files(command, inputs.get(command.row, ())):
            outcome.applied.append((file, _row(script, command.row)))


def _offline(outcomes: Sequence[Outcome]) -> Iterator[Claim]:
    """SQL of a migration that one command writes down and another gives to a database."""
    made = {path: what for one in outcomes for path, what in one.offline.items() if path}
    for outcome in outcomes if made else ():
        for path, row in outcome.applied:
            if path in made:
                yield Claim("IL102", row, made[path], f"is run from `{path}`")


def _settings(
    script: Script, found: ShellScript, outcome: Outcome, *, lasting: bool = False
) -> None:
    """What the text sets for the commands after it, and what it writes."""
    walk = found.walk
    steps = [one.row for one in outcome.ran if one.step in _STEPS]
    for node, frame in walk.bodies(PROGRAM):
        first, last = (
            _row(script, frame.row + point[0]) for point in (node.start_point, node.end_point)
        )
        asked = any(step in STEPS for step in walk.first_words.get(PROGRAM, ()))
        if asked and not any(first <= row <= last for row in steps):
            claim(outcome, first, _REPLACED)
    for (name, value, row), exported in walk.settings.items():
        for switch in of_variable(name, value):
            if exported or name in walk.exported or name == "PATH":
                claim(outcome, _row(script, row), switch)
        if not forges(name, value) or not (exported or name in walk.exported):
            continue
        if steps:
            claim(outcome, _row(script, row), Switch("IL304", name, _FORGED, ""))
        elif lasting:
            claim(outcome, _row(script, row), Switch("IL304", name, _LASTING))
    for one in walk.written:
        if one.path.endswith(f"bin/{PROGRAM}") and PROGRAM not in (const(one.text) or PROGRAM):
            claim(outcome, _row(script, one.row), _ANOTHER)
    for path, row in walk.writes:
        if is_state(path):
            claim(outcome, _row(script, row), _WRITTEN)


_AFTER: Mapping[str, frozenset[str]] = {
    "check": frozenset({"migrate", "deploy"}),
    "verify": frozenset({"migrate"}),
    "backup": frozenset({"migrate"}),
}
"""Steps that a script may only come to after another has run."""


def _conditional(script: Script, found: ShellScript, outcome: Outcome) -> None:
    """Marks the steps that a later one can do without, as the text decides it."""
    steps = outcome.steps[:MOST_STEPS]
    if {step for _, step, _ in steps if step in _STEPS} == {"check"}:
        checks = [command for command, step, _ in steps if step == "check"]
        for at in (at for command in checks for at in found.switched(command)):
            manner = "is kept from running by what is asked here"
            claim(outcome, _row(script, at), Switch("IL301", "`interlock check`", manner, ""))
    for command, step, number in steps:
        later = [one for one, other, _ in steps if other in _AFTER.get(step, ())]
        same = [one for one, other, _ in steps if other == step]
        if any(found.passed_over(command, one, same) for one in later):
            outcome.ran[number] = msgspec.structs.replace(outcome.ran[number], sure=False)
            if step == "check":
                manner = "runs only on a condition, and what comes after it runs without it"
                row = _row(script, command.row)
                claim(outcome, row, Switch("IL301", "`interlock check`", manner, ""))


def _written(script: Script, written: Iterable[Written], read: Reading, outcome: Outcome) -> None:
    """What the files do that the script writes: it stands where their lines stand in the script."""
    lines: list[str] = []
    for one in islice(written, MOST_FILES):
        if not any(one.text):
            continue
        python = one.path.endswith(".py")
        text = holed(one.text)
        document = NOTHING if python else read(one.path, text)
        if document == NOTHING and not python:
            continue
        lines = lines or holed(script.text).split("\n")
        places = _places(text.split("\n"), lines, one.row)
        if python:
            _python(script, PythonText(one.text, places[0]), outcome)
            continue
        inner = replace(script, rows=tuple(_row(script, row) for row in places))
        for claimed in document.claims:
            row = _row(inner, claimed.row - 1)
            outcome.claims.append(msgspec.structs.replace(claimed, row=row))
        for nested in document.nested:
            found = (_row(inner, span.row - 1) for span in nested.facts.spans)
            spans = tuple(m.Span(row, 1, row, 1) for row in found)
            facts = msgspec.structs.replace(nested.facts, spans=spans)
            outcome.nested[f"{one.path}\n{text}", len(outcome.nested)] = Nested(facts)
        outcome.entries.extend(
            msgspec.structs.replace(entry, row=_row(inner, entry.row - 1))
            for entry in document.entries
        )
        outcome.assumptions.extend(
            (_row(inner, row - 1), assumed) for row, assumed in document.assumptions
        )


def _places(text: Sequence[str], lines: Sequence[str], start: int) -> list[int]:
    """The row of each line of a text in the script that writes it, or near it; all from 0."""
    found: list[int] = []
    at = start
    for line in text:
        wanted = line.partition(HOLE)[0].strip()
        for row in range(at, min(at + FARTHEST, len(lines)) if wanted else at):
            if wanted in lines[row]:
                at = row
                break
        found.append(at)
    return found


def _forged(script: Script, outcome: Outcome) -> None:
    for one in outcome.ran:
        if one.step in _STEPS:
            for name, value in script.environment:
                if forges(name, value):
                    claim(outcome, one.row, Switch("IL304", name, _FORGED, ""))


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
