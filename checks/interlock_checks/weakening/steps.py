"""The steps of a continuous integration that run interlock, and on which conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock_checks.commands.argv import HOLE
from interlock_checks.documents.formats import jenkinsfile
from interlock_checks.documents.kinds import format_by_name
from interlock_checks.documents.nodes import Map, Node, Seq, Text, texts
from interlock_checks.documents.read import decoded
from interlock_checks.documents.yaml_nodes import read_yaml
from interlock_checks.weakening.programs import MENTIONS, guards_run

__all__ = ["Step", "is_pipeline", "lost", "steps"]

_PIPELINE = re.compile(
    r"""
    \.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml
    | \.(?:github|gitea|forgejo)/actions/.+/action\.ya?ml
    | (?:\.gitlab-ci|azure-pipelines[^/]*|\.azure-pipelines|bitbucket-pipelines
      |\.drone|\.woodpecker|\.travis|\.cirrus|appveyor|\.appveyor|cloudbuild|buildspec)\.ya?ml
    | \.(?:gitlab|gitlab-ci|circleci|buildkite|woodpecker|azure-pipelines|azuredevops)/.+\.ya?ml
    | (?:.*/)?Jenkinsfile[^/]*
    | \.(?:husky|githooks)/[^/.]+
    """,
    re.X,
)
_COMMANDS = frozenset(
    """
    run script scripts before_script after_script command commands cmd bash pwsh powershell sh
    inlineScript install before_install steps build pre_build post_build
    """.split()
)
_CONDITIONS = frozenset(
    """
    if when only except rules condition continue-on-error continueOnError allow_failure
    soft_fail enabled
    """.split()
)
_NONE = frozenset({"always()", "success()", "always", "on_success", "succeeded()"})
_ASKING = frozenset({"if", "when", "only", "rules", "condition", "enabled"})
"""Keys of which `true` lets a step run; the value of the others takes its say away."""
_CHANGES = ("push", "pull_request", "pull_request_target", "merge_group", "workflow_call")
"""Events of GitHub that come with a change, or with the workflow that calls this one."""
_PATHS = ("paths", "paths-ignore")
_ACTIONS = ("pre-commit/action", "j178/prek-action")
_ALONE = "a template that no job extends"
_BY_HAND = "started by no change"
_PROVING = ("check", "hooks")
_MOST = 20_000
"""Nodes of one file that are looked at: aliases can name the same ones again and again."""

_LARGEST = 1024 * 1024  # bytes of a file that is read


@dataclass(frozen=True, slots=True)
class Step:
    """A guard that is run in `path`; `conditions` are the texts on which that depends."""

    path: str
    row: int
    guard: str
    conditions: frozenset[str] = frozenset()


def is_pipeline(path: str) -> bool:
    """Whether a system of continuous integration takes its work from that file."""
    return _PIPELINE.fullmatch(path) is not None


def steps(path: str, data: bytes) -> list[Step]:
    """Every guard that a file runs, in its order; nothing of a file that cannot be read."""
    source = decoded(data)
    if len(data) > _LARGEST or not MENTIONS.search(source):
        return []
    if format_by_name(path) == "jenkinsfile":
        return list(_groovy(path, source))
    if path.startswith((".husky/", ".githooks/")):
        return [Step(path, 1, guard) for guard in guards_run(source)]
    documents, problems = read_yaml(source)
    return [] if problems else [step for one in documents for step in _walk(path, one)]


def lost(before: Sequence[Step], after: Sequence[Step]) -> Iterator[tuple[Step, Step | None]]:
    """
    The steps that are no longer run as they were, wherever in the pipelines they stood.

    Yields:
        The step of the base, and one of today that has taken its place on other conditions;
        None where there is none.
    """
    free = list(after)
    missing: list[Step] = []
    # Those with the fewest conditions are the hardest to replace.
    for step in sorted(before, key=lambda step: len(step.conditions)):
        fits = [s for s in free if _covers(s, step) and s.conditions <= step.conditions]
        if not fits:
            missing.append(step)
            continue
        # The same conditions first: a freer step may be the only one for another.
        free.remove(max(fits, key=lambda s: (len(s.conditions), s.path == step.path)))
    for step in missing:
        instead = next((s for s in free if _covers(s, step)), None)
        if instead is not None:
            free.remove(instead)
        yield step, instead


def _covers(step: Step, other: Step) -> bool:
    """Whether a step does all that another does: a check of the repository, that of a part."""
    return step.guard == other.guard or other.guard.startswith(f"{step.guard} of ")


def _started(root: Node) -> frozenset[str]:
    """On what a workflow of GitHub depends, if not every change starts it."""
    on = root.get("on") if isinstance(root, Map) else None
    if not isinstance(on, Map):
        named = [one.value for one in texts(on)] or ([on.value] if isinstance(on, Text) else [])
        return frozenset() if not named or set(named) & set(_CHANGES) else frozenset({_BY_HAND})
    events = [(name, on.get(name)) for name in _CHANGES if name in on.table]
    if not events:
        return frozenset({_BY_HAND})
    filtered = [
        f"{key} of {name}: {_shown(event.table[key][1], [_MOST])}"
        for name, event in events
        if isinstance(event, Map)
        for key in _PATHS
        if key in event.table
    ]
    free = [name for name, event in events if not _is_filtered(event)]
    return frozenset() if free else frozenset(filtered)


def _is_filtered(event: Node | None) -> bool:
    return isinstance(event, Map) and any(key in event.table for key in _PATHS)


def _groovy(path: str, source: str) -> Iterator[Step]:
    for script in jenkinsfile.read(source, path).scripts:
        for guard in guards_run(HOLE.join(part or "" for part in script.text)):
            yield Step(path, script.rows[0], guard)


def _walk(path: str, root: Node) -> Iterator[Step]:
    known: dict[str, tuple[str, ...]] = {}
    room = [_MOST]
    started = _started(root) if "/workflows/" in path else frozenset()
    alone = _alone(path, root)
    pending: list[tuple[Node, str, frozenset[str]]] = [(root, "", frozenset())]
    for _ in range(_MOST):
        if not pending:
            return
        node, key, conditions = pending.pop()
        if isinstance(node, Seq):
            pending += [(one, key, conditions) for one in reversed(node.items)]
        elif isinstance(node, Map):
            pairs = [(name.value, value) for name, value in node.effective()]
            here = {
                f"{name}: {text}"
                for name, value in pairs
                if name in _CONDITIONS
                and (text := _shown(value, room)) not in _NONE
                and text != ("true" if name in _ASKING else "false")
            }
            inner = conditions | here
            pending += [
                (value, name, inner | {_ALONE} if node is root and name in alone else inner)
                for name, value in reversed(pairs)
            ]
        elif key in _COMMANDS:
            if node.value not in known:
                known[node.value] = tuple(guards_run(node.value))
            for guard in known[node.value]:
                # Whether anything is released at all, a release may leave to whoever starts it.
                needed = conditions | started if guard.startswith(_PROVING) else conditions
                yield Step(path, node.rows[0], guard, needed)
        elif key == "uses" and node.value.partition("@")[0] in _ACTIONS:
            yield Step(path, node.row, "hooks", conditions | started)


def _alone(path: str, root: Node) -> frozenset[str]:
    """The templates of a GitLab pipeline that no job of the file extends."""
    if not path.startswith(".gitlab") or not isinstance(root, Map):
        return frozenset()
    extended = {
        one.value
        for _, job in root.effective()
        if isinstance(job, Map)
        for one in (*texts(job.get("extends")), *_referred(job))
    }
    return frozenset(name for name in root.table if name.startswith(".") and name not in extended)


def _referred(job: Map) -> Iterator[Text]:
    """The jobs that `!reference` names in the scripts of one."""
    for key, value in job.effective():
        if key.value in _COMMANDS and isinstance(value, Seq):
            for one in (value, *value.items):
                if isinstance(one, Seq) and one.tag == "!reference":
                    yield from texts(one)[:1]


def _shown(node: Node, room: list[int], depth: int = 0) -> str:
    """
    A condition as one text, the same for the same condition however it is laid out.

    `room` holds the number of nodes that may still be looked at in this file.
    """
    room[0] -= 1
    if isinstance(node, Text):
        return " ".join(node.value.split())
    if depth > 8 or room[0] < 0:
        return "..."
    if isinstance(node, Seq):
        parts = [_shown(one, room, depth + 1) for one in node.items]
    else:
        pairs = node.effective()
        parts = [f"{name.value}: {_shown(value, room, depth + 1)}" for name, value in pairs]
    return f"({'; '.join(parts)})"
