"""
A large module cut down to what can matter, before the costly parse.

The outline of a module is its logical lines with their indentation, found with one regular
expression. A function that holds no interesting name, and that nothing kept refers to, is
replaced: its body by a `return` of something unknown, or all of it by an assignment of that to
its name, if its header and decorators hold no such name either. `Cut` knows the row that each
remaining row had.

Why no sink is lost: a body can only matter through the names in it. It is kept when it
holds a name of the catalogue, a local alias of one, `global` or `nonlocal`. It is also kept
when it is short, returns something and is mentioned in what is kept, since a constant may be
folded through it; through a longer one it is not, and counts as unknown. Where the outline
is in doubt (an unusual string, tabs) nothing is cut.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from interlock_checks.facts.words import occurrences

SMALL = 8_000
"""Modules up to this many characters are parsed whole: cutting would save nothing."""

DEEPEST = 150
"""Open brackets at once; CPython gives up at 200, libcst's parser far later and slowly."""

LONGEST = 2_000
"""Operations in one expression; the parser's time grows with the cube of this."""

LEFT_OUT = "not 0"
"""What a function returns whose body was left out: an operation that is never folded, hence
unknown. No name, since the module could bind one to something harmless."""

SHORT = 800
"""Characters of a function whose result may be needed for folding a constant."""

_TOKEN = re.compile(
    r'''
    (?P<string>"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""
              |\'\'\'[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*\'\'\'
              |"[^"\\\n]*(?:\\.[^"\\\n]*)*"
              |'[^'\\\n]*(?:\\.[^'\\\n]*)*')
    |(?P<comment>\#[^\n]*)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<join>\\\r?\n)
    |(?P<end>\n)
    |(?P<stray>["'])
    ''',
    re.VERBOSE | re.DOTALL,
)
_FLAT = r"""[^\n"'#()\[\]{}\\]++|(?<![fFtTrR])"(?!"")[^"\\\n]*+"|(?<![fFtTrR])'(?!'')[^'\\\n]*+'"""


def _bracketed(inner: str) -> str:
    return rf"{inner}|\((?:{inner})*+\)|\[(?:{inner})*+\]|\{{(?:{inner})*+\}}"


_SIMPLE = re.compile(
    rf"([ \t\f]*+)((?:{_bracketed(_bracketed(_bracketed(_FLAT)))})*+)(?:#[^\n]*+)?\n"
)
"""A line that is a logical line by itself: most are, and take one step instead of many."""

