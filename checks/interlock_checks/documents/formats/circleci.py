"""CircleCI: the jobs that workflows start, with the commands of their own that they use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from interlock_checks.documents.conditions import NEVER
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string
from interlock_checks.documents.sheet import Sheet, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "circleci"

_HOLE = re.compile(r"<<(?:(?!<<).){1,200}?>>|\{\{(?:(?!\{\{).)*?\}\}", re.S)
_PARAMETER = re.compile(r"<<\s*parameters\.([\w-]+)\s*>>")
MAX_DEPTH = 8
"""Commands inside commands that are followed."""


def read(text: str, path: str) -> Layout:
    """What the jobs of a configuration run."""
    documents, problems = read_yaml(text)
    sheet = Sheet(_HOLE, problems, frozenset({"CI"}))
    for document in documents:
        if isinstance(document, Map):
            _Configuration(document, sheet).read()
    return sheet.layout(SYSTEM)


@dataclass
class _Configuration:
    root: Map
    sheet: Sheet
    budget: int = 20_000

    def read(self) -> None:
        """Add the jobs of all workflows, then those that no workflow starts."""
        started: set[str] = set()
        workflows = self.root.get("workflows")
        if isinstance(workflows, Map):
            for name, workflow in workflows.effective():
                started |= self.workflow(name.value, workflow)
        for title, job in self.named("jobs"):
            if title not in started and isinstance(job, Map):
                parts = tuple(self.steps(job.get("steps"), self.how(job), 0))
                self.sheet.jobs.append(Job(title, job.row, parts))

    def named(self, kind: str) -> Iterator[tuple[str, Node]]:
        """The jobs or commands of the file and of the orbs written in it."""
        for prefix, holder in self.holders():
            table = holder.get(kind)
            if isinstance(table, Map):
                for key, value in table.effective():
                    yield prefix + key.value, value

    def holders(self) -> Iterator[tuple[str, Map]]:
        """The file, and the orbs written in it."""
        yield "", self.root
        orbs = self.root.get("orbs")
        if isinstance(orbs, Map):
            for key, orb in orbs.effective():
                if isinstance(orb, Map):
                    yield f"{key.value}/", orb

    def find(self, kind: str, name: str, prefix: str = "") -> Map | None:
        """A job, command or executor by its name; in an orb its own go first."""
        for start, holder in self.holders():
            found = child(holder, kind, name.removeprefix(start))
            if isinstance(found, Map) and (name.startswith(start) or start == prefix):
                return found
        return None

    def workflow(self, title: str, workflow: Node) -> set[str]:
        """Add the jobs of one workflow; the names of the jobs that it starts."""
        started: set[str] = set()
        when = child(workflow, "when")
        never = string(when) in ("false", "False")
        for entry in items(child(workflow, "jobs")):
            name, options = string(entry), None
            row = entry.row
            if isinstance(entry, Map):
                for key, value in entry.effective():
                    name, options, row = key.value, value, key.row
                    break
            if name is None:
                continue
            started.add(name)
            options = options if isinstance(options, Map) else Map(row)
            job = self.find("jobs", name)
            after, loose = self.requires(options)
            parts: list[Part] = []
            how = self.how(job) if job is not None else Script("shell", errexit=True, pipefail=True)
            parts.extend(self.steps(options.get("pre-steps"), how, 0))
            if job is not None:
                given = self.with_defaults(job, options)
                parts.extend(self.steps(job.get("steps"), how, 0, given))
            parts.extend(self.steps(options.get("post-steps"), how, 0))
            filters = options.get("filters")
            self.sheet.jobs.append(
                Job(
                    f"{title}/{string(options.get('name')) or name}",
                    row if job is None else job.row,
                    tuple(parts),
                    after=tuple(f"{title}/{one}" for one in after),
                    loose=tuple(f"{title}/{one}" for one in loose),
                    condition=NEVER if never else _told(filters),
                    condition_row=options.row_of("filters"),
                    order_row=row,
                )
            )
        return started

    def requires(self, options: Map) -> tuple[list[str], list[str]]:
        """The jobs that must have succeeded, and those that must only have ended."""
        after: list[str] = []
        loose: list[str] = []
        for one in items(options.get("requires")):
            if isinstance(one, Text):
                after.append(one.value)
            elif isinstance(one, Map):
                for key, value in one.effective():
                    states = {string(state) for state in items(value)}
                    (after if states == {"success"} else loose).append(key.value)
        return after, loose

    def how(self, job: Map) -> Script:
        """The shell and the environment of a job."""
        image = string(child(next(iter(items(job.get("docker"))), None), "image"))
        how = Script(
            "shell",
            environment=settings(job.get("environment"), self.sheet),
            errexit=True,
            pipefail=True,
            image=image,
        )
        return _with_shell(how, job.get("shell"))

    def steps(
        self, node: Node | None, how: Script, depth: int, given: dict[str, Node] | None = None
    ) -> Iterator[Part]:
        """The parts of a list of steps, commands of the file in place."""
        for step in items(node):
            self.budget -= 1
            if depth > MAX_DEPTH or self.budget < 0:
                return
            if isinstance(step, Text):
                yield from self.used(step.value, step.row, Map(step.row), how, depth)
            elif isinstance(step, Map):
                for key, value in step.effective():
                    yield from self.step(key, value, how, depth, given or {})

    def step(
        self, key: Text, value: Node, how: Script, depth: int, given: dict[str, Node]
    ) -> Iterator[Part]:
        """The parts of one step."""
        if key.value == "run":
            body = child(value, "command") if isinstance(value, Map) else value
            when = string(child(value, "when")) or "on_success"
            if isinstance(value, Map):
                extra = settings(value.get("environment"), self.sheet)
                how = _with_shell(
                    replace(how, environment=how.environment + extra), value.get("shell")
                )
            background = string(child(value, "background")) == "true"
            scripts = self.sheet.shell(self.filled(body, given), how)
            if scripts:
                late = when in ("always", "on_fail")
                yield Part(key.row, tuple(scripts), after_failure=late, may_fail=background)
        elif key.value in ("when", "unless") and isinstance(value, Map):
            condition = f"{key.value} {_told(value.get('condition')) or 'unknown'}"
            for part in self.steps(value.get("steps"), how, depth + 1, given):
                yield replace(part, condition=condition, condition_row=value.row_of("condition"))
        elif isinstance(value, Map):
            yield from self.used(key.value, key.row, self.handed(value, given), how, depth)
        elif key.value == "steps" and isinstance(value, Text):
            # Steps that the caller hands over.
            named = _PARAMETER.fullmatch(value.value.strip())
            handed = given.get(named[1]) if named is not None else None
            if isinstance(handed, Seq):
                yield from self.steps(handed, how, depth + 1, given)

    def used(self, name: str, row: int, given: Map, how: Script, depth: int) -> Iterator[Part]:
        """The parts of a command of the file."""
        command = self.find("commands", name)
        if command is not None:
            values = self.with_defaults(command, given)
            yield from self.steps(command.get("steps"), how, depth + 1, values)

    def with_defaults(self, unit: Map, given: Map) -> dict[str, Node]:
        """The parameters of a job or command, as they are given or else by default."""
        values = {key.value: value for key, value in given.effective()}
        parameters = unit.get("parameters")
        if isinstance(parameters, Map):
            for key, one in parameters.effective():
                default = child(one, "default")
                if default is not None:
                    values.setdefault(key.value, default)
        return values

    def handed(self, node: Map, given: dict[str, Node]) -> Map:
        """What is given to a command, with the parameters of the one who gives it."""
        made = Map(node.row)
        for key, value in node.effective():
            made.add(key, self.closed(value, given, 0))
        return made

    def closed(self, node: Node, given: dict[str, Node], depth: int) -> Node:
        """A node in which no parameter is left that is known here."""
        self.budget -= 1
        if depth > MAX_DEPTH or self.budget < 0:
            return node
        if isinstance(node, Text):
            return self.filled(node, given) or node
        if isinstance(node, Seq):
            return Seq(node.row, [self.closed(one, given, depth + 1) for one in node.items])
        made = Map(node.row)
        for key, value in node.effective():
            made.add(key, self.closed(value, given, depth + 1))
        return made

    def filled(self, body: Node | None, given: dict[str, Node]) -> Node | None:
        """A command with the constants that its parameters are given here."""
        if not isinstance(body, Text) or "<<" not in body.value:
            return body

        def value(found: re.Match[str]) -> str:
            constant = given.get(found[1])
            known = isinstance(constant, Text) and "\n" not in constant.value
            return constant.value if known and isinstance(constant, Text) else found.group()

        return Text(_PARAMETER.sub(value, body.value), body.row, body.rows)


def _with_shell(how: Script, shell: Node | None) -> Script:
    text = string(shell)
    if text is None:
        return how
    errexit = bool(re.search(r"\s-\w*e", text))
    if "python" in text:
        return replace(how, form="python")
    return replace(how, errexit=errexit, pipefail="pipefail" in text)


def _told(node: Node | None, depth: int = 0) -> str | None:
    """A condition or filter on one line, for comparison."""
    if node is None or depth > 6:
        return None
    if isinstance(node, Text):
        return node.value.replace("&&", "and")
    if isinstance(node, Seq):
        return ", ".join(_told(one, depth + 1) or "" for one in node.items[:50])
    pairs = list(node.effective())[:50]
    return " ".join(f"{key.value}=({_told(value, depth + 1) or ''})" for key, value in pairs)
