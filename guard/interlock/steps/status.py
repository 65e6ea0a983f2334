"""What happened to a database, what state it is in, and what to do now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from interlock.refused import Refused
from interlock.root import application
from interlock.steps import store
from interlock.steps.chain import Run, examine, staleness
from interlock.steps.demands import revisions
from interlock.steps.environment import Unusable
from interlock.steps.ledger import Entry
from interlock.steps.receipts import Copied, Failed, Receipt
from interlock.steps.site import Misuse, now, refusing, site_of
from interlock.steps.survey import Survey, survey_of

__all__ = ["Standing", "standing", "standings"]


@dataclass(frozen=True, slots=True)
class Standing:
    """
    One database.

    Attributes:
        run: Its newest run, None if there is none here.
        steps: Step -> when it was done, or why its receipt proves nothing.
        ledger: The last entries of the ledger; None where the database cannot be asked.
        verdict: What happened, in a sentence.
        next_step: What to do now.
        settled: Whether nothing is left to do.
    """

    name: str
    run: str | None
    steps: tuple[tuple[str, datetime | None, str], ...]
    heads: tuple[str, ...] | None
    ledger: tuple[Entry, ...] | None
    verdict: str
    next_step: str
    settled: bool


def standings(name: str | None) -> list[Standing]:
    """
    Return the standing of one protected database, or of all.

    Raises:
        Misuse: There is no such database.
        Refused: The contract is missing or broken.
    """
    if name is not None:
        site_of(name)
        return [standing(name)]
    found = application()
    if found.problem is not None:
        raise Misuse(found.problem)
    return [standing(one) for one, entry in found.contract.databases.items() if entry.protected]


def standing(name: str) -> Standing:
    """Say how one protected database stands."""
    site = site_of(name)
    run = _newest(site.root, name, site.contract.trust.keys)
    survey, silence = None, ""
    try:
        with refusing("a look at the database", "", ""):
            survey = survey_of(site)
    except Refused as refusal:
        silence = refusal.why
    except Exception as error:  # noqa: BLE001 - env.py is the repository's code
        silence = f"env.py failed: {type(error).__name__}"
    verdict, next_step, settled = _verdict(run, survey, silence, name)
    return Standing(
        name=name,
        run=None if run is None else run.name,
        steps=() if run is None else _steps(run),
        heads=None if survey is None else survey.environment.heads,
        ledger=None if survey is None else survey.ledger,
        verdict=verdict,
        next_step=next_step,
        settled=settled,
    )


def _newest(root: Path, name: str, trusted: Sequence[str]) -> Run | None:
    for one in reversed(store.runs(root)):
        run = examine(root, one, trusted)
        # What proves nothing belongs to nobody, and is shown for each database.
        if run.latest is None or run.latest.target.name == name:
            return run
    return None


def _steps(run: Run) -> tuple[tuple[str, datetime | None, str], ...]:
    done = [(step, one.issued, "") for step, one in run.receipts.items()]
    return (*done, *((step, None, problem) for step, problem in run.problems.items()))


Verdict = tuple[str, str, bool]


def _verdict(run: Run | None, survey: Survey | None, silence: str, name: str) -> Verdict:
    deploy = f"run `interlock deploy {name}` in the pipeline"
    latest = None if run is None else run.latest
    if run is None:
        return "no step towards this database was taken from here", deploy, True
    if "started" in run.receipts and "migrate" not in run.receipts:
        return _interrupted(run, survey, silence, deploy)
    if run.problems:
        step, problem = next(iter(run.problems.items()))
        return f"the receipt of {step} proves nothing: {problem}", deploy, False
    assert latest is not None
    if latest.step == "migrate":
        return f"migrated to {latest.plan.end}", "nothing is left to do", True
    if survey is not None and survey.environment.heads != latest.plan.start:
        heads = revisions(survey.environment.heads)
        settled = heads == latest.plan.end
        return (
            f"another run has led the database to {heads} in the meantime",
            "nothing is left to do" if settled else deploy,
            settled,
        )
    if not latest.plan.changes:
        return f"verified, and at {latest.plan.end} already", "nothing is left to do", True
    if (stale := staleness(latest, now())) is not None:
        return f"nothing was changed; {stale}", deploy, False
    following = {"verify": "backup", "backup": "migrate"}[latest.step]
    return (
        f"{latest.step} is done, and nothing was changed yet",
        f"run `interlock {following} {name}` in the same pipeline",
        False,
    )


def _interrupted(run: Run, survey: Survey | None, silence: str, deploy: str) -> Verdict:
    """A migration began, and no receipt says that it came to its end."""
    begun = run.receipts["started"]
    ended = run.receipts.get("failed")
    reason = "was interrupted"
    if ended is not None and isinstance(ended.evidence, Failed):
        reason = f"failed ({ended.evidence.error})"
    if survey is None:
        return (
            f"a migration {reason}, and the database cannot be asked: {silence}",
            f"run `interlock status {begun.target.name}` where the database can be reached",
            False,
        )
    if survey.target != begun.target:
        return (
            f"a migration {reason}; env.py now reaches another database",
            "run `interlock status` where env.py reaches the database of that run",
            False,
        )
    if (holder := _holder(survey)) is not None:
        return f"a migration is under way: {holder}", "wait until it has ended", False
    heads = survey.environment.heads
    planned = [one.revision for one in begun.plan.changes]
    done = [one.revision for one in survey.ledger if one.run == begun.run]
    if heads == (begun.plan.end,) and done == planned:
        return (
            f"the migration to {begun.plan.end} is done, as the ledger says; "
            "only its receipt was lost",
            "nothing is left to do",
            True,
        )
    if done:
        return (
            f"a migration {reason} after {len(done)} of {len(planned)} revisions: the database is "
            f"at {revisions(heads)}. {_left(run, planned[len(done)])}",
            f"correct the migration if it needs it; then {deploy}: it goes on from there",
            False,
        )
    changed = _changed(survey, run.receipts["backup"])
    if not changed:
        return (
            f"a migration {reason}, and every definition in the database is as it was before",
            f"correct the migration if it needs it; then {deploy}. If it had written rows outside "
            f"of a transaction, {_copy(run)} holds all as they were",
            False,
        )
    return (
        f"a migration {reason} and left a part of its changes: {_some(changed)}. The version is "
        f"still {revisions(heads)}",
        f"put back {_copy(run)} while the application is stopped, or let the migration go on from "
        f"what is there; then {deploy}",
        False,
    )


def _left(run: Run, revision: str) -> str:
    return f"If {revision} left a part of its changes, {_copy(run)} holds all as it was"


def _copy(run: Run) -> str:
    copied = run.receipts["backup"].evidence
    assert isinstance(copied, Copied)
    return f"the backup {copied.file}"


def _holder(survey: Survey) -> str | None:
    """Who holds the lock, None if nobody does."""
    with ExitStack() as stack:
        try:
            stack.enter_context(survey.backend.lock(survey.environment, "interlock status"))
        except Refused as refusal:
            return refusal.why
        except Unusable as error:
            return str(error)
    return None


def _changed(survey: Survey, backed_up: Receipt) -> list[str]:
    copied = backed_up.evidence
    assert isinstance(copied, Copied)
    live = survey.backend.schema(survey.environment)
    names = sorted(live.keys() | copied.schema.keys())
    return [one for one in names if live.get(one) != copied.schema.get(one) and not _ours(one)]


def _ours(name: str) -> bool:
    """What Alembic makes before the first revision is no change of a migration."""
    return "alembic_version" in name


def _some(names: list[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
