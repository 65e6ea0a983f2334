"""Copies of the repository's own objects, with new values for some fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from interlock_checks.facts import model as m
from interlock_checks.link.values import (
    HOLE,
    UNKNOWN,
    Ext,
    Given,
    Obj,
    Value,
    Values,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.world import World


def replaced(world: World, given: Sequence[Given], path: str) -> Values:
    """A copy of an object of the repository's own, in which the fields that are named are new."""
    new = {one.name: one for one in given[1:] if one.name is not None}
    if not given or len(new) + 1 < len(given):
        return UNKNOWN
    return tuple(
        _copied(world, value, new) if isinstance(value, Obj) and value.given is not None else HOLE
        for value in given[0].values
    )


def _copied(world: World, value: Obj, new: Mapping[str, Given]) -> Value:
    names = [one.name for one in world.files[value.path].scopes[value.scope].parameters]
    keeps = _is_frozen(world, value)
    fields = {} if keeps else {name: Given(UNKNOWN, name) for name in names}
    for number, one in enumerate(value.given or ()):
        name = one.name or (names[number] if number < len(names) else None)
        if one.star or name is None:
            return HOLE
        fields[name] = Given(one.values if keeps else UNKNOWN, name)
    return Obj(value.path, value.scope, tuple({**fields, **new}.values()))


def _is_frozen(world: World, value: Obj) -> bool:
    """Whether what an object was made with is what it still holds."""
    facts = world.files[value.path]
    scope = facts.scopes[value.scope]
    for number in scope.decorators:
        one = facts.nodes[number]
        for arg in one.args if isinstance(one, m.Call) else ():
            given = facts.nodes[arg.value]
            if arg.name == "frozen" and isinstance(given, m.Const) and given.value is True:
                return True
    bases = merge(world.values(value.path, base) for base in scope.bases)
    return any(isinstance(base, Ext) and base.name == "typing.NamedTuple" for base in bases)
