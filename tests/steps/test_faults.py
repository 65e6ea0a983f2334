"""What is left when a step is killed, starved or raced: no lock, no lost row, and a way on."""

from __future__ import annotations

import base64
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from alembic import command
from tests.steps.project import STOCK, Project

import interlock
from interlock import Refused
from interlock.steps.backends import backend_of
from interlock.steps.demands import latest
from interlock.steps.environment import Unusable, config_for, look
from interlock.steps.status import standing

KILLER = """
import os, signal, sys
from importlib import import_module

module, name, when = sys.argv[1:4]
place = import_module(module)
original = getattr(place, name)

calls = 0

def killed(*args, **kwargs):
    global calls
    calls += 1
    if when == "second" and calls == 1:
        return original(*args, **kwargs)
    if when == "after":
        original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(place, name, killed)
from interlock.cli import main

sys.exit(main(["deploy", "production"]))
"""

# Not while it is rendered, which is done without a database.
WAITING = (
    "if not op.get_context().as_sql:",
    '    open("begun", "w").close()',
    '    while not os.path.exists("go"): time.sleep(0.02)',
)


def kill_at(project: Project, module: str, name: str, when: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLER, module, name, when],
        cwd=project.root,
        env=project.variables(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    project.wait_until_noticed()


@pytest.fixture
def live(any_inside: Project) -> Project:
    """A project that was deployed, holds a row, and has a second migration to deploy."""
    interlock.deploy("production")
    any_inside.execute("INSERT INTO product VALUES ('tea', 450)")
    any_inside.revision("b2", "a1", STOCK, 'op.create_index("ix", "product", ["price"])')
    any_inside.commit()
    return any_inside


def go_on(project: Project) -> None:
    """Do what status says, and see that it works and that nothing was lost."""
    now = standing("production")
    if "put back" in now.next_step:
        assert not project.transactional
        shutil.copy(project.root / now.next_step.split()[4], project.file)
    if "interlock backup production" in now.next_step:
        interlock.migrate(interlock.backup(latest("production", "backup")))
    elif "interlock migrate production" in now.next_step:
        interlock.migrate(latest("production", "migrate"))
    elif not now.settled:
        assert "interlock deploy production" in now.next_step
        interlock.deploy("production")
    assert standing("production").settled
    assert project.rows("SELECT sku, price, stock FROM product") == [("tea", 450, 0)]
    assert project.rows("SELECT version_num FROM alembic_version") == [("b2",)]
    assert project.rows("SELECT revision FROM interlock_ledger ORDER BY run, position") == [
        ("a1",),
        ("b2",),
    ]


UNCHANGED = "every definition in the database is as it was before"
PARTLY = "left a part of its changes"


@pytest.mark.parametrize(
    ("module", "name", "when", "verdict"),
    [
        ("store", "backup_folder", "after", "verify is done, and nothing was changed yet"),
        ("actions", "after", "before", "verify is done, and nothing was changed yet"),
        ("permit", "started", "before", "nothing was changed yet"),
        ("permit", "started", "after", UNCHANGED),
        ("permit", "witnessed", "before", UNCHANGED),
        ("witness", "append", "before", PARTLY),
        ("witness", "append", "after", PARTLY),
        ("permit", "_compared", "before", "as the ledger says"),
        ("permit", "after", "before", "as the ledger says"),
    ],
)
def test_a_killed_deployment_can_be_taken_up(
    live: Project, module: str, name: str, when: str, verdict: str
) -> None:
    kill_at(live, f"interlock.steps.{module}", name, when)

    now = standing("production")

    assert (UNCHANGED if live.transactional and verdict == PARTLY else verdict) in now.verdict
    if "nothing was changed yet" not in now.verdict:
        assert ("was interrupted" in now.verdict) is not ("as the ledger says" in now.verdict)
    go_on(live)


def test_a_deployment_that_is_killed_between_two_revisions_goes_on_from_there(
    live: Project,
) -> None:
    live.revision("c3", "b2", 'op.create_table("basket", sa.Column("sku", sa.String(32)))')
    live.commit()

    kill_at(live, "interlock.steps.witness", "append", "second")

    now = standing("production")
    if live.transactional:
        assert UNCHANGED in now.verdict
    else:
        assert "was interrupted after 1 of 2 revisions: the database is at b2" in now.verdict
        # What the second revision had done before it was killed stays: it is made to go on.
        basket = 'op.execute("CREATE TABLE IF NOT EXISTS basket (sku VARCHAR(32))")'
        live.revision("c3", "b2", basket)
        live.commit()
    assert live.locks() == [] or not live.transactional
    interlock.deploy("production")
    assert standing("production").settled
    assert live.rows("SELECT sku, price, stock FROM product") == [("tea", 450, 0)]
    assert live.rows("SELECT revision FROM interlock_ledger ORDER BY run, position") == [
        ("a1",),
        ("b2",),
        ("c3",),
    ]


def test_a_file_that_goes_away_in_mid_migration_is_noticed(inside: Project) -> None:
    interlock.deploy("production")
    inside.execute("INSERT INTO product VALUES ('tea', 450)")
    inside.revision("b2", "a1", *WAITING, STOCK)
    inside.commit()
    process = inside.start("deploy", "production")
    inside.wait_for("begun", process)

    away = inside.file.rename(inside.file.with_name("away"))
    (inside.root / "go").touch()
    _, err = process.communicate(timeout=60)

    assert process.returncode in (2, 3), err
    assert "Traceback" not in err
    verdict = standing("production").verdict
    assert "env.py now reaches another database" in verdict or "cannot be asked" in verdict
    away.rename(inside.file)
    assert (
        not standing("production").settled or "as the ledger says" in standing("production").verdict
    )
    assert inside.rows("SELECT sku, price FROM product") == [("tea", 450)]


def test_a_migration_that_is_killed_in_its_middle_can_be_taken_up(live: Project) -> None:
    live.revision("b2", "a1", STOCK, *WAITING, 'op.create_index("ix", "product", ["price"])')
    live.commit()
    process = live.start("deploy", "production")
    live.wait_for("begun", process)

    process.kill()
    process.communicate()
    live.wait_until_noticed()

    (live.root / "go").touch()
    assert (UNCHANGED if live.transactional else PARTLY) in standing("production").verdict
    go_on(live)


def test_a_migration_that_fails_half_way_can_be_taken_up(live: Project) -> None:
    live.revision("b2", "a1", STOCK, 'op.execute("INSERT INTO nowhere VALUES (1)")')
    live.commit()

    answer = live.deploy()

    assert answer.status == 2, answer
    assert "interlock status" in answer.err
    verdict = standing("production").verdict
    assert "nowhere" in verdict
    assert (UNCHANGED if live.transactional else PARTLY) in verdict
    live.revision("b2", "a1", STOCK, 'op.create_index("ix", "product", ["price"])')
    live.commit()
    go_on(live)


def test_of_two_deployments_at_once_one_is_refused_and_names_the_other(live: Project) -> None:
    live.revision("b2", "a1", STOCK, *WAITING)
    live.commit()
    first = live.start("deploy", "production")
    live.wait_for("begun", first)

    under_way = standing("production")
    second = live.deploy()

    (live.root / "go").touch()
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, out + err
    assert second.status == 3, second
    assert "a second deployment at the same time" in second.err
    assert "interlock 20" in second.err
    assert "a migration is under way" in under_way.verdict
    assert under_way.next_step == "wait until it has ended"
    go_on(live)


def test_nothing_stays_locked_after_a_deployment(live: Project) -> None:
    interlock.deploy("production")

    assert live.locks() == []


# --- the place of the receipts --------------------------------------------------------------


def started(
    project: Project, prepare: Callable[[], None], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a step in a process of its own, which `prepare` takes something from."""
    return subprocess.run(
        [sys.executable, "-m", "interlock", *arguments],
        cwd=project.root,
        env=project.variables(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=prepare,
    )


def small_files(size: int) -> Callable[[], None]:
    """Let a process write files up to this size only, as on a full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    return limit


def test_a_full_disk_stops_the_run_before_anything_is_changed(inside: Project) -> None:
    interlock.backup(interlock.verify("production"))
    before = inside.receipts()

    done = started(inside, small_files(64), "migrate")

    assert done.returncode == 3, done.stderr
    assert "cannot be kept: File too large" in done.stderr
    assert inside.receipts() == before
    assert list(before[0].parent.glob(".*")) == []
    assert inside.rows("SELECT count(*) FROM sqlite_master") == [(0,)]
    assert interlock.deploy("production").step == "migrate"


def test_a_backup_that_does_not_fit_is_none(inside: Project) -> None:
    inside.execute("CREATE TABLE blob AS SELECT zeroblob(200000) AS data")
    interlock.verify("production")

    done = started(inside, small_files(100_000), "backup")

    assert done.returncode == 3, done.stderr
    assert "the backup could not be made" in done.stderr
    assert list((inside.root / ".interlock/backups").iterdir()) == []


@pytest.mark.parametrize("place", [".interlock", ".interlock/receipts"])
def test_a_place_that_cannot_be_written_is_said(inside: Project, place: str) -> None:
    (inside.root / place).parent.mkdir(exist_ok=True)
    (inside.root / place).write_text("a file stands here", encoding="ascii")
    inside.write({".gitignore": (inside.root / ".gitignore").read_text() + "/.interlock\n"})
    inside.commit()

    with pytest.raises(Refused) as caught:
        interlock.verify("production")

    assert "cannot be kept" in caught.value.why


def without_power_over_files() -> None:
    """Let permissions count for root too: the program that follows loses that capability."""
    if os.geteuid() == 0:
        drop, override = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE of Linux
        assert ctypes.CDLL(None).prctl(drop, override, 0, 0, 0) == 0


@pytest.mark.parametrize("place", [".interlock", ".interlock/receipts", ".interlock/backups"])
def test_a_read_only_folder_is_said(project: Project, place: str) -> None:
    (project.root / ".interlock").mkdir()
    (project.root / place).mkdir(exist_ok=True)
    (project.root / place).chmod(0o500)

    done = started(project, without_power_over_files, "deploy", "production")

    assert done.returncode == 3, done.stderr
    assert "Permission denied" in done.stderr
    assert project.rows("SELECT count(*) FROM sqlite_master") == [(0,)]


SMALL_DISK = """
set -u
mkdir -p .interlock
mount -t tmpfs -o size=256k tmpfs .interlock || exit 99
"$@" verify production && "$@" backup production || exit 98
dd if=/dev/zero of=.interlock/filling bs=1k 2>/dev/null
"$@" migrate production
echo "migrate on a full disk: $?"
find .interlock/receipts -name '.*'
rm .interlock/filling
"$@" migrate production
echo "migrate with room: $?"
"$@" status production
"""
_OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run([*_OWN_MOUNTS, "true"], capture_output=True, check=False).returncode != 0,
    reason="this system lets nobody mount a small disk for himself",
)
def test_a_disk_that_is_full_stops_the_run_and_room_lets_it_go_on(project: Project) -> None:
    words = [sys.executable, "-m", "interlock"]

    done = subprocess.run(
        [*_OWN_MOUNTS, "sh", "-c", SMALL_DISK, "sh", *words],
        cwd=project.root,
        env=project.variables(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    shown = done.stdout.splitlines()
    assert "migrate on a full disk: 3" in shown, done.stdout + done.stderr
    assert "cannot be kept: No space left on device" in done.stderr
    assert "migrate with room: 0" in shown, done.stdout + done.stderr
    assert [line for line in shown if line.startswith(".interlock")] == []
    assert "production: migrated to a1" in shown


def test_a_clock_that_was_set_back_is_noticed_by_the_ledger(inside: Project) -> None:
    interlock.deploy("production")
    inside.execute("UPDATE interlock_ledger SET applied = '2099-01-01T00:00:00+00:00'")

    with pytest.raises(Refused) as caught:
        interlock.verify("production")

    assert "the clock of this machine was set back" in caught.value.why


# --- environments ---------------------------------------------------------------------------


def test_an_environment_of_several_databases_is_refused(inside: Project) -> None:
    env = (inside.root / "migrations/env.py").read_text(encoding="utf-8")
    head, _, tail = env.partition("    with make_engine()")
    body = "    with make_engine()" + tail
    loop = "".join(f"    {line}\n" for line in body.splitlines())
    inside.write({"migrations/env.py": f"{head}    for _ in range(2):\n{loop}"})
    inside.commit()

    with pytest.raises(Refused) as caught:
        interlock.verify("production")

    assert "env.py opened 2 databases in one run" in caught.value.why


def test_each_of_several_databases_has_a_run_of_its_own(inside: Project) -> None:
    inside.second_database("reporting")

    first, second = interlock.verify("production"), interlock.verify("reporting")
    folder = inside.root / ".interlock/receipts"
    copied = interlock.backup(second)
    shutil.copy(folder / copied.run / "backup.json", folder / first.run / "backup.json")

    with pytest.raises(Refused) as caught:
        interlock.migrate(first)
    assert "it belongs to another run" in caught.value.why
    assert interlock.migrate(copied).target.name == "reporting"
    assert inside.rows("SELECT count(*) FROM sqlite_master") == [(0,)]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda p: p.write({"migrations/env.py": "import interlock\n"}), "without context.run"),
        (lambda p: (p.root / "alembic.ini").unlink(), "there is no alembic.ini"),
        (
            lambda p: p.write({"alembic.ini": "[other]\nscript_location = migrations\n"}),
            "no section [alembic]",
        ),
        (lambda p: (p.root / "migrations/versions/a1.py").unlink(), "no migration"),
    ],
    ids=["empty env.py", "no ini", "no section", "no migration"],
)
def test_an_environment_that_cannot_migrate_is_refused(
    inside: Project, break_it: Callable[[Project], object], said: str
) -> None:
    break_it(inside)
    inside.commit()

    with pytest.raises(Refused) as caught:
        interlock.verify("production")

    assert said in caught.value.why


