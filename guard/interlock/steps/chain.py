"""
Whether the receipts of a run follow from one another, and whether they are still good.

A receipt that is handed over in Python only names its run: what counts is what lies signed in the
store, read afresh before each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from interlock.steps import store
from interlock.steps.envelope import Unproved, open_envelope
from interlock.steps.receipts import AGE_LIMIT, Receipt, receipt_from

__all__ = ["SKEW", "Run", "examine", "staleness"]

SKEW = 60
"""Seconds by which the clocks of two machines of a pipeline may differ."""

_BEFORE = {
    "verify": None,
    "backup": "verify",
    "started": "backup",
    "migrate": "started",
    "failed": "started",
}


@dataclass(frozen=True, slots=True)
class Run:
    """
    A run as its receipts tell it.

    Attributes:
        receipts: Step -> receipt, for those that prove something.
        problems: Step -> why what lies there proves nothing.
    """

    name: str
    receipts: Mapping[str, Receipt]
    problems: Mapping[str, str]

    @property
    def latest(self) -> Receipt | None:
        return next((r for step in reversed(_BEFORE) if (r := self.receipts.get(step))), None)


def examine(root: Path, name: str, trusted: Sequence[str]) -> Run:
    """
    Read all receipts of a run; each counts only if those before it do.

    Args:
        root: The root of the repository.
        name: The name of the run.
        trusted: The public keys of the contract.
    """
    receipts: dict[str, Receipt] = {}
    problems: dict[str, str] = {}
    for step, before in _BEFORE.items():
        try:
            data = store.read(root, name, step)
        except OSError as error:
            problems[step] = f"it cannot be read: {error.strerror}"
            continue
        if data is None:
            continue
        try:
            receipt = receipt_from(open_envelope(data, trusted))
            _follows(receipt, name, step, before, receipts)
        except Unproved as error:
            problems[step] = str(error)
        else:
            receipts[step] = receipt
    return Run(name, receipts, problems)


def _follows(
    receipt: Receipt, run: str, step: str, before: str | None, receipts: Mapping[str, Receipt]
) -> None:
    if receipt.step != step:
        raise Unproved(f"it is the receipt of another step ({receipt.step})")
    if receipt.run != run:
        raise Unproved(f"it belongs to another run ({receipt.run})")
    if before is None:
        if receipt.previous is not None:
            raise Unproved("it claims a receipt before the first")
        return
    earlier = receipts.get(before)
    if earlier is None:
        raise Unproved(f"there is no valid receipt of {before} before it")
    if receipt.previous != earlier.digest():
        raise Unproved(f"it was made for another receipt of {before} than the one that is there")
    for name in ("target", "commit", "contract", "plan"):
        if getattr(receipt, name) != getattr(earlier, name):
            raise Unproved(f"its {name} is not that of the receipt of {before}")
    if receipt.issued < earlier.issued:
        raise Unproved(f"it is older than the receipt of {before} that it follows")


def staleness(receipt: Receipt, now: datetime) -> str | None:
    """Say why a receipt no longer, or not yet, allows the next step; None if it does."""
    age = (now - receipt.issued).total_seconds()
    limit = min(receipt.limit, AGE_LIMIT)
    if age > limit:
        return f"the receipt of {receipt.step} is {age:.0f} s old, the limit is {limit} s"
    if age < -SKEW:
        return (
            f"the receipt of {receipt.step} is {-age:.0f} s in the future: "
            "a clock was set back, or differs from the one that signed"
        )
    return None
