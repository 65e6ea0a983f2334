"""By what name an attribute is remembered on a way: its object, as its user knows it, and it."""

from __future__ import annotations

from interlock_checks.facts import model as m
from interlock_checks.link.paths import Name
from interlock_checks.link.running import Running
from interlock_checks.link.values import Fun
from interlock_checks.link.world import World


def name_of(facts: m.Facts, node: int, at: Running) -> Name | None:
    """The name of an attribute; None if it is one of something that has none itself."""
    names: list[str] = []
    one = facts.nodes[node]
    while isinstance(one, m.Attr):
        names.append(one.name)
        one = facts.nodes[one.base]
    if not isinstance(one, m.Ref) or not one.bindings or not names:
        return None
    binding = facts.bindings[one.bindings[0]]
    owner = (at.path, binding.scope, one.name)
    own = facts.nodes[binding.value]
    if isinstance(own, m.Own):
        owner = at.me or (at.path, own.scope, "self")
    return owner[0], owner[1], ".".join((owner[2], *reversed(names)))


def object_of(world: World, call: int, place: int, at: Running) -> Name | None:
    """By what name the caller of a method knows its object."""
    facts = world.files[at.path]
    one = facts.nodes[call] if 0 <= call < len(facts.nodes) else None
    if one is None:
        return at.path, at.scope, f"#{place}"
    func = facts.nodes[one.func] if isinstance(one, m.Call) else None
    if not isinstance(func, m.Attr):
        return at.me
    base = func.base
    while (before := _before(world, at, base)) is not None:
        base = before
    match facts.nodes[base]:
        case m.Ref(name=name, bindings=(binding, *_)):
            known = facts.bindings[binding]
            own = isinstance(facts.nodes[known.value], m.Own)
            return at.me if own else (at.path, known.scope, name)
        case m.Call():
            return at.path, at.scope, f"#{base}"
        case _:
            return at.me


def _before(world: World, at: Running, node: int) -> int | None:
    """What a method was called on that gives back its own object; None for anything else."""
    facts = world.files[at.path]
    call = facts.nodes[node]
    func = facts.nodes[call.func] if isinstance(call, m.Call) else None
    if not isinstance(call, m.Call) or not isinstance(func, m.Attr):
        return None
    world.steps = 0
    functions = world.values(at.path, call.func, at.frame)
    if not functions or not all(isinstance(f, Fun) and _gives_itself(world, f) for f in functions):
        return None
    return func.base


def _gives_itself(world: World, function: Fun) -> bool:
    facts = world.files[function.path]
    scope = facts.scopes[function.scope]
    if scope.is_async or not scope.returns or -1 in scope.returns:
        return False
    for returned in scope.returns:
        one = facts.nodes[returned]
        if not isinstance(one, m.Ref):
            return False
        values = [facts.nodes[facts.bindings[number].value] for number in one.bindings]
        if not values or not all(isinstance(value, m.Own) for value in values):
            return False
    return True
