"""Whether two loops go over the same: then either both run, or neither does."""

from __future__ import annotations

from dataclasses import dataclass, field

from interlock_checks.catalogue import control
from interlock_checks.facts import model as m
from interlock_checks.link.running import Running
from interlock_checks.link.values import Ext
from interlock_checks.link.world import World

_DEEPEST = 6
_CHANGING = control.FILLING | control.JOINING | control.REMOVING
_GIVING_ALL = control.COLLECTING - control.SHORTENING

_ANY_SCOPE = -1


@dataclass
class Sources:
    """Spells what loops go over; `_changed` are the names whose lists grow or shrink somewhere."""

    world: World
    _changed: dict[str, frozenset[tuple[int, str]]] = field(default_factory=dict)

    def spelled(self, at: Running, node: int) -> str | None:
        """What a loop goes over, the same text for the same; None where that may change."""
        facts = self.world.files[at.path]
        for _ in range(_DEEPEST):
            call = facts.nodes[node]
            if not isinstance(call, m.Call):
                break
            method = facts.nodes[call.func]
            if isinstance(method, m.Attr) and method.name in {"items", "keys"} and not call.args:
                node = method.base
                continue
            self.world.steps = 0
            functions = self.world.values(at.path, call.func, at.frame)
            names = {value.name if isinstance(value, Ext) else "" for value in functions}
            if not call.args or not names or not names <= _GIVING_ALL:
                return None
            node = call.args[0].value
        attributes: list[str] = []
        one = facts.nodes[node]
        while isinstance(one, m.Attr):
            attributes.append(one.name)
            one = facts.nodes[one.base]
        if not isinstance(one, m.Ref) or not one.bindings:
            return None
        scope = facts.bindings[one.bindings[0]].scope
        changed = (_ANY_SCOPE, attributes[0]) if attributes else (scope, one.name)
        if changed in self._changed_in(at.path):
            return None
        of_call = at.owner if scope else 0
        return ".".join((f"{at.path}:{of_call}:{one.name}{one.bindings}", *reversed(attributes)))

    def _changed_in(self, path: str) -> frozenset[tuple[int, str]]:
        """Variables, by scope and name, and attributes, by name, that a method puts or takes."""
        known = self._changed.get(path)
        if known is not None:
            return known
        facts = self.world.files[path]
        found: set[tuple[int, str]] = set()
        for node in facts.nodes:
            method = facts.nodes[node.func] if isinstance(node, m.Call) else None
            if not isinstance(method, m.Attr) or method.name not in _CHANGING:
                continue
            match facts.nodes[method.base]:
                case m.Attr(name=name):
                    found.add((_ANY_SCOPE, name))
                case m.Ref(name=name, bindings=bindings):
                    found.update((facts.bindings[number].scope, name) for number in bindings)
                case _:
                    pass
        self._changed[path] = frozenset(found)
        return self._changed[path]
