"""The guarded factories: a wrong database is refused before an engine exists, or on connecting."""

from __future__ import annotations

import inspect
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Column, Integer, MetaData, Table, event, text
from sqlalchemy.ext import asyncio
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

import interlock
from interlock.judgement import by_url_alone
from interlock.refused import Refused

Application = Callable[..., Path]

LIVE = "postgresql+psycopg://shop:s3cret@eu.db.example.com/shop"
FACTORIES: dict[str, Callable[[str], object]] = {
    "create_engine": lambda url: interlock.create_engine(url),
    "create_async_engine": lambda url: interlock.create_async_engine(url),
    "engine_from_config": lambda url: interlock.engine_from_config({"sqlalchemy.url": url}),
    "async_engine_from_config": lambda url: interlock.async_engine_from_config(
        {"a.url": url}, "a."
    ),
}


@pytest.mark.parametrize("name", FACTORIES)
def test_a_production_url_in_development_is_refused_before_sqlalchemy_is_asked(
    name: str, application: Application
) -> None:
    application()
    # A driver that nobody has installed: SQLAlchemy would complain of it, if it were asked.
    url = LIVE.replace("psycopg", "nosuchdriver")

    with pytest.raises(Refused) as refused:
        FACTORIES[name](url)

    assert "'production'" in refused.value.why and "'development'" in refused.value.why
    assert "s3cret" not in str(refused.value) + refused.value.json()


