"""The steps against a real PostgreSQL: locks, snapshots, poolers, asynchronous environments."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.steps.conftest import Server, _inside
from tests.steps.pooler import Pooler
from tests.steps.project import STOCK, Project

import interlock
from interlock import Refused
from interlock.steps.receipts import Copied
from interlock.steps.status import standing

ASYNC_ENV = """
    from __future__ import annotations

    import asyncio

    from alembic import context

    import interlock
    from shop.db import make_engine, url

    interlock.require_approval()


    def run(connection) -> None:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


    async def main() -> None:
        engine = make_engine()
        async with engine.connect() as connection:
            await connection.run_sync(run)
        await engine.dispose()


    if context.is_offline_mode():
        context.configure(url=url(), literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
    else:
        asyncio.run(main())
"""

CONCURRENTLY = (
    "with op.get_context().autocommit_block():",
    '    op.create_index("ix_price", "product", ["price"], postgresql_concurrently=True)',
)


def refused(act: object) -> str:
    with pytest.raises(Refused) as caught:
        act()  # type: ignore[operator]
    return caught.value.why


def test_a_deployment_is_backed_up_and_in_the_ledger(shop_inside: Project) -> None:
    interlock.deploy("production")
    shop_inside.execute("INSERT INTO product SELECT 'sku' || n, n FROM generate_series(1, 500) n")
    shop_inside.revision("b2", "a1", STOCK)
    shop_inside.commit()

    interlock.deploy("production")

    assert shop_inside.rows("SELECT count(*), sum(stock) FROM product") == [(500, 0)]
    assert shop_inside.rows("SELECT revision FROM interlock_ledger ORDER BY run") == [
        ("a1",),
        ("b2",),
    ]
    assert standing("production").verdict == "migrated to b2"
    assert shop_inside.rows("SELECT datname FROM pg_database WHERE datname ~ 'scratch'") == []


def test_a_backup_is_compared_with_what_was_dumped_while_rows_are_written(
    shop_inside: Project,
) -> None:
    interlock.deploy("production")
    verified = interlock.verify("production")
    stop = threading.Event()

    def write() -> None:
        number = 0
        with shop_inside.connect() as database:
            while not stop.is_set():
                database.execute(f"INSERT INTO product VALUES ('sku{number}', 1)")
                database.commit()
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copied = interlock.backup(verified).evidence
    finally:
        stop.set()
        writer.join()

    assert isinstance(copied, Copied)
    assert (
        0 < copied.tables["public.product"] < shop_inside.rows("SELECT count(*) FROM product")[0][0]
    )


def test_an_index_is_built_concurrently_under_the_lock(shop_inside: Project) -> None:
    interlock.deploy("production")
    shop_inside.revision("b2", "a1", *CONCURRENTLY)
    shop_inside.commit()

    assert interlock.deploy("production").step == "migrate"
    assert shop_inside.rows(
        "SELECT indisvalid FROM pg_index i JOIN pg_class c ON c.oid = "
        "i.indexrelid WHERE relname = 'ix_price'"
    ) == [(True,)]


def test_an_index_that_failed_is_named_and_the_way_on_works(shop_inside: Project) -> None:
    interlock.deploy("production")
    shop_inside.execute("INSERT INTO product VALUES ('tea', 1), ('milk', 1)")
    shop_inside.revision(
        "b2", "a1", CONCURRENTLY[0], CONCURRENTLY[1].replace("],", "], unique=True,")
    )
    shop_inside.commit()

    answer = shop_inside.deploy()

    assert answer.status == 2
    now = standing("production")
    assert "left a part of its changes: invalid index public.ix_price" in now.verdict
    assert "could not create unique index" in now.verdict
    shop_inside.revision(
        "b2",
        "a1",
        CONCURRENTLY[0],
        '    op.drop_index("ix_price", if_exists=True)',
        CONCURRENTLY[1],
    )
    shop_inside.commit()
    assert interlock.deploy("production").step == "migrate"
    assert standing("production").settled
    assert shop_inside.locks() == []


def test_a_database_that_goes_away_in_mid_migration_loses_nothing(shop_inside: Project) -> None:
    interlock.deploy("production")
    shop_inside.execute("INSERT INTO product VALUES ('tea', 450)")
    shop_inside.revision(
        "b2",
        "a1",
        STOCK,
        'op.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
        'WHERE pid <> pg_backend_pid() AND datname = current_database()")',
        'op.execute("SELECT pg_terminate_backend(pg_backend_pid())")',
    )
    shop_inside.commit()

    answer = shop_inside.deploy()

    assert answer.status == 2, answer
    assert "every definition in the database is as it was before" in standing("production").verdict
    shop_inside.revision("b2", "a1", STOCK)
    shop_inside.commit()
    interlock.deploy("production")
    assert shop_inside.rows("SELECT * FROM product") == [("tea", 450, 0)]
    assert shop_inside.locks() == []


def test_a_killed_deployer_leaves_no_second_migration_beside_its_own(shop_inside: Project) -> None:
    interlock.deploy("production")
    shop_inside.revision("b2", "a1", 'op.execute("SELECT pg_sleep(60)")')
    shop_inside.commit()
    process = shop_inside.start("deploy", "production")
    asleep = "SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'"
    while not (running := shop_inside.rows(asleep)):
        assert process.poll() is None
        time.sleep(0.1)

    process.kill()
    process.communicate()
    while len(shop_inside.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")) > 1:
        time.sleep(0.1)
    said = refused(lambda: interlock.deploy("production"))

    assert "still used by a migration" in said
    assert f"server process {running[0][0]}" in said
    shop_inside.rows(f"SELECT pg_terminate_backend({running[0][0]})")
    while shop_inside.locks():
        time.sleep(0.1)
    shop_inside.revision("b2", "a1", STOCK)
    shop_inside.commit()
    assert interlock.deploy("production").step == "migrate"


# --- who is at the other end ----------------------------------------------------------------


@pytest.fixture
def pooled(server: Server, shop: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    folder = Path(tempfile.mkdtemp(prefix="pool"))
    pooler = Pooler(folder, server.folder)
    contract = (shop.root / "pyproject.toml").read_text(encoding="utf-8")
    direct, shop.url = shop.url, shop.url.replace(str(server.folder), str(folder))
    shop.write({"pyproject.toml": contract.replace(direct, shop.url)})
    shop.commit()
    yield from _inside(shop, monkeypatch)
    pooler.close()
    shutil.rmtree(folder)


def test_a_pooler_that_breaks_the_session_is_detected(pooled: Project) -> None:
    said = refused(lambda: interlock.verify("production"))

    assert "does not keep its session" in said
    assert "PgBouncer in transaction mode" in said
    assert pooled.receipts() == []


def test_a_copy_of_the_database_is_another_one(shop_inside: Project, server: Server) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    name = shop_inside.url.partition("@/")[2].partition("?")[0]
    admin = Project(shop_inside.root, server.url("postgres"), "")
    with admin.connect() as link:
        link.autocommit = True
        link.execute(f"ALTER DATABASE {name} RENAME TO {name}_before")
        link.execute(f"CREATE DATABASE {name} TEMPLATE {name}_before")

    said = refused(lambda: interlock.migrate(receipt))

    assert "another one than the one that was verified" in said


def test_without_the_programs_there_is_no_backup(
    shop_inside: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = interlock.verify("production")
    programs = shop_inside.root.parent / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(programs))

    said = refused(lambda: interlock.backup(verified))

    assert said.startswith("pg_dump, pg_restore, psql not found on PATH")


# --- asynchronous ---------------------------------------------------------------------------


def test_an_asynchronous_environment_is_deployed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = server.project(tmp_path / "shop", "asyncpg")
    db = (project.root / "shop/db.py").read_text(encoding="utf-8")
    project.write(
        {
            "migrations/env.py": ASYNC_ENV,
            "shop/db.py": db.replace("create_engine", "create_async_engine"),
        }
    )
    project.revision("b2", "a1", *CONCURRENTLY)
    project.commit()
    for _ in _inside(project, monkeypatch):
        receipt = interlock.deploy("production")

        assert receipt.step == "migrate"
        assert project.rows("SELECT revision FROM interlock_ledger ORDER BY position") == [
            ("a1",),
            ("b2",),
        ]
        assert standing("production").settled
        assert project.locks() == []
