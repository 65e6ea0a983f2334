"""Is a database protected? An unprotected one must be recognised; all others are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interlock.addresses import Address
from interlock.contract import Contract
from interlock.patterns import Pattern, read_pattern

__all__ = ["Protection", "protection_of"]


@dataclass(frozen=True, slots=True)
class Protection:
    """
    The judgement about one address.

    Attributes:
        database: Its name in the contract; None where the contract does not name it.
        protected: True unless the contract says otherwise of exactly this address.
    """

    database: str | None
    protected: bool


def protection_of(address: Address, contract: Contract, root: Path | None = None) -> Protection:
    """
    Judge an address by a contract.

    A protected database wins over an unprotected one whose URLs also match. A SQLite
    database in memory is unprotected unless the contract names it: nobody else can see it.

    Args:
        root: Where the contract lies; None stands for the working directory.
    """
    root = root or Path.cwd()
    patterns = {
        name: [one for url in entry.urls if (one := read_pattern(url, root)) is not None]
        for name, entry in contract.databases.items()
    }
    free = _recognised(address, contract, patterns)
    # A pooler of several tenants chooses the database by the user. Only where both sides name
    # one does it count; otherwise any user may reach what is protected.
    by_user = free is not None and free[1].user is not None
    for name, entry in contract.databases.items():
        if entry.protected and any(one.may_mean(address, user=by_user) for one in patterns[name]):
            return Protection(name, protected=True)
    if free is not None:
        return Protection(free[0], protected=False)
    return Protection(None, protected=not address.in_memory)


def _recognised(
    address: Address, contract: Contract, patterns: dict[str, list[Pattern]]
) -> tuple[str, Pattern] | None:
    found = [
        (name, one)
        for name, entry in contract.databases.items()
        if not entry.protected
        for one in patterns[name]
        if one.surely_means(address)
    ]
    return next((one for one in found if one[1].user is not None), found[0] if found else None)
