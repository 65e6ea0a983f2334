"""The order in which code runs, as it is kept for files near a guard, and what follows from it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from interlock_checks.discover import Source
from interlock_checks.facts import model as m
from interlock_checks.facts.files import read_source
from interlock_checks.run import check_repository


def facts(code: str, path: str = "app/deploy.py") -> m.Facts:
    data = textwrap.dedent(code).encode()
    return read_source(Source(path, "python", data, blake2b(data).digest()), None, places=True)


# --- what is kept ---------------------------------------------------------------------------


def test_a_file_far_from_any_guard_keeps_no_order() -> None:
    assert facts("import alembic\nalembic.x()\n").control == {}


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("import interlock\n", "app/deploy.py"),
        ("from alembic import context\n", "migrations/env.py"),
        ("import \uff49nterlock\n", "app/deploy.py"),
    ],
)
def test_a_file_near_a_guard_keeps_it(code: str, path: str) -> None:
    assert 0 in facts(code, path).control


def test_what_is_evaluated_stands_in_pythons_order() -> None:
    found = facts(
        """
        import interlock
        async def deploy(targets, dry):
            for target in targets:
                try:
                    receipt = await verify(target) if not dry else None
                except (OSError, interlock.Refused):
                    raise
                finally:
                    close()
            with permit(receipt) as held, lock():
                return [migrate(one) for one in held if one]
        """
    )

    assert [mark.op for mark in found.control[1]] == (
        "for bind try if call await pick else pick end bind except raise finally call end end "
        "call with bind call with for bind if call end end return end end"
    ).split()


def test_every_bracket_is_closed_in_every_scope() -> None:
    found = facts(
        """
        import interlock
        class Job:
            run = lambda self: self.a and self.b() or [x for y in z for x in y if x if y]
            def __enter__(self):
                while self.go:
                    match self.kind:
                        case 1 | 2: break
                        case other if other: continue
                else:
                    assert self.x, self.y()
                try: pass
                except* ValueError: pass
                else: pass
        """
    )

    for marks in found.control.values():
        opened = sum(mark.op in m.OPENING for mark in marks)
        assert opened == sum(mark.op == "end" for mark in marks)


def test_a_mark_points_at_the_expression_that_decides() -> None:
    found = facts(
        """
        import interlock
        # a comment
        if (
            # another
            SKIP
        ):
            pass
        try:
            x()
        # a third
        except:
            pass
        """
    )
    rows = {
        mark.op: found.spans[found.first_place + mark.place].row
        for mark in found.control[0]
        if mark.place >= 0
    }

    assert rows == {"if": 4, "call": 10, "except": 12}


# --- what follows from it -------------------------------------------------------------------

CONTRACT = """
[tool.interlock]
deploy-module = "app.deploy"
migrations = ["migrations"]
engine-factory = ["app.db:make_engine"]
test-paths = ["tests"]
"""


def cases() -> Iterator[object]:
    """
    Programs from `control/`: a line `=== title`, then the file that is named like the collection,
    then others, each after a line `--- path`. A line that must be reported ends in `# CODE`.
    """
    deploy = "app/deploy.py"
    first = {"env": "migrations/env.py", "deploy": deploy, "holdings": deploy}
    for source in sorted((Path(__file__).parent / "control").glob("*.txt")):
        for block in re.split(r"^=== ", source.read_text(encoding="utf-8"), flags=re.M)[1:]:
            title, _, text = block.partition("\n")
            head, *others = re.split(r"^--- (\S+)\n", text, flags=re.M)
            files = dict(zip(others[::2], others[1::2], strict=True))
            yield pytest.param(
                {first.get(source.stem, "app/release.py"): head} | files,
                id=f"{source.stem}: {title}",
            )


@pytest.mark.parametrize("files", list(cases()))
def test_reports_the_marked_lines_and_no_others(files: dict[str, str], tmp_path: Path) -> None:
    marked: set[tuple[str, int, str]] = set()
    (tmp_path / "pyproject.toml").write_text(CONTRACT, encoding="utf-8")
    for path, code in {"app/__init__.py": "", **files}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(code, encoding="utf-8")
        for row, line in enumerate(code.splitlines(), 1):
            codes = re.search(r"#((?: IL\d{3})+)$", line)
            marked |= {(path, row, one) for one in (codes[1].split() if codes else ())}

    found = check_repository(tmp_path).findings

    assert {
        (one.path, one.row, one.code) for one in found if one.code.startswith(("IL3", "IL4"))
    } == marked
