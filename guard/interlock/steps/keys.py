"""
Keys as text: `ed25519:...` for the contract, `ed25519-private:...` for the secret store of CI.

Behind the colon stand the 32 bytes of RFC 8032 in base64. A private key comes from the place that
the contract names and from no other: where that place is empty, nothing can be signed, and so
nothing deployed. On a developer's machine it is empty.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = ["NoKey", "generate", "public_text", "read_private", "read_public", "write_private"]

_PUBLIC = "ed25519:"
_PRIVATE = "ed25519-private:"
_LARGEST = 4096


class NoKey(Exception):
    """There is no private key at the place the contract names; the text never repeats a key."""


def generate() -> tuple[str, str]:
    """Return a new private key and its public half, both as text."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    raw = base64.b64encode(key.private_bytes_raw()).decode("ascii")
    return _PRIVATE + raw, public_text(key.public_key())


def public_text(key: Ed25519PublicKey) -> str:
    return _PUBLIC + base64.b64encode(key.public_bytes_raw()).decode("ascii")


def read_public(text: str) -> Ed25519PublicKey | None:
    """Return a public key of the contract, None where the text is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw = _raw(text, _PUBLIC)
    return None if raw is None else Ed25519PublicKey.from_public_bytes(raw)


def read_private(source: str) -> Ed25519PrivateKey:
    """
    Read the private key.

    Args:
        source: `env:NAME`, `file:PATH` or `fd:NUMBER`, as the contract writes it. A descriptor
            can be read once, so the answer is kept for the life of the process.

    Raises:
        NoKey: There is none, or what is there is no key.
    """
    return _kept(source) if source.startswith("fd:") else _private(source)


@cache
def _kept(source: str) -> Ed25519PrivateKey:
    return _private(source)


def _private(source: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    kind, _, name = source.partition(":")
    if kind == "env":
        place = f"the variable {name}"
        text = os.environ.get(name, "")
        if not text:
            raise NoKey(f"{place} is not set")
    elif kind == "file":
        place = f"the file {name}"
        text = _from_file(Path(name), place)
    else:
        place = f"the file descriptor {name}"
        text = _from_descriptor(int(name), place)
    raw = _raw(text.strip(), _PRIVATE)
    if raw is None:
        raise NoKey(f"{place} holds something else than a private key of interlock")
    return Ed25519PrivateKey.from_private_bytes(raw)


def _from_file(path: Path, place: str) -> str:
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO) and os.name == "posix":
                raise NoKey(f"{place} can be read by others (its mode must be 600 or 400)")
            return stream.read(_LARGEST).decode("ascii", "replace")
    except OSError as error:
        raise NoKey(f"{place} cannot be read: {error.strerror}") from error


def _from_descriptor(number: int, place: str) -> str:
    try:
        with os.fdopen(number, "rb", closefd=False) as stream:
            return stream.read(_LARGEST).decode("ascii", "replace")
    except OSError as error:
        raise NoKey(f"{place} cannot be read: {error.strerror}") from error


def _raw(text: str, prefix: str) -> bytes | None:
    if not text.startswith(prefix):
        return None
    try:
        raw = base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == 32 else None


def write_private(path: Path, private: str) -> None:
    """
    Write a private key into a new file that only its owner can read.

    Raises:
        OSError: Also where the file exists.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"{private}\n")
        stream.flush()
        os.fsync(stream.fileno())
