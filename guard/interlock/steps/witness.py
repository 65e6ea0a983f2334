"""
What happens while a permit is held: each revision that is applied gets its row in the ledger.

Alembic calls `on_version_apply` within the transaction that changes the version, so a ledger row
and the version come and go together, and an exception takes back both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from interlock.refused import Refused
from interlock.steps.ledger import append

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, MigrationInfo

    from interlock.steps.receipts import Receipt
    from interlock.steps.survey import Survey

__all__ = ["witnessed"]


@contextmanager
def witnessed(survey: Survey, backed_up: Receipt, context: MigrationContext) -> Iterator[None]:
    """
    Stand around the steps that Alembic takes in a context.

    Raises:
        Refused: It leads to another database.
    """
    connection = context.connection
    assert connection is not None
    if survey.backend.identify(connection) != survey.target.identity:
        raise Refused(
            f"a migration under the permit of {survey.target.name!r}",
            why="this connection leads to another database than the one that was backed up",
            missing="a permit for this database",
            next_step="migrate each database with a run of its own",
        )

    def record(ctx: MigrationContext, step: MigrationInfo, **_: Any) -> None:
        # That the plan holds this step was asked before it was taken; see interlock.hooks.
        assert ctx.connection is not None
        append(ctx.connection, ctx.version_table_schema, backed_up, str(step.up_revision_id))

    callbacks = tuple(context.on_version_apply_callbacks)
    context.on_version_apply_callbacks = (*callbacks, record)
    survey.backend.admit(connection)
    try:
        yield
    finally:
        survey.backend.dismiss(connection)
        context.on_version_apply_callbacks = callbacks
