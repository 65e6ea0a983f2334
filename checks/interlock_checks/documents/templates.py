"""Marks of templates in files that are something else once they are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["MARK", "PLACEHOLDER", "filled", "readings"]

PLACEHOLDER = "__template__"
"""What stands for a mark of a template whose text is no YAML before it is filled in."""

MARK = re.compile(
    r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}|\{#(?:(?!\{#).)*?#\}|<%(?:(?!<%).)*?%>", re.S
)


def filled(text: str) -> str:
    """The text with a word for each mark; a line that holds nothing else is left empty."""
    text = MARK.sub(lambda mark: "\n" * mark.group().count("\n") or mark.group(), text)
    lines = []
    for line in text.split("\n"):
        if "{" not in line and "<%" not in line:
            lines.append(line)
        elif MARK.sub("", line).strip() in ("", "-"):
            lines.append("")
        else:
            lines.append(MARK.sub(_word, line))
    return "\n".join(lines)


def _word(mark: re.Match[str]) -> str:
    return PLACEHOLDER if mark.group().startswith(("{{", "<%=")) else ""


MOST_READINGS = 16
"""Ways to fill in one template that are read."""

_TAG = re.compile(
    r"\{%[-+]?\s*(if|for|elif|else|endif|endfor)\b"  # Jinja
    r"|(?<!\$)\{\{-?\s*(if|range|with|define|block|else|end)\b"  # Go
)
_OPENING = frozenset({"if", "for", "range", "with", "define", "block"})
_CLOSING = frozenset({"endif", "endfor", "end"})


@dataclass
class _Branch:
    start: int
    end: int = 0
    within: list[list[_Branch]] = field(default_factory=list)

    def ways(self) -> int:
        return max((_ways(one) for one in self.within), default=1)


def _ways(branches: list[_Branch]) -> int:
    return sum(branch.ways() for branch in branches)


def readings(text: str) -> Iterator[str]:
    """
    The text with one branch of each conditional, such that each branch is in one of the readings.

    Nothing where no conditional has two. Every line stays on its row.
    """
    whole = _Branch(0, len(text))
    open_: list[tuple[_Branch, list[_Branch]]] = []
    around = whole
    for tag in _TAG.finditer(text):
        word = tag[1] or tag[2]
        if word in _OPENING:
            branches = [_Branch(tag.start())]
            around.within.append(branches)
            open_.append((around, branches))
            around = branches[0]
        elif not open_:
            return
        elif word in _CLOSING:
            around.end = tag.start()
            around = open_.pop()[0]
        else:
            around.end = tag.start()
            around = _Branch(tag.start())
            open_[-1][1].append(around)
    ways = whole.ways()
    if open_ or ways < 2:
        return
    for number in range(min(ways, MOST_READINGS)):
        left_out: list[tuple[int, int]] = []
        _choose(whole, number, left_out)
        yield _without(text, sorted(left_out))


def _choose(branch: _Branch, number: int, left_out: list[tuple[int, int]]) -> None:
    for branches in branch.within:
        left = min(number, _ways(branches) - 1)
        chosen = None
        for one in branches:
            if chosen is None and left < one.ways():
                chosen = one
                _choose(one, left, left_out)
            else:
                left_out.append((one.start, one.end))
                left -= one.ways()


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in spans:
        if start >= at:
            parts += [text[at:start], "\n" * text.count("\n", start, end)]
            at = end
    return "".join([*parts, text[at:]])
