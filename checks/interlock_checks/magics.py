"""IPython's own syntax in a cell: what of it is Python, what is shell, and what is neither.

After IPython 9 (`IPython.core.inputtransformer2` and its magics). Lines that are stepped over are
replaced, so that each line of Python stays where it was.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from interlock_checks.lexical import Scanner

__all__ = ["Parts", "split_cell"]

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh", "fish", "cmd", "powershell", "pwsh"})
_SHELL_BODIES = _SHELLS | {"sx", "system", "!"}
_SHELL_LINES = frozenset({"sx", "system"})
_PROGRAMS = frozenset({"pip", "pip3", "uv", "conda", "mamba", "micromamba", "poetry", "pdm"})
_PYTHON_BODIES = frozenset({"python", "python2", "python3", "pypy", "pypy3"})
_STATEMENTS = frozenset(
    {"time", "timeit", "prun", "memit", "mprun", "lprun", "debug", "capture", "px", "autopx"}
    | {"pyinstrument", "snakeviz", "scalene", "heat", "octave_push", "notify", "skip"}
)
# Without the percent sign IPython takes these for magics where the line is no Python.
_AUTOMAGIC = frozenset({"pip", "conda", "mamba", "uv", "run", "sx", "system", "cd", "ls", "time"})
_FOREIGN = frozenset(
    {"html", "javascript", "js", "latex", "markdown", "svg", "writefile", "file", "sql", "bigquery"}
    | {"r", "ruby", "perl", "julia", "octave", "matlab", "cypher", "mermaid", "css", "scala"}
    | {"sparksql", "dot", "graphviz", "manim_config", "cu", "fortran", "typescript", "node"}
)
_ESCAPES = "!%?,;/"
# The program itself comes out of a variable of the notebook: `!{line}`, `!$tool upgrade head`.
_INTERPOLATED = re.compile(
    r"!{1,2}\s*(?:\{(?P<a>[A-Za-z_]\w*)\}|\$(?P<b>[a-z_]\w*))(?P<rest>(?:\s[^{}$]*)?)"
)
_OPTIONS = re.compile(r"(?:(?:-[nrplsTDfmu][ \t]*\S+|-\w+)(?:[ \t]+|$))+")
_RUN_FLAGS = re.compile(r"(?:-(?:[ientdpGbl]|N\d+)[ \t]+)+")
_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.)(?:[ \t]|$)")
_DOCTEST = re.compile(r"[ \t]*>>>(?:[ \t]|$)")
_IN_PROMPT = re.compile(r"(?:(?:\[(?:nav|ins)\])? )?In \[\d+\]: |\s*\.{3,}: ?")
_OTHER_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_DEPTH = 200  # brackets: no version of Python nests more
_NESTED = 50  # magics in one line, as in `%time %timeit f()`


@dataclass(slots=True)
class Parts:
    """
    A cell taken apart.

    Attributes:
        python: As many lines as the cell has.
        shell: Commands in their order, each as lines with their index in the cell.
        is_open: The Python ends within a string or a bracket, and would swallow what follows.
    """

    python: list[str]
    shell: list[list[tuple[int, str]]] = field(default_factory=list)
    is_open: bool = False


def split_cell(lines: Sequence[str]) -> Parts:
    """Take a cell apart, given as its lines without line breaks."""
    parts = _split(lines)
    if any(_OTHER_BREAKS.search(line) for line in lines):
        # IPython breaks lines where Python does not; a command can begin there, in a comment too.
        indices, pieces = [], []
        for index, line in enumerate(lines):
            for piece in _OTHER_BREAKS.split(line):
                indices.append(index)
                pieces.append(piece)
        parts.shell = [
            [(indices[index], text) for index, text in command] for command in _split(pieces).shell
        ]
    return parts


def _split(lines: Sequence[str]) -> Parts:
    parts = Parts([""] * len(lines))
    cell = _without_prompts(list(lines))
    first = 0
    while True:
        while first < len(cell) and not cell[first].strip():
            first += 1
        if first == len(cell):
            return parts
        # Colab takes a magic behind its `#@title`; Jupyter runs nothing of such a cell.
        later = first
        while later < len(cell) and cell[later].lstrip(" \t")[:1] in ("", "#"):
            later += 1
        if first < later < len(cell) and cell[later].startswith("%%"):
            first = later
        indent = cell[first][: len(cell[first]) - len(cell[first].lstrip(" \t"))]
        if indent:
            cell[first:] = [line.removeprefix(indent) for line in cell[first:]]
        head = cell[first]
        if not head.startswith("%%") or re.match(r"%%\w+\?", head):
            break
        name, _, rest = head[2:].strip().partition(" ")
        kind = _kind_of_body(name, rest, cell, first + 1)
        if kind == "shell":
            body = [(i, line) for i, line in enumerate(cell) if i > first]
            if body:
                parts.shell.append(body)
            return parts
        if kind == "other":
            return parts
        if kind == "python":
            parts.python[first + 1 :] = cell[first + 1 :]
            scanner = Scanner()
            scanner.feed("".join(f"{line}\n" for line in parts.python))
            parts.is_open = not scanner.between_statements
            return parts
        if kind == "statement" and name != "capture":
            parts.python[first] = _without_options(rest)
        first += 1
    _split_lines(cell, first, parts)
    return parts


def _split_lines(cell: list[str], first: int, parts: Parts) -> None:
    scanner = Scanner()
    scanner.feed("".join(f"{line}\n" for line in parts.python[:first]))
    index = first
    while index < len(cell) and scanner.depth <= _DEPTH:
        line, last = cell[index], index
        if scanner.between_statements:
            body = line.lstrip(" \t\f")
            if body[:1] and (body[0] in _ESCAPES or _is_automagic(body)):
                last = _last_continued(cell, index)
            indent = line[: len(line) - len(body)]
            command = [body, *cell[index + 1 : last + 1]]
            line = indent + _replacement(command, index, parts)
        if assigned := _escape_after_equals(scanner, line):
            last = max(last, _last_continued(cell, index))
            command = [line[assigned:].lstrip(" \t"), *cell[index + 1 : last + 1]]
            value = _replacement(command, index, parts)
            line = line[:assigned] + " " + ("None" if value == "pass" else value)
        elif scanner.between_statements and _asks_for_help(scanner, line):
            line = line[: len(line) - len(line.lstrip(" \t\f"))] + "pass"
        parts.python[index] = line
        scanner.feed(f"{line}\n")
        index = last + 1
    parts.is_open = not scanner.between_statements


def _replacement(command: list[str], index: int, parts: Parts) -> str:
    """Give the Python that stands for a line, and note the shell command in it."""

    def shell(text: str) -> str:
        later = [(index + i, line) for i, line in enumerate(command) if i]
        parts.shell.append([(index, text), *later])
        return "pass"

    text = command[0]
    for _ in range(_NESTED):
        if text.startswith("!"):
            if len(command) == 1 and (given := _INTERPOLATED.fullmatch(text)):
                rest = given["rest"].replace("\\", "\\\\").replace('"', '\\"')
                rest = re.sub(r"[{}]", r"\g<0>\g<0>", rest)
                return f'get_ipython().system(f"{{{given["a"] or given["b"]}}}{rest}")'
            return shell(text.removeprefix("!").removeprefix("!").lstrip(" \t"))
        if text.startswith("?"):
            return "pass"
        if text[:1] in (",", ";", "/") and len(text) > 1:
            return _called(text)
        if text.startswith("%"):
            text = text.lstrip("%")
        elif not _is_automagic(text):
            return text
        name, _, rest = text.partition(" ")
        rest = rest.strip(" \t")
        if name in _SHELL_LINES:
            return shell(rest)
        if name in _PROGRAMS:
            return shell(f"{name} {rest}")
        if name == "run":
            return shell(f"python {_RUN_FLAGS.sub('', rest, count=1)}")
        if name == "alias":
            return shell(rest.partition(" ")[2])
        if name == "sc":
            return shell(rest.partition("=")[2])
        if name not in _STATEMENTS or name == "capture":
            return "pass"
        text = _without_options(rest)
        if not text:
            return "pass"
    return text


def _kind_of_body(name: str, rest: str, cell: list[str], first: int) -> str:
    name = name.lower()
    if name == "script":
        programs = {word.rpartition("/")[2] for word in rest.split()}
        if programs & _SHELLS:
            return "shell"
        is_python = any(re.fullmatch(r"(?:i?python|pypy)[\d.]*", word) for word in programs)
        return "python" if is_python else "other"
    if name in _SHELL_BODIES:
        return "shell"
    if name in _PYTHON_BODIES:
        return "python"
    if name in _STATEMENTS:
        return "statement"
    if name in _FOREIGN:
        return "other"
    while first < len(cell) and not cell[first].strip():
        first += 1
    if first < len(cell) and cell[first].lstrip(" \t").startswith("%%"):
        return "unknown"
    return "unknown" if _is_python(cell[first:]) else "other"


def _is_python(body: list[str]) -> bool:
    """Judge the body of a magic that we do not know by whether it parses."""
    parts = Parts([""] * len(body))
    _split_lines(body, 0, parts)
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse("\n".join(parts.python))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _called(text: str) -> str:
    """Write out IPython's calls without brackets: `,f a b`, `;f a b` and `/f a b`."""
    name, _, arguments = text[1:].partition(" ")
    if text[0] == "/":
        return f"{name}({', '.join(arguments.split())})"
    if text[0] == ",":
        return f"{name}({', '.join(map(repr, arguments.split()))})"
    return f"{name}({arguments!r})"


