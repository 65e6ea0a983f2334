"""The hooks as users get them: the real pre-commit installs them from a clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRE_COMMIT = [sys.executable, "-m", "pre_commit"]

CONFIG = """\
repos:
  - repo: {project}
    rev: {revision}
    hooks:
      - id: {hook}
"""
CONTRACT = """\
[tool.interlock]
deploy-module = "shop.deploy"
"""
INNOCENT = """\
from alembic import command
from alembic.config import Config


def heads() -> None:
    command.heads(Config("alembic.ini"))
"""
MIGRATES = """\
from alembic import command
from alembic.config import Config


def start() -> None:
    command.upgrade(Config("alembic.ini"), "head")
"""


def environment(home: Path) -> dict[str, str]:
    """The variables a stranger has: no CI, no configuration of git or interlock."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CI", "GITHUB_", "GIT_", "INTERLOCK_", "PRE_COMMIT", "PYTHON"))
    }
    person = {"NAME": "A. Stranger", "EMAIL": "stranger@example.com"}
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(home),
        **{
            f"GIT_{role}_{key}": text
            for role in ("AUTHOR", "COMMITTER")
            for key, text in person.items()
        },
    }


class Repository:
    """A git repository that is driven as a person would drive it."""

    def __init__(self, path: Path, env: dict[str, str]) -> None:
        self.path = path
        self.env = env
        path.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        return self.run("git", *words, check=True).stdout.strip()

    def run(self, *words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=self.path, env=self.env, capture_output=True, text=True, check=check
        )

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self, message: str) -> subprocess.CompletedProcess[str]:
        self.git("add", "--all")
        return self.run("git", "commit", "--message", message)


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(tmp_path_factory.mktemp("pre-commit-home"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Repository:
    """interlock as it stands in the working tree, committed into a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    repository = Repository(tmp_path_factory.mktemp("interlock"), env)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (repository.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository.path / name)
    committed = repository.commit("As it stands")
    assert committed.returncode == 0, committed.stderr
    return repository


@pytest.fixture
def shop(tmp_path: Path, project: Repository, env: dict[str, str]) -> Repository:
    """A fresh repository with the hook installed and one commit that passed it."""
    repository = Repository(tmp_path / "shop", env)
    install(repository, project, "interlock-check")
    repository.write("pyproject.toml", CONTRACT)
    repository.write("shop/__init__.py", "")
    repository.write("shop/status.py", INNOCENT)
    return repository


def install(repository: Repository, project: Repository, hook: str) -> None:
    revision = project.git("rev-parse", "HEAD")
    repository.write(
        ".pre-commit-config.yaml",
        CONFIG.format(project=project.path, revision=revision, hook=hook),
    )
    installed = repository.run(*PRE_COMMIT, "install", "--install-hooks")
    assert installed.returncode == 0, installed.stdout + installed.stderr


def test_a_commit_that_migrates_is_stopped_and_an_innocent_one_is_not(shop: Repository) -> None:
    innocent = shop.commit("Show the heads")
    assert innocent.returncode == 0, innocent.stdout + innocent.stderr
    first = shop.git("rev-parse", "HEAD")

    shop.write("shop/main.py", MIGRATES)
    stopped = shop.commit("Migrate at start-up")

    shown = stopped.stdout + stopped.stderr
    assert stopped.returncode == 1, shown
    assert "IL101" in shown
    assert "shop/main.py:6" in shown
    assert "shop/status.py" not in shown
    assert shop.git("rev-parse", "HEAD") == first


def test_a_change_in_an_unrelated_file_does_not_hide_what_is_already_there(
    shop: Repository,
) -> None:
    shop.write("shop/main.py", MIGRATES)
    shop.git("add", "--all")
    shop.git("-c", "core.hooksPath=/dev/null", "commit", "--message", "Before the hook came")
    shop.write("NOTES.txt", "Nothing but prose.\n")

    stopped = shop.commit("Take notes")

    assert stopped.returncode == 1
    assert "shop/main.py:6" in stopped.stdout + stopped.stderr


def test_a_family_hook_says_that_it_is_not_the_whole_proof(
    shop: Repository, project: Repository
) -> None:
    install(shop, project, "interlock-engines")
    shop.write("shop/main.py", MIGRATES)
    shop.git("add", "--all")

    shown = shop.run(*PRE_COMMIT, "run", "--all-files", "--verbose")

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "not the whole proof" in shown.stdout


def test_a_hook_whose_checks_were_replaced_refuses(shop: Repository, project: Repository) -> None:
    install(shop, project, "interlock-check")
    config = shop.path / ".pre-commit-config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text + "        additional_dependencies: [iniconfig]\n", encoding="utf-8")

    stopped = shop.commit("Show the heads")

    shown = stopped.stdout + stopped.stderr
    assert stopped.returncode == 1, shown
    assert "exit code: 2" in shown
    assert "cannot look: libcst" in shown
