"""The guard before a real PostgreSQL, with the drivers people use."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

import pytest

import interlock
from interlock.refused import Refused

ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(run())
"""

DRIVERS = ["psycopg", "asyncpg", "psycopg_async", "psycopg2"]


def _use(shop: Any, driver: str, server: Any) -> None:
    if driver == "psycopg2":
        pytest.importorskip("psycopg2", reason="not a dependency of ours; psycopg is")
    for name, database in ("alembic.ini", "live"), ("dev.ini", "dev"):
        shop.write_ini(name, server.url(driver, database))
    if driver in {"asyncpg", "psycopg_async"}:
        approved = "import interlock\ninterlock.require_approval()\n"
        (shop.root / "migrations/env.py").write_text(approved + ASYNC_ENV, encoding="utf-8")


@pytest.mark.parametrize("driver", DRIVERS)
def test_only_the_unprotected_database_is_migrated(
    driver: str, postgresql: Any, server: Any
) -> None:
    _use(postgresql, driver, server)

    shown = postgresql.alembic("upgrade", "head")
    assert shown.returncode == 1
    assert "refused: `alembic upgrade` on 'production'" in shown.stderr
    assert server.tables("live") == []

    shown = postgresql.alembic("-c", "dev.ini", "upgrade", "head")
    assert shown.returncode == 0, shown.stderr
    assert server.tables("dev") == ["alembic_version", "product", "stock"]
    assert postgresql.alembic("current").returncode == 0


WAYS = {
    "dbname in the query": ("postgresql+psycopg://postgres@/dev?host={host}&dbname=live", {}),
    "PGHOST and PGDATABASE": (
        "postgresql+psycopg://postgres@",
        {"PGHOST": "{host}", "PGDATABASE": "live"},
    ),
    "a service": ("postgresql+psycopg://", {"PGSERVICE": "live", "PGSERVICEFILE": "services"}),
    "a service beside a URL": (
        "postgresql+psycopg:///dev?host={host}",
        {"PGSERVICE": "live", "PGSERVICEFILE": "services"},
    ),
    "a name in another case": ("postgresql+psycopg://postgres@/live?host={host}/", {}),
    "two hosts": ("postgresql+psycopg://postgres@/live?host=/nowhere,{host}&port=1,5432", {}),
}


@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_the_protected_database_is_refused(
    name: str, postgresql: Any, server: Any
) -> None:
    url, environ = WAYS[name]
    (postgresql.root / "services").write_text(
        f"[live]\nhost={server.host}\ndbname=live\nuser=postgres\n", encoding="utf-8"
    )
    postgresql.write_ini("alembic.ini", url.format(host=server.host))
    given = {key: value.format(host=server.host) for key, value in environ.items()}

    shown = postgresql.alembic("upgrade", "head", environ=given)

    assert shown.returncode == 1
    assert "Refused: refused: " in shown.stderr, shown.stderr
    assert server.tables("live") == []


@pytest.mark.skipif(
    tuple(map(int, version("alembic").split(".")[:2])) < (1, 18),
    reason="Alembic has plugins from 1.18 on",
)
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_creator_is_judged_by_its_connection(driver: str, postgresql: Any, server: Any) -> None:
    code = f"""
import asyncio, psycopg, asyncpg, sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
table = sa.Table("x", sa.MetaData(), sa.Column("id", sa.Integer))
given = dict(host={server.host!r}, user="postgres")

async def main():
    async def connect(): return await asyncpg.connect(database="live", **given)
    engine = create_async_engine({server.url("asyncpg", "dev")!r}, async_creator=connect)
    async with engine.begin() as connection:
        await connection.run_sync(table.create)

if {driver!r} == "asyncpg":
    asyncio.run(main())
creator = lambda: psycopg.connect(dbname="live", **given)
table.create(sa.create_engine({server.url("psycopg", "dev")!r}, creator=creator))
"""
    shown = postgresql.code(code)

    assert shown.returncode == 1
    assert "Refused: refused: CreateTable" in shown.stderr, shown.stderr
    assert server.tables("live") == []


