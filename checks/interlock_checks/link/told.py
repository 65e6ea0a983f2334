"""
What a program makes of how a process ended, on one way: comparisons, sums, tables, lists.

Only what can be worked out is said; of anything else nothing is known, and either may be.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING

from interlock_checks.catalogue import control, endings
from interlock_checks.catalogue.guards import REFUSED
from interlock_checks.facts import model as m
from interlock_checks.link.attributes import name_of
from interlock_checks.link.instances import is_instance, part_of
from interlock_checks.link.members import attribute_of
from interlock_checks.link.paths import Path
from interlock_checks.link.running import Running
from interlock_checks.link.values import (
    HOLE,
    UNKNOWN,
    Cls,
    Ext,
    Finished,
    Given,
    Lit,
    Made,
    Many,
    Obj,
    Table,
    Told,
    Value,
    Values,
    as_told,
    is_told,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.conditions import Conditions

_DEEPEST = 24
"""Expressions within each other that are worked out."""

_MOST = 64
"""Combinations of alternatives that are worked out."""

_Scalar = bool | int | float | str | bytes | None

_OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "|": operator.or_,
    "&": operator.and_,
    "^": operator.xor,
    ">>": operator.rshift,
    "//": operator.floordiv,
    "%": operator.mod,
}

_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_NUMBERS: Mapping[str, Callable[[int], bool | int]] = {
    "builtins.bool": bool,
    "builtins.int": int,
    "builtins.abs": abs,
    "operator.truth": bool,
    "operator.not_": operator.not_,
}

_OF_SEVERAL: Mapping[str, Callable[[Iterable[int]], bool | int]] = {
    "builtins.any": any,
    "builtins.all": all,
    "builtins.max": max,
    "builtins.min": min,
    "builtins.sum": sum,
}

_OF_REFUSALS = frozenset({REFUSED, "builtins.BaseException"})
"""Classes that a refusal is an instance of."""


def told(conditions: Conditions, at: Running, node: int, way: Path) -> Values | None:
    """What a node is, where that depends on how a process ended; None for all others."""
    found = _Reading(conditions, at, way).read(node, 0)
    return found if any(is_told(value) for value in found) else None


class _Reading:
    """Works out nodes of one file on one way; nothing is known of what gives no value."""

    def __init__(self, conditions: Conditions, at: Running, way: Path) -> None:
        self.conditions, self.at, self.way = conditions, at, way
        self.world = conditions.world
        self.nodes = self.world.files[at.path].nodes

    def read(self, node: int, depth: int) -> Values:
        if depth > _DEEPEST or node < 0:
            return ()
        one = self.nodes[node]
        held = self.held(node)
        if held is not None:
            return held
        match one:
            case m.Const(value=value):
                return (Lit(value),)
            case m.Ref():
                values = self.plain(node) if self.at.frame is not None else ()
                return values if any(is_told(value) for value in values) else ()
            case m.Attr(base=base, name=name):
                return merge(self.attribute(v, name) for v in self.read(base, depth + 1))
            case m.Test(operator="not", operands=(inner,)):
                return _each(self.told(inner, depth), operator.not_)
            case m.Test(operator=m.IS_A, operands=(left, right)):
                return self.is_a(self.told(left, depth), right)
            case m.Test(operator=name, operands=(left, right)):
                return self.pair(left, right, depth, lambda a, b: _compared(name, a, b))
            case m.Op(operator=name, left=left, right=right):
                return self.operation(name, left, right, depth)
            case m.Call():
                return self.call(one, depth)
            case m.Item(base=base, key=key):
                return self.item(base, key, depth)
            case m.Part(subject=subject, kind=kind, name=name):
                kinds = self.plain(kind)
                owners = self.told(subject, depth)
                return merge(part_of(self.world, owner, kinds, name) for owner in owners)
            case m.Seq(items=items):
                return self.sequence([self.read(number, depth + 1) for number in items])
            case m.Map(keys=keys, values=values):
                return self.table(keys, values, depth)
            case m.Comp():
                return self.comprehension(one, depth)
            case m.Each(source=source):
                return merge(_items(v) for v in self.told(source, depth))
            case m.Entered(source=source) | m.Splat(value=source):
                return self.told(source, depth)
            case _:
                return ()

    def held(self, node: int) -> Values | None:
        """What the way remembers; of attributes only what is told, and of settings nothing."""
        one = self.nodes[node]
        held = self.conditions.held(self.at, node, self.way)
        if held is None and isinstance(one, m.Attr):
            name = name_of(self.world.files[self.at.path], node, self.at)
            held = None if name is None else self.way.value(name)
            if held is not None and not all(is_told(value) for value in held):
                return None
        return held

    def told(self, node: int, depth: int) -> Values:
        """What a node is if it depends on a process; otherwise nothing."""
        found = self.read(node, depth + 1)
        return found if any(is_told(value) for value in found) else ()

    def plain(self, node: int) -> Values:
        self.world.steps = 0
        return self.world.values(self.at.path, node, self.at.frame)

    def other(self, node: int, depth: int) -> Values:
        """What something is that is held against what is told: constants count as they are."""
        return self.read(node, depth + 1) or self.plain(node)

    def attribute(self, value: Value, name: str) -> Values:
        match value:
            case Finished(status=status):
                if name in endings.STATUS:
                    return (Told(status),)
                if name in endings.GOOD | endings.BAD:
                    return (Told((status == 0) is (name in endings.GOOD)),)
            case Obj() if is_told(value):
                return attribute_of(self.world, value, name)
            case _:
                pass
        return ()

    def pair(
        self, left: int, right: int, depth: int, made: Callable[[Value, Value], Value | None]
    ) -> Values:
        """All that two operands make of which at least one is told."""
        first = self.read(left, depth + 1)
        if any(is_told(value) for value in first):
            second = self.other(right, depth)
        else:
            second = self.told(right, depth)
            first = first or self.plain(left) if second else ()
        if not first or not second or len(first) * len(second) > _MOST:
            return ()
        found = [made(a, b) for a, b in product(first, second)]
        return tuple(dict.fromkeys(v for v in found if v is not None)) if None not in found else ()

    def operation(self, name: str, left: int, right: int, depth: int) -> Values:
        before = self.read(left, depth + 1)
        if len(before) == 1 and isinstance(before[0], Many):
            added = self.told(right, depth)
            if len(added) == 1 and isinstance(added[0], Many) and name in {"+", "|"}:
                rest = before[0].rest or added[0].rest
                return (Many((*before[0].items, *added[0].items), rest),)
            return before if name == m.CHANGED and is_told(before[0]) else ()
        if len(before) == 1 and isinstance(before[0], Table):
            more = self.told(right, depth)
            if name == "|" and len(more) == 1 and isinstance(more[0], Table):
                rest = before[0].rest or more[0].rest
                return (Table((*before[0].pairs, *more[0].pairs), rest),)
            return ()
        return self.pair(left, right, depth, lambda a, b: _operated(name, a, b))

    def call(self, one: m.Call, depth: int) -> Values:
        func = self.nodes[one.func]
        given = [arg.value for arg in one.args if arg.name is None and not arg.star]
        if isinstance(func, m.Attr):
            found = self.method(func, given, depth)
            if found:
                return found
        functions = self.plain(one.func)
        for function in functions[:1]:
            if isinstance(function, Ext):
                return self.builtin(function.name, given, depth)
            if isinstance(function, Cls):
                args = tuple(
                    Given(self.read(arg.value, depth + 1) or UNKNOWN, arg.name, arg.star)
                    for arg in one.args
                )
                return (Obj(function.path, function.scope, args),)
        return ()

    def method(self, func: m.Attr, given: list[int], depth: int) -> Values:
        owner = self.read(func.base, depth + 1)
        found: list[Values] = []
        for value in owner:
            match value:
                case Finished(status=status) if func.name in endings.WAITING:
                    found.append((Told(status),))
                    if func.name == endings.POLLING and self.is_only_asked(func.base):
                        found.append((Told(None),))
                case Finished(status=status) if func.name == "exception":
                    found.append((Made(REFUSED),) if status else (Told(None),))
                case Table(pairs=pairs, rest=rest) if func.name in {"values", "items"}:
                    whole = func.name == "items"
                    items = tuple((Many((k, v)),) if whole else v for k, v in pairs)
                    found.append((Many(items, rest),))
                case _:
                    pass
        if func.name == "get" and given:
            found.append(self.looked_up(owner or self.plain(func.base), given, depth))
        return merge(found)

    def is_only_asked(self, process: int) -> bool:
        """Whether a process is polled at one place, and waited for at none."""
        one = self.nodes[process]
        if not isinstance(one, m.Ref):
            return False
        key = (self.at.path, one.bindings)
        if key not in self.conditions.polled:
            asked = [
                node.name
                for node in self.nodes
                if isinstance(node, m.Attr)
                and isinstance(base := self.nodes[node.base], m.Ref)
                and base.bindings == one.bindings
            ]
            once = asked.count(endings.POLLING) == 1
            self.conditions.polled[key] = once and endings.LOOKING.issuperset(asked)
        return self.conditions.polled[key]

    def builtin(self, name: str, given: list[int], depth: int) -> Values:
        if not given:
            return ()
        if name in control.AWAITING:
            return self.read(given[0], depth + 1)
        if name in control.PAIRING:
            return tuple(Many(((one,), UNKNOWN)) for one in self.told(given[0], depth))
        if name in {"builtins.zip", "builtins.enumerate"}:
            return self.rows(name, given, depth)
        if name in control.WAITING:
            return self.told(given[0], depth)
        if name == "asyncio.gather":
            return self.sequence([self.read(number, depth + 1) for number in given])
        if name in endings.DECODING:
            return _each(self.told(given[0], depth), lambda status: status >> 8)
        if name in _NUMBERS:
            return _each(self.told(given[0], depth), _NUMBERS[name])
        if name == "builtins.type":
            made = self.told(given[0], depth)
            return (Told(REFUSED),) if made == (Made(REFUSED),) else ()
        if name == "builtins.isinstance" and len(given) == 2:
            return self.is_a(self.told(given[0], depth), given[1])
        if name == "builtins.len":
            values = self.told(given[0], depth)
            known = all(isinstance(v, Many) and not v.rest for v in values)
            return tuple(Told(len(v.items)) for v in values if isinstance(v, Many)) if known else ()
        if name in _OF_SEVERAL:
            if len(given) > 1:
                listed = self.sequence([self.other(number, depth) for number in given])
            else:
                listed = self.told(given[0], depth)
            return merge(_of_several(_OF_SEVERAL[name], value) for value in listed)
        return ()

    def rows(self, name: str, given: list[int], depth: int) -> Values:
        """What `zip` and `enumerate` make of lists, one of which is told."""
        columns = [self.told(number, depth) for number in given]
        if name == "builtins.enumerate":
            columns = [(), *columns[:1]]
        listed = [
            column[0].items if len(column) == 1 and isinstance(column[0], Many) else None
            for column in columns
        ]
        length = max((len(items) for items in listed if items is not None), default=0)
        if len(columns) > 8 or not length:
            return ()
        found = [
            Many(tuple(items[n] if items and n < len(items) else UNKNOWN for items in listed))
            for n in range(length)
        ]
        return (Many(tuple((row,) for row in found)),)

    def is_a(self, made: Values, classes: int) -> Values:
        """Whether what is told is an instance of one of these classes."""
        if made == (Made(REFUSED),):
            return self.is_refusal(classes)
        kinds = self.plain(classes)
        answers = [is_instance(self.world, value, kinds) for value in made]
        return tuple(Told(one) for one in answers if one is not None) if None not in answers else ()

    def is_refusal(self, classes: int) -> Values:
        """Whether a refusal is an instance of one of these classes, none of which is unknown."""
        found = self.plain(classes)
        listed = [item for v in found if isinstance(v, Many) for item in v.items]
        values = merge([found, *listed])
        if any(isinstance(v, Ext) and v.name in _OF_REFUSALS for v in values):
            return (Told(True),)
        return (Told(False),) if all(isinstance(v, Ext | Many) for v in values) else ()

    def item(self, base: int, key: int, depth: int) -> Values:
        keys = self.read(key, depth + 1)
        owner = self.read(base, depth + 1) or (
            self.plain(base) if any(is_told(value) for value in keys) else ()
        )
        if any(isinstance(value, Table) for value in owner):
            return self.looked_up(owner, [key], depth)
        found: list[Values] = []
        for value in owner:
            for index in keys:
                number = _number(index)
                if isinstance(value, Many) and number is not None and not value.rest:
                    items = value.items
                    if -len(items) <= number < len(items):
                        found.append(_chosen(items[number], keys))
        return merge(found)

    def looked_up(self, tables: Values, given: list[int], depth: int) -> Values:
        """What tables hold at a key, one of which is told; or else what is given as well."""
        keys = self.read(given[0], depth + 1)
        fallback = self.other(given[1], depth) if len(given) > 1 else (Lit(None),)
        found: list[Values] = []
        for table in tables:
            if not isinstance(table, Table) or table.rest or not keys:
                return ()
            if not is_told(table) and not any(is_told(key) for key in keys):
                return ()
            for key in keys:
                held = [v for ks, v in table.pairs for k in ks if _plain(k) == _plain(key)]
                found.append(_chosen(held[-1] if held else fallback, keys))
        return merge(found)

    def sequence(self, items: list[Values]) -> Values:
        if not any(is_told(value) for item in items for value in item):
            return ()
        return (Many(tuple(item or UNKNOWN for item in items)),)

    def table(self, keys: tuple[int, ...], values: tuple[int, ...], depth: int) -> Values:
        held = [self.read(number, depth + 1) for number in values]
        if not any(is_told(value) for item in held for value in item):
            return ()
        names = [() if key < 0 else self.other(key, depth) for key in keys]
        pairs = tuple(zip([n or UNKNOWN for n in names], [h or UNKNOWN for h in held], strict=True))
        return (Table(pairs, rest=any(key < 0 for key in keys)),)

    def comprehension(self, one: m.Comp, depth: int) -> Values:
        if one.name < 0:
            return ()
        source = self.told(one.source, depth)
        if not source:
            values = self.told(one.element, depth)
            return (Many((values,)),) if values and not one.tests else ()
        target = self.world.files[self.at.path].bindings[one.name]
        name = (self.at.path, target.scope, target.name)
        found: list[Value] = []
        for value in source:
            if not isinstance(value, Many):
                return ()
            inner: list[Values] = []
            for item in value.items:
                way = self.way.bind(name, item)
                answers = {self.conditions.heard(self.at, test, way) for test in one.tests}
                if None in answers:
                    return ()
                if False not in answers:
                    reading = _Reading(self.conditions, self.at, way)
                    inner.append(reading.read(one.element, depth + 1))
            found += self.sequence(inner)
        return tuple(found)


def _items(value: Value) -> Values:
    return merge(value.items) if isinstance(value, Many) and not value.rest else UNKNOWN


def _each(values: Values, function: Callable[[int], bool | int]) -> Values:
    found: list[Value] = []
    for value in values:
        plain = _plain(value)
        if isinstance(value, Finished | Many | Obj | Made):
            plain = int(not isinstance(value, Finished) or value.truth)
        if plain is None:
            plain = 0
        if not isinstance(plain, int):
            return ()
        found.append(Told(function(plain)))
    return tuple(found)


def _plain(value: Value) -> _Scalar | Value:
    """The constant that a value is, or the value."""
    if isinstance(value, Ext) and value.name == "os.EX_OK":
        return 0
    if isinstance(value, Ext) and value.name == REFUSED:
        return REFUSED
    return value.value if isinstance(value, Lit | Told) else value


def _number(value: Value) -> int | None:
    plain = _plain(value)
    return plain if isinstance(plain, int) else None


def _compared(name: str, left: Value, right: Value) -> Value | None:
    a, b = _plain(left), _plain(right)
    if name in {"in", "not in"}:
        if not isinstance(right, Many | Table) or right.rest:
            return None
        held = right.items if isinstance(right, Many) else [keys for keys, _ in right.pairs]
        if any(len(item) != 1 or item[0] is HOLE for item in held):
            return None
        found = any(_plain(item[0]) == a for item in held)
        return Told(found is (name == "in"))
    if b is HOLE or a is HOLE:
        return None
    if name in {"==", "is", "!=", "is not"}:
        constants = all(isinstance(one, bool | int | float | str | None) for one in (a, b))
        if not constants and a is not None and b is not None:
            return None
        return Told((a == b) is (name in {"==", "is"}))
    compare = _COMPARISONS.get(name)
    if compare is None or not isinstance(a, int) or not isinstance(b, int):
        return None
    return Told(compare(a, b))


def _operated(name: str, left: Value, right: Value) -> Value | None:
    a, b = _number(left), _number(right)
    operation = _OPERATIONS.get(name)
    if operation is None or a is None or b is None or not -1024 <= b <= 1024:
        return None
    try:
        return Told(max(-4096, min(operation(a, b), 4096)))
    except (ZeroDivisionError, ValueError):
        return None


def _of_several(function: Callable[[Iterable[int]], bool | int], value: Value) -> Values:
    """What `any`, `max` and their like make of a list, whichever alternative each item is."""
    if not isinstance(value, Many) or value.rest or not value.items:
        return ()
    size = 1
    choices: list[list[int]] = []
    for item in value.items:
        numbers = [_truth_or_number(one) for one in item]
        size *= len(numbers)
        if None in numbers or size > _MOST:
            return ()
        choices.append([number for number in numbers if number is not None])
    return tuple(dict.fromkeys(Told(function(line)) for line in product(*choices)))


def _truth_or_number(value: Value) -> int | None:
    if isinstance(value, Finished | Made):
        return int(isinstance(value, Made) or value.truth)
    return 0 if value == Told(None) else _number(value)


def _chosen(values: Values, keys: Values) -> Values:
    """A constant that was chosen by what is told is told itself."""
    return as_told(values) if any(is_told(key) for key in keys) else values
