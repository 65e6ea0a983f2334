"""
The report for people: a frame for each finding, or what was proved.

Plain characters and a few colour codes. Whatever comes from the repository passes through
`excerpt`: it can neither drive the terminal nor show a password.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from interlock_checks.finding import Finding
from interlock_checks.report.excerpt import Source, open_source, plain, shown
from interlock_checks.report.model import Base, Report

if TYPE_CHECKING:
    from interlock_checks.check import Check

__all__ = ["render"]

Read = Callable[[str], bytes]

_ROWS = 6
"""Rows of the source that are shown of one finding."""

_WINDOW = 20_000
"""Characters of a line on each side that are looked at; far more than are shown."""

_NARROWEST = 50

_GRANTED = ("IL1", "IL2")
"""Families of findings that a home in the contract may answer."""

_NO_CONTRACT = (
    "No contract is declared here, so nothing is granted: name the module that deploys and the "
    "function that builds engines in [tool.interlock] of pyproject.toml, as `deploy-module` and "
    "`engine-factory`. `interlock doctor` says what else is missing."
)

_BOLD, _RED, _GREEN, _BLUE, _RESET = "\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[34m", "\x1b[0m"


def render(
    report: Report,
    read: Read,
    *,
    colour: bool,
    width: int,
    families: Sequence[str] | None = None,
) -> str:
    """
    What a run found, as text without a line break at the end.

    Args:
        report: The outcome.
        read: Gives the bytes of a file by its path; may raise OSError.
        colour: Whether to use the colour codes of terminals.
        width: Columns to fill; a path or a command is never broken.
        families: Prefixes of codes where only those were asked for; such a run proves nothing.
    """
    paint = _paint if colour else _no_paint
    width = max(width, _NARROWEST)
    if not report.findings:
        if families is not None:
            return f"no findings of {', '.join(families)}; this is not the whole proof"
        return "\n".join(_proved(report, width, paint))
    # Half of the time of a warm run, and a proof needs none of them.
    from interlock_checks.check import all_checks

    checks = {check.code: check for check in all_checks()}
    blocks: list[str] = []
    told: set[str] = set()
    path, source = "", None
    for finding in report.findings:
        if finding.path != path or source is None:
            path, source = finding.path, _open(finding.path, read)
        check = checks[finding.code]
        lines = [*_head(finding, check, source, width, paint)]
        lines += _notes(finding, check, width, paint, with_reason=finding.code not in told)
        blocks.append("\n".join(lines))
        told.add(finding.code)
    blocks.append("\n".join(_summary(report, width, paint)))
    return "\n\n".join(blocks)


Paint = Callable[[str, str], str]


def _paint(code: str, text: str) -> str:
    return f"{code}{text}{_RESET}"


def _no_paint(code: str, text: str) -> str:
    return text


# --- findings -------------------------------------------------------------------------------


def _open(path: str, read: Read) -> Source:
    try:
        return open_source(path, read(path))
    except OSError:
        return Source((), {})


def _head(
    finding: Finding, check: type[Check], source: Source, width: int, paint: Paint
) -> Iterator[str]:
    yield f"{paint(_RED, finding.code)} {paint(_BOLD, check.name)}: {plain(finding.message)}"
    gutter = len(str(finding.row))
    cell = source.cell(finding.row)
    place = f"{plain(finding.path)}:{finding.row}:{finding.column}"
    if cell is not None:
        place += f" (cell {cell})"
    yield f"{' ' * gutter}{paint(_BLUE, '-->')} {place}"
    yield from _frame(finding, source, gutter, width, paint)


def _notes(
    finding: Finding, check: type[Check], width: int, paint: Paint, *, with_reason: bool
) -> Iterator[str]:
    notes = [("right way", check.remedy), ("more", f"interlock explain {check.code}")]
    reason = _first_sentence(check.why())
    if with_reason and reason:  # python -OO leaves no docstrings
        notes.insert(0, ("why", reason))
    for label, text in notes:
        lead = f"{' ' * len(str(finding.row))} = {label}: "
        lines = _wrapped(text, lead, " " * len(lead), width)
        yield lines[0].replace("=", paint(_BLUE, "="), 1)
        yield from lines[1:]


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.split("\n\n", 1)[0].split())
    sentence, stop, _ = paragraph.partition(". ")
    return sentence + stop.strip()


def _frame(
    finding: Finding, source: Source, gutter: int, width: int, paint: Paint
) -> Iterator[str]:
    first = source.line(finding.row)
    if first is None:
        return
    bar = paint(_BLUE, "|")
    empty = f"{' ' * gutter} {bar}"
    room = max(width - gutter - 3, 20)
    start = finding.column - 1
    end = len(first) if finding.end_row > finding.row else finding.end_column - 1
    text, before, marked = _cut(first, start, end, room)
    yield empty
    yield f"{paint(_BLUE, str(finding.row).rjust(gutter))} {bar} {text}".rstrip()
    yield f"{empty} {' ' * before}{paint(_RED, '^' * marked)}"
    rows = range(finding.row + 1, finding.end_row + 1)
    for row in rows[: _ROWS - 1]:
        line = source.line(row)
        if line is not None:
            text, _, _ = _cut(line, 0, 0, room)
            yield f"{paint(_BLUE, str(row).rjust(gutter))} {bar} {text}".rstrip()
    if len(rows) >= _ROWS:
        yield f"{empty} ..."
    yield empty


def _cut(line: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """
    What of a line fits into `room` columns, around what is to be marked.

    Returns:
        The text, the columns before the mark, and the columns of the mark, at least 1.
    """
    start = min(max(start, 0), len(line))
    end = min(max(end, start), len(line))
    low = max(start - _WINDOW, 0)
    whole = shown(line[low : start + _WINDOW])
    start, end = start - low, min(end - low, len(whole.cells))
    before = whole.offset(start)
    if low == 0 and whole.offset(len(whole.cells)) <= room and start + _WINDOW >= len(line):
        return "".join(whole.cells), before, max(whole.offset(end) - before, 1)
    first, last = start, start
    left, used = room // 3, 0
    if low == 0 and before <= left:
        first = 0
    else:
        while first and used + len(whole.cells[first - 1]) <= left - 3:
            first -= 1
            used += len(whole.cells[first])
    head = "..." if first or low else ""
    used = len(head) + sum(map(_size, whole.cells[first:start]))
    while last < len(whole.cells) and used + _size(whole.cells[last]) <= room - 3:
        used += _size(whole.cells[last])
        last += 1
    tail = "..." if last < len(whole.cells) or start + _WINDOW < len(line) - low else ""
    lead = whole.offset(start) - whole.offset(first) + len(head)
    marked = whole.offset(min(end, last)) - whole.offset(start)
    return head + "".join(whole.cells[first:last]) + tail, lead, max(marked, 1)


def _size(cell: str) -> int:
    # Marks that take no column of their own are counted too, or a line of them would never end.
    return len(cell) if cell.isascii() else 2 * len(cell)


def _summary(report: Report, width: int, paint: Paint) -> Iterator[str]:
    findings = report.findings
    files = len({finding.path for finding in findings})
    codes = Counter(finding.code for finding in findings)
    counted = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
    found = f"{_count(len(findings), 'finding')} in {_count(files, 'file')}"
    yield f"{paint(_RED, 'not proved')}: {found} ({counted})"
    if report.contract is None and any(code.startswith(_GRANTED) for code in codes):
        yield from _wrapped(_NO_CONTRACT, "", "", width)


# --- the proof ------------------------------------------------------------------------------


def _proved(report: Report, width: int, paint: Paint) -> Iterator[str]:
    yield (
        f"{paint(_GREEN, 'proved')}: migrations start in the deploy module only, engines and "
        "connections come from the factory"
    )
    files = f"{_count(report.files, 'file')} of code, {report.read} of them parsed"
    if report.read < report.files:
        files += "; the others hold no word that a sink could be reached by"
    contract = "none declared: no module may migrate, no function may build an engine"
    if report.contract is not None:
        contract = plain(report.contract)
    sinks = [f"{plain(name)} {count}" for name, count in sorted(report.at_home.items())]
    rows = (
        ("files", files),
        ("contract", contract),
        *(("base", _compared(base)) for base in report.bases),
        ("at home", ", ".join(sinks) or "nothing: there is no use of a sink"),
        ("assumptions", _assumed(report)),
    )
    for label, text in rows:
        lead = f"  {label:<13}"
        yield from _wrapped(text, lead, " " * len(lead), width)
    for assumption in report.assumptions:
        yield f"    {plain(assumption.path)}:{assumption.row}: {plain(assumption.text)}"


def _compared(base: Base) -> str:
    if base.first:
        return f"{base.commit[:12]} declares no contract: today's is the first one"
    return f"{base.commit[:12]}: nothing is weakened since"


def _assumed(report: Report) -> str:
    if not report.assumptions:
        return "none"
    return f"{len(report.assumptions)}; reading cannot decide these places"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _wrapped(text: str, lead: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
