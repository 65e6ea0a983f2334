"""
A large module cut down to what can matter, before the costly parse.

A function that holds no interesting name, and that nothing kept refers to, is replaced: its body
by a `return` of something unknown, or all of it by an assignment of that to its name, if its
header and decorators hold no such name either. Comments and blank lines are left out. `Cut` knows
the row that each remaining row had.

Why no sink is lost: a body can only matter through the names in it. It is kept when it
holds a name of the catalogue or a local alias of one. It is also kept when what is kept mentions
a name that is `global` in it, or mentions it while it is short and returns something, since a
constant may be folded through it; through a longer one it is not, and counts as unknown. Where
the outline is in doubt nothing is cut.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from interlock_checks import catalogue
from interlock_checks.facts.outline import Line, Outline, outline
from interlock_checks.facts.relevant import Interest
from interlock_checks.facts.words import is_behind_dot, occurrences, text_words

SMALL = 2_000
"""Modules up to this many characters are parsed whole: cutting would save nothing."""

LEFT_OUT = "not 0"
"""What a function returns whose body was left out: an operation that is never folded, hence
unknown. No name, since the module could bind one to something harmless."""

SHORT = 800
"""Characters of a function whose result may be needed for folding a constant."""

WORTH = 0.25
"""The part of a module that is left out at least, if anything is."""

NEARBY = 2_000
"""Lines that are looked through for the function around one of them."""

MOST_NAMES = 200
"""Names in one chain of assignments, so that none is too deep for the parser."""

_DEF = re.compile(r"\s*(?:async\s+)?def\s+(\w+)")
_CLASS = re.compile(r"\s*class\b")
_DEFINED = re.compile(r"def(?<!\wdef)\s+\w+")
_NAME = re.compile(r"[^\W\d]\w*")
_SPACES = re.compile(r"[\s()\\]+")
_IMPORTS = re.compile(r"\s*(?:from\s+[\w.\s]+?)?\bimport\b(?P<names>[^#;]*)", re.DOTALL)
_ASSIGNED = re.compile(r"(?P<targets>[^=!<>()\[\]{}:\"']*)(?::[^=]*)?=(?!=)")
_OWN_ATTRIBUTE = re.compile(r"\b(?:self|cls)\.(\w+)\s*(?::[^=]*)?=(?!=)")
_TARGETS = re.compile(r"\b(?:as|for)\s+([\w\s,.()]+)|\b(\w+)\s*:=")
_READER = re.compile(rf"\b(?:{'|'.join(sorted(catalogue.READERS))})\b")
_ATTRIBUTES = re.compile(r"\w+((?:\s*\.\s*[^\W\d]\w*)+)")
_ROOT = re.compile(r"\s*(?:from\s+(\w+)[^;]*$|import\s+(\w+)[^,;]*$)")


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
    """
    A module's text without what cannot matter, and where its rows come from.

    It is `complete` if no function was left out, whatever became of the comments. What the module
    was `within` was cut down before.
    """

    text: str
    complete: bool = True
    starts: tuple[int, ...] = (1,)
    skipped: tuple[int, ...] = (0,)
    within: Cut | None = None

    def row(self, row: int) -> int:
        """The row of the whole module that became this row; both count from 1."""
        row += self.skipped[bisect_right(self.starts, row) - 1]
        return row if self.within is None else self.within.row(row)


def cut_down(text: str, shape: Outline, interest: Interest) -> Cut:
    """The text without comments, and without the function bodies that cannot matter."""
    if shape.lines is None or len(text) <= SMALL or _is_respelled(text):
        return Cut(text)
    marks = _in_lines(interest.marks(text), shape.lines)
    shared = _shared(text, shape.lines)
    names = frozenset().union(*shared.values())
    marks += _alias_marks(text, shape.lines, marks, names, interest)
    idle = _idle_bodies(text, shape.lines, sorted(marks), interest.extra)
    idle = _unreferenced(text, idle, shared)
    if sum(body.end - body.first for body in idle) < len(text) * WORTH:
        # Whoever asks for further names need not read it again.
        idle = []
    return _without(text, shape.lines, {body.first: body for body in idle})


def only(cut: Cut, names: Collection[str]) -> Cut:
    """What is left of a module without the bodies of other functions than the outermost of these
    names; all of it where its outline is in doubt."""
    lines = outline(cut.text).lines
    if lines is None:
        return cut
    others = _idle_bodies(cut.text, lines, [], names)
    bodies = {body.start: replace(body, bare=False) for body in others}
    return replace(_without(cut.text, lines, bodies), complete=cut.complete, within=cut)


def _is_respelled(text: str) -> bool:
    """Whether a letter stands for another one, in another width: names are NFKC-normalised."""
    return not text.isascii() and any(
        ord(letter) > 127
        and f"a{letter}".isidentifier()
        and unicodedata.normalize("NFKC", letter).isascii()
        for letter in set(text)
    )


def _in_lines(marks: Iterable[int], lines: Sequence[Line]) -> list[int]:
    """Those marks that do not stand in a comment between the lines, in order."""
    kept: list[int] = []
    number = 0
    for mark in sorted(marks):
        while number < len(lines) and lines[number].end <= mark:
            number += 1
        if number < len(lines) and lines[number].start <= mark:
            kept.append(mark)
    return kept


def _without(text: str, lines: Sequence[Line], idle: Mapping[int, _Body]) -> Cut:
    """The text of the lines, with a line for each idle body or each sequence of bare ones."""
    pieces: list[str] = []
    starts, skipped = [1], [0]
    row = whole_row = 1
    counted = 0
    number = 0
    while number < len(lines):
        first = lines[number].start
        body = idle.get(first)
        if body is None:
            end = first
            while number < len(lines) and lines[number].start == end and end not in idle:
                end = lines[number].end
                number += 1
            piece = text[first:end]
        else:
            names: list[str] = []
            inner: _Body | None = body
            while inner is not None and inner.outer == body.outer and len(names) < MOST_NAMES:
                names.append(inner.name)
                while number < len(lines) and lines[number].start < inner.end:
                    number += 1
                following = idle.get(lines[number].start) if number < len(lines) else None
                inner = following if body.bare and following and following.bare else None
            given = " = ".join([*names, LEFT_OUT]) if body.bare else f"return {LEFT_OUT}"
            piece = f"{' ' * (body.outer if body.bare else body.indent)}{given}\n"
        whole_row += text.count("\n", counted, first)
        counted = first
        if whole_row - row != skipped[-1]:
            starts.append(row)
            skipped.append(whole_row - row)
        pieces.append(piece)
        row += piece.count("\n")
    return Cut("".join(pieces), not idle, tuple(starts), tuple(skipped))


def _shared(text: str, lines: Sequence[Line]) -> dict[int, frozenset[str]]:
    """Where functions declare names `global`, in order, and these names."""
    return {
        at: frozenset(_NAME.findall(names[1]))
        for at in _in_lines(occurrences(("global",), text), lines)
        if (names := _GLOBAL.match(text, at)) is not None
    }


_GLOBAL = re.compile(r"global\b((?:[\w \t\f,]|\\\r?\n)+)")


def _alias_marks(
    text: str,
    lines: Sequence[Line],
    marks: Sequence[int],
    shared: frozenset[str],
    interest: Interest,
) -> set[int]:
    """
    Where stand the names by which a function may use what a marked line outside of it defines.

    These are what imports, and assignments of modules, classes and `self.name`, bind, and those
    of functions to `shared` names; and so on from those names. An attribute of an imported name
    that leads to nothing is none of them.
    """
    found: set[int] = set()
    bound: set[str] = set()
    closed: set[str] = set()
    owned: set[str] = set()
    starts = [line.start for line in lines]
    todo = {bisect_left(starts, mark + 1) - 1 for mark in marks}
    while todo:
        fresh: set[str] = set()
        fresh_closed: set[str] = set()
        fresh_owned: set[str] = set()
        for number in todo:
            line = lines[number]
            if line.end - line.start <= 4_000:
                statement = text[line.start : line.end]
                fresh_owned.update(_OWN_ATTRIBUTE.findall(statement))
                names = _bound_names(statement, line.indent)
                if names and line.indent and _is_in_function(text, lines, number):
                    names &= shared
                (fresh_closed if _is_closed(statement) else fresh).update(names)
        fresh -= bound
        bound |= fresh
        fresh_closed -= bound | closed
        closed |= fresh_closed
        fresh_owned -= bound | owned
        owned |= fresh_owned
        places = set(occurrences(fresh, text))
        places.update(
            at
            for at in occurrences(fresh_closed, text)
            if (behind := _ATTRIBUTES.match(text, at)) is None
            or not interest.ends(_NAME.findall(behind[1]))
        )
        places.update(
            at
            for at in occurrences(fresh_owned, text)
            if is_behind_dot(text, at) or _is_read_by_name(text, at)
        )
        found |= places
        todo = {bisect_left(starts, at + 1) - 1 for at in places} - {-1}
    return found


def _is_read_by_name(text: str, at: int) -> bool:
    """Whether a string begins there in a function, or what looks like one, that reads by names."""
    if text[at - 1] not in "'\"":
        return False
    first, behind = text.rfind("def ", 0, at), text.find("def ", at)
    return _READER.search(text, max(first, 0), behind if behind > 0 else len(text)) is not None


def _is_in_function(text: str, lines: Sequence[Line], number: int) -> bool:
    """Whether the line belongs to a function rather than to a class, as far as is seen nearby."""
    indent = lines[number].indent
    for before in reversed(lines[max(0, number - NEARBY) : number]):
        if before.indent < indent:
            if _DEF.match(text, before.start, before.end):
                return True
            if _CLASS.match(text, before.start, before.end):
                return False
            indent = before.indent
    return False


def _is_closed(statement: str) -> bool:
    """Whether a statement imports from one library only, of which all that matters is known."""
    root = _ROOT.match(statement)
    return (
        root is not None
        and (root[1] or root[2]) in catalogue.CLOSED
        and catalogue.CHANGED_WHOLE.isdisjoint(_NAME.findall(statement))
    )


def _bound_names(line: str, indent: int) -> set[str]:
    if _DEF.match(line):
        return set()
    if ";" in line:
        # A string that is cut here gives names too many at most.
        return {name for part in line.split(";") for name in _bound_names(part, indent)}
    if (statement := _IMPORTS.match(line)) is not None:
        return {
            name.rpartition(" as ")[2].strip().partition(".")[0]
            for name in _SPACES.sub(" ", statement["names"]).split(",")
        } - {"", "*"}
    names: set[str] = set()
    if (assigned := _ASSIGNED.match(line)) is not None:
        names.update(_NAME.findall(assigned["targets"]) if indent == 0 else ())
        if indent and assigned["targets"].strip().isidentifier():
            names.add(assigned["targets"].strip())
    if indent == 0:
        for target, walrus in _TARGETS.findall(line):
            names.update(_NAME.findall(target.partition(" in ")[0]), _NAME.findall(walrus))
    return names


def _idle_bodies(
    text: str, lines: Sequence[Line], marks: Sequence[int], asked: Collection[str]
) -> list[_Body]:
    """The outermost function bodies without a mark, in order; none of a function asked for."""
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
        name = header.group(1)
        if name not in asked and bisect_left(marks, start) == bisect_left(marks, end):
            bare = bisect_left(marks, head) == bisect_left(marks, start)
            # A special method may be looked for by what it is.
            bare = bare and not name.startswith("__")
            idle.append(_Body(name, start, end, lines[index].indent, head, line.indent, bare))
        index = last
    return idle


def _unreferenced(
    text: str, idle: list[_Body], shared: Mapping[int, frozenset[str]]
) -> list[_Body]:
    """Without the bodies that give something to what the kept text mentions."""
    waiting: dict[str, list[_Body]] = {}
    places = list(shared)
    for body in idle:
        inside = places[bisect_left(places, body.start) : bisect_left(places, body.end)]
        given = {name for at in inside for name in shared[at]}
        if _gives(text, body):
            given.add(body.name)
        for name in given:
            waiting.setdefault(name, []).append(body)
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
        for word in text_words(_DEFINED.sub("def", todo.pop())) & waiting.keys():
            for body in waiting.pop(word):
                if body.start not in needed:
                    needed.add(body.start)
                    todo.append(text[body.first : body.end])
    return [body for body in idle if body.start not in needed]


def _gives(text: str, body: _Body) -> bool:
    return body.end - body.start <= SHORT and "return" in text[body.start : body.end]
