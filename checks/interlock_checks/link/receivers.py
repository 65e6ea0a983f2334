"""Calls of a method on something of which nobody knows what it is, and which may be its object."""

from __future__ import annotations

from collections.abc import Iterator

from interlock_checks.facts import model as m
from interlock_checks.link.reach import Call, Site
from interlock_checks.link.values import Cls, Fun, Hole, Method, Obj, Par, Value
from interlock_checks.link.world import World

_DEEPEST = 8


def method_name(facts: m.Facts, scope: int) -> str | None:
    """The name by which a function is called behind a dot, if it is a method."""
    one = facts.scopes[scope]
    named = one.kind == "function" and facts.scopes[one.parent].kind == "class"
    return one.name if named and not one.name.startswith("__") else None


def calls_by_name(world: World, path: str, function: tuple[str, int]) -> Iterator[Call]:
    """The calls in a file that may be of this method, because nothing is known of its object."""
    own = world.files[function[0]].scopes[function[1]]
    method = Fun(*function, Obj(function[0], own.parent))
    facts = world.files[path]
    for number, use in enumerate(facts.uses):
        call = facts.nodes[use.node] if use.manner == "called" else None
        func = facts.nodes[call.func] if isinstance(call, m.Call) else None
        if not isinstance(call, m.Call) or not isinstance(func, m.Attr) or func.name != own.name:
            continue
        world.steps = 0
        open_ = any(_is_open(value) for value in world.values(path, call.func))
        if open_ and _fits(call, own):
            yield Call(Site(path, number, use.scope), method, use.node)


def _is_open(value: Value) -> bool:
    """Whether a method may be that of any class: of a mixin, another class may have it."""
    for _ in range(_DEEPEST):
        if not isinstance(value, Method):
            break
        value = value.owner
    return isinstance(value, Hole | Par | Obj | Cls | Method)


def _fits(call: m.Call, own: m.Scope) -> bool:
    """Whether a method may be given this."""
    if any(arg.star for arg in call.args) or not call.args:
        return bool(call.args)
    kinds = [parameter.kind for parameter in own.parameters]
    names = {parameter.name for parameter in own.parameters}
    given = sum(arg.name is None for arg in call.args)
    most = sum(kind in {"plain", "positional"} for kind in kinds)
    keywords = {arg.name for arg in call.args if arg.name is not None}
    # A static method takes one more; one more than there is, is nobody's call.
    return ("*" in kinds or given <= most) and ("**" in kinds or keywords <= names)
