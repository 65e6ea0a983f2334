"""Which files are read as code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from interlock_checks.discover import discover, runs_python
from interlock_checks.tree import WorkTree

PYTHON_HEADS = [
    b"#!/usr/bin/python3\n",
    b"#!/usr/bin/env python\n",
    b"#! /usr/bin/env python3.12\n",
    b"#!/usr/bin/env -S python3 -u\n",
    b"#!/usr/bin/env -Spython3 -u\n",
    b"#!/usr/bin/env -S X=1 python3\n",
    b"#!/usr/bin/env PYTHONPATH=. python3\r\n",
    b"#!/usr/bin/env -S uv run --script\n",
    b"#!/usr/bin/env -S uv run -s\n",
    b"#!/usr/bin/env -S uv run python\n",
    b"#!/usr/bin/env -S pipx run\n",
    b"#!/opt/pypy/bin/pypy3\n",
    b"#!/usr/bin/env ipython\n",
    b"#!python",
    b"\xef\xbb\xbf#!/usr/bin/python\n",
    b"#!/bin/sh\n'''exec' /very/long/python \"$0\" \"$@\"\n' '''\n",
    b'#!/bin/sh\n""":"\nexec python3 $0\n"""\n',
    b'#!/bin/sh\n"""exec" "python3" "$0" """\n',
    b"#!/usr/bin/env nix-shell\n#! nix-shell -i python3 -p python3\n",
    b"# -*- mode: python -*-\n",
    b"#!/usr/bin/env buildtool\n# vim: set ft=python :\n",
]
OTHER_HEADS = [
    b"",
    b"#!/bin/sh\nexec python -m shop\n",
    b"#!/bin/bash\necho python\n",
    b"#!/usr/bin/env bash\n",
    b"#!/usr/bin/env -S uv run alembic\n",
    b"#!/usr/bin/perl -w # no python\n",
    b"python\n",
    b"import os\n",
    b"\x7fELF",
    b"# a comment on python\n",
]


@pytest.mark.parametrize("head", PYTHON_HEADS)
def test_a_script_is_known_by_its_first_lines(head: bytes) -> None:
    assert runs_python(head)


@pytest.mark.parametrize("head", OTHER_HEADS)
def test_other_programs_are_no_python(head: bytes) -> None:
    assert not runs_python(head)


def test_kinds_go_by_suffix_and_name(tmp_path: Path) -> None:
    kinds = {
        "a.py": ("python", False),
        "b.PYW": ("python", False),
        "c.ipynb": ("notebook", False),
        "d.pth": ("pth", False),
        "e.wsgi": ("python", False),
        "SConstruct": ("python", False),
        "f.py.j2": ("python", True),
        "g.py-tpl": ("python", True),
        "h.ipynb.tmpl": ("notebook", True),
    }
    others = ["a.pyi", "README.md", "x.json", "y.tar.gz", "script.py.mako", "t.json.j2", "noext"]
    for name in (*kinds, *others):
        (tmp_path / name).write_text("x")

    found = {source.path: (source.kind, source.template) for source in discover(WorkTree(tmp_path))}

    assert found == kinds


def test_a_shebang_counts_in_any_file_that_can_be_run(tmp_path: Path) -> None:
    for name in "tool", "tool.weird", "notes.md", "notes.txt":
        (tmp_path / name).write_text("#!/usr/bin/env python3\n")
    (tmp_path / "notes.txt").chmod(0o755)

    found = [source.path for source in discover(WorkTree(tmp_path))]

    assert found == ["notes.txt", "tool", "tool.weird"]


def test_what_cannot_be_read_is_a_problem_and_no_silence(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "away.py").write_text("x")
    os.mkfifo(root / "pipe.py")
    os.mkfifo(root / "pipe")
    (root / "away.py").symlink_to("../away.py")
    (root / "dangling.py").symlink_to("nowhere")
    (root / "dangling").symlink_to("nowhere")
    (root / ".#locked.py").symlink_to("me@host.123")
    (root / "compiled.pyc").write_bytes(b"x")
    (root / "both.pyc").write_bytes(b"x")
    (root / "both.py").write_bytes(b"x")
    (root / "__pycache__").mkdir()
    (root / "__pycache__" / "c.cpython-311.pyc").write_bytes(b"x")

    found = {source.path: source.problem for source in discover(WorkTree(root))}

    assert found == {
        "both.py": None,
        "pipe.py": "it is not a regular file",
        "away.py": "it is a link that leads out of the repository or nowhere",
        "dangling.py": "it is a link that leads out of the repository or nowhere",
        "compiled.pyc": "it is compiled, and its source is not there",
    }


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_or_folder_without_permission_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "a.py").chmod(0)
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0)

    found = discover(WorkTree(tmp_path))
    (tmp_path / "closed").chmod(0o755)

    assert [source.path for source in found if source.problem] == ["a.py", "closed"]


def test_a_link_to_a_source_is_no_second_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "data.txt").write_text("y = 1\n")
    (tmp_path / "other.py").symlink_to("a.py")
    (tmp_path / "tool").symlink_to("a.py")
    (tmp_path / "code.py").symlink_to("data.txt")
    (tmp_path / "nb.ipynb").symlink_to("a.py")

    found = {source.path: source.data for source in discover(WorkTree(tmp_path))}

    assert found == {"a.py": b"x = 1\n", "code.py": b"y = 1\n", "nb.ipynb": b"x = 1\n"}


def test_the_digest_depends_on_bytes_kind_and_template_only(tmp_path: Path) -> None:
    for name in "a.py", "b.py", "c.ipynb", "d.py.j2", "e.pth":
        (tmp_path / name).write_text("x")
    (tmp_path / "f.py").write_text("y")

    digests = {source.path: source.digest for source in discover(WorkTree(tmp_path))}

    assert digests["a.py"] == digests["b.py"]
    assert len(set(digests.values())) == 5
