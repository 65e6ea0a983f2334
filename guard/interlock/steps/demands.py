"""What every step demands before it runs, and the receipt that it leaves."""

from __future__ import annotations

import os
import socket

from interlock.refused import Refused
from interlock.steps import store
from interlock.steps.chain import Run, examine, staleness
from interlock.steps.envelope import seal
from interlock.steps.plan import make_plan
from interlock.steps.receipts import AGE_LIMIT, Evidence, Receipt, Started, payload_of
from interlock.steps.site import (
    Misuse,
    Site,
    clean_commit,
    contract_digest,
    now,
    refusing,
    signing_key,
)
from interlock.steps.survey import Survey, survey_of

__all__ = ["AGAIN", "after", "keep", "latest", "required", "revisions", "same_database", "started"]

AGAIN = "run `interlock deploy {name}` in the pipeline, which begins with verification"
"""What to do next where a receipt does not count."""


def required(site: Site, name: str, step: str, what: str) -> Run:
    """
    Return a run whose receipts hold up to a step, for this commit and contract, and in time.

    Raises:
        Refused: With the receipt that is missing, and why what is there does not count.
    """
    run = examine(site.root, name, site.contract.trust.keys)
    missing = f"a valid receipt of {step}"

    def refused(why: str) -> Refused:
        return Refused(what, why=why, missing=missing, next_step=AGAIN.format(name=site.name))

    receipt = run.receipts.get(step)
    if receipt is None:
        for earlier, problem in run.problems.items():
            raise refused(f"the receipt of {earlier} proves nothing: {problem}")
        raise refused(f"run {name} has no receipt of {step}")
    if receipt.target.name != site.name:
        raise refused(f"the receipt is for {receipt.target.name!r} and not for {site.name!r}")
    if (stale := staleness(receipt, now())) is not None:
        raise refused(stale)
    if "started" in run.receipts or "started" in run.problems:
        raise refused(f"run {name} was used for a migration, and each run is good for one")
    commit = clean_commit(site, what)
    if receipt.commit != commit:
        raise refused(f"the receipt is for commit {receipt.commit[:12]}, and {commit[:12]} is here")
    if receipt.contract != contract_digest(site.root):
        raise refused("the contract is not the one that was verified")
    return run


def same_database(site: Site, receipt: Receipt, what: str) -> Survey:
    """
    Look at the database again.

    Raises:
        Refused: It is another one than the receipt names, or was migrated in the meantime.
    """
    with refusing(what, "the database that was verified", AGAIN.format(name=site.name)):
        survey = survey_of(site)
        plan = make_plan(survey.config, survey.environment.heads)
    why = None
    if survey.target != receipt.target:
        why = "the database is another one than the one that was verified"
    elif any(one.run == receipt.run for one in survey.ledger):
        why = f"the ledger of the database says that run {receipt.run} was used already"
    elif survey.environment.heads != receipt.plan.start:
        why = (
            f"the database is at {revisions(survey.environment.heads)}, and was at "
            f"{revisions(receipt.plan.start)} when it was verified"
        )
    elif plan != receipt.plan:
        why = "the migrations are not those that were verified"
    if why is not None:
        raise Refused(
            what,
            why=why,
            missing="a verification of the database as it is now",
            next_step=AGAIN.format(name=site.name),
        )
    return survey


def revisions(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or "no revision"


def after(site: Site, before: Receipt, evidence: Evidence, what: str) -> Receipt:
    """Sign and keep the receipt that follows another one."""
    return keep(
        site,
        Receipt(
            run=before.run,
            target=before.target,
            commit=before.commit,
            contract=before.contract,
            plan=before.plan,
            previous=before.digest(),
            issued=now(),
            limit=AGE_LIMIT,
            evidence=evidence,
        ),
        what,
    )


def started(site: Site, backed_up: Receipt, what: str) -> Receipt:
    """Note that the migration begins: whatever happens then, the run is used."""
    return after(site, backed_up, Started(os.getpid(), socket.gethostname()), what)


def keep(site: Site, receipt: Receipt, what: str) -> Receipt:
    """
    Sign a receipt and store it.

    Raises:
        Refused: It cannot be stored, so the next step would have nothing to rest on.
    """
    data = seal(payload_of(receipt), signing_key(site, what))
    try:
        store.write(site.root, receipt.run, receipt.step, data)
    except OSError as error:
        raise Refused(
            what,
            why=f"the receipt of {receipt.step} cannot be kept: {error.strerror or error}",
            missing=f"a place for receipts below {store.STATE}/ that can be written",
            next_step="make room or give the job the right to write there, "
            f"then run `interlock status {site.name}`",
        ) from error
    return receipt


def latest(name: str | None, step: str) -> Receipt:
    """
    Find the newest run that waits for a step.

    Args:
        name: A database; None where only one has such a run.
        step: `backup` or `migrate`.

    Raises:
        Misuse: Runs of several databases wait.
        Refused: None does.
    """
    from interlock.root import application_contract

    contract, root = application_contract()
    before = {"backup": "verify", "migrate": "backup"}[step]
    waiting: dict[str, Receipt] = {}
    for one in store.runs(root):
        run = examine(root, one, contract.trust.keys)
        receipt = run.latest
        if receipt is not None and receipt.step == before:
            waiting[receipt.target.name] = receipt
        elif receipt is not None:
            waiting.pop(receipt.target.name, None)
    if name is not None:
        waiting = {key: value for key, value in waiting.items() if key == name}
    if len(waiting) > 1:
        raise Misuse(f"runs of {', '.join(sorted(waiting))} wait for {step}: name one of them")
    if not waiting:
        raise Refused(
            step,
            why=f"no run with a valid receipt of {before} waits for {step}",
            missing=f"a valid receipt of {before}",
            next_step=AGAIN.format(name=name or "NAME"),
        )
    return next(iter(waiting.values()))
