"""Which databases belong to the environment that this process runs in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from interlock.addresses import Address, address_of
from interlock.contract import Contract, Database
from interlock.protection import Protection, protection_of
from interlock.refused import Refused
from interlock.root import Application, application

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["DEVELOPMENT", "current_environment", "require_allowed", "validate_database_url"]

DEVELOPMENT = "development"


def current_environment(contract: Contract, environ: Mapping[str, str] = os.environ) -> str:
    """Return the value of the variable that the contract names; unset means development."""
    return environ.get(contract.environment_variable) or DEVELOPMENT


def validate_database_url(url: str | URL, connect_args: Mapping[str, Any] | None = None) -> None:
    """
    Refuse a URL that does not belong to this environment, before an engine exists.

    Nothing is connected to. A protected database is allowed in the environments that the
    contract gives it, an unprotected one wherever no protected database is at home; a URL
    that the contract does not know is allowed nowhere.

    Raises:
        Refused: With what is wrong and what to declare instead.
    """
    from sqlalchemy.exc import ArgumentError

    try:
        address = address_of(url, connect_args)
    except (ArgumentError, ValueError, TypeError):
        # SQLAlchemy's own message may repeat the URL, password included.
        problem = "SQLAlchemy cannot parse it"
    else:
        return require_allowed(address)
    raise Refused(
        "a database URL that cannot be read",
        why=f"{problem}, so nobody can tell where it leads.",
        next_step="write it as dialect://user@host:port/database, with special signs of the "
        "password percent-encoded",
    )


def require_allowed(address: Address, under: Application | None = None) -> None:
    """
    Refuse an address that does not belong to this environment.

    Raises:
        Refused: As `validate_database_url` does.
    """
    under = under or application()
    contract = under.contract
    found = protection_of(address, contract, under.root)
    if found.database is None:
        if found.protected:
            raise _unknown(address, under)
        return
    here = current_environment(contract)
    if here in _environments(found.database, contract.databases[found.database]):
        return
    at_home = [
        name
        for name, entry in contract.databases.items()
        if entry.protected and here in _environments(name, entry)
    ]
    if found.protected or (at_home and not address.in_memory):
        raise _foreign(address, found, here, contract)


def _environments(name: str, database: Database) -> tuple[str, ...]:
    return database.environments or (name,)


def _unknown(address: Address, under: Application) -> Refused:
    why = under.problem or "The contract knows no such database, and what is not known is protected"
    if address.doubt and not under.problem:
        why = f"Where it leads is not certain: {address.doubt}"
    step = (
        "name host, port and database in the URL itself, and nothing else that chooses them"
        if address.doubt and not under.problem
        else "declare the database in [tool.interlock.databases.NAME] of the contract, and have "
        "that change reviewed"
    )
    return Refused(f"a connection to {address}", why=f"{why}.", next_step=step)


def _foreign(address: Address, found: Protection, here: str, contract: Contract) -> Refused:
    own = sorted(
        name for name, entry in contract.databases.items() if here in _environments(name, entry)
    )
    step = f"use the URL of {own[0]!r}" if own else "use the URL of an unprotected database"
    return Refused(
        f"a connection to {address}",
        why=f"It is the database {found.database!r} of the contract, and this process runs in the "
        f"environment {here!r}.",
        missing=f"a process that was deployed where {found.database!r} is at home",
        next_step=f"{step} here; what has to happen in {found.database!r} belongs into a process "
        "that is deployed there",
    )
