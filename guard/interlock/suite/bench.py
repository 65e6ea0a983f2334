"""
A copy of a repository to try everything in, with a SQLite file as its protected database.

The contract of the copy differs in two things: the first protected database also has the URL of the
scratch file, and the one key that is trusted was made for the occasion. Processes are started with
an environment in which nothing of the developer's is left, so that no real database is reached.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.contract import PYPROJECT, Contract, load_contract
from interlock.git import find_git
from interlock.root import read_bytes
from interlock.suite.toml import rendered

__all__ = ["KEY", "PIPELINE", "Answer", "Bench", "Broken", "Crashed", "Options", "make_bench"]

KEY = "INTERLOCK_SUITE_KEY"
"""The variable that holds the private key in the copy."""

PIPELINE = {"CI": "true", "GITHUB_ACTIONS": "true", "GITLAB_CI": "true"}
"""What a CI job looks like from within; anybody can set these."""

_NAMES = ("DATABASE", "DB", "SQLALCHEMY_DATABASE", "SQLALCHEMY", "ALEMBIC_DATABASE")
_KEPT = re.compile(r"PATH|PYTHON(?!PATH).*|VIRTUAL_ENV|LANG|LC_.*|TZ|TMP|TEMP|TMPDIR|SYSTEMROOT")
_SECONDS = 300


class Broken(Exception):
    """A promise that does not hold here, or could not be tried; the text says which and why."""


class Crashed(Broken):
    """An attempt that ended early by itself: nothing was changed, and nothing refused it."""


@dataclass(frozen=True, slots=True)
class Options:
    """
    What the repository says about itself in its pytest configuration.

    Attributes:
        environment: Lines `NAME=value`, in which `{url}` is the URL of the scratch database.
        python_path: Folders from the root of the repository.
    """

    environment: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt ended."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def last_line(self) -> str:
        return (self.said.strip().splitlines() or [""])[-1][:300]

    @property
    def last_words(self) -> str:
        return " / ".join(self.said.strip().splitlines()[-4:])[-600:]


@dataclass(frozen=True, slots=True)
class Bench:
    """
    The copy.

    Attributes:
        name: The protected database that the scratch file plays.
        contract: Of the user's repository, as it was declared.
        scratch: The SQLite file.
        private: Half of the key that the copy trusts, as text; `public` is the other.
        path: Where processes find modules before anything that is installed.
    """

    root: Path
    name: str
    contract: Contract
    scratch: Path
    private: str
    public: str
    variables: Mapping[str, str]
    path: tuple[Path, ...]

    @property
    def alembic(self) -> str:
        return self.contract.databases[self.name].alembic

    def fresh(self) -> None:
        """Empty the scratch database, which stays the same file, and take all receipts away."""
        for other in self.scratch.parent.iterdir():
            if other != self.scratch:
                other.unlink()
        self.scratch.write_bytes(b"")
        shutil.rmtree(self.root / ".interlock", ignore_errors=True)

    def unchanged(self) -> bool:
        """Tell whether the scratch database is as empty as it was."""
        with closing(sqlite3.connect(self.scratch)) as database:
            return bool(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)

    def attempt(self, *words: str, more: Mapping[str, str] | None = None) -> Answer:
        """Start `interlock.suite.attempt` in the copy."""
        return self.run("interlock.suite.attempt", words, more)

    def interlock(self, *words: str, more: Mapping[str, str] | None = None) -> Answer:
        """Start the command line of interlock in the copy."""
        return self.run("interlock", words, more)

    def pipeline(self) -> dict[str, str]:
        """What the deploying job has beyond a developer: the key."""
        return {**PIPELINE, KEY: self.private}

    def run(self, module: str, words: Sequence[str], more: Mapping[str, str] | None) -> Answer:
        variables = {**self.environment(), **(more or {})}
        return started([sys.executable, "-m", module, *words], self.root, variables)

    def environment(self) -> dict[str, str]:
        """What a developer's shell has in the copy."""
        inherited = os.environ.get("PYTHONPATH", "")
        path = os.pathsep.join([*map(str, self.path), *filter(None, [inherited])])
        return {**self.variables, "PYTHONPATH": path}


