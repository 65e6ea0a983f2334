"""
What a call does: it passes a guard, runs a function of the repository or something from outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from interlock_checks import catalogue
from interlock_checks.catalogue import control
from interlock_checks.catalogue.guards import INTERLOCK, PERMIT, RECEIPTS, REFUSED, USED
from interlock_checks.facts import model as m
from interlock_checks.link.asked import How
from interlock_checks.link.below import spilled
from interlock_checks.link.calls import (
    arguments_of,
    ends_well,
    is_lazy,
    is_manager,
    run_coroutine,
    run_generator,
    run_own,
    used,
)
from interlock_checks.link.exits import check, is_check, note, quit_by, run_future, run_process
from interlock_checks.link.handlers import SILENCED, Caught, is_silencing, made_by
from interlock_checks.link.machine import Machine
from interlock_checks.link.members import attribute_of
from interlock_checks.link.overridden import chosen
from interlock_checks.link.paths import Flow, Path, Raised, Site, merged
from interlock_checks.link.rows import elements
from interlock_checks.link.running import (
    Receipt,
    Running,
    added,
    callable_here,
    divided,
    guard_of,
    is_of_constant,
)
from interlock_checks.link.shape import Step
from interlock_checks.link.started import commanded
from interlock_checks.link.values import (
    UNKNOWN,
    Bound,
    Cls,
    Ext,
    Fun,
    Given,
    Made,
    Many,
    Method,
    Obj,
    Value,
    Values,
)

_WORKING = frozenset({"verify", "backup", "permit", "migrate"})
"""Steps that reach for databases and programs, and so may fail otherwise than by refusing."""


def run_call(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    node = machine.world.files[at.path].nodes[step.node]
    assert isinstance(node, m.Call)
    paths = [machine.watch.sink(at, step.place, step.node, path) for path in paths]
    paths = [machine.conditions.holdings.called(at, step.node, path) for path in paths]
    flow = Flow()
    if len(paths) > 1 and _differs(machine, node, paths, at):
        for path in paths:
            flow.normal += flow.take(_called(machine, node, step, [path], at))
    else:
        flow.normal = flow.take(_called(machine, node, step, paths, at))
    flow.normal = merged(flow.normal)
    return flow


def _differs(machine: Machine, node: m.Call, paths: Sequence[Path], at: Running) -> bool:
    """Whether the ways give a function different things."""
    return any(
        len({machine.value(number, path, at) for path in paths}) > 1
        for number in (node.func, *(arg.value for arg in node.args))
    )


def _called(machine: Machine, node: m.Call, step: Step, paths: list[Path], at: Running) -> Flow:
    functions = machine.value(node.func, paths[0], at)
    functions = tuple(f for f in functions if not is_of_constant(f)) or functions
    machine.want(node.func, functions, at)
    given = arguments_of(machine, step.node, paths, at)
    flow = Flow()
    guarding = [f for f in functions if guard_of(f) is not None]
    if guarding and machine.world.modules.resolve(at.path, INTERLOCK.name, 0):
        # Its own repository, or a stand-in, which is reported as such.
        functions = tuple(guarding)
    if guarding and len(guarding) < len(functions):
        # A name that may mean a guard or something else decides which of them runs.
        site = Site(at.path, at.scope, step.place, "name")
        taken = [path.chose(site, True) for path in paths]
        for function in guarding:
            flow.normal += flow.take(_invoke(machine, function, given, step, taken, at))
        flow.normal += [path.chose(site, False) for path in paths]
        return flow
    replaced = None if guarding else _default_guard(machine, node.func, at)
    if replaced is not None:
        # A caller has given something else for the guard.
        site = Site(at.path, at.scope, step.place, "name")
        for path in paths:
            machine.watch.ran(replaced.step, path.chose(site, True))
        paths = [path.chose(site, False) for path in paths]
    paths = chosen(machine, node.func, step, paths, at)
    for function in functions[:4] or UNKNOWN:
        flow.normal += flow.take(_invoke(machine, function, given, step, paths, at))
    return flow


def _default_guard(machine: Machine, func: int, at: Running) -> catalogue.Guard | None:
    """The guard that a parameter is by default, if that is what is called."""
    facts = machine.world.files[at.path]
    one = facts.nodes[func]
    for binding in one.bindings if isinstance(one, m.Ref) else ():
        parameter = facts.nodes[facts.bindings[binding].value]
        if isinstance(parameter, m.Param) and parameter.default >= 0:
            machine.world.steps = 0
            for value in machine.world.values(at.path, parameter.default):
                if (guard := guard_of(value)) is not None:
                    return guard
    return None


def _invoke(
    machine: Machine,
    function: Value,
    given: tuple[Given, ...],
    step: Step,
    paths: list[Path],
    at: Running,
) -> Flow:
    guard = guard_of(function)
    if guard is not None:
        if isinstance(function, Bound):
            given = (*function.args, *given)
        return _run_guard(machine, guard, given, step, paths, at)
    match function:
        case Bound(func=func, args=args):
            return _invoke(machine, func, (*args, *given), step, paths, at)
        case Fun() if not is_lazy(machine, function):
            return run_own(machine, function, given, step.node, step.place, paths, at)
        case Cls():
            made = Obj(function.path, function.scope)
            me = (at.path, at.scope, f"#{step.node}")
            paths = [machine.conditions.holdings.made(function, me, path) for path in paths]
            for method in attribute_of(machine.world, made, "__init__"):
                if isinstance(method, Fun):
                    call, place = step.node, step.place
                    return run_own(machine, method, given, -1, place, paths, at, made_by=call)
            return Flow(paths)
        case Obj():
            for method in attribute_of(machine.world, function, "__call__"):
                if isinstance(method, Fun):
                    return run_own(machine, method, given, step.node, step.place, paths, at)
            return Flow(paths)
        case Ext(name=name):
            return _call_external(machine, name, given, step, paths, at)
        case Made(name=name):
            return _call_external(machine, f"{name}.__call__", given, step, paths, at)
        case Method(owner=owner, name=name):
            if isinstance(owner, Made):
                name = f"{owner.name}.{name}"
            return _call_external(machine, name, given, step, paths, at)
        case _:
            return _call_external(machine, "", given, step, paths, at)


def _run_guard(
    machine: Machine,
    guard: catalogue.Guard,
    given: tuple[Given, ...],
    step: Step,
    paths: list[Path],
    at: Running,
) -> Flow:
    flow = Flow()
    result = (at.path, at.scope, f"#{step.node}")
    receipt = next((g.values for g in given if g.name in {None, "receipt"}), UNKNOWN)
    wanted = RECEIPTS.get(guard.consumes)
    accepted = {wanted, RECEIPTS["backup"]}
    names = {v.name if isinstance(v, Made) else "" for v in receipt} or {""}
    what: Receipt = "other"
    if wanted is None or names <= accepted:
        what = "wanted"
    elif USED in names and names <= {*accepted, USED}:
        what = "used"
    for path in paths:
        passed = machine.watch.guard(at, step.place, guard, path, what)
        flow.raised.append(Raised(passed, "refusal", guard.step))
        if guard.step in _WORKING and not passed.has_failed:
            flow.raised.append(Raised(passed, "error", guard.step))
        machine.watch.ran(guard.step, passed)
        passed = passed.did(guard.step)
        if guard.step == "migrate" and guard.consumes:
            passed = used(machine, step.node, passed, at)
        if guard.gives:
            passed = passed.bind(result, (Made(RECEIPTS[guard.gives]),))
        flow.normal.append(passed)
    return flow


def _call_external(
    machine: Machine,
    name: str,
    given: tuple[Given, ...],
    step: Step,
    paths: list[Path],
    at: Running,
) -> Flow:
    last = name.rpartition(".")[2]
    # What fails by accident after a failure fails without one too.
    flow = Flow(
        raised=[
            Raised(path, "error", chance=bool(path.refused) and not at.handles(path))
            for path in paths
            if not path.has_failed
        ]
    )
    if is_check(last):
        return added(flow, check(machine, step, paths, at))
    ended: list[Path] = []
    for path in paths:
        quits = quit_by(machine, step, path, at, raised=False)
        flow.raised += quits
        if not quits:
            ended.append(path)
    if not ended:
        return flow
    command = commanded(name, given)
    if command is not None:
        return added(flow, run_process(machine, command, step, ended, at))
    how: How = ""
    if last in control.ASKABLE or name in control.AWAITED:
        how = machine.asked.how(at.path, step.node)
    if name in control.AWAITED and how == "kept":
        return added(flow, Flow(ended))
    unawaited = name in control.AWAITED and how != "raised"
    if unawaited or (last in control.DEFERRING and name not in control.STRUCTURED):
        if how == "raised":
            return added(flow, _asked_for(machine, given, step, ended, at))
        if name == control.AT_EXIT and ends_well(machine, given, step.place, ended, at):
            site = Site(at.path, at.scope, step.place, "exit")
            ended = [path.chose(site, True) for path in ended]
        refused, ended = _deferred(machine, given, step, ended, at)
        if how == "told":
            return added(flow, run_future(machine, refused, step, ended, at))
        if refused - {"engine"}:
            machine.watch.lost(at, step.place, last)
        for lost in refused:
            ended = [path.did(lost) for path in ended]
        return added(flow, Flow(ended))
    if {name, last} & control.LAZY and not machine.asked.taken(at.path, step.node):
        refused, ended = _deferred(machine, given, step, ended, at)
        if refused - {"engine"}:
            machine.watch.lost(at, step.place, last)
        return added(flow, Flow(ended))
    if name in {f"{PERMIT}.__enter__", f"{PERMIT}.__exit__"}:
        by = 1 if last == "__enter__" else -1
        moved = [replace(path, permits=max(path.permits + by, 0)) for path in ended]
        return added(flow, Flow(moved))
    if last in control.ADDING and given:
        return added(flow, note(machine, step, ended, at))
    if last in control.STACKING and given:
        return added(flow, _enter_stack(machine, given[0].values, step, ended, at))
    if name in control.CALLING or last in control.CALLING_METHODS:
        skip = control.CALLING.get(name, control.CALLING_METHODS.get(last, 0))
        functions = given[skip].values if len(given) > skip else ()
        for function in functions:
            rest = given[skip + 1 :]
            if isinstance(function, Fun) and machine.scope_of(function).is_async:
                # What calls a coroutine function awaits what it gives.
                node_, place = step.node, step.place
                return added(flow, run_own(machine, function, rest, node_, place, ended, at))
            if callable_here(function):
                inner = _invoke(machine, function, rest, step, ended, at)
                return added(flow, _silenced(machine, inner, step, at))
    inner = Flow(ended)
    node = machine.world.files[at.path].nodes[step.node]
    assert isinstance(node, m.Call)
    swallowing = last == "gather" and machine.asked.keeps(at.path, node)
    for number in _given(machine, node, at):
        found = run_coroutine(machine, number, step.place, inner.normal, at)
        if found is None and swallowing and inner.normal:
            found = _run_kept(machine, number, step, inner.normal, at)
        if found is not None:
            inner.normal = inner.take(found)
    if swallowing:
        site = Site(at.path, at.scope, step.place, "future")
        entered, inner.raised = divided(inner.raised, Caught(True, True, True, False), site)
        result = (at.path, at.scope, f"#{step.node}")
        errors: Values = (Many(((Made(REFUSED),),)),)
        machine.conditions.telling = True
        inner.normal = merged([*inner.normal, *(path.bind(result, errors) for path in entered)])
    sources = [arg.value for arg in node.args[1:]]
    inert = name in control.NOT_CALLING or last in control.INERT_METHODS
    if name.partition(".")[0] not in control.INERT and not inert:
        for one in given:
            for function in one.values:
                if isinstance(function, Fun) and not is_lazy(machine, function):
                    # Whoever is given a function may call it, now.
                    before = inner.normal
                    mapped: tuple[Given, ...] = ()
                    if last == "map" and before:
                        mapped = machine.conditions.holdings.mapped(at, sources, before[0])
                    ran = run_own(machine, function, mapped, -1, step.place, before, at)
                    after = _answered(machine, function, before, inner.take(ran))
                    inner.normal = merged([*before, *after])
    return added(flow, inner)


def _answered(
    machine: Machine, function: Fun, before: Sequence[Path], after: Sequence[Path]
) -> list[Path]:
    """
    The ways out of a function that somebody outside calls.

    What it returns is told to them: whether that says how a process has ended is a question to the
    function alone.
    """
    known = frozenset().union(*(path.refused for path in before))
    told = {one for path in after for one in path.refused - known if one[1].is_told}
    if told:
        machine.visited.discard((function.path, function.scope))
    return [replace(path, refused=path.refused - told) for path in after]


def _given(machine: Machine, call: m.Call, at: Running) -> Iterator[int]:
    """What a call is given, one by one: of a list behind an asterisk, what it holds."""
    facts = machine.world.files[at.path]
    for arg in call.args:
        yield from (elements(facts, arg.value) if arg.star else None) or (arg.value,)


def _run_kept(
    machine: Machine, number: int, step: Step, paths: list[Path], at: Running
) -> Flow | None:
    """Run what `to_thread` was given, where somebody awaits it and keeps what it raises."""
    _, made = made_by(machine.world, at.path, number, at.frame)
    call = machine.world.files[at.path].nodes[made] if made >= 0 else None
    if not isinstance(call, m.Call):
        return None
    names = {v.name for v in machine.value(call.func, paths[0], at) if isinstance(v, Ext)}
    given = arguments_of(machine, made, paths, at)
    for function in given[0].values if given and names & control.AWAITED else ():
        if callable_here(function):
            return _invoke(machine, function, given[1:], step, paths, at)
    return None


def _silenced(machine: Machine, inner: Flow, step: Step, at: Running) -> Flow:
    """What a library calls, and whose exceptions it may end: `Retrying(...)(function)`."""
    node = machine.world.files[at.path].nodes[step.node]
    _, made = made_by(machine.world, at.path, node.func if isinstance(node, m.Call) else -1, None)
    if made >= 0 and is_silencing(machine.world, at.path, made):
        site = Site(at.path, at.scope, step.place, "with")
        entered, inner.raised = divided(inner.raised, SILENCED, site)
        inner.normal = merged([*inner.normal, *entered])
    return inner


def _enter_stack(
    machine: Machine, entered: Values, step: Step, paths: list[Path], at: Running
) -> Flow:
    """What an ExitStack enters stays open until its block ends, which closes permits."""
    if entered and all(isinstance(v, Made) and v.name == PERMIT for v in entered):
        return Flow([replace(path, permits=path.permits + 1) for path in paths])
    node = machine.world.files[at.path].nodes[step.node]
    if not isinstance(node, m.Call) or not node.args:
        return Flow(paths)
    maker, call = made_by(machine.world, at.path, node.args[0].value, at.frame)
    for function in maker:
        if isinstance(function, Fun) and is_manager(machine, function):
            inside: list[Path] = []

            def hold(now: list[Path], held: list[Path] = inside) -> Flow:
                held += now
                return Flow()

            given = arguments_of(machine, call, paths, at)
            flow = run_generator(machine, function, given, step.place, paths, at, hold)
            flow.normal = merged(inside)
            return flow
    return Flow(paths)


def _asked_for(
    machine: Machine, given: tuple[Given, ...], step: Step, paths: list[Path], at: Running
) -> Flow:
    """What runs in another thread, and is asked: as if it ran here, but without a permit."""
    for number, one in enumerate(given):
        for function in one.values:
            if callable_here(function):
                flow = Flow()
                for path in paths:
                    away = replace(path, permits=0)
                    inner = _invoke(machine, function, given[number + 1 :], step, [away], at)
                    flow.normal += [replace(one, permits=path.permits) for one in flow.take(inner)]
                return flow
    return Flow(paths)


def _deferred(
    machine: Machine, given: tuple[Given, ...], step: Step, paths: list[Path], at: Running
) -> tuple[set[str], list[Path]]:
    """What is run later or elsewhere: the steps whose refusal is raised there, and the ways."""
    later = [replace(path, permits=0) for path in paths]
    refused: set[str] = set()
    for number, one in enumerate(given):
        for function in one.values:
            rest = given[number + 1 :]
            if isinstance(function, Fun):
                ran = run_own(machine, function, rest, -1, step.place, later, at)
                paths = spilled(paths, ran.normal)
                refused |= {one.step for one in ran.raised if one.kind == "refusal"}
            elif (guard := guard_of(function)) is not None and guard.step != "engine":
                refused.add(guard.step)
    node = machine.world.files[at.path].nodes[step.node]
    assert isinstance(node, m.Call)
    for arg in node.args:
        coroutine = run_coroutine(machine, arg.value, step.place, later, at)
        if coroutine is not None:
            paths = spilled(paths, coroutine.normal)
            refused |= {one.step for one in coroutine.raised if one.kind == "refusal"}
    return refused, paths
