"""By what name an attribute is remembered on a way: its object, as its user knows it, and it."""

from __future__ import annotations

from interlock_checks.facts import model as m
from interlock_checks.link.paths import Name
from interlock_checks.link.running import Running


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


def object_of(facts: m.Facts, call: int, place: int, at: Running) -> Name | None:
    """By what name the caller of a method knows its object."""
    one = facts.nodes[call] if 0 <= call < len(facts.nodes) else None
    if one is None:
        return at.path, at.scope, f"#{place}"
    func = facts.nodes[one.func] if isinstance(one, m.Call) else None
    if not isinstance(func, m.Attr):
        return at.me
    match facts.nodes[func.base]:
        case m.Ref(name=name, bindings=(binding, *_)):
            known = facts.bindings[binding]
            own = isinstance(facts.nodes[known.value], m.Own)
            return at.me if own else (at.path, known.scope, name)
        case m.Call():
            return at.path, at.scope, f"#{func.base}"
        case _:
            return at.me
