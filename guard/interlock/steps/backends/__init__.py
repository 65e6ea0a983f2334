"""
What the steps need of a database, for each kind: identity, clock, schema, lock and backup.

PostgreSQL and SQLite are built in. Another kind is refused, because a lock or a backup that nobody
has tried is none; a package can bring one in the entry-point group `interlock.backends`, under the
name of SQLAlchemy's dialect.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from interlock.steps.environment import Environment, Unusable
from interlock.steps.receipts import Copied

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["Backend", "backend_of"]

_OWN = {
    "postgresql": "interlock.steps.backends.postgresql",
    "sqlite": "interlock.steps.backends.sqlite",
}


class Backend(Protocol):
    """The functions of a module that knows one kind of database."""

    def identify(self, connection: Connection) -> str:
        """Return what tells this database from every other one; raises Unusable."""

    def clock(self, connection: Connection) -> datetime:
        """Return the time of the database's own clock."""

    def schema(self, environment: Environment) -> dict[str, str]:
        """Return each table, view, index and constraint with a digest of its definition."""

    def probe(self, environment: Environment) -> None:
        """Make sure that a connection is one session, or no lock holds; raises Unusable."""

    def admit(self, connection: Connection) -> None:
        """Mark the session that migrates, so that it is not mistaken for an abandoned one."""

    def dismiss(self, connection: Connection) -> None:
        """Take the mark away; the session may be in a transaction that has failed."""

    def lock(self, environment: Environment, holder: str) -> AbstractContextManager[None]:
        """Hold the lock of the database, which ends with this process; raises Refused, Unusable."""

    def back_up(self, environment: Environment, folder: Path, name: str) -> Copied:
        """Copy the database into `folder`, restore the copy, compare both; raises Unusable."""


def backend_of(dialect: str) -> Backend:
    """
    Find what knows a kind of database.

    Args:
        dialect: SQLAlchemy's name of it, without the driver.

    Raises:
        Unusable: Nothing does.
    """
    if dialect in _OWN:
        return cast(Backend, import_module(_OWN[dialect]))
    for one in entry_points(group="interlock.backends", name=dialect):
        return cast(Backend, one.load())
    raise Unusable(
        f"interlock itself locks and backs up {' and '.join(sorted(_OWN))}. For {dialect} it knows "
        "no lock and no backup that was tried, and without them nothing is migrated; a package can "
        "bring them in the entry-point group interlock.backends"
    )
