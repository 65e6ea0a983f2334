"""What a method leaves to the subclasses of its class: attributes that they may put in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interlock_checks import catalogue
from interlock_checks.facts import model as m
from interlock_checks.link.external import reflective
from interlock_checks.link.frames import Frame
from interlock_checks.link.members import attribute_of
from interlock_checks.link.needs import operands
from interlock_checks.link.reach import Reach, Site, Waiting
from interlock_checks.link.values import (
    Bound,
    Cls,
    Ext,
    Lit,
    Many,
    Method,
    Obj,
    Program,
    Table,
    Text,
    Value,
    Values,
)
from interlock_checks.link.world import NESTED

if TYPE_CHECKING:
    from interlock_checks.link.uses import Uses

_MOST_NODES = 64
_MOST_HEIRS = 200


def base_names(facts: m.Facts) -> tuple[str, ...]:
    """The last names of what the classes of a file extend, as their modules have them."""
    found: set[str] = set()
    for scope in facts.scopes:
        for base in scope.bases:
            found |= _names_of(facts, base, 4)
    return tuple(sorted(found))


def _names_of(facts: m.Facts, number: int, depth: int) -> set[str]:
    match facts.nodes[number]:
        case m.Attr(name=name) | m.From(name=name):
            return {name}
        case m.Item(base=base):
            return _names_of(facts, base, depth - 1) if depth else set()
        case m.Class(scope=scope):
            return {facts.scopes[scope].name}
        case m.Ref(name=name, bindings=bindings):
            found = {name}
            for binding in bindings if depth else ():
                found |= _names_of(facts, facts.bindings[binding].value, depth - 1)
            return found
        case _:
            return set()


def overridable(uses: Uses, site: Site, node: int, functions: Values) -> None:
    """Wait for subclasses where a call is made of an attribute that they may override."""
    if site.frame is not None or NESTED in site.path:
        return
    if any(_is_weighty(function) for function in functions):
        for scope in _open_classes(uses, site.path, node):
            await_heirs(uses, site, node, (site.path, scope), None)
            return


def _is_weighty(function: Value) -> bool:
    match function:
        case Ext(name=name):
            return reflective(name) or catalogue.is_holder(name.rpartition(".")[0])
        case Bound(func=func):
            return _is_weighty(func)
        case Program():
            return True
        case _:
            return False


def _open_classes(uses: Uses, path: str, node: int) -> Iterator[int]:
    """The classes of which a node reads an attribute that is a constant, or not there at all."""
    facts = uses.world.files[path]
    todo, seen = [node], set[int]()
    while todo and len(seen) < _MOST_NODES:
        number = todo.pop()
        if number in seen:
            continue
        seen.add(number)
        one = facts.nodes[number]
        if isinstance(one, m.Ref):
            todo += [facts.bindings[binding].value for binding in one.bindings]
        own = _own(facts, one.base) if isinstance(one, m.Attr) else None
        if isinstance(one, m.Attr) and own is not None and _is_open(uses, path, own, one.name):
            yield own.scope
        todo += operands(one)


def _own(facts: m.Facts, number: int) -> m.Own | None:
    one = facts.nodes[number]
    for binding in one.bindings if isinstance(one, m.Ref) else ():
        value = facts.nodes[facts.bindings[binding].value]
        if isinstance(value, m.Own):
            return value
    return None


def _is_open(uses: Uses, path: str, own: m.Own, name: str) -> bool:
    if name in uses.world.files[path].scopes[own.scope].attributes:
        return False
    values = attribute_of(uses.world, Obj(path, own.scope), name)
    return all(
        isinstance(value, Lit | Text | Many | Table)
        or (isinstance(value, Method) and isinstance(value.owner, Obj))
        for value in values
    )


def left_open(function: Method) -> tuple[str, int] | None:
    """The class of a method that calls `self.name.method()`, where it has no such name itself."""
    match function.owner:
        case Method(owner=Obj(path=path, scope=scope, given=None)):
            return path, scope
        case _:
            return None


def await_heirs(
    uses: Uses, site: Site, node: int, owner: tuple[str, int], fallback: Reach | None
) -> None:
    """Judge a call again for each subclass; `fallback` holds if they do not prove it innocent."""
    path, scope = owner
    name = uses.world.files[path].scopes[scope].name
    uses.asked.setdefault(path, set()).add(name)
    waiting = Waiting(site.path, site.number, site.scope, node, owner, fallback, inherited=True)
    uses.waiting.append(waiting)


def settle(
    uses: Uses,
    waiting: Waiting,
    files_of: Callable[[str], Sequence[str]],
    is_test: Callable[[str], bool],
) -> None:
    """Judge a call that waited for the subclasses of its class."""
    first = len(uses.reaches), len(uses.assumptions)
    fresh: list[Reach] = []
    heirs = [heir for heir in _heirs(uses, waiting.function, files_of) if not is_test(heir.path)]
    for heir in heirs:
        uses.world.steps = 0
        frame = Frame(*waiting.function, {"": (Obj(heir.path, heir.scope, ()),)})
        site = Site(waiting.path, waiting.number, waiting.scope, 0, frame)
        before = len(uses.reaches)
        uses.judge_again(site, waiting.call, frame)
        name = uses.world.files[heir.path].scopes[heir.scope].name
        fresh += [
            replace(one, manner=f"{one.manner} for `{name}` of {heir.path}")
            for one in uses.reaches[before:]
        ]
    del uses.reaches[first[0] :], uses.assumptions[first[1] :]
    if waiting.fallback is None:
        for one in fresh[:1]:
            uses.conclude(one)
    elif fresh or not heirs:
        uses.conclude(waiting.fallback)


def _heirs(
    uses: Uses, owner: tuple[str, int], files_of: Callable[[str], Sequence[str]]
) -> list[Cls]:
    found: list[Cls] = []
    todo = [Cls(*owner)]
    while todo and len(found) < _MOST_HEIRS:
        above = todo.pop()
        name = uses.world.files[above.path].scopes[above.scope].name
        uses.asked.setdefault(above.path, set()).add(name)
        for path in files_of(name):
            for number, scope in enumerate(uses.world.files[path].scopes):
                heir = Cls(path, number)
                if heir in found or not scope.bases or scope.kind != "class":
                    continue
                uses.world.steps = 0
                if any(above in uses.world.values(path, base) for base in scope.bases):
                    found.append(heir)
                    todo.append(heir)
    return found
