"""A project with a SQLite database, and a process that stands in it as its pipeline does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.steps.project import VARIABLE, Project

_CI = ("CI", "TF_BUILD", "JENKINS_URL", "APP_ENV", "DATABASE_URL", VARIABLE)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "shop"
    made = Project.make(root, f"sqlite:///{root}/shop.db")
    made.file.touch()
    return made


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Stand in the project with its key, so that the Python API can be called."""
    path, modules = list(sys.path), set(sys.modules)
    monkeypatch.chdir(project.root)
    for name in _CI:
        monkeypatch.delenv(name, raising=False)
    for name, value in project.variables().items():
        if name in _CI:
            monkeypatch.setenv(name, value)
    yield project
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.partition(".")[0] == "shop":
            del sys.modules[name]
    assert Path.cwd() == project.root, os.getcwd()  # noqa: PTH109
