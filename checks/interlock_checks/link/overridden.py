"""Guards that a class's method runs, where a subclass has put another method in its place."""

from __future__ import annotations

from collections.abc import Sequence

from interlock_checks.facts import model as m
from interlock_checks.link.machine import Machine
from interlock_checks.link.members import attribute_of
from interlock_checks.link.paths import Path, Site
from interlock_checks.link.running import Running, guard_of
from interlock_checks.link.shape import Step, every
from interlock_checks.link.values import Fun, Obj, Up, Value


def chosen(machine: Machine, func: int, step: Step, paths: list[Path], at: Running) -> list[Path]:
    """The ways on which the guards of an overridden method have not run, by choice of a class."""
    steps = _left_out(machine, func, paths, at)
    if not steps:
        return paths
    site = _site(machine, step, at)
    for path in paths:
        for name in steps:
            machine.watch.ran(name, path.chose(site, True))
    return [path.chose(site, False) for path in paths]


def _left_out(machine: Machine, func: int, paths: Sequence[Path], at: Running) -> set[str]:
    facts = machine.world.files[at.path]
    one = facts.nodes[func]
    if not isinstance(one, m.Attr) or not paths:
        return set()
    machine.world.steps = 0
    found: set[str] = set()
    for owner in machine.world.values(at.path, one.base, at.frame):
        if isinstance(owner, Obj) and machine.world.files[owner.path].scopes[owner.scope].bases:
            above = attribute_of(machine.world, Up(owner.path, owner.scope), one.name)
            own = attribute_of(machine.world, owner, one.name)
            if {_identity(value) for value in above} != {_identity(value) for value in own}:
                found.update(name for value in above for name in _guards_of(machine, value))
    return found


def _identity(value: Value) -> object:
    return (value.path, value.scope) if isinstance(value, Fun) else value


def _guards_of(machine: Machine, value: Value) -> set[str]:
    """The guards that a function calls itself, or is."""
    guard = guard_of(value)
    if guard is not None:
        return {guard.step}
    if not isinstance(value, Fun):
        return set()
    nodes = machine.world.files[value.path].nodes
    found: set[str] = set()
    for step in every(machine.shape(value.path, value.scope)):
        call = nodes[step.node] if step.op == "call" else None
        if isinstance(call, m.Call):
            machine.world.steps = 0
            called = machine.world.values(value.path, call.func)
            found.update(g.step for f in called if (g := guard_of(f)) is not None)
    return found


def _site(machine: Machine, step: Step, at: Running) -> Site:
    """Where a method of such an object was called from outside of its class."""
    place, here = step.place, at
    while here.outer is not None and _is_method(machine, here):
        place, here = here.place, here.outer
    return Site(here.path, here.scope, place, "override")


def _is_method(machine: Machine, at: Running) -> bool:
    facts = machine.world.files[at.path]
    first = facts.scopes[at.scope].parameters[:1]
    return bool(first) and isinstance(facts.nodes[first[0].node], m.Own)