def _is_automagic(text: str) -> bool:
    name, _, rest = text.partition(" ")
    if name not in _AUTOMAGIC or not rest.strip():
        return False
    # Whatever could be Python is Python.
    return not re.match(r"\s*(?:[-=,.:;(\[+*/%&|^<>!@)\]}\\#]|(?:in|is|and|or|if|not|for)\b)", rest)


def _without_options(text: str) -> str:
    options = _OPTIONS.match(text)
    return text[options.end() :] if options else text


def _last_continued(cell: list[str], index: int) -> int:
    while cell[index].endswith("\\") and index + 1 < len(cell):
        index += 1
    return index


def _escape_after_equals(scanner: Scanner, line: str) -> int:
    """Find where a magic or a command is assigned: the offset behind its `=`, else 0."""
    if "=" not in line or not ("!" in line or "%" in line):
        return 0
    found = 0
    trial = scanner.copy()

    def look(_kind: str, word: str, start: int) -> None:
        nonlocal found
        if word == "=" and not found and trial.depth == 0:
            after = line[start + 1 :].lstrip(" \t")
            if re.match(r"!(?!=)|%\w", after) and line[start - 1 : start] not in ("=", "!"):
                found = start + 1

    trial.feed(f"{line}\n", look)
    return found


def _asks_for_help(scanner: Scanner, line: str) -> bool:
    if not line.rstrip().endswith("?"):
        return False
    last = ""

    def look(kind: str, word: str, _start: int) -> None:
        nonlocal last
        last = word if kind != "space" else last

    scanner.copy().feed(f"{line}\n", look)
    return last == "?"


def _without_prompts(cell: list[str]) -> list[str]:
    """Take away the prompts of a pasted session: IPython runs what is behind them."""
    if any(_IN_PROMPT.match(line) for line in cell[:2]):
        return [_IN_PROMPT.sub("", line, count=1) for line in cell]
    if not any(_DOCTEST.match(line) for line in cell):
        return cell
    scanner = Scanner()
    for index, line in enumerate(cell):
        if scanner.depth == 0 and _PROMPT.match(line):
            cell[index] = _PROMPT.sub("", line, count=1)
        scanner.feed(f"{cell[index]}\n")
    return cell
