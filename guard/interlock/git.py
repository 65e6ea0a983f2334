"""How git is asked about a repository that is hostile input.

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

__all__ = ["QUARANTINE", "GitFolder", "find_git"]

_SAFE = (
    "git",
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.excludesFile={os.devnull}"),
    *("-c", "core.untrackedCache=false"),
    *("-c", "core.ignoreCase=false"),
    *("-c", "core.commitGraph=false"),
    *("-c", "core.trustctime=true"),
    *("-c", "core.checkStat=default"),
    *("-c", "protocol.allow=never"),
)

_READS = {
    "cat-file": "cat-file",
    "check-ignore": "check-ignore",
    "config": "config",
    "ls-files": "ls-files",
    "ls-tree": "ls-tree",
    "merge-base": "merge-base",
    "rev-parse": "rev-parse",
    "status": "status",
    "symbolic-ref": "symbolic-ref",
}
"""What may be asked: commands that guard nothing with a hook, so that none goes unheard."""

QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
"""Where git keeps what is being pushed, until a hook has let it pass; see git-receive-pack(1)."""


def _clean_environment(keep: tuple[str, ...]) -> dict[str, str]:
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
    A repository, to be asked by commands that only read.

    Attributes:
        path: Git's own folder: `.git`, or the bare repository itself.
        keep: Variables of git that count, such as `QUARANTINE` within a hook of the server.
        work_tree: Where the files lie, for the commands that look at them.
    """

    path: Path
    keep: tuple[str, ...] = ()
    work_tree: Path | None = None
    _environment: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_environment", _clean_environment(self.keep))

    def _command(self, name: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
        place = () if self.work_tree is None else (f"--work-tree={self.work_tree}",)
        return (*_SAFE, f"--git-dir={self.path}", *place, _READS[name], *arguments)

    def _variables(self, name: str) -> Mapping[str, str]:
        """Filters are commands that `status` would start, each under a name of its own."""
        if name != "status":
            return self._environment
        names = self.ask("config", "-z", "--name-only", "--get-regexp", r"^filter\.") or b""
        off = dict(self._environment)
        filters = [os.fsdecode(one) for one in names.split(b"\0") if one]
        for number, setting in enumerate(filters):
            off[f"GIT_CONFIG_KEY_{number}"] = setting
            off[f"GIT_CONFIG_VALUE_{number}"] = "false" if setting.endswith(".required") else ""
        return off | {"GIT_CONFIG_COUNT": str(len(filters))}

    def run(
        self, name: str, *arguments: str, folder: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """
        A command of git with all that it says, started in a folder of the work tree.

        Raises:
            OSError: There is no git.
        """
        return subprocess.run(
            self._command(name, arguments),
            cwd=folder or self.work_tree,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._variables(name),
            check=False,
        )

    def ask(self, name: str, *arguments: str, most: int = 1 << 20) -> bytes | None:
        """What a command of git prints; None where it fails, prints more, or there is no git."""
        try:
            with subprocess.Popen(
                self._command(name, arguments),
                cwd=self.work_tree,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._variables(name),
            ) as process:
                assert process.stdout is not None
                answer = process.stdout.read(most + 1)
                if len(answer) > most:
                    process.kill()
        except (OSError, ValueError):
            return None
        return answer if process.returncode == 0 and len(answer) <= most else None

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """
        A command of git that is talked to.

        Raises:
            OSError: There is no git.
        """
        return subprocess.Popen(
            self._command(name, arguments),
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
            found = GitFolder(place / ".git", work_tree=place)
            return found, "" if folder == "." else folder
    return None
