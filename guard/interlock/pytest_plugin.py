"""
`pytest --interlock`: the regression suite, run in the user's repository against its contract.

Loaded by every test run wherever interlock is installed, so it imports nothing of SQLAlchemy,
Alembic or the checks until the suite is asked for. The items are added after `-k` and `-m` have
chosen among the tests: they are no selection of anybody's.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _pytest._code.code import TerminalRepr, TracebackStyle

    from interlock.suite.stage import Stage

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_unconfigure"]

_stage: pytest.StashKey[Stage] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("interlock")
    group.addoption(
        "--interlock",
        action="store_true",
        help="try to break each clause of this repository's contract, in a copy of it",
    )
    group.addoption(
        "--interlock-mutate",
        action="store_true",
        help="besides, take out each guard in turn, in a copy: the suite has to go red",
    )
    parser.addini(
        "interlock_env",
        "variables that env.py needs in the copy: NAME=value, where {url} is the scratch database",
        type="linelist",
        default=[],
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    mutate = config.getoption("interlock_mutate")
    if not (mutate or config.getoption("interlock")):
        return
    from interlock.suite.bench import Options
    from interlock.suite.promises import PROMISES
    from interlock.suite.stage import Stage

    options = Options(
        tuple(config.getini("interlock_env")),
        tuple(str(_relative(config, one)) for one in config.getini("pythonpath")),
    )
    stage = config.stash[_stage] = Stage(config.rootpath, options)
    suite = _Suite.from_parent(session, name="interlock", nodeid="interlock")
    tried: dict[str, Callable[[], object]] = {
        one.sentence: partial(stage.require, one) for one in PROMISES
    }
    if mutate:
        from interlock.suite.mutants import MUTANTS, require_caught

        tried |= {one.sentence: partial(require_caught, one, stage) for one in MUTANTS}
    items += [_Item.from_parent(suite, name=name, tried=one) for name, one in tried.items()]


def pytest_unconfigure(config: pytest.Config) -> None:
    if _stage in config.stash:
        config.stash[_stage].close()


def _relative(config: pytest.Config, folder: object) -> Path:
    """Return a folder of the import path as the copy has it; one that lies elsewhere is kept."""
    path = config.rootpath / str(folder)
    return path.relative_to(config.rootpath) if path.is_relative_to(config.rootpath) else path


class _Suite(pytest.Collector):
    def collect(self) -> Iterable[pytest.Item]:
        return []  # its items are made where the other plugins have made their choice


class _Item(pytest.Item):
    """A sentence that has to be true."""

    def __init__(self, *, tried: Callable[[], object], **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self._tried = tried

    def runtest(self) -> None:
        from interlock.suite.static import NoBase

        try:
            self._tried()
        except NoBase as error:
            pytest.skip(str(error))

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: TracebackStyle | None = None,
    ) -> str | TerminalRepr:
        from interlock.suite.bench import Broken

        if isinstance(excinfo.value, Broken):
            return f"{self.name}: this does not hold.\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.config.rootpath, None, self.name
