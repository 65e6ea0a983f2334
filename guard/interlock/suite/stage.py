"""The parts that a run of the suite shares, made once; what failed once fails for all who ask."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from interlock.contract import ContractError
from interlock.suite.bench import Bench, Broken, Options, make_bench
from interlock.suite.promises import Trial
from interlock.suite.receipts import make_chain
from interlock.suite.static import make_proof

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
        self.folder = folder
        self.trial = Trial(
            bench,
            _Once(lambda: make_chain(bench())),
            _Once(lambda: make_proof(repository, os.environ)),
        )

    def close(self) -> None:
        self._folder.cleanup()
