"""The code cells of a Jupyter notebook, with the rows of the file in which they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from interlock_checks.jsonrows import Json, Text, parse_json
from interlock_checks.magics import split_cell
from interlock_checks.source import Unreadable

__all__ = ["Cell", "cells", "python_text"]

_PROSE = frozenset({"markdown", "raw", "heading", "html"})
_SHELL_KERNELS = frozenset({"bash", "sh", "zsh", "shell", "calysto_bash", "sos_bash"})
_OTHER_KERNELS = frozenset(
    {"r", "ir", "julia", "scala", "almond", "javascript", "typescript", "node", "deno", "java"}
    | {"kotlin", "rust", "go", "ruby", "perl", "octave", "matlab", "haskell", "c", "c++", "sql"}
    | {"sas", "stata", "c#", ".net-csharp", ".net-fsharp", ".net-powershell", "f#", "clojure"}
    | {"elixir", "php", "lua", "maple", "mathematica", "wolfram", "sqlite", "fortran", "ocaml"}
)


@dataclass(frozen=True, slots=True)
class Cell:
    """
    A piece of code.

    Attributes:
        number: Of the cell among all cells, prose included, from 1.
        kind: "broken" is Python that ends within a string, a bracket or a continued line.
        text: Its lines end with `\\n`.
        rows: For each line, from the first, the row of the `.ipynb` file that holds it.
    """

    number: int
    kind: Literal["python", "shell", "broken"]
    text: str
    rows: tuple[int, ...]


def cells(data: bytes) -> list[Cell]:
    """
    Read a notebook (nbformat 2 to 4).

    A Python cell is followed by the shell commands in it. What IPython adds to Python is replaced,
    so that the text is Python; code for other kernels is left out.

    Raises:
        Unreadable: It is no notebook.
    """
    if not data.strip():
        return []  # a new notebook, as some editors create it
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("it is no UTF-8", data.count(b"\n", 0, error.start) + 1) from None
    notebook = parse_json(text)
    if not isinstance(notebook, dict) or not {"cells", "worksheets"} & notebook.keys():
        raise Unreadable("it holds no cells, so it is no notebook")
    kind = _kind(notebook.get("metadata"))
    found: list[Cell] = []
    for number, cell in enumerate(_all_cells(notebook), 1):
        if not isinstance(cell, dict):
            raise Unreadable(f"cell {number} is no JSON object")
        if _word(cell.get("cell_type")) in _PROSE or kind == "other":
            continue
        lines, rows = _source(number, cell)
        if kind == "shell":
            found.append(Cell(number, "shell", _joined(lines), tuple(rows)))
            continue
        parts = split_cell(lines)
        # Joined with the next cell it would hide that one, which Jupyter runs by itself.
        state: Literal["python", "broken"] = "broken" if parts.is_open else "python"
        found.append(Cell(number, state, _joined(parts.python), tuple(rows)))
        for command in parts.shell:
            own_rows = tuple(rows[index] for index, _ in command)
            found.append(Cell(number, "shell", _joined([line for _, line in command]), own_rows))
    return found


def python_text(cells: Sequence[Cell]) -> tuple[str, tuple[int, ...]]:
    """Join the Python cells to one module, as a kernel runs them; with the row of each line."""
    python = [cell for cell in cells if cell.kind == "python"]
    rows = tuple(row for cell in python for row in cell.rows)
    return "".join(cell.text for cell in python), rows


def _all_cells(notebook: dict[str, Json]) -> Iterator[Json]:
    holders: list[Json] = [notebook]
    worksheets = notebook.get("worksheets", [])
    if not isinstance(worksheets, list):
        raise Unreadable("its worksheets are no JSON array")
    for holder in holders + worksheets:
        listed = holder.get("cells", []) if isinstance(holder, dict) else None
        if not isinstance(listed, list):
            raise Unreadable("its cells are no JSON array")
        yield from listed


def _source(number: int, cell: dict[str, Json]) -> tuple[list[str], list[int]]:
    """Give the lines of a cell and their rows."""
    source = cell["source"] if "source" in cell else cell.get("input", [])
    lines: list[str] = []
    rows: list[int] = []
    is_new = True
    for piece in source if isinstance(source, list) else [source]:
        if not isinstance(piece, Text):
            raise Unreadable(f"the source of cell {number} is no text")
        value = piece.value
        if "\0" in value:
            raise Unreadable(f"cell {number} holds a null character", piece.row)
        if "\r" in value:
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        for line in value.split("\n"):
            if is_new:
                lines.append(line)
                rows.append(piece.row)
            else:
                lines[-1] += line
            is_new = True
        is_new = value.endswith("\n")
        if is_new and lines:
            lines.pop()
            rows.pop()
    return lines, rows


def _kind(metadata: Json) -> Literal["python", "shell", "other"]:
    """Decide by the kernel; where its names contradict each other, Python counts."""
    claims: set[str] = set()
    for table in "kernelspec", "language_info":
        known = metadata.get(table) if isinstance(metadata, dict) else None
        if isinstance(known, dict):
            claims |= {_word(known.get("name")), _word(known.get("language"))} - {""}
    if any("py" in claim or "sage" in claim for claim in claims):
        return "python"
    if claims & _SHELL_KERNELS:
        return "shell"
    return "other" if any(_is_foreign(claim) for claim in claims) else "python"


def _is_foreign(claim: str) -> bool:
    base = claim.split("-")[0].rstrip("0123456789.")
    return claim in _OTHER_KERNELS or base in _OTHER_KERNELS or claim.startswith("xcpp")


def _word(value: Json) -> str:
    return value.value.lower() if isinstance(value, Text) else ""


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
