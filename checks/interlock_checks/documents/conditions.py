"""
Conditions of pipelines as sets of terms that must all hold.

Nothing is evaluated. What is asked is only whether one condition holds wherever another does,
and that is certain where its terms are among the other's.
"""

from __future__ import annotations

import re

__all__ = ["NEVER", "is_input", "joined", "split_terms", "terms"]

NEVER = "false"
"""The condition that never holds."""

_INPUT = re.compile(
    r"\binputs\b|\bvars\b|\benv\b|\bparameters\b|\bvariables\b|commit_message|head_commit|\blabels?\b"
    r"|\$(?!CI_(?:COMMIT_(?:BRANCH|TAG|REF)|PIPELINE|DEFAULT|MERGE))\w+",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def split_terms(condition: str) -> list[str]:
    """The parts of a condition that `&&` joins at the outermost level."""
    text = condition.strip()
    plain = _QUOTED.sub(lambda found: "_" * len(found.group()), text)
    while plain.startswith("(") and _closes_at_end(plain):
        text, plain = text[1:-1].strip(), plain[1:-1].strip()
    found: list[str] = []
    depth = start = 0
    for at, mark in enumerate(plain):
        if mark in "([":
            depth += 1
        elif mark in ")]":
            depth -= 1
        elif mark == "&" and depth == 0 and plain.startswith("&&", at):
            found.append(text[start:at])
            start = at + 2
    found.append(text[start:])
    return [_SPACE.sub(" ", one).strip() for one in found if one.strip()]


def _closes_at_end(text: str) -> bool:
    depth = 0
    for at, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if depth == 0:
            return at == len(text) - 1
    return False


def joined(parts: list[str]) -> str | None:
    """The condition that all of the terms make; None if there are none."""
    return " && ".join(parts) or None


def terms(condition: str | None) -> frozenset[str]:
    """The terms of a condition that `joined` made."""
    return frozenset(split_terms(condition)) if condition else frozenset()


def is_input(term: str) -> bool:
    """Whether a term asks what whoever starts a pipeline, or writes a commit, says."""
    return bool(_INPUT.search(term))
