"""The tree of a commit, straight from the object database: no work tree, no index, no checkout."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from types import TracebackType

from interlock.git import GitFolder
from interlock_checks.tree import Entry

__all__ = ["NoSuchRevision", "Revision"]

_LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read; a larger one is reported as unreadable."""

_LONGEST_LISTING = 256 * 1024 * 1024
"""Bytes of a list of files; a tree can hold itself many times over, and grow beyond any memory."""

_TWICE = b"0" * 40  # no object has this name
_LONGEST_LINK = 4096  # bytes of a path that Linux follows
_MOST_LINKS = 40  # links in a row that Linux follows


class NoSuchRevision(Exception):
    """The revision names no commit of this repository."""


class Revision:
    """
    The files of a commit below a folder, read through one process of git.

    Submodules are other repositories: their files are not here, and are not listed.
    """

    def __init__(self, git: GitFolder, revision: str, folder: str = "") -> None:
        """
        Args:
            revision: Anything that git takes for a commit.
            folder: From the top of the repository, with `/`; `""` for all of it.

        Raises:
            NoSuchRevision: There is no such commit, or its tree is not there.
        """
        commit = git.commit(revision)
        if commit is None:
            raise NoSuchRevision(revision)
        self.commit = commit
        self._git = git
        self._files: dict[str, tuple[Entry, bytes]] = {}
        self._folders = {""}
        # The index is not asked, so attributes and sparse checkouts have no say.
        listing = git.ask("ls-tree", "-r", "-z", "--full-tree", commit, most=_LONGEST_LISTING)
        if listing is None:
            raise NoSuchRevision(revision)
        prefix = f"{folder}/" if folder else ""
        for line in listing.split(b"\0"):
            head, _, name = line.partition(b"\t")
            path = os.fsdecode(name)
            if not name or not path.startswith(prefix):
                continue
            mode, kind, oid = head.split()
            if kind != b"blob":
                continue
            path = path.removeprefix(prefix)
            is_link = mode == b"120000"
            entry = Entry(path, "link" if is_link else "file", mode == b"100755")
            if path in self._files:
                # No git writes a tree that names a file twice; what a checkout takes is open.
                oid = _TWICE
            self._files[path] = entry, oid
            above = path.rpartition("/")[0]
            while above not in self._folders:
                self._folders.add(above)
                above = above.rpartition("/")[0]
        self._process: subprocess.Popen[bytes] | None = None
        self._last: tuple[bytes, bytes] = b"", b""
        self._lock = threading.Lock()

    def __enter__(self) -> Revision:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process of git; reading starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def entries(self) -> list[Entry]:
        """List files and links, sorted by path."""
        return [self._files[path][0] for path in sorted(self._files)]

    def read(self, path: str) -> bytes:
        """Read a file, through links that stay below the root; raises OSError."""
        found = self._files.get(path)
        if found is None or found[0].mode == "link":
            target = None if found is None else self.link_target(path)
            found = None if target is None else self._files.get(target)
            if found is None:
                code = errno.ELOOP if path in self._files else errno.ENOENT
                if (path if target is None else target) in self._folders:
                    code = errno.EISDIR
                raise OSError(code, os.strerror(code), path)
        return self._blob(found[1], _LARGEST, path)

    def head(self, path: str, size: int) -> bytes:
        """Read the first bytes of a file, through links that stay below the root."""
        return self.read(path)[:size]

    def link_target(self, path: str) -> str | None:
        """Resolve a link; None if it leaves the root, dangles or goes in circles."""
        pending = path.split("/")[::-1]
        here: list[str] = []
        links = 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not here:
                    return None
                here.pop()
                continue
            place = "/".join([*here, part])
            found = self._files.get(place)
            if found is not None and found[0].mode == "link":
                links += 1
                try:
                    target = os.fsdecode(self._blob(found[1], _LONGEST_LINK, place))
                except OSError:
                    return None
                if links > _MOST_LINKS or target.startswith("/") or not target:
                    return None
                pending += target.split("/")[::-1]
                continue
            if place not in self._folders and (found is None or pending):
                return None
            here.append(part)
        return "/".join(here)

    def _blob(self, oid: bytes, largest: int, path: str) -> bytes:
        with self._lock:
            if self._last[0] == oid:
                return self._last[1]
            process = self._process
            if process is None:
                process = self._process = self._git.start("cat-file", "--batch")
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(oid + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline().split()
                if len(answer) != 3 or answer[1] != b"blob":
                    # git ends, or has said that the object is missing: there is nothing to skip.
                    if not answer or answer[-1] != b"missing":
                        self.close()
                    raise OSError(errno.EIO, "the object is missing from the repository", path)
                size = int(answer[2])
                if size > largest:
                    self.close()
                    raise OSError(errno.EFBIG, "larger than any source file", path)
                data = process.stdout.read(size)
                if len(data) != size or process.stdout.read(1) != b"\n":
                    self.close()
                    raise OSError(errno.EIO, "the object is damaged", path)
            except BrokenPipeError as error:
                self.close()
                raise OSError(errno.EIO, "git has ended", path) from error
            self._last = oid, data
            return data
