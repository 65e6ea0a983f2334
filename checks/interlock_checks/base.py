"""
Which revision a change is held against: the one asked for, and the one that a pipeline names.

What stands in the environment only adds a comparison. Where a pipeline names a base that is not
to be found, nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.git import GitFolder, find_git
from interlock_checks.revision import NoSuchRevision, Revision

__all__ = ["BaseMissing", "Named", "bases", "named"]

_LARGEST = 25 * 1024 * 1024
"""Bytes of an event; GitHub delivers no larger one."""

_EVERYTHING = {
    "GitHub": "give `actions/checkout` the input `fetch-depth: 0`",
    "GitLab": "set `GIT_DEPTH: 0` for this job, and fetch the target branch before it",
    "Azure": "set `fetchDepth: 0` at the `checkout` step",
    "Bitbucket": "set `clone: depth: full`, and fetch the target branch before it",
    "Buildkite": "clone without `--depth`, and fetch the target branch before it",
    "Jenkins": "clone without a depth limit, and fetch the target branch before it",
    "CircleCI": "check out the whole history",
}

# As of 2026 in each system's reference of predefined variables; CircleCI names no target, so
# there it is the branch that its clone took for the default one.
_TARGETS = (
    ("GitLab", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA"),
    ("GitLab", "CI_MERGE_REQUEST_DIFF_BASE_SHA"),
    ("GitLab", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
    ("Azure", "SYSTEM_PULLREQUEST_TARGETBRANCH"),
    ("Bitbucket", "BITBUCKET_PR_DESTINATION_BRANCH"),
    ("Buildkite", "BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
    ("Jenkins", "CHANGE_TARGET"),
)


class BaseMissing(Exception):
    """There is a base to compare with, and it is not to be found; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Named:
    """
    A base that a pipeline names.

    Attributes:
        system: Who names it.
        source: Where it does, such as a variable.
        targets: Branches or commits, the best first; one that can be found is enough.
        parted: The base is where today's history parted from the target, not the target itself.
    """

    system: str
    source: str
    targets: tuple[str, ...]
    parted: bool = True


def bases(root: Path, asked: str | None, environment: Mapping[str, str]) -> list[Revision]:
    """
    The revisions to compare with, each once.

    Args:
        root: The folder that is checked.
        asked: What `--base` says; None for nothing.

    Raises:
        BaseMissing: One of them is not to be found.
    """
    wanted = named(environment, _event)
    if asked is None and wanted is None:
        return []
    found = find_git(root)
    if found is None:
        raise BaseMissing(
            f"there is no git repository at {str(root)!r}, so there is no base to compare with: "
            "check a clone of the repository"
        )
    git, folder = found
    commits: dict[str, None] = {}
    if asked is not None:
        commit = git.commit(asked)
        if commit is None:
            raise BaseMissing(
                f"--base {asked!r} names no commit of this repository: give a branch, a tag or a "
                "commit that `git log` knows here"
            )
        commits[commit] = None
    if wanted is not None:
        commits[_found(git, wanted)] = None
    try:
        return [Revision(git, commit, folder) for commit in commits]
    except NoSuchRevision as error:
        raise BaseMissing(
            f"the tree of the base {error} is not in this clone: fetch it whole"
        ) from error


def named(
    environment: Mapping[str, str], event: Callable[[str], dict[str, Any] | None]
) -> Named | None:
    """
    What the pipeline names as the base of the change; None outside of one, or for none.

    Args:
        event: Reads the event that started a workflow on GitHub, by its path.
    """
    if environment.get("GITHUB_BASE_REF") or environment.get("GITHUB_EVENT_PATH"):
        return _on_github(environment, event)
    targets: list[tuple[str, str, str]] = []
    for system, variable in _TARGETS:
        value = environment.get(variable, "")
        if value.strip("0"):
            targets.append((system, variable, value))
    if targets:
        system, variable, _ = targets[0]
        return Named(system, variable, tuple(value for s, _, value in targets if s == system))
    before = environment.get("CI_COMMIT_BEFORE_SHA", "")
    branch = environment.get("CI_COMMIT_BRANCH")
    if branch and branch == environment.get("CI_DEFAULT_BRANCH") and before.strip("0"):
        return Named("GitLab", "CI_COMMIT_BEFORE_SHA", (before,), parted=False)
    if environment.get("CIRCLECI") == "true":
        return Named("CircleCI", "the clone's default branch", ("HEAD",))
    return None


def _on_github(
    environment: Mapping[str, str], event: Callable[[str], dict[str, Any] | None]
) -> Named | None:
    path = environment.get("GITHUB_EVENT_PATH", "")
    told = (event(path) if path else None) or {}
    request = _text(told, "pull_request", "base", "sha")
    if target := environment.get("GITHUB_BASE_REF"):
        return Named("GitHub", "GITHUB_BASE_REF", tuple(t for t in (target, request) if t))
    group = _text(told, "merge_group", "base_sha")
    if request or group:
        return Named("GitHub", "the event's base", (request or group or "",))
    pushed = _text(told, "ref") or ""
    before = _text(told, "before") or ""
    if not pushed.startswith("refs/heads/"):
        return None
    default = _text(told, "repository", "default_branch")
    if default and pushed != f"refs/heads/{default}":
        return Named("GitHub", "the event's default branch", (default,))
    if not before.strip("0"):
        return None
    return Named("GitHub", "the event's `before`", (before,), parted=False)


def _text(told: Mapping[str, Any], *keys: str) -> str | None:
    value: Any = told
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _event(path: str) -> dict[str, Any] | None:
    """
    The event that started a workflow.

    Raises:
        BaseMissing: It cannot be read, and it may name a base.
    """
    import json

    try:
        with Path(path).open("rb") as file:
            told = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        raise BaseMissing(
            "GITHUB_EVENT_PATH names no event that can be read, so the base of this change is not "
            "known: leave that file as the runner has written it"
        ) from error
    return told if isinstance(told, dict) else None


def _found(git: GitFolder, wanted: Named) -> str:
    """
    The commit that is meant.

    Raises:
        BaseMissing: This clone does not hold it.
    """
    unrelated = None
    for commit in filter(None, (git.commit(one) for one in _spellings(wanted.targets))):
        if not wanted.parted:
            return commit
        common = git.merge_base(commit, "HEAD")
        if common is not None:
            return common
        unrelated = unrelated or commit
    if unrelated is not None and not git.is_shallow():
        return unrelated  # histories that have nothing in common: all of it is new
    shown = ", ".join(repr(one) for one in wanted.targets)
    where = "reach the commit where this change parted from it" if wanted.parted else "hold it"
    raise BaseMissing(
        f"{wanted.system} names {shown} as the base ({wanted.source}), and this clone does not "
        f"{where}: {_EVERYTHING[wanted.system]}"
    )


def _spellings(targets: tuple[str, ...]) -> Iterator[str]:
    for target in targets:
        if len(target) in (40, 64) and not target.strip("0123456789abcdef"):
            yield target
        else:
            branch = target.removeprefix("refs/heads/")
            yield f"refs/remotes/origin/{branch}"
            yield f"refs/heads/{branch}"
