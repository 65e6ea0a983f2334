"""The working tree: git's own ignore rules, and nothing opened that is not a regular file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from interlock_checks.tree import CACHE_FOLDER, WorkTree, read_regular

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    subprocess.run(
        ("git", *identity, "-C", root, *arguments), check=True, capture_output=True, env=CLEAN
    )


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x = 1\n")


def listed(root: Path) -> list[str]:
    return [entry.path for entry in WorkTree(root).entries()]


def test_ignored_files_are_left_out_unless_they_are_tracked(tmp_path: Path) -> None:
    git(tmp_path, "init")
    write(tmp_path, "a.py", "build/kept.py", "build/made.py", "new.py", "gone.py")
    (tmp_path / ".gitignore").write_text("build/\n")
    git(tmp_path, "add", "-f", "a.py", "build/kept.py", "gone.py")
    (tmp_path / "gone.py").unlink()

    assert listed(tmp_path) == [".gitignore", "a.py", "build/kept.py", "new.py"]


def test_neither_the_users_ignore_files_nor_the_environment_hide_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, home = tmp_path / "root", tmp_path / "home"
    root.mkdir()
    git(root, "init")
    write(root, "a.py", "b.py", "C.py")
    (root / ".gitignore").write_text("c.py\n")
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\nexcludesFile = {home}/ignore\n")
    (home / "ignore").write_text("*.py\n")
    (root / ".git" / "info" / "exclude").write_text("*.py\n")
    git(root, "config", "core.excludesFile", str(home / "ignore"))
    git(root, "config", "core.ignoreCase", "true")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.excludesFile")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(home / "ignore"))

    assert listed(root) == [".gitignore", "C.py", "a.py", "b.py"]


def test_a_repository_cannot_make_git_run_a_program(tmp_path: Path) -> None:
    git(tmp_path, "init")
    write(tmp_path, "a.py")
    git(tmp_path, "add", ".")
    spy = tmp_path / ".git" / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    spy.chmod(0o755)
    (tmp_path / ".git" / "hooks").mkdir(exist_ok=True)
    (tmp_path / ".git" / "hooks" / "post-index-change").symlink_to(spy)
    for name in "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor":
        git(tmp_path, "config", name, str(spy))
    # The trap works: git without our options steps into it.
    subprocess.run(("git", "-C", tmp_path, "status"), capture_output=True, env=CLEAN)
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()

    assert listed(tmp_path) == ["a.py"]
    assert not (tmp_path / "ran").exists()


def test_a_worktree_configured_elsewhere_hides_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init")
    write(root, "a.py")
    (tmp_path / ".gitignore").write_text("*\n")
    git(root, "config", "core.worktree", str(tmp_path))

    assert listed(root) == ["a.py"]


def test_every_file_counts_outside_git(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b/c.py", ".hidden/d.py", ".git-like/e.py")
    (tmp_path / ".gitignore").write_text("*\n")

    assert listed(tmp_path) == [".git-like/e.py", ".gitignore", ".hidden/d.py", "a.py", "b/c.py"]


def test_every_file_counts_when_git_is_missing_or_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init")
    write(tmp_path, "a.py", "b.py")
    (tmp_path / ".gitignore").write_text("b.py\n")
    assert listed(tmp_path) == [".gitignore", "a.py"]

    monkeypatch.setenv("PATH", "")
    assert listed(tmp_path) == [".gitignore", "a.py", "b.py"]
    monkeypatch.undo()
    (tmp_path / ".git" / "HEAD").write_text("nonsense")
    assert listed(tmp_path) == [".gitignore", "a.py", "b.py"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to give away")
def test_a_repository_of_another_owner_is_listed_by_the_same_rule(tmp_path: Path) -> None:
    git(tmp_path, "init")
    write(tmp_path, "a.py", "b.py")
    (tmp_path / ".gitignore").write_text("b.py\n")
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 12345, 12345)

    assert listed(tmp_path) == [".gitignore", "a.py"]


def test_repositories_within_are_listed_by_their_own_rules(tmp_path: Path) -> None:
    git(tmp_path, "init")
    write(tmp_path, "a.py", "nested/n.py", "nested/ignored.py", "module/m.py", "empty/e.py")
    for inner in "nested", "module":
        git(tmp_path / inner, "init")
        git(tmp_path / inner, "add", ".")
        git(tmp_path / inner, "commit", "-m", "x")
    (tmp_path / "nested" / ".gitignore").write_text("new.py\n")
    write(tmp_path, "nested/new.py")
    git(tmp_path, "add", "module")  # a gitlink, as of a submodule
    (tmp_path / "module" / ".git").rename(tmp_path / "gone")
    for path in sorted((tmp_path / "gone").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tmp_path / "gone").rmdir()
    write(tmp_path, "module/untracked.py")

    assert listed(tmp_path) == [
        *("a.py", "empty/e.py", "module/m.py", "module/untracked.py"),
        *("nested/.gitignore", "nested/ignored.py", "nested/n.py"),
    ]


def test_a_folder_within_a_repository_keeps_the_rules_above(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / ".gitignore").write_text("*.tmp.py\nvendored/\n")
    write(tmp_path, "server/a.py", "server/b.tmp.py", "vendored/project/c.py")

    assert listed(tmp_path / "server") == ["a.py"]
    assert listed(tmp_path / "vendored" / "project") == ["c.py"]


def test_names_are_taken_literally(tmp_path: Path) -> None:
    git(tmp_path, "init")
    names = ["new\nline.py", 'quo"te.py', "-c.py", "ünïcode.py", "a b.py", ":(top)x.py"]
    write(tmp_path, *names)
    odd = os.fsdecode(b"latin\xe4.py")
    (tmp_path / odd).write_text("x\n")

    tree = WorkTree(tmp_path)

    assert {entry.path for entry in tree.entries()} == {*names, odd}
    assert tree.read(odd) == b"x\n"


@pytest.mark.parametrize("in_git", [True, False])
def test_what_is_no_regular_file_is_listed_and_never_opened(tmp_path: Path, in_git: bool) -> None:
    if in_git:
        git(tmp_path, "init")
        write(tmp_path, "pipe.py")
        git(tmp_path, "add", ".")
        (tmp_path / "pipe.py").unlink()
    os.mkfifo(tmp_path / "pipe.py")
    tree = WorkTree(tmp_path)

    assert [entry.path for entry in tree.entries()] == ["pipe.py"]
    with pytest.raises(OSError, match="not a regular file"):
        tree.read("pipe.py")
    with pytest.raises(OSError, match="not a regular file"):
        tree.head("pipe.py", 10)


@pytest.mark.parametrize("in_git", [True, False])
def test_links_are_resolved_and_never_left_the_root_by(tmp_path: Path, in_git: bool) -> None:
    root = tmp_path / "root"
    root.mkdir()
    write(tmp_path, "secret.py", "outside/o.py")
    write(root, "pkg/m.py")
    links = {
        "inside.py": "pkg/m.py",
        "folder": "pkg",
        "whole": ".",
        "out.py": "../secret.py",
        "outdir": "../outside",
        "absolute.py": str(root / "pkg" / "m.py"),
        "dangling.py": "nowhere.py",
        "loop.py": "loop.py",
        "ping": "pong",
        "pong": "ping",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    if in_git:
        git(root, "init")
    tree = WorkTree(root)

    found = {entry.path: entry.mode for entry in tree.entries()}
    targets = {name: tree.link_target(name) for name in links}

    assert found == {**dict.fromkeys(links, "link"), "pkg/m.py": "file"}
    assert targets == {
        **dict.fromkeys(links, None),
        **{"inside.py": "pkg/m.py", "absolute.py": "pkg/m.py", "folder": "pkg", "whole": ""},
    }
    assert tree.read("inside.py") == tree.read("folder/m.py") == b"x = 1\n"
    assert tree.read("whole/whole/pkg/m.py") == b"x = 1\n"
    for path in "out.py", "outdir/o.py", "dangling.py", "loop.py", "../secret.py", "ping/x":
        with pytest.raises(OSError, match="leads out"):
            tree.read(path)


def test_a_tracked_folder_that_became_a_link_is_not_read_through(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init")
    write(root, "pkg/m.py")
    write(tmp_path, "other/m.py")
    git(root, "add", ".")
    (root / "pkg" / "m.py").unlink()
    (root / "pkg").rmdir()
    (root / "pkg").symlink_to("../other")

    assert listed(root) == ["pkg"]


def test_our_own_cache_is_not_part_of_the_tree_but_a_strangers_file_in_it_is(
    tmp_path: Path,
) -> None:
    write(tmp_path, "a.py", *(f"{CACHE_FOLDER}/{name}" for name in ("facts.bin", "hidden.py")))

    assert listed(tmp_path) == [f"{CACHE_FOLDER}/hidden.py", "a.py"]


def test_very_deep_folders_are_listed(tmp_path: Path) -> None:
    git(tmp_path, "init")
    depth = 1200
    folders = [os.open(tmp_path, os.O_RDONLY)]
    for _ in range(depth):
        os.mkdir("d", dir_fd=folders[-1])
        folders.append(os.open("d", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folders[-1]))
        if len(folders) > 2:
            os.close(folders.pop(-2))
    os.close(os.open("m.py", os.O_CREAT | os.O_WRONLY, dir_fd=folders[-1]))
    try:
        found = listed(tmp_path)
    finally:
        for folder in folders:
            os.close(folder)
        # Pytest's own cleanup would run out of stack.
        subprocess.run(("rm", "-rf", tmp_path / "d"), check=True)

    assert found == ["/".join(["d"] * depth) + "/m.py"]


def test_the_run_bit_is_known(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py")
    (tmp_path / "a.py").chmod(0o755)

    assert [entry.executable for entry in WorkTree(tmp_path).entries()] == [True, False]


def test_a_file_is_read_whole_or_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"0123456789" * 1000)

    assert read_regular(str(path)) == b"0123456789" * 1000
    assert read_regular(str(path), 5) == b"01234"
    with pytest.raises(OSError, match="null character"):
        read_regular("a\0b")
