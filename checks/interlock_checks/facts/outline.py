"""
The logical lines of a module with their indentation, from its text and without a parse.

Found with one regular expression. Where it is in doubt (an unusual string, tabs) it says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

DEEPEST = 150
"""Open brackets at once; CPython gives up at 200, libcst's parser far later and slowly."""

LONGEST = 2_000
"""Operations in one expression; the parser's time grows with the cube of this."""

LARGE = 160_000
"""Characters of a text without known lines, from which such an expression is refused anywhere."""

_KINDS = r'''
    (?P<string>"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""
              |\'\'\'[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*\'\'\'
              |"[^"\\\n]*(?:\\.[^"\\\n]*)*"
              |'[^'\\\n]*(?:\\.[^'\\\n]*)*')
    |(?P<comment>\#[^\n]*)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<join>\\(?:\r?\n)?)
    |(?P<end>\n)
    |(?P<stray>["'])
'''
_TOKEN = re.compile(_KINDS, re.VERBOSE | re.DOTALL)
_NEXT = re.compile(rf"[^\n\"'\#()\[\]{{}}\\]*+(?:{_KINDS})", re.VERBOSE | re.DOTALL)
"""A token behind what is none. To search for one would try each of its kinds at each character."""

_FLAT = r"""[^\n"'#()\[\]{}\\]++|(?<![fFtTrR])"(?!"")[^"\\\n]*+"|(?<![fFtTrR])'(?!'')[^'\\\n]*+'"""


def _bracketed(inner: str) -> str:
    return rf"{inner}|\((?:{inner})*+\)|\[(?:{inner})*+\]|\{{(?:{inner})*+\}}"


_SIMPLE = re.compile(rf"([ \t\f]*+)((?:{_bracketed(_bracketed(_FLAT))})*+)(?:#[^\n]*+)?\n")
"""A line that is a logical line by itself: most are, and take one step instead of many."""

_HARD = re.compile(
    r"[.(\[+\-*/%|&^@<>=!~]|\b(?:not|and|or|if|else|lambda|in|is|await|for|yield|from)\b"
)


class Line(msgspec.Struct, frozen=True, gc=False):
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
        token = _NEXT.match(text, at)
        if token is None or token.lastgroup is None:
            break
        at = token.end()
        kind = token.lastgroup
        begin = token.start(kind)
        if kind == "end":
            if depth == 0:
                if _has_code(text[start:begin]):
                    lines.append(_line(text, start, token.end()))
                start = token.end()
        elif kind == "open":
            depth += 1
            if depth > DEEPEST:
                row = text.count("\n", 0, begin) + 1
                return Outline(None, (f"more than {DEEPEST} brackets are open at once", row))
        elif kind == "close":
            depth -= 1
            sure = depth >= 0
        elif kind == "string":
            sure = not _nested(text, begin, at)
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
    if _too_long(text, Line(0, len(text), 0)) and len(text) > LARGE:
        return Outline(None, ("an expression is too long to be parsed in reasonable time", 1))
    return Outline(None)


def _line(text: str, start: int, end: int) -> Line:
    body = text[start:end]
    return Line(start, end, len(body) - len(body.lstrip(" \t\f")))


def _has_code(text: str) -> bool:
    stripped = text.lstrip(" \t\f")
    return bool(stripped.strip()) and not stripped.startswith("#")


def _nested(text: str, start: int, end: int) -> bool:
    """Since Python 3.12 an f-string may hold its own quotes: then the string ends too early."""
    prefix = text[max(0, start - 2) : start].lower()
    if "f" not in prefix and "t" not in prefix:
        return False
    body = text[start:end].replace("{{", "").replace("}}", "")
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
