"""The parts that a run of the suite shares, made once; what failed once fails for all who ask."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from interlock.contract import ContractError
from interlock.suite.bench import Bench, Broken, Options, make_bench
from interlock.suite.promises import Promise, Trial
from interlock.suite.receipts import make_chain
from interlock.suite.static import NoBase, make_proof

__all__ = ["Stage"]

_Part = TypeVar("_Part")


class _Once(Generic[_Part]):
    def __init__(self, make: Callable[[], _Part]) -> None:
        self._make = make
        self._made: list[_Part] = []
        self._problem: Broken | None = None

    def __call__(self) -> _Part:
        if self._problem is not None:
            raise self._problem
        if not self._made:
            try:
                self._made.append(self._make())
            except (ContractError, OSError) as error:
                self._problem = Broken(str(error))
                raise self._problem from error
            except Broken as error:
                self._problem = error
                raise
        return self._made[0]


class Stage:
    """A repository under trial, with a temporary folder for all that is made."""

    def __init__(self, repository: Path, options: Options) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="interlock-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name).resolve()
        bench: _Once[Bench] = _Once(lambda: make_bench(repository, folder, options))
        self._root = folder
        self._held: dict[str, bool] = {}
        self.trial = Trial(
            bench,
            _Once(lambda: make_chain(bench())),
            _Once(lambda: make_proof(repository, os.environ)),
        )

    def require(self, promise: Promise) -> None:
        """
        Try a promise.

        Raises:
            Broken: It does not hold.
            NoBase: It is about a base, and there is none.
        """
        self._held[promise.sentence] = False
        try:
            promise.hold(self.trial)
        except NoBase:
            self._held[promise.sentence] = True
            raise
        self._held[promise.sentence] = True

    def holds(self, promise: Promise) -> bool:
        """Tell whether a promise holds, from the last time that it was tried."""
        if promise.sentence not in self._held:
            with suppress(Broken, NoBase):
                self.require(promise)
        return self._held[promise.sentence]

    def new_folder(self) -> Path:
        """Make an empty folder, which lasts as long as the stage."""
        return Path(tempfile.mkdtemp(dir=self._root))

    def close(self) -> None:
        self._folder.cleanup()
