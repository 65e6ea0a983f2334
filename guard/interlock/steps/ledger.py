"""
The ledger: a table in the migrated database, a row for each revision that was applied.

A row is written in the transaction that changes Alembic's version, so neither is there without
the other. It outlives every file, and a run that stands in it cannot be used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from interlock.steps.receipts import Receipt

__all__ = ["TABLE", "Entry", "append", "entries"]

TABLE = "interlock_ledger"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One revision that was applied.

    Attributes:
        applied: In UTC, by the clock of the deploying machine.
        receipt: Digest of the backup receipt that the run rested on.
    """

    run: str
    revision: str
    commit: str
    plan: str
    receipt: str
    applied: datetime


def _table(schema: str | None) -> Table:
    import sqlalchemy as sa

    return sa.Table(
        TABLE,
        sa.MetaData(),
        sa.Column("run", sa.String(64), primary_key=True),
        sa.Column("revision", sa.String(255), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("commit_sha", sa.String(64), nullable=False),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("receipt_sha256", sa.String(64), nullable=False),
        sa.Column("applied", sa.String(32), nullable=False),
        schema=schema,
    )


def append(connection: Connection, schema: str | None, backup: Receipt, revision: str) -> None:
    """
    Write the row of a revision; within the caller's transaction.

    Args:
        connection: The one that migrates.
        schema: That of Alembic's version table.
        backup: The receipt that the migration rests on.
        revision: What has just been applied.
    """
    table = _table(schema)
    table.create(connection, checkfirst=True)
    revisions = [one.revision for one in backup.plan.changes]
    connection.execute(
        table.insert().values(
            run=backup.run,
            revision=revision,
            position=revisions.index(revision),
            commit_sha=backup.commit,
            plan_sha256=backup.plan.digest(),
            receipt_sha256=backup.digest(),
            applied=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )


def entries(connection: Connection, schema: str | None, run: str | None = None) -> list[Entry]:
    """Return what the ledger holds, oldest first: of one run, or the last hundred rows."""
    import sqlalchemy as sa

    table = _table(schema)
    if not sa.inspect(connection).has_table(TABLE, schema=schema):
        return []
    query = sa.select(table).order_by(table.c.run.desc(), table.c.position.desc()).limit(100)
    if run is not None:
        query = query.where(table.c.run == run)
    rows: list[Any] = list(connection.execute(query))
    return [
        Entry(
            row.run,
            row.revision,
            row.commit_sha,
            row.plan_sha256,
            row.receipt_sha256,
            datetime.fromisoformat(row.applied),
        )
        for row in reversed(rows)
    ]
