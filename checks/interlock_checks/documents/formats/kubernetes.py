"""
Kubernetes objects and what is built like them: Helm templates, Argo workflows, Tekton tasks.

Init containers run one after another and must succeed; the containers of a pod run side by side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from interlock_checks.commands.argv import HOLE
from interlock_checks.documents.conditions import split_terms
from interlock_checks.documents.json_nodes import read_json
from interlock_checks.documents.model import WAVE, Job, Layout, Part, Script
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
from interlock_checks.documents.sheet import TEMPLATE, Sheet, is_false, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "kubernetes"

_SUCCEEDED = re.compile(r"([\w-]+)(?:\.Succeeded)?")
"""A term of `depends` that holds only if the task has not failed."""
_REFERENCE = re.compile(r"(?<!\$)\$\(([A-Za-z_][\w.-]*)\)")
"""A variable in a word of `command` or `args`."""
_NAME = re.compile(r"(?<![.\w-])[\w-]+(?=\.|\b)")
_WAVES = (
    ("helm.sh/hook", "helm.sh/hook-weight"),
    ("argocd.argoproj.io/sync-wave", "argocd.argoproj.io/sync-wave"),
)
_HANDLERS = (
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
)


def read(text: str, path: str) -> Layout:
    """What the containers of the objects in a text run."""
    documents, problems = (read_json if path.endswith(".json") else read_yaml)(text)
    sheet = Sheet(TEMPLATE, problems)
    for number, document in enumerate(documents):
        first = len(sheet.jobs)
        for node in walk(document):
            if isinstance(node, Map):
                _pod(node, f"{number}", sheet)
                _tekton(node, f"{number}", sheet)
                _graph(node, f"{number}", sheet)
                _patch(node, sheet)
                _files(node, sheet)
                _argo(node, f"{number}", sheet)
        _waves(document, first, sheet)
    return sheet.layout(SYSTEM)


def _waves(document: Node, first: int, sheet: Sheet) -> None:
    """Hooks of Helm and waves of Argo CD wait for those of a lower weight."""
    annotations = child(document, "metadata", "annotations")
    for hook, weight in _WAVES:
        kind = string(child(annotations, hook))
        if kind is None:
            continue
        value = string(child(annotations, weight)) or "0"
        if re.fullmatch(r"[-+]?\d{1,9}", value):
            row = annotations.row_of(hook) if isinstance(annotations, Map) else 0
            sheet.jobs[first:] = [
                replace(
                    job,
                    stage=f"{WAVE}{int(value)}",
                    staged=True,
                    condition=f"{hook}: {kind}" if hook != weight else None,
                    condition_row=row,
                )
                for job in sheet.jobs[first:]
            ]
            return


def _pod(node: Map, prefix: str, sheet: Sheet) -> None:
    first = [one for one in items(node.get("initContainers")) if isinstance(one, Map)]
    rest = [one for one in items(node.get("containers")) if isinstance(one, Map)]
    if not isinstance(node.get("initContainers"), Seq | None) or not (first or rest):
        return
    parts = [
        Part(one.row, tuple(found))
        for one in first
        # One that goes on running is a companion, not a step.
        if (found := _container(one, sheet)) and string(one.get("restartPolicy")) != "Always"
    ]
    begin = f"{prefix}/{node.row}/init"
    if parts:
        sheet.jobs.append(Job(begin, node.row_of("initContainers"), tuple(parts)))
    for one in rest:
        found = _container(one, sheet)
        if found:
            name = f"{prefix}/{node.row}/{string(one.get('name')) or one.row}"
            after = (begin,) if parts else ()
            sheet.jobs.append(Job(name, one.row, (Part(one.row, tuple(found)),), after=after))


def _container(node: Map, sheet: Sheet, ignored: str | None = None) -> list[int]:
    how = Script(
        "words",
        environment=settings(node.get("env"), sheet),
        image=string(node.get("image")),
        discarded=ignored,
    )
    known = {
        name: _constant(one)
        for one in items(node.get("env"))
        if (name := string(child(one, "name"))) is not None
    }
    for path in _HANDLERS:
        sheet.argv([_expanded(child(node, *path, "exec", "command"), known)], how)
    command, arguments = (_expanded(node.get(key), known) for key in ("command", "args"))
    found = sheet.argv([command, arguments], how) if texts(command) or texts(arguments) else []
    return [*found, *(sheet.behind_entrypoint(arguments, how) if not texts(command) else ())]


def _constant(variable: Node) -> str:
    value = string(child(variable, "value"))
    return HOLE if value is None else value


def _expanded(node: Node | None, known: Mapping[str, str]) -> Node | None:
    """Words with the variables of the container in them, of which Kubernetes knows the value."""
    if not known or not isinstance(node, Seq):
        return node
    made = Seq(node.row, tag=node.tag)
    for one in texts(node):
        text = _REFERENCE.sub(lambda found: known.get(found[1], found[0]), one.value)
        made.items.append(one if text == one.value else replace(one, value=text, folds=()))
    return made


def _patch(node: Map, sheet: Sheet) -> None:
    """What a patch puts in the place of a command, and the patches that are texts in the file."""
    place = (string(node.get("path")) or "").rpartition("/")[2]
    if "op" in node.table and place in ("command", "args"):
        sheet.argv([node.get("value")], Script("words"))
    for key in ("patch", "patches", "patchesStrategicMerge", "patchesJson6902"):
        for body in texts(node.get(key)):
            if "\n" not in body.value:
                continue
            for document in read_yaml(body.value)[0]:
                placed(document, body.rows)
                for inner in walk(document):
                    if isinstance(inner, Map):
                        _patch(inner, sheet)
                        _pod(inner, f"patch at {body.row}", sheet)


def _files(node: Map, sheet: Sheet) -> None:
    """Scripts that are values: files of a ConfigMap, or what a chart puts into one."""
    data = node.get("data") if string(node.get("kind")) == "ConfigMap" else None
    for key, value in data.effective() if isinstance(data, Map) else ():
        if isinstance(value, Text) and not value.value.startswith("#!"):
            sheet.file(key.value, value, Script("shell"))
    for key, value in node.effective():
        if key.value != "script" and isinstance(value, Text) and value.value.startswith("#!"):
            _script(value, Map(node.row), sheet)


def _tekton(node: Map, prefix: str, sheet: Sheet) -> None:
    """Steps with a `script` or a `command`, one after another."""
    parts = []
    for step in items(node.get("steps")):
        if not isinstance(step, Map) or ("script" not in step.table and "image" not in step.table):
            continue
        ignored = "`onError: continue`" if string(step.get("onError")) == "continue" else None
        found = _container(step, sheet, ignored)
        found.extend(_script(step.get("script"), step, sheet, ignored))
        parts.append(Part(step.row, tuple(found), may_fail=ignored is not None))
    if any(part.scripts for part in parts):
        name = f"{prefix}/steps/{node.row}"
        sheet.jobs.append(Job(name, node.row_of("steps"), tuple(parts)))


def _graph(node: Map, prefix: str, sheet: Sheet) -> None:
    """The tasks of a pipeline of Tekton, which start together unless `runAfter` orders them."""
    tasks = [one for one in items(node.get("tasks")) if isinstance(one, Map)]
    if not any("taskSpec" in one.table or "taskRef" in one.table for one in tasks):
        return
    for task in tasks:
        inner = task.get("taskSpec")
        calls = (f"{SYSTEM}:{prefix}/steps/{inner.row}",) if isinstance(inner, Map) else ()
        ignored = "`onError: continue`" if string(task.get("onError")) == "continue" else None
        after = tuple(f"{prefix}/{node.row}/{one.value}" for one in texts(task.get("runAfter")))
        sheet.jobs.append(
            Job(
                f"{prefix}/{node.row}/{string(task.get('name')) or task.row}",
                task.row,
                (Part(task.row_of("onError"), calls=calls, discarded=ignored),),
                after=after,
                condition=string(child(task, "when")) or ("when" if task.get("when") else None),
                condition_row=task.row_of("when"),
                order_row=task.row_of("runAfter") if after else task.row,
            )
        )


def _script(body: Node | None, step: Map, sheet: Sheet, ignored: str | None = None) -> list[int]:
    """A script, in the language of its shebang or of its command."""
    if not isinstance(body, Text):
        return []
    how = Script(
        "shell",
        environment=settings(step.get("env"), sheet),
        image=string(step.get("image")),
        discarded=ignored,
    )
    head = body.value.lstrip().partition("\n")[0]
    languages = (
        [head] if head.startswith("#!") else [one.value for one in texts(step.get("command"))]
    )
    if any("python" in one for one in languages):
        how = replace(how, form="python")
    options = head.partition(" ")[2]
    errexit = not head.startswith("#!") or (options.startswith("-") and "e" in options)
    return sheet.shell(body, replace(how, errexit=errexit))


def _argo(node: Map, prefix: str, sheet: Sheet) -> None:
    """Templates of Argo: a script, a list of groups of steps, or a graph of tasks."""
    for template in items(node.get("templates")):
        if not isinstance(template, Map):
            continue
        name = string(template.get("name")) or str(template.row)
        script, container = template.get("script"), template.get("container")
        scripts: list[int] = []
        if isinstance(script, Map):
            scripts.extend(_script(script.get("source"), script, sheet))
        if isinstance(container, Map):
            scripts.extend(_container(container, sheet))
        parts = [Part(template.row, tuple(scripts))] if scripts else []
        for group in items(template.get("steps")):
            members = items(group)
            for one in members:
                called = string(child(one, "template"))
                # Steps of one group run side by side: none of them comes before another.
                side = f"side by side with {len(members) - 1} more" if len(members) > 1 else None
                when = string(child(one, "when")) or side
                if called:
                    parts.append(
                        Part(
                            one.row,
                            condition=when,
                            calls=(f"{SYSTEM}:{prefix}/argo/{called}",),
                            discarded=_continued(one),
                        )
                    )
        for task in items(child(template, "dag", "tasks")):
            if isinstance(task, Map):
                _task(task, f"{prefix}/{name}", prefix, sheet)
        if parts:
            sheet.jobs.append(Job(f"{prefix}/argo/{name}", template.row, tuple(parts)))


def _task(task: Map, graph: str, prefix: str, sheet: Sheet) -> None:
    called = string(task.get("template"))
    wanted = [one.value for one in texts(task.get("dependencies"))]
    loose: list[str] = []
    for term in split_terms(string(task.get("depends")) or ""):
        alone = _SUCCEEDED.fullmatch(term)
        if alone is not None:
            wanted.append(alone[1])
        else:
            loose.extend(_NAME.findall(term))
    calls = (f"{SYSTEM}:{prefix}/argo/{called}",) if called else ()
    sheet.jobs.append(
        Job(
            f"{graph}/{string(task.get('name')) or task.row}",
            task.row,
            (Part(task.row, calls=calls, discarded=_continued(task)),),
            after=tuple(f"{graph}/{one}" for one in wanted),
            loose=tuple(f"{graph}/{one}" for one in loose),
            condition=string(task.get("when")),
            condition_row=task.row_of("when"),
            order_row=task.row_of("depends") if "depends" in task.table else task.row,
        )
    )


def _continued(one: Node) -> str | None:
    """What lets the others go on after a step or task of Argo has failed."""
    on = child(one, "continueOn")
    found = [name for name in ("failed", "error") if not is_false(child(on, name))]
    return f"`continueOn: {found[0]}`" if found else None
