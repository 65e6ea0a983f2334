"""
Guards that need not run, refusals that reach nobody, and what runs without its guard.

Listens while the ways through every scope near a guard are followed. A step that is missing on
one way is put down to the condition on whose other side it runs; without such a condition it is
simply missing, and reported where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from interlock_checks import catalogue
from interlock_checks.catalogue import control
from interlock_checks.facts import model as m
from interlock_checks.link.asked import Asked
from interlock_checks.link.conditions import Conditions
from interlock_checks.link.follow import HANDLERS, start
from interlock_checks.link.machine import Machine
from interlock_checks.link.needs import operands
from interlock_checks.link.paths import Choice, Path, Site
from interlock_checks.link.reach import Reach
from interlock_checks.link.running import Receipt, Running
from interlock_checks.link.values import Ext, Fun, Lit, Made, Method, Told, Values
from interlock_checks.link.verdicts import Spot, Verdicts
from interlock_checks.link.world import NESTED, World

_PURE = frozenset({"approve", "validate"})
_HARMLESS = frozenset({"verify", "backup"})
"""Steps that change nothing, and may be run although one before them has failed."""

_STEP_NAMES: dict[str, str] = {
    guard.step: name for name, guard in reversed(list(catalogue.GUARDS.items()))
}


class Places(Protocol):
    """Where guards are owed; see `interlock_checks.homes`."""

    def is_test(self, path: str) -> bool: ...

    def is_deploy(self, path: str) -> bool: ...

    def is_env(self, path: str) -> bool: ...

    def allows(self, code: str, path: str, scope: tuple[str, ...]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Lack:
    """
    A way on which something runs without a step.

    `code` is what is reported if no condition is to blame; empty where that is nothing.
    """

    step: str
    spot: Spot
    code: str
    sink: str
    choices: frozenset[Choice]
    root: Spot


@dataclass
class Order:
    """
    The `Watch` of the machine; `reaches` are complete after `finish`.

    `uses` are the sinks that files reach, `near_files` those whose order is kept.
    """

    world: World
    places: Places
    uses: Sequence[Reach]
    near_files: Sequence[str]
    reaches: list[Reach] = field(default_factory=list)
    lacks: dict[Lack, None] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    _after: dict[Choice, set[str]] = field(default_factory=dict)
    _met: set[tuple[Spot, str]] = field(default_factory=set)
    _served: set[tuple[Choice, str]] = field(default_factory=set)
    _swallowed: dict[tuple[Site, str], None] = field(default_factory=dict)
    _verdicts: Verdicts = field(init=False)
    _by_call: dict[tuple[str, int], list[Reach]] = field(default_factory=dict)
    _by_scope: dict[tuple[str, int], list[Reach]] = field(default_factory=dict)
    _permits: dict[tuple[str, int], int] = field(default_factory=dict)
    _approved: set[str] = field(default_factory=set)
    _root: Spot = field(default=Spot("", 0, -1))
    _validated: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.conditions = Conditions(self.world)
        self.conditions.holdings.receptacles.files = [
            path for path in self.near_files if self.world.files[path].control
        ]
        self._verdicts = Verdicts(self.world, self.conditions, _STEP_NAMES)
        self.machine = Machine(
            self.world,
            self,
            self.conditions,
            Asked(self.world),
            self.places.is_test,
            lambda path, node: (path, node) in self._by_call,
            HANDLERS,
        )

    def run(self) -> None:
        """Follow every scope near a guard outside of tests, from wherever it may be entered."""
        for reach in self.uses:
            if reach.number < 0 or not reach.code.startswith(("IL1", "IL2")):
                continue
            uses = self.world.files[reach.path].uses
            if reach.number < len(uses) and uses[reach.number].manner == "called":
                self._by_call.setdefault((reach.path, uses[reach.number].node), []).append(reach)
                self._by_scope.setdefault((reach.path, reach.scope), []).append(reach)
        self._follow([path for path in self.near_files if not self.places.is_test(path)])
        self.wanted = self.machine.wanted

    def finish(self) -> None:
        """Follow tests as well, which ask for nothing to be read, and draw the conclusions."""
        self._follow([path for path in self.near_files if self.places.is_test(path)])
        self._conclude()

    def _follow(self, paths: Sequence[str]) -> None:
        for path, scope in self._roots(paths):
            if (path, scope) in self.machine.visited:
                continue
            self._root = Spot(path, scope, -1)
            flow, running = start(self.machine, path, scope)
            for one in flow.normal:
                self._ended(one, running, (Lit(None),))
            for jump in flow.jumps:
                if jump.failing:
                    self._verdicts.heed(jump.path)
                else:
                    self._ended(jump.path, running, jump.values, jump.node)
            for raised in flow.raised:
                for site, _ in raised.path.choices if raised.kind == "refusal" else ():
                    if site.kind == "exit" and raised.step != "engine":
                        self._swallow(site, raised.step, raised.path)
                if raised.kind == "success":
                    self._ended(raised.path, running, (Lit(None),))
                else:
                    self._verdicts.heed(raised.path)

    def _roots(self, paths: Sequence[str]) -> list[tuple[str, int]]:
        """Modules, then functions that nobody calls, then what was not reached from these."""
        near = [(path, self.world.files[path]) for path in sorted(paths) if NESTED not in path]
        called: set[tuple[str, int]] = set()
        for path, facts in near:
            for number, marks in facts.control.items():
                called |= self.machine.relevance.called(path, number)
                for mark in marks:
                    node = facts.nodes[mark.node] if mark.op == "call" else None
                    if isinstance(node, m.Call):
                        functions = self.world.values(path, node.func)
                        if any(_step(function) == "validate" for function in functions):
                            self._validated |= self._names(path, [a.value for a in node.args])
        modules = [(path, 0) for path, facts in near if 0 in facts.control]
        plain: list[tuple[str, int]] = []
        inner: list[tuple[str, int]] = []
        for path, facts in near:
            for number in sorted(facts.control):
                scope = facts.scopes[number]
                outermost = scope.parent <= 0 or facts.scopes[scope.parent].kind == "class"
                if number and scope.kind == "function":
                    free = outermost and (path, number) not in called
                    (plain if free else inner).append((path, number))
                elif number:
                    inner.append((path, number))
        matters = self.machine.relevance.matters
        return [start for start in (*modules, *plain, *inner) if matters(*start)]

    def refusing(self) -> dict[str, set[str]]:
        """File -> names in it by which others call what may refuse."""
        found: dict[str, set[str]] = {}
        for path, number in self.machine.refusing:
            names = self.world.files[path].scope_names(number)
            if names:
                found.setdefault(path, set()).add(names[0])
        return found

    # --- what the machine tells ---

    def guard(
        self, at: Running, place: int, guard: catalogue.Guard, path: Path, given: Receipt
    ) -> Path:
        spot = Spot(at.path, at.scope, place)
        path = self._protected(at, spot, guard.step, guard.name, path)
        if guard.consumes:
            if given == "wanted":
                self._met.add((spot, guard.step))
            elif given == "used":
                self._lack("used", spot, "IL402", guard.name, path)
            else:
                step = "verify" if "verify" not in path.ran else "backup"
                self._lack(step, spot, "IL402", guard.name, path)
        if guard.step == "migrate" and not guard.consumes:
            # A command finds its receipts itself; what a condition left out, it does not find.
            for step in ("verify", "backup"):
                if step not in path.ran:
                    self._lack(step, spot, "", guard.name, path)
        if guard.step == "approve":
            self._approved.add(self._root.path)
        if guard.step == "engine":
            path = self._approval(at, place, guard.name, path)
        return path

    def sink(self, at: Running, place: int, node: int, path: Path) -> Path:
        known = self._permits.get((at.path, node), path.permits)
        self._permits[at.path, node] = min(known, path.permits)
        for reach in self._by_call.get((at.path, node), ()):
            path = self._reached(at, Spot(at.path, at.scope, place), reach, path)
        return path

    def opaque(self, at: Running, place: int, function: Fun, path: Path) -> Path:
        for reach in self._by_scope.get((function.path, function.scope), ()):
            path = self._reached(at, Spot(at.path, at.scope, place), reach, path)
        return path

    def ran(self, step: str, path: Path) -> None:
        for choice in path.choices:
            self._after.setdefault(choice, set()).add(step)

    def lost(self, at: Running, place: int, how: str) -> None:
        self._report(Spot(at.path, at.scope, place), "IL302", how, "lost")

    # --- what follows from it ---

    def _reached(self, at: Running, spot: Spot, reach: Reach, path: Path) -> Path:
        opens = not reach.code.startswith("IL1")
        path = self._protected(at, spot, "sink", reach.sink, path, opens=opens)
        if reach.code.startswith("IL1") and self.places.is_deploy(spot.path):
            if path.permits:
                self._met.add((spot, "permit"))
            else:
                self._lack("permit", spot, "IL401", reach.sink, path)
        names = self.world.files[reach.path].scope_names(reach.scope)
        if reach.code.startswith("IL2") and self.places.allows(reach.code, reach.path, names):
            self._lack("engine", spot, "", reach.sink, path)
        return self._approval(at, spot.place, reach.sink, path)

    def _protected(
        self, at: Running, spot: Spot, step: str, name: str, path: Path, *, opens: bool = True
    ) -> Path:
        """Something that guards are for is about to run; `opens`: it may reach for a database."""
        for refused, site in path.refused:
            if site.is_told and step in _HARMLESS:
                continue
            if not _is_retry(refused, step):
                self._swallow(site, refused, path)
                if site.is_told:
                    path = path.did(refused)  # overruled: what follows does not depend on it
        owed = self._owed()
        if not opens and self.places.is_env(self._root.path):
            owed -= {"validate"}  # offline mode runs migrations as well, and has no engine
        for pure in owed - path.ran - {step}:
            self._lack(pure, spot, "", name, path)
        for pure in _PURE & path.ran:
            self._served.update((choice, pure) for choice in path.choices)
        return path

    def _owed(self) -> frozenset[str]:
        """Guards for the sake of what follows; `_approval` sees to that of an env.py."""
        return _PURE - {"approve"} if self.places.is_env(self._root.path) else _PURE

    def _approval(self, at: Running, place: int, name: str, path: Path) -> Path:
        """In env.py nothing comes before the approval."""
        env = self._root.path
        if not self.places.is_env(env):
            return path
        here = at
        while here.path != env and here.outer is not None:
            place, here = here.place, here.outer
        spot = Spot(here.path, here.scope, place)
        if "approve" in path.ran:
            self._met.add((spot, "approve"))
            return path
        self._lack("approve", spot, "IL403", name, path)
        return path.did("approve")

    def _lack(self, step: str, spot: Spot, code: str, sink: str, path: Path) -> None:
        if any(refused == step for refused, _ in path.refused):
            return  # reported where the refusal was swallowed
        self.lacks[Lack(step, spot, code, sink, path.choices, self._root)] = None

    def _swallow(self, site: Site, refused: str, path: Path) -> None:
        if site.is_told and self.places.is_test(site.path):
            return  # a test runs steps that fail
        if site.is_told:
            self._verdicts.overrule(site, refused, path)
        else:
            self._swallowed[site, refused] = None

    def _ended(self, path: Path, running: Running, values: Values, node: int = -1) -> None:
        """The program, or a function that nobody is known to call, has ended well."""
        spot = Spot(running.path, running.scope, -1)
        for pure in self._owed() - path.ran:
            self._lack(pure, spot, "", "", path)
        if self.places.is_test(running.path):
            return
        if _tells(values):
            self._verdicts.heed(path)
            return
        for refused, site in path.refused:
            if site.is_told and self._verdicts.tells(running, site, values, node):
                self._verdicts.heed(path)
            else:
                self._swallow(site, refused, path)

    # --- conclusions ---

    def _conclude(self) -> None:
        unapproved: dict[str, Lack] = {}
        for lack in self.lacks:
            causes = [
                site
                for site, way in lack.choices
                if lack.step in self._after.get((site, not way), ())
                and lack.step not in self._after.get((site, way), ())
            ]
            if any((site, lack.step) in self._swallowed for site in causes):
                continue
            if not lack.sink:
                # Where what a guard is for runs on its own side of the condition only, that
                # decides whether there is anything to guard.
                causes = [site for site in causes if not self._serves(site, lack)]
            causes = [site for site in causes if self._decides(site, lack)]
            shared = not lack.code or (lack.spot, _needs(lack)) in self._met
            if causes and shared:
                for site in causes:
                    name = _STEP_NAMES[lack.step]
                    self._report(Spot(site.path, site.scope, site.place), "IL301", name, site.kind)
            elif lack.code == "IL403" and lack.spot.path not in self._approved:
                first = unapproved.setdefault(lack.spot.path, lack)
                if lack.spot.place < first.spot.place:
                    unapproved[lack.spot.path] = lack
            elif lack.code and not self.places.is_test(lack.spot.path):
                self._report(lack.spot, lack.code, lack.sink, lack.step)
        for lack in unapproved.values():
            self._report(lack.spot, lack.code, lack.sink, "never")
        for site, step in self._swallowed:
            spot = Spot(site.path, site.scope, site.place)
            self._report(spot, "IL302", _STEP_NAMES.get(step, step), site.kind)
        for spot, code, sink, manner in self._verdicts.conclusions(self.uses):
            self._report(spot, code, sink, manner)
        self._given_away()

    def _serves(self, site: Site, lack: Lack) -> bool:
        """Whether something is done behind the guard on the side of a site where it ran."""
        return any(
            ((site, not way), lack.step) in self._served
            for other, way in lack.choices
            if other == site
        )

    def _decides(self, site: Site, lack: Lack) -> bool:
        """Whether what a site asks comes from outside, and is no choice of what to do at all."""
        if lack.step == "engine" and site.kind not in {"condition", "name"}:
            return False
        if site.kind not in {"condition", "name", "loop", "handler", "override"}:
            return False
        test = self.conditions.tests.get(site)
        if test is None:
            return True
        node, frame = test
        leaves = self._leaves(site.path, node)
        self.world.steps = 0
        values = [self.world.values(site.path, leaf, frame) for leaf in leaves]
        if values and all(
            group and all(isinstance(v, Made) and v.name.startswith("interlock.") for v in group)
            for group in values
        ):
            return False
        names = self._names(site.path, [node])
        if lack.step == "validate" and names and names <= self._validated:
            return False  # whether there is a URL at all
        if lack.sink:
            return True
        return not self._dispatches(site.path, node)

    def _names(self, path: str, numbers: Iterable[int]) -> set[tuple[str, str]]:
        nodes = self.world.files[path].nodes
        found: set[tuple[str, str]] = set()
        for number in numbers:
            for leaf in self._leaves(path, number):
                one = nodes[leaf]
                if isinstance(one, m.Ref):
                    found.add((path, one.name))
        return found

    def _leaves(self, path: str, node: int) -> list[int]:
        """The names that a condition is made of."""
        nodes = self.world.files[path].nodes
        found: list[int] = []
        todo, seen = [node], {node}
        while todo:
            number = todo.pop()
            if isinstance(nodes[number], m.Ref):
                found.append(number)
            for inner in operands(nodes[number]):
                if inner not in seen:
                    seen.add(inner)
                    todo.append(inner)
        return found

    def _dispatches(self, path: str, node: int) -> bool:
        """Whether a condition asks which of several things to do: `command == "deploy"`."""
        one = self.world.files[path].nodes[node]
        if not isinstance(one, m.Test) or one.operator not in {"==", "!=", "in"}:
            return False
        return any(
            isinstance(self.world.files[path].nodes[number], m.Const) for number in one.operands
        )

    def _given_away(self) -> None:
        """Sinks that the deploy module does not call itself but hands on."""
        called = {reach.via for reach in self.uses if reach.via is not None}
        for reach in self.uses:
            if not reach.code.startswith("IL1") or not self.places.is_deploy(reach.path):
                continue
            facts = self.world.files[reach.path]
            if not 0 <= reach.number < len(facts.uses) or reach.weak:
                continue
            use = facts.uses[reach.number]
            if use.manner in {"called", "bound to another name"}:
                if use.manner == "called" and not facts.control:
                    self.reaches.append(_at_use(reach, "permit"))
                continue
            if (reach.path, reach.number) in called or self._runs_in_permit(reach.path, use):
                continue
            self.reaches.append(_at_use(reach, "handed on"))

    def _runs_in_permit(self, path: str, use: m.Use) -> bool:
        facts = self.world.files[path]
        if use.into < 0:
            return False
        names = {
            value.name
            for value in self.world.values(path, use.into)
            if isinstance(value, Ext | Method)
        }
        if not names or not all(
            name in control.CALLING or name.rpartition(".")[2] in control.CALLING_METHODS
            for name in names
        ):
            return False
        return any(
            permits > 0 and not self._is_deferred(path, node)
            for (file, node), permits in self._permits.items()
            if file == path and _calls(facts.nodes[node], use.into)
        )

    def _is_deferred(self, path: str, call: int) -> bool:
        """Whether what a call gives is handed to something that runs it later."""
        nodes = self.world.files[path].nodes
        return any(
            isinstance(one, m.Call)
            and any(arg.value == call for arg in one.args)
            and any(
                isinstance(value, Ext | Method)
                and value.name.rpartition(".")[2] in control.DEFERRING
                for value in self.world.values(path, one.func)
            )
            for one in nodes
        )

    def _report(self, spot: Spot, code: str, sink: str, manner: str) -> None:
        facts = self.world.files[spot.path]
        if spot.place < 0:
            return
        number = facts.first_place + spot.place
        self.reaches.append(Reach(spot.path, number, spot.scope, code, sink, manner))


def _at_use(reach: Reach, manner: str) -> Reach:
    return Reach(reach.path, reach.number, reach.scope, "IL401", reach.sink, manner)


def _is_retry(refused: str, step: str) -> bool:
    """Whether a step begins again what was refused: the same step, or one before it."""
    if refused == step:
        return True
    chain = ("verify", "backup", "permit", "migrate")
    return refused in chain and step in chain and chain.index(step) < chain.index(refused)


def _calls(node: m.Node, func: int) -> bool:
    return isinstance(node, m.Call) and node.func == func


def _needs(lack: Lack) -> str:
    """By what a guarded visit of the same place is remembered."""
    return {"IL401": "permit", "IL403": "approve"}.get(lack.code) or _step_of(lack.sink)


def _step(function: object) -> str:
    return _step_of(function.name) if isinstance(function, Ext) else ""


def _step_of(name: str) -> str:
    guard = catalogue.guard(name)
    return "" if guard is None else guard.step


def _tells(values: Values) -> bool:
    """Whether what a function returns tells of a failure: an exit status, an HTTP error."""
    return bool(values) and all(
        isinstance(value, Lit | Told)
        and isinstance(value.value, int)
        and not isinstance(value.value, bool)
        and value.value != 0
        for value in values
    )
