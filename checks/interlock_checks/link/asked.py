"""Whether somebody asks for the result of a call: a future that nobody asks keeps its exception."""

from __future__ import annotations

from dataclasses import dataclass, field

from interlock_checks.facts import model as m
from interlock_checks.link.world import World, operands

_ASKING = frozenset({"result", "exception", "get", "__await__"})


@dataclass
class Asked:
    """The nodes of each file that something goes on to use."""

    world: World
    _used: dict[str, frozenset[int]] = field(default_factory=dict)

    def is_asked(self, path: str, call: int) -> bool:
        """Whether a call's result is awaited, asked, returned or handed on."""
        used = self._used.get(path)
        if used is None:
            used = self._used[path] = _used_in(self.world.files[path])
        return call in used


def _used_in(facts: m.Facts) -> frozenset[int]:
    used: set[int] = set()
    named: set[int] = set()
    for node in facts.nodes:
        if isinstance(node, m.Attr) and node.name not in _ASKING:
            continue
        if isinstance(node, m.Op) and node.operator == m.STORED:
            continue
        if isinstance(node, m.Ref):
            named.update(node.bindings)
        else:
            used.update(operands(node))
    for marks in facts.control.values():
        used.update(mark.node for mark in marks if mark.op in {"await", "return", "for", "with"})
    used.update(facts.bindings[number].value for number in named)
    return frozenset(used)
