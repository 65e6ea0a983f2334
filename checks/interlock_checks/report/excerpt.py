"""Lines of the repository, and names in it, as they may be shown on a terminal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Shown", "Source", "open_source", "plain", "shown"]

# The bounds keep a hostile line from taking quadratic time; tokens that serve as passwords have
# some hundred characters.
_SECRET = re.compile(
    r"""
    (?<=://)[^\s/:]{0,300}:(?P<url>\S{0,2000}(?=@)|[^@'"]{0,2000}(?=@)
        # Without an @ the rest of the URL stands elsewhere; a number or a placeholder is a port.
        |(?!\d+(?:\W|$)|\{[^{}]*\}(?:\W|$))[^\s'",)]{1,2000})
    |(?i:password|passwd|pwd)["']?\s*[=:]\s*[rRbB]?(?P<quote>["'])(?P<word>.{1,2000}?)(?P=quote)
    |(?i:password|passwd|pwd)=(?P<pair>[^\s'";&,()]{1,2000})(?=[\s'";&]|$)
    """,
    re.VERBOSE,
)
_MASK = "***"
_TAB = "    "


def plain(text: str) -> str:
    """A text without passwords, and without anything that a terminal would obey."""
    return "".join(shown(text).cells)


@dataclass(frozen=True, slots=True)
class Shown:
    """A line, and for each of its characters what is printed instead; hidden ones are empty."""

    cells: tuple[str, ...]

    def offset(self, index: int) -> int:
        """Columns of the terminal before the character with that index."""
        return sum(_columns(cell) for cell in self.cells[:index])


def shown(line: str) -> Shown:
    """
    A line with control characters escaped and passwords masked.

    Masked are the password of a URL, of a connection string and of an argument so named. In
    doubt too much is masked: a source line is shown to point at something, not to be copied.
    """
    cells = [_cell(character) for character in line]
    for match in _SECRET.finditer(line):
        for group in ("url", "word", "pair"):
            start, end = match.span(group)
            if start < end:
                cells[start:end] = [_MASK, *[""] * (end - start - 1)]
    return Shown(tuple(cells))


def _cell(character: str) -> str:
    if character == "\t":
        return _TAB
    # Not printable are control characters, direction marks, lone surrogates and odd spaces.
    return character if character.isprintable() else ascii(character)[1:-1]


def _columns(cell: str) -> int:
    if cell.isascii():
        return len(cell)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in cell
    )


# --- files ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """
    A file by its rows.

    Attributes:
        lines: The rows of the file, from the first.
        cells: In a notebook: row -> number of the cell, and the line of code that stands there,
            or None where one row holds several.
    """

    lines: tuple[str, ...]
    cells: dict[int, tuple[int, str | None]]

    def line(self, row: int) -> str | None:
        """The code in a row of the file; None past the end."""
        if row in self.cells:
            return self.cells[row][1]
        return self.lines[row - 1] if 0 < row <= len(self.lines) else None

    def cell(self, row: int) -> int | None:
        """The number of the cell that a row belongs to."""
        return self.cells[row][0] if row in self.cells else None


def open_source(path: str, data: bytes) -> Source:
    """A file in whatever state it is; what no encoding explains is shown as escapes."""
    from interlock_checks.source import Unreadable, decode

    try:
        text = decode(data)
    except Unreadable:
        text = data.decode("utf-8", "backslashreplace")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    cells = _cells(data) if path.endswith(".ipynb") else {}
    return Source(tuple(text.split("\n")), cells)


def _cells(data: bytes) -> dict[int, tuple[int, str | None]]:
    from interlock_checks.notebook import cells
    from interlock_checks.source import Unreadable

    found: dict[int, tuple[int, str | None]] = {}
    try:
        notebook = cells(data)
    except Unreadable:
        return found
    for cell in notebook:
        for row, line in zip(cell.rows, cell.text.split("\n"), strict=False):
            if row in found and found[row] != (cell.number, line):
                found[row] = (found[row][0], None)
            else:
                found[row] = (cell.number, line)
    return found