@pytest.mark.parametrize("name", FACTORIES)
def test_each_environment_has_its_own_databases(
    name: str, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    application()
    monkeypatch.setenv("APP_ENV", "production")

    FACTORIES[name](LIVE)
    with pytest.raises(Refused, match="'development' of the contract"):
        FACTORIES[name]("postgresql+psycopg://localhost/shop_dev")
    with pytest.raises(Refused, match="knows no such database"):
        FACTORIES[name]("postgresql+psycopg://localhost/elsewhere")


@pytest.mark.parametrize(
    ("environment", "allowed"), [("production", True), ("jobs", True), ("", False), ("Jobs", False)]
)
def test_a_database_may_belong_to_several_environments(
    environment: str, allowed: bool, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(
        '[databases.ledger]\nurls = ["postgresql://ledger/x"]\n'
        'environments = ["production", "jobs"]\n'
    )
    monkeypatch.setenv("APP_ENV", environment)
    if allowed:
        interlock.validate_database_url("postgresql://ledger/x")
    else:
        with pytest.raises(Refused):
            interlock.validate_database_url("postgresql://ledger/x")


@pytest.mark.parametrize(
    "contract", ["", "no toml", '[databases.development]\nurls = "x://y"\nunknown = 1']
)
def test_without_a_readable_contract_only_memory_is_left(
    contract: str, application: Application
) -> None:
    application(contract)

    interlock.create_engine("sqlite://").connect().close()
    with pytest.raises(Refused) as refused:
        interlock.create_engine("sqlite:///shop.db")
    assert "contract" in str(refused.value)


def test_a_url_that_cannot_be_read_is_refused_without_repeating_it(
    application: Application,
) -> None:
    application()
    with pytest.raises(Refused) as refused:
        interlock.create_engine("postgresql//ada:s3cret@localhost:shop")

    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None and refused.value.__context__ is None


@pytest.mark.parametrize("factory", [interlock.create_engine, interlock.create_async_engine])
def test_a_guarded_engine_has_the_signature_of_sqlalchemy(factory: Callable[..., object]) -> None:
    home = sqlalchemy if factory is interlock.create_engine else asyncio
    theirs = inspect.signature(getattr(home, factory.__name__))

    assert [*inspect.signature(factory).parameters] == [*theirs.parameters]


# --- past the URL ---------------------------------------------------------------------------


def _live(root: Path) -> str:
    (root / "live").mkdir()
    return str(root / "live" / "shop.db")


def _creator(path: str) -> dict[str, Any]:
    return {"creator": lambda: sqlite3.connect(path)}


def _pool(path: str) -> dict[str, Any]:
    connect: Any = sqlite3.connect
    pool = QueuePool(lambda: connect(path))
    pool.connect().close()  # the connection is there before the engine is
    return {"pool": pool}


def _module(path: str) -> dict[str, Any]:
    class Module:
        def __getattr__(self, name: str) -> Any:
            return getattr(sqlite3, name)

        def connect(self, *_: Any, **options: Any) -> sqlite3.Connection:
            return sqlite3.connect(path)

    return {"module": Module()}


@pytest.mark.parametrize("way", [_creator, _pool, _module])
@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///shop.db"])
def test_a_connection_is_judged_by_where_it_leads(
    way: Callable[[str], dict[str, Any]], url: str, application: Application
) -> None:
    root = application()
    engine = interlock.create_engine(url, **way(_live(root)))

    with pytest.raises(Refused, match="'production'"):
        engine.connect()

    engine = interlock.create_engine(url, **way(str(root / "other.db")))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_listener_cannot_lead_an_engine_elsewhere(application: Application) -> None:
    root = application()
    live = _live(root)
    engine = interlock.create_engine("sqlite:///shop.db", poolclass=StaticPool)

    @event.listens_for(engine, "do_connect")
    def _elsewhere(_dialect: Any, _record: Any, arguments: list[Any], _: Any) -> None:
        arguments[0] = live

    with pytest.raises(Refused, match="'production'"):
        engine.connect()


def test_a_driver_that_does_not_say_where_it_is_connected_counts_for_nothing(
    application: Application,
) -> None:
    application()

    class Silent:
        def close(self) -> None:
            """As every DBAPI connection."""

        def rollback(self) -> None:
            """As every DBAPI connection."""

    engine = interlock.create_engine("sqlite://", creator=Silent)
    with pytest.raises(Refused, match="does not say"):
        engine.connect()


def test_a_connection_that_is_swapped_afterwards_is_not_looked_at(
    application: Application,
) -> None:
    """docs/threat-model.md says so: the static half finds where that other one is opened."""
    root = application()
    live = _live(root)
    engine = interlock.create_engine("sqlite:///shop.db", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _swap(_connection: Any, record: Any) -> None:
        record.dbapi_connection = sqlite3.connect(live)

    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA database_list").all() == [(0, "main", live)]
        with pytest.raises(Refused, match="'production'"):
            Table("x", MetaData(), Column("a", Integer)).create(connection)


def test_plugins_of_sqlalchemy_are_refused(application: Application) -> None:
    application()
    for options in {"plugins": ["rewrite"]}, {}:
        url = "sqlite:///shop.db" if options else "sqlite:///shop.db?plugin=rewrite"
        with pytest.raises(Refused):
            interlock.create_engine(url, **options)


# --- engines of SQLAlchemy, whose driver does not say where it is connected -----------------


class Silent(ModuleType):
    """A driver that says nothing, as SQLAlchemy needs it to make an engine and to connect."""

    paramstyle = "qmark"
    Error = Exception
    Cursor = object
    version = "5.0"

    def __init__(self) -> None:
        super().__init__("silent")

    def connect(self, *_: object, **__: object) -> Silent:
        return Silent()

    def close(self) -> None: ...

    rollback = commit = close


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put silent drivers where SQLAlchemy imports them from."""
    for name in "pyodbc", "MySQLdb":
        monkeypatch.setitem(sys.modules, name, Silent())


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, None),
        ({"connect_args": {"timeout": 3}}, None),
        ({"connect_args": {"server": "live"}}, "the option 'server' may lead the driver elsewhere"),
        ({"creator": Silent}, "made past the URL of its engine"),
        ({"module": Silent()}, "made past the URL of its engine"),
        ({"poolclass": NullPool, "creator": Silent}, "made past the URL of its engine"),
    ],
    ids=[
        "the URL alone",
        "a harmless argument",
        "another server",
        "a creator",
        "a module",
        "without a pool",
    ],
)
def test_a_silent_driver_is_judged_by_all_that_its_engine_was_given(
    more: dict[str, Any], said: str | None
) -> None:
    engine = sqlalchemy.create_engine("mssql+pyodbc://devhost/dev?driver=x", **more)

    found = by_url_alone(engine)

    assert (said is None) is (found.doubt is None)
    assert said is None or said in (found.doubt or "")


@pytest.mark.usefixtures("silent")
def test_a_silent_driver_may_connect_by_the_pool_of_another_engine() -> None:
    live = sqlalchemy.create_engine("mssql+pyodbc://live/shop?driver=x")
    engine = sqlalchemy.create_engine("mssql+pyodbc://devhost/dev?driver=x", pool=live.pool)

    assert "made past the URL of its engine" in (by_url_alone(engine).doubt or "")


@pytest.mark.usefixtures("silent")
def test_a_listener_of_a_silent_driver_makes_its_engine_doubtful() -> None:
    engine = sqlalchemy.create_engine("mssql+pyodbc://devhost/dev?driver=x")
    event.listen(engine, "do_connect", lambda *_: None)

    assert "made past the URL of its engine" in (by_url_alone(engine).doubt or "")


@pytest.mark.usefixtures("silent")
def test_a_variable_that_changes_later_is_judged_where_the_driver_is_silent(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    application()
    engine = interlock.create_engine("mysql://localhost/shop_dev")
    monkeypatch.setenv("MYSQL_UNIX_PORT", "/cloudsql/live")

    with pytest.raises(Refused, match="/cloudsql/live"):
        engine.connect()
