"""
Services that build, deploy and run: what they run, by the keys of their files.

One table instead of a module each: these files say which command is run, and leave little else
to decide. Order counts where a list is run from its start to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from interlock_checks.commands.argv import HOLE
from interlock_checks.documents.cloudformation import worked_out
from interlock_checks.documents.conditions import joined
from interlock_checks.documents.hcl_nodes import read_hcl
from interlock_checks.documents.ini_nodes import read_ini
from interlock_checks.documents.json_nodes import read_json
from interlock_checks.documents.keys import (
    AFTERWARDS,
    CHANGES,
    EMBEDDED,
    IGNORED,
    KEYS,
    OF_A_STEP,
    OF_UWSGI,
    PLACES,
    SAYING,
    STATES,
    STEPS,
    TABLES,
    TABLES_OF,
)
from interlock_checks.documents.kinds import format_by_name
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import (
    Map,
    Node,
    Seq,
    Text,
    child,
    items,
    placed,
    string,
    texts,
    walk,
)
from interlock_checks.documents.sheet import TEMPLATE, Setting, Sheet, is_false, settings
from interlock_checks.documents.tasks import (
    asks_for_status,
    condition_of,
    fails,
    lists,
    replaced,
    rounds,
    variables,
)
from interlock_checks.documents.toml_nodes import read_toml
from interlock_checks.documents.yaml_nodes import read_yaml
from interlock_checks.facts.model import Problem

__all__ = ["read"]

_SENTENCE = re.compile(r"[^\W\d_a-z][^\n$={}|;&<>]*\s\S+\s\S")
"""Three words or more, the first of which begins with no small letter."""
_REFERENCE = re.compile(r"[$%]\{[^{}]*\}|" + HOLE)
_BUILDER = re.compile(r"\bcloud-builders/([\w-]+)")
"""Images of Google whose entry point is the program that they are called after."""
DEEPEST_BLOCK = 8
"""Blocks of tasks inside blocks."""
_TRAVIS = ("before_install", "install", "before_script", "script", "before_deploy", "after_deploy")


def read(text: str, path: str) -> Layout:
    """What a file has run."""
    name = path.rpartition("/")[2].lower()
    reader = read_yaml
    holes = TEMPLATE
    if name.endswith((".json", ".jsonc", ".json5", ".renovaterc", "captain-definition")):
        reader = read_json
    elif name.endswith((".conf", ".ini")):
        reader = _read_sections
        holes = _REFERENCE if name.endswith((".tf.json", ".tofu.json")) else holes
    elif name.endswith((".tf", ".tofu", ".hcl", ".nomad")):
        reader = read_hcl
        holes = _REFERENCE
    elif name.endswith(".toml"):
        reader = read_toml
    documents, problems = reader(text)
    sheet = Sheet(holes, problems, _own(name))
    guessed = format_by_name(path) is None
    for document in documents:
        document = worked_out(document)
        environment = settings(child(document, "env"), sheet)
        images = name.startswith("cloudbuild")
        tables = TABLES | TABLES_OF.get(name, frozenset())
        known, listed = variables(document), lists(document)
        _File(sheet, environment, guessed, known, images, listed, tables).read(document)
    return sheet.layout("platform")


def _read_sections(text: str) -> tuple[list[Node], list[Problem]]:
    return [read_ini(text)], []


def _is_told(node: Map) -> bool:
    """
    Whether a table only tells people of a command: texts around it, of which one is a sentence.

    Not so where a key belongs to a step: that may be described in a sentence, or asked in one
    (`when: DEPLOY is defined`).
    """
    around = [value for key, value in node.pairs if key.value.lower() not in KEYS]
    texts_only = all(isinstance(value, Text) for _, value in node.pairs)
    a_step = any(key.value.lower() in OF_A_STEP for key, _ in node.pairs)
    return texts_only and not a_step and any(_SENTENCE.match(string(v) or "") for v in around)


def _telling(document: Node) -> Iterator[int]:
    """
    The tables of texts that only say something: variables, labels, settings.

    Their keys are names that somebody chose, whatever they are called.
    """
    for node in walk(document):
        for key, value in node.pairs if isinstance(node, Map) else ():
            if not isinstance(value, Map) or key.value.lower() not in SAYING:
                continue
            if all(isinstance(one, Text) for _, one in value.pairs):
                yield id(value)
            elif key.value == "customizations":
                yield from (id(one) for one in walk(value))


def _own(name: str) -> frozenset[str]:
    """CI systems set `CI` themselves; what they start elsewhere does not have it."""
    ci = re.match(r"\.?(?:travis|appveyor|drone|woodpecker|bitbucket|semaphore|cloudbuild)", name)
    return frozenset({"CI"}) if ci else frozenset()


@dataclass
class _File:
    sheet: Sheet
    environment: tuple[Setting, ...] = ()
    """What the top of the file sets for all that it runs."""
    guessed: bool = False
    """Nothing but its keys says that a service reads the file."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Variables of which each has one value in the file."""
    images: bool = False
    """Steps are named by their image, as in Cloud Build."""
    listed: Mapping[str, Node] = field(default_factory=dict)
    """Variables of which each is one list in the file."""
    tables: frozenset[str] = TABLES
    """Keys of tables of which every value is a command."""

    def read(self, document: Node) -> None:
        """Add what stands below any of the keys; lists of steps first, as jobs."""
        seen: set[int] = set()
        if isinstance(document, Seq) and not any(
            "hosts" in one.table for one in document.items if isinstance(one, Map)
        ):
            # The tasks of a role.
            whole = Text("tasks", document.row)
            self.steps(whole, [("", one) for one in document.items], seen)
        seen.update(_telling(document))
        for node in walk(document):
            if not isinstance(node, Map):
                continue
            around = None
            if "hosts" in node.table and not is_false(node.get("ignore_errors")):
                around = "`ignore_errors` of the play"
            for key, value in node.pairs:
                if key.value in STEPS and isinstance(value, Seq):
                    self.steps(key, [("", one) for one in value.items], seen, around)
                elif key.value == "steps" and isinstance(value, Map):
                    # Woodpecker's: the names of the steps are the keys.
                    self.steps(key, [(name.value, one) for name, one in value.effective()], seen)
        for node in walk(document):
            if isinstance(node, Map) and node.tag and id(node) not in seen:
                self.resource(node, seen)
        for node in walk(document):
            if isinstance(node, Map) and id(node) not in seen:
                parts = tuple(self.parts(node, seen))
                if any(part.scripts for part in parts):
                    self.sheet.jobs.append(Job(f"at {node.row}", node.row, parts))

    def resource(self, node: Map, seen: set[int]) -> None:
        """A resource of Terraform, which comes after those that it refers to."""
        parts = [
            part
            for inner in walk(node)
            if isinstance(inner, Map) and id(inner) not in seen
            for part in self.parts(inner, seen)
        ]
        named = {
            ".".join(one.value.split(".")[:2])
            for one in walk(node)
            if isinstance(one, Text) and one.plain and "." in one.value
        }
        if any(part.scripts for part in parts):
            after = tuple(sorted(named - {node.tag}))
            self.sheet.jobs.append(
                Job(
                    node.tag,
                    node.row,
                    tuple(parts),
                    after=after,
                    order_row=node.row_of("depends_on"),
                )
            )

    def steps(
        self,
        key: Text,
        steps: Sequence[tuple[str, Node]],
        seen: set[int],
        around: str | None = None,
    ) -> None:
        """
        Named steps that are run in order, unless some of them say for whom they wait.

        `around` takes their failures away.
        """
        parts: list[Part] = []
        waits = any(
            name in one.table
            for _, one in steps
            if isinstance(one, Map)
            for name in ("depends_on", "dependencies", "waitFor")
        )
        for own_name, one in steps:
            inner = child(one, "step") or one
            if not isinstance(inner, Map) or id(inner) in seen:
                continue
            own = list(self.block(inner, seen, around, 0))
            if not waits:
                parts.extend(own)
                continue
            wanted = [
                two.value
                for name in ("depends_on", "dependencies", "waitFor")
                for two in texts(inner.get(name))
            ]
            told = own_name or string(inner.get("id")) or string(inner.get("name"))
            name = told or f"at {inner.row}"
            self.sheet.jobs.append(Job(name, inner.row, tuple(own), after=tuple(wanted)))
        if any(part.scripts for part in parts):
            self.sheet.jobs.append(Job(f"{key.value} at {key.row}", key.row, tuple(parts)))

    def block(self, node: Map, seen: set[int], around: str | None, depth: int) -> Iterator[Part]:
        """A task, or the tasks of a block in their order; `around` takes their failures away."""
        if not isinstance(node.get("block"), Seq) or depth > DEEPEST_BLOCK:
            yield from self.parts(node, seen, around)
            return
        seen.add(id(node))
        rescue = node.get("rescue")
        if rescue is not None and not fails(rescue):
            around = "`rescue`"
        elif not is_false(node.get("ignore_errors")):
            around = "`ignore_errors` of the block"
        condition, row = condition_of(node)
        for key in ("block", "always"):
            for one in items(node.get(key)):
                if isinstance(one, Map) and id(one) not in seen:
                    for part in self.block(one, seen, around, depth + 1):
                        both = joined([each for each in (condition, part.condition) if each])
                        yield replace(
                            part,
                            condition=both,
                            condition_row=row if condition else part.condition_row,
                            after_failure=part.after_failure or key == "always",
                        )

    def parts(self, node: Map, seen: set[int], around: str | None = None) -> Iterator[Part]:
        """What the keys of one table run; `around` takes their failures away."""
        seen.add(id(node))
        if self.guessed and _is_told(node):
            return
        ignored = next((key for key in IGNORED if not is_false(node.get(key))), None)
        if string(node.get("failure")) == "ignore":
            ignored = "failure"
        if string(node.get("on_failure")) == "continue":
            ignored = "on_failure"
        if "failed_when" in node.table and not asks_for_status(node.get("failed_when")):
            ignored = "failed_when"
        if not is_false(node.get("async")) and string(node.get("poll")) == "0":
            ignored = "poll"
        how = Script(
            "shell",
            environment=self.environment
            + settings(node.get("env") or node.get("environment"), self.sheet)
            + settings(child(node, "options", "env"), self.sheet),
            errexit=True,
            discarded=f"`{ignored}: {string(node.get(ignored)) or ''}`" if ignored else around,
            image=string(node.get("image")),
        )
        condition, condition_row = condition_of(node)
        interpreter = node.get("interpreter")
        if isinstance(interpreter, Seq) and isinstance(node.get("command"), Text):
            whole = Seq(interpreter.row, [*interpreter.items, *texts(node.get("command"))])
            found = self.sheet.argv([whole], how)
            yield self.part(node.row, found, how, condition, condition_row)
            return
        module = node.get("module")
        if isinstance(module, Text) and "request" in node.table:
            # A launch configuration of VS Code.
            words = [Text("python", module.row), Text("-m", module.row), module]
            whole = Seq(module.row, [*words, *texts(node.get("args"))])
            yield self.part(module.row, self.sheet.argv([whole], how), how, None, 0)
            return
        entry = node.get("entrypoint") or node.get("entryPoint") or node.get("EntryPoint")
        if entry is not None or ("args" in node.table and "command" in node.table):
            command = [entry, node.get("command") or node.get("Command"), node.get("args")]
            found = self.sheet.argv(command, how)
            yield self.part(node.row, found, how, condition, condition_row)
            return
        if (string(node.get("type")) or "").startswith("command:"):
            for change in CHANGES:
                given = child(node, "properties", change)
                if given is not None:
                    found = self.command(given, how)
                    yield self.part(given.row, found, how, condition, condition_row)
        if self.images and "args" in node.table:
            found = self.of_an_image(node, how)
            yield self.part(node.row, found, how, condition, condition_row)
        for key, value in sorted(node.pairs, key=lambda pair: _rank(pair[0].value)):
            name = key.value.lower()
            if name in STATES:
                for one in items(value):
                    told = child(one, "name")
                    if isinstance(told, Text):
                        found = self.command(told, how)
                        yield self.part(told.row, found, how, condition, condition_row)
                continue
            if key.value in self.tables and isinstance(value, Map):
                for _, inner in value.effective():
                    found = self.command(inner, how)
                    yield self.part(key.row, found, how, condition, condition_row)
            elif name == "execute" and isinstance(value, Seq):
                # Hooks of Terragrunt: always the words of one command.
                found = self.sheet.argv([value], how)
                yield self.part(key.row, found, how, condition, condition_row)
            elif name == "content" and isinstance(value, Text):
                place = next((one for one in map(node.get, PLACES) if isinstance(one, Text)), None)
                made = self.sheet.file(place.value, value, how) if place else []
                yield self.part(key.row, made, how, condition, condition_row)
            elif OF_UWSGI.fullmatch(name) and isinstance(value, Text):
                body = replace(value, value=value.value.removeprefix("exec:"))
                yield self.part(key.row, self.command(body, how), how, condition, condition_row)
            elif name in KEYS:
                plain = replace(how, discarded=None) if name in AFTERWARDS else how
                scripts = [
                    number
                    for known in rounds(node, self.known, self.listed)
                    for number in self.command(replaced(value, known), plain)
                ]
                part = self.part(key.row, scripts, how, condition, condition_row)
                yield replace(part, after_failure=name in AFTERWARDS or _late(node))
            elif name in EMBEDDED and isinstance(value, Text):
                for document in read_yaml(value.value)[0]:
                    placed(document, value.rows)
                    for inner in walk(document):
                        if isinstance(inner, Map):
                            yield from self.parts(inner, seen, around)

    def of_an_image(self, step: Map, how: Script) -> list[int]:
        """Arguments of a step whose `name` is its image: behind a builder's program, or alone."""
        builder = _BUILDER.search(string(step.get("name")) or "")
        front = Text(builder[1], step.row_of("name")) if builder else None
        alone = [] if front else self.sheet.behind_entrypoint(step.get("args"), how)
        return [*self.sheet.argv([front, step.get("args")], how), *alone]

    def part(
        self, row: int, scripts: list[int], how: Script, condition: str | None, at: int
    ) -> Part:
        """A part with the condition of its table."""
        return Part(
            row,
            tuple(scripts),
            condition=condition,
            condition_row=at,
            may_fail=how.discarded is not None,
        )

    def command(self, value: Node, how: Script) -> list[int]:
        """Shell text, a list of lines of it, an argument vector, or a table with one of these."""
        if isinstance(value, Map):
            made = next((one for key, one in value.pairs if key.value.startswith("Fn::")), None)
            if made is not None:
                # CloudFormation's functions: what is put in is not known, the text around it is.
                made = made.items[0] if isinstance(made, Seq) and made.items else made
                return self.command(made, how)
            inner = value.get("command") or value.get("cmd") or value.get("script")
            if isinstance(value.get("argv"), Seq):
                return self.sheet.argv([value.get("argv")], how)
            if inner is None and all(isinstance(one, Text | Seq) for _, one in value.pairs):
                # Names of several commands, as in a dev container.
                return [n for _, one in value.effective() for n in self.command(one, how)]
            return self.command(inner, how) if isinstance(inner, Text | Seq) else []
        found: list[int] = []
        if (
            isinstance(value, Seq)
            and value.items
            and all(isinstance(one, Text) and " " not in one.value for one in value.items)
        ):
            # `[alembic, upgrade, head]` is one command, `[make lint, make test]` are two.
            return self.sheet.argv([value], how)
        for one in items(value):
            if isinstance(one, Seq):
                found.extend(self.sheet.argv([one], how))
            elif isinstance(one, Map) and isinstance(child(one, "command"), Text | Seq):
                found.extend(self.command(child(one, "command") or one, how))
        lines = Seq(value.row)
        lines.items.extend(one for one in items(value) if isinstance(one, Text))
        return [*self.sheet.shell(lines, how), *found]


def _late(step: Map) -> bool:
    """Whether a step of Drone or Woodpecker runs after a failure, too."""
    return any(
        one.value == "failure"
        for place in items(step.get("when"))
        for one in texts(child(place, "status"))
    )


def _rank(key: str) -> int:
    return _TRAVIS.index(key) if key in _TRAVIS else len(_TRAVIS)
