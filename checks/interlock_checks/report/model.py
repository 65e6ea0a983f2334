"""The outcome of one run, with nothing in it but data."""

from __future__ import annotations

import msgspec

from interlock_checks.finding import Finding


class Assumed(msgspec.Struct, frozen=True):
    """Something that the proof rests on and reading cannot see; the runtime half answers for it."""

    path: str
    row: int
    text: str


class Base(msgspec.Struct, frozen=True):
    """A revision that was compared with; `first` where it declares no contract, and today's is."""

    commit: str
    first: bool


class Report(msgspec.Struct, frozen=True):
    """
    What a run found.

    Attributes:
        findings: In the order of path, row, column and code.
        files: How many files of code there are.
        read: How many of them were parsed; the others cannot name anything of the catalogue.
        at_home: Sink -> how often it is used where it may be.
        assumptions: See `Assumed`.
        contract: The file that declares the contract, or None for the default, which grants
            nothing.
        digests: Path -> BLAKE2b digest (hexadecimal) of every file of code.
        bases: The revisions against which nothing may be weakened.
    """

    findings: tuple[Finding, ...]
    files: int
    read: int
    at_home: dict[str, int]
    assumptions: tuple[Assumed, ...]
    contract: str | None
    digests: dict[str, str]
    bases: tuple[Base, ...] = ()
