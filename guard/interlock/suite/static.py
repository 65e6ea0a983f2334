"""The static proof of a repository, made once and asked by several promises."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.git import find_git
from interlock.suite.bench import Broken, started

__all__ = ["BYPASS", "NoBase", "Proof", "make_proof"]

_WITH_OWN_PROMISE = ("IL1", "IL2", "IL4", "IL5", "IL6")

BYPASS = ("",)
"""All families that have no promise of their own, those of later versions too."""


class NoBase(Exception):
    """The repository has no revision that its contract could be compared with."""


@dataclass(frozen=True, slots=True)
class Proof:
    """
    Findings as `interlock check --output-format json` gives them.

    Attributes:
        base: The revision that the contract was compared with; None where there is none.
        part: Whether the clone is too shallow to hold it.
    """

    findings: tuple[Mapping[str, Any], ...]
    base: str | None
    part: bool = False

    def require(self, families: tuple[str, ...]) -> None:
        """
        Demand that no finding is of these families, such as `IL1`, or BYPASS.

        Raises:
            Broken: With the findings.
        """
        wanted = [one for one in self.findings if self._is_of(str(one["code"]), families)]
        if wanted:
            lines = [
                f"{one['code']} {one['filename']}:{one['location']['row']}: {one['message']}"
                for one in wanted[:10]
            ]
            raise Broken("\n".join([f"not proved: {len(wanted)} findings", *lines]))

    def require_base(self) -> None:
        """
        Demand that the contract grants nothing beyond its base.

        Raises:
            Broken: With what it grants beyond, or because the base is not in this clone.
            NoBase: Nothing was compared.
        """
        self.require(("IL6",))
        if self.part:
            raise Broken(
                "this clone holds a part of the history, and the commit where this branch parted "
                "from the one that it will be merged into is not among it: fetch all of it "
                "(`git fetch --unshallow`, `fetch-depth: 0` of actions/checkout)"
            )
        if self.base is None:
            raise NoBase("there is no commit that the contract could be compared with")

    def _is_of(self, code: str, families: tuple[str, ...]) -> bool:
        if families == BYPASS:
            return not code.startswith(_WITH_OWN_PROMISE)
        return code.startswith(families)


def make_proof(repository: Path, variables: Mapping[str, str]) -> Proof:
    """
    Check a repository against its own contract and the base of its branch.

    Raises:
        Broken: The check could not look, so nothing is proved.
    """
    base, part = _base(repository)
    command = [sys.executable, "-m", "interlock", "check", "--output-format", "json"]
    if base is not None:
        command += ["--base", base]
    answer = started(command, repository, variables)
    try:
        findings = json.loads(answer.out)
    except ValueError:
        findings = None
    if answer.status not in (0, 1) or not isinstance(findings, list):
        raise Broken(f"`interlock check` could not look: {answer.last_words}")
    return Proof(tuple(findings), base, part)


_TARGETS = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


def _base(repository: Path) -> tuple[str | None, bool]:
    """Where this branch parted from its target, and whether that lies beyond a shallow clone."""
    found = find_git(repository)
    if found is None:
        return None, False
    git, _ = found
    if base := next(filter(None, (git.merge_base("HEAD", one) for one in _TARGETS)), None):
        return base, False
    # Of a part of the history the commit that is checked out would be compared with itself.
    return (None, True) if git.is_shallow() else (git.commit("HEAD"), False)
