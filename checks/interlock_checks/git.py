"""How git is started in a repository that is hostile input.

Hooks, monitors, pagers, filters and fetches are off, replaced objects are not followed, and no
configuration but the repository's own is read. Git's folder is named outright, so it does not
matter who owns it, as in a container.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["QUARANTINE", "SAFE_GIT", "GitFolder", "clean_environment", "find_git"]

# Only commands that run no hook are asked; whose hooks there are does not matter.
SAFE_GIT = (
    "git",
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.excludesFile={os.devnull}"),
    *("-c", "core.untrackedCache=false"),
    *("-c", "core.ignoreCase=false"),
    *("-c", "core.commitGraph=false"),
    *("-c", "protocol.allow=never"),
)

QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
"""Where git keeps what is being pushed, until a hook has let it pass; see git-receive-pack(1)."""


def clean_environment(keep: tuple[str, ...] = ()) -> dict[str, str]:
    """The variables of this process without those that steer git, but for the ones to keep."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in keep or not name.upper().startswith("GIT_")
    }
    return environment | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


@dataclass(frozen=True, slots=True)
class GitFolder:
    """
    A repository by its object database.

    Attributes:
        path: Git's own folder: `.git`, or the bare repository itself.
        keep: Variables of git that count, such as `QUARANTINE` within a hook of the server.
    """

    path: Path
    keep: tuple[str, ...] = ()
    _environment: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_environment", clean_environment(self.keep))

    def command(self, *arguments: str) -> tuple[str, ...]:
        return (*SAFE_GIT, f"--git-dir={self.path}", *arguments)

    def ask(self, *arguments: str, most: int = 1 << 20) -> bytes | None:
        """What a command of git prints; None where it fails, prints more, or there is no git."""
        try:
            with subprocess.Popen(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            ) as process:
                assert process.stdout is not None
                answer = process.stdout.read(most + 1)
                if len(answer) > most:
                    process.kill()
        except (OSError, ValueError):
            return None
        return answer if process.returncode == 0 and len(answer) <= most else None

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """
        A command of git that is talked to.

        Raises:
            OSError: There is no git.
        """
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
        )

    def commit(self, revision: str) -> str | None:
        """The full name of the commit that a revision means; None where there is none."""
        found = self.ask(
            *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        )
        name = (found or b"").decode("ascii", "replace").strip()
        # The object itself is asked for: rev-parse takes forty digits on trust.
        if not name or self.ask("cat-file", "-e", name) is None:
            return None
        return name

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits; None where there is none in this history."""
        found = self.ask("merge-base", one, other)
        return None if found is None else found.decode("ascii").split("\n")[0] or None

    def is_shallow(self) -> bool:
        """Whether the history ends where a clone was told to stop."""
        return (self.ask("rev-parse", "--is-shallow-repository") or b"").strip() == b"true"


def find_git(root: Path) -> tuple[GitFolder, str] | None:
    """
    The repository that a folder belongs to.

    Returns:
        The repository, and the folder from its top with `/` (`""` for the top itself);
        None outside git.
    """
    root = Path(os.path.realpath(root))
    for place in (root, *root.parents):
        if os.path.lexists(place / ".git"):
            folder = root.relative_to(place).as_posix()
            return GitFolder(place / ".git"), "" if folder == "." else folder
    return None
