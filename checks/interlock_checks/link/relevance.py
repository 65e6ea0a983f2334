"""Which functions matter for the order of guards: what reaches none is not followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from interlock_checks.catalogue import control, endings
from interlock_checks.catalogue.guards import INTERLOCK
from interlock_checks.facts import model as m
from interlock_checks.link.members import attribute_of
from interlock_checks.link.running import guard_of
from interlock_checks.link.shape import Step, every
from interlock_checks.link.values import (
    Bound,
    Cls,
    Ext,
    Fun,
    Made,
    Many,
    Method,
    Obj,
    Par,
    Table,
    Value,
    Values,
)
from interlock_checks.link.world import World

Scope = tuple[str, int]

MOST_BROUGHT = 64
"""Parts of arguments that are looked at for functions."""


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

    def brings(self, values: Values) -> bool:
        """Whether values are, or are lists and tables of, functions that matter."""
        todo = list(values)
        budget = MOST_BROUGHT
        while todo and budget:
            budget -= 1
            value = todo.pop()
            match value:
                case Many(items=items):
                    todo += chain.from_iterable(items)
                case Table(pairs=pairs):
                    todo += chain.from_iterable(held for _, held in pairs)
                case Obj(given=tuple() as given):
                    todo += chain.from_iterable(one.values for one in given)
                case Fun(path=path, scope=scope):
                    if scope in self.world.files[path].control and self.matters(path, scope):
                        return True
                case _:
                    if guard_of(value) is not None:
                        return True
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
            spelled = [n for arg in call.args for n in _spelled(nodes, arg.value)]
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


def _spelled(nodes: Sequence[m.Node], number: int, depth: int = 0) -> Iterator[int]:
    """The names that are given away, one by one or in a list or table that is written out."""
    one = nodes[number]
    if isinstance(one, _NAMES):
        yield number
    elif depth < 2:
        items = one.items if isinstance(one, m.Seq) else ()
        for item in one.values if isinstance(one, m.Map) else items:
            yield from _spelled(nodes, item, depth + 1)


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
