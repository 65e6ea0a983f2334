"""
What a receipt says: an in-toto Statement v1 about one step of one run against one database.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import msgspec

from interlock.steps.envelope import Unproved, canonical

__all__ = [
    "AGE_LIMIT",
    "STEPS",
    "Change",
    "Copied",
    "Evidence",
    "Failed",
    "Migrated",
    "Plan",
    "Receipt",
    "Started",
    "Target",
    "Verified",
    "payload_of",
    "receipt_from",
]

AGE_LIMIT = 3600
"""Seconds in which the next step must begin; a longer pause means to verify again."""

_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "urn:interlock:receipt:v1"


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One revision of a plan.

    Attributes:
        source: SHA-256 of the migration script.
        sql: SHA-256 of the SQL that Alembic renders for it; None where it cannot be known
            beforehand, and then `reason` says why.
    """

    revision: str
    source: str
    sql: str | None
    reason: str = ""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which revisions a database goes to which one, and by which changes, in order."""

    start: tuple[str, ...]
    end: str
    changes: tuple[Change, ...]

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all that the plan says."""
        return hashlib.sha256(canonical(msgspec.to_builtins(self))).hexdigest()


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One database.

    Attributes:
        name: As the contract calls it.
        identity: What the database says of itself; a copy of it elsewhere has another one.
        address: Where it was reached, without user and password.
    """

    name: str
    dialect: str
    identity: str
    address: str

    def digest(self) -> str:
        return hashlib.sha256(canonical(msgspec.to_builtins(self))).hexdigest()


class Verified(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="verify"):
    """The static proof of the commit: files of code, uses at home, and what it rests on."""

    files: int
    at_home: int
    assumptions: int


class Copied(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="backup"):
    """
    A backup that was restored and compared.

    Attributes:
        method: What made it.
        file: Below the root of the repository.
        tables: Table -> rows, the same in the database and in what was restored.
        schema: Table, view, index or constraint -> digest of its definition at that time.
    """

    method: str
    file: str
    size: int
    sha256: str
    tables: dict[str, int]
    schema: dict[str, str]


class Started(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="started"):
    """The lock is held, and the migration begins."""

    process: int
    host: str


class Migrated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="migrate"):
    """The database is where the plan ends, and its ledger says so."""

    revisions: tuple[str, ...]


class Failed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="failed"):
    """The migration ended early. `heads` is None where the database could not be asked."""

    error: str
    heads: tuple[str, ...] | None


Evidence = Verified | Copied | Started | Migrated | Failed

STEPS = ("verify", "backup", "started", "migrate", "failed")
"""All that can stand in a run; the last two exclude each other."""


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A step that was done.

    Attributes:
        run: Names the run; each receipt of it says the same.
        commit: Of the repository, whose work tree was clean.
        contract: SHA-256 of the file that declares the contract.
        previous: SHA-256 of the payload of the receipt before; None for the first.
        issued: When the step was done.
        limit: Seconds in which the next step must begin.
    """

    run: str
    target: Target
    commit: str
    contract: str
    plan: Plan
    previous: str | None
    issued: datetime
    limit: int
    evidence: Evidence

    @property
    def step(self) -> str:
        tag: str = type(self.evidence).__struct_config__.tag  # type: ignore[assignment]
        return tag

    def digest(self) -> str:
        """SHA-256 of the payload, by which the next receipt names this one."""
        return hashlib.sha256(payload_of(self)).hexdigest()


def payload_of(receipt: Receipt) -> bytes:
    """The statement that is signed."""
    return canonical(
        {
            "_type": _STATEMENT,
            "subject": [
                {"name": receipt.target.name, "digest": {"sha256": receipt.target.digest()}},
                {"name": "commit", "digest": {"gitCommit": receipt.commit}},
            ],
            "predicateType": _PREDICATE,
            "predicate": msgspec.to_builtins(receipt),
        }
    )


def receipt_from(payload: bytes) -> Receipt:
    """
    Read a statement; whatever does not say exactly what `payload_of` would is none.

    Raises:
        Unproved: It is no receipt.
    """
    try:
        statement: Any = json.loads(payload)
        receipt = msgspec.convert(statement["predicate"], Receipt)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unproved("what was signed is no receipt of this version of interlock") from error
    if payload_of(receipt) != payload or receipt.issued.tzinfo is None:
        raise Unproved("what was signed is no receipt of this version of interlock")
    return receipt
