"""What is worked out in one place or run and used in another, as bytes."""

from __future__ import annotations

import msgspec

__all__ = ["encoded"]

_ENCODER = msgspec.msgpack.Encoder()


def encoded(value: object) -> bytes | None:
    """
    Encode what can be kept for the next run or handed to another process.

    Returns:
        None where it speaks of a file whose name is no text, as a name on Linux may be: that is
        worked out anew wherever it is needed.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return None
