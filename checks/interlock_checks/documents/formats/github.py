"""GitHub workflows and composite actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from interlock_checks.commands.javascript import started
from interlock_checks.documents.conditions import NEVER, joined, split_terms
from interlock_checks.documents.expressions import Value, values
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import (
    Map,
    Node,
    Seq,
    Text,
    child,
    every,
    items,
    string,
    texts,
)
from interlock_checks.documents.sheet import Setting, Sheet, is_false, settings
from interlock_checks.documents.shells import takes_command
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "github"

_HOLE = re.compile(r"\$\{\{(?:(?!\$\{\{).)*?\}\}", re.S)
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.S)
_ALWAYS = re.compile(r"(?<![\w.])!?\s*(always|failure|cancelled)\s*\(\s*\)")
_STATUS = re.compile(r"!?\s*\(?\s*(?:always|failure|cancelled|success)\s*\(\s*\)\s*\)?")
_SUCCEEDED = re.compile(r"steps\.[\w-]+\.(?:outcome|conclusion)\s*==\s*'success'")
_EQUAL = re.compile(r"('[^']*'|\d+)\s*==\s*('[^']*'|\d+)")
_RESULT = re.compile(r"needs\.([\w-]+)\.result\s*==\s*['\"]success['\"]")
_KNOWN = re.compile(r"\$\{\{\s*(env|matrix|(?:github\.event\.)?inputs)\.([\w.-]+)\s*\}\}")

_SHELLS: Mapping[str, tuple[bool, bool]] = {
    "": (True, False),
    "bash": (True, True),
    "sh": (True, False),
}
"""Whether errexit and pipefail are on, for the names of shells that GitHub knows."""

_LOOKS = re.compile(r"LASTEXITCODE|PSNativeCommandUseErrorActionPreference|errorlevel|\$\?", re.I)
MOST_VARIANTS = 24
"""Values of a matrix that are put into a command one by one."""


def read(text: str, path: str) -> Layout:
    """What the workflows or the action in a text run."""
    documents, problems = read_yaml(text)
    sheet = Sheet(_HOLE, problems, frozenset({"CI"}))
    for document in documents:
        if not isinstance(document, Map):
            continue
        if isinstance(child(document, "runs"), Map):
            _action(document, path, sheet)
        else:
            _workflow(document, sheet)
    return sheet.layout(SYSTEM)


def _workflow(root: Map, sheet: Sheet) -> None:
    jobs = root.get("jobs")
    if not isinstance(jobs, Map):
        return
    never = _never_triggered(root)
    outer = _Surroundings(
        settings(root.get("env"), sheet), string(_default_shell(root)) or "", _choices(root)
    )
    for name, job in jobs.effective():
        if isinstance(job, Map):
            _job(name, job, outer, never, sheet)


class _Surroundings:
    """What holds for all steps of a job: environment, shell, matrix, image."""

    def __init__(
        self,
        environment: tuple[Setting, ...],
        shell: str,
        matrix: Mapping[str, list[str]] | None = None,
        image: str | None = None,
        discarded: str | None = None,
    ) -> None:
        self.environment = environment
        self.shell = shell
        self.matrix = matrix or {}
        self.image = image
        self.discarded = discarded


def _default_shell(node: Map) -> Node | None:
    return child(node, "defaults", "run", "shell")


def _job(name: Text, job: Map, outer: _Surroundings, never: int, sheet: Sheet) -> None:
    loose_end = job.get("continue-on-error")
    matrix = {**outer.matrix, **_matrix(job)}
    may_fail = _may_fail(loose_end, matrix)
    image = job.get("container")
    around = _Surroundings(
        outer.environment + settings(job.get("env"), sheet),
        string(_default_shell(job)) or outer.shell or _shell_of(job),
        matrix,
        string(child(image, "image")) or string(image),
        f"`continue-on-error: {string(loose_end)}`" if may_fail else None,
    )
    parts: list[Part] = []
    for step in items(job.get("steps")):
        if isinstance(step, Map):
            parts.extend(_step(step, around, sheet))
    uses = string(job.get("uses"))
    if uses is not None:
        how = Script("shell", environment=around.environment)
        handed = tuple(_with(job, uses, how, sheet))
        parts.append(Part(job.row_of("uses"), handed, calls=_local(uses)))
    _services(job.get("services"), sheet)
    needs = [one for one in items(job.get("needs")) if isinstance(one, Text)]
    terms, status = _condition(string(job.get("if")))
    proved = {found for term in terms for found in _RESULT.findall(term)}
    names = [one.value for one in needs]
    cut = status and not proved.issuperset(names)
    waits_for = tuple(one for one in names if not status or one in proved or _skips(job))
    condition_row = job.row_of("if")
    if never:
        terms, condition_row = [NEVER], never
    sheet.jobs.append(
        Job(
            name.value,
            name.row,
            tuple(parts),
            after=waits_for,
            loose=tuple(one for one in names if one not in waits_for) if cut else (),
            passed_over=waits_for if _skips(job) else (),
            condition=joined([one for one in terms if not _RESULT.search(one)]),
            condition_row=condition_row,
            may_fail=may_fail,
            order_row=job.row_of("needs") if needs else name.row,
        )
    )


def _shell_of(job: Map) -> str:
    """The shell of a runner that has another than the rest."""
    runners = " ".join(one.value for one in texts(job.get("runs-on"))).lower()
    return "pwsh" if "windows" in runners else ""


def _skips(job: Map) -> bool:
    """Whether it runs after a job that was skipped, but not after one that failed."""
    text = string(job.get("if")) or ""
    return "!failure()" in text.replace(" ", "") and "always()" not in text.replace(" ", "")


def _condition(text: str | None) -> tuple[list[str], bool]:
    """The terms of an `if:`, and whether it lets something run after a failure."""
    if text is None:
        return [], False
    inner = text.strip()
    inner = _EXPRESSION.sub(lambda found: f"({found[1]})", inner)
    terms = []
    late = bool(_ALWAYS.search(inner))
    for term in split_terms(inner):
        if term.lower() == "true" or _STATUS.fullmatch(term):
            continue
        if _SUCCEEDED.fullmatch(term):
            late = False  # it asks for what the default asks for, of the step that it names
            continue
        same = _EQUAL.fullmatch(term)
        if same is not None and same[1] == same[2]:
            continue
        terms.append(NEVER if same or term.lower() in ("false", "!true", "0", "''") else term)
    return terms, late


def _never_triggered(root: Map) -> int:
    """The row of the filter that keeps a workflow from ever starting; 0 if it can start."""
    triggers = root.get("on") or root.get("true")
    if not isinstance(triggers, Map) or not triggers.table:
        return 0
    rows = [_dead(value) for _, value in triggers.effective()]
    return 0 if 0 in rows else min(rows)


def _dead(trigger: Node) -> int:
    """The row of a filter that nothing passes; 0 if there is none."""
    if not isinstance(trigger, Map):
        return 0
    for name in ("branches", "paths", "types", "tags"):
        wanted = trigger.get(name)
        if isinstance(wanted, Seq) and not wanted.items:
            other = trigger.get("tags" if name == "branches" else "branches")
            if name in ("paths", "types") or not items(other):
                return trigger.row_of(name)
        ignored = [string(one) for one in items(trigger.get(f"{name}-ignore"))]
        if "**" in ignored and (name == "paths" or not items(trigger.get("tags"))):
            return trigger.row_of(f"{name}-ignore")
    return 0


def _matrix(job: Map) -> dict[str, list[str]]:
    """The constant values of the dimensions of a matrix."""
    found: dict[str, list[str]] = {}

    def note(name: str, value: Node) -> None:
        if isinstance(value, Text):
            if value.value not in found.setdefault(name, []):
                found[name].append(value.value)
        elif isinstance(value, Map):
            for key, inner in value.effective():
                if isinstance(inner, Text):
                    note(f"{name}.{key.value}", inner)

    matrix = child(job, "strategy", "matrix")
    if isinstance(matrix, Map):
        for key, values in matrix.effective():
            for one in items(values):
                if key.value == "include" and isinstance(one, Map):
                    for name, value in one.effective():
                        note(name.value, value)
                elif key.value not in ("include", "exclude"):
                    note(key.value, one)
    return found


def _choices(root: Map) -> dict[str, list[str]]:
    """The inputs of a workflow of which whoever starts it chooses one of a few values."""
    inputs = child(root.get("on") or root.get("true"), "workflow_dispatch", "inputs")
    found: dict[str, list[str]] = {}
    if isinstance(inputs, Map) and child(root.get("on"), "workflow_call") is None:
        for name, one in inputs.effective():
            values = [each.value for each in texts(child(one, "options"))]
            if values and string(child(one, "type")) == "choice":
                found[_dimension("inputs", name.value)] = values
    return found


def _dimension(kind: str, name: str) -> str:
    return name if kind == "matrix" else f"inputs.{name}"


def _step(step: Map, around: _Surroundings, sheet: Sheet) -> Iterator[Part]:
    """The parts of a step: several where a matrix decides what it runs."""
    loose_end = step.get("continue-on-error")
    may_fail = _may_fail(loose_end, around.matrix)
    discarded = f"`continue-on-error: {string(loose_end)}`" if may_fail else around.discarded
    terms, status = _condition(string(step.get("if")))
    uses = step.get("uses")
    row = min(step.row, *(key.row for key, _ in step.pairs)) if step.pairs else step.row
    part = Part(
        row,
        condition=joined(terms),
        condition_row=step.row_of("if"),
        after_failure=status,
        may_fail=may_fail,
        calls=_local(uses.value) if isinstance(uses, Text) else (),
        discarded=discarded,
    )
    how = Script(
        "shell",
        environment=around.environment + settings(step.get("env"), sheet),
        discarded=discarded,
        image=around.image,
    )
    shell = string(step.get("shell")) or around.shell
    variants: list[tuple[str | None, int]] = []
    for run in every(step, "run"):
        for variant, chosen in _variants(run, around, how.environment):
            for text, picked in _worked_out(variant, around, how.environment):
                condition = joined([one for one in (chosen, picked) if one])
                variants.extend((condition, one) for one in _run(text, shell, how, sheet))
    if isinstance(uses, Text):
        variants.extend((None, one) for one in _with(step, uses.value, how, sheet))
    if not variants:
        yield part
    elif all(condition is None for condition, _ in variants):
        yield replace(part, scripts=tuple(one for _, one in variants))
    else:
        for condition, number in variants:
            both = joined([*terms, condition] if condition else terms)
            row = 0 if condition else part.condition_row
            yield replace(part, scripts=(number,), condition=both, condition_row=row)


def _may_fail(node: Node | None, matrix: Mapping[str, Sequence[str]]) -> bool:
    """Whether a switch is on, or may be: a value of the matrix is as good as written there."""
    known = _KNOWN.fullmatch(string(node) or "")
    values = matrix.get(known[2], ()) if known is not None and known[1] == "matrix" else ()
    return not is_false(node) and not (values and all(one == "false" for one in values))


def _variants(
    run: Node, around: _Surroundings, environment: tuple[Setting, ...]
) -> Iterator[tuple[Node, str | None]]:
    """A command for each value of the matrix that it uses, and the condition which that is."""
    if not isinstance(run, Text):
        return
    known = dict(environment)
    text = run

    def fill(names: Mapping[str, str]) -> Text:
        def value(found: re.Match[str]) -> str:
            name = found[2]
            if found[1] != "env":
                return names.get(_dimension(found[1], name), found.group())
            word = known.get(name)
            return word[0] if word and len(word) == 1 and word[0] is not None else found.group()

        filled = _KNOWN.sub(value, run.value)
        if filled == run.value:
            return run
        same = filled.count("\n") == run.value.count("\n")
        return Text(filled, run.row, run.rows if same else (run.row,))

    used = {_dimension(kind, name) for kind, name in _KNOWN.findall(run.value) if kind != "env"}
    dimensions = [name for name in sorted(used) if name in around.matrix]
    if not dimensions:
        yield fill({}), None
        return
    chosen = dimensions[0]
    rest = {
        name: around.matrix[name][0] for name in dimensions[1:] if len(around.matrix[name]) == 1
    }
    for one in around.matrix[chosen][:MOST_VARIANTS]:
        text = fill({**rest, chosen: one})
        single = len(around.matrix[chosen]) == 1
        yield text, None if single else f"matrix.{chosen} == '{one}'"


def _worked_out(
    run: Node, around: _Surroundings, environment: tuple[Setting, ...]
) -> Iterator[tuple[Node, str | None]]:
    """A command for each value of an expression in it that is a literal after all."""
    known = dict(environment)

    def lookup(name: str) -> list[Value]:
        kind, _, rest = name.partition(".")
        if kind == "env":
            word = known.get(rest)
            return [word[0] if word and len(word) == 1 else None]
        return list(around.matrix.get(_dimension(kind, rest), [None]))

    if not isinstance(run, Text) or "${{" not in run.value:
        yield run, None
        return
    texts_of: list[tuple[str, str | None]] = [(run.value, None)]
    for found in _EXPRESSION.finditer(run.value):
        amounts = values(found[1], lookup) if "'" in found[1] or "env." in found[1] else [None]
        if amounts == [None] or len(texts_of) * len(amounts) > MOST_VARIANTS:
            continue
        texts_of = [
            (
                text if one is None else text.replace(found[0], one),
                joined([each for each in (said, f"matrix.at{found.start()} == '{at}'") if each])
                if len(amounts) > 1
                else said,
            )
            for text, said in texts_of
            for at, one in enumerate(amounts)
        ]
    for text, said in texts_of:
        same = text.count("\n") == run.value.count("\n")
        folds = run.folds if text == run.value else ()
        yield Text(text, run.row, run.rows if same else (run.row,), folds), said


def _run(run: Node, shell: str, how: Script, sheet: Sheet) -> list[int]:
    name, _, options = shell.strip().partition(" ")
    name = name.rpartition("/")[2]
    if name.startswith("python"):
        return sheet.shell(run, replace(how, form="python"))
    if name in ("node", "perl", "ruby", "php"):
        return []
    errexit, pipefail = (
        _SHELLS.get(name, (True, True))
        if not options
        else (
            bool(re.search(r"(?:^|\s)-\w*e", options)),
            "pipefail" in options,
        )
    )
    if not options and name in ("pwsh", "powershell", "cmd"):
        # None of them stops at a program that fails, unless the text sees to it.
        errexit = bool(_LOOKS.search(string(run) or ""))
    return sheet.shell(run, replace(how, errexit=errexit, pipefail=pipefail))


def _with(step: Map, uses: str, how: Script, sheet: Sheet) -> Iterator[int]:
    """What the inputs of an action or a reusable workflow run."""
    given = step.get("with")
    if uses.partition("@")[0] in ("pre-commit/action", "j178/prek-action"):
        row = step.row_of("uses")
        extra = [
            Text("pre-commit", row, (row,)),
            Text("run", row, (row,)),
            child(given, "extra_args"),
        ]
        yield from sheet.argv([Seq(row, [one for one in extra[:2] if one]), extra[2]], how)
        return
    if not isinstance(given, Map):
        return
    if uses.lower().startswith("actions/"):
        script = given.get("script")
        if isinstance(script, Text) and uses.lower().startswith("actions/github-script"):
            yield from _javascript(script, how, sheet)
        return
    if uses.startswith("docker://"):
        parts = [given.get("entrypoint"), given.get("args")]
        yield from sheet.argv(parts, replace(how, image=uses.removeprefix("docker://")))
        return
    for key, value in given.effective():
        if takes_command(key.value):
            yield from sheet.shell(value, replace(how, errexit=True))


def _javascript(script: Text, how: Script, sheet: Sheet) -> Iterator[int]:
    """The processes that a script of github-script starts."""
    for one in started(script.value):
        row = script.rows[min(one.row, len(script.rows) - 1)] if script.rows else script.row
        words = [Text(word, row, (row,)) for word in one.words]
        yield from sheet.shell(words[0], how) if one.whole else sheet.words(words, how)


def _services(services: Node | None, sheet: Sheet) -> None:
    if not isinstance(services, Map):
        return
    for _, service in services.effective():
        if isinstance(service, Map):
            how = Script(
                "words",
                environment=settings(service.get("env"), sheet),
                image=string(service.get("image")),
            )
            sheet.argv([service.get("entrypoint"), service.get("command")], how)


def _local(uses: str) -> tuple[str, ...]:
    """The path of an action or workflow of this repository."""
    if not uses.startswith("./"):
        return ()
    return (uses.removeprefix("./").partition("@")[0].rstrip("/"),)


def _action(root: Map, path: str, sheet: Sheet) -> None:
    """A composite action is one job that its callers run; a container action is a command."""
    runs = child(root, "runs")
    if not isinstance(runs, Map):
        return
    around = _Surroundings(settings(runs.get("env"), sheet), "bash")
    parts = [
        part
        for step in items(runs.get("steps"))
        if isinstance(step, Map)
        for part in _step(step, around, sheet)
    ]
    if parts:
        sheet.jobs.append(Job(path, runs.row, tuple(parts)))
    how = Script("words", environment=around.environment, image=string(runs.get("image")))
    for name in ("pre-entrypoint", "post-entrypoint"):
        sheet.argv([runs.get(name)], how)
    sheet.argv([runs.get("entrypoint"), runs.get("args")], how)
