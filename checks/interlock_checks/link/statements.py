"""Statements, branches and loops, run on the ways that lead to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from interlock_checks.catalogue.guards import REFUSED
from interlock_checks.facts import model as m
from interlock_checks.link.asked import Asked
from interlock_checks.link.conditions import Conditions
from interlock_checks.link.handlers import (
    tells_failure,
)
from interlock_checks.link.paths import Flow, Jump, Path, Raised, Site, merged
from interlock_checks.link.relevance import Relevance
from interlock_checks.link.running import Running, Watch, added, is_worth
from interlock_checks.link.shape import Step, shape
from interlock_checks.link.values import (
    Lit,
    Made,
    Many,
    Values,
)
from interlock_checks.link.world import World

MOST_STEPS = 2_000
"""Steps that are run from one starting point; then calls are no longer followed."""

STEPS_OF_ALL = 10_000
"""Steps that are run from all starting points, beside `STEPS_OF_EACH` for each of these."""

STEPS_OF_EACH = 60


@dataclass
class Statements:
    """Runs scopes; `visited` are those that were run, `wanted` files to read for order."""

    world: World
    watch: Watch
    conditions: Conditions
    asked: Asked
    is_test: Callable[[str], bool]
    is_sink: Callable[[str, int], bool]
    visited: set[tuple[str, int]] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    refusing: set[tuple[str, int]] = field(default_factory=set)
    steps: int = 0
    most: int = 0
    left: int = STEPS_OF_ALL
    _shapes: dict[tuple[str, int], tuple[Step, ...]] = field(default_factory=dict)
    _owners: int = 0

    def __post_init__(self) -> None:
        self.relevance = Relevance(self.world, self.shape, self.is_sink)

    def start(self, path: str, scope: int) -> tuple[Flow, Running]:
        """Run a scope from nothing: nobody is known to have called it."""
        self.left += STEPS_OF_EACH + self.most - self.steps
        self.steps, self.most = 0, max(min(MOST_STEPS, self.left), STEPS_OF_EACH)
        self.left -= self.most
        running = Running(path, scope, self._owner())
        self.visited.add((path, scope))
        flow = self._begun(running)
        self._may_refuse(path, scope, flow)
        return flow, running

    def _begun(self, running: Running) -> Flow:
        return self._run(self.shape(running.path, running.scope), [Path()], running)

    def _may_refuse(self, path: str, scope: int, flow: Flow) -> None:
        """Remember the functions that pass a refusal on: whoever calls them is near a guard."""
        if any(one.kind == "refusal" and one.step != "engine" for one in flow.raised):
            self.refusing.add((path, scope))

    def shape(self, path: str, scope: int) -> tuple[Step, ...]:
        known = self._shapes.get((path, scope))
        if known is None:
            known = shape(self.world.files[path].control.get(scope, ()))
            self._shapes[path, scope] = known
        return known

    def _owner(self) -> int:
        self._owners += 1
        return self._owners

    def _run(self, steps: Sequence[Step], paths: list[Path], at: Running) -> Flow:
        flow = Flow(normal=paths)
        for step in steps:
            if not flow.normal:
                break
            self.steps += 1
            flow.normal = flow.take(self._step(step, flow.normal, at))
        return flow

    def _step(self, step: Step, paths: list[Path], at: Running) -> Flow:
        match step.op:
            case "call":
                return self._call(step, paths, at)
            case "bind":
                flow = Flow([self._bound(step.node, path, at) for path in paths])
                value = self.world.files[at.path].bindings[step.node].value
                if isinstance(self.world.files[at.path].nodes[value], m.Import | m.From):
                    flow.raised = [Raised(path, "error") for path in paths]
                return flow
            case "pick":
                name = (at.path, at.scope, "pick")
                return Flow([p.bind(name, self._kept(step.node, p, at)) for p in paths])
            case "if":
                return self._if(step, paths, at)
            case "and" | "or":
                return self._circuit(step, paths, at)
            case "for" | "while" | "gen":
                return self._loop(step, paths, at)
            case "try":
                return self._try(step, paths, at)
            case "with":
                return self._with(step, paths, at)
            case "match":
                return self._match(step, paths, at)
            case "assert":
                return self._assert(step, paths, at)
            case "return":
                failing = tells_failure(self.world, at.path, step.node)
                jumps = [
                    Jump(
                        path,
                        "return",
                        at.owner,
                        step.place,
                        self._value(step.node, path, at),
                        failing,
                    )
                    for path in paths
                ]
                return Flow(jumps=jumps)
            case "break" | "continue":
                return Flow(jumps=[Jump(path, step.op, at.owner, step.place) for path in paths])
            case "raise":
                return Flow(raised=[self._raised(step, path, at) for path in paths])
            case "await" | "from":
                return self._awaited(step, paths, at)
            case "yield":
                if at.on_yield is not None:
                    return at.on_yield(paths)
                return Flow(paths)
            case _:
                return Flow(paths)

    def _bound(self, binding: int, path: Path, at: Running) -> Path:
        one = self.world.files[at.path].bindings[binding]
        name = (at.path, one.scope, one.name)
        node = self.world.files[at.path].nodes[one.value]
        if isinstance(node, m.Function | m.Class):
            return path.bind(name, None)
        if isinstance(node, m.Each):
            now = path.value((at.path, at.scope, f"@{node.source}"))
            return path.bind(name, now or self._kept(one.value, path, at))
        if isinstance(node, m.Unknown) and any(site == at.handling for _, site in path.refused):
            return path.bind(name, (Made(REFUSED),))
        if isinstance(node, m.Op):
            return path.bind(name, self.conditions.changed(at.path, at.scope, node, path))
        return path.bind(name, self._kept(one.value, path, at))

    def _kept(self, node: int, path: Path, at: Running) -> Values | None:
        """What a name is bound to, if it is worth to be remembered on this way alone."""
        values = self._value(node, path, at)
        return values if values and all(is_worth(value) for value in values) else None

    def _value(self, node: int, path: Path, at: Running) -> Values:
        """What a node is on this way."""
        return self.conditions.value(at.path, at.scope, node, path, at.frame)

    def _if(self, step: Step, paths: list[Path], at: Running) -> Flow:
        site = Site(at.path, at.scope, step.place, "condition")
        yes, no = self.conditions.split(site, step.node, paths, at.frame)
        flow = Flow()
        first = self._run(step.parts[0].steps, yes, at)
        second = self._run(step.part("else"), no, at)
        ends = [*flow.take(first), *flow.take(second)]
        if step.result >= 0:
            ends = [self._picked(path, step.result, at) for path in ends]
        flow.normal = merged(ends)
        return flow

    def _picked(self, path: Path, node: int, at: Running) -> Path:
        pick = (at.path, at.scope, "pick")
        return path.bind((at.path, at.scope, f"#{node}"), path.value(pick)).bind(pick, None)

    def _circuit(self, step: Step, paths: list[Path], at: Running) -> Flow:
        site = Site(at.path, at.scope, step.place, "condition")
        yes, no = self.conditions.split(site, step.node, paths, at.frame)
        go, stop = (yes, no) if step.op == "and" else (no, yes)
        flow = Flow()
        ends = flow.take(self._run(step.parts[0].steps, go, at))
        name = (at.path, at.scope, f"#{step.result}")
        either = self.world.files[at.path].nodes[step.result]
        right = either.options[-1] if isinstance(either, m.Either) else step.result
        done = [path.bind(name, self._kept(right, path, at)) for path in ends]
        # What stopped it is false for `and`, true for `or`, whatever it is.
        short = (Lit(step.op == "or"),)
        done += [path.bind(name, self._kept(step.node, path, at) or short) for path in stop]
        left = (at.path, at.scope, f"#{step.node}")
        flow.normal = merged(path.bind(left, None) for path in done)
        return flow

    def _assert(self, step: Step, paths: list[Path], at: Running) -> Flow:
        """With -O, Python evaluates nothing of an assertion."""
        site = Site(at.path, at.scope, step.place, "condition")
        flow = Flow()
        inner = self._run(step.parts[0].steps, [p.chose(site, True) for p in paths], at)
        ends = flow.take(inner)
        if paths:
            flow.raised += [Raised(path, "error") for path in ends]
        flow.normal = merged([*ends, *(path.chose(site, False) for path in paths)])
        return flow

    def _match(self, step: Step, paths: list[Path], at: Running) -> Flow:
        flow = Flow()
        ends: list[Path] = []
        left = flow.take(self._run(step.parts[0].steps, paths, at))
        for part in step.parts[1:]:
            site = Site(at.path, at.scope, part.place, "condition")
            self.conditions.tests[site] = (step.node, at.frame)
            taken = [path.chose(site, True) for path in left]
            ends += flow.take(self._run(part.steps, taken, at))
            if part.node == 1:
                left = []
                break
            left = [path.chose(site, False) for path in left]
        flow.normal = merged([*ends, *left])
        return flow

    def _loop(self, step: Step, paths: list[Path], at: Running) -> Flow:
        site = Site(at.path, at.scope, step.place, "loop")
        flow = Flow()
        if step.op == "for":
            paths = flow.take(self._consumed(step.node, step.place, paths, at))
        unrolled = self._items(step, at)
        if unrolled:
            return added(flow, self._unrolled(step, unrolled, paths, at))
        endless = step.op == "while" and self.conditions.is_endless(at.path, step.node)
        surely = step.op == "for" and self.conditions.is_nonempty(at.path, step.node, at.frame)
        ends = [] if endless or surely else [path.chose(site, False) for path in paths]
        turn = [path.chose(site, True) for path in paths]
        for _ in range(2 if self.steps < self.most else 1):
            body = self._run(step.parts[0].steps, turn, at)
            jumps, body.jumps = body.jumps, []
            turn = flow.take(body)
            for jump in jumps:
                if jump.owner != at.owner or jump.kind == "return":
                    flow.jumps.append(jump)
                elif jump.kind == "continue":
                    turn.append(jump.path)
                else:
                    flow.normal.append(jump.path)
            turn = merged(turn)
            if not endless:
                ends += turn
        broken = flow.normal
        ends = flow.take(self._run(step.part("else"), merged(ends), at))
        flow.normal = merged([*broken, *ends])
        return flow

    def _items(self, step: Step, at: Running) -> list[Values]:
        """What a loop runs over, one by one, where that is short and matters: guards, flags."""
        if step.op != "for":
            return []
        self.world.steps = 0
        values = self.world.values(at.path, step.node, at.frame)
        if len(values) != 1 or not isinstance(values[0], Many) or values[0].rest:
            return []
        items = list(values[0].items)
        short = len(items) <= 6 and all(item and all(map(is_worth, item)) for item in items)
        return items if short else []

    def _unrolled(self, step: Step, items: list[Values], paths: list[Path], at: Running) -> Flow:
        flow = Flow()
        broken: list[Path] = []
        name = (at.path, at.scope, f"@{step.node}")
        for item in items:
            body = self._run(step.parts[0].steps, [path.bind(name, item) for path in paths], at)
            jumps, body.jumps = body.jumps, []
            paths = flow.take(body)
            for jump in jumps:
                if jump.owner != at.owner or jump.kind == "return":
                    flow.jumps.append(jump)
                else:
                    (paths if jump.kind == "continue" else broken).append(jump.path)
            paths = merged(paths)
        ends = [path.bind(name, None) for path in paths]
        ends = flow.take(self._run(step.part("else"), ends, at))
        flow.normal = merged([*broken, *ends])
        return flow

    # --- what the rooms below see to ---

    def _call(self, step: Step, paths: list[Path], at: Running) -> Flow:
        """Call what the mark says."""
        raise NotImplementedError

    def _try(self, step: Step, paths: list[Path], at: Running) -> Flow:
        raise NotImplementedError

    def _with(self, step: Step, paths: list[Path], at: Running) -> Flow:
        raise NotImplementedError

    def _raised(self, step: Step, path: Path, at: Running) -> Raised:
        raise NotImplementedError

    def _awaited(self, step: Step, paths: list[Path], at: Running) -> Flow:
        raise NotImplementedError

    def _consumed(self, node: int, place: int, paths: list[Path], at: Running) -> Flow:
        """Run the generator that is iterated, if it is one of the repository's own."""
        raise NotImplementedError
