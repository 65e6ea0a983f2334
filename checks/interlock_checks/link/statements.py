"""Statements, branches and loops, run on the ways that lead to them."""

from __future__ import annotations

from dataclasses import replace

from interlock_checks.catalogue import control
from interlock_checks.catalogue.guards import ERROR, REFUSED
from interlock_checks.facts import model as m
from interlock_checks.link import refilling
from interlock_checks.link.attributes import name_of
from interlock_checks.link.calls import consume, ends_well
from interlock_checks.link.enumerations import members
from interlock_checks.link.handlers import is_retried, tells_failure
from interlock_checks.link.machine import Machine
from interlock_checks.link.paths import Flow, Jump, Name, Path, Raised, Site, merged
from interlock_checks.link.running import Running, added, failure, guard_of, is_worth
from interlock_checks.link.shape import Step, every
from interlock_checks.link.turns import last_turns, may_end
from interlock_checks.link.values import (
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Many,
    Obj,
    Told,
    Value,
    Values,
    as_told,
    merge,
)

MOST_STATES = 8
"""Turns of a loop that goes on until the program is in another state."""

MOST_TURNS = 6
"""Turns of a loop that are followed one by one."""


def bind(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    facts = machine.world.files[at.path]
    one = facts.bindings[step.node]
    name = (at.path, one.scope, one.name)
    holdings = machine.conditions.holdings
    flow = Flow(
        [
            holdings.bound(at, name, one.value, path, _bound(machine, step.node, path, at))
            for path in paths
        ]
    )
    value = facts.nodes[one.value]
    if isinstance(value, m.Import | m.From):
        flow.raised = [Raised(path, "error") for path in paths]
    return flow


def pick(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    name = (at.path, at.scope, "pick")
    return Flow([path.bind(name, machine.kept(step.node, path, at)) for path in paths])


def run_return(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    failing = tells_failure(machine.world, at.path, step.node)
    return Flow(
        jumps=[
            Jump(path, "return", at.owner, step.place, value, failing, step.node)
            for path in paths
            for value in (machine.value(step.node, path, at),)
        ]
    )


def run_break(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    return Flow(jumps=[Jump(path, "break", at.owner, step.place) for path in paths])


def run_continue(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    return Flow(jumps=[Jump(path, "continue", at.owner, step.place) for path in paths])


def run_yield(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    return Flow(paths) if at.on_yield is None else at.on_yield(paths)


def _bound(machine: Machine, binding: int, path: Path, at: Running) -> Path:
    one = machine.world.files[at.path].bindings[binding]
    name = (at.path, one.scope, one.name)
    node = machine.world.files[at.path].nodes[one.value]
    if isinstance(node, m.Function | m.Class):
        return path.bind(name, None)
    if isinstance(node, m.Item) and (now := _column(machine, node, path, at)) is not None:
        return path.rebind(name, now)
    if isinstance(node, m.Each):
        now = path.value((at.path, at.scope, f"@{node.source}"))
        return path.bind(name, now or machine.kept(one.value, path, at))
    if isinstance(node, m.Caught) and any(site == at.handling for _, site in path.refused):
        machine.conditions.telling = True
        failed = None if at.handling is None else path.value(failure(at.handling))
        return path.bind(name, failed or (Made(REFUSED),))
    if isinstance(node, m.Caught):
        return path.bind(name, (Made(ERROR),))
    if isinstance(node, m.Op):
        heard = machine.conditions.told(at, one.value, path)
        if heard is not None:
            return path.rebind(name, heard if all(map(is_worth, heard)) else None)
        return path.rebind(name, machine.conditions.changed(at, node, path))
    return path.rebind(name, machine.kept(one.value, path, at))


def _column(machine: Machine, node: m.Item, path: Path, at: Running) -> Values | None:
    """What `for first, second in ...` gives to one of the names, where the loop is unrolled."""
    nodes = machine.world.files[at.path].nodes
    base, key = nodes[node.base], nodes[node.key]
    if not isinstance(base, m.Each) or not isinstance(key, m.Const):
        return None
    row = path.value((at.path, at.scope, f"@{base.source}"))
    number = key.value
    if row is None or len(row) != 1 or not isinstance(row[0], Many) or not isinstance(number, int):
        return None
    items = row[0].items
    return items[number] if -len(items) <= number < len(items) else None


def store(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    """Give an attribute a value."""
    facts = machine.world.files[at.path]
    stored = facts.nodes[step.node]
    target = facts.nodes[stored.left] if isinstance(stored, m.Op) else None
    if not isinstance(stored, m.Op) or not isinstance(target, m.Attr):
        return Flow(paths)
    name = name_of(facts, stored.left, at)
    if step.place >= 0 and _hooks_badly(machine, stored, step, paths, at):
        site = Site(at.path, at.scope, step.place, "exit")
        paths = [path.chose(site, True) for path in paths]
    found: list[Path] = []
    for path in paths:
        after = path.store(name, target.name, _stored(machine, stored, path, at))
        if name is not None:
            after = machine.conditions.holdings.bound(at, name, stored.right, path, after)
        found.append(after)
    return Flow(found)


def _hooks_badly(
    machine: Machine, stored: m.Op, step: Step, paths: list[Path], at: Running
) -> bool:
    """Whether what will run for an exception that nobody catches ends the program as a success."""
    machine.world.steps = 0
    target = machine.world.values(at.path, stored.left, at.frame)
    if target != (Ext(control.UNCAUGHT),) or not paths:
        return False
    hook = machine.value(stored.right, paths[0], at)
    return ends_well(machine, [Given(hook)], step.place, paths, at)


def put(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    """Give an item of something that is no variable of this scope a value."""
    return Flow([machine.conditions.holdings.put(at, step.node, path) for path in paths])


def _stored(machine: Machine, stored: m.Op, path: Path, at: Running) -> Values | None:
    """What an attribute is given; after a failure, it tells of that."""
    values = machine.kept(stored.right, path, at)
    if not path.has_failed:
        return values
    right = machine.world.files[at.path].nodes[stored.right]
    counted = isinstance(right, m.Op) and right.operator in {"+", "|"}
    return (Told(1),) if values is None and counted else as_told(values or ()) or None


def run_if(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    site = Site(at.path, at.scope, step.place, "condition", at.turn)
    yes, no = machine.conditions.split(at, site, step.node, paths)
    flow = Flow()
    first = machine.run(step.parts[0].steps, yes, at)
    second = machine.run(step.part("else"), no, at)
    ends = [*flow.take(first), *flow.take(second)]
    if step.result >= 0:
        ends = [_picked(machine, path, step.result, at) for path in ends]
    flow.normal = merged(ends)
    return flow


def _picked(machine: Machine, path: Path, node: int, at: Running) -> Path:
    pick = (at.path, at.scope, "pick")
    return path.bind((at.path, at.scope, f"#{node}"), path.value(pick)).bind(pick, None)


def run_circuit(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    site = Site(at.path, at.scope, step.place, "condition", at.turn)
    yes, no = machine.conditions.split(at, site, step.node, paths)
    go, stop = (yes, no) if step.op == "and" else (no, yes)
    flow = Flow()
    ends = flow.take(machine.run(step.parts[0].steps, go, at))
    name = (at.path, at.scope, f"#{step.result}")
    either = machine.world.files[at.path].nodes[step.result]
    right = either.options[-1] if isinstance(either, m.Either) else step.result
    done = [path.bind(name, machine.kept(right, path, at)) for path in ends]
    # What stopped it is false for `and`, true for `or`, whatever it is.
    short = (Lit(step.op == "or"),)
    done += [path.bind(name, machine.kept(step.node, path, at) or short) for path in stop]
    left = (at.path, at.scope, f"#{step.node}")
    flow.normal = merged(path.bind(left, None) for path in done)
    return flow


def run_assert(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    """With -O, Python evaluates nothing of an assertion."""
    site = Site(at.path, at.scope, step.place, "condition", at.turn)
    flow = Flow()
    inner = machine.run(step.parts[0].steps, [p.chose(site, True) for p in paths], at)
    ends = flow.take(inner)
    failing = [p for p in ends if machine.conditions.heard(at, step.result, p) is not True]
    flow.raised += [Raised(path, "error") for path in failing]
    ends = [p for p in ends if machine.conditions.heard(at, step.result, p) is not False]
    flow.normal = merged([*ends, *(path.chose(site, False) for path in paths)])
    return flow


def run_match(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    flow = Flow()
    ends: list[Path] = []
    left = flow.take(machine.run(step.parts[0].steps, paths, at))
    for part in step.parts[1:]:
        if part.node < 0:
            ends += flow.take(machine.run(part.steps, left, at))
            left = []
            break
        site = Site(at.path, at.scope, part.place, "condition", at.turn)
        taken, left = machine.conditions.split(at, site, part.node, left)
        guard = next((n for n, one in enumerate(part.steps) if one.op == "guard"), -1)
        if guard >= 0:
            asked = flow.take(machine.run(part.steps[:guard], taken, at))
            node = part.steps[guard].node
            taken, other = machine.conditions.split(at, site, node, asked)
            left = merged([*left, *other])
        else:
            machine.conditions.tests[site] = (step.node, at.frame)
        ends += flow.take(machine.run(part.steps[guard + 1 :], taken, at))
    flow.normal = merged([*ends, *left])
    return flow


def run_loop(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    site = Site(at.path, at.scope, step.place, "loop")
    flow = Flow()
    if step.op == "for":
        paths = flow.take(consume(machine, step.node, step.place, paths, at))
    unrolled = _items_of(machine, step, at)
    if unrolled:
        return added(flow, _unroll(machine, step, unrolled, paths, at))
    for path in list(paths):
        told = _told_items(machine, step, path, at)
        if told:
            paths.remove(path)
            added(flow, _unroll(machine, step, told, [path], at))
    done = flow.normal
    flow.normal = []
    if step.op == "while":
        return added(flow, _run_while(machine, step, paths, at))
    holdings = machine.conditions.holdings
    ends = [path for path in paths if holdings.is_empty(at, step.node, path)]
    paths = [path for path in paths if path not in ends]
    surely = step.op == "for" and (
        machine.conditions.is_nonempty(at.path, step.node, at.frame)
        or is_retried(machine.world, at.path, step.node, at.frame)
    )
    over = holdings.sources.spelled(at, step.node)
    key = None if over is None else ("loop", over)
    for path in list(paths):
        ran = None if key is None else dict(path.known).get(key)
        if ran is False:
            ends.append(path)
            paths.remove(path)
        elif ran is None and not surely:
            ends.append(path.chose(site, False).learned(key, False))
    turn = [path.chose(site, True).learned(key, True) for path in paths]
    changing = _bound_in(machine, step, at)
    lasts = last_turns(machine.world, step, at)
    refilled = _refilled(machine, step, turn, at)
    new: Values | None = ()
    broken: list[Path] = []
    for _ in range(2 if machine.steps < machine.most else 1):
        if refilled is not None:
            turn = [refilling.begin(path, refilled) for path in turn]
        turn, left = _turned(machine, step.parts[0].steps, turn, at, flow)
        if refilled is not None:
            for path in turn:
                put = refilling.replaced(path, refilled)
                new = None if put is None or new is None else merge([new, put])
        broken += left
        turn = merged(path.forget(changing) for path in turn)
        ends += [path for path in turn if may_end(path, lasts, at)]
    if refilled is not None:
        ends = [refilling.end(holdings, path, refilled, new or None) for path in ends]
    ends = flow.take(machine.run(step.part("else"), merged(ends), at))
    flow.normal = merged([*done, *broken, *ends])
    return flow


def _run_while(machine: Machine, step: Step, paths: list[Path], at: Running) -> Flow:
    """A loop that is asked before each turn; a process that has told, or a state, answers it."""
    site = Site(at.path, at.scope, step.place, "loop")
    test = next(part for part in step.parts if part.op == "do")
    endless = machine.conditions.is_endless(at.path, test.node)
    flow = Flow()
    ends: list[Path] = []
    broken: list[Path] = []
    changing = _bound_in(machine, step, at)
    few = 3 if machine.steps < machine.most else 2
    if endless and any(
        inner.op in {"if", "match"} and machine.conditions.states.is_asked(at.path, inner.node)
        for inner in every(test.steps)
    ):
        few = MOST_STATES
    seen: set[Path] = set()
    for turn in range(MOST_STATES):
        asked = flow.take(machine.run(step.parts[0].steps, paths, at))
        going: list[Path] = []
        for path in asked:
            answer = machine.conditions.heard(at, test.node, path)
            if answer is None:
                answer = machine.conditions.stated(at, test.node, path)
            if machine.conditions.holdings.is_empty(at, test.node, path):
                answer = False
            last = turn == MOST_STATES - 1
            if (answer is not True or last) and not endless:
                over = machine.conditions.narrowed(at, test.node, path, way=False)
                ends.append(over.chose(site, False) if not turn and answer is None else over)
            if answer is True or (answer is None and turn < few - 1):
                path = machine.conditions.narrowed(at, test.node, path, way=True)
                going.append(path.chose(site, True) if answer is None else path)
        if not going or last:
            break
        paths, left = _turned(machine, test.steps, going, at, flow)
        broken += left
        paths = merged(path.forget(changing) for path in paths)
        if seen.issuperset(paths):
            break  # more turns would come to nothing new
        seen.update(paths)
    ends = flow.take(machine.run(step.part("else"), merged(ends), at))
    flow.normal = merged([*broken, *ends])
    return flow


def _refilled(machine: Machine, step: Step, paths: list[Path], at: Running) -> Name | None:
    """What a loop goes over and puts something new into, item by item."""
    facts = machine.world.files[at.path]
    nodes: list[m.Node] = []
    for inner in every(step.parts[0].steps):
        if inner.op == "put":
            nodes.append(facts.nodes[inner.node])
        elif inner.op == "bind":
            nodes.append(facts.nodes[facts.bindings[inner.node].value])
    return (
        refilling.refilled(machine.conditions.holdings, at, step.node, nodes, paths)
        if nodes
        else None
    )


def _turned(
    machine: Machine, steps: tuple[Step, ...], paths: list[Path], at: Running, flow: Flow
) -> tuple[list[Path], list[Path]]:
    """One turn of a loop: the ways to the next, and those that leave it by `break`."""
    body = machine.run(steps, paths, at)
    jumps, body.jumps = body.jumps, []
    turn = list(flow.take(body))
    broken: list[Path] = []
    for jump in jumps:
        if jump.owner != at.owner or jump.kind == "return":
            flow.jumps.append(jump)
        else:
            (turn if jump.kind == "continue" else broken).append(jump.path)
    return turn, broken


def _bound_in(machine: Machine, step: Step, at: Running) -> frozenset[str]:
    """The names that each turn of a loop may bind."""
    bindings = machine.world.files[at.path].bindings
    steps = every([one for part in step.parts[:2] for one in part.steps])
    return frozenset(bindings[one.node].name for one in steps if one.op == "bind")


def _told_items(machine: Machine, step: Step, path: Path, at: Running) -> list[Values]:
    """The results that a loop runs over, where these are known one by one."""
    heard = machine.conditions.told(at, step.node, path) if step.op != "while" else None
    if heard is None or len(heard) != 1 or not isinstance(heard[0], Many) or heard[0].rest:
        return []
    return list(heard[0].items) if len(heard[0].items) <= MOST_TURNS else []


def _items_of(machine: Machine, step: Step, at: Running) -> list[Values]:
    """What a loop runs over, one by one, where that is short and matters: guards, flags."""
    if step.op != "for":
        return []
    machine.world.steps = 0
    values = machine.world.values(at.path, step.node, at.frame)
    listed = list(members(machine.world, values).values())
    if listed:
        return listed if len(listed) <= MOST_TURNS else []
    if len(values) != 1 or not isinstance(values[0], Many) or values[0].rest:
        return []
    items = list(values[0].items)
    guarded = any(guard_of(value) is not None for item in items for value in item)
    short = len(items) <= MOST_TURNS and all(
        item and (guarded or all(map(_is_listed, item))) for item in items
    )
    return items if short else []


def _is_listed(value: Value) -> bool:
    """Whether a loop over such values is unrolled: one to keep, an object, or a row of steps."""
    if not isinstance(value, Many) or value.rest or len(value.items) > 4:
        return is_worth(value) or isinstance(value, Obj)
    return any(
        guard_of(one) is not None or isinstance(one, Fun) for item in value.items for one in item
    )


def _unroll(
    machine: Machine, step: Step, items: list[Values], paths: list[Path], at: Running
) -> Flow:
    flow = Flow()
    broken: list[Path] = []
    name = (at.path, at.scope, f"@{step.node}")
    changing = _bound_in(machine, step, at)
    lasts, here = last_turns(machine.world, step, at), at
    for turn, item in enumerate(items, 1):
        here = replace(at, turn=at.turn * 8 + turn)
        begun = [path.bind(name, item) for path in paths]
        paths, left = _turned(machine, step.parts[0].steps, begun, here, flow)
        broken += left
        paths = merged(path.forget(changing) for path in paths)
    ends = [path.bind(name, None) for path in paths if may_end(path, lasts, here)]
    ends = flow.take(machine.run(step.part("else"), ends, at))
    flow.normal = merged([*broken, *ends])
    return flow
