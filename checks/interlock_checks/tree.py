"""Which files a source tree holds, and their bytes. Nothing here opens what is not a regular file.

The repository is hostile input: git runs with its hooks, monitors, pagers and fetches off, no link
is followed out of the root, and neither the user's configuration nor his ignore files decide.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from interlock.git import GitFolder

__all__ = ["CACHE_FILES", "CACHE_FOLDER", "Entry", "Tree", "WorkTree", "read_regular"]

CACHE_FOLDER = ".interlock_cache"
CACHE_FILES = frozenset({".gitignore", "CACHEDIR.TAG", "facts.bin", "result.bin"})

_UNLISTED = re.compile(rb"could not open directory '(.*?)/?'")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A file, or something else that stands under a name, such as a fifo: reading that fails.

    Attributes:
        path: From the root, with `/`. Bytes that are no UTF-8 are surrogates, as in `os.fsdecode`.
        executable: The owner's run bit; False for a link.
    """

    path: str
    mode: Literal["file", "link"]
    executable: bool


class Tree(Protocol):
    """A state of a repository: its working tree, or a revision."""

    def entries(self) -> list[Entry]:
        """List files and links, sorted by path; folders only where they could not be listed."""

    def read(self, path: str) -> bytes:
        """Read a file whole; raises OSError for all that is no regular file within the tree."""

    def head(self, path: str, size: int) -> bytes:
        """Read at most `size` bytes from the start of a file; raises OSError like `read`."""

    def link_target(self, path: str) -> str | None:
        """Resolve a link to a path from the root (`""` is the root itself); None outside of it."""


