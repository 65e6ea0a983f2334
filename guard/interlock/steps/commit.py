"""The commit that is checked out, asked of git without letting the repository start anything."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Commit", "commit_of"]


class Commit(NamedTuple):
    """HEAD, and whether the work tree is the same."""

    sha: str
    clean: bool


_SAFE = (
    "git",
    "--no-pager",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", f"core.excludesFile={os.devnull}"),
)


def commit_of(root: Path) -> Commit | None:
    """Return the commit of the repository around a folder; None where there is none yet."""
    root = root.resolve()
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if top is None:
        return None
    head = _git(top, {}, "rev-parse", "--verify", "HEAD")
    if head is None:
        return None
    # A filter is a command of the repository's own configuration, and status would start it.
    names = _git(top, {}, "config", "-z", "--name-only", "--get-regexp", r"^filter\.") or b""
    off: dict[str, str] = {}
    filters = [os.fsdecode(name) for name in names.split(b"\0") if name]
    for number, name in enumerate(filters):
        off[f"GIT_CONFIG_KEY_{number}"] = name
        off[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith(".required") else ""
    off["GIT_CONFIG_COUNT"] = str(len(filters))
    state = _git(top, off, "status", "--porcelain", "-z", "--ignore-submodules=dirty")
    return Commit(head.decode("ascii").strip(), state == b"")


def _git(top: Path, more: Mapping[str, str], *arguments: str) -> bytes | None:
    environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("GIT_")}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    # Git's folder is named outright, so it does not matter who owns it, as in a container.
    place = (f"--git-dir={top / '.git'}", f"--work-tree={top}")
    try:
        answer = subprocess.run(
            (*_SAFE, *place, *arguments),
            cwd=top,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env={**environment, **more},
        )
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None
