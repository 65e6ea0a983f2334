"""lefthook.yml: the commands of git hooks."""

from __future__ import annotations

from collections.abc import Iterator

from interlock_checks.documents.formats.pre_commit import runs_interlock
from interlock_checks.documents.model import Claim, Layout, Script
from interlock_checks.documents.nodes import Map, Text, child, items, string
from interlock_checks.documents.sheet import TEMPLATE, Sheet, is_true, settings
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["read"]


def read(text: str, path: str) -> Layout:
    """What the hooks run, and which of interlock's are switched off."""
    documents, problems = read_yaml(text)
    sheet = Sheet(TEMPLATE, problems)
    for document in documents:
        if not isinstance(document, Map):
            continue
        for name, hook in document.effective():
            if isinstance(hook, Map):
                for row, key, command in _commands(hook):
                    _command(name.value, hook, row, key, command, sheet)
    return sheet.layout("lefthook")


def _commands(hook: Map) -> Iterator[tuple[int, str, Map]]:
    """The commands of a hook in both forms."""
    table = hook.get("commands")
    if isinstance(table, Map):
        for key, command in table.effective():
            if isinstance(command, Map):
                yield key.row, key.value, command
    for job in [*items(hook.get("jobs")), *items(child(hook, "group", "jobs"))]:
        if isinstance(job, Map):
            yield job.row, string(job.get("name")) or "", job


def _command(hook: str, around: Map, row: int, key: str, command: Map, sheet: Sheet) -> None:
    run = command.get("run")
    how = Script("shell", environment=settings(command.get("env"), sheet))
    sheet.shell(run, how)
    if not isinstance(run, Text) or not (runs_interlock(run.value) or runs_interlock(key)):
        return
    name = key or "interlock"
    for holder in (command, around):
        if is_true(holder.get("skip")):
            sheet.claims.append(
                Claim("IL502", holder.row_of("skip"), name, "is skipped, so it never runs")
            )
            return
    for holder in (command, around):
        for one in (*items(holder.get("skip")), *items(holder.get("only"))):
            if isinstance(one, Map) and isinstance(one.get("run"), Text):
                manner = "hangs on a command that whoever commits can decide"
                sheet.claims.append(Claim("IL301", one.row_of("run"), f"`{name}`", manner))
                return
    if hook.startswith("post-"):
        sheet.claims.append(Claim("IL502", row, name, f"runs in {hook}, so it stops no commit"))
        return
    globs = [one.value for one in items(command.get("glob")) if isinstance(one, Text)]
    if globs and not any("py" in one or one.endswith(("*", "*.*")) for one in globs):
        sheet.claims.append(
            Claim("IL502", command.row_of("glob"), name, "never runs for a Python file")
        )
