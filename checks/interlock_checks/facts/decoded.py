"""The facts of many files, decoded as far as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b

from interlock_checks.facts import model as m


class Decoded(Mapping[str, m.Facts]):
    """
    The facts of files, decoded when they are first asked for.

    Attributes:
        encoded: As they were put here.
        digests: Of the encoded facts, 20 bytes each.
    """

    def __init__(self) -> None:
        self.encoded: dict[str, bytes] = {}
        self.digests: dict[str, bytes] = {}
        self._decoded: dict[str, m.Facts] = {}

    def put(self, path: str, encoded: bytes) -> None:
        self.encoded[path] = encoded
        self.digests[path] = blake2b(encoded, digest_size=20).digest()
        self._decoded.pop(path, None)

    def __getitem__(self, path: str) -> m.Facts:
        found = self._decoded.get(path)
        if found is None:
            found = self._decoded[path] = m.DECODER.decode(self.encoded[path])
        return found

    def __contains__(self, path: object) -> bool:
        return path in self.encoded

    def __iter__(self) -> Iterator[str]:
        return iter(self.encoded)

    def __len__(self) -> int:
        return len(self.encoded)
