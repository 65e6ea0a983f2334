"""What the steps say to people."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.steps.demands import revisions
from interlock.steps.receipts import Copied, Migrated, Receipt, Verified
from interlock.steps.status import Standing

__all__ = ["receipt_lines", "standing_text"]


def receipt_lines(receipt: Receipt) -> Iterator[str]:
    """What a step has done."""
    evidence = receipt.evidence
    if isinstance(evidence, Verified):
        yield f"verified  {receipt.target.name}, {receipt.target.address}"
        yield f"  run     {receipt.run}"
        yield f"  commit  {receipt.commit[:12]}, proved over {evidence.files} files of code"
        if not receipt.plan.changes:
            yield f"  plan    nothing to migrate: the database is at {receipt.plan.end}"
        else:
            yield f"  plan    {revisions(receipt.plan.start)} to {receipt.plan.end}"
        for change in receipt.plan.changes:
            known = f"SQL sha256 {change.sql[:12]}" if change.sql else f"SQL: {change.reason}"
            yield f"          {change.revision}  {known}"
    elif isinstance(evidence, Copied):
        rows = sum(evidence.tables.values())
        yield f"backed up {receipt.target.name} into {evidence.file}"
        yield (
            f"          {evidence.size} bytes, restored and compared: "
            f"{len(evidence.tables)} tables, {rows} rows"
        )
    elif isinstance(evidence, Migrated):
        yield f"migrated  {receipt.target.name} to {receipt.plan.end}"
        yield f"          {len(evidence.revisions)} in the ledger: {revisions(evidence.revisions)}"


def standing_text(one: Standing) -> str:
    """Where a database stands, and what is to do."""
    lines = [f"{one.name}: {one.verdict}"]
    if one.run is not None:
        lines.append(f"  run     {one.run}")
    for step, issued, problem in one.steps:
        when = f"{issued:%Y-%m-%d %H:%M:%S} UTC" if issued else f"proves nothing: {problem}"
        lines.append(f"          {step:8}  {when}")
    if one.heads is not None:
        lines.append(f"  version {', '.join(one.heads) or 'none'}")
    for entry in (one.ledger or ())[-5:]:
        lines.append(
            f"  ledger  {entry.revision}  {entry.applied:%Y-%m-%d %H:%M:%S} UTC  "
            f"commit {entry.commit[:12]}  run {entry.run}"
        )
    lines.append(f"  next    {one.next_step}")
    return "\n".join(lines)
