"""How functions of the repository are run: through decorators, as generators, as coroutines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from interlock_checks.catalogue import control
from interlock_checks.catalogue.guards import RECEIPTS, USED
from interlock_checks.facts import model as m
from interlock_checks.link.attributes import object_of
from interlock_checks.link.frames import Frame, frame_of, passed
from interlock_checks.link.handing import enter, handed, leave, returning
from interlock_checks.link.handlers import decorated, is_silenced, made_by, origin
from interlock_checks.link.machine import Machine
from interlock_checks.link.members import decorators_of
from interlock_checks.link.paths import Flow, Path, Raised, Site, merged
from interlock_checks.link.running import Running, divided, enclosing, is_worth, union_of
from interlock_checks.link.shape import Step, every
from interlock_checks.link.values import (
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Method,
    Obj,
    Values,
    as_told,
    is_told,
)
from interlock_checks.link.world import NESTED

DEEPEST = 12
"""Calls within each other that are followed."""


def run_own(
    machine: Machine,
    function: Fun,
    given: tuple[Given, ...],
    node: int,
    place: int,
    paths: list[Path],
    at: Running,
    *,
    made_by: int = -1,
) -> Flow:
    """
    Call one of the repository's own functions, through its decorators.

    Args:
        machine: What runs it.
        function: The function.
        given: Its arguments.
        node: The call; -1 where its result is not asked for.
        place: Where it stands.
        paths: The ways to it.
        at: The scope around.
        made_by: The call of a class, of which the function is the `__init__`.
    """
    key = (function.path, function.scope)
    kept = function.scope in machine.world.files[function.path].control
    told = any(is_told(value) for one in given for value in one.values)
    own = function.owner.given or () if isinstance(function.owner, Obj) else ()
    if (
        kept
        and not told
        and not machine.relevance.matters(*key)
        and not any(machine.relevance.brings(one.values) for one in (*given, *own))
    ):
        result = (at.path, at.scope, f"#{node}")
        raised = [Raised(path, "error") for path in paths if not path.has_failed]
        return Flow([path.bind(result, None) for path in paths], raised)
    if function.owner is not None:
        me = object_of(machine.world, node, place, at)
        at = replace(at, me=me if made_by < 0 else (at.path, at.scope, f"#{made_by}"))
    undecorated = key in at.bare or _is_unwrapped(machine.world.files[at.path], node)
    if undecorated or not machine.scope_of(function).decorators:
        return _inline(machine, function, given, node, place, paths, at, call=made_by)
    for decorator in machine.scope_of(function).decorators:
        machine.world.want(function.path, decorator)
    around = decorated(machine.world, function)
    inner = replace(at, bare=at.bare | {key})
    manager = _managing(machine, function)
    if manager is not None:
        flow = _inline(
            machine,
            manager,
            (),
            -1,
            place,
            paths,
            inner,
            on_yield=lambda now: _inline(machine, function, given, node, place, now, inner),
        )
    elif around is None:
        flow = _inline(machine, function, given, node, place, paths, inner)
    else:
        wrapper, frame = around
        flow = _inline(machine, wrapper, given, node, place, paths, inner, around=frame)
        machine.visited.add(key)
    silenced = is_silenced(machine.world, function)
    if silenced is not None:
        decorator, caught = silenced
        site = _place_of(machine, function, decorator, at, place)
        entered, flow.raised = divided(flow.raised, caught, site)
        flow.normal = merged([*flow.normal, *entered])
    return flow


def _is_unwrapped(facts: m.Facts, call: int) -> bool:
    """Whether what is called is `function.__wrapped__`, which has no decorators."""
    one = facts.nodes[call] if 0 <= call < len(facts.nodes) else None
    if not isinstance(one, m.Call):
        return False
    func = facts.nodes[origin(facts, one.func)]
    return isinstance(func, m.Attr) and func.name == "__wrapped__"


def _place_of(machine: Machine, function: Fun, decorator: int, at: Running, place: int) -> Site:
    """Where a decorator stands, if it is called; else the call, or what the function does first."""
    facts = machine.world.files[function.path]
    parent = facts.scopes[function.scope].parent
    for mark in facts.control.get(parent, ()):
        if mark.node == decorator and mark.place >= 0:
            return Site(function.path, parent, mark.place, "decorator")
    if place >= 0:
        return Site(at.path, at.scope, place, "decorator")
    marks = facts.control.get(function.scope, ())
    first = next((mark.place for mark in marks if mark.place >= 0), -1)
    return Site(function.path, function.scope, first, "decorator")


def _managing(machine: Machine, function: Fun) -> Fun | None:
    """The generator that a function is decorated with, as a context around each call."""
    for decorator in machine.scope_of(function).decorators:
        maker, _ = made_by(machine.world, function.path, decorator, None)
        for one in maker:
            if isinstance(one, Fun) and is_manager(machine, one):
                return one
    return None


def _inline(
    machine: Machine,
    function: Fun,
    given: tuple[Given, ...],
    node: int,
    place: int,
    paths: list[Path],
    at: Running,
    *,
    on_yield: Callable[[list[Path]], Flow] | None = None,
    around: Frame | None = None,
    call: int = -1,
) -> Flow:
    """
    Run a function where it is called; `on_yield` is what runs wherever it yields.

    `call` is where its arguments are, if its result is not asked for there.
    """
    path, scope = function.path, function.scope
    facts = machine.world.files[path]
    if scope not in facts.control:
        if not machine.is_test(at.path) and NESTED not in path:
            machine.wanted.add(path)
        return Flow([machine.watch.opaque(at, place, function, one) for one in paths])
    if at.depth >= DEEPEST or at.runs(path, scope) or machine.steps > machine.most:
        return Flow(paths) if on_yield is None else on_yield(paths)
    machine.visited.add((path, scope))
    machine.world.steps = 0
    frame = frame_of(machine.world, function, given, 1, around or enclosing(at, facts, scope, path))
    inner = Running(
        path, scope, machine.owner(), frame, at, place, on_yield, at.bare, at.handling, at.me
    )
    holdings = machine.conditions.holdings
    arguments = handed(holdings, at, node if call < 0 else call, function, len(given))
    paths = [enter(holdings, at, arguments, one) for one in paths]
    ran = machine.run(machine.shape(path, scope), paths, inner)
    machine.may_refuse(path, scope, ran)
    flow = Flow()
    result = (at.path, at.scope, f"#{node}")

    def left_by(ended: Path) -> Path:
        return leave(holdings, arguments, ended).leave(path, scope)

    def back(ended: Path, values: Values, returned: int = -1) -> Path:
        left = left_by(ended)
        if node >= 0 and returned >= 0:
            left = returning(holdings, inner, returned, ended, left, result)
        if node < 0:
            return left
        if left.refused:
            values = as_told(values)
            machine.conditions.telling = True
        keep = values and all(is_worth(value) for value in values)
        return left.bind(result, values if keep else None)

    flow.normal = [back(one, (Lit(None),)) for one in ran.normal]
    flow.raised = [replace(one, path=left_by(one.path)) for one in ran.raised]
    for jump in ran.jumps:
        if jump.owner == inner.owner:
            flow.normal.append(back(jump.path, jump.values, jump.node))
        else:
            flow.jumps.append(replace(jump, path=left_by(jump.path)))
    flow.normal = merged(flow.normal)
    return flow


def run_generator(
    machine: Machine,
    function: Fun,
    given: tuple[Given, ...],
    place: int,
    paths: list[Path],
    at: Running,
    on_yield: Callable[[list[Path]], Flow],
) -> Flow:
    """Run a context manager that is written as a generator, with its block where it yields."""
    return _inline(machine, function, given, -1, place, paths, at, on_yield=on_yield)


def arguments_of(
    machine: Machine, call: int, paths: Sequence[Path], at: Running
) -> tuple[Given, ...]:
    """The arguments of a call, as these ways know them."""
    node = machine.world.files[at.path].nodes[call] if call >= 0 else None
    if not isinstance(node, m.Call):
        return ()
    if any(arg.star for arg in node.args) or not paths:
        machine.world.steps = 0
        return passed(machine.world, at.path, node.args, at.frame)
    return tuple(
        Given(union_of(machine.value(arg.value, path, at) for path in paths), arg.name)
        for arg in node.args
    )


def run_coroutine(
    machine: Machine, node: int, place: int, paths: list[Path], at: Running
) -> Flow | None:
    """Run the coroutine that a node is, if it is one of the repository's own."""
    maker, call = made_by(machine.world, at.path, node, at.frame)
    for function in maker:
        if isinstance(function, Fun) and machine.scope_of(function).is_async:
            given = arguments_of(machine, call, paths, at)
            return run_own(machine, function, given, call, place, paths, at)
        if isinstance(function, Ext | Method):
            last = function.name.rpartition(".")[2]
            inner = machine.world.files[at.path].nodes[call]
            if last in control.ASKABLE and isinstance(inner, m.Call):
                for arg in inner.args:
                    found = run_coroutine(machine, arg.value, place, paths, at)
                    if found is not None:
                        return found
    return None


