"""
The steps: each demands the receipt of the one before, and leaves its own.

`migrate` is what a deploy module does when it has nothing of its own to add; the lock, the checks
and the receipt belong to `permit`, so that a deploy module that calls Alembic itself has them too.
"""

from __future__ import annotations

from pathlib import Path

from interlock.refused import Refused
from interlock.steps import store
from interlock.steps.chain import examine
from interlock.steps.demands import AGAIN, after, keep, required, same_database
from interlock.steps.plan import make_plan
from interlock.steps.proof import prove
from interlock.steps.receipts import AGE_LIMIT, Copied, Receipt
from interlock.steps.site import (
    Site,
    clean_commit,
    contract_digest,
    now,
    refusing,
    signing_key,
    site_of,
)
from interlock.steps.survey import survey_of

__all__ = ["backup", "deploy", "migrate", "verify"]


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
            next_step=AGAIN.format(name=site.name),
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
