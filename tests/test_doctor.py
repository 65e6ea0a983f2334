"""The diagnosis: the level that is reached, what the next one lacks, and what nobody asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from interlock_checks.doctor import Diagnosis, diagnose, installed, render
from interlock_checks.run import check_repository
from interlock_checks.tree import WorkTree

CONTRACT = 'deploy-module = "shop.deploy"\n[trust]\nkeys = ["ed25519:one"]\n'
WHOLE = {
    "interlock.toml": CONTRACT,
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["interlock[deploy]>=0.1"]\n',
    "shop/__init__.py": "",
    "shop/deploy.py": "",
    ".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n  - id: interlock-check\n",
    ".gitlab-ci.yml": "proof:\n  script: interlock check\n",
}
MIGRATES = "from alembic import command\n\ncommand.upgrade(None, 'head')\n"
READY = ("1.18.1", True)


def diagnosis(
    folder: Path, files: dict[str, str], here: tuple[str | None, bool] = READY
) -> Diagnosis:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return diagnose(WorkTree(folder), check_repository(folder), here)


@pytest.mark.parametrize(
    ("changes", "here", "level", "missing"),
    [
        ({"shop/job.py": MIGRATES}, READY, -1, ["no finding"]),
        ({}, (None, False), 0, ["Alembic 1.18", "among the plugins"]),
        ({}, ("1.17.9", True), 0, ["Alembic 1.18"]),
        ({}, ("2.0b1", True), 2, ["OIDC"]),
        ({"pyproject.toml": ""}, READY, 0, ["among the dependencies"]),
        (
            {"pyproject.toml": '[dependency-groups]\ndev = ["interlock"]'},
            READY,
            0,
            ["among the dependencies"],
        ),
        (
            {"pyproject.toml": '[project]\ndependencies = ["interlock-tools"]'},
            READY,
            0,
            ["among the dependencies"],
        ),
        ({"pyproject.toml": "", "requirements.txt": "interlock==0.1\n"}, READY, 2, ["OIDC"]),
        ({"interlock.toml": ""}, READY, 1, ["a deploy module", "a trusted key"]),
        ({"interlock.toml": 'deploy-module = "shop.deploy"'}, READY, 1, ["a trusted key"]),
        ({}, READY, 2, ["OIDC"]),
    ],
)
def test_a_level_holds_where_nothing_of_it_and_below_is_missing(
    changes: dict[str, str],
    here: tuple[str | None, bool],
    level: int,
    missing: list[str],
    tmp_path: Path,
) -> None:
    found = diagnosis(tmp_path, WHOLE | changes, here)

    assert found.level == level
    next_ones = [need.text for need in found.needs if need.level == level + 1 and not need.met]
    assert len(next_ones) == len(missing)
    assert all(part in text for part, text in zip(missing, next_ones, strict=True))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"interlock.toml": 'deploy-module = "shop.gone"'}, "`shop.gone`"),
        ({"interlock.toml": 'engine-factory = "shop.db:make"'}, "`shop.db:make`"),
        ({"interlock.toml": 'test-paths = "tests"'}, "`tests`"),
        ({"interlock.toml": 'migrations = "migrations"'}, "`migrations`"),
        ({".pre-commit-config.yaml": "repos: []"}, "no hook `interlock-check`"),
        ({".gitlab-ci.yml": "proof:\n  script: echo interlock check\n"}, "no pipeline runs"),
        ({".gitlab-ci.yml": "proof:\n  script: pre-commit run --all-files\n"}, None),
    ],
)
def test_what_no_level_needs_is_told(
    changes: dict[str, str], words: str | None, tmp_path: Path
) -> None:
    notes = diagnosis(tmp_path, WHOLE | changes).notes

    # The last is about the server, which nobody can see from here.
    assert "interlock-pre-receive" in notes[-1]
    assert len(notes) == (1 if words is None else 2)
    assert words is None or words in notes[0]


def test_the_text_says_what_is_there_and_what_to_do(tmp_path: Path) -> None:
    shown = render(diagnosis(tmp_path, WHOLE | {"interlock.toml": 'deploy-module = "shop.deploy"'}))

    assert shown.startswith("level 1 of 4 is reached: each process that imports Alembic is guarded")
    assert "\n  there    a deploy module in the contract\n" in shown
    assert "\n  missing  a trusted key in the contract: run `interlock keygen`" in shown


def test_the_version_that_is_looked_at_is_the_one_beside_this_python() -> None:
    alembic, _ = installed()

    assert alembic is not None
    assert alembic[0].isdigit()


def test_the_command_prints_the_diagnosis(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(MIGRATES)

    done = subprocess.run(
        [sys.executable, "-m", "interlock", "doctor", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stdout.startswith("no level of assurance is reached\nfor level 0 ")
