"""
How somebody asks for the result of a call: a future that nobody asks keeps its exception.

`result()` and `await` raise what a future keeps; `exception()` only tells it, to whoever looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from interlock_checks.catalogue import control
from interlock_checks.facts import model as m
from interlock_checks.link.needs import operands
from interlock_checks.link.values import Ext, Lit, Made, Method, Value
from interlock_checks.link.world import World

How = Literal["", "told", "raised", "kept"]
"""`kept`: whoever is given it runs it, and keeps what it raises among the results."""

_TELLING = frozenset({"exception"})
_ASKING = frozenset({"result", "get", "__await__"})
_TASKS = frozenset({"create_task", "ensure_future"})
_RUNNING = frozenset({"await", "return", "from", "with"})
"""Marks of what raises in turn, or is handed on to a caller."""


@dataclass
class _Links:
    """Where each node of a file goes: into other nodes, by way of variables, and into marks."""

    into: dict[int, list[int]] = field(default_factory=dict)
    run: set[int] = field(default_factory=set)


@dataclass
class Asked:
    """Answers for the calls of each file."""

    world: World
    _links: dict[str, _Links] = field(default_factory=dict)

    def how(self, path: str, call: int) -> How:
        """Whether what a call's result keeps is raised somewhere, only told, or neither."""
        links = self._links.get(path)
        if links is None:
            links = self._links[path] = _linked(self.world.files[path])
        nodes = self.world.files[path].nodes
        found: How = ""
        todo, seen = [call], {call}
        while todo:
            number = todo.pop()
            if number in links.run and not self._waits(path, number):
                return "raised"
            for above in links.into.get(number, ()):
                one = nodes[above]
                if isinstance(one, m.Attr):
                    if one.name in _ASKING:
                        return "raised"
                    found = "told" if one.name in _TELLING else found
                    continue
                if isinstance(one, m.Call):
                    if one.func == number or self._tells_nothing(path, one):
                        continue
                    if self.keeps(path, one):
                        return "kept"
                    if not self._waits(path, above):
                        return "raised"
                    found = "told"
                if isinstance(one, m.Op) and one.operator == m.STORED and one.right == number:
                    return "raised"
                if above not in seen:
                    seen.add(above)
                    todo.append(above)
        return found

    def _waits(self, path: str, number: int) -> bool:
        """Whether a call only waits for what it is given, and gives it back."""
        one = self.world.files[path].nodes[number]
        return isinstance(one, m.Call) and any(
            _called(f) in control.WAITING or _starts_a_task(_called(f))
            for f in self.world.values(path, one.func)
        )

    def keeps(self, path: str, call: m.Call) -> bool:
        """Whether a call gives exceptions back among its results: `return_exceptions=True`."""
        self.world.steps = 0
        return any(
            arg.name == "return_exceptions" and self.world.values(path, arg.value) != (Lit(False),)
            for arg in call.args
        )

    def _tells_nothing(self, path: str, call: m.Call) -> bool:
        self.world.steps = 0
        return any(
            (isinstance(f, Ext) and f.name in control.INERT_CALLS)
            or (isinstance(f, Method) and f.name in control.INERT_METHODS)
            for f in self.world.values(path, call.func)
        )


def _called(function: Value) -> str:
    match function:
        case Method(owner=Made(name=owner), name=name):
            return f"{owner}.{name}"
        case Ext(name=name) | Method(name=name):
            return name
        case _:
            return ""


def _starts_a_task(name: str) -> bool:
    """Whether a call gives a task for a coroutine, which keeps what that raises."""
    return name.rpartition(".")[2] in _TASKS and name not in control.STRUCTURED


def _linked(facts: m.Facts) -> _Links:
    links = _Links()
    for number, node in enumerate(facts.nodes):
        for inner in operands(node):
            links.into.setdefault(inner, []).append(number)
        if isinstance(node, m.Ref):
            for binding in node.bindings:
                links.into.setdefault(facts.bindings[binding].value, []).append(number)
    for marks in facts.control.values():
        links.run.update(mark.node for mark in marks if mark.op in _RUNNING)
    for scope in facts.scopes:
        links.run.update((*scope.returns, *scope.yields))
    return links
