"""A small repository with migrations, a contract, a key and a database to deploy to."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from interlock.steps.keys import generate

VARIABLE = "INTERLOCK_SIGNING_KEY"

_ENV = """
    from __future__ import annotations

    import os

    from alembic import context

    import interlock
    from shop.db import make_engine, url

    interlock.require_approval()

    if context.is_offline_mode():
        context.configure(url=url(), literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
    else:
        with make_engine().connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
"""

_DB = """
    from __future__ import annotations

    import os

    from sqlalchemy.pool import NullPool

    import interlock


    def url() -> str:
        return os.environ["DATABASE_URL"]


    def make_engine():
        return interlock.create_engine(url(), poolclass=NullPool)
"""

_REVISION = '''
    """{name}"""

    from __future__ import annotations

    import os
    import time

    import sqlalchemy as sa
    from alembic import op

    revision = "{name}"
    down_revision = {down!r}


    def upgrade() -> None:
        {upgrade}


    def downgrade() -> None:
        pass
'''

_INI = """
    [alembic]
    script_location = %(here)s/migrations
    prepend_sys_path = %(here)s
    path_separator = os
"""

PRODUCT = (
    'op.create_table("product", sa.Column("sku", sa.String(32), primary_key=True), '
    'sa.Column("price", sa.Integer, nullable=False))'
)
STOCK = 'op.add_column("product", sa.Column("stock", sa.Integer, server_default="0"))'


@dataclass
class Answer:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"status {self.status}\n{self.out}\n{self.err}"


@dataclass
class Project:
    """A repository on disk; `url` is that of its production database."""

    root: Path
    url: str
    pattern: str
    private: str = ""
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, url: str, pattern: str | None = None) -> Project:
        root.mkdir(parents=True, exist_ok=True)
        project = cls(root, url, pattern or url)
        project.private, public = generate()
        project.write(
            {
                ".gitignore": "*.db*\n__pycache__/\n*.pyc\n/.home/\n/begun\n/go\n",
                "pyproject.toml": f"""
                    [tool.interlock]
                    deploy-module = "shop.deploy"
                    migrations = "migrations"

                    [tool.interlock.databases.production]
                    urls = ["{project.pattern}"]

                    [tool.interlock.databases.development]
                    urls = ["sqlite:///*/development.db"]
                    protected = false

                    [tool.interlock.trust]
                    keys = ["{public}"]
                """,
                "alembic.ini": _INI,
                "shop/__init__.py": "",
                "shop/db.py": _DB,
                "migrations/env.py": _ENV,
            }
        )
        project.revision("a1", None, PRODUCT)
        project.git("init", "-q", "-b", "main")
        project.commit()
        return project

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def revision(self, name: str, down: str | tuple[str, ...] | None, *lines: str) -> None:
        body = "\n    ".join(lines or ("pass",))
        text = dedent(_REVISION).format(name=name, down=down, upgrade=body)
        self.write({f"migrations/versions/{name}.py": text})

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    # --- commands ---------------------------------------------------------------------------

    def variables(self, signed: bool = True) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG"}
        }
        home = self.root / ".home"
        home.mkdir(exist_ok=True)
        given = {**kept, "HOME": str(home), "APP_ENV": "production", "DATABASE_URL": self.url}
        if signed:
            given |= {VARIABLE: self.private, "CI": "true"}
        return {**given, **self.environ}

    def start(self, *arguments: str, signed: bool = True, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "interlock", *arguments],
            cwd=self.root,
            env={**self.variables(signed), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, signed: bool = True, **more: str) -> Answer:
        process = self.start(*arguments, signed=signed, **more)
        out, err = process.communicate(timeout=60)
        return Answer(process.returncode, out, err)

    def deploy(self, **more: str) -> Answer:
        return self.run("deploy", "production", signed=True, **more)

    def status(self) -> Any:
        answer = self.run("status", "production", "--output-format", "json", signed=False)
        return json.loads(answer.out)

    def receipts(self) -> list[Path]:
        return sorted((self.root / ".interlock/receipts").glob("*/*.json"))

    # --- the database -----------------------------------------------------------------------

    @property
    def transactional(self) -> bool:
        """Whether a migration that ends early takes all of its changes back."""
        return not self.url.startswith("sqlite")

    @property
    def file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connect() as database:
            return list(database.execute(query).fetchall())

    def execute(self, statement: str) -> None:
        with self.connect() as database:
            database.execute(statement)
            database.commit()

    def connect(self) -> AbstractContextManager[Any]:
        if not self.transactional:
            return closing(sqlite3.connect(self.file))
        import psycopg

        return closing(psycopg.connect(re.sub(r"\+\w+", "", self.url)))

    def locks(self) -> list[object]:
        """What is left of locks, when nobody deploys."""
        if not self.transactional:
            return list(self.file.parent.glob(".*.interlock"))
        return list(self.rows("SELECT * FROM pg_locks WHERE locktype = 'advisory'"))

    def wait_until_noticed(self) -> None:
        """Wait until the server has noticed that a killed client is gone."""
        for _ in range(1500):
            if not self.transactional or not self.locks():
                return
            time.sleep(0.02)
        raise AssertionError("the lock of a killed process stayed")

    def wait_for(self, name: str, process: subprocess.Popen[str]) -> None:
        """Wait until a migration says by a file how far it is."""
        for _ in range(3000):
            if (self.root / name).exists():
                return
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        raise AssertionError(f"{name} never came")

    def second_database(self, name: str) -> None:
        """Add a database with a section of its own, beside the first one."""
        other = self.file.with_name(f"{name}.db")
        other.touch()
        place = 'context.config.get_main_option("database")'
        contract = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        self.write(
            {
                "pyproject.toml": contract
                + f"\n[tool.interlock.databases.{name}]\n"
                + f'urls = ["sqlite:///{other}"]\nenvironments = ["production"]\n'
                + f'alembic = "alembic.ini:{name}"\n',
                "alembic.ini": dedent(_INI) + f"database = {self.url}\n"
                f"[{name}]\nscript_location = %(here)s/migrations\n"
                f"prepend_sys_path = %(here)s\npath_separator = os\n"
                f"database = sqlite:///{other}\n",
                "migrations/env.py": dedent(_ENV)
                .replace("url()", "place")
                .replace("make_engine()", "make_engine(place)")
                .replace("\nif context", f"\nplace = {place}\n\nif context"),
                "shop/db.py": dedent(_DB)
                .replace("def make_engine():", "def make_engine(place: str):")
                .replace("create_engine(url(),", "create_engine(place,"),
            }
        )
        self.commit()
