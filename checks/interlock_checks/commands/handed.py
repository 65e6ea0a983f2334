"""Commands inside the data that the command lines of clouds and clusters are handed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

__all__ = ["commands_in"]

MOST_NODES = 10_000
_SHORTHAND = re.compile(r"(?:^|,)(commands?)=", re.I)


def commands_in(text: str) -> Iterator[str]:
    """
    The commands of a text for a shell, from JSON or the shorthand of `aws`.

    `command` is one command, as a list of its words or as text; `commands` are several.
    """
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        found = _SHORTHAND.search(text)
        if found is not None:
            yield from _given(found[1].lower(), _value(text[found.end() :]))
        return
    for _ in range(MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend(node.values())
            for key in ("command", "commands", "args"):
                yield from _given(key, node.get(key))


def _value(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip("\"'[]").split(",")
    return found


def _given(key: str, value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        words = [one for one in value if isinstance(one, str)]
        if key == "commands":
            yield from words
        elif words:
            yield shlex.join(words)
