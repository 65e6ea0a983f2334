"""Receipts on disk: each follows from the one before, or proves nothing."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from interlock.steps import store
from interlock.steps.chain import SKEW, examine, staleness
from interlock.steps.envelope import Unproved, canonical, seal
from interlock.steps.keys import generate, read_private, write_private
from interlock.steps.receipts import (
    AGE_LIMIT,
    Change,
    Copied,
    Evidence,
    Failed,
    Migrated,
    Plan,
    Receipt,
    Started,
    Target,
    Verified,
    payload_of,
    receipt_from,
)

NOW = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
PLAN = Plan(("4c1be0a97d52",), "9e07d2c3a416", (Change("9e07d2c3a416", "5" * 64, "7" * 64),))
EVIDENCE: tuple[Evidence, ...] = (
    Verified(files=12, at_home=3, assumptions=0),
    Copied("sqlite backup", ".interlock/backups/x.db", 4096, "a" * 64, {"product": 3}, {"a": "b"}),
    Started(process=1, host="ci"),
    Migrated(("9e07d2c3a416",)),
)


def chain(run: str, target: str = "production", start: datetime = NOW) -> list[Receipt]:
    receipts: list[Receipt] = []
    for number, evidence in enumerate(EVIDENCE):
        receipts.append(
            Receipt(
                run=run,
                target=Target(target, "sqlite", f"sqlite:{target}:7", f"sqlite:{target}"),
                commit="c" * 40,
                contract="d" * 64,
                plan=PLAN,
                previous=receipts[-1].digest() if receipts else None,
                issued=start + timedelta(seconds=number),
                limit=AGE_LIMIT,
                evidence=evidence,
            )
        )
    return receipts


class Bench:
    """A repository with a run of four receipts, and the keys to make more."""

    def __init__(self, root: Path) -> None:
        private, self.public = generate()
        write_private(root / "key", private)
        self.key = read_private(f"file:{root / 'key'}")
        self.root = root
        self.run = store.new_run(NOW)
        self.keep(chain(self.run))

    def keep(self, receipts: list[Receipt]) -> None:
        for one in receipts:
            store.write(self.root, one.run, one.step, seal(payload_of(one), self.key))

    def path(self, step: str, run: str | None = None) -> Path:
        return self.root / ".interlock/receipts" / (run or self.run) / f"{step}.json"

    def examine(self) -> tuple[set[str], dict[str, str]]:
        found = examine(self.root, self.run, [self.public])
        return set(found.receipts), dict(found.problems)

    def replace(self, receipt: Receipt, key: Any = None) -> None:
        self.path(receipt.step).write_bytes(seal(payload_of(receipt), key or self.key))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_whole_run_is_accepted(bench: Bench) -> None:
    assert bench.examine() == ({"verify", "backup", "started", "migrate"}, {})


def test_a_receipt_is_read_as_it_was_written() -> None:
    for one in chain(store.new_run(NOW)):
        assert receipt_from(payload_of(one)) == one


def test_a_receipt_is_an_in_toto_statement() -> None:
    statement = json.loads(payload_of(chain(store.new_run(NOW))[0]))

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert [one["name"] for one in statement["subject"]] == ["production", "commit"]
    assert statement["subject"][1]["digest"] == {"gitCommit": "c" * 40}
    assert set(statement) == {"_type", "subject", "predicateType", "predicate"}


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda s: s.update(note="more"),
        lambda s: s["predicate"].update(limit=10**9, more=1),
        lambda s: s["predicate"].pop("run"),
        lambda s: s["predicate"].update(issued="2025-11-22T12:00:00"),
        lambda s: s["predicate"]["evidence"].update(type="unheard of"),
        lambda s: s["subject"].reverse(),
    ],
)
def test_a_signed_statement_that_is_no_receipt_of_ours_proves_nothing(
    change: Callable[[dict[str, Any]], object],
) -> None:
    statement = json.loads(payload_of(chain(store.new_run(NOW))[0]))
    change(statement)

    with pytest.raises(Unproved):
        receipt_from(canonical(statement))


# --- what is done to receipts ---------------------------------------------------------------


def test_a_receipt_that_is_gone_takes_those_behind_it_along(bench: Bench) -> None:
    bench.path("backup").unlink()

    receipts, problems = bench.examine()

    assert receipts == {"verify"}
    assert problems["started"] == "there is no valid receipt of backup before it"


def test_a_truncated_receipt_proves_nothing(bench: Bench) -> None:
    path = bench.path("backup")
    path.write_bytes(path.read_bytes()[:-40])

    receipts, problems = bench.examine()

    assert receipts == {"verify"}
    assert "damaged, cut off" in problems["backup"]


def test_an_empty_receipt_proves_nothing(bench: Bench) -> None:
    bench.path("verify").write_bytes(b"")

    assert bench.examine()[0] == set()


def test_an_edited_receipt_proves_nothing(bench: Bench) -> None:
    envelope = json.loads(bench.path("verify").read_bytes())
    other = payload_of(msgspec.structs.replace(chain(bench.run)[0], commit="e" * 40))
    envelope["payload"] = base64.b64encode(other).decode()
    bench.path("verify").write_text(json.dumps(envelope), encoding="ascii")

    receipts, problems = bench.examine()

    assert receipts == set()
    assert "edited, or is foreign" in problems["verify"]


def test_a_receipt_signed_by_another_key_proves_nothing(bench: Bench, tmp_path: Path) -> None:
    write_private(tmp_path / "other", generate()[0])
    bench.replace(chain(bench.run)[0], read_private(f"file:{tmp_path / 'other'}"))

    assert "edited, or is foreign" in bench.examine()[1]["verify"]


def test_swapped_receipts_prove_nothing(bench: Bench) -> None:
    verify, backup = bench.path("verify").read_bytes(), bench.path("backup").read_bytes()
    bench.path("verify").write_bytes(backup)
    bench.path("backup").write_bytes(verify)

    receipts, problems = bench.examine()

    assert receipts == set()
    assert problems["verify"] == "it is the receipt of another step (backup)"


def test_the_backup_of_another_run_proves_nothing(bench: Bench) -> None:
    other = store.new_run(NOW + timedelta(hours=1))
    bench.keep(chain(other))
    shutil.copy(bench.path("backup", other), bench.path("backup"))

    receipts, problems = bench.examine()

    assert receipts == {"verify"}
    assert problems["backup"] == f"it belongs to another run ({other})"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"previous": "0" * 64}, "made for another receipt of verify"),
        ({"commit": "e" * 40}, "its commit is not that of the receipt of verify"),
        ({"contract": "e" * 64}, "its contract is not that"),
        ({"plan": Plan((), "9e07d2c3a416", ())}, "its plan is not that"),
        ({"target": Target("staging", "sqlite", "sqlite:s:9", "sqlite:s")}, "its target is not"),
        ({"issued": NOW - timedelta(hours=1)}, "it is older than the receipt of verify"),
    ],
    ids=["another receipt", "commit", "contract", "plan", "database", "time"],
)
def test_a_receipt_of_something_else_proves_nothing(
    bench: Bench, change: dict[str, Any], reason: str
) -> None:
    bench.replace(msgspec.structs.replace(chain(bench.run)[1], **change))

    receipts, problems = bench.examine()

    assert receipts == {"verify"}
    assert reason in problems["backup"]


def test_a_first_receipt_that_claims_a_predecessor_proves_nothing(bench: Bench) -> None:
    bench.replace(msgspec.structs.replace(chain(bench.run)[0], previous="0" * 64))

    assert bench.examine()[1]["verify"] == "it claims a receipt before the first"


def test_a_failed_run_says_so(bench: Bench) -> None:
    started = chain(bench.run)[2]
    failed = msgspec.structs.replace(
        started,
        previous=started.digest(),
        issued=NOW + timedelta(seconds=9),
        evidence=Failed("table product already exists", ("4c1be0a97d52",)),
    )
    bench.path("migrate").unlink()
    bench.keep([failed])

    found = examine(bench.root, bench.run, [bench.public])

    assert found.latest == failed


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (0, None),
        (AGE_LIMIT, None),
        (AGE_LIMIT + 1, f"is {AGE_LIMIT + 1} s old, the limit is {AGE_LIMIT} s"),
        (-SKEW, None),
        (-SKEW - 1, "a clock was set back"),
    ],
)
def test_a_receipt_is_good_for_its_time_only(age: int, reason: str | None) -> None:
    receipt = chain(store.new_run(NOW))[0]

    said = staleness(receipt, NOW + timedelta(seconds=age))

    assert (said is None) if reason is None else (said is not None and reason in said)


def test_a_receipt_cannot_grant_itself_a_longer_life() -> None:
    receipt = msgspec.structs.replace(chain(store.new_run(NOW))[0], limit=10**9)

    assert staleness(receipt, NOW + timedelta(seconds=AGE_LIMIT + 1)) is not None


# --- the store ------------------------------------------------------------------------------


def test_a_step_is_kept_once(bench: Bench) -> None:
    with pytest.raises(FileExistsError):
        store.write(bench.root, bench.run, "verify", b"another")
    assert bench.examine()[1] == {}


def test_the_store_is_no_part_of_the_repository(bench: Bench) -> None:
    assert (bench.root / ".interlock/.gitignore").read_text(encoding="ascii") == "*\n"


def test_nothing_unfinished_stays(bench: Bench) -> None:
    assert sorted(one.name for one in bench.path("verify").parent.iterdir()) == [
        "backup.json",
        "migrate.json",
        "started.json",
        "verify.json",
    ]


@pytest.mark.parametrize("run", ["../../etc", "", "20251122T120000000000Z-01234567/..", "x"])
def test_no_name_of_a_run_leads_out_of_the_store(bench: Bench, run: str) -> None:
    assert store.read(bench.root, run, "verify") is None
    with pytest.raises(ValueError, match="names no run"):
        store.write(bench.root, run, "verify", b"")


def test_runs_are_in_the_order_of_time(bench: Bench) -> None:
    earlier = store.new_run(NOW - timedelta(days=40))
    bench.keep(chain(earlier))
    (bench.root / ".interlock/receipts/something else").mkdir()

    assert store.runs(bench.root) == [earlier, bench.run]
