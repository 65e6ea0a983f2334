"""The steps of a continuous integration that run interlock, and on which conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from interlock_checks.weakening.nodes import Unreadable, compose, items, row, text
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
_NONE = frozenset({"false", "always()", "success()", "always", "on_success", "succeeded()"})
_MOST = 20_000
"""Nodes of one file that are looked at: aliases can name the same ones again and again."""

_LARGEST = 1024 * 1024  # bytes of a file that is read

_JENKINS = re.compile(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)
    |\b(?:sh|bat|pwsh|powershell)\b[\s(]*(?:script\s*:\s*)?
     (?P<quote>\"\"\"|'''|"|')(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)
    |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
    re.X | re.S,
)


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
    source = data.decode("utf-8", "replace")
    if len(data) > _LARGEST or not MENTIONS.search(source):
        return []
    if path.rpartition("/")[2].startswith("Jenkinsfile"):
        return [
            Step(path, source.count("\n", 0, found.start()) + 1, guard)
            for found in _JENKINS.finditer(source)
            if found["text"]
            for guard in guards_run(found["text"])
        ]
    try:
        root = compose(data)
    except Unreadable:
        return []
    return [] if root is None else list(_walk(path, root))


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
        fits = [s for s in free if s.guard == step.guard and s.conditions <= step.conditions]
        if not fits:
            missing.append(step)
            continue
        # The same conditions first: a freer step may be the only one for another.
        free.remove(max(fits, key=lambda s: (len(s.conditions), s.path == step.path)))
    for step in missing:
        instead = next((s for s in free if s.guard == step.guard), None)
        if instead is not None:
            free.remove(instead)
        yield step, instead


def _walk(path: str, root: yaml.Node) -> Iterator[Step]:
    known: dict[str, tuple[str, ...]] = {}
    room = [_MOST]
    pending: list[tuple[yaml.Node, str, frozenset[str]]] = [(root, "", frozenset())]
    for _ in range(_MOST):
        if not pending:
            return
        node, key, conditions = pending.pop()
        if isinstance(node, yaml.SequenceNode):
            pending += [(one, key, conditions) for one in reversed(node.value)]
        elif isinstance(node, yaml.MappingNode):
            pairs = list(items(node))
            here = {
                f"{name}: {shown}"
                for name, value in pairs
                if name in _CONDITIONS and (shown := _shown(value, room)) not in _NONE
            }
            inner = conditions | here
            pending += [(value, name, inner) for name, value in reversed(pairs)]
        elif key in _COMMANDS and (script := text(node)) is not None:
            first = row(node) + (isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"))
            if script not in known:
                known[script] = tuple(guards_run(script))
            for guard in known[script]:
                yield Step(path, first, guard, conditions)


def _shown(node: yaml.Node, room: list[int], depth: int = 0) -> str:
    """
    A condition as one text, the same for the same condition however it is laid out.

    `room` holds the number of nodes that may still be looked at in this file.
    """
    room[0] -= 1
    if isinstance(node, yaml.ScalarNode):
        return " ".join(node.value.split())
    if depth > 8 or room[0] < 0:
        return "..."
    parts: list[str] = []
    if isinstance(node, yaml.SequenceNode):
        parts = [_shown(one, room, depth + 1) for one in node.value]
    elif isinstance(node, yaml.MappingNode):
        parts = [f"{name}: {_shown(value, room, depth + 1)}" for name, value in items(node)]
    return f"({'; '.join(parts)})"
