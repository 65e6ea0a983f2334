"""verify, backup, migrate: each needs the one before, and none can be had otherwise."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.pool import NullPool
from tests.steps.project import PRODUCT, STOCK, VARIABLE, Project

import interlock
from interlock import Refused
from interlock.steps import demands, site
from interlock.steps.envelope import seal
from interlock.steps.keys import generate, read_private
from interlock.steps.receipts import AGE_LIMIT, Copied, Receipt, payload_of
from interlock.steps.site import Misuse


def why(act: Callable[[], object]) -> str:
    """What is said when something is refused; nothing may have been changed by it."""
    with pytest.raises(Refused) as caught:
        act()
    refusal = caught.value
    assert refusal.missing
    assert refusal.next_step
    return refusal.why


def upgrade(project: Project) -> None:
    command.upgrade(Config(str(project.root / "alembic.ini")), "head")


def heads(project: Project) -> list[str]:
    try:
        return [row[0] for row in project.rows("SELECT version_num FROM alembic_version")]
    except sqlite3.OperationalError:
        return []  # no such table: nothing was migrated


# --- what should work -----------------------------------------------------------------------


def test_a_deployment_leaves_receipts_a_backup_and_a_ledger(project: Project) -> None:
    answer = project.deploy()

    assert answer.status == 0, answer
    assert heads(project) == ["a1"]
    assert [one.stem for one in project.receipts()] == ["backup", "migrate", "started", "verify"]
    ledger = project.rows("SELECT revision, commit_sha FROM interlock_ledger")
    assert ledger == [("a1", project.git("rev-parse", "HEAD"))]
    status = project.status()
    assert status["settled"] is True
    assert status["verdict"] == "migrated to a1"


def test_the_receipts_never_get_into_the_commit(project: Project) -> None:
    project.deploy()

    assert project.git("status", "--porcelain") == ""


def test_a_second_deployment_goes_on_from_the_first(inside: Project) -> None:
    interlock.deploy("production")
    inside.revision("b2", "a1", STOCK)
    inside.revision("c3", "b2", "op.execute(\"INSERT INTO product VALUES ('tea', 450, 3)\")")
    inside.commit()

    receipt = interlock.deploy("production")

    assert receipt.step == "migrate"
    assert heads(inside) == ["c3"]
    assert inside.rows("SELECT revision FROM interlock_ledger ORDER BY run, position") == [
        ("a1",),
        ("b2",),
        ("c3",),
    ]


def test_a_deployment_without_new_migrations_ends_after_verification(inside: Project) -> None:
    interlock.deploy("production")

    receipt = interlock.deploy("production")

    assert receipt.step == "verify"
    assert receipt.plan.changes == ()


def test_only_what_is_applied_is_said_to_run(
    inside: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """Steps render a migration before it is applied, and Alembic would say that it runs."""
    caplog.set_level("INFO", "alembic.runtime.migration")

    backed_up = interlock.backup(interlock.verify("production"))
    assert caplog.messages == []

    interlock.migrate(backed_up)
    assert [one for one in caplog.messages if "Running" in one] == ["Running upgrade  -> a1, a1"]


def test_the_steps_may_be_commands_of_their_own(project: Project) -> None:
    answers = [project.run("verify", "production"), project.run("backup"), project.run("migrate")]

    assert [one.status for one in answers] == [0, 0, 0], answers
    assert heads(project) == ["a1"]


def test_the_deploy_module_may_call_alembic_itself(inside: Project) -> None:
    with interlock.permit(interlock.backup(interlock.verify("production"))):
        upgrade(inside)

    assert heads(inside) == ["a1"]
    assert inside.status()["verdict"] == "migrated to a1"


def test_a_backup_holds_what_the_database_held(inside: Project) -> None:
    interlock.deploy("production")
    with closing(sqlite3.connect(inside.file)) as database:
        database.execute("INSERT INTO product VALUES ('tea', 450)")
        database.commit()
    inside.revision("b2", "a1", 'op.drop_table("product")')
    inside.commit()

    receipt = interlock.backup(interlock.verify("production"))
    interlock.migrate(receipt)

    copied = receipt.evidence
    assert isinstance(copied, Copied)
    assert copied.tables["product"] == 1
    with closing(sqlite3.connect(inside.root / copied.file)) as copy:
        assert copy.execute("SELECT * FROM product").fetchall() == [("tea", 450)]
    assert (inside.root / copied.file).stat().st_mode & 0o077 == 0


def test_sql_that_is_different_each_time_is_held_by_its_script(inside: Project) -> None:
    inside.revision("b2", "a1", 'op.execute(f"-- {time.perf_counter_ns()}")')
    inside.commit()

    plan = interlock.verify("production").plan

    assert [(one.revision, one.sql is None) for one in plan.changes] == [
        ("a1", False),
        ("b2", True),
    ]
    assert plan.changes[1].reason == "it is different each time it is rendered"


def test_a_migration_that_asks_the_database_is_held_by_its_script(inside: Project) -> None:
    inside.revision("b2", "a1", "op.get_bind().execute(sa.text('SELECT 1')).one()")
    inside.commit()

    receipt = interlock.deploy("production")

    assert receipt.step == "migrate"
    assert receipt.plan.changes[1].reason == "it cannot be rendered without the database"


def test_autogenerate_passes_by_the_ledger(inside: Project) -> None:
    interlock.deploy("production")
    metadata = sa.MetaData()
    sa.Table(
        "product",
        metadata,
        sa.Column("sku", sa.String(32), primary_key=True),
        sa.Column("price", sa.Integer, nullable=False),
    )
    engine = sa.create_engine(inside.url, poolclass=NullPool)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)

    assert found == []


# --- verification ---------------------------------------------------------------------------


@pytest.mark.parametrize("dress", [{}, {"CI": "true", "GITHUB_ACTIONS": "true"}])
def test_a_developers_machine_deploys_nothing(project: Project, dress: dict[str, str]) -> None:
    answer = project.run("deploy", "production", signed=False, **dress)

    assert answer.status == 3
    assert f"the variable {VARIABLE} is not set" in answer.err
    assert "push the commit" in answer.err
    assert project.receipts() == []
    assert heads(project) == []


def test_a_key_that_the_contract_does_not_know_deploys_nothing(
    inside: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, generate()[0])

    assert "not one that the contract trusts" in why(lambda: interlock.deploy("production"))


def test_a_work_tree_that_differs_is_not_verified(inside: Project) -> None:
    inside.write({"shop/more.py": "MORE = 1\n"})

    assert "the work tree differs" in why(lambda: interlock.verify("production"))


def test_a_folder_without_a_commit_is_not_verified(inside: Project) -> None:
    shutil.rmtree(inside.root / ".git")

    assert "no git repository" in why(lambda: interlock.verify("production"))


def test_a_commit_that_is_not_proved_is_not_verified(inside: Project) -> None:
    inside.write({"shop/cron.py": "from alembic.command import upgrade\n\njob = upgrade\n"})
    inside.commit()

    assert "IL101 in shop/cron.py" in why(lambda: interlock.verify("production"))


def test_several_heads_are_not_verified(inside: Project) -> None:
    inside.revision("b2", "a1")
    inside.revision("c3", "a1")
    inside.commit()

    assert "2 heads (b2, c3)" in why(lambda: interlock.verify("production"))


def test_merged_heads_are_applied_in_order(inside: Project) -> None:
    inside.revision("b2", "a1", STOCK)
    inside.revision("c3", "a1", 'op.create_index("ix", "product", ["price"])')
    inside.revision("d4", ("b2", "c3"))
    inside.commit()

    receipt = interlock.deploy("production")

    assert heads(inside) == ["d4"]
    assert [one.revision for one in receipt.plan.changes][-1] == "d4"


def test_a_revision_that_the_commit_does_not_know_is_not_verified(inside: Project) -> None:
    interlock.deploy("production")
    (inside.root / "migrations/versions/a1.py").unlink()
    inside.revision("z9", None, PRODUCT)
    inside.commit()

    assert "is at a1, which this commit does not know" in why(
        lambda: interlock.verify("production")
    )


def test_a_database_that_the_environment_does_not_lead_to_is_not_verified(
    inside: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = inside.root / "other.db"
    other.touch()
    inside.write(
        {
            "pyproject.toml": (inside.root / "pyproject.toml").read_text(encoding="utf-8")
            + f'[tool.interlock.databases.staging]\nurls = ["sqlite:///{other}"]\n'
            + 'environments = ["production"]\n'
        }
    )
    inside.commit()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{other}")

    assert "(staging) and not to 'production'" in why(lambda: interlock.verify("production"))


@pytest.mark.parametrize(
    ("target", "said"),
    [("development", "interlock alembic upgrade head"), ("nowhere", "no database 'nowhere'")],
)
def test_only_a_protected_database_of_the_contract_has_steps(
    inside: Project, target: str, said: str
) -> None:
    with pytest.raises(Misuse, match=said):
        interlock.verify(target)


def test_a_database_in_memory_is_no_target(
    inside: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.write(
        {
            "pyproject.toml": (inside.root / "pyproject.toml")
            .read_text(encoding="utf-8")
            .replace(inside.url, "sqlite://")
        }
    )
    inside.commit()
    monkeypatch.setenv("DATABASE_URL", "sqlite://")

    assert "in memory" in why(lambda: interlock.verify("production"))


# --- the chain ------------------------------------------------------------------------------


def test_nothing_is_migrated_without_a_backup(inside: Project) -> None:
    verified = interlock.verify("production")

    assert "has no receipt of backup" in why(lambda: interlock.migrate(verified))
    assert heads(inside) == []


def test_nothing_is_backed_up_without_a_verification(inside: Project) -> None:
    verified = interlock.verify("production")
    shutil.rmtree(inside.root / ".interlock")

    assert "has no receipt of verify" in why(lambda: interlock.backup(verified))


def test_a_command_out_of_order_finds_nothing_to_consume(project: Project) -> None:
    answer = project.run("migrate")

    assert answer.status == 3
    assert "no run with a valid receipt of backup waits for migrate" in answer.err
    assert "run `interlock deploy NAME` in the pipeline" in answer.err


def test_a_receipt_made_in_memory_is_none(inside: Project) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    forged = msgspec.structs.replace(receipt, run="20990101T000000000000Z-01234567")

    assert "has no receipt of backup" in why(lambda: interlock.migrate(forged))


def test_a_run_is_good_for_one_migration(inside: Project) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    interlock.migrate(receipt)

    assert "was used for a migration" in why(lambda: interlock.migrate(receipt))


def test_a_run_that_is_in_the_ledger_is_used_whatever_the_store_says(inside: Project) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    before = inside.root.parent / "before"
    shutil.copytree(inside.root / ".interlock", before)
    interlock.migrate(receipt)
    shutil.rmtree(inside.root / ".interlock")
    shutil.copytree(before, inside.root / ".interlock")

    assert "the ledger of the database says" in why(lambda: interlock.migrate(receipt))


def _later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    moment = site.now() + timedelta(seconds=seconds)
    monkeypatch.setattr(demands, "now", lambda: moment)


@pytest.mark.parametrize(
    ("seconds", "said"), [(AGE_LIMIT + 5, "the limit is 3600 s"), (-120, "a clock was set back")]
)
def test_an_expired_receipt_and_one_of_the_future_are_refused(
    inside: Project, monkeypatch: pytest.MonkeyPatch, seconds: int, said: str
) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    _later(monkeypatch, seconds)

    assert said in why(lambda: interlock.migrate(receipt))
    assert heads(inside) == []


def test_a_receipt_of_another_commit_is_refused(inside: Project) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    inside.write({"README": "new\n"})
    inside.commit()

    assert "the receipt is for commit" in why(lambda: interlock.migrate(receipt))


def test_a_receipt_of_another_database_is_refused(inside: Project) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    copy = inside.file.with_suffix(".copy")
    shutil.copy(inside.file, copy)
    copy.replace(inside.file)

    assert "another one than the one that was verified" in why(lambda: interlock.migrate(receipt))


def test_a_database_that_moved_on_is_refused(inside: Project) -> None:
    first = interlock.backup(interlock.verify("production"))
    second = interlock.backup(interlock.verify("production"))
    interlock.migrate(first)

    assert "is at a1, and was at no revision" in why(lambda: interlock.migrate(second))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is not the one that was restored"),
    ],
    ids=["gone", "cut off"],
)
def test_a_backup_that_is_not_there_as_it_was_is_none(
    inside: Project, damage: Callable[[Path], object], said: str
) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    damage(next((inside.root / ".interlock/backups").iterdir()))

    assert said in why(lambda: interlock.migrate(receipt))


def _signed_by(project: Project, receipt: Receipt, private: str) -> None:
    key_file = project.root.parent / "key"
    key_file.write_text(private, encoding="ascii")
    key_file.chmod(0o600)
    path = project.root / ".interlock/receipts" / receipt.run / f"{receipt.step}.json"
    path.write_bytes(seal(payload_of(receipt), read_private(f"file:{key_file}")))


def test_a_forged_receipt_is_refused(inside: Project) -> None:
    receipt = interlock.backup(interlock.verify("production"))
    _signed_by(inside, receipt, generate()[0])

    assert "the receipt of backup proves nothing" in why(lambda: interlock.migrate(receipt))


def test_a_verification_cannot_stand_for_a_backup(inside: Project) -> None:
    verified = interlock.verify("production")
    folder = inside.root / ".interlock/receipts" / verified.run
    shutil.copy(folder / "verify.json", folder / "backup.json")

    assert "it is the receipt of another step" in why(lambda: interlock.migrate(verified))


# --- within a permit ------------------------------------------------------------------------


def test_a_block_that_does_not_migrate_is_refused(inside: Project) -> None:
    receipt = interlock.backup(interlock.verify("production"))

    def nothing() -> None:
        with interlock.permit(receipt):
            pass

    assert "0 of 1 revisions were applied" in why(nothing)


@pytest.mark.parametrize("act", ["stamp", "downgrade", "short"])
def test_what_was_not_planned_is_refused_and_taken_back(inside: Project, act: str) -> None:
    interlock.deploy("production")
    inside.revision("b2", "a1", STOCK)
    inside.revision("c3", "b2")
    inside.commit()
    receipt = interlock.backup(interlock.verify("production"))
    config = Config(str(inside.root / "alembic.ini"))

    def other() -> None:
        with interlock.permit(receipt):
            if act == "stamp":
                command.stamp(config, "c3")
            elif act == "downgrade":
                command.downgrade(config, "base")
            else:
                command.upgrade(config, "b2")

    said = why(other)

    if act == "short":
        assert "1 of 2 revisions were applied" in said
        assert heads(inside) == ["b2"]
    else:
        assert "The plan that was verified does not hold it" in said
        assert heads(inside) == ["a1"]
        assert inside.rows("SELECT count(*) FROM interlock_ledger") == [(1,)]


def test_a_permit_ends_with_its_block(inside: Project) -> None:
    from interlock.permits import current

    with interlock.permit(interlock.backup(interlock.verify("production"))):
        assert current() is not None
        upgrade(inside)

    assert current() is None


# --- words ----------------------------------------------------------------------------------


def test_json_is_for_programs(project: Project) -> None:
    refused = project.run("deploy", "production", "--output-format", "json", signed=False)
    done = project.run("deploy", "production", "--output-format", "json")

    assert set(json.loads(refused.out)) == {"refused", "why", "missing", "next"}
    assert refused.err == ""
    steps = [json.loads(line)["step"] for line in done.out.splitlines()]
    assert steps == ["verify", "backup", "migrate"]


def test_no_refusal_shows_the_key(project: Project) -> None:
    wrong = project.run("deploy", "production", INTERLOCK_SIGNING_KEY=f"{project.private}x")

    assert wrong.status == 3
    assert project.private not in f"{wrong}"


def test_a_key_is_written_where_it_is_told_and_nowhere_else(project: Project) -> None:
    target = project.root.parent / "new.key"

    answer = project.run("keygen", str(target))
    again = project.run("keygen", str(target))

    private = target.read_text(encoding="ascii").strip()
    assert answer.status == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert private.startswith("ed25519-private:")
    assert private not in f"{answer}"
    assert 'keys = ["ed25519:' in answer.err
    assert again.status == 2
    assert target.read_text(encoding="ascii").strip() == private


def test_a_key_goes_into_a_pipe(project: Project) -> None:
    answer = project.run("keygen", "-")

    assert answer.status == 0
    assert answer.out.startswith("ed25519-private:")
    assert answer.out.strip() not in answer.err


def test_alembic_works_on_a_development_database(project: Project) -> None:
    answer = project.run(
        *("alembic", "upgrade", "head"),
        APP_ENV="development",
        DATABASE_URL=f"sqlite:///{project.root}/development.db",
    )

    assert answer.status == 0, answer
