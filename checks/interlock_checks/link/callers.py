"""
Calls that waited for the callers of their function: judged once for each of them.

A function that starts, imports or executes what it is given is innocent only if it has callers,
each of them is known, and it is given away nowhere. What a caller gives is reported there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from interlock_checks.facts import model as m
from interlock_checks.link import fold, heirs
from interlock_checks.link.changes import touch
from interlock_checks.link.frames import Frame, frame_of, passed
from interlock_checks.link.reach import ANY, Call, Reach, Site, Touching, Waiting
from interlock_checks.link.uses import Uses
from interlock_checks.link.values import Fun, Obj, Par
from interlock_checks.link.world import World

DEEPEST = 4
"""Functions that hand their own parameter on, within each other."""

MOST = 2_000
"""Callers that are followed for one waiting call; with more of them it is not proved."""


@dataclass
class Callers:
    """
    One waiting call and what is asked about its callers.

    Args:
        uses: Where the outcome is noted.
        calls_of: The calls of a function (file, scope).
        files_of: The files in which something of that name is subclassed.
        escaped: Functions that are given away as values.
        is_test: Whether a file lies below a test path: what tests give proves nothing.
        told: Functions that may be given what a guard, receipt or approval is made of.
    """

    uses: Uses
    calls_of: Callable[[tuple[str, int]], list[Call]]
    files_of: Callable[[str], Sequence[str]]
    escaped: Collection[tuple[str, int]]
    is_test: Callable[[str], bool]
    told: Collection[tuple[str, int]] = ()
    followed: int = 0
    innocent: int = 0

    def settle(self, waiting: Waiting) -> None:
        """Judge a waiting call for all callers; the worst where they do not prove enough."""
        if waiting.inherited or waiting.fallback is None:
            heirs.settle(self.uses, waiting, self.files_of, self.is_test)
            return
        site = Site(waiting.path, waiting.number, waiting.scope)
        self.innocent = 0
        first = len(self.uses.reaches)
        proved = self._judge(site, waiting.function, waiting.call, 0, ())
        fallback = waiting.fallback
        found = {one.sink for one in self.uses.reaches[first:]}
        one_name = isinstance(fallback, Reach) and fallback.sink.endswith(ANY)
        if one_name and (found or not proved):
            # The name of a sink is computed here, whoever says it.
            del self.uses.reaches[first:]
            proved = False
        elif isinstance(fallback, Reach) and found == {fallback.sink} and not self.innocent:
            # Whatever a caller gives, it is that: so it is written here.
            del self.uses.reaches[first:]
            proved = False
        if not proved:
            self.uses.conclude(fallback)

    def _judge(
        self,
        site: Site,
        key: tuple[str, int],
        call: int,
        depth: int,
        frames: tuple[Call, ...],
    ) -> bool:
        """Whether every caller is known and gave something that could be judged."""
        calls = [one for one in self.calls_of(key) if not self.is_test(one.site.path)]
        if not calls or depth >= DEEPEST:
            return False
        closed = key not in self.escaped
        making = self.uses.world.files[key[0]].scopes[key[1]].name == "__init__"
        reaches, assumptions = self.uses.reaches, self.uses.assumptions
        for one in calls:
            at = one.site
            if at.path == site.path and at.number == site.number:
                continue
            self.followed += 1
            if self.followed > MOST:
                return False
            self.uses.world.steps = 0
            chain = (one, *frames)
            frame = self._chain(chain)
            before = len(reaches), len(assumptions)
            judged = Site(site.path, site.number, site.scope, 0, frame, depth, at.reported or at)
            self.uses.judge_again(judged, call, frame)
            fresh = reaches[before[0] :]
            self.innocent += not fresh
            vague = len(assumptions) > before[1] or any(r.code in {"IL002", "IL003"} for r in fresh)
            if making and any(_is_guessed(r.sink) for r in fresh):
                vague = True  # the calls of a method say more than what made its object
            if vague or any(_is_guessed(r.sink) for r in fresh):
                inner = self._parameters_of(at, one.node)
                deeper = False
                if len(inner) == 1:
                    del reaches[before[0] :], assumptions[before[1] :]
                    (outer,) = inner
                    deeper = self._judge(site, outer, call, depth + 1, chain)
                if not deeper:
                    if vague:
                        del reaches[before[0] :], assumptions[before[1] :]
                    elif len(reaches) == before[0]:
                        reaches += fresh  # nobody says what it is: the worst that it may be
                    closed = False
        return closed

    def touch(self, touching: Touching) -> None:
        """Look at a change once for each caller of its functions, and report it there."""
        for function in touching.functions:
            self._touch(touching, function, ())

    def _touch(
        self,
        touching: Touching,
        key: tuple[str, int],
        frames: tuple[Call, ...],
    ) -> None:
        if key not in self.told:
            return
        for one in self.calls_of(key):
            at = one.site
            if len(frames) >= DEEPEST or any(
                (f.node, f.site.path) == (one.node, at.path) for f in frames
            ):
                continue
            self.followed += 1
            if self.followed > MOST:
                return
            chain = (one, *frames)
            self.uses.world.steps = 0
            touches, parameters = touching.judge(self.uses, self._chain(chain))
            touch(self.uses, at.reported or at, touches)
            if not touches:
                for inner in sorted({(p.path, p.scope) for p in parameters} - {key}):
                    self._touch(touching, inner, chain)

    def _chain(self, chain: tuple[Call, ...]) -> Frame:
        world = self.uses.world
        frame: Frame | None = None
        for one in chain:
            call = world.files[one.site.path].nodes[one.node]
            assert isinstance(call, m.Call)
            given = passed(world, one.site.path, call.args, frame)
            function, given = one.function, (*one.before, *given)
            kind, name = _kind_and_name(world, function)
            if isinstance(function.owner, Obj) and (kind == "class" or name == "__init__"):
                # An object is being made: what its methods find in it is made of this.
                function = replace(function, owner=replace(function.owner, given=given))
            if kind == "class" and function.owner is not None:
                frame = Frame(function.path, function.scope, {"": (function.owner,)})
                continue
            frame = frame_of(world, function, given, 0, None)
        assert frame is not None
        return frame

    def _parameters_of(self, at: Site, node: int) -> set[tuple[str, int]]:
        world = self.uses.world
        call = world.files[at.path].nodes[node]
        assert isinstance(call, m.Call)
        found: set[Par] = set()
        for one in passed(world, at.path, call.args, None):
            found |= fold.depends(one.values)
        return {(p.path, p.scope) for p in found}


def _kind_and_name(world: World, function: Fun) -> tuple[str, str]:
    scope = world.files[function.path].scopes[function.scope]
    return scope.kind, scope.name


def _is_guessed(sink: str) -> bool:
    """Whether a sink stands for the worst that a partly known command line may be."""
    return "?" in sink or "computed" in sink
