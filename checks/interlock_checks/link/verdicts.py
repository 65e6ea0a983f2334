"""
Verdicts that a program was told and did not heed: which condition overruled them, if any did.

A way on which a process of interlock has failed either ends in a failure, and then the verdict was
heeded, or it comes to something protected or ends well. What lies between is put down to the
condition on whose other side it is heeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from interlock_checks.catalogue import endings, processes
from interlock_checks.facts import model as m
from interlock_checks.link.conditions import Conditions
from interlock_checks.link.paths import Choice, Path, Site
from interlock_checks.link.running import Running
from interlock_checks.link.uses import Reach
from interlock_checks.link.values import Cls, Ext, Fun, Lit, Told, Values, is_told
from interlock_checks.link.world import World, operands

_MOST_NODES = 2_000
"""Nodes that an expression is traced back to."""

_PLAIN = ("builtins.", "operator.", "functools.", "itertools.")
"""What makes something of a value and asks nobody else."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that can be reported: a mark's, in a scope of a file."""

    path: str
    scope: int
    place: int


@dataclass
class Verdicts:
    """Collects the ways on which a verdict was heeded, and those on which it was not."""

    world: World
    conditions: Conditions
    _heeded: dict[Choice, set[Site]] = field(default_factory=dict)
    _overruled: dict[tuple[Site, str], dict[frozenset[Choice], None]] = field(default_factory=dict)

    def heed(self, path: Path) -> None:
        """A way has ended in a failure."""
        for _, site in path.refused:
            if site.kind == "process":
                for choice in path.choices:
                    self._heeded.setdefault(choice, set()).add(site)

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
        if node < 0 or site.path != running.path or all(isinstance(v, Lit) for v in values):
            return False
        return self._call(site) in self._stems(site.path, node)

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
                causes = self._causes(site, choices)
                if not causes:
                    spot = Spot(site.path, site.scope, site.place)
                    yield spot, "IL306", f"`interlock {step}`", "fails, and the program goes on"
                    blamed = {}
                    break
                blamed.update(dict.fromkeys(causes))
            for cause in blamed:
                if not self._only_asks(site, cause):
                    spot = Spot(cause.path, cause.scope, cause.place)
                    yield spot, "IL301", f"interlock {step}", "verdict"

    def _causes(self, site: Site, choices: Iterable[Choice]) -> list[Site]:
        """The conditions on whose other side the verdict is heeded, and not on this one."""
        return [
            choice
            for choice, way in choices
            if choice.kind in {"condition", "loop"}
            and site in self._heeded.get((choice, not way), ())
            and site not in self._heeded.get((choice, way), ())
        ]

    def _only_asks(self, site: Site, cause: Site) -> bool:
        """
        Whether a condition is made of nothing but what the process has told.

        It was too much to be worked out, but nothing from outside has a say in it.
        """
        test = self.conditions.tests.get(cause)
        if test is None or cause in self.conditions.exact or cause.path != site.path:
            return False
        stems = self._stems(cause.path, test[0])
        return self._call(site) in stems and all(
            self._is_plain(cause.path, number) for number in stems
        )

    def _is_plain(self, path: str, number: int) -> bool:
        facts = self.world.files[path]
        one = facts.nodes[number]
        if isinstance(one, m.Param):
            return False
        if isinstance(one, m.Ref) and self.conditions.is_constant(path, one):
            return False
        if isinstance(one, m.From | m.Starred):
            return all(isinstance(v, Ext | Fun | Cls) for v in self.world.values(path, number))
        if not isinstance(one, m.Ref | m.Attr | m.Item | m.Call):
            return True
        self.world.steps = 0
        return all(
            not isinstance(value, Ext) or _is_harmless(value.name)
            for value in self.world.values(path, number)
        )

    def _call(self, site: Site) -> int:
        """The call that a site stands for."""
        for mark in self.world.files[site.path].control.get(site.scope, ()):
            if mark.place == site.place and mark.op == "call":
                return mark.node
        return -1

    def _stems(self, path: str, node: int) -> set[int]:
        """All that a node is made of, through the variables of its file; not a call's arguments."""
        facts = self.world.files[path]
        found, todo = {node}, [node]
        while todo and len(found) < _MOST_NODES:
            number = todo.pop()
            one = facts.nodes[number]
            following: Iterable[int] = operands(one)
            if isinstance(one, m.Ref):
                following = [facts.bindings[binding].value for binding in one.bindings]
            elif isinstance(one, m.Call) and self._starts(path, one):
                following = ()
            fresh = [inner for inner in following if inner not in found]
            found.update(fresh)
            todo += fresh
        return found

    def _starts(self, path: str, call: m.Call) -> bool:
        self.world.steps = 0
        return any(
            isinstance(value, Ext) and value.name in endings.ENDINGS
            for value in self.world.values(path, call.func)
        )


def _is_harmless(name: str) -> bool:
    starts = processes.STARTS.keys() | endings.DECODING | {"subprocess", "os", "asyncio"}
    return (name.startswith(_PLAIN) and name != "builtins.input") or name in starts
