"""Compose files: each service is a command, and so is its health check."""

from __future__ import annotations

import re
from dataclasses import replace

from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string, texts
from interlock_checks.documents.sheet import TEMPLATE, Sheet, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]

SYSTEM = "compose"
_FILLED_IN = re.compile(rf"{TEMPLATE.pattern}|(?<!\$)\$(?:\{{[^{{}}]*\}}|\w+)", re.S)
"""What Compose takes from the environment of whoever starts it."""


def read(text: str, path: str) -> Layout:
    """What the services of a file run."""
    documents, problems = read_yaml(text)
    sheet = Sheet(TEMPLATE, problems)
    for document in documents:
        for kind in ("configs", "secrets"):
            files = child(document, kind)
            for name, one in files.effective() if isinstance(files, Map) else ():
                content = _unescaped(child(one, "content"))
                if isinstance(content, Text):
                    sheet.file(name.value, content, Script("shell"))
        services = child(document, "services")
        if services is None and isinstance(document, Map) and "version" not in document.table:
            services = document  # the first form of the format had no heading
        if isinstance(services, Map):
            for name, service in services.effective():
                if isinstance(service, Map):
                    _service(name, service, sheet)
    return sheet.layout(SYSTEM)


def _service(name: Text, service: Map, sheet: Sheet) -> None:
    how = Script(
        "words",
        environment=settings(service.get("environment"), Sheet(_FILLED_IN)),
        image=string(service.get("image")),
    )
    entry, command = service.get("entrypoint"), service.get("command")
    if entry is not None and entry.row < name.row:
        # It stands elsewhere in the file; what makes it a command of this service stands here.
        entry = _moved(entry, service.row_of("command"))
    scripts: list[int] = []
    if entry is None or not texts(entry):
        # The image may hand its command to a shell.
        scripts.extend(_line(command, how, sheet))
        if "build" in service.table:
            scripts.extend(sheet.behind_entrypoint(_unescaped(command), how))
    else:
        scripts.extend(sheet.argv([_unescaped(entry), _unescaped(command)], how))
    for hook in ("post_start", "pre_stop"):
        for one in items(service.get(hook)):
            scripts.extend(_line(child(one, "command"), how, sheet))
    for one in items(child(service.get("develop"), "watch")):
        scripts.extend(_line(child(one, "exec", "command"), how, sheet))
    _health(child(service.get("healthcheck"), "test"), how, sheet)
    after, loose = _order(service.get("depends_on"))
    sheet.jobs.append(
        Job(
            name.value,
            name.row,
            (Part(service.row_of("command"), tuple(scripts)),) if scripts else (),
            after=tuple(after),
            loose=tuple(loose),
            order_row=service.row_of("depends_on"),
        )
    )


def _moved(node: Node, row: int) -> Node:
    if isinstance(node, Text):
        return Text(node.value, row, (row,))
    made = Seq(row)
    made.items.extend(Text(one.value, row, (row,)) for one in texts(node))
    return made


def _line(node: Node | None, how: Script, sheet: Sheet) -> list[int]:
    if isinstance(node, Text):
        return sheet.shell(_unescaped(node), replace(how, form="shell"))
    return sheet.argv([_unescaped(node)], how)


def _unescaped(node: Node | None) -> Node | None:
    """`$$` is how a file spells a dollar that Compose leaves alone."""
    if isinstance(node, Text) and "$$" in node.value:
        return Text(node.value.replace("$$", "$"), node.row, node.rows)
    if isinstance(node, Seq):
        made = Seq(node.row)
        made.items.extend(one for one in map(_unescaped, texts(node)) if one is not None)
        return made
    return node


def _health(test: Node | None, how: Script, sheet: Sheet) -> None:
    if isinstance(test, Text):
        sheet.shell(_unescaped(test), replace(how, form="shell"))
        return
    words = texts(test)
    if words and words[0].value == "CMD-SHELL":
        for one in words[1:]:
            sheet.shell(_unescaped(one), replace(how, form="shell"))
    elif words and words[0].value == "CMD":
        sheet.words(words[1:], how)


def _order(node: Node | None) -> tuple[list[str], list[str]]:
    """The services that must have succeeded, and those that must only have started."""
    if isinstance(node, Seq):
        return [], [one.value for one in texts(node)]
    after: list[str] = []
    loose: list[str] = []
    if isinstance(node, Map):
        for key, value in node.effective():
            done = string(child(value, "condition")) == "service_completed_successfully"
            optional = string(child(value, "required")) == "false"
            (after if done and not optional else loose).append(key.value)
    return after, loose
