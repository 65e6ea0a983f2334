"""Conditions that the last turn of a counted loop answers: `if attempt == attempts: raise`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from interlock_checks.facts import model as m
from interlock_checks.link.paths import Path, Site
from interlock_checks.link.running import Running
from interlock_checks.link.shape import Step, every
from interlock_checks.link.values import Ext, Lit
from interlock_checks.link.world import World

_TURN = "the turn"
_DEEPEST = 8

Linear = tuple[object, int]
"""What a number is made of, None for a constant, and what is added to that."""

_ON_LAST: Mapping[str, tuple[Callable[[int], bool], bool]] = {
    "==": (lambda early: early == 0, True),
    "!=": (lambda early: early == 0, False),
    ">=": (lambda early: early >= 0, True),
    ">": (lambda early: early > 0, True),
    "<": (lambda early: early >= 0, False),
    "<=": (lambda early: early > 0, False),
}
"""By how much the other side is below the last turn -> whether that decides it, and how."""

_SWAPPED = {">=": "<=", ">": "<", "<": ">", "<=": ">="}


def last_turns(world: World, step: Step, at: Running) -> dict[int, bool]:
    """The places of conditions in a loop over a range, and what they are on its last turn."""
    facts = world.files[at.path]
    source = facts.nodes[step.node] if step.op == "for" else None
    if not isinstance(source, m.Call) or not 1 <= len(source.args) <= 2:
        return {}
    world.steps = 0
    functions = world.values(at.path, source.func)
    if not all(isinstance(f, Ext) and f.name == "builtins.range" for f in functions):
        return {}
    stop = _linear(world, at, step.node, source.args[-1].value)
    found: dict[int, bool] = {}
    for inner in every(step.parts[0].steps):
        if inner.op != "if" or stop is None:
            continue
        test, sense = facts.nodes[inner.node], True
        while isinstance(test, m.Test) and test.operator == "not":
            test, sense = facts.nodes[test.operands[0]], not sense
        if not isinstance(test, m.Test) or test.operator not in _ON_LAST:
            continue
        left, right = (_linear(world, at, step.node, number) for number in test.operands)
        operator = test.operator
        if left is not None and right is not None and right[0] == _TURN:
            left, right, operator = right, left, _SWAPPED.get(operator, operator)
        if left is None or right is None or left[0] != _TURN or right[0] != stop[0]:
            continue
        decides, answer = _ON_LAST[operator]
        if decides(stop[1] - 1 - (right[1] - left[1])):
            found[inner.place] = answer is sense
    return found


def may_end(path: Path, lasts: Mapping[int, bool], at: Running) -> bool:
    """Whether a turn that went that way may have been the last."""
    return not any(
        (Site(at.path, at.scope, place, "condition", at.turn), not answer) in path.choices
        for place, answer in lasts.items()
    )


def _linear(world: World, at: Running, loop: int, node: int, depth: int = 0) -> Linear | None:
    facts = world.files[at.path]
    one = facts.nodes[node]
    match one:
        case m.Const(value=int() as number):
            return None, number
        case m.Op(operator="+" | "-" as operator, left=left, right=right) if depth < _DEEPEST:
            first = _linear(world, at, loop, left, depth + 1)
            second = _linear(world, at, loop, right, depth + 1)
            if first is None or second is None:
                return None
            if second[0] is None:
                return first[0], first[1] + (second[1] if operator == "+" else -second[1])
            if first[0] is None and operator == "+":
                return second[0], second[1] + first[1]
            return None
        case m.Ref(name=name, bindings=bindings):
            values = [facts.nodes[facts.bindings[number].value] for number in bindings]
            if values and all(isinstance(v, m.Each) and v.source == loop for v in values):
                return _TURN, 0
            return _constant(world, at, node) or (("name", name, bindings), 0)
        case m.Attr(base=base, name=name) if depth < _DEEPEST:
            owner = _linear(world, at, loop, base, depth + 1)
            return _constant(world, at, node) or (owner and (("attribute", name, owner), 0))
        case _:
            return None


def _constant(world: World, at: Running, node: int) -> Linear | None:
    world.steps = 0
    values = world.values(at.path, node, at.frame)
    only = values[0] if len(values) == 1 else None
    number = only.value if isinstance(only, Lit) else None
    return (None, number) if isinstance(number, int) else None
