"""Buildkite: steps run side by side, unless a `wait` or `depends_on` stands between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from interlock_checks.documents.conditions import NEVER
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, child, every, items, string
from interlock_checks.documents.sheet import TEMPLATE, Sheet, is_false, is_true, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "buildkite"


def read(text: str, path: str) -> Layout:
    """What the steps of a pipeline run."""
    documents, problems = read_yaml(text)
    sheet = Sheet(TEMPLATE, problems, frozenset({"CI"}))
    for document in documents:
        steps = document if isinstance(document, Seq) else child(document, "steps")
        outer = settings(child(document, "env"), sheet)
        _Pipeline(sheet, Script("shell", environment=outer, errexit=True)).read(steps)
    return sheet.layout(SYSTEM)


@dataclass
class _Pipeline:
    sheet: Sheet
    how: Script
    before: tuple[str, ...] = ()
    here: list[str] = field(default_factory=list)
    loose: bool = False
    count: int = 0

    def read(self, steps: Node | None) -> None:
        """Add the steps in their order."""
        for step in items(steps):
            row = step.row
            kind = string(step) or next(
                (name for name in ("wait", "block", "input", "group") if child(step, name)), ""
            )
            if isinstance(step, Map) and "wait" in step.table:
                kind = "wait"
            if kind in ("wait", "waiter", "block", "input", "manual"):
                self.loose = is_true(child(step, "continue_on_failure"))
                gate = f"wait at {row}"
                waited = (*self.before, *self.here)
                self.sheet.jobs.append(Job(gate, row, after=waited, passed_over=waited))
                self.before, self.here = (gate,), []
            elif isinstance(step, Map) and isinstance(step.get("steps"), Seq):
                names = tuple(
                    self.step(one, step) for one in items(step.get("steps")) if isinstance(one, Map)
                )
                key = string(step.get("key"))
                if key is not None:
                    self.sheet.jobs.append(Job(key, step.row, after=names))
            elif isinstance(step, Map):
                self.step(step, step)

    def step(self, step: Map, group: Map) -> str:
        """Add one step; its name."""
        self.count += 1
        name = string(step.get("key")) or string(step.get("label")) or f"step {self.count}"
        self.here.append(name)
        soft = step.get("soft_fail")
        may_fail = soft is not None and not is_false(soft)
        how = replace(
            self.how,
            environment=self.how.environment + settings(step.get("env"), self.sheet),
            discarded=f"`soft_fail: {string(soft) or 'exit statuses'}`" if may_fail else None,
            image=string(step.get("image")),
        )
        scripts = [
            number
            for key in ("command", "commands")
            for body in every(step, key)
            for number in self.sheet.shell(body, how)
        ]
        for plugin in _plugins(step.get("plugins")):
            for key in ("run", "command"):
                scripts.extend(self.sheet.command(plugin.get(key), how))
        depends = step.get("depends_on") or group.get("depends_on")
        after = self.before
        loose: list[str] = []
        if depends is not None:
            wanted = [
                (string(one) or string(child(one, "step")) or "", child(one, "allow_failure"))
                for one in items(depends)
            ]
            after = tuple(one for one, lax in wanted if one and not is_true(lax))
            loose = [one for one, lax in wanted if is_true(lax)]
        if is_true(step.get("allow_dependency_failure")) or (self.loose and depends is None):
            after, loose = (), [*loose, *after]
        condition = string(step.get("if"))
        if condition is not None and condition.strip() == "false":
            condition = NEVER
        self.sheet.jobs.append(
            Job(
                name,
                step.row,
                (Part(step.row, tuple(scripts)),),
                after=after,
                loose=tuple(loose),
                passed_over=after,
                condition=condition or string(group.get("if")),
                condition_row=step.row_of("if"),
                may_fail=may_fail,
                order_row=step.row_of("depends_on"),
            )
        )
        return name


def _plugins(node: Node | None) -> Iterator[Map]:
    """The settings of the plugins of a step."""
    for one in items(node):
        if isinstance(one, Map):
            for _, value in one.effective():
                if isinstance(value, Map):
                    yield value
