"""Git is asked about a hostile repository, and answers for the files themselves."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.git import GitFolder, find_git
from interlock.steps.commit import commit_of

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{
        f"GIT_{who}_{what}": "a@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def git(root: Path, *words: str) -> str:
    command = ("git", "-C", str(root), *words)
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "--quiet", "--template=")
    (root / ".gitignore").write_text("*.log\n")
    (root / "deploy.py").write_text("one\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    return root


def asked(root: Path) -> GitFolder:
    found = find_git(root)
    assert found is not None
    return found[0]


def test_a_commit_is_named_and_ignored_files_are_no_part_of_it(root: Path) -> None:
    (root / "x.log").write_text("")
    (root / "deploy.py").touch()

    assert commit_of(root) == (git(root, "rev-parse", "HEAD"), True)
    assert commit_of(root.parent) is None


def _changed(root: Path) -> None:
    (root / "deploy.py").write_text("two\n")


def _added(root: Path) -> None:
    (root / "new.py").write_text("")


def _not_looked_at(root: Path) -> None:
    git(root, "update-index", "--assume-unchanged", "deploy.py")
    _changed(root)


def _left_out(root: Path) -> None:
    git(root, "config", "core.sparseCheckout", "true")
    git(root, "config", "sparse.expectFilesOutsideOfPatterns", "true")
    git(root, "update-index", "--skip-worktree", "deploy.py")
    _changed(root)


def _excluded(root: Path) -> None:
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/exclude").write_text("*\n")
    _added(root)


def _not_shown(root: Path) -> None:
    git(root, "config", "status.showUntrackedFiles", "no")
    _added(root)


def _old(root: Path) -> None:
    """The same size and the same time of change, as `touch -r` gives it."""
    file = root / "deploy.py"
    before = file.stat()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns - 10**10))
    git(root, "update-index", "--refresh")
    time.sleep(1.1)  # git counts a change of the file's own record in whole seconds
    before = file.stat()
    git(root, "config", "core.trustctime", "false")
    git(root, "config", "core.checkStat", "minimal")
    _changed(root)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(root: Path) -> None:
    oid = git(root, "rev-parse", "HEAD")
    _changed(root)
    git(root, "add", "deploy.py")
    tree = git(root, "write-tree")
    git(root, "replace", oid, git(root, "commit-tree", tree, "-m", "y"))


@pytest.mark.parametrize(
    "change",
    [_changed, _added, _not_looked_at, _left_out, _excluded, _not_shown, _old, _replaced],
    ids=lambda change: change.__name__,
)
def test_no_setting_hides_that_the_files_differ(change: Callable[[Path], None], root: Path) -> None:
    change(root)

    found = commit_of(root)
    assert found is not None and not found.clean


def test_a_question_starts_no_program_of_the_repository(root: Path) -> None:
    spy = root / ".git/hooks/post-index-change"
    spy.parent.mkdir(exist_ok=True)
    spy.write_text(f"#!/bin/sh\ntouch {root.parent}/ran\ncat\n")
    spy.chmod(0o755)
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/attributes").write_text("*.py filter=spy\n")
    for name in "core.fsmonitor", "core.pager", "filter.spy.clean", "filter.spy.process":
        git(root, "config", name, str(spy))
    (root / "deploy.py").touch()

    found = commit_of(root)
    asked(root).run("status")

    assert found is not None
    assert not (root.parent / "ran").exists()


def test_a_command_that_hooks_may_guard_is_not_asked(root: Path) -> None:
    with pytest.raises(KeyError):
        asked(root).ask("commit", "--allow-empty", "--message", "x")
