"""Whether a value is an instance of a class, and what a class pattern takes out of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock_checks.link.members import attribute_of, members_of
from interlock_checks.link.values import UNKNOWN, Cls, Many, Obj, Value, Values, merge

if TYPE_CHECKING:
    from interlock_checks.link.world import World


def is_instance(world: World, value: Value, kinds: Values) -> bool | None:
    """Whether an object of the repository is one of these classes; None if that is not known."""
    if not isinstance(value, Obj):
        return None
    listed = [item for kind in kinds if isinstance(kind, Many) for item in kind.items]
    asked = set(merge([kinds, *listed])) - {kind for kind in kinds if isinstance(kind, Many)}
    order = [one for _, _, one in members_of(world, value)]
    if asked.intersection(order):
        return True
    known = all(isinstance(one, Cls) for one in asked) and bool(asked)
    return False if known and UNKNOWN[0] not in order else None


def part_of(world: World, value: Value, kinds: Values, name: str) -> Values:
    """What `case kind(part)` or `case kind(name=part)` takes out of a value."""
    fits = is_instance(world, value, kinds)
    if fits is False:
        return ()
    if name.isdecimal():
        if not isinstance(value, Obj) or fits is None:
            return UNKNOWN
        scope = world.files[value.path].scopes[value.scope]
        fields = [one.name for one in scope.parameters]
        if "__match_args__" in scope.names or int(name) >= len(fields):
            return UNKNOWN
        name = fields[int(name)]
    return attribute_of(world, value, name)
