"""The commit that is checked out, and whether it is what would run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from interlock.git import GitFolder, find_git

__all__ = ["Commit", "commit_of"]


class Commit(NamedTuple):
    """HEAD, and whether the work tree is the same."""

    sha: str
    clean: bool


def commit_of(root: Path) -> Commit | None:
    """Return the commit of the repository around a folder; None where there is none yet."""
    found = find_git(root)
    if found is None:
        return None
    git, _ = found
    head = git.commit("HEAD")
    return None if head is None else Commit(head, _is_clean(git))


def _is_clean(git: GitFolder) -> bool:
    """Whether each file is as committed, and no other lies there that git is not told to ignore."""
    status = ("--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=dirty")
    others = ("--others", "-z", "--exclude-per-directory=.gitignore")
    return (
        git.ask("status", *status) == b""
        # Ignore rules of a clone alone do not count: nobody reviewed them.
        and git.ask("ls-files", *others) == b""
        and not _overlooked(git)
    )


def _overlooked(git: GitFolder) -> bool:
    """Whether the index says of a file that is there that it need not be looked at."""
    listing = git.ask("ls-files", "-v", "-z", most=1 << 26)
    if listing is None or git.work_tree is None:
        return True
    for entry in filter(None, listing.split(b"\0")):
        tag, path = entry[:1], entry[2:]
        # Lower case: assume-unchanged; S: skip-worktree, as in a sparse checkout.
        if tag.islower() or (
            tag == b"S" and os.path.lexists(os.fsencode(git.work_tree) + b"/" + path)
        ):
            return True
    return False
