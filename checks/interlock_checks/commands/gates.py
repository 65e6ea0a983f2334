"""
What in a shell text keeps its check from running, by something that is asked of the surroundings.

A script whose only step is `interlock check` is a gate: a hook, or a task of the pipeline. What
decides there whether the check runs is not what is to be deployed, but whether anybody looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from interlock_checks.commands.lost import Step, paths

if TYPE_CHECKING:
    from tree_sitter import Node

    from interlock_checks.commands.frames import Frame
    from interlock_checks.commands.shell import Walk

__all__ = ["switched"]

MOST_STATEMENTS = 2_000
"""Statements before a check that are looked at."""
_LEAVES = re.compile(r"\b(?:exit|return)\b(?:\s+0)?(?!\s*[\w$\"'(])")
_VARIABLE = re.compile(r"\$\{?([A-Z][A-Z0-9_]{2,})")
_OPTION = re.compile(r"\$\{?[1-9@*].{0,40}[\s\"'=]--?[a-z]")
_MISSING = re.compile(
    r"\b(?:command\s+-[vV]|type|hash|which)\s+(?:-\w+\s+)*[\"']?(?:interlock|pre-commit|prek)\b"
)
_OF_THE_SYSTEM = re.compile(
    r"GITHUB_|CI_|GITLAB_|BUILDKITE_|CIRCLE_|TRAVIS_|GIT_|BUILD_|JENKINS_|PRE_COMMIT_|BASH_|PWD|OLDPWD"
    r"|HOME|PATH|OSTYPE|RANDOM|LINENO|UID"
)
"""Variables that tell what a run is about, or where it takes place."""


def switched(walk: Walk, node: Node, frame: Frame) -> Iterator[int]:
    """The rows of conditions on the surroundings that keep a command from running."""
    for path in paths(walk, node, frame, 0):
        spent = 0
        for step in path:
            parent = step.node.parent
            if parent is None or step.outer:
                continue
            spent += parent.child_count
            if spent > MOST_STATEMENTS:
                return
            for one in _conditions(walk, parent, step):
                if _outside(walk.text_of(one, step.frame), walk.text_of(parent, step.frame)):
                    yield walk.row_of(one, step.frame)


def _conditions(walk: Walk, parent: Node, step: Step) -> Iterator[Node]:
    """What is asked in the construct around a node before the node runs."""
    children = walk.flow.children(parent)
    position = walk.flow.position(parent, step.node)
    if parent.type in ("if_statement", "elif_clause"):
        then = next((n for n, one in enumerate(children) if one.type == "then"), len(children))
        others = [one for one in children if one.type in ("elif_clause", "else_clause")]
        if position > then and not any(
            "interlock" in walk.text_of(one, step.frame) for one in others if one.id != step.node.id
        ):
            yield from (one for one in children[1:then] if one.is_named)
    elif parent.type == "list" and position:
        yield children[0]
    elif parent.type in ("program", "compound_statement", "do_group"):
        for one in children[:position]:
            if one.type in ("if_statement", "list", "case_statement"):
                text = walk.text_of(one, step.frame)
                if _LEAVES.search(text) and "interlock " not in _MISSING.sub("", text):
                    yield one


def _outside(text: str, around: str) -> bool:
    """Whether a condition asks for a variable of the environment, an option, or the tool itself."""
    if _MISSING.search(text) or _OPTION.search(text):
        return True
    return any(
        not _OF_THE_SYSTEM.match(name) and not re.search(rf"(?<![\w$]){name}=", around)
        for name in _VARIABLE.findall(text)
    )