def test_an_environment_that_breaks_is_an_error_and_no_refusal(project: Project) -> None:
    project.write({"migrations/env.py": "raise RuntimeError('password is s3cret\\nand more')\n"})
    project.commit()

    answer = project.run("verify", "production")

    assert answer.status == 2
    assert "error: RuntimeError: password is s3cret, at env.py:1. `interlock status`" in answer.err
    assert "Traceback" not in answer.err


def test_a_migration_that_ends_the_process_with_success_has_not_succeeded(
    project: Project,
) -> None:
    project.revision("a1", None, "if not op.get_context().as_sql:", "    raise SystemExit(0)")
    project.commit()

    answer = project.deploy()

    assert answer.status == 3, answer
    assert "0 of 1 revisions were applied" in answer.err
    assert project.status()["settled"] is False


def test_a_block_that_has_done_its_plan_may_end_the_process(inside: Project) -> None:
    backed_up = interlock.backup(interlock.verify("production"))

    def program() -> None:
        with interlock.permit(backed_up):
            command.upgrade(config_for(inside.root, "alembic.ini"), "head")
            raise SystemExit(0)

    with pytest.raises(SystemExit):
        program()

    assert inside.status()["verdict"] == "migrated to a1"


def test_an_environment_that_ends_the_process_is_refused(inside: Project) -> None:
    env = inside.root / "migrations/env.py"
    env.write_text(f"{env.read_text(encoding='utf-8')}\nraise SystemExit(0)\n", encoding="utf-8")

    with pytest.raises(Unusable, match="ended the process, with 0"):
        look(config_for(inside.root, "alembic.ini"))


