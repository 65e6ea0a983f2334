"""SQLite: a database is a file, its lock lies beside it, its backup is made by its own API."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interlock.refused import Refused
from interlock.steps.environment import Environment, Unusable
from interlock.steps.files import digest_of, finish
from interlock.steps.receipts import Copied
from interlock.steps.session import Session

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_FILES = "PRAGMA database_list"
_SCHEMA = (
    "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master "
    "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)


def identify(connection: Connection) -> str:
    """The file: a copy lies elsewhere, and a file that took its place has another number."""
    path = _path([tuple(row) for row in connection.exec_driver_sql(_FILES)])
    return f"sqlite:{path}:{path.stat().st_ino}"


def clock(connection: Connection) -> datetime:
    return datetime.now(UTC)


def schema(environment: Environment) -> dict[str, str]:
    with Session(environment.engine) as session:
        return _digests([(row[0], row[1]) for row in session.rows(_SCHEMA)])


def probe(environment: Environment) -> None:
    """A file has no sessions to lose."""


def admit(connection: Connection) -> None:
    """SQLite itself keeps two writers apart, and an abandoned one cannot exist."""


def dismiss(connection: Connection) -> None:
    """See `admit`."""


@contextmanager
def lock(environment: Environment, holder: str) -> Iterator[None]:
    """Lock a file beside the database; the system lets go of it when the process ends."""
    with Session(environment.engine) as session:
        path = _path(session.rows(_FILES))
    beside = path.with_name(f".{path.name}.interlock")
    descriptor = _locked(beside)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"holder": holder, "process": os.getpid()}).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
        os.close(descriptor)


def _locked(path: Path) -> int:
    try:
        import fcntl
    except ImportError as error:
        raise Unusable("this system has no flock, without which nothing can be locked") from error
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unusable(f"{path} cannot be opened to lock: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            said = _holder(os.pread(descriptor, 4096, 0))
            os.close(descriptor)
            raise Refused(
                "a second deployment at the same time",
                why=f"the lock of this database is held by {said}",
                next_step="wait until it has ended, then run `interlock status` and deploy again",
            ) from error
        # The one who let go may have taken the file away in between.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                return descriptor
        os.close(descriptor)


def _holder(data: bytes) -> str:
    try:
        said = json.loads(data)
        return f"{said['holder']}, process {said['process']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def back_up(environment: Environment, folder: Path, name: str) -> Copied:
    with Session(environment.engine) as session:
        path = _path(session.rows(_FILES))
    target = folder / f"{name}.sqlite"
    unfinished, scratch = folder / f".{name}.part", folder / f".{name}.scratch"
    try:
        unfinished.touch()  # SQLite does not say why it cannot make a file
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as copy:
            # One read transaction, so that what is counted is what is copied.
            source.execute("BEGIN")
            tables, digests = _inventory(source)
            source.backup(copy)
            source.rollback()
        with closing(sqlite3.connect(unfinished)) as copy, closing(sqlite3.connect(scratch)) as new:
            copy.backup(new)
            verdict = new.execute("PRAGMA integrity_check").fetchone()[0]
            if verdict != "ok":
                raise Unusable(f"the restored backup is damaged: {verdict}")
            if _inventory(new) != (tables, digests):
                raise Unusable("the restored backup differs from the database")
        finish(unfinished, target)
    except (sqlite3.Error, OSError) as error:
        raise Unusable(f"the backup could not be made: {error}") from error
    finally:
        for one in (unfinished, scratch):
            with contextlib.suppress(OSError):
                one.unlink()
    size, digest = digest_of(target)
    return Copied("sqlite3 backup API", str(target), size, digest, tables, digests)


def _inventory(database: sqlite3.Connection) -> tuple[dict[str, int], dict[str, str]]:
    rows = database.execute(_SCHEMA).fetchall()
    names = [row[0].removeprefix("table ") for row in rows if row[0].startswith("table ")]
    quoted = {name: name.replace('"', '""') for name in names}
    counts = {
        name: database.execute(f'SELECT count(*) FROM "{quoted[name]}"').fetchone()[0]
        for name in names
    }
    return counts, _digests(rows)


def _digests(rows: list[tuple[str, str]]) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in rows}


def _path(databases: list[tuple[Any, ...]]) -> Path:
    name = next((row[2] for row in databases if row[1] == "main"), "")
    if not name:
        raise Unusable("a database in memory ends with its process and cannot be deployed to")
    return Path(name).resolve()
