"""
Verdicts that a program was told and did not heed: which condition overruled them, if any did.

A way on which a process of interlock has failed either ends in a failure, and then the verdict was
heeded, or it comes to something protected or ends well. What lies between is put down to the
condition on whose other side it is heeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from interlock_checks.catalogue import endings, processes
from interlock_checks.facts import model as m
from interlock_checks.link.conditions import Conditions
from interlock_checks.link.needs import operands
from interlock_checks.link.paths import Choice, Path, Site
from interlock_checks.link.reach import Reach
from interlock_checks.link.running import Running
from interlock_checks.link.values import Cls, Ext, Fun, Lit, Told, Values, is_told
from interlock_checks.link.world import World

_MOST_NODES = 2_000
"""Nodes that an expression is traced back to."""

_PLAIN = ("builtins.", "operator.", "functools.", "itertools.", "asyncio.", "concurrent.futures.")
"""What makes something of a value and asks nobody else."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that can be reported: a mark's, in a scope of a file."""

    path: str
    scope: int
    place: int


Verdict = tuple[Site, str]
"""The process that a step was started as, and that step."""

Stem = tuple[str, int]
"""A node of a file."""


@dataclass
class Verdicts:
    """
    Collects the ways on which a verdict was heeded, and those on which it was not.

    `names` are the guards of the steps.
    """

    world: World
    conditions: Conditions
    names: Mapping[str, str]
    _heeded: dict[Choice, set[Verdict]] = field(default_factory=dict)
    _overruled: dict[Verdict, dict[frozenset[Choice], None]] = field(default_factory=dict)

    def heed(self, path: Path) -> None:
        """A way has ended in a failure."""
        for step, site in path.refused:
            if site.is_told:
                for choice in path.choices:
                    self._heeded.setdefault(choice, set()).add((site, step))

    def overrule(self, site: Site, step: str, path: Path) -> None:
        """A way has gone on although a process on it has failed."""
        self._overruled.setdefault((site, step), {})[path.choices] = None

    def tells(self, running: Running, site: Site, values: Values, node: int) -> bool:
        """Whether what a function returns lets its caller know how the process has ended."""
        told = [value for value in values if is_told(value)]
        if told:
            return any(not isinstance(v, Told) or v.value is False or v.value for v in told)
        facts = self.world.files[running.path]
        if values in ((Lit(False),), (Lit(None),)):
            others = facts.scopes[running.scope].returns
            return any(
                number != node and self.world.values(running.path, number) != values
                for number in others
            )
        if node < 0 or all(isinstance(v, Lit) for v in values):
            return False
        return (site.path, self._call(site)) in self._stems(running.path, node)[0]

    def conclusions(self, uses: Sequence[Reach]) -> Iterator[tuple[Spot, str, str, str]]:
        """Place, code, what was refused and how it was lost."""
        reported = {
            (reach.path, self.world.files[reach.path].uses[reach.number].node)
            for reach in uses
            if reach.code == "IL306" and 0 <= reach.number < len(self.world.files[reach.path].uses)
        }
        for (site, step), ways in self._overruled.items():
            if (site.path, self._call(site)) in reported:
                continue
            blamed: dict[Site, None] = {}
            for choices in ways:
                causes = self._causes((site, step), choices)
                if not causes:
                    yield self._lost(site, step)
                    blamed = {}
                    break
                blamed.update(dict.fromkeys(causes))
            for cause in blamed:
                if not self._only_asks(site, cause):
                    name = f"interlock {step}" if site.kind == "process" else self.names[step]
                    yield Spot(cause.path, cause.scope, cause.place), "IL301", name, "verdict"

    def _lost(self, site: Site, step: str) -> tuple[Spot, str, str, str]:
        """A verdict that nothing heeds."""
        spot = Spot(site.path, site.scope, site.place)
        if site.kind == "process":
            return (
                spot,
                "IL306",
                f"`interlock {step}`",
                "fails, and the program goes on or ends well",
            )
        nodes = self.world.files[site.path].nodes
        call = nodes[self._call(site)]
        func = nodes[call.func] if isinstance(call, m.Call) else None
        name = func.name if isinstance(func, m.Attr | m.Ref) else step
        return spot, "IL302", name, "lost"

    def _causes(self, verdict: Verdict, choices: Iterable[Choice]) -> list[Site]:
        """The conditions on whose other side the verdict is heeded: only there, or always."""
        asked = [
            (site, way)
            for site, way in choices
            if site.kind in {"condition", "name", "loop"}
            and verdict in self._heeded.get((site, not way), ())
        ]
        only = [one for one in asked if verdict not in self._heeded.get(one, ())]
        gone = frozenset().union(*self._overruled[verdict])
        always = [(site, way) for site, way in asked if (site, not way) not in gone]
        return [site for site, _ in only or always]

    def _only_asks(self, site: Site, cause: Site) -> bool:
        """
        Whether a condition is made of nothing but what the process has told.

        It was too much to be worked out, but nothing from outside has a say in it.
        """
        test = self.conditions.tests.get(cause)
        if test is None or cause in self.conditions.exact:
            return False
        stems, run = self._stems(cause.path, test[0])
        return (site.path, self._call(site)) in stems and all(
            self._is_plain(path, number, run) for path, number in stems
        )

    def _is_plain(self, path: str, number: int, run: set[tuple[str, int]]) -> bool:
        """Whether a node brings in nothing from outside; `run` are the functions it stands in."""
        one = self.world.files[path].nodes[number]
        self.world.steps = 0
        match one:
            case m.Param(scope=scope):
                return (path, scope) in run
            case m.Ref() if self.conditions.is_constant(path, one):
                return False
            case m.From() | m.Starred():
                return all(isinstance(v, Ext | Fun | Cls) for v in self.world.values(path, number))
            case m.Ref() | m.Attr() | m.Item() | m.Call():
                return all(
                    not isinstance(value, Ext) or _is_harmless(value.name)
                    for value in self.world.values(path, number)
                )
            case _:
                return True

    def _call(self, site: Site) -> int:
        """The call that a site stands for."""
        for mark in self.world.files[site.path].control.get(site.scope, ()):
            if mark.place == site.place and mark.op == "call":
                return mark.node
        return -1

    def _stems(self, path: str, node: int) -> tuple[set[Stem], set[tuple[str, int]]]:
        """
        All that a node is made of, through variables and results; not the words of a process.

        And the functions whose results it is made of.
        """
        found, todo = {(path, node)}, [(path, node)]
        run: set[tuple[str, int]] = set()
        while todo and len(found) < _MOST_NODES:
            here, number = todo.pop()
            facts = self.world.files[here]
            one = facts.nodes[number]
            following: list[Stem] = [(here, inner) for inner in operands(one)]
            if isinstance(one, m.Ref):
                following = [(here, facts.bindings[binding].value) for binding in one.bindings]
            elif isinstance(one, m.Call):
                self.world.steps = 0
                functions = self.world.values(here, one.func)
                if any(isinstance(f, Ext) and f.name in endings.ENDINGS for f in functions):
                    following = []
                for function in functions:
                    if isinstance(function, Fun):
                        run.add((function.path, function.scope))
                        scope = self.world.files[function.path].scopes[function.scope]
                        following += [(function.path, returned) for returned in scope.returns]
            fresh = [stem for stem in following if stem not in found]
            found.update(fresh)
            todo += fresh
        return found, run


def _is_harmless(name: str) -> bool:
    starts = processes.STARTS.keys() | endings.DECODING | {"subprocess", "os", "asyncio"}
    return (name.startswith(_PLAIN) and name != "builtins.input") or name in starts
