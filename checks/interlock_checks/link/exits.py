"""
Steps of interlock that are run as processes: what is heard of a failure, and where.

A failure is raised, or only told: then one way goes on with a process that has failed, and each
condition on it is answered. Where such a way comes to something protected, or ends well, the
verdict was overruled.
"""

from __future__ import annotations

from dataclasses import replace

from interlock_checks.catalogue import endings
from interlock_checks.catalogue.endings import Telling
from interlock_checks.facts import model as m
from interlock_checks.link.attributes import name_of
from interlock_checks.link.frames import passed
from interlock_checks.link.handlers import exit_kind
from interlock_checks.link.machine import Machine
from interlock_checks.link.paths import Flow, Path, Raised, Site
from interlock_checks.link.running import Running
from interlock_checks.link.shape import Step
from interlock_checks.link.started import Started, commanded
from interlock_checks.link.values import (
    FAILURES,
    UNKNOWN,
    Finished,
    Many,
    Told,
    Values,
    finished,
)


def run_process(
    machine: Machine, started: Started, step: Step, paths: list[Path], at: Running
) -> Flow:
    """Start a step of interlock as a process."""
    guard, flow = started.guard, Flow()
    result = (at.path, at.scope, f"#{step.node}")
    site = _site(machine, step, at)
    choice = Site(at.path, at.scope, step.place, "condition", at.turn)
    for path in paths:
        begun = path
        if guard.step != "check":
            begun = machine.watch.guard(at, step.place, guard, path, "wanted")
        machine.watch.ran(guard.step, begun)
        if not begun.has_failed:
            flow.raised.append(Raised(begun, "error", guard.step))
        raising = quiet = begun
        if started.raises is None:
            raising, quiet = begun.chose(choice, True), begun.chose(choice, False)
        if started.raises is not True:
            refused = quiet.refused | {(guard.step, site)}
            raising, quiet = replace(raising, refused=refused), replace(quiet, refused=refused)
        if started.raises is not False:
            flow.raised.append(Raised(raising, "refusal", guard.step, process=True))
        passed = begun.did(guard.step)
        if started.ending is None:
            flow.normal.append(passed)
            continue
        tells = started.ending.tells
        machine.conditions.telling = True
        flow.normal.append(passed.bind(result, _told(guard.step, tells, 0)))
        if started.raises is not True:
            flow.normal.append(quiet.bind(result, _told(guard.step, tells, *FAILURES)))
    return flow


def _told(step: str, tells: Telling, *statuses: int) -> Values | None:
    match tells:
        case "process":
            return finished(step, *statuses)
        case "answer":
            return tuple(Finished(step, status, status == 0) for status in statuses)
        case "status":
            return tuple(Told(status) for status in statuses)
        case "wait status":
            return tuple(Told(status << 8) for status in statuses)
        case "pair":
            return (Many((tuple(Told(status) for status in statuses), UNKNOWN)),)
        case _:
            return None


def _site(machine: Machine, step: Step, at: Running) -> Site:
    """Where the command is spelled: here, or where the function is called that was given it."""
    place, here = step.place, at
    if at.outer is not None:
        call = machine.world.files[at.path].nodes[step.node]
        args = call.args if isinstance(call, m.Call) else ()
        machine.world.steps = 0
        given = passed(machine.world, at.path, args, None)
        names = machine.world.values(at.path, call.func) if isinstance(call, m.Call) else ()
        if not any(commanded(getattr(name, "name", ""), given) for name in names):
            place, here = at.place, at.outer
    return Site(here.path, here.scope, place, "process")


def check(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    """`result.check_returncode()`: a failure that was only told is raised."""
    nodes = machine.world.files[at.path].nodes
    call = nodes[step.node]
    func = nodes[call.func] if isinstance(call, m.Call) else None
    flow = Flow()
    for path in paths:
        values = machine.value(func.base, path, at) if isinstance(func, m.Attr) else ()
        failed = [v for v in values if isinstance(v, Finished) and v.status]
        flow.raised += [
            Raised(path, "refusal", name, process=True)
            for name in dict.fromkeys(v.step for v in failed)
        ]
        if not failed or len(failed) < len(values):
            flow.normal.append(path)
    return flow


def quit_by(machine: Machine, step: Step, path: Path, at: Running, *, raised: bool) -> list[Raised]:
    """How a call or a `raise` ends the program, if it does; with `status and other`, either way."""
    values = machine.values_on(path, at)
    kind = exit_kind(machine.world, at.path, step.node, at.frame, values, raised=raised)
    if kind is None:
        return []
    if kind == "success" or not _is_overruled(machine, step, path, at):
        return [Raised(path, kind)]
    site = Site(at.path, at.scope, step.place, "condition", at.turn)
    return [Raised(path.chose(site, True), "exit"), Raised(path.chose(site, False), "success")]


def _is_overruled(machine: Machine, step: Step, path: Path, at: Running) -> bool:
    """Whether the status is `told and other`, and only the other is not known."""
    nodes = machine.world.files[at.path].nodes
    call = nodes[step.node]
    for arg in call.args if isinstance(call, m.Call) else ():
        status = nodes[arg.value]
        if (
            isinstance(status, m.Either)
            and machine.conditions.held(at, arg.value, path) is None
            and machine.conditions.heard(at, status.options[0], path)
            and machine.conditions.answer(at, status.options[-1], path) is None
        ):
            return True
    return False


def is_check(name: str) -> bool:
    """Whether a method raises for the failure of the process that it is called on."""
    return name == endings.CHECKING


def run_future(
    machine: Machine, refused: set[str], step: Step, paths: list[Path], at: Running
) -> Flow:
    """Steps are run elsewhere, and what becomes of them is told to whoever asks the future."""
    result = (at.path, at.scope, f"#{step.node}")
    site = Site(at.path, at.scope, step.place, "future")
    flow = Flow()
    machine.conditions.telling = True
    for path in paths:
        passed = path
        for name in sorted(refused):
            machine.watch.ran(name, path)
            passed = passed.did(name)
        first = next(iter(sorted(refused - {"engine"})), None)
        if first is None:
            flow.normal.append(passed)
            continue
        flow.normal.append(passed.bind(result, finished(first, 0)))
        failed = replace(path, refused=path.refused | {(first, site)})
        flow.normal.append(failed.bind(result, finished(first, 1)))
    return flow


def note(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    """Something is put into an attribute's list: after a failure, that it holds something tells."""
    facts = machine.world.files[at.path]
    call = facts.nodes[step.node]
    func = facts.nodes[call.func] if isinstance(call, m.Call) else None
    base = func.base if isinstance(func, m.Attr) else -1
    owner = facts.nodes[base] if base >= 0 else None
    if not isinstance(owner, m.Attr):
        return Flow(paths)
    held: Values = (Many(((Told(1),),), rest=True),)
    name = name_of(facts, base, at)
    return Flow([p.store(name, owner.name, held) if p.has_failed else p for p in paths])
