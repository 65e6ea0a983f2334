"""
SQLAlchemy's four factories, guarded: the URL is judged before SQLAlchemy sees it.

Whatever else decides where an engine connects to (a `creator`, a `pool`, a `module`, a
`do_connect` listener, a variable that changes later) is judged once for each new connection,
by what the driver says it is connected to.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from interlock.environment import require_allowed, validate_database_url
from interlock.hooks import install_for_ddl
from interlock.judgement import PAST_URL, by_url_alone
from interlock.live import addresses_of_connection
from interlock.refused import Refused

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = [
    "async_engine_from_config",
    "create_async_engine",
    "create_engine",
    "engine_from_config",
]

_PREFIX = "sqlalchemy."
_OWN_WAYS = ("creator", "async_creator", "pool", "module")
"""Arguments by which an engine connects in a way of its own, past the URL."""


def create_engine(url: str | URL, **kwargs: Any) -> Engine:
    """
    As `sqlalchemy.create_engine`, for a database of this environment.

    Raises:
        Refused: Before there is an engine, or when a connection leads elsewhere.
    """
    import sqlalchemy

    _validate(url, kwargs)
    engine = sqlalchemy.create_engine(url, **kwargs)
    _watch(engine, kwargs)
    return engine


def create_async_engine(url: str | URL, **kw: Any) -> AsyncEngine:
    """
    As `sqlalchemy.ext.asyncio.create_async_engine`, for a database of this environment.

    Raises:
        Refused: Before there is an engine, or when a connection leads elsewhere.
    """
    from sqlalchemy.ext import asyncio

    _validate(url, kw)
    engine = asyncio.create_async_engine(url, **kw)
    _watch(engine.sync_engine, kw)
    return engine


def engine_from_config(
    configuration: dict[str, Any], prefix: str = _PREFIX, **kwargs: Any
) -> Engine:
    """
    As `sqlalchemy.engine_from_config`, for a database of this environment.

    Raises:
        Refused: Before there is an engine, or when a connection leads elsewhere.
    """
    import sqlalchemy

    options = _options(configuration, prefix, kwargs)
    _validate(options.get("url", ""), options)
    engine = sqlalchemy.engine_from_config(configuration, prefix, **kwargs)
    _watch(engine, options)
    return engine


def async_engine_from_config(
    configuration: dict[str, Any], prefix: str = _PREFIX, **kwargs: Any
) -> AsyncEngine:
    """
    As `sqlalchemy.ext.asyncio.async_engine_from_config`, for a database of this environment.

    Raises:
        Refused: Before there is an engine, or when a connection leads elsewhere.
    """
    from sqlalchemy.ext import asyncio

    options = _options(configuration, prefix, kwargs)
    _validate(options.get("url", ""), options)
    engine = asyncio.async_engine_from_config(configuration, prefix, **kwargs)
    _watch(engine.sync_engine, options)
    return engine


def _options(
    configuration: Mapping[str, Any], prefix: str, kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    own = {
        key.removeprefix(prefix): value
        for key, value in configuration.items()
        if key.startswith(prefix)
    }
    return {**own, **kwargs}


def _validate(url: str | URL, kwargs: Mapping[str, Any]) -> None:
    # An engine that connects in its own way often has a URL which only names the dialect.
    if any(kwargs.get(name) is not None for name in _OWN_WAYS) and _says_nothing(url):
        return
    connect_args = kwargs.get("connect_args") or {}
    if kwargs.get("plugins"):
        raise Refused(
            "an engine with plugins",
            why="A plugin of SQLAlchemy may change the URL after it was judged.",
            next_step="give the URL as it shall be, and no plugins",
        )
    validate_database_url(url, connect_args if isinstance(connect_args, Mapping) else {"": ""})


def _says_nothing(url: str | URL) -> bool:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        return False
    return not (parsed.host or parsed.database or parsed.query)


def _watch(engine: Engine, kwargs: Mapping[str, Any]) -> None:
    from sqlalchemy import event

    install_for_ddl()

    def judge(dbapi_connection: Any, record: ConnectionPoolEntry, *_: object) -> None:
        try:
            require_here(dbapi_connection, record)
        except Refused:
            with suppress(Exception):  # the refusal is what matters
                dbapi_connection.close()
            raise

    def require_here(dbapi_connection: Any, record: ConnectionPoolEntry) -> None:
        found = addresses_of_connection(dbapi_connection, record.driver_connection)
        if not found and by_url_alone(engine).doubt == PAST_URL:
            raise Refused(
                "a connection that was made past the URL of its engine",
                why="The driver does not say what it is connected to, so it may be anything.",
                next_step="give the factory a URL, without a creator, pool, module or "
                "do_connect listener of your own",
            )
        # By the URL, but with the variables as they are now.
        for address in found or [by_url_alone(engine)]:
            require_allowed(address)

    event.listen(engine.pool, "connect", judge, insert=True)
    if kwargs.get("pool") is not None:  # it may hold connections that were made before
        event.listen(engine.pool, "checkout", judge, insert=True)
