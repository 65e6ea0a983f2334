"""What a comparison of two states finds."""

from __future__ import annotations

import msgspec

__all__ = ["Loosened"]


class Loosened(msgspec.Struct, frozen=True):
    """A place of today's files where less holds than at the base; rows count from 1."""

    path: str
    row: int
    message: str
