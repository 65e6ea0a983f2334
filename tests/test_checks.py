"""Each check by its own examples, and what all checks have in common."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from interlock.git import find_git
from interlock_checks import checks
from interlock_checks.check import Check, all_checks
from interlock_checks.finding import Finding
from interlock_checks.pages import example, page, pages, terminal
from interlock_checks.revision import Revision
from interlock_checks.run import check_repository

ROOT = Path(__file__).resolve().parent.parent
CHECKS = all_checks()
BY_CODE = pytest.mark.parametrize("check", CHECKS, ids=[check.code for check in CHECKS])

# An offence, not a remedy, and no order: `migration-outside-deploy`, not `require-deploy`.
_ORDERS = frozenset("no ban disallow forbid prefer require avoid use missing".split())


def examples(kind: str) -> Iterator[object]:
    for check in CHECKS:
        titles: Mapping[str, str] = getattr(check, kind)
        for title, code in titles.items():
            yield pytest.param(check, example(code), id=f"{check.code} {title}")


def found_by(check: type[Check], code: str, folder: Path) -> list[Finding]:
    """What a check finds in an example that stands for its file."""
    declared = re.findall(r"^# pyproject\.toml: (.+)$", code, re.MULTILINE)
    before = re.findall(r"^# base: (.+)$", code, re.MULTILINE)
    file = folder / check.path
    file.parent.mkdir(parents=True, exist_ok=True)
    bases = []
    if check.path.endswith(".py"):
        (folder / "pyproject.toml").write_text("\n".join(["[tool.interlock]", *declared]))
        (folder / "app").mkdir(exist_ok=True)
        (folder / "app/__init__.py").touch()
    else:
        bases.append(base_with(folder, check.path if before else "README.md", before))
    file.write_text(code, encoding="utf-8")
    report = check_repository(folder, bases=bases)
    return [one for one in report.findings if one.code == check.code]


def base_with(folder: Path, path: str, lines: list[str]) -> Revision:
    (folder / path).write_text("\n".join(lines), encoding="utf-8")
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in ("init", "-q"), ("add", "."), (*name, "commit", "-qm", "base"):
        subprocess.run(("git", "-C", folder, *words), check=True, capture_output=True)
    found = find_git(folder)
    assert found is not None
    return Revision(found[0], "HEAD")


def marked(check: type[Check], code: str) -> list[int]:
    return [
        number
        for number, line in enumerate(code.split("\n"), 1)
        if line.endswith(f"# {check.code}")
    ]


# --- the examples ---------------------------------------------------------------------------


@pytest.mark.parametrize(("check", "code"), list(examples("bad")))
def test_reports_the_marked_lines_and_no_others(
    check: type[Check], code: str, tmp_path: Path
) -> None:
    found = found_by(check, code, tmp_path)

    assert marked(check, code)
    assert [one.row for one in found] == marked(check, code)
    assert {one.path for one in found} == {check.path}


@pytest.mark.parametrize(("check", "code"), list(examples("good")))
def test_stays_silent_on_the_right_way(check: type[Check], code: str, tmp_path: Path) -> None:
    found = found_by(check, code, tmp_path)

    assert found == []


@pytest.mark.parametrize(("check", "code"), list(examples("bad")))
def test_a_finding_points_into_its_line_and_says_what_is_wrong(
    check: type[Check], code: str, tmp_path: Path
) -> None:
    lines = code.split("\n")

    for one in found_by(check, code, tmp_path):
        start, end = (one.row, one.column), (one.end_row, one.end_column)
        assert start <= end
        assert 1 <= one.column <= len(lines[one.row - 1])
        assert one.end_column <= len(lines[one.end_row - 1]) + 1
        assert one.message.isprintable()
        assert not one.message.endswith(".")
        assert " " in one.message


# --- all checks -----------------------------------------------------------------------------


def test_every_file_beside_the_checks_is_one() -> None:
    folder = Path(next(iter(checks.__path__)))
    files = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}

    assert files == {f"{check.code.lower()}_{check.name.replace('-', '_')}" for check in CHECKS}


def test_codes_names_and_messages_are_unique() -> None:
    for field in "code", "name", "summary", "remedy":
        values = [getattr(check, field) for check in CHECKS]
        assert len(set(values)) == len(values), field


@BY_CODE
def test_a_name_states_the_offence(check: type[Check]) -> None:
    words = check.name.split("-")

    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", check.name)
    assert not _ORDERS & set(words)


@BY_CODE
def test_a_check_says_why_and_what_to_do(check: type[Check]) -> None:
    assert re.fullmatch(r"IL\d{3}", check.code)
    assert re.fullmatch(r"C[1-6]", check.clause)
    assert check.why().endswith((".", ":"))
    assert len(check.bad) >= 3
    assert len(check.good) >= 2
    assert not check.summary.endswith(".")
    assert not check.remedy.endswith(".")


@BY_CODE
def test_no_text_of_a_check_names_a_way_round(check: type[Check]) -> None:
    text = page(check).lower().replace(check.name, "")
    # What is reported has to be shown, and what looks like it.
    for code in (*check.bad.values(), *check.good.values()):
        text = text.replace(example(code).lower(), "")

    assert not re.search(r"noqa|--no-verify|ignore|suppress|disable|skip|bypass|allow_", text)


# --- documents ------------------------------------------------------------------------------


def test_the_pages_are_those_of_the_classes() -> None:
    folder = ROOT / "docs/checks"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*")}

    assert written == pages(), "stale: run python -m interlock_checks.pages"


@BY_CODE
def test_a_check_stands_in_every_list_of_checks(check: type[Check]) -> None:
    for name in "CONTRACT.md", "CHANGELOG.md", "docs/checks/README.md":
        assert check.code in (ROOT / name).read_text(encoding="utf-8"), name
    assert (ROOT / check.url()).is_file()


@BY_CODE
def test_explain_says_all_that_the_page_says(check: type[Check]) -> None:
    shown = " ".join(terminal(check, 100).split())
    parts = [
        check.name,
        *check.why().split("\n\n"),
        check.remedy[1:],
        *check.bad,
        *check.good,
        *map(example, (*check.bad.values(), *check.good.values())),
    ]

    assert [part for part in parts if " ".join(part.split()) not in shown] == []
