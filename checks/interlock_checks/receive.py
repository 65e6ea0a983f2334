"""What is pushed to a server, proved from the object database before any branch takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from interlock.contract import ContractError
from interlock.git import QUARANTINE, GitFolder
from interlock_checks.cache import Cache
from interlock_checks.report.text import render
from interlock_checks.revision import NoSuchRevision, Revision
from interlock_checks.run import check_tree
from interlock_checks.weakening.compare import compare

__all__ = ["check_push"]

_BRANCHES = "refs/heads/"
_WIDTH = 92
"""Columns of a report: git puts `remote: ` before each line of it."""


@dataclass(frozen=True, slots=True)
class _Update:
    """A branch that is to move; `old` is None where it is new."""

    ref: str
    old: str | None
    new: str


class _Refused(Exception):
    """Something that cannot be looked at, and so cannot be let in."""


def check_push(git_folder: Path, lines: Sequence[bytes], folder: str, out: TextIO) -> int:
    """
    Check each branch of a push against the one it was, and tell the client what was found.

    Args:
        git_folder: Git's own folder on the server.
        lines: As git gives them to a `pre-receive` hook: `OLD NEW REF`.
        folder: The folder of the contract from the top of the repository; `""` for the top.
        out: Where the client reads it.

    Returns:
        0 everything is proved, 1 findings, 2 something could not be looked at.
    """
    git = GitFolder(git_folder.resolve(), keep=QUARANTINE)
    status = 0
    try:
        for update in _updates(lines):
            status = max(status, _check(git, update, folder, out))
    except _Refused as error:
        _say(out, f"error: {error}")
        return 2
    return status


def _updates(lines: Sequence[bytes]) -> Iterator[_Update]:
    for line in lines:
        words = line.decode("utf-8", "backslashreplace").split(" ", 2)
        if len(words) != 3:
            raise _Refused("what git hands to a pre-receive hook was expected on standard input")
        old, new, ref = words
        # Tags and notes are not what is deployed from; a branch that goes leaves nothing behind.
        if ref.startswith(_BRANCHES) and new.strip("0"):
            yield _Update(ref, old if old.strip("0") else None, new)


def _check(git: GitFolder, update: _Update, folder: str, out: TextIO) -> int:
    branch = update.ref.removeprefix(_BRANCHES)
    try:
        with Revision(git, update.new, folder) as tree:
            base = _base(git, update, tree, folder)
            report = check_tree(tree, Cache.none(), None, [] if base is None else [base])
            if report.findings:
                _say(out, render(report, tree.read, colour=False, width=_WIDTH))
                _say(
                    out,
                    f"interlock: {branch} stays as it is, because {update.new[:12]} is not proved",
                )
                return 1
    except NoSuchRevision as error:
        raise _Refused(f"{branch}: there is no commit {error} to be looked at") from error
    except ContractError as error:
        raise _Refused(f"{branch}: {error}") from error
    _say(out, f"interlock: {branch} is proved at {update.new[:12]}")
    return 0


def _base(git: GitFolder, update: _Update, tree: Revision, folder: str) -> Revision | None:
    """
    The revision that a branch is held against; None for the first branch of a repository.

    The default branch is held against what it was. Another branch may bring in what the default
    branch has taken meanwhile, so it has to hold against one of two: what it was, or where it
    parted from the default branch. Both have passed this hook.
    """
    default = (git.ask("symbolic-ref", "HEAD") or b"").decode("utf-8", "replace").strip()
    names = [] if update.old is None else [update.old]
    tip = None if update.ref == default else git.commit(default)
    if tip is not None:
        names.append(git.merge_base(tip, update.new) or tip)
    candidates = [Revision(git, name, folder) for name in dict.fromkeys(names)]
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    return min(candidates, key=lambda base: len(compare(base, tree)[0]))


def _say(out: TextIO, text: str) -> None:
    encoding = getattr(out, "encoding", None) or "utf-8"
    out.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    out.flush()