_DEF = re.compile(r"\s*(?:async\s+)?def\s+(\w+)")
_WORD = re.compile(r"(?:\bdef\s+)?[^\W\d]\w*")
_NAME = re.compile(r"[^\W\d]\w*")
_SPACES = re.compile(r"[\s()\\]+")
_IMPORTS = re.compile(r"\s*(?:from\s+[\w.\s]+?)?\bimport\b(?P<names>[^#;]*)", re.DOTALL)
_ASSIGNED = re.compile(r"(?P<targets>[^=!<>()\[\]{}:\"']*)(?::[^=]*)?=(?!=)")
_OWN_ATTRIBUTE = re.compile(r"\b(?:self|cls)\.(\w+)\s*(?::[^=]*)?=(?!=)")
_TARGETS = re.compile(r"\b(?:as|for)\s+([\w\s,.()]+)|\b(\w+)\s*:=")
_HARD = re.compile(
    r"[.(\[+\-*/%|&^@<>=!~]|\b(?:not|and|or|if|else|lambda|in|is|await|for|yield|from)\b"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line: offsets in the text and width of its indentation."""

    start: int
    end: int
    indent: int


@dataclass(frozen=True, slots=True)
class Outline:
    """`lines` is None where the text could not be outlined; `problem` says why not to parse."""

    lines: tuple[Line, ...] | None
    problem: tuple[str, int] | None = None


def outline(text: str) -> Outline:
    """The logical lines of a module, or the reason why parsing it would take too long."""
    lines: list[Line] = []
    depth = 0
    start = at = 0
    sure = True
    while sure:
        if depth == 0 and at == start and (simple := _SIMPLE.match(text, at)):
            at = simple.end()
            if simple.start(2) < simple.end(2):
                lines.append(Line(start, at, simple.end(1) - start))
            start = at
            continue
        token = _TOKEN.search(text, at)
        if token is None:
            break
        at = token.end()
        kind = token.lastgroup
        if kind == "end":
            if depth == 0:
                if _has_code(text[start : token.start()]):
                    lines.append(_line(text, start, token.end()))
                start = token.end()
        elif kind == "open":
            depth += 1
            if depth > DEEPEST:
                row = text.count("\n", 0, token.start()) + 1
                return Outline(None, (f"more than {DEEPEST} brackets are open at once", row))
        elif kind == "close":
            depth -= 1
            sure = depth >= 0
        elif kind == "string":
            sure = not _nested(text, token)
        elif kind == "stray":
            sure = False
    if sure and depth == 0:
        if _has_code(text[start:]):
            lines.append(_line(text, start, len(text)))
        tabs = any("\t" in text[line.start : line.start + line.indent] for line in lines)
        for line in lines:
            if line.end - line.start > LONGEST and (hard := _too_long(text, line)):
                return Outline(None, hard)
        return Outline(None if tabs else tuple(lines))
    if _too_long(text, Line(0, len(text), 0)) and len(text) > SMALL * 20:
        return Outline(None, ("an expression is too long to be parsed in reasonable time", 1))
    return Outline(None)


def _line(text: str, start: int, end: int) -> Line:
    body = text[start:end]
    return Line(start, end, len(body) - len(body.lstrip(" \t\f")))


def _has_code(text: str) -> bool:
    stripped = text.lstrip(" \t\f")
    return bool(stripped.strip()) and not stripped.startswith("#")


def _nested(text: str, token: re.Match[str]) -> bool:
    """Since Python 3.12 an f-string may hold its own quotes: then the match ends too early."""
    start = token.start()
    prefix = text[max(0, start - 2) : start].lower()
    if "f" not in prefix and "t" not in prefix:
        return False
    body = token.group().replace("{{", "").replace("}}", "")
    return body.count("{") != body.count("}")


def _too_long(text: str, line: Line) -> tuple[str, int] | None:
    bare = _TOKEN.sub(
        lambda t: " s " if t.lastgroup in {"string", "comment"} else t.group(),
        text[line.start : line.end],
    )
    longest = max((len(_HARD.findall(part)) for part in re.split(r"[,;\n]", bare)), default=0)
    joined = max((len(_HARD.findall(part)) for part in re.split(r"[,;]", bare)), default=0)
    if max(longest, joined) <= LONGEST:
        return None
    row = text.count("\n", 0, line.start) + 1
    return f"an expression of more than {LONGEST} operations", row


@dataclass(frozen=True, slots=True)
class _Body:
    """
    The body of a function, which begins with its decorators or header at `head`.

    With `bare` these hold nothing of interest either.
    """

    name: str
    start: int
    end: int
    indent: int
    head: int
    outer: int
    bare: bool

    @property
    def first(self) -> int:
        """Where begins what is left out."""
        return self.head if self.bare else self.start


@dataclass(frozen=True, slots=True)
class Cut:
    """A module's text without what cannot matter, and where its rows come from."""

    text: str
    starts: tuple[int, ...] = (1,)
    skipped: tuple[int, ...] = (0,)

    def row(self, row: int) -> int:
        """The row of the whole module that became this row; both count from 1."""
        return row + self.skipped[bisect_right(self.starts, row) - 1]


def cut_down(text: str, shape: Outline, interest: Callable[[str], list[int]]) -> Cut:
    """The text without the function bodies that cannot matter."""
    if shape.lines is None or len(text) <= SMALL:
        return Cut(text)
    marks = interest(text)
    marks += (at for at in occurrences(("global", "nonlocal"), text) if _changes_scope(text, at))
    names = _aliases(text, shape.lines, sorted(marks))
    marks += occurrences(names, text)
    idle = _idle_bodies(text, shape.lines, sorted(marks))
    idle = _unreferenced(text, idle)
    pieces: list[str] = []
    starts, skipped = [1], [0]
    position, row = 0, 1
    for body in idle:
        kept = text[position : body.first]
        pieces += [kept, _instead(body)]
        row += kept.count("\n") + 1
        starts.append(row)
        skipped.append(skipped[-1] + text.count("\n", body.first, body.end) - 1)
        position = body.end
    pieces.append(text[position:])
    return Cut("".join(pieces), tuple(starts), tuple(skipped))


def _instead(body: _Body) -> str:
    if body.bare:
        return f"{' ' * body.outer}{body.name} = {LEFT_OUT}\n"
    return f"{' ' * body.indent}return {LEFT_OUT}\n"


def _changes_scope(text: str, at: int) -> bool:
    """Whether `global` or `nonlocal` there is a statement."""
    before = at
    while before and text[before - 1] in " \t\f":
        before -= 1
    return text[before - 1 : before] in "\n;:" and _STATEMENT.match(text, at) is not None


_STATEMENT = re.compile(r"\w+\s+[^\W\d]")


def _aliases(text: str, lines: tuple[Line, ...], marks: list[int]) -> set[str]:
    """
    Names by which a function may use what a marked line outside of it defines.

    These are what imports, and assignments of modules, classes and `self.name`, bind; and so
    on from those names, where module level goes on with them.
    """
    bound: set[str] = set()
    starts = [line.start for line in lines]
    todo = {bisect_left(starts, mark + 1) - 1 for mark in marks}
    while todo:
        fresh: set[str] = set()
        for number in todo:
            line = lines[number]
            if line.end - line.start <= 4_000:
                fresh |= _bound_names(text[line.start : line.end], line.indent)
        fresh -= bound
        bound |= fresh
        if not fresh:
            break
        found = {bisect_left(starts, at + 1) - 1 for at in occurrences(fresh, text)}
        todo = {number for number in found if lines[number].indent == 0}
    return bound


def _bound_names(line: str, indent: int) -> set[str]:
    if _DEF.match(line):
        return set()
    if (statement := _IMPORTS.match(line)) is not None:
        return {
            name.rpartition(" as ")[2].strip().partition(".")[0]
            for name in _SPACES.sub(" ", statement["names"]).split(",")
        } - {"", "*"}
    names = set(_OWN_ATTRIBUTE.findall(line))
    if (assigned := _ASSIGNED.match(line)) is not None:
        names.update(_NAME.findall(assigned["targets"]) if indent == 0 else ())
        if indent and assigned["targets"].strip().isidentifier():
            names.add(assigned["targets"].strip())
    if indent == 0:
        for target, walrus in _TARGETS.findall(line):
            names.update(_NAME.findall(target.partition(" in ")[0]), _NAME.findall(walrus))
    return names


def _idle_bodies(text: str, lines: tuple[Line, ...], marks: list[int]) -> list[_Body]:
    """The outermost function bodies without a mark, in order."""
    idle: list[_Body] = []
    index = 0
    decorated = -1
    while index < len(lines):
        line = lines[index]
        if text.startswith("@", line.start + line.indent):
            decorated = line.start if decorated < 0 else decorated
            index += 1
            continue
        head, decorated = (decorated if decorated >= 0 else line.start), -1
        header = _DEF.match(text, line.start, line.end)
        index += 1
        if header is None or index >= len(lines) or lines[index].indent <= line.indent:
            continue
        last = index
        while last < len(lines) and lines[last].indent > line.indent:
            last += 1
        start, end = lines[index].start, lines[last - 1].end
        if bisect_left(marks, start) == bisect_left(marks, end):
            name = header.group(1)
            bare = bisect_left(marks, head) == bisect_left(marks, start)
            # A special method may be looked for by what it is.
            bare = bare and not name.startswith("__")
            idle.append(_Body(name, start, end, lines[index].indent, head, line.indent, bare))
            index = last
    return idle


def _unreferenced(text: str, idle: list[_Body]) -> list[_Body]:
    """Without the short bodies that return something and that the kept text mentions."""
    waiting: dict[str, list[_Body]] = {}
    for body in idle:
        if _gives(text, body):
            waiting.setdefault(body.name, []).append(body)
    if not waiting:
        return idle
    position = 0
    todo: list[str] = []
    for body in idle:
        todo.append(text[position : body.first])
        position = body.end
    todo.append(text[position:])
    needed: set[int] = set()
    while todo:
        for word in set(_words(todo.pop())) & waiting.keys():
            for body in waiting.pop(word):
                needed.add(body.start)
                todo.append(text[body.first : body.end])
    return [body for body in idle if body.start not in needed]


def _gives(text: str, body: _Body) -> bool:
    return body.end - body.start <= SHORT and "return" in text[body.start : body.end]


def _words(text: str) -> Iterable[str]:
    return (word for word in _WORD.findall(text) if not word.startswith("def"))
