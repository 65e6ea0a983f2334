"""What calling a value gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock_checks.catalogue import processes
from interlock_checks.link import fold
from interlock_checks.link.copies import replaced
from interlock_checks.link.frames import Frame, result_of
from interlock_checks.link.members import any_attribute_of, attribute_of, space_item_of
from interlock_checks.link.values import (
    UNKNOWN,
    Bound,
    Cls,
    Ext,
    Fun,
    Given,
    Made,
    Many,
    Method,
    Obj,
    Program,
    Space,
    Value,
    Values,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.world import World


_ENTERING = frozenset({"enter_context", "enter_async_context"})
"""Methods of `contextlib.ExitStack` and its like that give what `with` would."""


def results_of(
    world: World,
    functions: Values,
    given: tuple[Given, ...],
    path: str = "",
    frame: Frame | None = None,
) -> Values:
    """The result of calling any of the values."""
    if len(functions) > 1:
        functions = tuple(f for f in functions if not _only_raises(world, f)) or functions
    return merge(_result_of(world, function, given, path, frame) for function in functions)


def _only_raises(world: World, function: Value) -> bool:
    """Whether a function ends by `raise` alone, as the failing one of several results does."""
    if not isinstance(function, Fun):
        return False
    facts = world.files[function.path]
    scope = facts.scopes[function.scope]
    marks = facts.control.get(function.scope, ())
    return bool(marks) and marks[-1].op == "raise" and not scope.returns and not scope.yields


def _result_of(
    world: World, function: Value, given: tuple[Given, ...], path: str, frame: Frame | None
) -> Values:
    match function:
        case Ext():
            from interlock_checks.link.known import call_external

            giving = processes.GIVING.get(function.name.rpartition(".")[2])
            return (Made(giving),) if giving else call_external(world, function, given, path)
        case Fun():
            return result_of(world, function, given, frame)
        case Cls(path=file, scope=scope):
            return (Obj(file, scope, given),)
        case Bound(func=func, args=args):
            from interlock_checks.link.known import call_bound

            return call_bound(world, func, args, given, path, frame)
        case Method(owner=owner, name=name):
            if isinstance(owner, Space):
                return _space_method(world, owner, name, given)
            if isinstance(owner, Obj) and name == "__getattribute__":
                return space_item_of(world, owner, given[0].values[0]) if given else UNKNOWN
            if isinstance(owner, Obj) and name == "_replace":
                return replaced(world, (Given((owner,)), *given), path)
            if name in processes.GIVING:
                return (Made(processes.GIVING[name]),)
            if name in _ENTERING and given:
                return merge(world.entered(value) for value in given[0].values)
            return fold.method(owner, name, given)
        case Program(words=words):
            return (Program((*words, *(g.values for g in given if g.name is None))),)
        case Obj():
            found = [f for f in attribute_of(world, function, "__call__") if isinstance(f, Fun)]
            return merge(result_of(world, f, given, frame) for f in found) or UNKNOWN
        case _:
            return UNKNOWN


def _space_method(world: World, space: Space, name: str, given: tuple[Given, ...]) -> Values:
    if name in {"get", "pop", "__getitem__", "setdefault"} and given:
        return merge(space_item_of(world, space.of, key) for key in given[0].values)
    if name == "copy":
        return (space,)
    if name in {"values", "items"}:
        return (Many((any_attribute_of(world, space.of),), rest=True),)
    return UNKNOWN
