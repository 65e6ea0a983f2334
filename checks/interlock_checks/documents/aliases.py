"""Scripts of a table that begin with another one of the same table, and give it arguments."""

from __future__ import annotations

import re
from collections.abc import Callable

from interlock_checks.documents.nodes import Map, Node, Text, string

__all__ = ["filled_in", "run_by_package_managers"]

LONGEST_CHAIN = 5
MOST_TEXT = 4000
"""Characters of a line that is put together; scripts that name each other twice grow fast."""
_RUN = re.compile(
    r"\b(?:npm\s+(?:run|run-script)\s+(?:-[\w-]{1,40}\s+){0,4}([\w:.\-]{1,80})"
    r"\s+--\s+([^;&|\n]{1,500})"
    r"|(?:yarn|pnpm|bun)\s+(?:run\s+)?(?:-[\w-]{1,40}\s+){0,4}([\w:.][\w:.\-]{0,79})"
    r"\s+(?:--\s+)?([^;&|\n]{1,500}))"
)


def filled_in(line: Text, scripts: Map) -> Text:
    """`up = "db head"` beside `db = "alembic upgrade"`: arguments go to the end of it."""

    seen: set[str] = set()

    def step(text: str) -> str:
        name, _, rest = text.strip().partition(" ")
        body = _body(scripts.get(name)) if rest.strip() and name not in seen else None
        seen.add(name)
        return text if body is None else f"{body} {rest}"

    return _repeated(line, step)


def run_by_package_managers(line: Text, scripts: Map) -> Text:
    """`npm run db -- head` and `yarn db head`, with the text of the script `db`."""

    def one(found: re.Match[str]) -> str:
        body = _body(scripts.get(found[1] or found[3]))
        return found[0] if body is None else f"{body} {found[2] or found[4]}"

    return _repeated(line, lambda text: _RUN.sub(one, text))


def _repeated(line: Text, step: Callable[[str], str]) -> Text:
    text = line.value
    for _ in range(LONGEST_CHAIN):
        following = step(text)
        if following == text or len(following) > MOST_TEXT:
            break
        text = following
    return line if text == line.value else Text(text, line.row, (line.row,))


def _body(task: Node | None) -> str | None:
    """The text of a script of one line."""
    text = string(task.get("cmd")) if isinstance(task, Map) else string(task)
    return text if text is not None and "\n" not in text.strip() else None
