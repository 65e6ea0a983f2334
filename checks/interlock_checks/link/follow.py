"""
What runs, in which order, on every way through a program that is near a guard.

An interpreter of shapes: it runs each scope on abstract ways, follows calls of the repository's
own functions, decorators and context managers, and lets exceptions take their course. It knows
guards, sinks, and what ends, defers or swallows; `Watch` is told of each and draws conclusions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from interlock_checks import catalogue
from interlock_checks.catalogue import control
from interlock_checks.catalogue.guards import INTERLOCK, PERMIT, RECEIPTS
from interlock_checks.facts import model as m
from interlock_checks.link.blocks import Blocks
from interlock_checks.link.handlers import (
    Caught,
    decorated,
    exit_kind,
    is_silenced,
    made_by,
)
from interlock_checks.link.paths import Flow, Jump, Path, Raised, Site, merged
from interlock_checks.link.running import (
    Running,
    added,
    callable_here,
    divided,
    enclosing,
    guard_of,
    is_of_constant,
    is_worth,
    union_of,
)
from interlock_checks.link.shape import Step, every
from interlock_checks.link.started import commanded
from interlock_checks.link.values import (
    UNKNOWN,
    Bound,
    Cls,
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Method,
    Obj,
    Value,
    Values,
)
from interlock_checks.link.world import NESTED, Frame

DEEPEST = 12
"""Calls within each other that are followed."""

_WORKING = frozenset({"verify", "backup", "permit", "migrate"})
"""Steps that reach for databases and programs, and so may fail otherwise than by refusing."""


class Interpreter(Blocks):
    """Statements, blocks and calls: what follows a program."""

    def _begun(self, running: Running) -> Flow:
        """Run a scope that nobody calls: a function through its decorators, as its callers do."""
        path, scope = running.path, running.scope
        facts = self.world.files[path]
        function = Fun(path, scope)
        wrapper = decorated(self.world, function) if facts.scopes[scope].decorators else None
        if wrapper is None:
            return super()._begun(running)
        if wrapper[0].scope not in self.world.files[wrapper[0].path].control:
            self.wanted.add(wrapper[0].path)
            return super()._begun(running)
        outside = Running(path, 0, self._owner())
        node = len(facts.nodes)
        flow = self._own(function, (), node, -1, [Path()], outside)
        result = (path, 0, f"#{node}")
        flow.jumps += [
            Jump(one.bind(result, None), "return", running.owner, -1, one.value(result) or ())
            for one in flow.normal
        ]
        flow.normal = []
        return flow

    def _want(self, node: int, found: Values, at: Running) -> None:
        """Ask for what a name means, where that stands in a file that was only looked over."""
        if not self.is_test(at.path) and (not found or UNKNOWN[0] in found):
            self.world.want(at.path, node)

    def _given(self, call: int, paths: Sequence[Path], at: Running) -> tuple[Given, ...]:
        node = self.world.files[at.path].nodes[call] if call >= 0 else None
        if not isinstance(node, m.Call):
            return ()
        if any(arg.star for arg in node.args) or not paths:
            self.world.steps = 0
            return self.world.given(at.path, node.args, at.frame)
        return tuple(
            Given(union_of(self._value(arg.value, path, at) for path in paths), arg.name)
            for arg in node.args
        )

    def _call(self, step: Step, paths: list[Path], at: Running) -> Flow:
        node = self.world.files[at.path].nodes[step.node]
        assert isinstance(node, m.Call)
        paths = [self.watch.sink(at, step.place, step.node, path) for path in paths]
        flow = Flow()
        if len(paths) > 1 and self._differs(node, paths, at):
            for path in paths:
                flow.normal += flow.take(self._called(node, step, [path], at))
        else:
            flow.normal = flow.take(self._called(node, step, paths, at))
        flow.normal = merged(flow.normal)
        return flow

    def _differs(self, node: m.Call, paths: Sequence[Path], at: Running) -> bool:
        """Whether the ways give a function different things."""
        return any(
            len({self._value(number, path, at) for path in paths}) > 1
            for number in (node.func, *(arg.value for arg in node.args))
        )

    def _called(self, node: m.Call, step: Step, paths: list[Path], at: Running) -> Flow:
        functions = self._value(node.func, paths[0], at)
        functions = tuple(f for f in functions if not is_of_constant(f)) or functions
        self._want(node.func, functions, at)
        given = self._given(step.node, paths, at)
        flow = Flow()
        guarding = [f for f in functions if guard_of(f) is not None]
        if guarding and self.world.modules.resolve(at.path, INTERLOCK.name, 0):
            # Its own repository, or a stand-in, which is reported as such.
            functions = tuple(guarding)
        if guarding and len(guarding) < len(functions):
            # A name that may mean a guard or something else decides which of them runs.
            site = Site(at.path, at.scope, step.place, "condition")
            taken = [path.chose(site, True) for path in paths]
            for function in guarding:
                flow.normal += flow.take(self._invoke(function, given, step, taken, at))
            flow.normal += [path.chose(site, False) for path in paths]
            return flow
        for function in functions[:4] or UNKNOWN:
            flow.normal += flow.take(self._invoke(function, given, step, paths, at))
        return flow

    def _invoke(
        self,
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
            return self._guarded(guard, given, step, paths, at)
        match function:
            case Bound(func=func, args=args):
                return self._invoke(func, (*args, *given), step, paths, at)
            case Fun() if not self._is_lazy(function):
                return self._own(function, given, step.node, step.place, paths, at)
            case Cls():
                made = Obj(function.path, function.scope)
                for method in self.world.attribute(made, "__init__"):
                    if isinstance(method, Fun):
                        return self._own(method, given, -1, step.place, paths, at)
                return Flow(paths)
            case Obj():
                for method in self.world.attribute(function, "__call__"):
                    if isinstance(method, Fun):
                        return self._own(method, given, step.node, step.place, paths, at)
                return Flow(paths)
            case Ext(name=name):
                return self._external(name, given, step, paths, at)
            case Method(owner=owner, name=name):
                if isinstance(owner, Made):
                    name = f"{owner.name}.{name}"
                return self._external(name, given, step, paths, at)
            case _:
                return self._external("", given, step, paths, at)

    def _guarded(
        self,
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
        ok = wanted is None or (
            bool(receipt) and all(isinstance(v, Made) and v.name in accepted for v in receipt)
        )
        for path in paths:
            passed = self.watch.guard(at, step.place, guard, path, ok)
            if not guard.name.endswith("?"):
                flow.raised.append(Raised(passed, "refusal", guard.step))
            if guard.step in _WORKING:
                flow.raised.append(Raised(passed, "error", guard.step))
            self.watch.ran(guard.step, passed)
            passed = passed.did(guard.step)
            if guard.gives:
                passed = passed.bind(result, (Made(RECEIPTS[guard.gives]),))
            flow.normal.append(passed)
        return flow

    def _external(
        self,
        name: str,
        given: tuple[Given, ...],
        step: Step,
        paths: list[Path],
        at: Running,
    ) -> Flow:
        last = name.rpartition(".")[2]
        flow = Flow(raised=[Raised(path, "error") for path in paths])
        ended: list[Path] = []
        for path in paths:
            kind = exit_kind(
                self.world, at.path, step.node, at.frame, self._values(path, at), raised=False
            )
            if kind is not None:
                flow.raised.append(Raised(path, kind))
            else:
                ended.append(path)
        if not ended:
            return flow
        command = commanded(name, given)
        if command is not None:
            return added(flow, self._guarded(command, given, step, ended, at))
        if last in control.DEFERRING and name not in control.STRUCTURED:
            asked = last in control.ASKABLE and self.asked.is_asked(at.path, step.node)
            if asked:
                return added(flow, self._asked_for(given, step, ended, at))
            lost = self._deferred(last, given, step, ended, at)
            for refused in lost:
                ended = [path.did(refused) for path in ended]
            return added(flow, Flow(ended))
        if name in {f"{PERMIT}.__enter__", f"{PERMIT}.__exit__"}:
            by = 1 if last == "__enter__" else -1
            moved = [replace(path, permits=max(path.permits + by, 0)) for path in ended]
            return added(flow, Flow(moved))
        if last in control.STACKING and given:
            return added(flow, self._stacked(given[0].values, step, ended, at))
        if name in control.CALLING or last in control.CALLING_METHODS:
            skip = control.CALLING.get(name, control.CALLING_METHODS.get(last, 0))
            functions = given[skip].values if len(given) > skip else ()
            for function in functions:
                if callable_here(function):
                    inner = self._invoke(function, given[skip + 1 :], step, ended, at)
                    return added(flow, inner)
        swallowing = last == "gather" and any(
            g.name == "return_exceptions" and g.values != (Lit(False),) for g in given
        )
        inner = Flow(ended)
        node = self.world.files[at.path].nodes[step.node]
        assert isinstance(node, m.Call)
        for arg in node.args:
            found = self._coroutine(arg.value, step.place, inner.normal, at)
            if found is not None:
                inner.normal = inner.take(found)
        if swallowing:
            site = Site(at.path, at.scope, step.place, "with")
            entered, inner.raised = divided(inner.raised, Caught(True, True, True, False), site)
            inner.normal = merged([*inner.normal, *entered])
        if name.partition(".")[0] not in control.INERT:
            for one in given:
                for function in one.values:
                    if isinstance(function, Fun) and not self._is_lazy(function):
                        # Whoever is given a function may call it, now.
                        before = inner.normal
                        after = inner.take(self._own(function, (), -1, step.place, before, at))
                        inner.normal = merged([*before, *after])
        return added(flow, inner)

    def _stacked(self, entered: Values, step: Step, paths: list[Path], at: Running) -> Flow:
        """What an ExitStack enters stays open until its block ends, which closes permits."""
        if entered and all(isinstance(v, Made) and v.name == PERMIT for v in entered):
            return Flow([replace(path, permits=path.permits + 1) for path in paths])
        node = self.world.files[at.path].nodes[step.node]
        if not isinstance(node, m.Call) or not node.args:
            return Flow(paths)
        maker, call = made_by(self.world, at.path, node.args[0].value, at.frame)
        for function in maker:
            if isinstance(function, Fun) and self._is_manager(function):
                inside: list[Path] = []

                def hold(now: list[Path], held: list[Path] = inside) -> Flow:
                    held += now
                    return Flow()

                given = self._given(call, paths, at)
                flow = self._generator(function, given, step.place, paths, at, hold)
                flow.normal = merged(inside)
                return flow
        return Flow(paths)

    def _asked_for(
        self, given: tuple[Given, ...], step: Step, paths: list[Path], at: Running
    ) -> Flow:
        """What runs in another thread, and is asked: as if it ran here, but without a permit."""
        for number, one in enumerate(given):
            for function in one.values:
                if callable_here(function):
                    flow = Flow()
                    for path in paths:
                        away = replace(path, permits=0)
                        inner = self._invoke(function, given[number + 1 :], step, [away], at)
                        flow.normal += [
                            replace(one, permits=path.permits) for one in flow.take(inner)
                        ]
                    return flow
        return Flow(paths)

    def _deferred(
        self,
        last: str,
        given: tuple[Given, ...],
        step: Step,
        paths: list[Path],
        at: Running,
    ) -> set[str]:
        """Something is run later or elsewhere, and nobody asks: the steps whose refusal is lost."""
        later = [replace(path, permits=0) for path in paths]
        refused: set[str] = set()
        for number, one in enumerate(given):
            for function in one.values:
                rest = given[number + 1 :]
                if isinstance(function, Fun):
                    ran = self._own(function, rest, -1, step.place, later, at)
                    refused |= {one.step for one in ran.raised if one.kind == "refusal"}
                elif (guard := guard_of(function)) is not None and guard.step != "engine":
                    refused.add(guard.step)
        node = self.world.files[at.path].nodes[step.node]
        assert isinstance(node, m.Call)
        for arg in node.args:
            coroutine = self._coroutine(arg.value, step.place, later, at)
            if coroutine is not None:
                refused |= {one.step for one in coroutine.raised if one.kind == "refusal"}
        if refused:
            self.watch.lost(at, step.place, last)
        return refused

    def _coroutine(self, node: int, place: int, paths: list[Path], at: Running) -> Flow | None:
        """Run the coroutine that a node is, if it is one of the repository's own."""
        maker, call = made_by(self.world, at.path, node, at.frame)
        for function in maker:
            if isinstance(function, Fun) and self._scope(function).is_async:
                given = self._given(call, paths, at)
                return self._own(function, given, call, place, paths, at)
            if isinstance(function, Ext | Method):
                last = function.name.rpartition(".")[2]
                inner = self.world.files[at.path].nodes[call]
                if last in control.ASKABLE and isinstance(inner, m.Call):
                    for arg in inner.args:
                        found = self._coroutine(arg.value, place, paths, at)
                        if found is not None:
                            return found
        return None

    def _awaited(self, step: Step, paths: list[Path], at: Running) -> Flow:
        if step.op == "from":
            return self._consumed(step.node, step.place, paths, at)
        return self._coroutine(step.node, step.place, paths, at) or Flow(paths)

    def _consumed(self, node: int, place: int, paths: list[Path], at: Running) -> Flow:
        """Run the generator that is iterated, if it is one of the repository's own."""
        maker, call = made_by(self.world, at.path, node, at.frame)
        for function in maker:
            if isinstance(function, Fun) and self._is_generator(function):
                given = self._given(call, paths, at)
                return self._own(function, given, -1, place, paths, at)
        return Flow(paths)

    def _scope(self, function: Fun) -> m.Scope:
        return self.world.files[function.path].scopes[function.scope]

    def _is_generator(self, function: Fun) -> bool:
        return any(
            step.op in {"yield", "from"}
            for step in every(self.shape(function.path, function.scope))
        )

    def _is_lazy(self, function: Fun) -> bool:
        """Whether a call runs nothing yet."""
        if function.path.partition(NESTED)[1]:
            return False
        return self._scope(function).is_async or self._is_generator(function)

    def _own(
        self,
        function: Fun,
        given: tuple[Given, ...],
        node: int,
        place: int,
        paths: list[Path],
        at: Running,
    ) -> Flow:
        """Call one of the repository's own functions, through its decorators."""
        key = (function.path, function.scope)
        kept = function.scope in self.world.files[function.path].control
        if kept and not self.relevance.matters(*key):
            result = (at.path, at.scope, f"#{node}")
            raised = [Raised(path, "error") for path in paths]
            return Flow([path.bind(result, None) for path in paths], raised)
        if key in at.bare or not self._scope(function).decorators:
            return self._inline(function, given, node, place, paths, at)
        for decorator in self._scope(function).decorators:
            self.world.want(function.path, decorator)
        around = decorated(self.world, function)
        inner = replace(at, bare=at.bare | {key})
        manager = self._managing(function)
        if manager is not None:
            flow = self._inline(
                manager,
                (),
                -1,
                place,
                paths,
                inner,
                on_yield=lambda now: self._inline(function, given, node, place, now, inner),
            )
        elif around is None:
            flow = self._inline(function, given, node, place, paths, inner)
        else:
            wrapper, frame = around
            flow = self._inline(wrapper, given, node, place, paths, inner, around=frame)
            self.visited.add(key)
        caught = is_silenced(self.world, function)
        if caught is not None:
            site = Site(at.path, at.scope, place, "decorator")
            entered, flow.raised = divided(flow.raised, caught, site)
            flow.normal = merged([*flow.normal, *entered])
        return flow

    def _managing(self, function: Fun) -> Fun | None:
        """The generator that a function is decorated with, as a context around each call."""
        for decorator in self._scope(function).decorators:
            maker, _ = made_by(self.world, function.path, decorator, None)
            for one in maker:
                if isinstance(one, Fun) and self._is_manager(one):
                    return one
        return None

    def _inline(
        self,
        function: Fun,
        given: tuple[Given, ...],
        node: int,
        place: int,
        paths: list[Path],
        at: Running,
        *,
        on_yield: Callable[[list[Path]], Flow] | None = None,
        around: Frame | None = None,
    ) -> Flow:
        path, scope = function.path, function.scope
        facts = self.world.files[path]
        if scope not in facts.control:
            if not self.is_test(at.path) and NESTED not in path:
                self.wanted.add(path)
            return Flow([self.watch.opaque(at, place, function, one) for one in paths])
        if at.depth >= DEEPEST or at.runs(path, scope) or self.steps > self.most:
            return Flow(paths) if on_yield is None else on_yield(paths)
        self.visited.add((path, scope))
        self.world.steps = 0
        frame = self.world.frame(function, given, 1, around or enclosing(at, facts, scope, path))
        inner = Running(
            path, scope, self._owner(), frame, at, place, on_yield, at.bare, at.handling
        )
        ran = self._run(self.shape(path, scope), paths, inner)
        self._may_refuse(path, scope, ran)
        flow = Flow()
        result = (at.path, at.scope, f"#{node}")

        def back(ended: Path, values: Values) -> Path:
            left = ended.leave(path, scope)
            if node < 0:
                return left
            keep = values and all(is_worth(value) for value in values)
            return left.bind(result, values if keep else None)

        flow.normal = [back(one, (Lit(None),)) for one in ran.normal]
        flow.raised = [replace(one, path=one.path.leave(path, scope)) for one in ran.raised]
        for jump in ran.jumps:
            if jump.owner == inner.owner:
                flow.normal.append(back(jump.path, jump.values))
            else:
                flow.jumps.append(replace(jump, path=jump.path.leave(path, scope)))
        flow.normal = merged(flow.normal)
        return flow
