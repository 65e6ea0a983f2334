"""JSON with the row of each string: exact, linear, without recursion."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from interlock_checks.source import Unreadable

__all__ = ["Json", "Text", "parse_json"]

_DEPTH = 500  # Python's own reader gives up between 500 and 1,000, depending on the version
_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
    (?P<string>"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")|(?P<mark>[][{}:,])
    |(?P<literal>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|NaN|-?Infinity))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Text:
    """
    A string.

    Attributes:
        row: The line on which it stands, from 1; JSON strings have no line breaks.
        raw: As it is written, with its quotes.
    """

    row: int
    raw: str

    @property
    def value(self) -> str:
        """The string itself."""
        return str(json.loads(self.raw)) if "\\" in self.raw else self.raw[1:-1]


# Numbers and other literals are of no use here: they are all None.
Json = dict[str, "Json"] | list["Json"] | Text | None


def parse_json(text: str) -> Json:
    """
    Read one JSON document.

    Raises:
        Unreadable: It is none, holds a key twice, or is nested more than 500 deep.
    """
    row, at = 1, 0
    root: list[Json] = []
    stack: list[dict[str, Json] | list[Json]] = [root]
    keys: list[str | None] = [None]  # the key that waits for its value, one for each level
    # What may come: value, first (value or end), key, first-key (key or end), colon, next.
    state = "value"
    while len(stack) > 1 or not root:
        token = _TOKEN.match(text, at)
        if token is None:
            raise Unreadable("it is no valid JSON", row + text.count("\n", at, at + 1))
        start = token.start(token.lastgroup or 0)
        row += text.count("\n", at, start)
        at = token.end()
        word = token.group(token.lastgroup or 0)
        kind = token.lastgroup
        top = stack[-1]
        if kind == "mark" and word in "]}":
            ends = "]" if isinstance(top, list) else "}"
            if word != ends or len(stack) == 1 or state not in ("first", "first-key", "next"):
                raise Unreadable("it is no valid JSON", row)
            stack.pop()
            keys.pop()
            state = "next"
        elif word == ":" and kind == "mark":
            if state != "colon":
                raise Unreadable("it is no valid JSON", row)
            state = "value"
        elif word == "," and kind == "mark":
            if state != "next":
                raise Unreadable("it is no valid JSON", row)
            state = "value" if isinstance(top, list) else "key"
        elif state in ("key", "first-key"):
            if kind != "string":
                raise Unreadable("it is no valid JSON", row)
            key = Text(row, word).value
            if not isinstance(top, dict) or key in top:
                raise Unreadable(f"the key {key!r} stands twice in one JSON object", row)
            keys[-1] = key
            state = "colon"
        elif state in ("value", "first"):
            value: Json = Text(row, word) if kind == "string" else None
            state = "next"
            if word in ("[", "{") and kind == "mark":
                value = [] if word == "[" else {}
                state = "first" if word == "[" else "first-key"
            if isinstance(top, list):
                top.append(value)
            else:
                top[keys[-1] or ""] = value
            if isinstance(value, list | dict):
                if len(stack) > _DEPTH:
                    raise Unreadable(f"it is nested more than {_DEPTH} deep", row)
                stack.append(value)
                keys.append(None)
        else:
            raise Unreadable("it is no valid JSON", row)
    if text[at:].strip(" \t\r\n"):
        raise Unreadable("something follows the JSON document", row)
    return root[0]
