"""The benchmark runs, asks everybody for the same sinks, and leaves the checkout alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock_checks import catalogue
from interlock_checks.tree import CACHE_FOLDER

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
FILES = {
    ".gitignore": "ignored/\n",
    "pyproject.toml": '[tool.interlock]\ndeploy-module = "app.deploy"\n',
    "app/__init__.py": "",
    "app/jobs.py": 'from alembic import command\n\ncommand.upgrade(None, "head")\n',
    "app/db.py": 'from sqlalchemy import create_engine\n\nengine = create_engine("sqlite://")\n',
    "app/plain.py": "def double(number):\n    return 2 * number\n",
    "ignored/more.py": "from alembic.command import upgrade\n\nupgrade(None)\n",
}
CONTENDERS = [
    "interlock, cold",
    "interlock, warm",
    "interlock, one file changed",
    "ruff --no-cache",
    "ruff, TID251 alone",
    "ruff, warm",
]


def git(checkout: Path, *arguments: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(
        ["git", "-C", str(checkout), *who, *arguments], check=True, capture_output=True, env=clean
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("benchmark") / "tiny"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Begin")
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def outcome(checkout: Path) -> tuple[str, dict[str, Any], bool]:
    """What it prints, what it writes as JSON, and whether the checkout stayed as it was."""
    before = contents(checkout)
    written = checkout.parent / "found.json"
    command = [sys.executable, str(BENCHMARKS / "compare.py"), str(checkout)]
    options = ["--rounds", "1", "--leave-out", "semgrep", "--json", str(written)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(written.read_text(encoding="utf-8"))
    return done.stdout, found, contents(checkout) == before


def test_every_contender_has_a_line_with_its_figures(
    outcome: tuple[str, dict[str, Any], bool],
) -> None:
    printed, _, _ = outcome

    for name in CONTENDERS:
        assert re.search(
            rf"^{re.escape(name)} +(\d+\.\d{{3}} +){{3}}\d+\.\d\d +(\d+|-) +\d+$", printed, re.M
        ), name
    assert re.search(r"^semgrep +left out$", printed, re.M)


def test_each_goal_is_said_to_be_reached_or_missed_or_not_measured(
    outcome: tuple[str, dict[str, Any], bool],
) -> None:
    printed, _, _ = outcome
    lines = printed.partition("goals (set for openstack/nova)\n")[2].partition("\n\n")[0]

    assert len(lines.splitlines()) == 5
    for line in lines.splitlines():
        assert re.search(r": reached$|: missed$|  not measured$", line), line


def test_the_measurements_are_written_as_json(outcome: tuple[str, dict[str, Any], bool]) -> None:
    _, found, _ = outcome

    assert [one["name"] for one in found["contenders"]] == CONTENDERS
    assert all(len(one["seconds"]) == 1 for one in found["contenders"])
    assert found["checkout"]["files"] == 5  # what git ignores is not counted
    assert found["checkout"]["relevant_files"] == 3  # two modules, and pyproject.toml
    assert found["checkout"]["changed"]["path"] in FILES
    assert re.fullmatch(r"[0-9a-f]{12}", found["checkout"]["commit"])


def test_both_sides_report_places_in_the_checkout(
    outcome: tuple[str, dict[str, Any], bool],
) -> None:
    _, found, _ = outcome
    places = {one["name"]: one["places"] for one in found["contenders"]}

    assert {places[name] for name in CONTENDERS if name.startswith("interlock")} == {2}
    assert places["ruff --no-cache"] >= 2


def test_the_parts_grow_up_to_all_relevant_files(
    outcome: tuple[str, dict[str, Any], bool],
) -> None:
    _, found, _ = outcome
    sizes = [one["bytes"] for one in found["growth"]]

    assert len(sizes) == 5
    assert sizes[1:] == sorted(sizes[1:])
    assert sizes[-1] == found["checkout"]["relevant_bytes"]


def test_the_checkout_is_not_touched(
    checkout: Path, outcome: tuple[str, dict[str, Any], bool]
) -> None:
    assert outcome[2]
    assert not (checkout / CACHE_FOLDER).exists()


def test_a_linked_worktree_is_refused(checkout: Path) -> None:
    linked = checkout.parent / "linked"
    git(checkout, "worktree", "add", "--quiet", str(linked))
    try:
        command = [sys.executable, str(BENCHMARKS / "compare.py"), str(linked)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    finally:
        git(checkout, "worktree", "remove", "--force", str(linked))

    assert done.returncode == 2
    assert "clone it" in done.stderr


# --- the rules ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what Ruff and Semgrep are asked for."""
    folder = tmp_path_factory.mktemp("rules")
    command = [sys.executable, str(BENCHMARKS / "rules.py"), str(folder)]
    subprocess.run(command, check=True, timeout=60)
    return folder


def banned(asked: Path) -> dict[str, str]:
    settings = tomllib.loads((asked / "banned-api.toml").read_text(encoding="utf-8"))
    table = settings["lint"]["flake8-tidy-imports"]["banned-api"]
    return {name: entry["msg"] for name, entry in table.items()}


def searched(asked: Path) -> dict[str, str]:
    """The dotted names of the Semgrep rules, without patterns for methods and commands."""
    rules = yaml.safe_load((asked / "semgrep.yml").read_text(encoding="utf-8"))["rules"]
    return {
        entry["pattern"]: rule["id"].upper()
        for rule in rules
        for entry in rule["pattern-either"]
        if re.fullmatch(r"\w+(\.\w+)+", entry["pattern"])
    }


def test_ruff_and_semgrep_are_asked_for_all_sinks_of_the_catalogue(asked: Path) -> None:
    listed = {
        name: code
        for library in catalogue.LIBRARIES
        for code, names in library.sinks.items()
        for name in names
    }

    assert banned(asked) == searched(asked)
    assert banned(asked).items() >= listed.items()


@pytest.mark.parametrize(("name", "code"), sorted(catalogue.spellings().items()))
def test_every_spelling_leads_to_its_sink(name: str, code: str) -> None:
    sink = catalogue.sink(name)

    assert sink is not None
    assert sink.code == code


def test_a_spelling_is_given_for_what_other_libraries_re_export() -> None:
    found = catalogue.spellings()

    assert found["flask_migrate.command.upgrade"] == found["alembic.command.upgrade"] == "IL101"
    assert found["sqlmodel.create_engine"] == found["sqlalchemy.create_engine"] == "IL201"
