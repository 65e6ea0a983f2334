"""Which variables and attributes are states: the program gives them one constant after another."""

from __future__ import annotations

from dataclasses import dataclass, field

from interlock_checks.facts import model as m
from interlock_checks.link.needs import operands
from interlock_checks.link.world import World

_DEEPEST = 4


@dataclass
class States:
    """
    Knows the states of each file.

    What is only set once, or ever from something else than a constant, is a setting: whatever it
    holds today, it answers no condition.
    """

    world: World
    _known: dict[str, tuple[frozenset[str], frozenset[tuple[int, str]]]] = field(
        default_factory=dict
    )

    def is_attribute(self, path: str, name: str) -> bool:
        """Whether all attributes of a name are given constants in a file, not always the same."""
        return name in self._of(path)[0]

    def is_asked(self, path: str, test: int) -> bool:
        """Whether a condition asks for a state."""
        facts = self.world.files[path]
        attributes, variables = self._of(path)
        todo, budget = [test], 64
        while todo and budget:
            budget -= 1
            number = todo.pop()
            one = facts.nodes[number]
            if isinstance(one, m.Attr) and one.name in attributes:
                return True
            if isinstance(one, m.Ref) and any(
                (facts.bindings[binding].scope, one.name) in variables for binding in one.bindings
            ):
                return True
            todo += operands(one)
        return False

    def _of(self, path: str) -> tuple[frozenset[str], frozenset[tuple[int, str]]]:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._read(self.world.files[path])
        return known

    def _read(self, facts: m.Facts) -> tuple[frozenset[str], frozenset[tuple[int, str]]]:
        attributes: dict[str, set[object]] = {}
        variables: dict[tuple[int, str], set[object]] = {}
        for node in facts.nodes:
            if isinstance(node, m.Op) and node.operator == m.STORED:
                left = facts.nodes[node.left]
                if isinstance(left, m.Attr):
                    attributes.setdefault(left.name, set()).update(_constants(facts, node.right))
        for binding in facts.bindings:
            if binding.scope:
                name = (binding.scope, binding.name)
                variables.setdefault(name, set()).update(_constants(facts, binding.value))
        return (
            frozenset(name for name, given in attributes.items() if _changes(given)),
            frozenset(name for name, given in variables.items() if _changes(given)),
        )


def _constants(facts: m.Facts, node: int, depth: int = 0) -> set[object]:
    """What tells constants and members of enumerations from others; None for anything else."""
    match facts.nodes[node]:
        case m.Const(value=value):
            return {(type(value).__name__, value)}
        case m.Attr(base=base, name=name) if isinstance(facts.nodes[base], m.Ref):
            return {name}
        case m.Either(options=options) if depth < _DEEPEST:
            return {one for option in options for one in _constants(facts, option, depth + 1)}
        case m.Item(base=base, key=key) if depth < _DEEPEST:
            row, index = facts.nodes[base], facts.nodes[key]
            if isinstance(row, m.Seq) and isinstance(index, m.Const):
                number = index.value
                if isinstance(number, int) and 0 <= number < len(row.items):
                    return _constants(facts, row.items[number], depth + 1)
            return {None}
        case _:
            return {None}


def _changes(given: set[object]) -> bool:
    return len(given) > 1 and None not in given
