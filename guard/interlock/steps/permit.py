"""
`with permit(receipt):` the one place in which a protected database can be migrated.

Before the block: the whole chain, the backup, the database and the plan are checked once more,
under the lock. Within it: each revision that Alembic applies is held against the plan, and gets
its row in the ledger. After it: the result is compared, and signed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from interlock.hooks import install
from interlock.permits import Permit, holding
from interlock.redaction import redacted
from interlock.refused import Refused
from interlock.steps.demands import after, required, revisions, same_database, started
from interlock.steps.environment import Unusable
from interlock.steps.files import digest_of
from interlock.steps.receipts import Copied, Failed, Migrated, Receipt
from interlock.steps.site import Site, refusing, signing_key, site_of
from interlock.steps.survey import Survey, survey_of
from interlock.steps.witness import witnessed

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

__all__ = ["permit"]


@contextmanager
def permit(receipt: Receipt) -> Iterator[Permit]:
    """
    Hold the right to migrate one database once.

    Args:
        receipt: From `backup`, at most an hour old.

    Raises:
        Refused: The chain of receipts does not hold, the database is not what it was, somebody
            else holds the lock, or the block did something else than the plan.
    """
    site = site_of(receipt.target.name)
    what = f"the migration of {site.name!r}"
    signing_key(site, what)
    run = required(site, receipt.run, "backup", what)
    backed_up = run.receipts["backup"]
    _require_copy(site, backed_up, what)
    survey = same_database(site, backed_up, what)
    with ExitStack() as stack:
        with refusing(
            what,
            "the lock of the database",
            f"correct what is said above, then run `interlock status {site.name}`",
        ):
            holder = survey.backend.lock(survey.environment, f"interlock {run.name}")
            stack.enter_context(holder)
        # Again, because somebody else may have held the lock until now.
        survey = same_database(site, backed_up, what)
        begun = started(site, backed_up, what)
        ended: SystemExit | None = None
        try:
            try:
                with holding(_permit_for(backed_up, survey)) as held:
                    yield held
            except SystemExit as error:
                # A migration that ends the process, with 0 maybe, has ended the block and no more.
                ended = error
            done = _compared(site, backed_up, what)
        except BaseException as error:
            _note_failure(site, begun, error, what)
            raise
        after(site, begun, Migrated(done), what)
        if ended is not None:
            raise ended


def _permit_for(backed_up: Receipt, survey: Survey) -> Permit:
    def identify(connection: Connection) -> str:
        return survey.backend.identify(connection)

    def watch(context: MigrationContext) -> AbstractContextManager[None]:
        return witnessed(survey, backed_up, context)

    # Without the hooks nobody would call it: with an Alembic before 1.18 they are not there yet.
    install()
    return Permit(
        database=backed_up.target.name,
        identity=backed_up.target.identity,
        plan=backed_up.plan.digest(),
        revisions=tuple(one.revision for one in backed_up.plan.changes),
        identify=identify,
        watch=watch,
    )


def _require_copy(site: Site, receipt: Receipt, what: str) -> None:
    """A backup that is not there is none."""
    copied = receipt.evidence
    assert isinstance(copied, Copied)
    try:
        same = digest_of(site.root / copied.file) == (copied.size, copied.sha256)
        why = f"the backup {copied.file} is not the one that was restored and compared"
    except OSError as error:
        same = False
        why = f"the backup {copied.file} cannot be read: {error.strerror}"
    if not same:
        raise Refused(
            what,
            why=why,
            missing="the file of the backup, unchanged",
            next_step="carry .interlock/ whole from one job to the next, or run "
            f"`interlock deploy {site.name}` in one job",
        )


def _compared(site: Site, backed_up: Receipt, what: str) -> tuple[str, ...]:
    with refusing(
        what,
        "a database that can be asked for the result",
        f"run `interlock status {site.name}`",
    ):
        survey = survey_of(site)
    done = tuple(one.revision for one in survey.ledger if one.run == backed_up.run)
    planned = tuple(one.revision for one in backed_up.plan.changes)
    if survey.environment.heads == (backed_up.plan.end,) and done == planned:
        return done
    raise Refused(
        what,
        why=f"the block ended, and the database is at {revisions(survey.environment.heads)} "
        f"instead of {backed_up.plan.end}; "
        f"{len(done)} of {len(planned)} revisions were applied",
        missing="a migration that does all of the plan",
        next_step=f"run `interlock status {site.name}`",
    )


def _note_failure(site: Site, begun: Receipt, error: BaseException, what: str) -> None:
    """Keep why a migration ended early; the failure itself is what must come through."""
    heads: tuple[str, ...] | None = None
    with contextlib.suppress(Exception, Refused):
        heads = survey_of(site).environment.heads
    # The first line only: what follows in a driver's message may show data.
    said = redacted(str(getattr(error, "orig", None) or error)).strip().split(os.linesep)[0][:200]
    evidence = Failed(f"{type(error).__name__}: {said}", heads)
    with contextlib.suppress(OSError, Refused, Unusable):
        after(site, begun, evidence, what)