def run_awaited(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    if step.op == "from":
        return consume(machine, step.node, step.place, paths, at)
    return run_coroutine(machine, step.node, step.place, paths, at) or Flow(paths)


def consume(machine: Machine, node: int, place: int, paths: list[Path], at: Running) -> Flow:
    """Run the generator that is iterated, if it is one of the repository's own."""
    maker, call = made_by(machine.world, at.path, node, at.frame)
    for function in maker:
        if isinstance(function, Fun) and _is_generator(machine, function):
            given = arguments_of(machine, call, paths, at)
            return run_own(machine, function, given, -1, place, paths, at)
    return Flow(paths)


def is_manager(machine: Machine, function: Fun) -> bool:
    return not decorators_of(machine.world, function).isdisjoint(control.CONTEXT_MANAGERS)


def _is_generator(machine: Machine, function: Fun) -> bool:
    return any(
        step.op in {"yield", "from"} for step in every(machine.shape(function.path, function.scope))
    )


def is_lazy(machine: Machine, function: Fun) -> bool:
    """Whether a call runs nothing yet."""
    if function.path.partition(NESTED)[1]:
        return False
    return machine.scope_of(function).is_async or _is_generator(machine, function)


def ends_well(
    machine: Machine, given: Sequence[Given], place: int, paths: list[Path], at: Running
) -> bool:
    """Whether what runs at the end of the program makes a success of it, whatever has happened."""
    for function in given[0].values if given else ():
        if function == Ext("os._exit") and given[1:2] == (Given((Lit(0),)),):
            return True
        if isinstance(function, Fun):
            ran = run_own(machine, function, tuple(given[1:]), -1, place, paths, at)
            if any(one.kind == "success" for one in ran.raised):
                return True
    return False


def used(machine: Machine, call: int, path: Path, at: Running) -> Path:
    """With the variable marked that held the receipt of a migration which has come to its end."""
    node = machine.world.files[at.path].nodes[call] if call >= 0 else None
    arg = next(iter(node.args), None) if isinstance(node, m.Call) else None
    if arg is None or not isinstance(machine.world.files[at.path].nodes[arg.value], m.Ref):
        return path
    name = machine.conditions.name(at, arg.value)
    fits = machine.value(arg.value, path, at) == (Made(RECEIPTS["backup"]),)
    return path.bind(name, (Made(USED),)) if fits and name is not None else path
