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
_GIVING = control.TAKING | control.COPYING
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
        links = self._links_of(path)
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
                    if one.name not in _GIVING:
                        continue
                if isinstance(one, m.Call):
                    if one.func == number:
                        if not isinstance(nodes[number], m.Attr):
                            continue
                    elif self._tells_nothing(path, one):
                        continue
                    elif kept := self._kept_in(path, one):
                        todo += [value for value in kept if value not in seen]
                        seen.update(kept)
                        continue
                    if one.func != number and self.keeps(path, one):
                        return "kept"
                    if one.func != number and not self._waits(path, above):
                        return "raised"
                    found = found if one.func == number else "told"
                if isinstance(one, m.Op) and one.operator == m.STORED and one.right == number:
                    return "raised"
                if above not in seen:
                    seen.add(above)
                    todo.append(above)
        return found

    def _links_of(self, path: str) -> _Links:
        links = self._links.get(path)
        if links is None:
            links = self._links[path] = _linked(self.world.files[path])
        return links

    def taken(self, path: str, call: int) -> bool:
        """Whether something goes over what a call gives, or gets it; before, nothing is raised."""
        links = self._links_of(path)
        nodes = self.world.files[path].nodes
        todo, seen = [call], {call}
        while todo:
            number = todo.pop()
            if number in links.run:
                return True
            for above in links.into.get(number, ()):
                if not isinstance(nodes[above], m.Ref):
                    return True
                if above not in seen:
                    seen.add(above)
                    todo.append(above)
        return False

    def _kept_in(self, path: str, call: m.Call) -> tuple[int, ...]:
        """What a variable is bound to, if the call puts something into what a function made."""
        facts = self.world.files[path]
        method = facts.nodes[call.func]
        if not isinstance(method, m.Attr) or method.name not in control.FILLING:
            return ()
        held = facts.nodes[method.base]
        found = [facts.bindings[b] for b in held.bindings] if isinstance(held, m.Ref) else []
        # What a module keeps, or was given from elsewhere, may be asked for there.
        own = all(one.scope and self._is_fresh(path, one.value) for one in found)
        return tuple(one.value for one in found) if own else ()

    def _is_fresh(self, path: str, number: int) -> bool:
        """Whether a value is a list, set or table that is made here."""
        one = self.world.files[path].nodes[number]
        if isinstance(one, m.Call):
            self.world.steps = 0
            functions = self.world.values(path, one.func)
            return all(_called(f) in control.COLLECTING | control.EMPTY for f in functions)
        return isinstance(one, m.Seq | m.Map | m.Op)

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
