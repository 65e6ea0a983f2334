"""
interlock's own API as data: which calls refuse, which step each is, and what becomes of a receipt.

The runtime half must agree with this; `interlock.Refused` is what every guard here raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from interlock_checks.catalogue.model import Library

Step = Literal[
    "approve", "validate", "engine", "check", "verify", "backup", "permit", "migrate", "deploy"
]

RECEIPTS: Final[Mapping[str, str]] = {
    "verify": "interlock.VerifyReceipt",
    "backup": "interlock.BackupReceipt",
}
"""Step -> the class of the receipt that it gives, as far as reading tells them apart."""

USED: Final = "interlock.UsedReceipt"
"""The class of a receipt with which something was migrated: it opens no second permit."""

PERMIT: Final = "interlock.Permit"
"""The class of what `permit` returns: a context manager, open for the length of its block."""

RECEIPT: Final = "interlock.Receipt"
"""The class of all receipts."""

EVIDENCE: Final = frozenset({RECEIPT, PERMIT, *RECEIPTS.values()})
"""What only interlock makes."""

REFUSED: Final = "interlock.Refused"
"""A refusal: a BaseException, so that a blanket `except Exception` cannot swallow it."""

ERROR: Final = "builtins.BaseException"
"""The class of an exception that was caught, of which nothing else is known."""


class Guard(Struct, frozen=True):
    """
    A call that refuses; an empty text where it takes or gives no receipt.

    `consumes` is the step whose receipt it wants as its first argument, `gives` the step that its
    result is the receipt of. `pure` guards exist only for the sake of what comes after them.
    """

    name: str
    step: Step
    consumes: Literal["", "verify", "backup"] = ""
    gives: Literal["", "verify", "backup"] = ""
    pure: bool = False


GUARDS: Final[Mapping[str, Guard]] = {
    guard.name: guard
    for guard in (
        Guard("interlock.require_approval", "approve", pure=True),
        Guard("interlock.validate_database_url", "validate", pure=True),
        Guard("interlock.create_engine", "engine"),
        Guard("interlock.create_async_engine", "engine"),
        Guard("interlock.engine_from_config", "engine"),
        Guard("interlock.async_engine_from_config", "engine"),
        Guard("interlock.verify", "verify", gives="verify"),
        Guard("interlock.backup", "backup", consumes="verify", gives="backup"),
        Guard("interlock.permit", "permit", consumes="backup"),
        Guard("interlock.migrate", "migrate", consumes="backup"),
        Guard("interlock.deploy", "deploy"),
    )
}

INTERLOCK: Final = Library(
    name="interlock",
    version="documented",
    sinks={},
    returns={
        guard.name: RECEIPTS.get(guard.gives, PERMIT)
        for guard in GUARDS.values()
        if guard.gives or guard.step == "permit"
    },
    harmless=tuple(GUARDS),
)
"""interlock as a library: it holds no sink, but a file that names it may call a guard."""


def guard(name: str) -> Guard | None:
    """The guard of that dotted name."""
    return GUARDS.get(name)
