"""
Comments that ask a checker to look away, in the forms that the field's tools have.

They have no effect here. Ruff, flake8, pylint, bandit, mypy, pyright, Fixit, semgrep, Sonar,
zizmor, hadolint, shellcheck, checkov and golangci-lint were read for their spellings; common to all
is a verb beside a name, in the syntax of a directive, which tells them from prose.
"""

from __future__ import annotations

import re
from functools import cache

from interlock_checks.lexical import Scanner

__all__ = ["may_hold", "suppression", "suppressions"]

_VERB = (
    r"(?:ignored?|off|disabled?|skip(?:ped)?|allow(?:ed)?|suppress(?:ed)?|exempt|excluded?|silenced?"
    r"|bypass|unsafe|no-?check|waived?|accept(?:ed)?|ok)"
)
_SCOPE = r"(?:[-_](?:next(?:[-_]?line)?|line|file|all|start|begin|end))?"
_TARGET = r"(?:interlock[\w-]{0,40}|IL\d{0,6})"
_CODE = r"(?:[A-Z]{1,8}\d{1,5}|[a-z]++(?:-[a-z]++)++|IL|interlock)"
_LIST = rf"(?:{_CODE}[,\s]++)*{_TARGET}\b(?=\s*+(?:$|[-,\])#;:({{]|{_CODE}(?:[\s,]|$)))"

_FORMS = (
    rf"\b(?:noqa|nosec|nosemgrep|nolint|nosonar|noinspection|lint-(?:ignore|fixme))"
    rf"\s*+[:=(\[]?\s*+{_LIST}",
    rf"\b{_VERB}{_SCOPE}(?:\s*+[:=(\[]|\s++rule\s*+:)\s*+{_LIST}",
    rf"\b{_TARGET}\s*+[:=]\s*+{_VERB}{_SCOPE}\b"
    rf"(?=\s*+(?:$|[-,:=\[(#;.]|IL\d|(?:this|file|line|next|all|here|start|end|begin|because)\b))",
    rf"\binterlock[-_]{_VERB}{_SCOPE}\b",
    r"\bno[-_]?interlock\b",
    r"\bpragma\s*+:?\s*+no[-_\s]?(?:cover\s++)?interlock\b",
    rf"^[\s/*;-]*+IL\d{{1,6}}\s*+[:=-]?\s*+{_VERB}\s*$",
    rf"^[\s/*;-]*+{_VERB}{_SCOPE}\s++{_LIST}",
)
"""
A tool's own word before a list of codes; a verb with a list in brackets or behind a sign; our name
or code before a verb; both in one word; and a comment of nothing but a verb and a code.
"""


@cache
def _directive() -> re.Pattern[str]:
    """Made when it is needed: in most runs no file has to be searched for it."""
    return re.compile("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)


_LONGEST = 4_000
"""Characters of one remark that are read: the patterns take time by its square."""

_CODED = re.compile(rb"il\d")
_FAMILY = re.compile(rb"\bil\b")


def suppression(comment: str) -> str | None:
    """What a comment, in any language, says to make interlock look away; None if it is prose."""
    for piece in comment.split("#"):
        found = _directive().search(piece, 0, _LONGEST)
        if found is not None:
            return " ".join(found.group().strip(" \t/*;").split())
    return None


def may_hold(data: bytes) -> bool:
    """Whether bytes can hold such a comment at all; quick, because every file is asked."""
    low = data.lower()
    if b"interlock" in low or _CODED.search(low) is not None:
        return True
    return b"noqa" in low and _FAMILY.search(low) is not None


def suppressions(text: str) -> list[tuple[str, int, int]]:
    """Such comments of a Python text: what they say, and where they begin and end in it."""
    if not any("#" in line and suppression(line) is not None for line in text.split("\n")):
        return []
    found: list[tuple[str, int, int]] = []

    def look(comment: str, start: int) -> None:
        said = suppression(comment)
        if said is not None:
            found.append((said, start, start + len(comment)))

    Scanner().feed(text, on_comment=look)
    return found
