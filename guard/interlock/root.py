"""The contract that this process is under."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from interlock.contract import (
    INTERLOCK,
    PYPROJECT,
    Contract,
    ContractError,
    load_contract,
)

__all__ = ["Application", "application", "application_contract", "declared_above", "in_sight"]
__all__ += ["looking_at", "read_bytes"]


@dataclass(frozen=True, slots=True)
class Application:
    """
    A contract and where it was found.

    Attributes:
        root: The folder that declares it; the working directory where none does.
        problem: Why nothing is granted, None where the contract can be read.
    """

    contract: Contract
    root: Path
    problem: str | None = None


def application_contract() -> tuple[Contract, Path]:
    """
    Return the contract of the application that runs, and its root.

    A contract that is missing or broken is that of a repository which declares nothing, under
    which every database is protected.
    """
    found = application()
    return found.contract, found.root


_folders: ContextVar[tuple[Path, ...]] = ContextVar("interlock_folders", default=())


@contextmanager
def looking_at(*folders: Path) -> Iterator[None]:
    """Let the contracts above some folders count too, for the length of a block."""
    token = _folders.set((*_folders.get(), *folders))
    try:
        yield
    finally:
        _folders.reset(token)


def in_sight() -> list[Application]:
    """
    Return each contract that counts here: the application's, and those that are looked at.

    A broken one counts as well; the default is returned only where there is none at all.
    """
    own = application()
    found = [] if own.problem == _MISSING else [own]
    for folder in _folders.get():
        other = _upwards(folder)
        if other is not None and other not in found:
            found.append(other)
    return found or [own]


def application() -> Application:
    """Find the contract from the working directory upwards, or else from the program's folder."""
    here = _working_directory()
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    starts = [here, Path(program).absolute().parent if program else None]
    for one in starts:
        if one is not None and (found := _upwards(one)) is not None:
            return found
    return Application(Contract(), here or Path("/"), _MISSING)


_MISSING = "no contract was found: no pyproject.toml with [tool.interlock], and no interlock.toml"


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        return None


def _upwards(start: Path) -> Application | None:
    """Return the first folder from here to the root of the file system that declares one."""
    for folder in (start, *start.parents):
        stamps = tuple(_stamp(folder / name) for name in (PYPROJECT, INTERLOCK))
        if any(stamps) and (found := _read(folder, stamps)) is not None:
            return found
    return None


def declared_above(folder: Path) -> Path | None:
    """Return the folder whose contract counts in a folder, None where none declares one."""
    found = _upwards(folder)
    return None if found is None else found.root


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def _read(folder: Path, stamps: tuple[tuple[int, ...] | None, ...]) -> Application | None:
    """Read the contract in one folder; `stamps` are what a remembered answer depends on."""
    del stamps
    try:
        contract, filename = load_contract(lambda name: read_bytes(folder / name))
    except (ContractError, OSError) as error:
        return Application(Contract(), folder, f"the contract cannot be read: {error}")
    return None if filename is None else Application(contract, folder)


def read_bytes(path: Path) -> bytes | None:
    """Return what a file holds, None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