def started(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Answer:
    """Run a command to its end."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise Broken(f"{command[0]} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Broken(f"no answer within {_SECONDS} seconds") from error
    return Answer(done.returncode, done.stdout, done.stderr)


# --- making one -----------------------------------------------------------------------------


def make_bench(repository: Path, folder: Path, options: Options) -> Bench:
    """
    Copy a repository into an empty folder and lead its env.py to a scratch database.

    Raises:
        Broken: Its contract protects nothing, its env.py leads elsewhere, or a part of
            interlock is not installed.
        ContractError: The contract cannot be read.
    """
    contract, filename = load_contract(lambda name: read_bytes(repository / name))
    name = next((name for name, entry in contract.databases.items() if entry.protected), None)
    if filename is None or name is None:
        raise Broken(
            f"{repository.name}/ declares no protected database, so there is nothing to refuse: "
            "declare it in [tool.interlock.databases.NAME], and run pytest from that root"
        )
    private, public = _key()
    root, scratch = folder / "repository", folder / "scratch" / "scratch.db"
    scratch.parent.mkdir()
    scratch.touch()
    for relative in _files(repository):
        _copy(repository / relative, root / relative)
    problems = []
    for driver in "sqlite", "sqlite+aiosqlite":  # the second for an asynchronous env.py
        url = f"{driver}:///{scratch}"
        _declare(root, filename, name, public, scratch)
        _lead(root, url)
        bench = Bench(
            root,
            name,
            contract,
            scratch,
            private,
            public,
            _variables(folder, url, contract, name, options),
            tuple(root / part for part in options.python_path),
        )
        answer = bench.attempt("where", bench.alembic)
        reached = answer.out.strip().splitlines()[-1:] or [""]
        if answer.status == 0 and Path(reached[0]).resolve() == scratch:
            _commit(root, bench.variables)
            return bench
        problems.append(answer.last_line if answer.status else f"it opened {reached[0]}")
    raise Broken(_misled(*problems))


def _misled(said: str, said_to_async: str) -> str:
    """Say why env.py is not at the scratch database, and what to do, by what it said itself."""
    if said.startswith("Unusable: "):
        return said.removeprefix("Unusable: ")
    if "aiosqlite" in said_to_async and "requires an async driver" in said:
        return (
            "env.py is asynchronous, and aiosqlite, which opens the scratch database for it, "
            "is not installed: pip install aiosqlite"
        )
    if "requires an async driver" in said:
        said = said_to_async
    return (
        "env.py does not lead to the scratch database, a SQLite file. It has to take a whole URL "
        "from one place: sqlalchemy.url in the ini, or a variable. Where that is another one than "
        "DATABASE_URL, or further ones are needed, name them in the pytest configuration: "
        f'interlock_env = ["SHOP_DB={{url}}", "SHOP_SECRET=any"]. It said: {said}'
    )


def _key() -> tuple[str, str]:
    from interlock.steps.keys import generate

    try:
        return generate()
    except ModuleNotFoundError as error:
        raise Broken(f"{error.name} is not installed: pip install 'interlock[deploy]'") from error


def _files(repository: Path) -> Iterable[Path]:
    """What git keeps or would keep; outside of git, all that is not hidden."""
    git = find_git(repository)
    wanted = ("-z", "--cached", "--others", "--exclude-standard")
    answer = None if git is None else git[0].run("ls-files", *wanted, folder=repository)
    if answer is not None and answer.returncode == 0:
        return sorted({Path(os.fsdecode(one)) for one in answer.stdout.split(b"\0") if one})
    found = (one.relative_to(repository) for one in repository.rglob("*"))
    return sorted(one for one in found if not any(part.startswith(".") for part in one.parts))


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _declare(root: Path, filename: str, name: str, public: str, scratch: Path) -> None:
    path = root / filename
    document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    table = document["tool"]["interlock"] if filename == PYPROJECT else document
    database = table["databases"][name]
    own = [f"{driver}:///{scratch}" for driver in ("sqlite", "sqlite+aiosqlite")]
    database["urls"] = [*own, *(url for url in _listed(database["urls"]) if url not in own)]
    table["trust"] = {"keys": [public], "signing-key": f"env:{KEY}"}
    path.unlink()  # it may be a link to the original
    path.write_text(rendered(document), encoding="utf-8")


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


_INI_URL = re.compile(r"^(sqlalchemy\.url\s*[=:]).*(?:\n[ \t]+\S.*)*$", re.MULTILINE)


def _lead(root: Path, url: str) -> None:
    """Write the URL where an Alembic configuration of the copy has one."""
    for path in root.glob("**/*.ini"):
        if path.is_symlink() or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        led = _INI_URL.sub(lambda found: f"{found[1]} {url.replace('%', '%%')}", text)
        if led != text:
            path.write_text(led, encoding="utf-8", errors="surrogateescape")


def _variables(
    folder: Path, url: str, contract: Contract, name: str, options: Options
) -> dict[str, str]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if _KEPT.fullmatch(key)}
    named = dict(line.partition("=")[::2] for line in options.environment)
    usual = {f"{one}_{kind}": url for one in _NAMES for kind in ("URL", "URI", "DSN")}
    return {
        **kept,
        **usual,
        **{key.strip(): value.strip().replace("{url}", url) for key, value in named.items()},
        contract.environment_variable: (contract.databases[name].environments or (name,))[0],
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _commit(root: Path, variables: Mapping[str, str]) -> None:
    author = ["-c", "user.name=interlock", "-c", "user.email=interlock@localhost"]
    for words in (
        ["init", "-q", "--template="],
        ["add", "--all", "--force"],
        [*author, "commit", "-q", "--allow-empty", "-m", "The repository as it is tried"],
    ):
        answer = started(["git", *words], root, variables)
        if answer.status != 0:
            raise Broken(f"git does not take the copy: {answer.last_words}")
