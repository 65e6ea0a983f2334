"""
The backup of a PostgreSQL database: dumped, restored beside it, and compared.

PostgreSQL's own programs do the work (`pg_dump`, `pg_restore`, `psql`). That they work on the
database which env.py connected to is shown by a snapshot: it is exported in that connection, and
no other database can import it. The same snapshot makes the rows that are counted those that are
dumped, while the application goes on writing.

The role needs CREATEDB: a backup that was never restored is a hope.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interlock.steps.backends.postgresql import SCHEMA, digests
from interlock.steps.environment import Environment, Unusable
from interlock.steps.files import digest_of, finish
from interlock.steps.receipts import Copied
from interlock.steps.session import Session

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["back_up"]

_PROGRAMS = ("pg_dump", "pg_restore", "psql")

_SCRATCH = "interlock_scratch_"

_PATIENCE = "60s"
"""How long to wait for a table that the application has locked."""

# libpq's variables by the names that SQLAlchemy's URLs use.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "username": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "ssl": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}

_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1
"""

_CREATED = (
    "SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', "
    "'{name}', pg_encoding_to_char(encoding), datcollate, datctype) "
    "FROM pg_database WHERE datname = current_database() \\gexec\n"
)


def back_up(environment: Environment, folder: Path, name: str) -> Copied:
    programs = _programs()
    variables = _libpq(environment.engine)
    target, unfinished = folder / f"{name}.dump", folder / f".{name}.part"
    try:
        with Session(environment.engine, "REPEATABLE READ") as session:
            snapshot = session.rows("SELECT pg_export_snapshot()")[0][0]
            before = _inventory(programs, variables, snapshot)
            _call(
                [
                    programs["pg_dump"],
                    *("--format=custom", "--no-password", f"--snapshot={snapshot}"),
                    *(f"--file={unfinished}", f"--lock-wait-timeout={_PATIENCE}"),
                ],
                variables,
            )
        with _scratch(programs, variables) as scratch:
            _call(
                [
                    programs["pg_restore"],
                    *("--no-password", "--exit-on-error", "--no-owner", "--no-acl"),
                    *(f"--dbname={scratch['PGDATABASE']}", str(unfinished)),
                ],
                scratch,
            )
            if _inventory(programs, scratch, None) != _restorable(before):
                raise Unusable("the restored backup differs from the database")
        finish(unfinished, target)
    except OSError as error:
        raise Unusable(f"the backup could not be made: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    size, digest = digest_of(target)
    return Copied("pg_dump --format=custom", str(target), size, digest, *before)


@contextmanager
def _scratch(programs: Mapping[str, str], variables: dict[str, str]) -> Iterator[dict[str, str]]:
    """Make a database beside the one that was dumped, and take it away again."""
    # Left behind by a backup that was killed: nobody is connected, and it is named as ours are.
    left = (
        "SELECT format('DROP DATABASE IF EXISTS %I', datname) FROM pg_database d "
        f"WHERE datname ~ '^{_SCRATCH}[0-9a-f]{{16}}$' AND pg_get_userbyid(datdba) = current_user "
        "AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid) \\gexec\n"
    )
    name = f"{_SCRATCH}{secrets.token_hex(8)}"
    _psql(programs, variables, left + _CREATED.replace("{name}", name))
    try:
        yield {**variables, "PGDATABASE": name}
    finally:
        with contextlib.suppress(Unusable):
            _psql(programs, variables, f'DROP DATABASE IF EXISTS "{name}";\n')


def _inventory(
    programs: Mapping[str, str], variables: dict[str, str], snapshot: str | None
) -> tuple[dict[str, int], dict[str, str]]:
    """Rows of each table, and the definition of everything, all at one moment."""
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
    if snapshot is not None:
        begin += f"SET TRANSACTION SNAPSHOT '{snapshot}';\n"
    begin += f"SET LOCAL search_path = ''; SET LOCAL lock_timeout = '{_PATIENCE}';\n"
    text = _psql(
        programs,
        variables,
        f"{begin}SELECT json_agg(t) FROM ({_TABLES}) t(t);\n"
        f"SELECT json_agg(json_build_array(a, b)) FROM ({SCHEMA}) s(a, b);\n",
    )
    tables, definitions = (json.loads(line or "[]") for line in text.split("\n")[:2])
    counts: dict[str, int] = {}
    if tables:
        # Names come from regclass, which has quoted them.
        each = " UNION ALL ".join(f"SELECT {_literal(t)}, count(*) FROM ONLY {t}" for t in tables)
        counted = f"SELECT json_agg(json_build_array(a, b)) FROM ({each}) s(a, b);\n"
        counts = dict(json.loads(_psql(programs, variables, begin + counted)))
    return counts, digests([(name, text) for name, text in definitions])


def _restorable(
    inventory: tuple[dict[str, int], dict[str, str]],
) -> tuple[dict[str, int], dict[str, str]]:
    """Leave out what pg_dump leaves out: an index that was never built to its end."""
    counts, definitions = inventory
    built = {k: v for k, v in definitions.items() if not k.startswith("invalid index ")}
    return counts, built


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# --- the programs ---------------------------------------------------------------------------


def _programs() -> dict[str, str]:
    found = {name: shutil.which(name) for name in _PROGRAMS}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise Unusable(
            f"{', '.join(missing)} not found on PATH: install PostgreSQL's client programs, "
            "at least as new as the server"
        )
    return {name: path for name, path in found.items() if path is not None}


def _libpq(engine: Engine) -> dict[str, str]:
    """
    The environment for PostgreSQL's programs; passwords stand there and never in an argument.

    Where they lead is not taken on trust: see the snapshot above.
    """
    _, arguments = engine.dialect.create_connect_args(engine.url)
    variables: dict[str, str] = {}
    for key, value in arguments.items():
        variable = _VARIABLES.get(key)
        if variable is not None and isinstance(value, str | int):
            variables[variable] = str(value)
    live = _live(engine)
    variables |= {_VARIABLES[key]: str(value) for key, value in live.items() if value}
    return variables


def _live(engine: Engine) -> dict[str, Any]:
    """What the driver used in the end, where it tells: hooks may have changed what the URL says."""
    if engine.dialect.is_async:
        return {}
    connection = engine.raw_connection()
    try:
        info = getattr(connection.driver_connection, "info", None)
        keys = ("host", "port", "user", "password", "dbname")
        return {key: getattr(info, key, None) for key in keys}
    finally:
        connection.close()


def _psql(programs: Mapping[str, str], variables: Mapping[str, str], script: str) -> str:
    command = [programs["psql"], "-X", "-A", "-t", "-q", "--no-password", "-v", "ON_ERROR_STOP=1"]
    return _call(command, variables, script)


def _call(command: list[str], variables: Mapping[str, str], script: str = "") -> str:
    # Of our own environment only what programs need to start; the signing key is not among it.
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "PGPASSFILE", "PGSYSCONFDIR")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    libpq = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    done = subprocess.run(
        command,
        input=script,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**inherited, **libpq, **variables, "PGAPPNAME": "interlock backup"},
        check=False,
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:300]
        raise Unusable(f"{Path(command[0]).name} failed: {_without(said, variables)}")
    return done.stdout


def _without(text: str, variables: Mapping[str, str]) -> str:
    password = variables.get("PGPASSWORD")
    return text.replace(password, "***") if password else text
