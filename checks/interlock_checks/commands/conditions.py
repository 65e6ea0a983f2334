"""Tests of shell text that a failed command decides: `[ $? -eq 0 ]`, `(( rc ))`, `case`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence

FAILED = "<failed>"
"""The value of `$?` after a failure: a number that is not 0."""
FILLED = "<text>"
"""The value of a text of which only that it is not empty is known."""

_VARIABLE = re.compile(
    r"\"?\$(?:\{(?:(PIPESTATUS\[\d+\]|\w+|\?)(?:\[[@*]\])?(?::-[^}]*)?|(#\w+)\[[@*]\])\}"
    r"|(\w+|\?))\"?"
)
_REFERENCE = re.compile(r"\$(?:\{[^}]*\}|\w+|.)")
_INCREMENT = re.compile(r"\s*(?:\+\+(\w+)|(\w+)\s*(?:\+\+|\+=\s*[1-9]\d*))\s*")
_SUM = re.compile(r"\"?\$\(\(\s*\$?(\w+)\s*\+\s*[1-9]\d*\s*\)\)\"?")
_TOKEN = re.compile(r"\$\{#?\w+(?:\[[@*]\])?\}|\$\?|\$?\w+|[=!<>]=|\S")
_TEST = re.compile(r"(?:\[\[?|test)\s+(.*?)(?:\s+\]\]?)?\s*\Z", re.S)
_ARITHMETIC = re.compile(r"\(\((.*)\)\)\s*\Z", re.S)
_ORDERS: Mapping[str, Callable[[int, int], bool]] = {
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
}
_OPERATORS = {"=": "eq", "==": "eq", "-eq": "eq", "!=": "ne", "-ne": "ne"}


def value(text: str, status: str, variables: Mapping[str, str]) -> str | None:
    """What a word is worth; None where it is not known."""
    match = _VARIABLE.fullmatch(text)
    if match is not None:
        name = match[1] or match[2] or match[3]
        return status if name == "?" else variables.get(name)
    plain = text.strip("\"'")
    return None if re.search(r"[$`*?\[]", plain) else plain


def kept(text: str, status: str, variables: Mapping[str, str]) -> str | None:
    """What a variable is worth that is given this word: it may be known not to be empty."""
    known = value(text, status, variables)
    if known is not None:
        return known
    if _SUM.fullmatch(text):
        return FAILED
    if "$(" in text or "`" in text:
        return None
    return FILLED if _REFERENCE.sub("", text).strip("\"'") else None


def counted(text: str) -> str | None:
    """The variable that an arithmetic expression counts up: `n++`, `n += 1`."""
    match = _INCREMENT.fullmatch(text.strip("\"'"))
    return (match[1] or match[2]) if match is not None else None


def exit_value(given: str | None) -> bool | None:
    """Whether an exit status is that of a success; None where it is not known."""
    if given is None:
        return None
    if given == FAILED:
        return False
    return int(given) % 256 == 0 if given.isdigit() else None


def holds(text: str, status: str, variables: Mapping[str, str]) -> bool | None:
    """Whether a test succeeds; None where what is known does not decide it."""
    arithmetic = _ARITHMETIC.match(text)
    if arithmetic is not None:
        return _arithmetic(_TOKEN.findall(arithmetic[1]), status, variables)
    match = _TEST.match(text)
    if match is None:
        return None
    words = match[1].split()
    if words[:1] == ["!"]:
        inner = _compared(words[1:], status, variables)
        return None if inner is None else not inner
    return _compared(words, status, variables)


def _arithmetic(words: Sequence[str], status: str, variables: Mapping[str, str]) -> bool | None:
    given = [
        one if one.isdigit() or one in ("==", "!=", ">", "<", ">=") or "$" in one else f"${one}"
        for one in words
    ]
    if len(given) == 1:
        if given[0].startswith("$!") or given[0].startswith("!"):
            return exit_value(value("$" + given[0].lstrip("$!"), status, variables))
        success = exit_value(value(given[0], status, variables))
        return None if success is None else not success
    if len(given) == 2 and given[0] == "$!":
        return exit_value(value(given[1], status, variables))
    signs = {"==": "-eq", "!=": "-ne", ">": "-gt", ">=": "-ge", "<": "-lt", "<=": "-le"}
    return _compared([signs.get(one, one) for one in given], status, variables)


def _compared(words: Sequence[str], status: str, variables: Mapping[str, str]) -> bool | None:
    if len(words) == 2 and words[0] in ("-n", "-z"):
        known = value(words[1], status, variables)
        return None if known is None else (known != "") == (words[0] == "-n")
    if len(words) == 1:
        known = value(words[0], status, variables)
        return None if known is None else known != ""
    if len(words) != 3:
        return None
    left, right = (value(words[index], status, variables) for index in (0, 2))
    if left is None or right is None:
        return None
    sign = _OPERATORS.get(words[1])
    if FAILED in (left, right):
        other = right if left == FAILED else left
        if left == FAILED and (words[1], right) in (("-gt", "0"), ("-ge", "0"), ("-ge", "1")):
            return True
        if other == "0" and sign is not None:
            return sign == "ne"
        return None
    if words[1] in _ORDERS and left.isdigit() and right.isdigit():
        return _ORDERS[words[1]](int(left), int(right))
    if sign is None or (FILLED in (left, right) and "" not in (left, right)):
        return None
    return (left == right) == (sign == "eq")


def matches(pattern: str, given: str | None) -> bool | None:
    """Whether a pattern of `case` fits a value; None where that is not known."""
    if pattern == "*":
        return True
    if given is None or re.search(r"[$`\[]", pattern):
        return None
    known = pattern.strip("\"'")
    if given == FAILED:
        return False if known in ("0", "") else (True if known.startswith("[1-9]") else None)
    if "*" in known or "?" in known or (given == FILLED and known):
        return None
    return known == given
