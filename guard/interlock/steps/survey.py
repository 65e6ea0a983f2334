"""What env.py reaches, and whether it is the database that was named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.judgement import by_url_alone
from interlock.live import addresses_of_connection
from interlock.protection import protection_of
from interlock.steps.backends import Backend, backend_of
from interlock.steps.chain import SKEW
from interlock.steps.environment import Environment, Unusable, config_for, look
from interlock.steps.ledger import Entry, entries
from interlock.steps.receipts import Target
from interlock.steps.site import Site, now

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

__all__ = ["Survey", "survey_of"]


@dataclass(frozen=True, slots=True)
class Survey:
    """
    A database as it is now.

    Attributes:
        config: The Alembic configuration that leads to it.
        ledger: Its last hundred entries, oldest first.
    """

    config: Config
    environment: Environment
    backend: Backend
    target: Target
    ledger: tuple[Entry, ...]


def survey_of(site: Site) -> Survey:
    """
    Run env.py read-only and judge where it leads.

    Raises:
        Unusable: It leads elsewhere, or the database does not say which one it is, or its clock
            and ours differ.
    """
    config = config_for(site.root, site.database.alembic)

    def read(
        connection: Connection, context: MigrationContext
    ) -> tuple[Backend, Target, tuple[Entry, ...]]:
        dialect = connection.dialect.name
        backend = backend_of(dialect)
        address = _address(site, connection)
        target = Target(site.name, dialect, backend.identify(connection), address)
        ledger = tuple(entries(connection, context.version_table_schema))
        _require_agreeing_clocks(backend, connection, ledger)
        return backend, target, ledger

    environment = look(config, read)
    return Survey(config, environment, *environment.seen)


def _address(site: Site, connection: Connection) -> str:
    raw = connection.connection
    places = addresses_of_connection(raw.dbapi_connection, raw.driver_connection)
    for place in places or [by_url_alone(connection.engine)]:
        found = protection_of(place, site.contract, site.root)
        if found.database != site.name:
            said = "which the contract does not know" if found.database is None else found.database
            raise Unusable(f"env.py connects to {place} ({said}) and not to {site.name!r}")
    return " ".join(map(str, places)) or str(by_url_alone(connection.engine))


def _require_agreeing_clocks(
    backend: Backend, connection: Connection, ledger: tuple[Entry, ...]
) -> None:
    """The age of a receipt says something only if the clocks say the same."""
    apart = (backend.clock(connection) - now()).total_seconds()
    if abs(apart) > SKEW:
        raise Unusable(
            f"the clock of this machine is {abs(apart):.0f} s {'behind' if apart > 0 else 'before'}"
            " that of the database, so the age of receipts cannot be judged"
        )
    if ledger and (ahead := (ledger[-1].applied - now()).total_seconds()) > SKEW:
        raise Unusable(
            f"the clock of this machine was set back: the last entry of the ledger is {ahead:.0f} s"
            " in the future"
        )
