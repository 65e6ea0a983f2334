"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

__all__ = ["digest_of", "finish"]


def digest_of(path: Path) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 in hexadecimal; raises OSError."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return stream.tell(), digest


def finish(unfinished: Path, target: Path) -> None:
    """
    Give a file that is written its name, readable by its owner only.

    Raises:
        OSError: Also where the disk has no room for what the system has promised to write.
    """
    unfinished.chmod(0o600)
    with unfinished.open("rb") as stream:
        os.fsync(stream.fileno())
    unfinished.replace(target)
