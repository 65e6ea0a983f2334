"""
A program that is being followed: what is known of it, what was run of it, and where to stop.

What a kind of step does is in `handlers`; `link.follow` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from interlock_checks.facts import model as m
from interlock_checks.link.asked import Asked
from interlock_checks.link.conditions import Conditions
from interlock_checks.link.paths import Flow, Path
from interlock_checks.link.relevance import Relevance
from interlock_checks.link.running import Running, Watch, is_worth
from interlock_checks.link.shape import Step, shape
from interlock_checks.link.values import UNKNOWN, Fun, Values
from interlock_checks.link.world import World

MOST_STEPS = 2_000
"""Steps that are run from one starting point; then calls are no longer followed."""

STEPS_OF_ALL = 10_000
"""Steps that are run from all starting points, beside `STEPS_OF_EACH` for each of these."""

STEPS_OF_EACH = 60

Handler = Callable[["Machine", Step, list[Path], Running], Flow]
"""What a step does on some ways, in the scope that is being run."""


@dataclass
class Machine:
    """
    Runs steps, and keeps count of them.

    `visited` are the scopes that were run, `wanted` files to read for order, `refusing` functions
    that pass a refusal on, `begun` a way on which a module was loaded. A step without a handler
    changes nothing.
    """

    world: World
    watch: Watch
    conditions: Conditions
    asked: Asked
    is_test: Callable[[str], bool]
    is_sink: Callable[[str, int], bool]
    handlers: Mapping[str, Handler]
    visited: set[tuple[str, int]] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    refusing: set[tuple[str, int]] = field(default_factory=set)
    begun: dict[str, Path] = field(default_factory=dict)
    steps: int = 0
    most: int = 0
    left: int = STEPS_OF_ALL
    _shapes: dict[tuple[str, int], tuple[Step, ...]] = field(default_factory=dict)
    _owners: int = 0

    def __post_init__(self) -> None:
        self.relevance = Relevance(
            self.world, self.shape, self.is_sink, self.conditions.holdings.receptacles.fills
        )

    def allow(self) -> None:
        """Grant the steps of one more starting point."""
        self.left += STEPS_OF_EACH + self.most - self.steps
        self.steps, self.most = 0, max(min(MOST_STEPS, self.left), STEPS_OF_EACH)
        self.left -= self.most

    def run(self, steps: Sequence[Step], paths: list[Path], at: Running) -> Flow:
        """Run steps one after another, as far as a way leads to them."""
        flow = Flow(normal=paths)
        for step in steps:
            if not flow.normal:
                break
            self.steps += 1
            handle = self.handlers.get(step.op)
            if handle is not None:
                flow.normal = flow.take(handle(self, step, flow.normal, at))
        return flow

    def may_refuse(self, path: str, scope: int, flow: Flow) -> None:
        """Remember the functions that pass a refusal on: whoever calls them is near a guard."""
        if any(one.kind == "refusal" and one.step != "engine" for one in flow.raised):
            self.refusing.add((path, scope))

    def shape(self, path: str, scope: int) -> tuple[Step, ...]:
        """The steps of a scope."""
        known = self._shapes.get((path, scope))
        if known is None:
            known = shape(self.world.files[path].control.get(scope, ()))
            self._shapes[path, scope] = known
        return known

    def owner(self) -> int:
        """A new number for what a `return` leaves."""
        self._owners += 1
        return self._owners

    def kept(self, node: int, path: Path, at: Running) -> Values | None:
        """What a name is bound to, if it is worth to be remembered on this way alone."""
        values = self.value(node, path, at)
        return values if values and all(is_worth(value) for value in values) else None

    def value(self, node: int, path: Path, at: Running) -> Values:
        """What a node is on this way."""
        return self.conditions.known(at, node, path)

    def values_on(self, path: Path, at: Running) -> Callable[[int], Values]:
        return lambda node: self.value(node, path, at)

    def want(self, node: int, found: Values, at: Running) -> None:
        """Ask for what a name means, where that stands in a file that was only looked over."""
        if not self.is_test(at.path) and (not found or UNKNOWN[0] in found):
            self.world.want(at.path, node)

    def scope_of(self, function: Fun) -> m.Scope:
        return self.world.files[function.path].scopes[function.scope]