def test_settings_for_the_server_that_choose_its_database_are_refused(
    postgresql: Any, server: Any
) -> None:
    """The server takes the second `database` of the first message, and asyncpg tells the first."""
    code = f"""
import asyncio, sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
import interlock.hooks; interlock.hooks.install()
table = sa.Table("x", sa.MetaData(), sa.Column("id", sa.Integer))

async def main():
    settings = {{"database": "live"}}
    engine = create_async_engine(
        {server.url("asyncpg", "dev")!r}, connect_args={{"server_settings": settings}}
    )
    async with engine.begin() as connection:
        print(await connection.scalar(sa.text("SELECT current_database()")))
        await connection.run_sync(table.create)

asyncio.run(main())
"""
    shown = postgresql.code(code)

    assert shown.stdout == "live\n"
    assert shown.returncode == 1
    assert "`server_settings` chooses the database once more" in shown.stderr, shown.stderr
    assert server.tables("live") == []


def test_a_migration_that_leaves_its_transaction_is_refused_too(
    postgresql: Any, server: Any
) -> None:
    """`CREATE INDEX CONCURRENTLY` runs on another connection object of Alembic's."""
    (postgresql.root / "migrations/versions/b2.py").write_text(
        "from alembic import op\nrevision, down_revision = 'b2', 'a1'\n"
        "def upgrade():\n"
        "    with op.get_context().autocommit_block():\n"
        "        op.create_index('i', 'product', ['id'], postgresql_concurrently=True)\n",
        encoding="utf-8",
    )
    assert postgresql.alembic("upgrade", "head").returncode == 1
    shown = postgresql.alembic("-c", "dev.ini", "upgrade", "head")
    assert shown.returncode == 0, shown.stderr
    assert server.tables("live") == []


TEXTS = {
    "a function that drops": ("SELECT dropping()", []),
    "TRUNCATE": ("TRUNCATE product", ["product"]),
    "DELETE": ("DELETE FROM product", ["product"]),
    "a block of code": ("DO 'BEGIN DROP TABLE product; END'", []),
    "EXPLAIN that executes": ("EXPLAIN ANALYZE CREATE TABLE more AS SELECT 1", ["more", "product"]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_stopped_by_no_layer_but_by_the_factory_of_another_environment(
    name: str, postgresql: Any, server: Any
) -> None:
    """What docs/threat-model.md says of each: only a role without the right refuses it."""
    statement, left = TEXTS[name]
    head = f"""
import interlock, sqlalchemy as sa
url = {server.url("psycopg", "live")!r}
def run(engine, *statements):
    with engine.begin() as connection:
        for one in statements:
            connection.execute(sa.text(one))
"""
    function = (
        "CREATE FUNCTION dropping() RETURNS int LANGUAGE sql AS 'DROP TABLE product; SELECT 1'"
    )
    made = f"['CREATE TABLE product AS SELECT 1 AS id', {function!r}]"

    shown = postgresql.code(
        f"{head}run(sa.create_engine(url), *{made})\n"
        f"try: run(interlock.create_engine(url), {statement!r})\n"
        "except interlock.Refused: print('refused')\n"
        f"run(sa.create_engine(url), {statement!r})"
    )

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == "refused\n"
    assert server.tables("live") == left


# --- the guarded factories ------------------------------------------------------------------


@pytest.fixture
def here(postgresql: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in os.environ if one.startswith("PG") or one == "APP_ENV"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(postgresql.root)


@pytest.mark.usefixtures("here")
def test_a_guarded_engine_connects_to_the_database_of_this_environment(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="'production' of the contract"):
        interlock.create_engine(server.url("psycopg", "live"))
    engine = interlock.create_engine(server.url("psycopg", "dev"))
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT current_database()").scalar()
        assert found == "dev"
    engine.dispose()

    monkeypatch.setenv("APP_ENV", "production")
    engine = interlock.create_engine(server.url("psycopg", "live"))
    engine.connect().close()
    engine.dispose()


@pytest.mark.usefixtures("here")
def test_a_variable_that_changes_later_leads_a_guarded_engine_nowhere(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", server.host)
    monkeypatch.setenv("PGDATABASE", "dev")
    engine = interlock.create_engine("postgresql+psycopg://postgres@")
    monkeypatch.setenv("PGDATABASE", "live")

    with pytest.raises(Refused, match="'production' of the contract"):
        engine.connect()
    engine.dispose()
