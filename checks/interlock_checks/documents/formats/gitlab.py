"""GitLab pipelines: a job is what `extends`, `default` and references make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from interlock_checks.commands.model import word
from interlock_checks.documents.conditions import NEVER, joined
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, every, items, string
from interlock_checks.documents.sheet import Setting, Sheet, is_false, is_true, settings
from interlock_checks.documents.shells import takes_command
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "gitlab"

_HOLE = re.compile(r"\$\[\[(?:(?!\$\[\[).)*?\]\]", re.S)
_KEYWORDS = frozenset(
    "default include stages variables workflow image services cache before_script after_script"
    " spec types".split()
)

_LATE = frozenset({"always", "on_failure"})
MOST_VARIANTS = 24
"""Jobs that are read of one `parallel: matrix`."""
MAX_EXTENDS = 11
"""Levels of `extends`, as GitLab counts them."""


def read(text: str, path: str) -> Layout:
    """What the jobs of a pipeline run."""
    documents, problems = read_yaml(text)
    sheet = Sheet(_HOLE, problems, frozenset({"CI"}))
    whole = Map(1)
    for document in documents:
        if isinstance(document, Map):
            for key, value in document.pairs:
                whole.add(key, value)
    sheet.filled = _defaults(whole)
    for one in (*items(whole.get("include")), *_triggered(whole)):
        inputs = child(one, "inputs")
        for key, value in inputs.effective() if isinstance(inputs, Map) else ():
            if takes_command(key.value):
                sheet.shell(value, Script("shell", errexit=True, pipefail=True))
    pipeline = _Pipeline(whole, sheet)
    names = [key for key, value in whole.effective() if isinstance(value, Map)]
    used = pipeline.used()
    # A template that nobody extends runs nothing; but who includes this file may extend it.
    shared = bool(whole.get("include")) or not path.endswith(".gitlab-ci.yml")
    for key in names:
        if key.value in _KEYWORDS:
            continue
        job = whole.get(key.value)
        if not key.value.startswith("."):
            pipeline.job(key)
        elif isinstance(job, Map) and shared and key.value not in used:
            scripts, _ = pipeline.scripts(job, Script("shell", errexit=True, pipefail=True))
            sheet.job(key.value, key.row, scripts)
    layout = sheet.layout(SYSTEM)
    return replace(layout, stages=pipeline.stages(), includes=pipeline.includes())


def _defaults(root: Map) -> dict[str, str]:
    """What stands for an input that whoever includes the file does not give."""
    inputs = child(root.get("spec"), "inputs")
    return {
        f"$[[inputs.{key.value}]]": value
        for key, one in (inputs.effective() if isinstance(inputs, Map) else ())
        if (value := string(child(one, "default"))) is not None and "\n" not in value
    }


def _triggered(root: Map) -> list[Node]:
    return [
        one
        for _, job in root.effective()
        for place in items(child(job, "trigger"))
        for one in (place, *items(child(place, "include")))
    ]


@dataclass
class _Pipeline:
    root: Map
    sheet: Sheet
    budget: int = 50_000
    """Entries of lists that may still be resolved: aliases can make few lines mean many."""

    def stages(self) -> tuple[str, ...]:
        """The stages in their order; empty if this file does not say."""
        return tuple(one.value for one in items(self.root.get("stages")) if isinstance(one, Text))

    def includes(self) -> tuple[str, ...]:
        """Files of this repository that are part of the same pipeline."""
        found = []
        for one in items(self.root.get("include")):
            local = string(child(one, "local")) or string(one)
            if local is not None and "://" not in local:
                found.append(local.lstrip("/"))
        return tuple(found)

    def used(self) -> frozenset[str]:
        """The jobs that others extend."""
        found: set[str] = set()
        for _, job in self.root.effective():
            if isinstance(job, Map):
                found.update(string(one) or "" for one in items(job.get("extends")))
        return frozenset(found)

    def key(self, job: Map, name: str, depth: int = 0) -> Node | None:
        """What a key of a job means, with all that the job extends."""
        found = job.get(name)
        if found is not None or depth > MAX_EXTENDS:
            return found
        for parent in reversed(items(job.get("extends"))):
            base = self.root.get(string(parent) or "")
            if isinstance(base, Map) and (found := self.key(base, name, depth + 1)) is not None:
                return found
        return None

    def inherited(self, job: Map, name: str) -> Node | None:
        """As `key`; where the job says nothing, what is true of all jobs."""
        found = self.key(job, name)
        if found is None:
            switch = child(self.key(job, "inherit"), "default")
            allowed = [string(one) for one in items(switch)] if isinstance(switch, Seq) else None
            if not (switch is not None and is_false(switch)) and (
                allowed is None or name in allowed
            ):
                found = child(self.root.get("default"), name) or self.root.get(name)
        return found

    def resolved(self, node: Node | None, depth: int = 0) -> Node | None:
        """The list with what `!reference` points to in its place."""
        if not isinstance(node, Seq) or depth > MAX_EXTENDS:
            return node
        if node.tag == "!reference":
            path = [string(one) or "" for one in node.items]
            base = self.root.get(path[0]) if path else None
            target = base
            if len(path) > 1 and isinstance(base, Map):
                target = (
                    child(self.key(base, path[1]), *path[2:])
                    if path[2:]
                    else self.key(base, path[1])
                )
            return self.resolved(target, depth + 1)
        made = Seq(node.row)
        for one in node.items:
            self.budget -= 1
            if self.budget < 0:
                break
            inner = self.resolved(one, depth + 1)
            if inner is not None:
                made.items.append(inner)
        return made

    def scripts(self, job: Map, how: Script) -> tuple[list[int], list[int]]:
        """What a job runs, and what it runs afterwards in a shell of its own."""
        before = self.resolved(self.inherited(job, "before_script"))
        found: list[int] = []
        bodies: list[Node | None] = [*every(job, "script")]
        for body in bodies or [self.key(job, "script")]:
            found.extend(self.sheet.shell(self.resolved(body), how, before=before))
        for name in ("pre_get_sources_script",):
            hooks = child(self.inherited(job, "hooks"), name)
            found.extend(self.sheet.shell(self.resolved(hooks), how))
        for one in items(self.inherited(job, "services")):
            given = [child(one, "entrypoint"), child(one, "command")]
            found.extend(self.sheet.argv(given, replace(how, form="words", discarded=None)))
        after = self.resolved(self.inherited(job, "after_script"))
        ignored = replace(how, discarded="`after_script`, whose failure nobody sees")
        return found, self.sheet.shell(after, ignored)

    def job(self, name: Text) -> None:
        """Add a job that the pipeline starts by itself."""
        job = self.root.get(name.value)
        if not isinstance(job, Map):
            return
        allowed = self.key(job, "allow_failure")
        rules = list(self.rules(self.key(job, "rules")))
        when = string(self.key(job, "when")) or ""
        modes = {one.when or when or "on_success" for one in rules} or {when or "on_success"}
        may_fail = allowed is not None and not is_false(allowed)
        if allowed is None and not rules and when == "manual":
            may_fail = True  # a manual job without rules is optional
        switched = next((one for one in rules if one.may_fail), None)
        how = Script(
            "shell",
            environment=settings(self.root.get("variables"), self.sheet)
            + settings(self.key(job, "variables"), self.sheet),
            errexit=True,
            pipefail=True,
            image=string(self.inherited(job, "image")),
            discarded=None,
        )
        if allowed is not None and may_fail:
            how = replace(how, discarded=f"`allow_failure: {string(allowed) or 'exit_codes'}`")
        elif switched is not None:
            how = replace(how, discarded="`allow_failure: true` in a rule")
        parts: list[Part] = []
        afterwards: list[int] = []
        for term, setting in self.variants(job):
            scripts, afterwards = self.scripts(
                job, replace(how, environment=how.environment + setting)
            )
            if scripts:
                parts.append(Part(name.row, tuple(scripts), condition=term))
        if afterwards:
            parts.append(Part(name.row, tuple(afterwards), after_failure=True, may_fail=True))
        for parent in items(job.get("extends")):
            template = string(parent)
            if template and template not in self.root.table:
                parts.append(Part(parent.row, calls=(f"{SYSTEM}:{template}",)))
        trigger = self.key(job, "trigger")
        called = tuple(
            (string(child(one, "local")) or string(one) or "").lstrip("/")
            for one in items(child(trigger, "include"))
        )
        if called:
            waits = string(child(trigger, "strategy")) == "depend"
            # Without that the job ends as soon as the other pipeline has begun.
            alone = None if waits else f"{name.value} is not waited for"
            parts.append(Part(name.row, calls=called, condition=alone, may_fail=not waits))
        condition, condition_row = self.condition(job, rules)
        if allowed is None and may_fail:
            # Nobody has to start it, and the stages behind it do not wait until somebody does.
            condition = joined([one for one in (condition, f"manual {name.value}") if one])
            condition_row = job.row_of("when")
        needs, optional = self.needs(job)
        late = bool(modes & _LATE)
        stage = string(self.key(job, "stage")) or "test"
        self.sheet.jobs.append(
            Job(
                name.value,
                name.row,
                tuple(parts),
                after=() if late else tuple(needs or ()),
                loose=tuple(needs or ()) if late else (),
                passed_over=tuple(optional),
                condition=condition,
                condition_row=condition_row,
                may_fail=may_fail or switched is not None,
                order_row=job.row_of("needs") if needs is not None else job.row_of("stage"),
                stage=stage,
                staged=needs is None and not late,
            )
        )

    def variants(self, job: Map) -> list[tuple[str | None, tuple[Setting, ...]]]:
        """The values of a variable of `parallel: matrix`, each the condition of a variant."""
        found: dict[str, dict[str, None]] = {}
        for row in items(child(self.key(job, "parallel"), "matrix")):
            if isinstance(row, Map):
                for key, value in row.effective():
                    known = (string(one) for one in items(value))
                    found.setdefault(key.value, {}).update((one, None) for one in known if one)
        for name, values in found.items():
            used = re.compile(rf"\$\{{?{re.escape(name)}\b")
            bodies = [self.resolved(self.key(job, "script"))]
            if len(values) > 1 and any(used.search(_flat(one)) for one in bodies):
                chosen = list(values)[:MOST_VARIANTS]
                return [(f"matrix.{name} == '{one}'", ((name, word(one)),)) for one in chosen]
        return [(None, ())]

    def needs(self, job: Map) -> tuple[list[str] | None, list[str]]:
        """The jobs that it needs, if it says so, and those among them that may be missing."""
        node = self.key(job, "needs")
        if node is None:
            return None, []
        names: list[str] = []
        optional: list[str] = []
        for one in items(self.resolved(node)):
            name = string(one) or string(child(one, "job"))
            if name is not None and child(one, "pipeline") is None:
                names.append(name)
                if is_true(child(one, "optional")):
                    optional.append(name)
        return names, optional

    def rules(self, node: Node | None) -> Iterator[_Rule]:
        """The rules of a job that let it run."""
        for one in items(self.resolved(node)):
            if isinstance(one, Map):
                asked = [
                    f"{key.value}: {_flat(value)}"
                    for key, value in one.effective()
                    if key.value in ("if", "changes", "exists")
                ]
                yield _Rule(
                    " and ".join(asked),
                    string(one.get("when")) or "",
                    one.row,
                    is_true(one.get("allow_failure")),
                )

    def condition(self, job: Map, rules: list[_Rule]) -> tuple[str | None, int]:
        """On what a job is part of the pipeline at all."""
        row = self.row_of(job, "rules")
        if rules:
            if all(rule.when == "never" for rule in rules):
                return NEVER, row
            if not any(rule.when == "never" or rule.asked for rule in rules):
                return None, row
            if rules[-1].asked == "" and rules[-1].when != "never":
                # The last rule takes what is left, unless one before says never.
                refused = [rule for rule in rules if rule.when == "never"]
                if not refused:
                    return None, row
            own = {one.row for one in items(job.get("rules")) if isinstance(one, Map)}
            telling = [rule.row for rule in rules if rule.when == "never"] or [
                rule.row for rule in rules if rule.asked
            ]
            return _told(rules), next((one for one in telling if one in own), row)
        for name in ("only", "except"):
            node = self.key(job, name)
            if node is not None:
                both = [f"{one}: {_flat(self.key(job, one))}" for one in ("only", "except")]
                return "; ".join(both), self.row_of(job, name)
        if string(self.key(job, "when")) == "never":
            return NEVER, self.row_of(job, "when")
        return None, row

    def row_of(self, job: Map, name: str) -> int:
        """Where a key that a job has or inherits is written, as far as it is its own."""
        return job.row_of(name)


@dataclass(frozen=True)
class _Rule:
    asked: str
    when: str
    row: int
    may_fail: bool


def _told(rules: list[_Rule]) -> str:
    return " | ".join(f"{one.asked}{' never' if one.when == 'never' else ''}" for one in rules)


def _flat(node: Node | None, depth: int = 0) -> str:
    """A value on one line, for comparison."""
    if node is None or depth > 3:
        return ""
    if isinstance(node, Text):
        return " ".join(node.value.split()).replace("&&", "and")
    if isinstance(node, Seq):
        return ", ".join(_flat(one, depth + 1) for one in node.items[:50])
    return ", ".join(f"{key.value}={_short(value)}" for key, value in list(node.effective())[:50])


def _short(node: Node) -> str:
    if isinstance(node, Seq):
        return ", ".join(string(one) or "" for one in node.items[:50])
    return string(node) or ""
