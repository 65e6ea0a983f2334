"""
Azure pipelines.

A condition of one's own takes the place of `succeeded()`: without naming it, what has the
condition runs after a failure too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from interlock_checks.documents.conditions import NEVER
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Text, child, every, items, string
from interlock_checks.documents.sheet import Sheet, is_false, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "azure"

_HOLE = re.compile(
    r"\$\{\{(?:(?!\$\{\{).)*?\}\}|\$\[(?:(?!\$\[).)*?\]|\$\([A-Za-z]\w*\.[\w.]+\)", re.S
)
_SHELLS = ("script", "bash", "pwsh", "powershell")
_INPUTS = ("script", "inlineScript", "inline", "arguments", "args", "command")
_COMMANDS = re.compile(r"\w*(?:commands?|scripts?|cmds?|run)", re.I)
_PHASES = ("preDeploy", "deploy", "routeTraffic", "postRouteTraffic")
_CHOICE = re.compile(r"\$\{\{\s*(?:if|elseif|else|else if|each)\b")


def read(text: str, path: str) -> Layout:
    """What the steps of a pipeline, or of a template of one, run."""
    documents, problems = read_yaml(text)
    sheet = Sheet(_HOLE, problems, frozenset({"CI"}))
    for document in documents:
        if isinstance(document, Map):
            _Pipeline(sheet, path).read(document)
    return sheet.layout(SYSTEM)


@dataclass
class _Pipeline:
    sheet: Sheet
    path: str
    budget: int = 20_000

    def read(self, root: Map) -> None:
        """Add the jobs of all stages."""
        how = Script("shell", environment=settings(root.get("variables"), self.sheet))
        previous: tuple[str, ...] = ()
        members: dict[str, tuple[str, ...]] = {}
        for number, (stage, condition, _) in enumerate(self.spread(root.get("stages"), None, 0)):
            name = string(stage.get("stage")) or f"stage {number}"
            depends = stage.get("dependsOn")
            after = previous
            if depends is not None:
                after = tuple(
                    job for one in items(depends) for job in members.get(string(one) or "", ())
                )
            around = replace(
                how,
                environment=how.environment + settings(stage.get("variables"), self.sheet),
            )
            found = self.jobs(stage, f"{name}/", after, around, condition)
            # One name for the end of a stage, so that each job of the next names one.
            self.sheet.jobs.append(Job(f"{name}/", stage.row, after=found))
            members[name] = previous = (f"{name}/",)
        self.jobs(root, "", (), how, None)
        parts = tuple(self.steps(root.get("steps"), how, None, 0))
        if parts:
            self.sheet.jobs.append(Job(self.path, root.row_of("steps"), parts))

    def spread(
        self, node: Node | None, condition: str | None, row: int, depth: int = 0
    ) -> Iterator[tuple[Map, str | None, int]]:
        """The entries of a list, with those that `${{ if ... }}:` puts into it."""
        for one in items(node):
            self.budget -= 1
            if not isinstance(one, Map) or depth > 8 or self.budget < 0:
                continue
            first = next(one.effective(), None)
            if first is not None and _CHOICE.match(first[0].value):
                for key, inner in one.effective():
                    yield from self.spread(inner, key.value, key.row, depth + 1)
            else:
                yield one, condition, row

    def jobs(
        self, holder: Map, prefix: str, first: tuple[str, ...], how: Script, outer: str | None
    ) -> tuple[str, ...]:
        """Add the jobs of a stage; their names."""
        names: list[str] = []
        late = _late(holder)
        stage_terms = [one for one in (outer, _own_condition(holder)) if one]
        for number, (job, chosen, chosen_row) in enumerate(
            self.spread(holder.get("jobs"), None, 0)
        ):
            name = prefix + (string(job.get("job")) or string(job.get("deployment")) or str(number))
            depends = [prefix + (string(one) or "") for one in items(job.get("dependsOn"))]
            loose_end = job.get("continueOnError")
            may_fail = not is_false(loose_end)
            around = replace(
                how,
                environment=how.environment + settings(job.get("variables"), self.sheet),
                discarded=_ignored(loose_end),
                image=string(child(job, "container", "image")) or string(job.get("container")),
            )
            parts = [*self.steps(job.get("steps"), around, None, 0)]
            parts.extend(self.strategy(job.get("strategy"), around))
            if (template := string(job.get("template"))) is not None:
                given = tuple(self.given(job.get("parameters"), around))
                parts.append(Part(job.row, given, calls=(template,)))
            terms = [*stage_terms, *(one for one in (chosen, _own_condition(job)) if one)]
            waits = () if late else first
            self.sheet.jobs.append(
                Job(
                    name,
                    job.row,
                    tuple(parts),
                    after=waits if _late(job) else (*waits, *depends),
                    loose=(*(first if late else ()), *(depends if _late(job) else ())),
                    condition=" && ".join(terms) or None,
                    condition_row=chosen_row or job.row_of("condition"),
                    may_fail=may_fail,
                    order_row=job.row_of("dependsOn"),
                )
            )
            names.append(name)
        if (template := string(holder.get("template"))) is not None:
            name = f"{prefix}{template}"
            part = Part(holder.row, calls=(template,))
            self.sheet.jobs.append(Job(name, holder.row, (part,), after=first))
            names.append(name)
        return tuple(names)

    def given(self, parameters: Node | None, how: Script) -> Iterator[int]:
        """Commands that a template is handed, by the names of its parameters."""
        if isinstance(parameters, Map):
            for key, value in parameters.effective():
                if _COMMANDS.fullmatch(key.value):
                    yield from self.sheet.shell(value, how)

    def strategy(self, node: Node | None, how: Script) -> Iterator[Part]:
        """The steps of a deployment in the order of its life."""
        for kind in ("runOnce", "rolling", "canary"):
            for phase in _PHASES:
                yield from self.steps(child(node, kind, phase, "steps"), how, None, 0)
            for end in ("failure", "success"):
                for part in self.steps(child(node, kind, "on", end, "steps"), how, None, 0):
                    yield replace(part, after_failure=end == "failure")

    def steps(
        self, node: Node | None, how: Script, condition: str | None, row: int
    ) -> Iterator[Part]:
        """The parts of a list of steps."""
        for step, chosen, chosen_row in self.spread(node, condition, row):
            loose_end = step.get("continueOnError")
            own = _own_condition(step)
            around = replace(
                how,
                environment=how.environment + settings(step.get("env"), self.sheet),
                discarded=_ignored(loose_end) or _unasked(step) or how.discarded,
            )
            scripts: list[int] = []
            for name in _SHELLS:
                for body in every(step, name):
                    # A step ends with its last command's status, unless the shell is told so.
                    scripts.extend(self.sheet.shell(body, around))
            task = step.get("inputs")
            if isinstance(task, Map):
                for name in _INPUTS:
                    form = replace(around, form="python") if _is_python(step) else around
                    scripts.extend(self.sheet.shell(task.get(name), form))
            template = string(step.get("template"))
            if template is not None:
                scripts.extend(self.given(step.get("parameters"), around))
            yield Part(
                step.row,
                tuple(scripts),
                condition=" && ".join(one for one in (chosen, own) if one) or None,
                condition_row=chosen_row or step.row_of("condition"),
                after_failure=_late(step),
                may_fail=not is_false(loose_end),
                calls=(template.partition("@")[0].lstrip("/"),) if template else (),
            )


def _is_python(step: Map) -> bool:
    return (string(step.get("task")) or "").lower().startswith("pythonscript")


def _ignored(node: Node | None) -> str | None:
    return None if is_false(node) else f"`continueOnError: {string(node)}`"


def _unasked(step: Map) -> str | None:
    """How a step of PowerShell is told not to end as its last program does."""
    for place in (step, step.get("inputs")):
        if not is_false(child(place, "ignoreLASTEXITCODE")):
            return "`ignoreLASTEXITCODE`"
    return None


def _late(node: Map) -> bool:
    """Whether it runs after a failure: its condition does not ask for success."""
    condition = string(node.get("condition"))
    return (
        condition is not None
        and "succeeded()" not in condition.replace(" ", "")
        and not condition.strip().startswith("succeeded(")
        and "succeeded(" not in condition.replace("succeededOrFailed(", "")
        and condition.strip().lower() != "false"
    )


def _own_condition(node: Map) -> str | None:
    """What a condition asks beyond the success of what came before."""
    text = node.get("condition")
    if not isinstance(text, Text):
        return None
    bare = " ".join(text.value.split())
    if bare.lower() == "false":
        return NEVER
    if re.fullmatch(r"(?:always|succeeded|succeededOrFailed|failed)\(\)|true", bare):
        return None
    inner = re.fullmatch(r"and\(\s*succeeded\(\)\s*,\s*(.*)\)", bare)
    return (inner[1] if inner else bare).replace("&&", "and")
