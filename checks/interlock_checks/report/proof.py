"""
The proof as a file: what was looked at, in which state, by which version, and what came of it.

It is written after a run with findings too, and then says that nothing is proved.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

import interlock
from interlock.steps.commit import commit_of
from interlock_checks.report.excerpt import plain
from interlock_checks.report.model import Report

__all__ = ["clear", "document", "write"]

FORMAT = 1
"""Raised whenever a reader of older proofs would misunderstand a newer one."""


def clear(path: Path) -> None:
    """
    Take away the proof of an earlier run before a new one begins.

    A run that ends without a verdict then leaves no proof, instead of that of another day.

    Raises:
        OSError: `path` is something else than a file, or its folder does not exist.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise
        return
    if not stat.S_ISREG(mode):
        raise FileExistsError(f"{str(path)!r} exists and is not a regular file")
    path.unlink()


def document(report: Report, root: Path, read: Callable[[str], bytes]) -> dict[str, object]:
    """The proof of a run as JSON data, the same for the same state of the same repository."""
    commit = commit_of(root)
    contract = None
    if report.contract is not None:
        digest = hashlib.sha256(read(report.contract)).hexdigest()
        contract = {"file": report.contract, "sha256": digest}
    return {
        "format": FORMAT,
        "tool": {"name": "interlock", "version": interlock.__version__},
        "proved": not report.findings,
        "commit": None if commit is None else commit._asdict(),
        "contract": contract,
        "bases": [msgspec.structs.asdict(one) for one in report.bases],
        "files": {"code": report.files, "read": report.read, "blake2b": report.digests},
        "at_home": report.at_home,
        "assumptions": [_clean(one) for one in report.assumptions],
        "findings": [_clean(one) for one in report.findings],
    }


def _clean(one: msgspec.Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.structs.asdict(one)
    return {k: plain(v) if k in {"message", "text"} else v for k, v in fields.items()}


def write(path: Path, proof: Mapping[str, object]) -> None:
    """
    Write a proof whole or not at all.

    Raises:
        OSError: it could not be written; nothing is left of it.
    """
    data = json.dumps(proof, indent=1, sort_keys=True).encode("ascii") + b"\n"
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
