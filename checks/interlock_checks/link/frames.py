"""Calls of own functions: what is passed, what that makes of parameters, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from interlock_checks.facts import model as m
from interlock_checks.link.values import (
    NOTHING,
    UNKNOWN,
    Around,
    Fun,
    Given,
    Lit,
    Many,
    Obj,
    Table,
    Values,
    merge,
    weight,
)

if TYPE_CHECKING:
    from interlock_checks.link.world import World

DEEPEST_CALL = 8
"""Calls of the repository's own functions that are followed into each other."""

_MOST_KEPT = 200
"""The weight of the parameters that a closure keeps of one call; of more it knows nothing."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a function: what its parameters are; `bindings` are loop targets replaced."""

    path: str
    scope: int
    parameters: Mapping[str, Values]
    depth: int = 0
    outer: Frame | None = None
    bindings: Mapping[int, Values] = field(default_factory=dict)
    memo: dict[tuple[str, int], Values] = field(default_factory=dict)


def owner_in(frame: Frame | None) -> Values:
    """The instance with known arguments whose method the frame is a call of."""
    while frame is not None:
        for value in frame.parameters.get("", ()):
            if isinstance(value, Obj) and value.given is not None:
                return (value,)
        frame = frame.outer
    return NOTHING


def replaced_in(frame: Frame | None, path: str, number: int) -> Values | None:
    """What a loop target of that number is in this turn; None if it is none."""
    while frame is not None:
        if frame.path == path and number in frame.bindings:
            return frame.bindings[number]
        frame = frame.outer
    return None


def around(world: World, path: str, scope: int, frame: Frame | None) -> tuple[Around, ...]:
    """The calls whose parameters a function can see that is defined in the frame."""
    if frame is None:
        return ()
    scopes = world.files[path].scopes
    parents: set[int] = set()
    number = scopes[scope].parent
    while number > 0:
        parents.add(number)
        number = scopes[number].parent
    found: list[Around] = []
    while frame is not None:
        if frame.path == path and frame.scope in parents:
            if sum(weight(values) for values in frame.parameters.values()) > _MOST_KEPT:
                return ()
            found.append(Around(frame.scope, tuple(sorted(frame.parameters.items(), key=_name))))
        frame = frame.outer
    return tuple(found)


def _name(item: tuple[str, Values]) -> str:
    return item[0]


def _closed(function: Fun) -> Frame | None:
    """The calls in which a closure was made."""
    frame: Frame | None = None
    for one in reversed(function.around):
        frame = Frame(function.path, one.scope, dict(one.parameters), 0, frame)
    return frame


def passed(
    world: World, path: str, args: tuple[m.Arg, ...], frame: Frame | None
) -> tuple[Given, ...]:
    """The arguments of a call, with lists behind an asterisk put in place."""
    found: list[Given] = []
    for arg in args:
        values = world.values(path, arg.value, frame)
        if arg.star == 1 and len(values) == 1 and isinstance(values[0], Many):
            found.extend(Given(item) for item in values[0].items)
            if values[0].rest:
                found.append(Given(UNKNOWN, None, 1))
        elif arg.star == 2 and len(values) == 1 and isinstance(values[0], Table):
            for keys, value in values[0].pairs:
                names = [k.value for k in keys if isinstance(k, Lit)]
                if len(names) == len(keys) == 1 and isinstance(names[0], str):
                    found.append(Given(value, names[0]))
                else:
                    found.append(Given(UNKNOWN, None, 2))
            if values[0].rest:
                found.append(Given(UNKNOWN, None, 2))
        else:
            found.append(Given(values, arg.name, arg.star))
    return tuple(found)


def frame_of(
    world: World,
    function: Fun,
    given: tuple[Given, ...],
    depth: int = 0,
    outer: Frame | None = None,
) -> Frame:
    """Parameters matched with arguments, as Python does it; what is unclear is unknown."""
    facts = world.files[function.path]
    scope = facts.scopes[function.scope]
    parameters: dict[str, Values] = {}
    positional = [g.values for g in given if g.name is None and g.star == 0]
    listed, mapped = (any(g.star == count for g in given) for count in (1, 2))
    names = [p for p in scope.parameters if p.kind in {"plain", "positional"}]
    if names and isinstance(facts.nodes[names[0].node], m.Own):
        own = facts.nodes[names[0].node]
        if function.owner is not None:
            parameters[names[0].name] = (function.owner,)
            parameters[""] = (function.owner,)
            names = names[1:]
        elif isinstance(own, m.Own) and own.of_class:
            names = names[1:]
    for parameter, values in zip(names, positional, strict=False):
        parameters[parameter.name] = values
    extra = tuple(positional[len(names) :])
    keywords = {g.name: g.values for g in given if g.name is not None}
    for parameter in scope.parameters:
        node = facts.nodes[parameter.node]
        if parameter.kind == "*":
            parameters[parameter.name] = (Many(extra, rest=listed),)
        elif parameter.kind == "**":
            known = {p.name for p in scope.parameters}
            pairs = tuple(
                ((Lit(name),), values) for name, values in keywords.items() if name not in known
            )
            parameters[parameter.name] = (Table(pairs, rest=mapped),)
        elif parameter.name in keywords:
            parameters[parameter.name] = keywords[parameter.name]
        elif parameter.name not in parameters:
            default = NOTHING
            unclear = mapped or (listed and parameter.kind != "keyword")
            if isinstance(node, m.Param) and node.default >= 0:
                default = world.values(function.path, node.default)
            parameters[parameter.name] = (
                merge([default, UNKNOWN]) if unclear or not default else default
            )
    if outer is None:
        outer = _closed(function)
    return Frame(function.path, function.scope, parameters, depth, outer)


def result_of(
    world: World, function: Fun, given: tuple[Given, ...], frame: Frame | None = None
) -> Values:
    """What a function of the repository returns (or yields, as a sequence)."""
    depth = 0 if frame is None else frame.depth
    facts = world.files.get(function.path)
    key = (function.path, function.scope)
    if depth >= DEEPEST_CALL or facts is None or key in world.calling:
        world.left_open += 1
        return UNKNOWN
    outer = frame if frame is not None and _is_inside(world, function, frame) else None
    # Written out, because `True` and `1` are equal and are not the same text.
    asked = b"" if outer else blake2b(repr((function, given)).encode("utf-8", "replace")).digest()
    known = None if outer else world.results.get(asked)
    if known is not None:
        return known
    open_before = world.left_open
    world.calling.add(key)
    try:
        found = _returned(world, function, given, depth, outer)
    finally:
        world.calling.discard(key)
    if outer is None and open_before == world.left_open:
        world.results[asked] = found
    return found


def _returned(
    world: World, function: Fun, given: tuple[Given, ...], depth: int, around: Frame | None
) -> Values:
    facts = world.files[function.path]
    scope = facts.scopes[function.scope]
    inner = frame_of(world, function, given, depth + 1, around)
    yielded = merge(world.values(function.path, node, inner) for node in scope.yields)
    if yielded:
        return (Many((yielded,), rest=True),)
    if not scope.returns:
        return (Lit(None),)
    return merge(world.values(function.path, node, inner) for node in scope.returns) or UNKNOWN


def _is_inside(world: World, function: Fun, frame: Frame) -> bool:
    """Whether a function is defined in the one whose call the frame is."""
    scopes = world.files[function.path].scopes
    number = scopes[function.scope].parent
    while number > 0 and frame.path == function.path:
        if number == frame.scope:
            return True
        number = scopes[number].parent
    return False
