"""
What runs, in which order, on every way through a program that is near a guard.

An interpreter of shapes: it runs each scope on abstract ways, follows calls of the repository's
own functions, decorators and context managers, and lets exceptions take their course. It knows
guards, sinks, and what ends, defers or swallows; `Watch` is told of each and draws conclusions.
"""

from __future__ import annotations

from collections.abc import Mapping

from interlock_checks.link import blocks, calls, invoke, statements
from interlock_checks.link.handlers import decorated, is_silenced
from interlock_checks.link.machine import Handler, Machine
from interlock_checks.link.paths import Flow, Jump, Path
from interlock_checks.link.running import Running
from interlock_checks.link.values import Fun

HANDLERS: Mapping[str, Handler] = {
    "call": invoke.run_call,
    "bind": statements.bind,
    "set": statements.store,
    "put": statements.put,
    "pick": statements.pick,
    "if": statements.run_if,
    "and": statements.run_circuit,
    "or": statements.run_circuit,
    "for": statements.run_loop,
    "while": statements.run_loop,
    "gen": statements.run_loop,
    "match": statements.run_match,
    "assert": statements.run_assert,
    "return": statements.run_return,
    "break": statements.run_break,
    "continue": statements.run_continue,
    "yield": statements.run_yield,
    "raise": blocks.run_raise,
    "try": blocks.run_try,
    "with": blocks.run_with,
    "await": calls.run_awaited,
    "from": calls.run_awaited,
}
"""What each operation of a shape does; the others only stand for something."""


def start(machine: Machine, path: str, scope: int) -> tuple[Flow, Running]:
    """Run a scope from nothing: nobody is known to have called it."""
    machine.allow()
    if scope and path not in machine.begun:
        # A module that matters was run before; any other only says what its variables hold.
        loaded = machine.run(machine.shape(path, 0), [Path()], Running(path, 0, machine.owner()))
        machine.begun[path] = machine.conditions.holdings.lasting(path, loaded.normal)
    running = Running(path, scope, machine.owner())
    machine.visited.add((path, scope))
    flow = _begun(machine, running)
    if scope == 0:
        machine.begun[path] = machine.conditions.holdings.lasting(path, flow.normal)
    machine.may_refuse(path, scope, flow)
    return flow, running


def _begun(machine: Machine, running: Running) -> Flow:
    """Run a scope that nobody calls: a function through its decorators, as its callers do."""
    path, scope = running.path, running.scope
    facts = machine.world.files[path]
    function = Fun(path, scope)
    wrapper = decorated(machine.world, function) if facts.scopes[scope].decorators else None
    if wrapper is not None and wrapper[0].scope not in machine.world.files[wrapper[0].path].control:
        machine.wanted.add(wrapper[0].path)
        wrapper = None
    begun = machine.begun.get(path, Path())
    if wrapper is None and is_silenced(machine.world, function) is None:
        return machine.run(machine.shape(path, scope), [begun], running)
    outside = Running(path, 0, machine.owner())
    node = len(facts.nodes)
    flow = calls.run_own(machine, function, (), node, -1, [begun], outside)
    result = (path, 0, f"#{node}")
    flow.jumps += [
        Jump(one.bind(result, None), "return", running.owner, -1, one.value(result) or ())
        for one in flow.normal
    ]
    flow.normal = []
    return flow
