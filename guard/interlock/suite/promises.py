"""
What the suite promises: each a sentence, its clause, and an attempt to break it.

A promise holds when the attempt was refused, in interlock's own words, and the scratch database is
as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.environment import DEVELOPMENT
from interlock.suite import ASKED
from interlock.suite.bench import KEY, PIPELINE, Answer, Bench, Broken, Crashed
from interlock.suite.receipts import Chain
from interlock.suite.static import BYPASS, Proof

if TYPE_CHECKING:
    from interlock.steps.receipts import Receipt

__all__ = ["PROMISES", "Promise", "Trial"]

DONE, REFUSED = 0, 3
"""The exit status of what went through, and of whatever interlock refused."""


@dataclass(frozen=True, slots=True)
class Trial:
    """
    Where a promise is tried; each part is made when it is first asked for.

    Attributes:
        chain: The receipts of a run that waits for its migration.
        proof: The static proof of the repository.
    """

    bench: Callable[[], Bench]
    chain: Callable[[], Chain]
    proof: Callable[[], Proof]


@dataclass(frozen=True, slots=True)
class Promise:
    """
    A sentence that has to be true.

    Attributes:
        clause: C1 to C6 of CONTRACT.md.
        hold: Returns where it is, raises Broken where it is not.
        static: Whether the static proof answers, and no attempt is made.
    """

    sentence: str
    clause: str
    hold: Callable[[Trial], None]
    static: bool = False


def _must_refuse(bench: Bench, answer: Answer) -> None:
    if not bench.unchanged():
        raise Broken(f"the protected database was changed: {answer.last_words}")
    if answer.status == DONE:
        raise Broken(f"nothing refused it: {answer.last_words}")
    if answer.status != REFUSED or "refused: " not in answer.said:
        raise Crashed(
            f"it ended with {answer.status} instead of a refusal ({REFUSED}): {answer.last_words}"
        )


# --- C1: migrations -------------------------------------------------------------------------


def _direct_upgrade(trial: Trial) -> None:
    _upgrade_at_a_prompt(trial.bench(), {})


def _direct_upgrade_in_ci(trial: Trial) -> None:
    bench = trial.bench()
    _upgrade_at_a_prompt(bench, PIPELINE)
    _upgrade_at_a_prompt(bench, bench.pipeline())


def _upgrade_at_a_prompt(bench: Bench, more: dict[str, str]) -> None:
    bench.fresh()
    file, _, section = bench.alembic.partition(":")
    options = ["-c", file] if (bench.root / file).is_file() else []
    options += ["-n", section] if section else []
    _must_refuse(bench, bench.attempt("alembic", *options, "upgrade", "head", more=more))


def _upgrade_without_permit(trial: Trial) -> None:
    bench = trial.bench()
    bench.fresh()
    _must_refuse(bench, bench.attempt("upgrade", bench.alembic, more=bench.pipeline()))


# --- C2: deployments ------------------------------------------------------------------------


def _local_deploy(trial: Trial) -> None:
    _deploy(trial.bench(), {})


def _local_deploy_in_production_dress(trial: Trial) -> None:
    _deploy(trial.bench(), PIPELINE)


def _deploy_with_a_key_of_ones_own(trial: Trial) -> None:
    from interlock.steps.keys import generate

    private, _ = generate()
    _deploy(trial.bench(), {**PIPELINE, KEY: private})


def _deploy(bench: Bench, more: dict[str, str]) -> None:
    bench.fresh()
    _must_refuse(bench, bench.interlock("deploy", bench.name, more=more))


# --- C3: engines ----------------------------------------------------------------------------


def _foreign_url(trial: Trial) -> None:
    bench = trial.bench()
    bench.fresh()
    for url in _production_urls(bench):
        answer = bench.attempt("validate", url, more=_in_development(bench))
        _must_refuse(bench, answer)


def _factory_validates_first(trial: Trial) -> None:
    bench = trial.bench()
    bench.fresh()
    url = _production_urls(bench)[0]
    for factory in (
        "create_engine",
        "create_async_engine",
        "engine_from_config",
        "async_engine_from_config",
    ):
        answer = bench.attempt("build", factory, url, more=_in_development(bench))
        if answer.status == ASKED:
            raise Broken(f"interlock.{factory} asked SQLAlchemy for an engine")
        _must_refuse(bench, answer)


def _production_urls(bench: Bench) -> Sequence[str]:
    """One URL for each protected database that has no business in development."""
    found = [
        entry.urls[0].replace("*", "x")
        for name, entry in bench.contract.databases.items()
        if entry.protected and DEVELOPMENT not in (entry.environments or (name,))
    ]
    if not found:
        raise Broken(
            "each protected database may be used in development, so no URL is foreign there: "
            "give production a database and an environment of its own in the contract"
        )
    return found


def _in_development(bench: Bench) -> dict[str, str]:
    return {bench.contract.environment_variable: ""}


# --- C4 and C5: receipts --------------------------------------------------------------------


def _without_verification(trial: Trial) -> None:
    chain = trial.chain()
    _hand_over(trial, "migrate", chain.backed_up, ())


def _without_backup(trial: Trial) -> None:
    chain = trial.chain()
    _hand_over(trial, "migrate", chain.verified, (chain.verified,))


def _forged(trial: Trial) -> None:
    from interlock.steps.keys import generate

    chain = trial.chain()
    private, _ = generate()
    _hand_over(trial, "migrate", chain.backed_up, (chain.verified, chain.backed_up), private)


def _stale(trial: Trial) -> None:
    receipts = trial.chain().stale()
    _hand_over(trial, "migrate", receipts[-1], receipts)


def _of_another_database(trial: Trial) -> None:
    receipts = trial.chain().elsewhere()
    _hand_over(trial, "migrate", receipts[-1], receipts)


def _used_once(trial: Trial) -> None:
    receipts = trial.chain().used()
    _hand_over(trial, "migrate", receipts[1], receipts)


def _backup_without_verification(trial: Trial) -> None:
    _hand_over(trial, "backup", trial.chain().verified, ())


def _hand_over(
    trial: Trial, step: str, handed: Receipt, stored: Iterable[Receipt], private: str = ""
) -> None:
    """Call a step with a receipt while these receipts lie in the store."""
    from interlock.steps.receipts import payload_of

    bench = trial.bench()
    trial.chain().put(bench, stored, private)
    file = bench.scratch.parent / "handed.json"
    file.write_bytes(payload_of(handed))
    _must_refuse(bench, bench.attempt(step, str(file), more=bench.pipeline()))


# --- the static half ------------------------------------------------------------------------


def _proved(*families: str) -> Callable[[Trial], None]:
    def hold(trial: Trial) -> None:
        trial.proof().require(families)

    return hold


def _no_wider_than_base(trial: Trial) -> None:
    trial.proof().require_base()


PROMISES: tuple[Promise, ...] = (
    Promise("only the deploy module reaches migrations", "C1", _proved("IL1"), static=True),
    Promise("a direct `alembic upgrade head` is refused", "C1", _direct_upgrade),
    Promise(
        "a direct `alembic upgrade head` is refused with CI=true and with the key",
        "C1",
        _direct_upgrade_in_ci,
    ),
    Promise(
        "an upgrade that Python calls without a permit is refused", "C1", _upgrade_without_permit
    ),
    Promise("`interlock deploy` is refused on a developer's machine", "C2", _local_deploy),
    Promise(
        "`interlock deploy` is refused on a developer's machine in production dress",
        "C2",
        _local_deploy_in_production_dress,
    ),
    Promise(
        "`interlock deploy` is refused with a key that the contract does not trust",
        "C2",
        _deploy_with_a_key_of_ones_own,
    ),
    Promise(
        "every engine and connection comes from the factory", "C3", _proved("IL2"), static=True
    ),
    Promise("a production URL in development is refused", "C3", _foreign_url),
    Promise(
        "the guarded factories validate before SQLAlchemy is asked", "C3", _factory_validates_first
    ),
    Promise("no path to a migration leaves out a step", "C4", _proved("IL4"), static=True),
    Promise("migrate is refused without verification", "C4", _without_verification),
    Promise("migrate is refused without a backup", "C4", _without_backup),
    Promise("migrate is refused with a forged receipt", "C4", _forged),
    Promise("migrate is refused with a stale receipt", "C4", _stale),
    Promise("migrate is refused with another database's receipt", "C4", _of_another_database),
    Promise("every pipeline keeps the order of the steps", "C5", _proved("IL5"), static=True),
    Promise("backup is refused without verification", "C5", _backup_without_verification),
    Promise("a receipt is good for one migration", "C5", _used_once),
    Promise("no bypass exists, and all code can be read", "C6", _proved(*BYPASS), static=True),
    Promise("the contract is no wider than its base", "C6", _no_wider_than_base, static=True),
)
