"""The hooks of interlock in a `.pre-commit-config.yaml`, and what narrows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock_checks.documents.formats import pre_commit
from interlock_checks.documents.nodes import child, string, texts
from interlock_checks.documents.read import decoded
from interlock_checks.documents.yaml_nodes import read_yaml
from interlock_checks.weakening.programs import guards_run

__all__ = ["CONFIG", "Hook", "Unreadable", "hooks", "narrowed"]

CONFIG = ".pre-commit-config.yaml"

_WHOLE = "interlock-check"
_NOWHERE = frozenset({"", "^$"})  # as patterns of `exclude`: no file is left out


@dataclass(frozen=True, slots=True)
class Hook:
    """
    One hook, with what the file around it says.

    Attributes:
        stages: None for all of them.
        only: Key -> what a file must have: `files`, `types`, `types_or`.
        without: Key -> what a file must not have: `exclude`, `exclude_types`.
        always: It runs whether files fit or not.
        skipped: pre-commit.ci is told to leave it out.
    """

    id: str
    row: int
    repo: str
    entry: str | None
    stages: frozenset[str] | None
    files: str | None
    exclude: str | None
    types: frozenset[str]
    types_or: frozenset[str]
    exclude_types: frozenset[str]
    always: bool
    skipped: bool


class Unreadable(Exception):
    """The configuration is no YAML."""


def hooks(data: bytes) -> list[Hook]:
    """
    The hooks that are interlock's by their id or by what they surely run.

    Raises:
        Unreadable: The file is no YAML.
    """
    documents, problems = read_yaml(decoded(data))
    if problems:
        raise Unreadable(problems[0].message)
    found = map(_told, pre_commit.configured(documents))
    return [one for one in found if one.id.startswith("interlock") or _runs(one.entry)]


def _told(hook: pre_commit.Hook) -> Hook:
    node = hook.node
    skipped = {one.value for one in texts(child(hook.root, "ci", "skip"))}

    def many(key: str) -> frozenset[str]:
        return frozenset(one.value for one in texts(node.get(key)))

    return Hook(
        id=hook.name,
        row=node.row_of("id"),
        repo=hook.repository,
        entry=string(node.get("entry")),
        stages=hook.stages(),
        files=string(node.get("files")),
        exclude=string(node.get("exclude")),
        types=many("types"),
        types_or=many("types_or"),
        exclude_types=many("exclude_types"),
        # The manifest's own hooks always run unless they are told otherwise.
        always=hook.always if "always_run" in node.table else hook.repository != "local",
        skipped=bool({hook.name, string(node.get("alias"))} & skipped),
    )


def narrowed(before: Sequence[Hook], after: Sequence[Hook]) -> Iterator[tuple[Hook | None, str]]:
    """
    What each hook of the base no longer does.

    Yields:
        The hook of today that is weaker, None where it is gone; and what has changed.
    """
    for old in before:
        same = [new for new in after if new.id == old.id]
        # The whole proof holds what a part of it held.
        same += [new for new in after if new.id == _WHOLE != old.id and old.id.startswith("inter")]
        if not same:
            yield None, f"hook `{old.id}` is gone"
            continue
        found = [list(_differences(old, new)) for new in same]
        best = min(range(len(same)), key=lambda number: len(found[number]))
        for difference in found[best]:
            yield same[best], f"hook `{same[best].id}` {difference}"


def _differences(old: Hook, new: Hook) -> Iterator[str]:
    if new.stages is not None and (old.stages is None or not old.stages <= new.stages):
        then = "in every stage" if old.stages is None else f"in {_names(old.stages)}"
        yield f"runs only in {_names(new.stages)}, and {then} at the base"
    if new.files is not None and new.files != old.files:
        yield f"has {_set('files', new.files)}, and {_set('files', old.files)} at the base"
    if not _leaves_out_no_more(old.exclude, new.exclude):
        yield f"has {_set('exclude', new.exclude)}, and {_set('exclude', old.exclude)} at the base"
    if not new.types <= old.types:
        yield f"has {_many('types', new.types)}, and {_many('types', old.types)} at the base"
    if new.types_or and (not old.types_or or not old.types_or <= new.types_or):
        told = _many("types_or", new.types_or)
        yield f"has {told}, and {_many('types_or', old.types_or)} at the base"
    if not new.exclude_types <= old.exclude_types:
        told = _many("exclude_types", new.exclude_types)
        yield f"has {told}, and {_many('exclude_types', old.exclude_types)} at the base"
    if old.always and not new.always:
        yield "has `always_run: false`, and always ran at the base"
    if new.skipped and not old.skipped:
        yield "is named by `ci.skip`, and is not at the base"
    if new.repo != old.repo and new.repo == "local" and not _runs(new.entry):
        yield f"is local and runs `{new.entry or ''}`, and comes from `{old.repo}` at the base"
    elif new.repo == old.repo and new.entry != old.entry and not _runs(new.entry):
        told = "what it declares itself" if new.entry is None else f"`{new.entry}`"
        yield f"runs {told}, and `{old.entry or 'what it declares itself'}` at the base"
    elif new.repo not in (old.repo, "local"):
        yield f"comes from `{new.repo}`, and from `{old.repo}` at the base"


def _runs(command: str | None) -> bool:
    return command is not None and any(guards_run(command))


def _leaves_out_no_more(old: str | None, new: str | None) -> bool:
    if new is None or new in _NOWHERE or new == old:
        return True
    if old is None or re.search(r"[()\[\]\\]", old + new):
        return False
    return set(new.split("|")) <= set(old.split("|"))


def _names(values: frozenset[str]) -> str:
    return ", ".join(f"`{value}`" for value in sorted(values))


def _set(key: str, value: str | None) -> str:
    return f"no `{key}`" if value is None else f"`{key}: {value}`"


def _many(key: str, values: frozenset[str]) -> str:
    return f"`{key}: [{', '.join(sorted(values))}]`" if values else f"no `{key}`"
