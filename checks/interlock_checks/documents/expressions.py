"""
What an expression of a GitHub workflow may amount to, as far as it is constant.

Literals, `format`, `join`, `fromJSON` and the operators `&&` and `||` are worked out; of a choice
each side counts, because a condition is not. Facts are from GitHub's reference of expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["values"]

Value = str | None
"""A text; None where it is not known."""
Lookup = Callable[[str], list[Value]]
"""What a name such as `env.TOOL` may stand for."""

MOST_VALUES = 8
LONGEST = 2_000
"""Characters of an expression that is worked out."""
DEEPEST = 12
_TOKEN = re.compile(
    r"\s*(?:'((?:[^']|'')*)'|([A-Za-z_][\w-]*(?:\.[\w*-]+)*)|(&&|\|\||[!=]=|[<>]=?|[!()\[\],])"
    r"|([\d.]+))"
)


def values(text: str, lookup: Lookup) -> list[Value]:
    """The texts that an expression, without its braces, may become; `[None]` if nobody knows."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()) and len(text) <= LONGEST:
        found = _TOKEN.match(text, at)
        if found is None:
            return [None]
        at = found.end()
        if found[1] is not None:
            tokens.append(("text", found[1].replace("''", "'")))
        else:
            kind = "name" if found[2] else "mark" if found[3] else "text"
            tokens.append((kind, found[2] or found[3] or found[4]))
    reader = _Reader(tokens, lookup)
    try:
        result = reader.choice(0)
    except _Unknown:
        return [None]
    return result if tokens and reader.at == len(tokens) else [None]


class _Unknown(Exception):
    """Not what is worked out here."""


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    lookup: Lookup
    at: int = 0

    def mark(self, *texts: str) -> str:
        """Step over one of these marks, if it is next."""
        if self.at < len(self.tokens) and self.tokens[self.at] in [("mark", one) for one in texts]:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def choice(self, depth: int) -> list[Value]:
        """`a || b`: either of them."""
        found = self.both(depth)
        while self.mark("||"):
            found = _few([*(one for one in found if one != ""), *self.both(depth)])
        return found

    def both(self, depth: int) -> list[Value]:
        """`a && b` is `b`, or something that is no command."""
        found = self.compared(depth)
        while self.mark("&&"):
            found = self.compared(depth)
        return found

    def compared(self, depth: int) -> list[Value]:
        """A comparison, whose outcome is not looked for."""
        found = self.single(depth)
        while self.mark("==", "!=", "<", ">", "<=", ">="):
            self.single(depth)
            found = [None]
        return found

    def single(self, depth: int) -> list[Value]:
        """A literal, a name, a call, or an expression in brackets, and what is taken out of it."""
        if depth > DEEPEST or self.at >= len(self.tokens):
            raise _Unknown
        if self.mark("!"):
            self.single(depth + 1)
            return [None]
        if self.mark("("):
            found = self.choice(depth + 1)
            if not self.mark(")"):
                raise _Unknown
            return found
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "mark":
            raise _Unknown
        if kind == "text":
            found = [text]
        elif self.mark("("):
            found = _called(text.lower(), self.arguments(depth))
        else:
            found = self.lookup(text)
        while self.mark("["):
            found = _taken(found, self.choice(depth + 1))
            if not self.mark("]"):
                raise _Unknown
        return found

    def arguments(self, depth: int) -> list[list[Value]]:
        """What stands in the brackets of a call."""
        found: list[list[Value]] = []
        while not self.mark(")"):
            found.append(self.choice(depth + 1))
            if not self.mark(",") and self.tokens[self.at : self.at + 1] != [("mark", ")")]:
                raise _Unknown
        return found


def _few(found: Iterable[Value]) -> list[Value]:
    once = list(dict.fromkeys(found))
    return once if 0 < len(once) <= MOST_VALUES else [None]


def _called(name: str, given: list[list[Value]]) -> list[Value]:
    if (name == "fromjson" and len(given) == 1) or (name == "tojson" and len(given) == 1):
        return given[0]
    if name == "join" and given:
        marks = given[1] if len(given) > 1 else [","]
        return _few(_joined(one, mark) for one in given[0] for mark in marks)
    if name == "format" and given:
        made: list[list[Value]] = [[]]
        for one in given:
            made = [[*before, value] for before in made for value in one][: MOST_VALUES + 1]
        return _few(_formatted(one[0], one[1:]) for one in made)
    return [None]


def _formatted(form: Value, given: list[Value]) -> Value:
    if form is None:
        return None
    used = {int(one) for one in re.findall(r"\{(\d{1,2})\}", form)}
    if any(one >= len(given) or given[one] is None for one in used):
        return None
    text = re.sub(r"\{(\d{1,2})\}", lambda found: given[int(found[1])] or "", form)
    return text.replace("{{", "{").replace("}}", "}")


def _joined(text: Value, mark: Value) -> Value:
    found = _json(text)
    if isinstance(found, list) and mark is not None:
        return mark.join(str(one) for one in found)
    return text if found is None else None


def _taken(found: list[Value], keys: list[Value]) -> list[Value]:
    """What `x[key]` takes out of texts that are JSON: all of it where the key is not known."""
    taken: list[Value] = []
    for text in found:
        table = _json(text)
        pairs = (
            table.items()
            if isinstance(table, dict)
            else enumerate(table)
            if isinstance(table, list)
            else ()
        )
        taken.extend(
            one if isinstance(one, str) else json.dumps(one)
            for key, one in pairs
            if None in keys or str(key) in keys
        )
    return _few(taken)


def _json(text: Value) -> object:
    try:
        return json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return None
