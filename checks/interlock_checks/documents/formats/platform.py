"""
Services that build, deploy and run: what they run, by the keys of their files.

One table instead of a module each: these files say which command is run, and leave little else
to decide. Order counts where a list is run from its start to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from interlock_checks.documents.json_nodes import read_json
from interlock_checks.documents.kinds import format_by_name
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string, texts, walk
from interlock_checks.documents.sheet import TEMPLATE, Setting, Sheet, is_false, settings
from interlock_checks.documents.toml_nodes import read_toml
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

_KEYS = frozenset(
    # fly.toml, render.yaml, railway, vercel, netlify, nixpacks, heroku.yml, app.json
    "release_command cmd build_command run_command start_command predeploycommand buildcommand"
    " startcommand dockercommand installcommand devcommand ignorecommand command commands cmds"
    " postdeploy pr-predestroy test-setup test"
    # Travis, AppVeyor, Bitbucket, Drone, Woodpecker, Semaphore, Cloud Build, dvc, buildspec
    " before_install install before_script script after_script after_success after_failure"
    " before_deploy after_deploy before_cache build_script test_script deploy_script before_build"
    " after_build before_test after_test on_success on_failure on_finish init after-script"
    # skaffold, devcontainer, ansible, serverless and cloud-init
    " postcreatecommand poststartcommand postattachcommand oncreatecommand updatecontentcommand"
    " initializecommand shell ansible.builtin.shell ansible.builtin.command runcmd bootcmd"
    " ansible.legacy.shell ansible.legacy.command run build.command preview hooks".split()
)
_TABLES = frozenset({"processes", "run"})
"""Tables of which every value is a command."""
_STEPS = frozenset({"steps", "jobs", "blocks", "tasks", "commands", "post_tasks", "pre_tasks"})
_AFTERWARDS = frozenset(
    {
        "after_script",
        "after-script",
        "after_success",
        "after_failure",
        "on_failure",
        "on_finish",
        "on_success",
        "after_deploy",
    }
)
_IGNORED = ("ignore_errors", "allowFailure", "allow_failure", "continue-on-error")
_SENTENCE = re.compile(r"[^\W\d_a-z][^\n$={}|;&<>]*\s\S+\s\S")
"""Three words or more, the first of which begins with no small letter."""
_OF_A_STEP = frozenset(
    "name desc description summary help doc usage when if unless condition only except on tags"
    " register become become_user args chdir cwd dir working_directory working-directory"
    " delegate_to run_once notify changed_when failed_when until retries loop with_items env"
    " environment image user deps depends_on needs schedule cron timeout".split()
)
"""What stands beside a command that is run: keys of Ansible's tasks, and of task runners."""
_TRAVIS = ("before_install", "install", "before_script", "script", "before_deploy", "after_deploy")


def read(text: str, path: str) -> Layout:
    """What a file has run."""
    name = path.rpartition("/")[2].lower()
    reader = read_yaml
    if name.endswith((".json", ".jsonc")):
        reader = read_json
    elif name.endswith(".toml"):
        reader = read_toml
    documents, problems = reader(text)
    sheet = Sheet(TEMPLATE, problems, _own(name))
    guessed = format_by_name(path) is None
    for document in documents:
        environment = settings(child(document, "env"), sheet)
        _File(sheet, environment, guessed).read(document)
    return sheet.layout("platform")


