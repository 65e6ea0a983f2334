"""The names of variables, attributes and functions from which guards may get a receipt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interlock_checks.catalogue import control
from interlock_checks.facts import model as m
from interlock_checks.link.needs import operands
from interlock_checks.link.running import guard_of
from interlock_checks.link.shape import Step
from interlock_checks.link.values import Fun
from interlock_checks.link.world import World

_MOST_WALKED = 4_000
_ROUNDS = 6
"""Functions that hand a receptacle on, one to the other."""


_MOST_WORDS = 100
"""Names that are followed at all: where there are more, they are ordinary words, and what a list of
such a name holds is unknown."""


@dataclass
class Receptacles:
    """What may hold receipts, by its name alone; `files` are those near a guard."""

    world: World
    files: Sequence[str] = ()
    _words: frozenset[str] | None = None

    def follows(self, word: str) -> bool:
        """Whether a variable, attribute or function of that name may hold receipts."""
        if self._words is None:
            self._words = self._wanted()
        return word in self._words

    def _wanted(self) -> frozenset[str]:
        """The names that lead to the arguments of guards."""
        calls: dict[str, list[tuple[str, m.Call]]] = {}
        todo: list[tuple[str, int]] = []
        parameters: dict[str, set[str]] = {}
        for path in self.files:
            nodes = self.world.files[path].nodes
            for one in self.world.files[path].scopes:
                parameters.setdefault(one.name, set()).update(p.name for p in one.parameters)
            for call in nodes:
                if not isinstance(call, m.Call):
                    continue
                func = nodes[call.func]
                self.world.steps = 0
                functions = self.world.values(path, call.func)
                # By the name that is called, and by those of what that means.
                names = {func.name} if isinstance(func, m.Ref | m.Attr) else set()
                for function in functions:
                    if isinstance(function, Fun):
                        names.add(self.world.files[function.path].scopes[function.scope].name)
                for name in sorted(names):
                    calls.setdefault(name, []).append((path, call))
                guards = [guard_of(function) for function in functions]
                if any(guard is not None and guard.consumes for guard in guards):
                    todo += [(path, arg.value) for arg in call.args]
        words: set[str] = set()
        seen = set(todo)

        def add(found: Iterable[tuple[str, int]]) -> None:
            fresh = [one for one in found if one not in seen]
            seen.update(fresh)
            todo.extend(fresh)

        while todo and len(seen) < _MOST_WALKED:
            path, number = todo.pop()
            facts = self.world.files[path]
            node = facts.nodes[number]
            add((path, inner) for inner in operands(node))
            match node:
                case m.Ref(name=name, bindings=bindings):
                    words.add(name)
                    add((path, facts.bindings[binding].value) for binding in bindings)
                case m.Attr(name=name):
                    words.add(name)
                case m.Param(scope=scope):
                    for caller, made in calls.get(facts.scopes[scope].name, ()):
                        add((caller, arg.value) for arg in made.args)
                case m.Call(func=callee):
                    self.world.steps = 0
                    for value in self.world.values(path, callee):
                        if isinstance(value, Fun):
                            own = self.world.files[value.path].scopes[value.scope]
                            words.add(own.name)
                            add((value.path, n) for n in (*own.returns, *own.yields) if n >= 0)
                case _:
                    pass
        for _ in range(_ROUNDS):
            before = len(words)
            for name, found in calls.items():
                for path, call in found:
                    if self._hands_on(path, call, words):
                        words |= parameters.get(name, set())
            if len(words) == before:
                break
        return frozenset(words) if len(words) <= _MOST_WORDS else frozenset()

    def _hands_on(self, path: str, call: m.Call, words: set[str]) -> bool:
        nodes = self.world.files[path].nodes
        given = [nodes[arg.value] for arg in call.args]
        return any(isinstance(one, m.Ref | m.Attr) and one.name in words for one in given)

    def fills(self, path: str, step: Step) -> bool:
        """Whether a step puts something into what may hold receipts elsewhere."""
        nodes = self.world.files[path].nodes
        one = nodes[step.node] if step.op in {"put", "set", "call"} else None
        base = -1
        if isinstance(one, m.Op):
            base = one.left
        elif isinstance(one, m.Call):
            method = nodes[one.func]
            if isinstance(method, m.Attr) and method.name in control.FILLING | control.JOINING:
                base = method.base
        word = nodes[base] if base >= 0 else None
        return isinstance(word, m.Ref | m.Attr) and self.follows(word.name)
