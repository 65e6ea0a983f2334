"""Processes whose exit status nobody asks for, or whose failure was declared to be none."""

from __future__ import annotations

from dataclasses import dataclass, field

from interlock_checks.catalogue import endings
from interlock_checks.facts import model as m
from interlock_checks.link.needs import operands
from interlock_checks.link.started import is_raised
from interlock_checks.link.values import Given, Lit, Many, Values
from interlock_checks.link.world import World

_OUTPUT = frozenset({"stdout", "stderr", "args", "pid"})
"""What can be asked of a finished process without seeing how it ended."""


@dataclass
class Unasked:
    """For each file, the nodes of which something goes on to use more than the output."""

    world: World
    _used: dict[str, frozenset[int]] = field(default_factory=dict)

    def reason(self, path: str, node: int, name: str, given: tuple[Given, ...]) -> str | None:
        """
        Why a process that fails is not noticed; None if it is, or if that cannot be seen.

        Args:
            path: The file.
            node: The call that starts the process.
            name: The canonical name of what is called.
            given: Its arguments.
        """
        for one in given:
            if one.name in endings.FORGIVING and _forgives(one.values):
                return f"`{one.name}=`"
        ending = endings.ENDINGS.get(name)
        if ending is None or not ending.waits or not self.world.files[path].control:
            return None
        if is_raised(ending, given) is not False or any(one.star for one in given):
            return None
        if self._is_used(path, node):
            return None
        return f"`{name}`, whose result nobody looks at"

    def _is_used(self, path: str, call: int) -> bool:
        facts = self.world.files[path]
        used = self._used.get(path)
        if used is None:
            used = self._used[path] = _used_in(facts)
        return call in used


def _forgives(values: Values) -> bool:
    """Whether an argument lets another exit status than 0 pass."""
    return any(
        (isinstance(value, Lit) and bool(value.value))
        or (isinstance(value, Many) and any(item != (Lit(0),) for item in value.items))
        for value in values
    )


def _used_in(facts: m.Facts) -> frozenset[int]:
    used: set[int] = set()
    for node in facts.nodes:
        if not isinstance(node, m.Attr) or node.name not in _OUTPUT:
            used.update(operands(node))
    for marks in facts.control.values():
        used.update(mark.node for mark in marks if mark.op not in {"call", "bind", "set"})
    for scope in facts.scopes:
        used.update((*scope.returns, *scope.yields))
    named: set[int] = set()
    for number, node in enumerate(facts.nodes):
        if isinstance(node, m.Ref) and number in used:
            named.update(node.bindings)
    module = facts.scopes[0].names.values() if facts.scopes else ()
    named.update(number for numbers in module for number in numbers)
    used.update(facts.bindings[number].value for number in named)
    return frozenset(used)
