"""
`pytest --interlock`: the regression suite, run in the user's repository against its contract.

Loaded by every test run wherever interlock is installed, so it imports nothing of SQLAlchemy,
Alembic or the checks until the suite is asked for. The items are added when all choosing among the
tests is over: they are no selection of anybody's. And a run that was asked for them ends with 0
only if each was really tried, whatever skipped, listed or stopped it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _pytest._code.code import TerminalRepr, TracebackStyle

    from interlock.suite.stage import Stage

__all__ = [
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_collection_finish",
    "pytest_runtest_logreport",
    "pytest_unconfigure",
]

_SUITE = "interlock"
_stage: pytest.StashKey[Stage] = pytest.StashKey()
_tried: set[str] = set()
"""The sentences that were tried and held, or were about a base where there is none."""


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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(
    config: pytest.Config,
) -> Generator[None, int | pytest.ExitCode | None, int | pytest.ExitCode | None]:
    """Let no run look like a pass in which a promise was left out."""
    _tried.clear()
    status = yield
    informed = config.option.help or config.option.version
    # A worker of xdist reports to the process that started it, and that one answers.
    if status != pytest.ExitCode.OK or informed or hasattr(config, "workerinput"):
        return status
    left_out = [one for one in _sentences(config) if one not in _tried]
    if not left_out:
        return status
    named = "".join(f"\n  {one}" for one in left_out[:10])
    more = f"\n  and {len(left_out) - 10} more" if len(left_out) > 10 else ""
    sys.stderr.write(
        f"\ninterlock: {len(left_out)} promises were not tried, so this run shows nothing of them:"
        f"{named}{more}\nRun `pytest --interlock` so that each of its items runs to its end.\n"
    )
    return pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Add the items; the hook in which others choose among the tests is over by now."""
    config = session.config
    if not _asked(config):
        return
    from interlock.suite.bench import Options
    from interlock.suite.promises import PROMISES
    from interlock.suite.stage import Stage

    root = _root(config)
    options = Options(
        tuple(config.getini("interlock_env")),
        tuple(str(_relative(root, one)) for one in config.getini("pythonpath")),
    )
    stage = config.stash[_stage] = Stage(root, options)
    suite = _Suite.from_parent(session, name=_SUITE, nodeid=_SUITE)
    tried: dict[str, Callable[[], object]] = {
        one.sentence: partial(stage.require, one) for one in PROMISES
    }
    if config.getoption("interlock_mutate"):
        from interlock.suite.mutants import MUTANTS, require_caught

        tried |= {one.sentence: partial(require_caught, one, stage) for one in MUTANTS}
    session.items += [_Item.from_parent(suite, name=name, tried=one) for name, one in tried.items()]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what was tried, in the process that ends the run, wherever the item ran."""
    if report.when == "call" and not report.failed:
        _tried.update(str(value) for name, value in report.user_properties if name == _SUITE)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _stage in config.stash:
        config.stash[_stage].close()


def _asked(config: pytest.Config) -> bool:
    return bool(config.getoption("interlock") or config.getoption("interlock_mutate"))


def _sentences(config: pytest.Config) -> list[str]:
    if not _asked(config):
        return []
    from interlock.suite.promises import PROMISES

    found = [one.sentence for one in PROMISES]
    if config.getoption("interlock_mutate"):
        from interlock.suite.mutants import MUTANTS

        found += [one.sentence for one in MUTANTS]
    return found


def _root(config: pytest.Config) -> Path:
    """Return the folder that declares the contract, or pytest's own where none above it does."""
    from interlock.root import declared_above

    return declared_above(config.rootpath) or config.rootpath


def _relative(root: Path, folder: object) -> Path:
    """Return a folder of the import path as the copy has it; one that lies elsewhere is kept."""
    path = Path(str(folder))
    return path.relative_to(root) if path.is_relative_to(root) else path


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
            self.user_properties.append((_SUITE, self.name))
            pytest.skip(str(error))
        self.user_properties.append((_SUITE, self.name))

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
