"""What a call hands on: below the names of its arguments, and of what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interlock_checks.facts import model as m
from interlock_checks.link.below import forgotten, moved, restored, without
from interlock_checks.link.holdings import Holdings
from interlock_checks.link.paths import Name, Path
from interlock_checks.link.running import Running
from interlock_checks.link.values import Fun


@dataclass(frozen=True, slots=True)
class Handed:
    """An argument, the name under which it is known outside, and that of the parameter."""

    argument: int
    outer: Name | None
    inner: Name


def handed(holdings: Holdings, at: Running, call: int, function: Fun, given: int) -> list[Handed]:
    """
    What a call hands on: each argument, and the parameter that it becomes.

    Of a call that calls one of its arguments, the last `given` ones are handed on.
    """
    nodes = holdings.world.files[at.path].nodes
    one = nodes[call] if 0 <= call < len(nodes) else None
    if not isinstance(one, m.Call):
        return []
    facts = holdings.world.files[function.path]
    parameters = facts.scopes[function.scope].parameters
    named = [p.name for p in parameters if p.kind in {"plain", "positional"}]
    if parameters and isinstance(facts.nodes[parameters[0].node], m.Own):
        named = named[1:]
    found: list[Handed] = []
    own = function in holdings.world.values(at.path, one.func, at.frame)
    skipped = 0 if own else max(len(one.args) - given, 0)
    for position, arg in enumerate(one.args[skipped:]):
        if arg.star:
            break
        name = arg.name or (named[position] if position < len(named) else "")
        if name:
            inner = (function.path, function.scope, name)
            found.append(Handed(arg.value, holdings.owner(at, arg.value), inner))
    return found


def enter(holdings: Holdings, at: Running, handed: Sequence[Handed], way: Path) -> Path:
    """A function begins: its parameters hold what was handed on."""
    for one in handed:
        if one.outer is not None:
            way = restored(way, way, one.outer, one.inner)
        if (
            holdings.receptacles.follows(one.inner[2])
            and holdings.remembered(one.inner, way) is None
        ):
            way = holdings.keep(way, one.inner, holdings.held(at, one.argument, way))
    return way


def leave(holdings: Holdings, handed: Sequence[Handed], way: Path) -> Path:
    """A function has ended: what it was handed on is as it has left it."""
    for one in handed:
        if one.outer is None or one.outer[2].startswith("#"):
            continue
        if _is_rebound(holdings, one.inner):
            way = without(way, one.outer)
        else:
            way = moved(forgotten(way, one.outer), one.inner, one.outer)
    return way


def _is_rebound(holdings: Holdings, name: Name) -> bool:
    """Whether a parameter becomes the name of something else."""
    facts = holdings.world.files[name[0]]
    for value in (facts.nodes[number] for number in holdings.given(name)):
        left = facts.nodes[value.left] if isinstance(value, m.Op) else None
        own = isinstance(left, m.Ref) and left.name == name[2]
        if not isinstance(value, m.Param) and not own:
            return True
    return False


def returning(
    holdings: Holdings, at: Running, node: int, ended: Path, way: Path, result: Name
) -> Path:
    """A function has returned a node: the call's result holds what that held."""
    owner = holdings.owner(at, node)
    if owner is not None:
        way = restored(way, ended, owner, result)
    if holdings.receptacles.follows(holdings.world.files[at.path].scopes[at.scope].name):
        held = holdings.held(at, node, ended)
        if held is not None:
            way = holdings.keep(way, result, held)
    return way
