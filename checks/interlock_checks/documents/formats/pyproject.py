"""pyproject.toml: entry points, and the tasks of the tools that keep them there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from interlock_checks.commands.argv import HOLE
from interlock_checks.commands.model import Word, word
from interlock_checks.documents.aliases import filled_in
from interlock_checks.documents.formats.tox import add_commit, read_tables, read_tox
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string, texts
from interlock_checks.documents.sheet import Sheet, is_true, settings
from interlock_checks.documents.toml_nodes import read_toml

__all__ = ["read"]

SYSTEM = "pyproject"

_HOLE = re.compile(r"\{[\w.:-]*\}|\{args:[^{}]*\}")
_PUT_IN = re.compile(r"(?<!\\)\$(?:\{[^{}]*\}|\w+)")
"""What Poe puts into a command."""
_TABLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("poe", ("poe", "tasks")),
    ("pdm", ("pdm", "scripts")),
    ("task", ("taskipy", "tasks")),
    ("rye", ("rye", "scripts")),
    ("thx", ("thx", "jobs")),
)
_BUILDS: tuple[tuple[str, ...], ...] = (
    ("cibuildwheel", "before-all"),
    ("cibuildwheel", "before-build"),
    ("cibuildwheel", "before-test"),
    ("cibuildwheel", "test-command"),
    ("semantic_release", "build_command"),
    ("commitizen", "pre_bump_hooks"),
    ("commitizen", "post_bump_hooks"),
    ("bumpversion", "pre_commit_hooks"),
    ("bumpversion", "post_commit_hooks"),
    ("bumpversion", "setup_hooks"),
)
MAX_DEPTH = 6
"""Tasks inside tasks that are followed."""


def read(text: str, path: str) -> Layout:
    """What the scripts and tasks of a project run."""
    documents, problems = read_toml(text)
    sheet = Sheet(_HOLE, problems)
    for root in documents:
        if path.rpartition("/")[2].lower() == "pixi.toml":
            _pixi(root, sheet)
            continue
        if path.rpartition("/")[2] == "Pipfile":
            _Tasks(sheet, "pipenv").read(child(root, "scripts"))
            continue
        _entry_points(root, sheet)
        tools = child(root, "tool")
        _poetry(child(tools, "poetry"), sheet)
        for prefix, place in _TABLES:
            _Tasks(sheet, prefix).read(child(tools, *place))
        _pixi(child(tools, "pixi"), sheet)
        _hatch(child(tools, "hatch", "envs"), sheet)
        for place in _BUILDS:
            for one in items(child(tools, *place)):
                sheet.shell(one, Script("shell"))
        arguments = child(tools, "bumpversion", "commit_args")
        if isinstance(arguments, Text):
            add_commit(arguments, sheet)
        legacy = child(tools, "tox", "legacy_tox_ini")
        if isinstance(legacy, Text):
            read_tox(legacy.value, sheet, legacy.rows)
        read_tables(child(tools, "tox"), sheet)
        pytest_options(child(tools, "pytest", "ini_options", "addopts"), sheet)
    return sheet.layout(SYSTEM)


def _pixi(pixi: Node | None, sheet: Sheet) -> None:
    for table in (pixi, child(pixi, "feature"), child(pixi, "target")):
        for _, one in table.effective() if isinstance(table, Map) else ():
            _Tasks(sheet, "pixi").read(child(one, "tasks"))
    _Tasks(sheet, "pixi").read(child(pixi, "tasks"))


def pytest_options(node: Node | None, sheet: Sheet) -> None:
    """The options that every run of pytest gets."""
    if isinstance(node, Text):
        words, rows = sheet.split(node)
        row = rows[0] if rows else node.row
        how = Script("words", words=(word("pytest"), *words), rows=(row, *rows))
        sheet.add(how)
    elif isinstance(node, Seq) and texts(node):
        found: list[Word] = [sheet.word(one.value) for one in texts(node)]
        rows = [one.row for one in texts(node)]
        sheet.add(Script("words", words=(word("pytest"), *found), rows=(rows[0], *rows)))


def _entry_points(root: Node, sheet: Sheet) -> None:
    how = Script("entry")
    for kind in ("scripts", "gui-scripts"):
        table = child(root, "project", kind)
        if isinstance(table, Map):
            for name, value in table.effective():
                if isinstance(value, Text):
                    sheet.object(value, how, name.value)
    groups = child(root, "project", "entry-points")
    if isinstance(groups, Map):
        for _, group in groups.effective():
            if isinstance(group, Map):
                for name, value in group.effective():
                    if isinstance(value, Text):
                        sheet.object(value, how, name.value)


def _poetry(poetry: Node | None, sheet: Sheet) -> None:
    how = Script("entry")
    tables = [child(poetry, "scripts")]
    plugins = child(poetry, "plugins")
    if isinstance(plugins, Map):
        tables.extend(table for _, table in plugins.effective())
    for table in tables:
        if isinstance(table, Map):
            for name, value in table.effective():
                target = value
                if isinstance(value, Map):
                    target = value.get("reference") or value.get("callable") or value
                if isinstance(target, Text):
                    sheet.object(target, how, name.value)


@dataclass
class _Tasks:
    """The tasks of one tool. What a tool does not know does not stand in its table."""

    sheet: Sheet
    prefix: str
    names: frozenset[str] = frozenset()
    scripts: Map = field(default_factory=lambda: Map(0))

    def read(self, table: Node | None) -> None:
        """Add every task."""
        if not isinstance(table, Map):
            return
        self.names, self.scripts = frozenset(table.table), table
        for name, task in table.effective():
            if name.value == "_" and self.prefix == "pdm":
                continue
            parts = [*self.hook("pre", name), *self.parts(task, Script("shell"), 0)]
            parts.extend(self.hook("post", name))
            depends = [
                f"{self.prefix}/{string(one) or string(child(one, 'task')) or ''}"
                for key in ("deps", "depends-on", "depends_on")
                for one in items(child(task, key))
            ]
            self.sheet.jobs.append(
                Job(f"{self.prefix}/{name.value}", name.row, tuple(parts), after=tuple(depends))
            )

    def hook(self, when: str, name: Text) -> Iterator[Part]:
        """The task that runs before or after another by its name."""
        found = f"{when}_{name.value}"
        if self.prefix in ("pdm", "task") and found in self.names:
            yield self.call(name.row, found)

    def call(self, row: int, name: str) -> Part:
        """Another task, run here."""
        return Part(row, calls=(f"{SYSTEM}:{self.prefix}/{name}",))

    def parts(self, task: Node, how: Script, depth: int) -> Iterator[Part]:
        """What a task runs, in order."""
        if depth > MAX_DEPTH:
            return
        if isinstance(task, Text):
            yield from self.line(task, how, "shell" if self.prefix in ("task", "pixi") else "words")
        elif isinstance(task, Seq):
            if self.prefix == "rye":
                yield self.part(task.row, self.sheet.argv([task], how))
                return
            for one in task.items:
                if isinstance(one, Text):
                    yield self.named(one, how)
                else:
                    yield from self.parts(one, how, depth + 1)
        else:
            yield from self.table(task, how, depth)

    def line(self, task: Text, how: Script, form: str) -> Iterator[Part]:
        """A command in one text."""
        run: Callable[..., list[int]] = self.sheet.shell
        if form == "words":
            yield self.part(task.row, self.sheet.argv([self.expanded(task)], how))
        else:
            yield self.part(task.row, run(task, how))

    def expanded(self, task: Node) -> Node:
        """Poe puts variables and arguments into a command that no shell reads."""
        if self.prefix != "poe" or not isinstance(task, Text):
            return task
        text = _PUT_IN.sub(HOLE, task.value)
        return task if text == task.value else replace(task, value=text, folds=())

    def named(self, task: Text, how: Script) -> Part:
        """A task by its name, or else a command."""
        name = task.value.split()[0] if task.value.split() else ""
        whole = filled_in(task, self.scripts)
        if name in self.names and whole is task:
            return self.call(task.row, name)
        return self.part(task.row, self.sheet.argv([whole], how))

    def part(self, row: int, scripts: list[int]) -> Part:
        """A part of its scripts."""
        return Part(row, tuple(scripts))

    def table(self, task: Map, how: Script, depth: int) -> Iterator[Part]:
        """A task with options."""
        ignored = task.get("ignore_fail") or task.get("keep_going")
        how = replace(
            how,
            environment=how.environment + settings(task.get("env"), self.sheet),
            discarded=how.discarded or (f"`ignore_fail = {string(ignored)}`" if ignored else None),
        )
        found: list[Part] = []
        for key, value in task.effective():
            name = key.value
            if name in ("cmd", "cmds"):
                scripts = self.sheet.argv([self.expanded(value)], how)
                if isinstance(value, Text) and self.prefix in ("task", "pixi"):
                    scripts = self.sheet.shell(value, how)
                found.append(self.part(value.row, scripts))
            elif name == "shell" and isinstance(value, Text):
                language = "".join(one.value for one in texts(task.get("interpreter")))
                form = replace(how, form="python") if "python" in language else how
                found.append(self.part(value.row, self.sheet.shell(value, form)))
            elif name in ("script", "call") and isinstance(value, Text):
                found.append(self.part(value.row, self.sheet.object(value, Script("entry"))))
            elif name == "expr":
                found.append(
                    self.part(value.row, self.sheet.shell(value, Script("python", text=("",))))
                )
            elif name == "ref" and isinstance(value, Text):
                found.append(self.named(value, how))
            elif name in ("sequence", "composite", "chain", "parallel"):
                side = "side by side" if name == "parallel" else None
                for one in items(value):
                    inner = (
                        [self.named(one, how)]
                        if isinstance(one, Text)
                        else list(self.parts(one, how, depth + 1))
                    )
                    found.extend(replace(part, condition=side) for part in inner)
            elif name == "switch":
                for one in items(value):
                    found.extend(
                        replace(part, condition=f"switch {string(child(one, 'case'))}")
                        for part in self.parts(one, how, depth + 1)
                    )
        may_fail = ignored is not None and is_true(ignored)
        for part in found:
            lost = how.discarded if part.calls else None
            yield replace(
                part, may_fail=part.may_fail or may_fail, discarded=part.discarded or lost
            )


def _hatch(environments: Node | None, sheet: Sheet) -> None:
    if not isinstance(environments, Map):
        return
    for _, environment in environments.effective():
        for kind in ("scripts", "extra-scripts", "pre-install-commands", "post-install-commands"):
            table = child(environment, kind)
            if isinstance(table, Map):
                for name, body in table.effective():
                    how = Script(
                        "shell", environment=settings(child(environment, "env-vars"), sheet)
                    )
                    parts = tuple(_hatch_part(one, table, how, sheet) for one in texts(body))
                    sheet.jobs.append(Job(f"hatch/{name.value}", name.row, parts))
            elif table is not None:
                for one in texts(table):
                    sheet.shell(one, Script("shell"))


def _hatch_part(line: Text, scripts: Map, how: Script, sheet: Sheet) -> Part:
    line = filled_in(line, scripts)
    first = line.value.split(maxsplit=1)
    if first and first[0] in scripts.table:
        return Part(line.row, calls=(f"{SYSTEM}:hatch/{first[0]}",))
    if line.value.startswith("- "):
        bare = Text(line.value[2:], line.row, line.rows)
        ignored = replace(how, discarded="the leading `-`")
        return Part(line.row, tuple(sheet.shell(bare, ignored)), may_fail=True)
    return Part(line.row, tuple(sheet.shell(line, how)))