def _is_told(node: Map) -> bool:
    """
    Whether a table only tells people of a command: texts around it, of which one is a sentence.

    Not so where a key belongs to a step: that may be described in a sentence, or asked in one
    (`when: DEPLOY is defined`).
    """
    around = [value for key, value in node.pairs if key.value.lower() not in _KEYS]
    texts_only = all(isinstance(value, Text) for _, value in node.pairs)
    a_step = any(key.value.lower() in _OF_A_STEP for key, _ in node.pairs)
    return texts_only and not a_step and any(_SENTENCE.match(string(v) or "") for v in around)


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

    def read(self, document: Node) -> None:
        """Add what stands below any of the keys; lists of steps first, as jobs."""
        seen: set[int] = set()
        for node in walk(document):
            if not isinstance(node, Map):
                continue
            for key, value in node.pairs:
                if key.value in _STEPS and isinstance(value, Seq):
                    self.steps(key, value, seen)
        for node in walk(document):
            if isinstance(node, Map) and id(node) not in seen:
                parts = tuple(self.parts(node, seen))
                if any(part.scripts for part in parts):
                    self.sheet.jobs.append(Job(f"at {node.row}", node.row, parts))

    def steps(self, key: Text, steps: Seq, seen: set[int]) -> None:
        """A list that is run in order, unless its entries say for whom they wait."""
        parts: list[Part] = []
        waits = any(
            name in one.table
            for one in steps.items
            if isinstance(one, Map)
            for name in ("depends_on", "dependencies", "waitFor")
        )
        for one in steps.items:
            inner = child(one, "step") or one
            if not isinstance(inner, Map) or id(inner) in seen:
                continue
            own = list(self.parts(inner, seen))
            if not waits:
                parts.extend(own)
                continue
            wanted = [
                two.value
                for name in ("depends_on", "dependencies", "waitFor")
                for two in texts(inner.get(name))
            ]
            name = string(inner.get("id")) or string(inner.get("name")) or f"at {inner.row}"
            self.sheet.jobs.append(Job(name, inner.row, tuple(own), after=tuple(wanted)))
        if any(part.scripts for part in parts):
            self.sheet.jobs.append(Job(f"{key.value} at {key.row}", key.row, tuple(parts)))

    def parts(self, node: Map, seen: set[int]) -> Iterator[Part]:
        """What the keys of one table run."""
        seen.add(id(node))
        if self.guessed and _is_told(node):
            return
        ignored = next((key for key in _IGNORED if not is_false(node.get(key))), None)
        if string(node.get("failure")) == "ignore":
            ignored = "failure"
        if "failed_when" in node.table and is_false(node.get("failed_when")):
            ignored = "failed_when"  # Ansible's: the task never fails
        how = Script(
            "shell",
            environment=self.environment
            + settings(node.get("env") or node.get("environment"), self.sheet),
            errexit=True,
            discarded=f"`{ignored}: {string(node.get(ignored)) or ''}`" if ignored else None,
            image=string(node.get("image")),
        )
        condition = string(node.get("when")) if "when" in node.table else None
        entry = node.get("entrypoint")
        if entry is not None or ("args" in node.table and "command" in node.table):
            command = [entry, node.get("command") if entry is None else None, node.get("args")]
            yield self.part(node.row, self.sheet.argv(command, how), how, condition, node)
            return
        for key, value in sorted(node.pairs, key=lambda pair: _rank(pair[0].value)):
            name = key.value.lower()
            if key.value in _TABLES and isinstance(value, Map):
                for _, inner in value.effective():
                    yield self.part(key.row, self.command(inner, how), how, condition, node)
            elif name in _KEYS:
                around = replace(how, discarded=None) if name in _AFTERWARDS else how
                scripts = self.command(value, around)
                part = self.part(key.row, scripts, how, condition, node)
                yield replace(part, after_failure=name in _AFTERWARDS)

    def part(
        self, row: int, scripts: list[int], how: Script, condition: str | None, node: Map
    ) -> Part:
        """A part with the condition of its table."""
        return Part(
            row,
            tuple(scripts),
            condition=condition,
            condition_row=node.row_of("when"),
            may_fail=how.discarded is not None,
        )

    def command(self, value: Node, how: Script) -> list[int]:
        """Shell text, a list of lines of it, an argument vector, or a table with one of these."""
        if isinstance(value, Map):
            inner = value.get("command") or value.get("cmd") or value.get("script")
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


def _rank(key: str) -> int:
    return _TRAVIS.index(key) if key in _TRAVIS else len(_TRAVIS)
