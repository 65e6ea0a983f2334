"""The tree of a commit: what a checkout would hold, read from the object database alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from interlock.git import GitFolder, find_git
from interlock_checks.revision import NoSuchRevision, Revision
from interlock_checks.tree import WorkTree

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ("git", *identity, "-C", root, *arguments),
        check=True,
        capture_output=True,
        env=CLEAN,
        text=True,
    )
    return done.stdout.strip()


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"name = {path!r}\n")


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, "a.py", "shop/db.py", "shop/odd\nname.py", "server/app.py")
    (tmp_path / os.fsdecode(b"latin\xe4.py")).write_text("x\n")
    (tmp_path / "a.py").chmod(0o755)
    for name, target in {
        "same.py": "shop/db.py",
        "folder": "shop",
        "shop/up.py": "../folder/db.py",
        "top": ".",
        "out.py": "../elsewhere.py",
        "above.py": "../a.py",
        "absolute.py": str(tmp_path / "a.py"),
        "dangling.py": "nothing.py",
        "circle.py": "circle.py",
    }.items():
        (tmp_path / name).symlink_to(target)
    commit(tmp_path)
    return tmp_path


def revision(root: Path, name: str = "HEAD", folder: str = "") -> Revision:
    found = find_git(root)
    assert found is not None
    return Revision(found[0], name, folder)


def test_a_revision_holds_what_its_checkout_holds(root: Path) -> None:
    work = WorkTree(root)

    with revision(root) as tree:
        assert tree.entries() == work.entries()
        for entry in work.entries():
            if entry.mode == "file":
                assert tree.read(entry.path) == work.read(entry.path)
                assert tree.head(entry.path, 4) == work.head(entry.path, 4)


def test_links_lead_where_they_lead_in_a_checkout(root: Path) -> None:
    work = WorkTree(root)

    with revision(root) as tree:
        links = [entry.path for entry in work.entries() if entry.mode == "link"]
        # The one way to tell a checkout from its commit: where the checkout lies.
        links.remove("absolute.py")
        assert {path: tree.link_target(path) for path in links} == {
            path: work.link_target(path) for path in links
        }
        assert tree.link_target("absolute.py") is None
        assert tree.read("same.py") == tree.read("shop/up.py") == work.read("shop/db.py")
        for path in "out.py", "dangling.py", "circle.py", "folder", "shop", "nothing.py":
            with pytest.raises(OSError, match=path):
                tree.read(path)


def test_the_work_tree_and_the_index_have_no_say(root: Path) -> None:
    (root / "a.py").write_text("changed\n")
    (root / "new.py").write_text("new\n")
    git(root, "add", "new.py")
    git(root, "rm", "--quiet", "--cached", "server/app.py")

    with revision(root) as tree:
        assert tree.read("a.py") == b"name = 'a.py'\n"
        assert "new.py" not in [entry.path for entry in tree.entries()]
        assert tree.read("server/app.py")


def test_a_folder_is_a_tree_of_its_own(root: Path) -> None:
    with revision(root / "server", folder="server") as tree:
        assert [entry.path for entry in tree.entries()] == ["app.py"]
        assert tree.read("app.py") == b"name = 'server/app.py'\n"


def test_a_bare_repository_will_do(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    bare = tmp_path_factory.mktemp("bare")
    git(root, "clone", "--quiet", "--bare", str(root), str(bare / "shop.git"))

    with Revision(GitFolder(bare / "shop.git"), "main") as tree:
        assert tree.entries() == WorkTree(root).entries()


@pytest.mark.parametrize("name", ["nowhere", "f" * 40, "HEAD:a.py", "--all", "", "a\0b", "-q"])
def test_what_is_no_commit_is_refused(root: Path, name: str) -> None:
    with pytest.raises(NoSuchRevision):
        revision(root, name)


def test_a_replaced_object_is_not_followed(root: Path) -> None:
    before = git(root, "rev-parse", "HEAD")
    (root / "a.py").write_text("replaced\n")
    git(root, "replace", before, commit(root))

    with revision(root, before) as tree:
        assert tree.read("a.py") == b"name = 'a.py'\n"


def test_a_missing_object_is_an_error_and_the_rest_is_read(root: Path) -> None:
    oid = git(root, "rev-parse", "HEAD:shop/db.py")
    (root / ".git/objects" / oid[:2] / oid[2:]).unlink()

    with revision(root) as tree:
        with pytest.raises(OSError, match=r"shop/db\.py"):
            tree.read("shop/db.py")
        assert tree.read("a.py") == b"name = 'a.py'\n"


def test_a_submodule_is_another_repository(root: Path) -> None:
    write(root, "module/m.py")
    git(root / "module", "init", "--quiet")
    commit(root / "module")
    commit(root)

    with revision(root) as tree:
        assert [entry.path for entry in tree.entries() if entry.path.startswith("module")] == []


def test_a_repository_cannot_make_git_run_a_program(root: Path) -> None:
    spy = root / ".git/spy"
    spy.write_text(f"#!/bin/sh\ntouch {root}/ran\ncat\n")
    spy.chmod(0o755)
    (root / ".gitattributes").write_text("*.py filter=spy diff=spy\n")
    commit(root)
    for name in "core.fsmonitor", "core.pager", "core.sshCommand", "diff.spy.textconv":
        git(root, "config", name, str(spy))
    git(root, "config", "filter.spy.smudge", str(spy))
    git(root, "config", "extensions.partialClone", "origin")
    git(root, "config", "remote.origin.url", f"ext::{spy}")
    git(root, "config", "protocol.ext.allow", "always")
    oid = git(root, "rev-parse", "HEAD:a.py")
    (root / ".git/objects" / oid[:2] / oid[2:]).unlink()

    with revision(root) as tree:
        with pytest.raises(OSError, match=r"a\.py"):
            tree.read("a.py")
        assert tree.read("shop/db.py")
    assert not (root / "ran").exists()


def hand_made_tree(root: Path, lines: list[tuple[str, str, str]]) -> str:
    """A tree as git would not write it: entries of (mode, name, object)."""
    data = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, name, oid in lines
    )
    made = subprocess.run(
        ("git", "-C", root, "hash-object", "-w", "-t", "tree", "--literally", "--stdin"),
        input=data,
        check=True,
        capture_output=True,
        env=CLEAN,
    )
    return made.stdout.decode().strip()


def test_a_file_that_is_named_twice_is_unreadable(root: Path) -> None:
    one, two = git(root, "rev-parse", "HEAD:a.py"), git(root, "rev-parse", "HEAD:shop/db.py")
    tree = hand_made_tree(root, [("100644", "x.py", one), ("100644", "x.py", two)])
    made = git(root, "commit-tree", tree, "-m", "x")

    with revision(root, made) as found, pytest.raises(OSError, match=r"x\.py"):
        found.read("x.py")


def test_a_tree_that_multiplies_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlock_checks.revision._LONGEST_LISTING", 1_000_000)
    tree = git(root, "rev-parse", "HEAD^{tree}")
    for _ in range(12):
        tree = hand_made_tree(root, [("40000", f"d{n}", tree) for n in range(10)])
    made = git(root, "commit-tree", tree, "-m", "x")

    with pytest.raises(NoSuchRevision):
        revision(root, made)
