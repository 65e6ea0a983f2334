"""How a use of a sink is put into words; the manner of a use says what was done with it."""

from __future__ import annotations

from interlock_checks.project import Offence

__all__ = ["used"]

_COMPUTED = " by a computed name"
_MANNERS = {
    "a default value": "used as a default value",
    "constructed by a subclass": "built through a subclass",
    "entered": "entered with `with`",
}


def used(offence: Offence) -> str:
    """`alembic.command.upgrade` called; also where only the module or class of it is known."""
    sink, manner = offence.sink, offence.manner.removesuffix(_COMPUTED)
    if sink.endswith(".*"):
        what = f"a computed attribute of `{sink.removesuffix('.*')}`"
    elif sink.startswith("vars("):
        what = f"the namespace of `{sink.removeprefix('vars(').removesuffix(')')}`"
    else:
        what = f"`{sink}`"
    return f"{what} {_MANNERS.get(manner, manner)}"
