"""
The steps: each demands the receipt of the one before, and leaves its own.

`migrate` is what a deploy module does when it has nothing of its own to add; the lock, the checks
and the receipt belong to `permit`, so that a deploy module that calls Alembic itself has them too.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from interlock.refused import Refused
from interlock.steps import store
from interlock.steps.chain import Run, examine, staleness
from interlock.steps.envelope import seal
from interlock.steps.plan import make_plan
from interlock.steps.proof import prove
from interlock.steps.receipts import (
    AGE_LIMIT,
    Copied,
    Evidence,
    Receipt,
    Started,
    payload_of,
)
from interlock.steps.site import (
    Misuse,
    Site,
    clean_commit,
    contract_digest,
    now,
    refusing,
    signing_key,
    site_of,
)
from interlock.steps.survey import Survey, survey_of

__all__ = ["after", "backup", "deploy", "latest", "migrate", "required", "revisions"]
__all__ += ["same_database", "started", "verify"]

_AGAIN = "run `interlock deploy {name}` in the pipeline, which begins with verification"


def verify(name: str) -> Receipt:
    """
    Verify that this commit may be deployed to a database, and plan how.

    Args:
        name: A protected database of the contract.

    Raises:
        Refused: The commit is not proved, the work tree differs, the database is not the one that
            was named, or there is no way forward from where it is.
    """
    site = site_of(name)
    what = f"verification for {name!r}"
    signing_key(site, what)
    commit = clean_commit(site, what)
    proof = prove(site.root, what)
    with refusing(
        what,
        "a reachable database and one plan that leads it forward",
        "correct what is said above, in a commit of its own, and let the pipeline run again",
    ):
        survey = survey_of(site)
        survey.backend.probe(survey.environment)
        plan = make_plan(survey.config, survey.environment.heads)
    moment = now()
    return keep(
        site,
        Receipt(
            run=store.new_run(moment),
            target=survey.target,
            commit=commit,
            contract=contract_digest(site.root),
            plan=plan,
            previous=None,
            issued=moment,
            limit=AGE_LIMIT,
            evidence=proof,
        ),
        what,
    )


def backup(receipt: Receipt) -> Receipt:
    """
    Copy the database that was verified, restore the copy and compare both.

    Args:
        receipt: From `verify`, at most an hour old.

    Raises:
        Refused: The receipt does not count, or no backup could be made and restored.
    """
    site = site_of(receipt.target.name)
    what = f"the backup of {site.name!r}"
    signing_key(site, what)
    run = required(site, receipt.run, "verify", what)
    verified = run.receipts["verify"]
    if "backup" in run.receipts:
        raise Refused(
            what,
            why=f"run {run.name} has its backup already",
            missing="a verification that was not used yet",
            next_step=_AGAIN.format(name=site.name),
        )
    survey = same_database(site, verified, what)
    with refusing(
        what,
        "a backup that was restored and compared",
        "correct what is said above and run the pipeline again",
    ):
        folder = _backup_folder(site, what)
        # Under the lock: what somebody else is migrating is no state to go back to.
        with survey.backend.lock(survey.environment, f"interlock {run.name}"):
            copied = survey.backend.back_up(survey.environment, folder, run.name)
    relative = str(Path(copied.file).relative_to(site.root))
    return after(site, verified, _moved(copied, relative), what)


def migrate(receipt: Receipt) -> Receipt:
    """
    Migrate the database that was backed up, as `with permit(receipt)` and Alembic would.

    Args:
        receipt: From `backup`, at most an hour old.

    Raises:
        Refused: The chain of receipts does not hold, or the database is not what it was.
    """
    from alembic import command

    from interlock.steps.environment import config_for
    from interlock.steps.permit import permit

    site = site_of(receipt.target.name)
    config = config_for(site.root, site.database.alembic)
    with permit(receipt):
        command.upgrade(config, receipt.plan.end)
    run = examine(site.root, receipt.run, site.contract.trust.keys)
    return run.receipts["migrate"]


def deploy(name: str) -> Receipt:
    """
    Verify, back up, migrate.

    Returns:
        The last receipt: of the migration, or of the verification where nothing is to migrate.
    """
    verified = verify(name)
    if not verified.plan.changes:
        return verified
    return migrate(backup(verified))


# --- what the steps share -------------------------------------------------------------------


def required(site: Site, name: str, step: str, what: str) -> Run:
    """
    Return a run whose receipts hold up to a step, for this commit and contract, and in time.

    Raises:
        Refused: With the receipt that is missing, and why what is there does not count.
    """
    run = examine(site.root, name, site.contract.trust.keys)
    missing = f"a valid receipt of {step}"

    def refused(why: str) -> Refused:
        return Refused(what, why=why, missing=missing, next_step=_AGAIN.format(name=site.name))

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
    with refusing(what, "the database that was verified", _AGAIN.format(name=site.name)):
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
            next_step=_AGAIN.format(name=site.name),
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


def _backup_folder(site: Site, what: str) -> Path:
    try:
        return store.backup_folder(site.root)
    except OSError as error:
        raise Refused(
            what,
            why=f"the folder of backups cannot be made: {error.strerror}",
            missing=f"a place for backups below {store.STATE}/ that can be written",
            next_step="make room or give the job the right to write there",
        ) from error


def _moved(copied: Copied, file: str) -> Copied:
    import msgspec

    return msgspec.structs.replace(copied, file=file)


def latest(name: str | None, step: str) -> Receipt:
    """
    Find the newest run that waits for a step.

    Args:
        name: A database; None where only one has such a run.
        step: `backup` or `migrate`.

    Raises:
        Misuse: No run waits, or those of several databases do.
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
        raise Misuse(f"no run with a valid receipt of {before} waits for {step}")
    return next(iter(waiting.values()))
