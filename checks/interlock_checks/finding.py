"""A place where the proof fails."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, frozen=True, order=True):
    """
    One finding; rows and columns count from 1, as in Ruff's output.

    `message` says what is wrong at this place; why and what to do come from the check.
    """

    path: str
    row: int
    column: int
    code: str
    message: str
    end_row: int
    end_column: int
