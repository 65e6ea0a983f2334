"""Which functions matter for the order of guards: what reaches none is not followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from interlock_checks.catalogue import control, endings
from interlock_checks.catalogue.guards import INTERLOCK
from interlock_checks.facts import model as m
from interlock_checks.link.members import attribute_of
from interlock_checks.link.running import guard_of
from interlock_checks.link.shape import Step, every
from interlock_checks.link.values import Bound, Cls, Ext, Fun, Made, Method, Obj, Par, Value
from interlock_checks.link.world import World

Scope = tuple[str, int]


def names_a_guard(facts: m.Facts) -> bool:
    """Whether a file can call a guard, or start one as a process, by what it spells itself."""
    return any(one.level == 0 and one.module == INTERLOCK.name for one in facts.imports) or any(
        isinstance(node, m.Const)
        and isinstance(node.value, str)
        and node.value.startswith(INTERLOCK.name)
        for node in facts.nodes
    )


@dataclass
class Relevance:
    """
    A function matters if it, or one that it calls, meets a guard or a sink, ends the program,
    calls what it was given, or puts something where receipts are kept.
    """

    world: World
    shape: Callable[[str, int], tuple[Step, ...]]
    is_sink: Callable[[str, int], bool]
    fills: Callable[[str, Step], bool]
    _known: dict[Scope, bool] = field(default_factory=dict)
    _read: dict[Scope, tuple[bool, frozenset[Scope]]] = field(default_factory=dict)

    def matters(self, path: str, scope: int) -> bool:
        """Whether the order of what this does is worth to be followed."""
        start = (path, scope)
        if start in self._known:
            return self._known[start]
        todo, seen = [start], {start}
        while todo:
            here = todo.pop()
            direct, called = self._reads(here)
            if direct or self._known.get(here):
                self._known[start] = True
                return True
            for one in called - seen:
                if self._known.get(one) is not False:
                    seen.add(one)
                    todo.append(one)
        self._known.update(dict.fromkeys(seen, False))
        return False

    def called(self, path: str, scope: int) -> frozenset[Scope]:
        """The functions of the repository that a scope calls or hands on."""
        return self._reads((path, scope))[1]

    def _reads(self, here: Scope) -> tuple[bool, frozenset[Scope]]:
        known = self._read.get(here)
        if known is not None:
            return known
        path, scope = here
        nodes = self.world.files[path].nodes
        steps = self.shape(path, scope)
        direct = any(step.op == "raise" for step in steps)
        called: set[Scope] = set()
        for step in every(steps):
            direct = direct or self.fills(path, step)
            call = nodes[step.node] if step.op == "call" else None
            if not isinstance(call, m.Call):
                continue
            direct = direct or self.is_sink(path, step.node)
            spelled = [arg.value for arg in call.args if isinstance(nodes[arg.value], _NAMES)]
            for node in (call.func, *spelled):
                self.world.steps = 0
                for value in self.world.values(path, node):
                    direct = direct or _is_direct(value, of_call=node == call.func)
                    called.update(self._scopes(value))
        self._read[here] = direct, frozenset(called)
        return self._read[here]

    def _scopes(self, value: Value) -> Iterator[Scope]:
        match value:
            case Fun(path=path, scope=scope):
                yield path, scope
                for decorator in self.world.files[path].scopes[scope].decorators:
                    for maker in self.world.values(path, decorator):
                        if isinstance(maker, Fun):
                            yield maker.path, maker.scope
            case Bound(func=func):
                yield from self._scopes(func)
            case Cls(path=path, scope=scope) | Obj(path=path, scope=scope):
                made = Obj(path, scope)
                for name in ("__init__", "__call__", "__enter__", "__exit__"):
                    for method in attribute_of(self.world, made, name):
                        if isinstance(method, Fun):
                            yield method.path, method.scope
            case _:
                pass


_NAMES = (m.Ref, m.Attr, m.Function)


def _is_direct(value: Value, *, of_call: bool) -> bool:
    if guard_of(value) is not None:
        return True
    match value:
        case Par():
            return of_call
        case Ext(name=name):
            known = name in control.ENDING or name in endings.ENDINGS
            return known or name.startswith(f"{INTERLOCK.name}.")
        case Method(owner=owner, name=name):
            whole = f"{owner.name}.{name}" if isinstance(owner, Made) else name
            return whole in control.ENDING or whole in endings.ENDINGS
        case _:
            return False
