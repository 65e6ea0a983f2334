"""
The report for programs, in the shape of `ruff check --output-format json`.

As there, file names are absolute, rows and columns count from 1, and the end is exclusive. `fix`
is always null: no change of a program makes a migration safe by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from interlock_checks.finding import Finding
from interlock_checks.report.excerpt import Source, open_source, plain
from interlock_checks.report.model import Report

if TYPE_CHECKING:
    from interlock_checks.check import Check

__all__ = ["render"]


def render(report: Report, root: Path, read: Callable[[str], bytes]) -> str:
    """
    The findings as a JSON array; `[]` where everything is proved.

    Args:
        report: The outcome.
        root: What the paths in the report are relative to; made absolute.
        read: Gives the bytes of a file by its path, to name the cells of notebooks.
    """
    if not report.findings:
        return "[]"
    from interlock_checks.check import all_checks

    checks = {check.code: check for check in all_checks()}
    notebooks: dict[str, Source] = {}
    for path in {f.path for f in report.findings if f.path.endswith(".ipynb")}:
        try:
            notebooks[path] = open_source(path, read(path))
        except OSError:
            continue
    base = root.resolve()
    # ASCII only: escapes keep names that are no UTF-8, and whatever a terminal would obey.
    return json.dumps(
        [_entry(one, checks[one.code], base, notebooks.get(one.path)) for one in report.findings],
        indent=2,
    )


def _entry(
    finding: Finding, check: type[Check], root: Path, notebook: Source | None
) -> dict[str, object]:
    cell = None if notebook is None else notebook.cell(finding.row)
    message = plain(finding.message)
    return {
        "cell": cell,
        "code": finding.code,
        "end_location": {"column": finding.end_column, "row": finding.end_row},
        "filename": str(root / finding.path),
        "fix": None,
        "location": {"column": finding.column, "row": finding.row},
        "message": message if cell is None else f"{message} (cell {cell})",
        "name": check.name,
        "url": check.url(),
    }
