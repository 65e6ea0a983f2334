"""What is left when a step is killed, starved or raced: no lock, no lost row, and a way on."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.steps.project import STOCK, Project

import interlock
from interlock import Refused
from interlock.steps.demands import latest
from interlock.steps.status import standing

KILLER = """
import os, signal, sys
from importlib import import_module

module, name, when = sys.argv[1:4]
place = import_module(module)
original = getattr(place, name)

def killed(*args, **kwargs):
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
    if "interlock migrate production" in now.next_step:
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


UNCHANGED = "the database is as it was before"
PARTLY = "left a part of its changes"


@pytest.mark.parametrize(
    ("module", "name", "when", "verdict"),
    [
        ("permit", "started", "before", "nothing was changed yet"),
        ("permit", "started", "after", UNCHANGED),
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


def test_a_migration_that_is_killed_in_its_middle_can_be_taken_up(live: Project) -> None:
    live.revision("b2", "a1", STOCK, *WAITING, 'op.create_index("ix", "product", ["price"])')
    live.commit()
    process = live.start("deploy", "production")
    live.wait_for("begun", process)

    process.kill()
    process.communicate()

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


def limited(project: Project, size: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a step in a process that may write files up to a size only, as on a full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    return subprocess.run(
        [sys.executable, "-m", "interlock", *arguments],
        cwd=project.root,
        env=project.variables(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=limit,
    )


def test_a_full_disk_stops_the_run_before_anything_is_changed(inside: Project) -> None:
    interlock.backup(interlock.verify("production"))
    before = inside.receipts()

    done = limited(inside, 64, "migrate")

    assert done.returncode == 3, done.stderr
    assert "cannot be kept: File too large" in done.stderr
    assert inside.receipts() == before
    assert list(before[0].parent.glob(".*")) == []
    assert inside.rows("SELECT count(*) FROM sqlite_master") == [(0,)]
    assert interlock.deploy("production").step == "migrate"


def test_a_backup_that_does_not_fit_is_none(inside: Project) -> None:
    inside.execute("CREATE TABLE blob AS SELECT zeroblob(200000) AS data")
    interlock.verify("production")

    done = limited(inside, 100_000, "backup")

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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into a read-only folder")
def test_a_read_only_folder_is_said(inside: Project) -> None:
    (inside.root / ".interlock").mkdir(mode=0o500)

    with pytest.raises(Refused) as caught:
        interlock.verify("production")

    assert "Permission denied" in caught.value.why


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
    assert "RuntimeError" in answer.err
    assert "Traceback" not in answer.err


def test_a_database_that_is_gone_is_a_refusal(project: Project) -> None:
    project.file.unlink()
    project.root.joinpath("shop.db").mkdir()

    answer = project.run("verify", "production")

    assert answer.status == 3
    assert "the database does not answer" in answer.err
