"""`raise`, `try` and `with`: what starts and ends an exception, and what opens a permit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interlock_checks.catalogue import control
from interlock_checks.catalogue.guards import PERMIT
from interlock_checks.facts import model as m
from interlock_checks.link.calls import arguments_of, is_manager, run_generator, run_own, used
from interlock_checks.link.exits import quit_by
from interlock_checks.link.handlers import (
    Caught,
    caught_by,
    made_by,
    may_swallow,
    swallows_at_exit,
)
from interlock_checks.link.machine import Machine
from interlock_checks.link.members import attribute_of
from interlock_checks.link.paths import Flow, Path, Raised, Site, merged
from interlock_checks.link.running import Running, divided, dropped, failure, guard_of
from interlock_checks.link.shape import Step, every
from interlock_checks.link.values import Ext, Fun, Made, Obj


def run_raise(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    return Flow(raised=[one for path in paths for one in _raised_by(machine, step, path, at)])


def _raised_by(machine: Machine, step: Step, path: Path, at: Running) -> list[Raised]:
    if step.node < 0:
        # `raise` alone: what the handler caught goes on.
        caught = [one for one in path.refused if one[1] == at.handling]
        if caught:
            rest = replace(path, refused=path.refused - set(caught))
            process = at.handling is not None and path.value(failure(at.handling)) is not None
            return [Raised(rest, "refusal", caught[0][0], process)]
        return [Raised(path, "error")]
    return quit_by(machine, step, path, at, raised=True) or [Raised(path, "error")]


def run_try(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    flow = Flow()
    for part in step.parts:
        if part.op == "except":
            site = Site(at.path, at.scope, part.place, "handler")
            paths = [path.chose(site, False) for path in paths]
    body = machine.run(step.parts[0].steps, paths, at)
    inside = Flow(raised=[], jumps=body.jumps)
    remaining = body.raised
    finished = body.normal
    ends: list[Path] = []
    for part in step.parts:
        if part.op != "except":
            continue
        site = Site(at.path, at.scope, part.place, "handler")
        caught = caught_by(machine.world, at.path, part.node, at.frame)
        entered, remaining = divided(remaining, caught, site)
        handling = replace(at, handling=site)
        ends += inside.take(machine.run(part.steps, merged(entered), handling))
    inside.raised += remaining
    ends += inside.take(machine.run(step.part("else"), merged(finished), at))
    if not step.has("finally"):
        flow.take(inside)
        flow.normal = merged(ends)
        return flow
    final = step.part("finally")
    flow.normal = flow.take(machine.run(final, merged(ends), at))
    for jump in inside.jumps:
        after = machine.run(final, [jump.path], at)
        flow.jumps += [replace(jump, path=path) for path in flow.take(after)]
    for one in inside.raised:
        after = machine.run(final, [one.path], at)
        swallowed = [
            replace(jump, path=dropped(jump.path, jump.place, one, at)) for jump in after.jumps
        ]
        place = next((inner.place for inner in every(final) if inner.place >= 0), -1)
        after.raised = [
            replace(new, path=dropped(new.path, place, one, at)) if new.kind == "success" else new
            for new in after.raised
        ]
        after.jumps = []
        flow.jumps += swallowed
        going_on = [replace(one, path=path) for path in flow.take(after)]
        flow.raised = [*flow.raised, *going_on]
    return flow


def run_with(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    flow = Flow()
    ends: list[Path] = []
    for permits in sorted({path.permits for path in paths}):
        group = [path for path in paths if path.permits == permits]
        inner = _enter(machine, step, group, at)
        ends += [replace(path, permits=permits) for path in inner.normal]
        flow.raised += [
            replace(one, path=replace(one.path, permits=permits)) for one in inner.raised
        ]
        flow.jumps += [replace(one, path=replace(one.path, permits=permits)) for one in inner.jumps]
    flow.normal = merged(ends)
    return flow


def _enter(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    body = step.parts[0].steps
    maker, call = made_by(machine.world, at.path, step.node, at.frame)
    if any(guard_of(function) is not None for function in maker):
        maker = ()
    for function in maker:
        if isinstance(function, Fun) and is_manager(machine, function):
            given = arguments_of(machine, call, paths, at)
            return run_generator(
                machine,
                function,
                given,
                step.place,
                paths,
                at,
                lambda now: machine.run(body, now, at),
            )
    flow = Flow()
    opened: list[Path] = []
    uses = False
    for path in paths:
        values = machine.value(step.node, path, at)
        permits = [isinstance(v, Made) and v.name == PERMIT for v in values]
        held = any(permits) and (all(permits) or "permit" in path.ran)
        uses = uses or held
        opened.append(replace(path, permits=path.permits + 1) if held else path)
    for value in machine.value(step.node, paths[0], at) if paths else ():
        if isinstance(value, Obj):
            for method in attribute_of(machine.world, value, "__enter__"):
                if isinstance(method, Fun):
                    opened = flow.take(run_own(machine, method, (), -1, step.place, opened, at))
    site = Site(at.path, at.scope, step.place, "with")
    inner = machine.run(body, [path.chose(site, False) for path in opened], at)
    if any(one.kind == "refusal" for one in inner.raised):
        machine.want(step.node, maker, at)
    caught = _swallows(machine, step, body, at)
    if caught is not None:
        entered, left = divided(inner.raised, caught, site)
        inner.raised = left
        inner.normal = [*inner.normal, *entered]
    elif uses:
        inner.normal = [used(machine, call, path, at) for path in inner.normal]
    flow.normal = merged(flow.take(inner))
    return flow


def _swallows(machine: Machine, step: Step, body: Sequence[Step], at: Running) -> Caught | None:
    if machine.is_test(at.path):
        # A test asks for the refusal; what it goes on with is another question to the guard.
        maker, _ = made_by(machine.world, at.path, step.node, at.frame)
        if any(isinstance(f, Ext) and f.name in control.EXPECTING for f in maker):
            return None
    found = may_swallow(machine.world, at.path, step.node, at.frame)
    if found is not None:
        return found
    nodes = machine.world.files[at.path].nodes
    for inner in every(body):
        call = nodes[inner.node] if inner.op == "call" else None
        if not isinstance(call, m.Call) or not call.args:
            continue
        function = nodes[call.func]
        if isinstance(function, m.Attr) and function.name in control.STACKING:
            found = may_swallow(machine.world, at.path, call.args[0].value, at.frame)
            if found is None and function.name in control.PUSHING:
                given = call.args[0].value
                found = swallows_at_exit(machine.world, at.path, given, at.frame)
            if found is not None:
                return found
    return None
