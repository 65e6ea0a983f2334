"""May this connection change a schema? The one question of the hooks, asked of live connections."""

from __future__ import annotations

from dataclasses import replace
from inspect import getclosurevars, isfunction
from types import ModuleType
from typing import TYPE_CHECKING, Any

from interlock.addresses import Address, address_of
from interlock.live import addresses_of_connection
from interlock.permits import Permit, current
from interlock.protection import Protection, protection_of
from interlock.refused import Refused
from interlock.root import in_sight

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

__all__ = ["PAST_URL", "by_url_alone", "require_permit"]

_IDENTITY = "interlock.identity"


def require_permit(connection: Connection, what: str) -> Permit | None:
    """
    Refuse a change of a protected database that no permit allows.

    Each contract in sight must call the database unprotected.

    Args:
        connection: It is judged by where it leads, and by the URL of its engine too where
            that names a place.
        what: What is about to happen, for the refusal.

    Returns:
        The permit; None where the database is unprotected and none is needed.
    """
    found = _protected(connection)
    if found is None:
        return None
    address, protection = found
    permit = current()
    if permit is None:
        raise _without_permit(what, address, protection)
    if protection.database not in {None, permit.database} or not _is_the_one(connection, permit):
        raise Refused(
            f"{what} on {_named(address, protection)}",
            why=f"The permit that is held here was given for {permit.database!r} as it was "
            "verified and backed up, and this connection leads to another database.",
            missing="receipts for this database",
            next_step=f"interlock verify {protection.database or permit.database}",
        )
    return permit


def _protected(connection: Connection) -> tuple[Address, Protection] | None:
    """Return the first address of the connection that some contract in sight protects."""
    addresses = _addresses(connection)
    for under in in_sight():
        for address in addresses:
            protection = protection_of(address, under.contract, under.root)
            if protection.protected:
                return address, protection
    return None


def _addresses(connection: Connection) -> list[Address]:
    proxied = connection.connection
    live = addresses_of_connection(proxied.dbapi_connection, proxied.driver_connection)
    url = connection.engine.url
    # An engine with a `creator` often has a URL that only names the dialect.
    if not live or url.host or url.database or url.query:
        live = [*live, address_of(url) if live else by_url_alone(connection.engine)]
    return live


def by_url_alone(engine: Engine) -> Address:
    """
    Say where an engine leads whose driver does not tell it of a connection.

    Only SQLAlchemy's own function connects by the URL, and it holds the arguments beside it.
    """
    connect: Any = engine.pool._creator  # noqa: SLF001 (nothing public says who connects)
    dialect: Any = engine.dialect
    arguments, own = dialect.create_connect_args(engine.url)
    held = getclosurevars(connect).nonlocals if isfunction(connect) else {}
    if (
        getattr(connect, "__module__", None) != "sqlalchemy.engine.create"
        or dialect.dispatch.do_connect
        or _is_given_another_driver(dialect)
        or list(held.get("cargs_tup", held.get("cargs", [connect]))) != list(arguments)
    ):
        return replace(address_of(engine.url), doubt=PAST_URL)
    beside = {key: value for key, value in held["cparams"].items() if own.get(key) != value}
    return address_of(engine.url, beside)


def _is_given_another_driver(dialect: Any) -> bool:
    """Whether an engine has another module for a driver (`module=`) than its dialect imports."""
    try:
        usual = type(dialect).import_dbapi()
    except ImportError:
        return True
    except NotImplementedError:  # a dialect of SQLAlchemy before 2.0
        return False
    # Adapters of asynchronous drivers are made anew by each import.
    adapted = type(usual) is type(dialect.dbapi) and not isinstance(usual, ModuleType)
    return usual is not dialect.dbapi and not adapted


PAST_URL = "it was made past the URL of its engine, and its driver does not say where it leads"


def _is_the_one(connection: Connection, permit: Permit) -> bool:
    """Compare identities; what was read is kept for as long as the connection itself."""
    known = connection.connection.info
    if _IDENTITY not in known:
        known[_IDENTITY] = permit.identify(connection)
    return bool(known[_IDENTITY] == permit.identity)


def _named(address: Address, protection: Protection) -> str:
    return f"{protection.database!r} ({address})" if protection.database else str(address)


def _without_permit(what: str, address: Address, protection: Protection) -> Refused:
    if protection.database is None:
        reason = (
            f"where it leads is not certain: {address.doubt}"
            if address.doubt
            else "the contract does not call this database unprotected"
        )
        return Refused(
            f"{what} on {address}",
            why=f"What is not known is protected, and {reason}.",
            missing="a contract that names the database, in a reviewed change",
            next_step="declare it in [tool.interlock.databases.NAME]; a database that has to be "
            "protected is then migrated by `interlock deploy NAME`",
        )
    return Refused(
        f"{what} on {_named(address, protection)}",
        why="The database is protected, and this code runs under no permit for it.",
        missing="signed receipts of verify and backup, for this commit, plan and database",
        next_step=f"`interlock deploy {protection.database}` in the pipeline that deploys it; "
        "on this machine migrate an unprotected database",
    )
