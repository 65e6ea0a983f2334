"""Variables of a makefile: their values as far as the file itself decides them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from interlock_checks.commands.argv import HOLE

MOST = 6
"""Values of one text that are followed; more, and it is unknown."""
LONGEST = 20_000
"""Characters of an expanded text; beyond that it is unknown."""
DEEPEST = 12
MOST_STEPS = 500
"""References that are looked up for one text."""

_DEFAULTS = {"MAKE": "make", "SHELL": "/bin/sh", ".SHELLFLAGS": "-c", "RM": "rm -f"}
_FUNCTIONS = frozenset(
    "abspath addprefix addsuffix and basename call dir error eval file filter filter-out findstring"
    " firstword flavor foreach if info join lastword let notdir or origin patsubst realpath shell"
    " sort strip subst suffix value warning wildcard word wordlist words intcmp guile".split()
)


@dataclass
class Variables:
    """Name to possible texts, not yet expanded, and the rows of multi-line definitions."""

    values: dict[str, list[str]] = field(default_factory=dict)
    defined: dict[str, tuple[str, int]] = field(default_factory=dict)
    steps: int = 0

    def define(self, name: str, text: str, row: int) -> None:
        """`define NAME ... endef`, whose first line stands in `row`."""
        self.values[name] = [text]
        self.defined[name] = (text, row)

    def canned(self, name: str) -> tuple[str, int] | None:
        """The text of a multi-line definition and the row where it begins."""
        return self.defined.get(name)

    def assign(self, name: str, operator: str, value: str, *, weak: bool) -> None:
        """`weak`: it stands in a conditional, or holds for some targets only."""
        old = self.values.get(name, [])
        if operator == "!=":
            new = [HOLE]
        elif operator == "+=":
            new = [f"{one} {value}" for one in old] or [value]
        elif operator == "?=" and old:
            return
        else:
            new = [value]
            if operator in (":=", "::=", ":::="):
                # Its own older value may be part of the new one.
                new = self.expand(value)
        if weak:
            new = [*old, *new]
        self.values[name] = list(dict.fromkeys(new))[: MOST + 1]

    def first(self, text: str) -> str:
        """One expansion of a text."""
        return next(iter(self.expand(text)))

    def expand(self, text: str, given: Sequence[str] = ()) -> list[str]:
        """The expansions of a text, with a hole for what is not known; never empty."""
        self.steps = 0
        return self._expand(text, tuple(given), 0)

    def _expand(self, text: str, given: tuple[str, ...], depth: int) -> list[str]:
        readings = [""]
        for literal, reference in _references(text):
            if literal:
                readings = [one + literal for one in readings]
            if reference is None:
                continue
            values = self._value(reference, given, depth)
            if len(readings) * len(values) > MOST:
                values = [HOLE]
            readings = [one + value for one in readings for value in values]
            readings = [one if len(one) <= LONGEST else HOLE for one in readings]
        return list(dict.fromkeys(readings))

    def _value(self, reference: str, given: tuple[str, ...], depth: int) -> list[str]:
        name = reference.strip()
        self.steps += 1
        if depth > DEEPEST or self.steps > MOST_STEPS:
            return [HOLE]
        if name.isdigit() and given:
            return [given[int(name)] if int(name) < len(given) else ""]
        word, _, rest = name.partition(" ")
        if word == "call":
            called, *arguments = rest.split(",")
            body = self.values.get(called.strip())
            if body is None:
                # A file that is included may define it: a program that is not known here.
                known = (self._expand(one, given, depth + 1)[0] for one in arguments)
                return [" ".join((HOLE, *known))]
            inner = ("", *(self._expand(one, given, depth + 1)[0] for one in arguments))
            return [one for text in body for one in self._expand(text, inner, depth + 1)]
        if word in ("strip", "info", "or", "firstword"):
            return self._expand(rest, given, depth + 1) if word == "strip" else [HOLE]
        if word == "if":
            branches = rest.split(",")[1:]
            return [one for each in branches for one in self._expand(each, given, depth + 1)]
        if word == "foreach" and rest.count(",") > 1:
            return self._rounds(rest.split(",", 2), given, depth)
        if word in _FUNCTIONS and rest:
            return [HOLE]
        if ":" in name:
            return [HOLE]
        if "$" in name:
            name = self._expand(name, given, depth + 1)[0]
        found = self.values.get(name)
        if found is None:
            default = _DEFAULTS.get(name)
            return [default] if default is not None else [HOLE]
        return [one for text in found for one in self._expand(text, given, depth + 1)][: MOST + 1]

    def _rounds(self, parts_of: Sequence[str], given: tuple[str, ...], depth: int) -> list[str]:
        """`$(foreach NAME,LIST,BODY)`: the body for each word of the list, one after another."""
        name, listed, body = parts_of
        words = self._expand(listed, given, depth + 1)[0].split()
        name = name.strip()
        if len(words) > MOST or HOLE in "".join(words):
            words = [HOLE]
        before = self.values.get(name)
        parts: list[str] = []
        for one in words:
            self.values[name] = [one]
            parts.append(self._expand(body, given, depth + 1)[0])
        if before is None:
            self.values.pop(name, None)
        else:
            self.values[name] = before
        return [" ".join(parts)]


def _references(text: str) -> Iterator[tuple[str, str | None]]:
    """Literal text and what stands in the reference behind it; None at the end."""
    at = 0
    while True:
        dollar = text.find("$", at)
        if dollar < 0 or dollar + 1 >= len(text):
            yield text[at:], None
            return
        follower = text[dollar + 1]
        if follower == "$":
            yield text[at:dollar] + "$", None
            at = dollar + 2
        elif follower in "({":
            end = _closing(text, dollar + 1)
            yield text[at:dollar], text[dollar + 2 : end]
            at = end + 1
        else:
            yield text[at:dollar], follower
            at = dollar + 2


def _closing(text: str, start: int) -> int:
    opened, closed = text[start], ")" if text[start] == "(" else "}"
    depth = 0
    for at in range(start, min(len(text), start + LONGEST)):
        if text[at] == opened:
            depth += 1
        elif text[at] == closed:
            depth -= 1
            if not depth:
                return at
    return len(text)


def calls_shell(text: str, variables: Variables) -> Iterator[str]:
    """The commands of `$(shell ...)` in a text."""
    at = 0
    while match := _SHELL.search(text, at):
        end = _closing(text, match.start() + 1)
        yield from variables.expand(text[match.end() : end])
        at = end


_SHELL = re.compile(r"\$[({]shell\s")
