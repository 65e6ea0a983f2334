"""
Receipts as files: `.interlock/receipts/RUN/STEP.json`, each written once, whole or not at all.

The folder is a place to keep receipts, and no authority: whoever can write there can lose them,
and can make none that counts.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from datetime import datetime
from pathlib import Path

from interlock.steps.envelope import MAXIMUM_SIZE

__all__ = ["STATE", "backup_folder", "new_run", "prepare", "read", "runs", "write"]

STATE = ".interlock"

_RUN = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")


def new_run(now: datetime) -> str:
    """Name a run by its microsecond, so that names sort by time and no two are equal."""
    return f"{now:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}"


def runs(root: Path) -> list[str]:
    """The runs of which something is kept, oldest first."""
    try:
        found = [one.name for one in _receipts(root).iterdir()]
    except OSError:
        return []
    return sorted(name for name in found if _RUN.fullmatch(name))


def read(root: Path, run: str, step: str) -> bytes | None:
    """
    Read a receipt as it lies there, None if it does not exist.

    Raises:
        OSError: It exists and cannot be read.
    """
    if not _RUN.fullmatch(run):
        return None
    try:
        with (_receipts(root) / run / f"{step}.json").open("rb") as stream:
            return stream.read(MAXIMUM_SIZE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None


def write(root: Path, run: str, step: str, data: bytes) -> None:
    """
    Keep a receipt; when this returns, it survives a loss of power.

    Raises:
        FileExistsError: This step of this run was done before.
        OSError: It cannot be kept; nothing is left of it.
    """
    if not _RUN.fullmatch(run):
        raise ValueError(f"{run!r} names no run")
    folder = prepare(root) / "receipts" / run
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{step}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        with unfinished.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        # A link, unlike a rename, never takes the place of what is there.
        (folder / f"{step}.json").hardlink_to(unfinished)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    for one in (folder, folder.parent):
        _sync(one)


def prepare(root: Path) -> Path:
    """
    Make the folder `.interlock`, which git is told to ignore from inside.

    Raises:
        OSError: It cannot be made.
    """
    folder = root / STATE
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")
    return folder


def backup_folder(root: Path) -> Path:
    """
    Make the folder of backups, which hold what the database holds.

    Raises:
        OSError: It cannot be made.
    """
    folder = prepare(root) / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _receipts(root: Path) -> Path:
    return root / STATE / "receipts"


def _sync(folder: Path) -> None:
    """Make a new name in a folder durable, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
