"""Where the keys of a TOML document stand: `tomllib` gives values, but no lines."""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]

_KEY_PART = re.compile(
    r"""[ \t]*(?:"(?P<basic>(?:\\.|[^"\\\n])*)"|'(?P<literal>[^'\n]*)'|(?P<bare>[A-Za-z0-9_-]+))"""
    r"""[ \t]*(?P<end>[.=\]])"""
)
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{},\n]"
    r"""|[^"'#\[\]{},\n]+""",
    re.DOTALL,
)
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")


def key_lines(text: str) -> dict[Path, int]:
    """
    Map each table and key to the line (from 1) it is written on.

    Args:
        text: A document that `tomllib` accepts; of any other the answer is incomplete.

    Returns:
        Paths such as `("tool", "interlock", "databases")`; an entry of an array has its
        index as the last part. Keys inside inline tables are left out: they stand on the
        line of the key that holds the table, or close below it.
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    position = 0
    while (position := _after(_SPACE, text, position)) < len(text):
        line = text.count("\n", 0, position) + 1
        brackets = 2 if text.startswith("[[", position) else int(text[position] == "[")
        key, position = _key(text, position + brackets)
        if not key:
            break
        if brackets:
            table = key
            position += brackets - 1
            lines.setdefault(table, line)
            continue
        for depth in range(1, len(key) + 1):
            lines.setdefault(table + key[:depth], line)
        position = _skip_value(text, position, table + key, lines)
    return lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of a path, or of the nearest path above it that has one, or 1."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _key(text: str, position: int) -> tuple[Path, int]:
    """Read a dotted key up to and including its `=` or `]`; an empty path where there is none."""
    parts: list[str] = []
    while match := _KEY_PART.match(text, position):
        if (basic := match["basic"]) is not None:
            parts.append(tomllib.loads(f'key = "{basic}"')["key"])
        else:
            parts.append(match["bare"] or match["literal"] or "")
        position = match.end()
        if match["end"] != ".":
            return tuple(parts), position
    return (), position


def _skip_value(text: str, position: int, key: Path, lines: dict[Path, int]) -> int:
    """Go to the end of the line where a value ends, noting the entries of an array on the way."""
    depth = 0
    index = 0
    array = False
    line = lines[key]
    for match in _TOKEN.finditer(text, position):
        token = match[0]
        if token == "\n" and depth == 0:
            return match.end()
        if array and depth == 1 and token not in "],\n" and not token.isspace() and token[0] != "#":
            lines.setdefault((*key, index), line)
        if token in "[{":
            array = array or (depth == 0 and token == "[")
            depth += 1
        elif token in "]}":
            depth -= 1
        elif token == ",":
            index += depth == 1
        line += token.count("\n")
    return len(text)
