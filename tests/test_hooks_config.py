"""A hook of interlock that is listed runs, and can fail."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from interlock_checks.run import check_repository

CONFIG = ".pre-commit-config.yaml"
HOOK = """
repos:
  - repo: local
    hooks:
      - id: interlock-check
        name: interlock check
        entry: interlock check
        language: system
"""


def neutered(folder: Path, text: str, path: str = CONFIG) -> list[int]:
    (folder / "app").mkdir()
    (folder / "app/jobs.py").write_text("import os\n", encoding="utf-8")
    (folder / path).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q", folder], check=True)
    found = check_repository(folder).findings
    return [one.row for one in found if one.code == "IL502" and one.path == path]


BAD: dict[str, str] = {
    "excluded": "exclude: .*",
    "excluded by a pattern in pieces": 'exclude: "^(?:a|[^a]).*$"',
    "excluded by nothing, which is everywhere": "exclude: ''",
    "files that nothing has": "files: ^$",
    "files of prose": r"files: \.md$",
    "types of prose": "types: [markdown]",
    "types of prose, any of them": "types_or: [markdown, yaml]",
    "excluded by type": "exclude_types: [python]",
    "manual": "stages: [manual]",
    "after the fact": "stages: [post-commit]",
    "a pattern that never ends": 'files: "^(a+)+$|^(([a-z/.])+.)+[A-Z]([a-z/.])+$"',
    "its version": "args: [--version]",
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_hook_that_never_runs_or_fails_is_reported(line: str, tmp_path: Path) -> None:
    text = f"{HOOK}        {line}\n"

    assert neutered(tmp_path, text) == [text.count("\n")]


GOOD: dict[str, str] = {
    "as it comes": "pass_filenames: false",
    "always": "always_run: true\n        exclude: .*",
    "Python alone": "types: [python]",
    "the folder that is there": "files: ^app/",
    "a folder that is not": "exclude: ^docs/",
    "on push": "stages: [pre-push]",
    "no stages of its own": "stages: []",
    "verbose": "verbose: true",
    "another form of output": "args: [--output-format, json]",
}


@pytest.mark.parametrize("line", GOOD.values(), ids=GOOD)
def test_a_hook_that_runs_is_left_alone(line: str, tmp_path: Path) -> None:
    assert neutered(tmp_path, f"{HOOK}        {line}\n") == []


TOP: dict[str, tuple[str, bool]] = {
    "everything is excluded": ("exclude: .", True),
    "stages of all hooks": ("default_stages: [manual]", True),
    "no stage at all": ("default_stages: []", True),
    "hooks that are not installed": ("default_install_hook_types: [post-checkout]", True),
    "left out by the service": ("ci:\n  skip: [interlock-check]", True),
    "something else is excluded": ("exclude: ^vendor/", False),
    "something else is left out": ("ci:\n  skip: [mypy]", False),
    "all stop at the first failure": ("fail_fast: true", False),
}


@pytest.mark.parametrize(("line", "reported"), TOP.values(), ids=TOP)
def test_what_holds_for_all_hooks_counts(line: str, reported: bool, tmp_path: Path) -> None:
    text = f"{line}\n{HOOK.lstrip()}"

    assert neutered(tmp_path, text) == ([line.count("\n") + 1] if reported else [])


def test_a_hook_that_runs_something_else_is_reported(tmp_path: Path) -> None:
    text = HOOK.replace("entry: interlock check", "entry: 'true'")

    assert neutered(tmp_path, text) == [7]


@pytest.mark.parametrize(
    ("key", "reported"),
    [("skip: true", True), ("skip: [merge]", False), ('glob: "*.md"', True), ("tags: a", False)],
)
def test_the_same_holds_in_lefthook(key: str, reported: bool, tmp_path: Path) -> None:
    text = dedent(f"""
        pre-commit:
          commands:
            interlock:
              run: interlock check
              {key}
    """).lstrip()

    assert neutered(tmp_path, text, "lefthook.yml") == ([5] if reported else [])
