"""What ends an exception: handlers, context managers, exits; and what a call made something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from interlock_checks.catalogue import control, endings
from interlock_checks.facts import model as m
from interlock_checks.link.frames import Frame, frame_of, passed
from interlock_checks.link.members import attribute_of, members_of
from interlock_checks.link.values import (
    Cls,
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Many,
    Method,
    Obj,
    Told,
    Value,
    Values,
    is_told,
)
from interlock_checks.link.world import World

_EVERYTHING = frozenset({"builtins.BaseException"})
_ORDINARY: Values = (Ext("builtins.Exception"),)
_DEEPEST = 4
"""Exits of blocks that ask each other."""
_NO_CLASSES = frozenset({"match", "check"})
"""What `pytest.raises` is given besides."""
_EXIT = ("__exit__", "__aexit__")
_NEITHER = frozenset(
    f"builtins.{name}" for name in ("KeyboardInterrupt", "GeneratorExit", "StopIteration")
)


@dataclass(frozen=True, slots=True)
class Caught:
    """
    What a handler catches.

    `explicit`: refusals are meant, not merely caught by `except Exception`. `failures`: what is
    raised for a process that has failed. `surely`: no ordinary error passes.
    """

    refusals: bool = False
    explicit: bool = False
    errors: bool = False
    exits: bool = False
    surely: bool = False
    failures: bool = False

    def __or__(self, other: Caught) -> Caught:
        return Caught(
            self.refusals or other.refusals,
            self.explicit or other.explicit,
            self.errors or other.errors,
            self.exits or other.exits,
            self.surely or other.surely,
            self.failures or other.failures,
        )


ALL = Caught(refusals=True, explicit=True, errors=True, exits=True, surely=True, failures=True)


SILENCED = Caught(refusals=True, explicit=True, failures=True)
"""What is ended by something that gives another result instead."""


def caught_by(world: World, path: str, node: int, frame: Frame | None) -> Caught:
    """What `except node:` catches; -1 stands for a bare `except:`."""
    if node < 0:
        return ALL
    world.steps = 0
    return _caught(world.values(path, node, frame))


def _caught(values: Values) -> Caught:
    found = Caught()
    for value in values:
        match value:
            case Many(items=items, rest=rest):
                for item in items:
                    found |= _caught(item)
                if rest:
                    found |= ALL
            case Ext(name=name) if name in _EVERYTHING:
                found |= ALL
            case Ext(name="builtins.Exception"):
                found |= Caught(refusals=True, errors=True, surely=True, failures=True)
            case Ext(name="builtins.BaseExceptionGroup" | "builtins.ExceptionGroup"):
                found |= Caught(refusals=True, explicit=True, errors=True, failures=True)
            case Ext(name=name) if name in endings.ERRORS:
                found |= Caught(errors=True, failures=True)
            case Ext(name="builtins.SystemExit"):
                found |= Caught(exits=True)
            case Ext(name=name) if name in _NEITHER:
                pass
            case Ext(name=name) if name.startswith("interlock."):
                found |= Caught(refusals=True, explicit=True)
            case Ext() | Cls() | Lit():
                found |= Caught(errors=True)
            case _:
                found |= ALL
    return found


def may_swallow(
    world: World, path: str, node: int, frame: Frame | None, depth: int = 0
) -> Caught | None:
    """What `with node:` may swallow; None if it lets everything pass, as far as is known."""
    maker, call = made_by(world, path, node, frame)
    for function in maker:
        if isinstance(function, Ext) and function.name in control.SUPPRESSING:
            one = world.files[path].nodes[call]
            found = Caught()
            for arg in one.args if isinstance(one, m.Call) else ():
                if arg.name in _NO_CLASSES:
                    continue
                found |= caught_by(world, path, arg.value, frame) if not arg.star else ALL
            return found
        if isinstance(function, Ext) and function.name in control.LOGGING:
            return _logged(world, path, call, control.LOGGING[function.name], frame)
        if isinstance(function, Ext) and function.name in control.LEAVING:
            return Caught(errors=True)
    world.steps = 0
    for value in world.values(path, node, frame):
        if isinstance(value, Ext) and value.name in control.LOGGING:
            return _caught(_ORDINARY)
        if isinstance(value, Obj) and _answers_true(world, value, depth):
            return Caught(refusals=True, explicit=True, errors=True, exits=True, failures=True)
    return None


def _logged(world: World, path: str, call: int, again: str, frame: Frame | None) -> Caught | None:
    """What `call` logs and ends, unless the keyword `again` lets it go on."""
    one = world.files[path].nodes[call]
    found = _caught(_ORDINARY)
    for arg in one.args if isinstance(one, m.Call) else ():
        if arg.name == again and world.values(path, arg.value, frame) == (Lit(True),):
            return None
        if arg.name in {None, "exception"}:
            found = caught_by(world, path, arg.value, frame) if not arg.star else ALL
    return found


def _answers_true(world: World, value: Obj, depth: int) -> bool:
    for _, scope, cls in members_of(world, value):
        if scope is None and isinstance(cls, Ext) and cls.name in control.SUPPRESSING:
            return True
    return any(
        isinstance(method, Fun) and _returns_true(world, method, depth)
        for name in _EXIT
        for method in attribute_of(world, value, name)
    )


def _returns_true(world: World, function: Fun, depth: int = 0) -> bool:
    """Whether an exit of a block may say that an exception ends there."""
    facts = world.files[function.path]
    for returned in facts.scopes[function.scope].returns:
        if returned < 0 or _passed_on(world, function, returned, depth):
            continue
        for one in world.values(function.path, returned):
            if not isinstance(one, Lit) or one.value:
                return True
    return False


def _passed_on(world: World, function: Fun, node: int, depth: int) -> bool:
    """Whether what is returned is the answer of another context that suppresses nothing."""
    facts = world.files[function.path]
    call = facts.nodes[node]
    func = facts.nodes[call.func] if isinstance(call, m.Call) else None
    if depth > _DEEPEST or not isinstance(func, m.Attr) or func.name not in _EXIT:
        return False
    base = facts.nodes[func.base]
    made: tuple[int, ...] = (func.base,)
    if isinstance(base, m.Attr):
        around = facts.scopes[facts.scopes[function.scope].parent]
        made = around.attributes.get(base.name, made)
    return all(may_swallow(world, function.path, one, None, depth + 1) is None for one in made)


def swallows_at_exit(world: World, path: str, node: int, frame: Frame | None) -> Caught | None:
    """What a function may swallow that an `ExitStack` is given by `push`."""
    world.steps = 0
    for value in world.values(path, node, frame):
        if isinstance(value, Fun) and _returns_true(world, value):
            return ALL
    return None


def exit_kind(
    world: World,
    path: str,
    node: int,
    frame: Frame | None,
    value_of: Callable[[int], Values],
    *,
    raised: bool,
) -> Literal["exit", "success"] | None:
    """
    How a call ends the program, or a `raise`; None if it does not.

    Args:
        world: The linked files.
        path: The file.
        node: The call, or what is raised.
        frame: The call of the function around.
        value_of: What a node is, on the way that is followed.
        raised: Whether the node is what is raised.
    """
    one = world.files[path].nodes[node]
    call = one if isinstance(one, m.Call) else None
    if call is None and not raised:
        return None
    for function in world.values(path, node if call is None else call.func, frame):
        name = _name(function)
        status: int = -1
        if raised and isinstance(function, Cls):
            coded = _coded(world, function)
            if coded:
                return "success" if all(map(_is_success, coded)) else "exit"
        if raised:
            keyword = control.EXITS.get(name)
            if keyword is None:
                continue
            position = 0
        else:
            found = control.ENDING.get(name)
            if found is None:
                continue
            if found < 0:
                return "exit"
            position, keyword = found, "status"
        positional = [arg.value for arg in call.args if arg.name is None] if call else []
        named = [arg.value for arg in call.args if arg.name in {keyword, "code"}] if call else []
        status = next(iter(positional[position : position + 1] or named), -1)
        values = (Lit(None),) if status < 0 else value_of(status)
        good = [_is_success(value) for value in values]
        # Of statuses that a process gave, one is enough.
        told = any(is_told(value) for value in values)
        return "success" if good and (any(good) if told else all(good)) else "exit"
    return None


def _coded(world: World, cls: Cls) -> Values:
    """The exit status that an own exception carries for its library; nothing for most."""
    for _, _, base in members_of(world, cls):
        attribute = control.CODED.get(base.name) if isinstance(base, Ext) else None
        if attribute is not None:
            return attribute_of(world, Obj(cls.path, cls.scope), attribute)
    return ()


def _is_success(status: Value) -> bool:
    if not isinstance(status, Lit | Told):
        return False
    # Of a number the system keeps the lowest byte: 768, a wait status, becomes 0.
    number = status.value & 0xFF if isinstance(status.value, int) else status.value
    return number in (0, None)


def _name(value: object) -> str:
    match value:
        case Ext(name=name):
            return name
        case Method(owner=Made(name=owner), name=name):
            return f"{owner}.{name}"
        case Method(name=name):
            return name
        case _:
            return ""


def made_by(world: World, path: str, node: int, frame: Frame | None) -> tuple[Values, int]:
    """The function whose call gave a value, and that call; nothing where it was no call."""
    for _ in range(6):
        one = world.files[path].nodes[node]
        match one:
            case m.Call(func=func):
                world.steps = 0
                return world.values(path, func, frame), node
            case m.Ref(bindings=(binding,)):
                node = world.files[path].bindings[binding].value
            case m.Entered(source=source):
                node = source
            case _:
                break
    return (), -1


def decorated(world: World, function: Fun) -> tuple[Fun, Frame | None] | None:
    """What a call of a decorated function really runs; None if that is the function itself."""
    scope = world.files[function.path].scopes[function.scope]
    current: Fun = function
    around: Frame | None = None
    for decorator in reversed(scope.decorators):
        world.steps = 0
        for maker in _makers(world, world.values(function.path, decorator)):
            if isinstance(maker, Cls):
                # The name means an object of that class, which is what is called.
                made = Obj(maker.path, maker.scope, (Given((current,)),))
                called = [f for f in attribute_of(world, made, "__call__") if isinstance(f, Fun)]
                current, around = (called[0], None) if called else (current, around)
                continue
            outer = _frame_of(world, function.path, decorator, maker, around)
            frame = frame_of(world, maker, (Given((current,)),), 1, outer)
            inner = world.files[maker.path].scopes[maker.scope]
            for returned in inner.returns:
                for value in world.values(maker.path, returned, frame) if returned >= 0 else ():
                    if isinstance(value, Fun) and value != current:
                        current, around = value, frame
                        break
    return None if current is function else (current, around)


def _makers(world: World, decorators: Values) -> list[Fun | Cls]:
    """What makes something of a function: a function, a class, an object that can be called."""
    found: list[Fun | Cls] = []
    for value in decorators:
        match value:
            case Fun() | Cls():
                found.append(value)
            case Obj():
                called = attribute_of(world, value, "__call__")
                found += [method for method in called if isinstance(method, Fun)]
            case _:
                pass
    return found


def origin(facts: m.Facts, node: int) -> int:
    """The node that a variable, bound once, stands for."""
    for _ in range(6):
        one = facts.nodes[node]
        if not isinstance(one, m.Ref) or len(one.bindings) != 1:
            break
        node = facts.bindings[one.bindings[0]].value
    return node


def _frame_of(
    world: World, path: str, decorator: int, maker: Fun, around: Frame | None
) -> Frame | None:
    """The call that gave a decorator, `retry(OSError)`: what it was given is known inside."""
    functions, call = made_by(world, path, decorator, None)
    one = world.files[path].nodes[call] if call >= 0 else None
    parent = world.files[maker.path].scopes[maker.scope].parent
    for function in functions:
        own = isinstance(function, Fun) and (function.path, function.scope)
        if isinstance(one, m.Call) and isinstance(function, Fun) and own == (maker.path, parent):
            return frame_of(world, function, passed(world, path, one.args, None), 1, around)
    return around


def is_silenced(world: World, function: Fun) -> tuple[int, Caught] | None:
    """The decorator, if it is no function itself, that ends exceptions of a function, and which."""
    facts = world.files[function.path]
    for decorator in facts.scopes[function.scope].decorators:
        found = may_swallow(world, function.path, decorator, None)
        if found is not None:
            return decorator, found
        if is_silencing(world, function.path, decorator):
            return decorator, SILENCED
    return None


def is_silencing(world: World, path: str, node: int) -> bool:
    """Whether what a library makes, of these arguments, ends exceptions."""
    one = world.files[path].nodes[node]
    for value in world.values(path, one.func if isinstance(one, m.Call) else node):
        keyword = control.SILENCING.get(value.name) if isinstance(value, Ext) else None
        named = [arg.name for arg in one.args] if isinstance(one, m.Call) else []
        if keyword is not None and (not keyword or keyword in named):
            return True
    return False


def is_retried(world: World, path: str, node: int, frame: Frame | None) -> bool:
    """Whether a loop goes over the attempts of a library, the last of which raises."""
    maker, call = made_by(world, path, node, frame)
    known = any(isinstance(f, Ext) and f.name in control.RETRYING for f in maker)
    return known and not is_silencing(world, path, call)


def tells_failure(world: World, path: str, node: int) -> bool:
    """Whether what is returned is an HTTP error: it holds a status from 400 to 599."""
    nodes = world.files[path].nodes
    todo, budget = [node] if node >= 0 else [], 64
    while todo and budget:
        budget -= 1
        one = nodes[todo.pop()]
        match one:
            case m.Const(value=int() as number) if 400 <= number <= 599:
                return True
            case m.Attr(name=name) if name.startswith(("HTTP_4", "HTTP_5")):
                return True
            case m.Attr(name=name, base=base):
                for value in world.values(path, base):
                    if isinstance(value, Ext) and value.name == "http.HTTPStatus":
                        status = HTTPStatus.__members__.get(name)
                        return status is not None and status >= 400
            case m.Call(args=args):
                todo += [arg.value for arg in args]
            case m.Seq(items=items):
                todo += items
            case _:
                pass
    return False
