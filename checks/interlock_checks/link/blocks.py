"""`try` and `with`: what ends an exception, and what opens a permit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from interlock_checks.catalogue import control
from interlock_checks.catalogue.guards import PERMIT
from interlock_checks.facts import model as m
from interlock_checks.link.handlers import (
    Caught,
    caught_by,
    exit_kind,
    made_by,
    may_swallow,
)
from interlock_checks.link.paths import Flow, Path, Raised, Site, merged
from interlock_checks.link.running import Running, divided, dropped, guard_of
from interlock_checks.link.shape import Step, every
from interlock_checks.link.statements import Statements
from interlock_checks.link.values import (
    Fun,
    Given,
    Made,
    Obj,
    Values,
)
from interlock_checks.link.world import Frame


class Blocks(Statements):
    """Statements, and the blocks around them."""

    def _raised(self, step: Step, path: Path, at: Running) -> Raised:
        if step.node < 0:
            # `raise` alone: what the handler caught goes on.
            caught = [one for one in path.refused if one[1] == at.handling]
            if caught:
                rest = replace(path, refused=path.refused - set(caught))
                return Raised(rest, "refusal", caught[0][0])
            return Raised(path, "error")
        kind = exit_kind(
            self.world, at.path, step.node, at.frame, self._values(path, at), raised=True
        )
        return Raised(path, kind or "error")

    def _values(self, path: Path, at: Running) -> Callable[[int], Values]:
        return lambda node: self._value(node, path, at)

    def _try(self, step: Step, paths: list[Path], at: Running) -> Flow:
        flow = Flow()
        for part in step.parts:
            if part.op == "except":
                site = Site(at.path, at.scope, part.place, "handler")
                paths = [path.chose(site, False) for path in paths]
        body = self._run(step.parts[0].steps, paths, at)
        inside = Flow(raised=[], jumps=body.jumps)
        remaining = body.raised
        finished = body.normal
        ends: list[Path] = []
        for part in step.parts:
            if part.op != "except":
                continue
            site = Site(at.path, at.scope, part.place, "handler")
            caught = caught_by(self.world, at.path, part.node, at.frame)
            entered, remaining = divided(remaining, caught, site)
            handling = replace(at, handling=site)
            ends += inside.take(self._run(part.steps, merged(entered), handling))
        inside.raised += remaining
        ends += inside.take(self._run(step.part("else"), merged(finished), at))
        if not step.has("finally"):
            flow.take(inside)
            flow.normal = merged(ends)
            return flow
        final = step.part("finally")
        flow.normal = flow.take(self._run(final, merged(ends), at))
        for jump in inside.jumps:
            after = self._run(final, [jump.path], at)
            flow.jumps += [replace(jump, path=path) for path in flow.take(after)]
        for one in inside.raised:
            after = self._run(final, [one.path], at)
            swallowed = [
                replace(jump, path=dropped(jump.path, jump.place, one, at)) for jump in after.jumps
            ]
            place = next((inner.place for inner in every(final) if inner.place >= 0), -1)
            after.raised = [
                replace(new, path=dropped(new.path, place, one, at))
                if new.kind == "success"
                else new
                for new in after.raised
            ]
            after.jumps = []
            flow.jumps += swallowed
            going_on = [replace(one, path=path) for path in flow.take(after)]
            flow.raised = [*flow.raised, *going_on]
        return flow

    def _with(self, step: Step, paths: list[Path], at: Running) -> Flow:
        flow = Flow()
        ends: list[Path] = []
        for permits in sorted({path.permits for path in paths}):
            group = [path for path in paths if path.permits == permits]
            inner = self._entered(step, group, at)
            ends += [replace(path, permits=permits) for path in inner.normal]
            flow.raised += [
                replace(one, path=replace(one.path, permits=permits)) for one in inner.raised
            ]
            flow.jumps += [
                replace(one, path=replace(one.path, permits=permits)) for one in inner.jumps
            ]
        flow.normal = merged(ends)
        return flow

    def _entered(self, step: Step, paths: list[Path], at: Running) -> Flow:
        body = step.parts[0].steps
        maker, call = made_by(self.world, at.path, step.node, at.frame)
        if any(guard_of(function) is not None for function in maker):
            maker = ()
        for function in maker:
            if isinstance(function, Fun) and self._is_manager(function):
                given = self._given(call, paths, at)
                return self._generator(
                    function, given, step.place, paths, at, lambda now: self._run(body, now, at)
                )
        flow = Flow()
        opened: list[Path] = []
        for path in paths:
            values = self._value(step.node, path, at)
            permits = [isinstance(v, Made) and v.name == PERMIT for v in values]
            held = any(permits) and (all(permits) or "permit" in path.ran)
            opened.append(replace(path, permits=path.permits + 1) if held else path)
        for value in self._value(step.node, paths[0], at) if paths else ():
            if isinstance(value, Obj):
                for method in self.world.attribute(value, "__enter__"):
                    if isinstance(method, Fun):
                        opened = flow.take(self._own(method, (), -1, step.place, opened, at))
        site = Site(at.path, at.scope, step.place, "with")
        inner = self._run(body, [path.chose(site, False) for path in opened], at)
        if any(one.kind == "refusal" for one in inner.raised):
            self._want(step.node, maker, at)
        caught = self._swallows(step, body, at)
        if caught is not None:
            entered, left = divided(inner.raised, caught, site)
            inner.raised = left
            inner.normal = [*inner.normal, *entered]
        flow.normal = merged(flow.take(inner))
        return flow

    def _swallows(self, step: Step, body: Sequence[Step], at: Running) -> Caught | None:
        found = may_swallow(self.world, at.path, step.node, at.frame)
        if found is not None:
            return found
        nodes = self.world.files[at.path].nodes
        for inner in every(body):
            call = nodes[inner.node] if inner.op == "call" else None
            if not isinstance(call, m.Call) or not call.args:
                continue
            function = nodes[call.func]
            if isinstance(function, m.Attr) and function.name in control.STACKING:
                found = may_swallow(self.world, at.path, call.args[0].value, at.frame)
                if found is not None:
                    return found
        return None

    def _is_manager(self, function: Fun) -> bool:
        return not self.world.decorator_names(function).isdisjoint(control.CONTEXT_MANAGERS)

    def _generator(
        self,
        function: Fun,
        given: tuple[Given, ...],
        place: int,
        paths: list[Path],
        at: Running,
        on_yield: Callable[[list[Path]], Flow],
    ) -> Flow:
        return self._inline(function, given, -1, place, paths, at, on_yield=on_yield)

    # --- what the room below sees to ---

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
        raise NotImplementedError

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
        """Run a function where it is called."""
        raise NotImplementedError

    def _given(self, call: int, paths: Sequence[Path], at: Running) -> tuple[Given, ...]:
        """The arguments of a call, as these ways know them."""
        raise NotImplementedError

    def _want(self, node: int, found: Values, at: Running) -> None:
        """Ask for what a name means, where that stands in a file that was only looked over."""
        raise NotImplementedError