class WorkTree:
    """The files below a folder, as git would commit them, or all of them outside git."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self._prefix = os.fspath(self.root).rstrip(os.sep) + os.sep
        self._reached = {"": True}

    def entries(self) -> list[Entry]:
        """
        List what git tracks or would offer to add; every file where git cannot say that.

        Submodules and repositories within this one are listed by the same rule. Never listed:
        `.git`, and below a folder that is a link.
        """
        self._reached = {"": True}
        found: dict[str, Entry] = {}
        pending = [""]
        while pending:
            before = pending.pop()
            names, unlisted = _listed(self._prefix + before, before)
            for name in names:
                path = before + name.rstrip("/")
                if ".." in name and ".." in name.split("/"):
                    continue  # git writes no such index, but anybody else can
                if not self._is_reached(path.rpartition("/")[0]):
                    continue
                try:
                    mode = os.lstat(self._prefix + path).st_mode
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError:
                    mode = 0
                if stat.S_ISDIR(mode):
                    # Git names a folder where another repository begins, the walk never does.
                    pending.append(f"{path}/")
                elif stat.S_ISLNK(mode):
                    found[path] = Entry(path, "link", False)
                else:
                    executable = stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR)
                    found[path] = Entry(path, "file", executable)
            for name in unlisted:
                path = (before + name).rstrip("/") or "."
                found[path] = Entry(path, "file", False)
        return [found[path] for path in sorted(found)]

    def read(self, path: str) -> bytes:
        """Read a file, through links that stay below the root; raises OSError."""
        return self._read(path, None)

    def head(self, path: str, size: int) -> bytes:
        """Read the first bytes of a file, through links that stay below the root."""
        return self._read(path, size)

    def link_target(self, path: str) -> str | None:
        """Resolve a link; None if it leaves the root, dangles or goes in circles."""
        try:
            real = os.path.realpath(self._prefix + path, strict=True)
        except (OSError, ValueError):
            return None
        if real + os.sep == self._prefix:
            return ""
        if not real.startswith(self._prefix):
            return None
        return real[len(self._prefix) :].replace(os.sep, "/")

    def _read(self, path: str, size: int | None) -> bytes:
        if self._is_reached(path.rpartition("/")[0]):
            try:
                return read_regular(self._prefix + path, size)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.EMLINK):
                    raise
        target = self.link_target(path)
        if target is None:
            raise OSError(errno.ELOOP, "a link that leads out of the repository or nowhere", path)
        return read_regular(self._prefix + target, size)

    def _is_reached(self, folder: str) -> bool:
        """Say whether a folder is one, reached without passing through a link."""
        known = self._reached
        unknown = []
        while folder not in known:
            unknown.append(folder)
            folder = folder.rpartition("/")[0]
        for below in reversed(unknown):
            reached = known[folder] and below.rpartition("/")[2] not in (".", "..")
            if reached:
                try:
                    reached = stat.S_ISDIR(os.lstat(self._prefix + below).st_mode)
                except OSError as error:
                    # Below a folder that may not be entered, reading fails and is reported.
                    reached = error.errno == errno.EACCES
            known[below] = reached
            folder = below
        return known[folder]


def read_regular(path: str, size: int | None = None) -> bytes:
    """
    Read a regular file that is no link, and never wait for one that is something else.

    Args:
        size: At most so many bytes; None for all.

    Raises:
        OSError: Also for a link (ELOOP), a folder, a fifo, a device or a socket.
    """
    if "\0" in path:
        raise OSError(errno.EINVAL, "a name with a null character", path)
    if not hasattr(os, "O_NOFOLLOW") and Path(path).is_symlink():
        raise OSError(errno.ELOOP, "a link", path)
    flags = (
        os.O_RDONLY
        | getattr(os, "O_NOFOLLOW", 0)
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_CLOEXEC", 0)
        | getattr(os, "O_BINARY", 0)
    )
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        wanted = status.st_size + 1 if size is None else size
        data = os.read(descriptor, wanted)
        if size is not None or len(data) == status.st_size:
            return data
        parts = [data]
        while data:
            data = os.read(descriptor, 1 << 20)
            parts.append(data)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _listed(folder: str, before: str) -> tuple[list[str], list[str]]:
    """List one repository; `before` is where it lies below the root, `""` for the root itself."""
    answer = _git_files(folder.rstrip("/") or "/", look_above=not before)
    if answer is not None:
        return answer
    unlisted: list[str] = []
    return list(_every_file(folder, before, unlisted)), unlisted


def _git_files(folder: str, look_above: bool) -> tuple[list[str], list[str]] | None:
    """
    Ask git for the files of one repository.

    Git's folder is named outright, so neither its owner nor `core.worktree` has a say: the same
    files are found by every user and in every container.

    Returns:
        Paths from the folder, and folders that git could not open; None if git cannot say.
    """
    above = (Path(folder), *(Path(folder).parents if look_above else ()))
    top = next((place for place in above if os.path.lexists(place / ".git")), None)
    if top is None:
        return None
    git = GitFolder(top / ".git", work_tree=top)
    here = Path(folder)
    try:
        # A folder that an outer repository ignores is no part of it, whatever it holds.
        if top != here:
            ignored = git.run("check-ignore", "-q", "--no-index", ".", folder=here)
            if ignored.returncode != 1:
                return None
        wanted = ("-z", "--cached", "--others", "--exclude-per-directory=.gitignore")
        listing = git.run("ls-files", *wanted, folder=here)
    except OSError:
        return None
    if listing.returncode != 0:
        return None
    unlisted = [os.fsdecode(name) for name in _UNLISTED.findall(listing.stderr)]
    return [os.fsdecode(name) for name in listing.stdout.split(b"\0") if name], unlisted


def _every_file(root: str, before: str, unlisted: list[str]) -> Iterator[str]:
    """List all below a folder but `.git` and our own cache; links are listed, never followed."""
    pending = [(root, "")]
    while pending:
        folder, prefix = pending.pop()
        ours = before + prefix == f"{CACHE_FOLDER}/"
        try:
            with os.scandir(folder) as items:
                for item in items:
                    if item.name == ".git" or (ours and item.name in CACHE_FILES):
                        continue
                    if item.is_dir(follow_symlinks=False):
                        pending.append((item.path, f"{prefix}{item.name}/"))
                    else:
                        yield prefix + item.name
        except OSError:
            unlisted.append(prefix.rstrip("/"))