def test_a_database_that_is_gone_is_a_refusal(project: Project) -> None:
    project.file.unlink()
    project.root.joinpath("shop.db").mkdir()

    answer = project.run("verify", "production")

    assert answer.status == 3
    assert "the database does not answer" in answer.err


def test_what_a_failure_quotes_is_kept_and_told_without_its_password(project: Project) -> None:
    reached = "cannot reach postgresql://shop:s3@cr3t@db/shop, password=s3cr3t"
    project.revision(
        "a1", None, "if not op.get_context().as_sql:", f"    raise OSError({reached!r})"
    )
    project.commit()

    answer = project.deploy()
    shown = project.run("status", "production")

    assert answer.status == 2, answer
    kept = [base64.b64decode(json.loads(one.read_bytes())["payload"]) for one in project.receipts()]
    assert len(kept) == 4
    told = f"{answer} {shown} {b''.join(kept).decode()}"
    assert told.count("cannot reach postgresql://shop:***@db/shop, password=***") >= 3
    assert "cr3t" not in told


@pytest.mark.parametrize("dialect", ["mysql", "mariadb", "mssql", "oracle"])
def test_a_database_whose_lock_nobody_has_tried_is_refused(dialect: str) -> None:
    with pytest.raises(Unusable) as caught:
        backend_of(dialect)

    assert "locks and backs up postgresql and sqlite" in str(caught.value)
    assert f"For {dialect} it knows no lock and no backup" in str(caught.value)
