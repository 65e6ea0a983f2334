"""
What a loop gives to its targets: the elements of lists, the columns of rows in them.

Everything here asks for receipts: where one of the elements may be something else, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from interlock_checks.catalogue import control
from interlock_checks.facts import model as m
from interlock_checks.link.below import is_receipt
from interlock_checks.link.frames import frame_of, passed
from interlock_checks.link.handlers import origin
from interlock_checks.link.members import attribute_of, item_of
from interlock_checks.link.paths import Path
from interlock_checks.link.running import Running
from interlock_checks.link.values import UNKNOWN, Ext, Fun, Lit, Values, merge
from interlock_checks.link.world import World

_DEEPEST = 6

Key = int | str
"""The place of a column in its row, or the name of an attribute."""


@dataclass
class Rows:
    """Reads elements; `value` is what a node is on a way."""

    world: World
    value: Callable[[Running, int, Path], Values]
    _appended: dict[tuple[str, int, str], list[int] | None] = field(default_factory=dict)

    def taken(self, at: Running, node: int, way: Path) -> Values | None:
        """What a node takes out of a list of receipts, or of rows of these; None if it is else."""
        source, keys = self._source(at, node)
        if source < 0:
            return None
        found = merge(self._columns(at, source, keys, way, 0))
        return found if found and all(map(is_receipt, found)) else None

    def _source(self, at: Running, node: int) -> tuple[int, tuple[Key, ...]]:
        """What is gone over, and what is taken of each element; -1 where nothing is."""
        facts = self.world.files[at.path]
        keys: list[Key] = []
        for _ in range(_DEEPEST):
            match facts.nodes[node]:
                case m.Each(source=source):
                    return source, tuple(keys)
                case m.Attr(base=base, name=name):
                    keys.insert(0, name)
                    node = origin(facts, base)
                case m.Item(base=base, key=key):
                    index = facts.nodes[key]
                    row = origin(facts, base)
                    over = isinstance(facts.nodes[row], m.Each | m.Item)
                    if not over or not isinstance(index, m.Const):
                        return (-1 if keys else base), ()
                    if not isinstance(index.value, int | str):
                        return -1, ()
                    keys.insert(0, index.value)
                    node = row
                case _:
                    break
        return -1, ()

    def _columns(
        self, at: Running, source: int, keys: tuple[Key, ...], way: Path, depth: int
    ) -> list[Values]:
        """Of each element of a list, what is taken of it."""
        facts = self.world.files[at.path]
        call = facts.nodes[origin(facts, source)]
        if depth < _DEEPEST and isinstance(call, m.Call):
            found = self._called(at, call, keys, way, depth)
            if found is not None:
                return found
        listed = elements(facts, source)
        added = self._added(at.path, source)
        if added is None or (listed is None and not added):
            return []
        return [self._pick(at, at, number, keys, way) for number in (*(listed or ()), *added)]

    def _called(
        self, at: Running, call: m.Call, keys: tuple[Key, ...], way: Path, depth: int
    ) -> list[Values] | None:
        """The same of what a call gives; None where that is not known."""
        facts = self.world.files[at.path]
        method = facts.nodes[call.func]
        given = [arg.value for arg in call.args if arg.name is None and not arg.star]
        first = keys[0] if keys else None
        if isinstance(method, m.Attr) and method.name in {"items", "values"} and not call.args:
            if method.name == "items":
                if first != 1:
                    return []
                keys = keys[1:]
            return self._columns(at, method.base, keys, way, depth + 1)
        self.world.steps = 0
        functions = self.world.values(at.path, call.func, at.frame)
        names = {value.name if isinstance(value, Ext) else "" for value in functions}
        if given and names and names <= control.ORDERING:
            return self._columns(at, given[0], keys, way, depth + 1)
        if given and names == {"builtins.enumerate"}:
            return self._columns(at, given[0], keys[1:], way, depth + 1) if first == 1 else []
        if given and names == {"builtins.zip"}:
            if not isinstance(first, int) or not 0 <= first < len(given):
                return []
            return self._columns(at, given[first], keys[1:], way, depth + 1)
        mapped = names == {"builtins.map"}
        mapped = mapped or (isinstance(method, m.Attr) and method.name == "map")
        if mapped:
            functions = self.world.values(at.path, given[0], at.frame) if given else ()
        arguments = () if mapped else passed(self.world, at.path, call.args, at.frame)
        found: list[Values] = []
        for function in functions:
            if not isinstance(function, Fun):
                return [] if mapped else None
            frame = frame_of(self.world, function, arguments, 1)
            inner = replace(at, path=function.path, scope=function.scope, frame=frame)
            scope = self.world.files[function.path].scopes[function.scope]
            numbers = scope.returns if mapped else scope.yields
            found += [self._pick(at, inner, number, keys, way) for number in numbers]
        return found or None

    def _pick(
        self, at: Running, inner: Running, number: int, keys: tuple[Key, ...], way: Path
    ) -> Values:
        """What is taken of one element, a node of `inner`."""
        if number < 0:
            return UNKNOWN
        nodes = self.world.files[inner.path].nodes
        while keys and isinstance(row := nodes[number], m.Seq):
            if not isinstance(keys[0], int) or not 0 <= keys[0] < len(row.items):
                return UNKNOWN
            number, keys = row.items[keys[0]], keys[1:]
        if inner is at:
            values = self.value(at, number, way)
        else:
            self.world.steps = 0
            values = self.world.values(inner.path, number, inner.frame)
        for key in keys:
            if isinstance(key, str):
                values = merge(attribute_of(self.world, value, key) for value in values)
            else:
                values = merge(item_of(self.world, value, (Lit(key),)) for value in values)
        return values or UNKNOWN

    def _added(self, path: str, source: int) -> list[int] | None:
        """What is put into a local list by `append`; None if something else may change it."""
        facts = self.world.files[path]
        one = facts.nodes[source]
        if not isinstance(one, m.Ref) or not one.bindings:
            return []
        first = facts.bindings[one.bindings[0]]
        name = (path, first.scope, first.name)
        if name not in self._appended:
            self._appended[name] = self._appended_to(*name)
        return self._appended[name]

    def _appended_to(self, path: str, scope: int, name: str) -> list[int] | None:
        facts = self.world.files[path]
        found: list[int] = []
        shared = False

        def means(number: int) -> bool:
            one = facts.nodes[number]
            return (
                isinstance(one, m.Ref)
                and one.name == name
                and any(facts.bindings[binding].scope == scope for binding in one.bindings)
            )

        for node in facts.nodes:
            if isinstance(node, m.Op) and node.operator == m.STORED:
                shared = shared or means(node.right)
            if not isinstance(node, m.Call):
                continue
            method = facts.nodes[node.func]
            if isinstance(method, m.Attr) and means(method.base):
                if method.name == "append" and len(node.args) == 1:
                    found.append(node.args[0].value)
                else:
                    shared = shared or method.name in control.FILLING | control.JOINING
            elif any(means(arg.value) for arg in node.args):
                self.world.steps = 0
                shared = shared or not all(
                    isinstance(function, Ext) and function.name.startswith("builtins.")
                    for function in self.world.values(path, node.func)
                )
        return None if shared and found else found


def elements(facts: m.Facts, node: int) -> list[int] | None:
    """The nodes of all that a list or dictionary of this file may hold; None if others may be."""
    found: list[int] = []
    todo, seen = [node], {node}
    while todo:
        one = facts.nodes[todo.pop()]
        following: tuple[int, ...] = ()
        match one:
            case m.Seq(items=items) | m.Map(values=items):
                found += items
            case m.Comp(element=element):
                found.append(element)
            case m.Op(operator="+" | "|" | m.CHANGED, left=left, right=right):
                following = (left, right)
            case m.Ref(bindings=bindings, free=False):
                following = tuple(facts.bindings[number].value for number in bindings)
            case m.Call(func=func, args=()):
                method = facts.nodes[func]
                if not isinstance(method, m.Attr) or method.name not in {"items", "values"}:
                    return None
                following = (method.base,)
            case _:
                return None
        todo += [number for number in following if number not in seen]
        seen.update(following)
    return found
