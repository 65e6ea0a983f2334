"""The comments of a Python file or notebook that ask interlock to look away, with their places."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from interlock_checks.discover import Source
from interlock_checks.facts import model as m
from interlock_checks.notebook import cells, python_text
from interlock_checks.source import Unreadable, decode
from interlock_checks.suppressions import may_hold, suppressions


def remarks(source: Source) -> tuple[m.Remark, ...]:
    """What such comments say and where; nothing for a file that cannot be read."""
    if source.problem or source.kind not in {"python", "notebook"} or not may_hold(source.data):
        return ()
    rows: tuple[int, ...] = ()
    try:
        if source.kind == "notebook":
            text, rows = python_text(cells(source.data))
        else:
            text = decode(source.data)
    except Unreadable:
        return ()
    found = suppressions(text)
    if not found:
        return ()
    starts = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    made: list[m.Remark] = []
    for said, start, end in found:
        line = bisect_right(starts, start)
        row = rows[min(line, len(rows)) - 1] if rows else line
        column = start - starts[line - 1] + 1
        made.append(m.Remark(said, m.Span(row, column, row, column + end - start)))
    return tuple(made)
