"""Facts kept from one run to the next, below `.interlock_cache/` in the repository.

The repository is hostile input, and its cache is part of it. So each file carries a keyed digest,
and the key lies in the user's own state folder, outside of any repository. Whatever is missing,
damaged, foreign or forged is as good as no cache: it costs time, never a verdict.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import struct
import sys
import tempfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from interlock_checks.tree import CACHE_FOLDER, read_regular

__all__ = ["Cache"]

_MAGIC = b"interlock cache 1\n"
_SEAL = 32  # bytes of a keyed digest, and of the key itself
_BODY = len(_MAGIC) + _SEAL
_ENTRY = struct.Struct("<BI")  # length of a digest, length of its facts
_LARGEST = 128 * 1024 * 1024  # bytes of a file that is read or written
_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# Facts of interlock: safe to remove.\n"


class Cache:
    """The cache of one checkout, or none at all: then nothing is found and nothing is kept."""

    def __init__(self, folder: Path | None, key: bytes) -> None:
        self._folder = folder
        self._key = key
        self._loaded: frozenset[bytes] | None = None

    @classmethod
    def open(cls, root: Path, version: str) -> Cache:
        """
        Open the cache of a repository; never fails.

        Args:
            version: All that facts depend on beside the bytes of a file: a cache that another
                version wrote is empty.
        """
        folder = root / CACHE_FOLDER
        secret = _user_secret(root)
        if secret is None or _is_elsewhere(folder):
            return cls(None, b"")
        return cls(folder, blake2b(version.encode(), digest_size=_SEAL, key=secret).digest())

    @classmethod
    def none(cls) -> Cache:
        """Keep nothing: for a tree that lies in no folder."""
        return cls(None, b"")

    def load(self) -> dict[bytes, bytes]:
        """Give the facts of the last run by the digest of their source; `{}` if there are none."""
        body = self._read("facts.bin")
        found: dict[bytes, bytes] = {}
        if body is None:
            return found
        try:
            (count,) = struct.unpack_from("<I", body)
            at = 4
            value = at + count * (_ENTRY.size + 32)
            for _ in range(count):
                digest_size, size = _ENTRY.unpack_from(body, at)
                start = at + _ENTRY.size
                found[bytes(body[start : start + digest_size])] = bytes(body[value : value + size])
                at += _ENTRY.size + 32
                value += size
        except struct.error:
            return {}
        self._loaded = frozenset(found)
        return found

    def store(self, facts: Mapping[bytes, bytes]) -> None:
        """Keep exactly these facts, by digests of at most 32 bytes; what was kept before goes."""
        if self._loaded is not None and self._loaded == frozenset(facts):
            return
        index, values, total = [], [], 0
        for digest, value in facts.items():
            total += len(value) + _ENTRY.size + 32
            if total > _LARGEST:
                break
            index.append(_ENTRY.pack(len(digest), len(value)) + digest.ljust(32, b"\0"))
            values.append(value)
        self._write("facts.bin", b"".join([struct.pack("<I", len(index)), *index, *values]))

    def result(self, key: bytes) -> bytes | None:
        """Give the whole result of the last run, if its inputs had this digest."""
        body = self._read("result.bin")
        if body is None or body[:4] != struct.pack("<I", len(key)) or body[4 : 4 + len(key)] != key:
            return None
        return bytes(body[4 + len(key) :])

    def keep_result(self, key: bytes, value: bytes) -> None:
        """Keep the result for inputs with this digest; the one before goes."""
        if len(value) <= _LARGEST:
            self._write("result.bin", struct.pack("<I", len(key)) + key + value)

    def _read(self, name: str) -> memoryview | None:
        if self._folder is None or _is_elsewhere(self._folder):
            return None
        try:
            path = os.fspath(self._folder / name)
            if os.lstat(path).st_size > 2 * _LARGEST:
                return None
            data = read_regular(path)
        except OSError:
            return None
        seal, body = data[len(_MAGIC) : _BODY], memoryview(data)[_BODY:]
        if not data.startswith(_MAGIC) or not hmac.compare_digest(seal, self._seal(name, body)):
            return None
        return body

    def _write(self, name: str, body: bytes) -> None:
        if self._folder is None:
            return
        try:
            _prepare(self._folder)
            if not _is_elsewhere(self._folder):
                _replace(self._folder / name, (_MAGIC, self._seal(name, body), body))
        except OSError:
            return

    def _seal(self, name: str, body: bytes | memoryview) -> bytes:
        seal = blake2b(digest_size=_SEAL, key=self._key, person=name.encode())
        seal.update(body)
        return seal.digest()


def _is_elsewhere(folder: Path) -> bool:
    """Say whether something other than a folder stands there; nothing at all is fine."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    is_junction = getattr(os.path, "isjunction", lambda _: False)
    return not stat.S_ISDIR(status.st_mode) or is_junction(folder)


def _prepare(folder: Path) -> None:
    folder.mkdir(mode=0o755, exist_ok=True)
    for name, content in (".gitignore", b"*\n"), ("CACHEDIR.TAG", _TAG):
        path = folder / name
        if not os.path.lexists(path):
            _replace(path, (content,))


def _replace(path: Path, parts: tuple[bytes, ...]) -> None:
    """Write a file whole or not at all: readers see the old one or the new one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _user_secret(root: Path) -> bytes | None:
    """Read this user's key, or make one; None where it could not be kept from others."""
    folder = _state_folder()
    if folder is None or _is_in_repository(folder, root):
        return None
    path = folder / "cache.key"
    try:
        if not os.path.lexists(path):
            _create_secret(path)
        if not (_is_private(folder.lstat(), 0o022) and _is_private(path.lstat(), 0o077)):
            return None
        secret = read_regular(os.fspath(path), _SEAL + 1)
    except OSError:
        return None
    return secret if len(secret) == _SEAL else None


def _create_secret(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # with mode 0600 and O_EXCL
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SEAL))
        # Unlike a rename this leaves the key that another run has just made.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink(missing_ok=True)


def _is_private(status: os.stat_result, forbidden: int) -> bool:
    if sys.platform == "win32":
        return True  # the folder is the user's by its access list, which the mode does not show
    return status.st_uid == os.geteuid() and not status.st_mode & forbidden


def _state_folder() -> Path | None:
    """Find the user's folder for state: where each platform keeps it."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = os.environ.get("XDG_STATE_HOME") or home / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_STATE_HOME") or home / ".local" / "state"
    folder = Path(base) / "interlock"
    return folder if folder.is_absolute() else None


def _is_in_repository(folder: Path, root: Path) -> bool:
    """Say whether a folder belongs to the checked tree or to any git repository."""
    real = Path(os.path.realpath(folder))
    if real.is_relative_to(os.path.realpath(root)):
        return True
    return any(os.path.lexists(place / ".git") for place in (real, *real.parents))
