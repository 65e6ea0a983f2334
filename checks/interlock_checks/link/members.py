"""What an attribute or item of a value is: of modules, classes, instances and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from interlock_checks import catalogue
from interlock_checks.catalogue import processes, tampering
from interlock_checks.facts import model as m
from interlock_checks.link import fold
from interlock_checks.link.frames import Frame, frame_of, result_of
from interlock_checks.link.values import (
    HOLE,
    UNKNOWN,
    AnyOf,
    Bound,
    Cls,
    Ext,
    Fun,
    Given,
    Hole,
    Lit,
    Made,
    Many,
    Method,
    Mod,
    Obj,
    Program,
    Space,
    Table,
    Text,
    Up,
    Value,
    Values,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.world import World

COMPUTED = "getattr()"
"""The name of a method of which only the module is known, one that starts processes."""

PARTIAL_METHOD: Final = "functools.partialmethod"
"""It becomes a partial of the method when it is taken from an instance."""

_PLAIN = frozenset(
    "abc.ABC builtins.object typing.Generic typing.Protocol typing_extensions.Protocol".split()
)
"""Bases that do not make fields of annotated names."""

_INERT_ATTRIBUTES = frozenset(
    "__doc__ __name__ __qualname__ __module__ __file__ __version__ __path__ __annotations__ "
    "__signature__ __package__ __spec__ __all__ __class__ __defaults__ __kwdefaults__ "
    "__code__ __hash__ __eq__ __repr__ __str__".split()
)
"""What may be asked of a module or function without getting hold of what it can do."""

_SAME = frozenset({"__call__", "__func__", "__wrapped__", "__get__", "__init__", "__new__"})
"""Attributes of a function or class that are as good as itself."""

_STARTING = frozenset(name.rpartition(".")[0] for name in processes.STARTS)
"""Modules and classes with functions that start processes."""


def attribute_of(world: World, value: Value, name: str) -> Values:
    """`value.name`"""
    match value:
        case Ext():
            return _external_attribute(world, value, name)
        case Made(name=cls):
            return _instance_attribute(cls, name)
        case Mod(path=path):
            return world.module_attribute(path, name)
        case Obj() | Cls():
            return _member(world, value, name, members_of(world, value))
        case Up(path=path, scope=scope):
            bases = members_of(world, Cls(path, scope))[1:]
            return _member(world, Obj(path, scope), name, bases)
        case Fun(path=path):
            if name == "__globals__":
                return (Space(Mod(path)),)
            if name == "__module__":
                return world.own_name(path, package=False)
            return (value,) if name in _SAME else (Method(value, name),)
        case Bound(func=Ext(name=fold.TEMPLATE), args=args):
            return args[0].values if name == "template" else (Method(value, name),)
        case Bound(func=Ext(name=fold.OPEN)):
            return (Method(value, name),)
        case Bound(func=func):
            return (func,) if name == "func" else UNKNOWN
        case Many(items=(_, named, _), rest=False) if name == "name":
            return named  # of pkgutil.ModuleInfo, a tuple
        case AnyOf():
            return UNKNOWN if name in _INERT_ATTRIBUTES else (value,)
        case Lit() if name in {"value", "name"}:
            # A member of an enumeration, which is folded to its value.
            return (value,)
        case Lit(value=str()) | Text() if name == "parent":
            return fold.parent(value)
        case Program(words=words) if name not in processes.PROGRAM_METHODS:
            return (Program((*words, (Lit(name.replace("_", "-")),))),)
        case Program():
            return (value,)
        case _:
            if name == "__table__":
                return (Made("sqlalchemy.Table"),)
            return (Method(value, name),)


def _external_attribute(world: World, value: Ext, name: str) -> Values:
    if name in _SAME or (name in processes.UNDERLYING and catalogue.sink(value.name)):
        return (value,)
    if name == "__getattribute__":
        return (Bound(Ext("builtins.getattr"), (Given((value,)),)),)
    if name == "__path__" and value.name.partition(".")[0] == tampering.ROOT:
        return (Made(f"{value.name}.{name}"),)
    if name in {"__dict__", "__globals__"}:
        of = value.name.rpartition(".")[0] if name == "__globals__" else value.name
        return (Space(Ext(of)),)
    if name == "__module__":
        return (Lit(value.name.rpartition(".")[0]),)
    if name == "__name__" and "." not in value.name:
        return (Lit(value.name),)
    if name in _INERT_ATTRIBUTES and value.name not in processes.PROGRAMS:
        return UNKNOWN
    if value.name == "sys" and name == "executable":
        return (Lit("python"),)
    holder = processes.PROGRAMS.get(processes.ALIASES.get(value.name, value.name))
    if holder is not None and holder.by == "attribute":
        inner = f"{value.name}.{name}"
        listed = inner in processes.STARTS or inner in processes.PROGRAMS
        if not listed and not name[:1].isupper():
            word = name.replace("_", "-") if holder.dashes else name
            return (Program(((Lit(word),),)),)
    kind = catalogue.attribute(f"{value.name}.{name}")
    if kind is not None:
        return (_made(kind),)
    return (Ext(catalogue.canonical(f"{value.name}.{name}")),)


def members_of(world: World, value: Obj | Cls) -> list[tuple[str, m.Scope | None, Value]]:
    """The classes in which a member is looked up, in order: (file, scope, class)."""
    order: list[tuple[str, m.Scope | None, Value]] = []
    seen: set[Value] = set()
    queue: list[Value] = [Cls(value.path, value.scope)]
    while queue and len(order) < 64:
        current = queue.pop(0)
        if current in seen:
            continue
        seen.add(current)
        match current:
            case Cls(path=path, scope=number):
                scope = world.files[path].scopes[number]
                order.append((path, scope, current))
                for base in scope.bases:
                    queue.extend(world.values(path, base))
            case Ext():
                order.append(("", None, current))
            case _:
                order.append(("", None, HOLE))
    return order


def _member(
    world: World,
    value: Obj | Cls,
    name: str,
    classes: Sequence[tuple[str, m.Scope | None, Value]],
) -> Values:
    if name in {"__dict__"}:
        return (Space(value),)
    if name == "__class__":
        return (Cls(value.path, value.scope),)
    external: list[Values] = []
    for path, scope, cls in classes:
        if scope is None:
            if isinstance(cls, Ext) and cls.name != "builtins.object":
                external.append(
                    _instance_attribute(cls.name, name)
                    if isinstance(value, Obj)
                    else _external_attribute(world, cls, name)
                )
            elif isinstance(cls, Hole):
                external.append((Method(HOLE, name),))
            continue
        facts = world.files[path]
        groups = [
            world.values(path, facts.bindings[number].value) for number in scope.names.get(name, ())
        ]
        if isinstance(value, Obj):
            made = _made_by(world, value) if name in scope.attributes else None
            groups += [world.values(path, node, made) for node in scope.attributes.get(name, ())]
            if name in scope.grown:
                groups = [_longer(group) for group in groups]
                groups += [world.values(path, node, made) for node in scope.grown[name]]
        if isinstance(value, Obj):
            groups = _field(world, value, name, classes) or groups
        if groups:
            return merge(_bound(world, merge(groups), value))
    if name == "__table__":
        return (Made("sqlalchemy.Table"),)
    if name == "_replace" and isinstance(value, Obj):
        return (Method(value, name),)
    if not external and isinstance(value, Obj) and not name.startswith("__"):
        hooks = _member(world, value, "__getattr__", classes)
        answered = [
            result_of(world, hook, (Given((Lit(name),)),))
            for hook in hooks
            if isinstance(hook, Fun)
        ]
        if answered:
            return merge([*answered, (Method(value, name),)])
    return merge(external) or (Method(value, name),)


def _longer(values: Values) -> Values:
    """Lists and tables of which other methods make longer ones."""
    return tuple(
        replace(value, rest=True) if isinstance(value, Many | Table) else value for value in values
    )


def _field(
    world: World,
    value: Obj,
    name: str,
    classes: Sequence[tuple[str, m.Scope | None, Value]],
) -> list[Values]:
    """What a dataclass, named tuple or model was made with, if that is known."""
    own = [scope for _, scope, _ in classes if scope is not None]
    if any("__init__" in one.names or name in one.attributes for one in own):
        return []
    if not any(one.name == name for scope in own for one in scope.parameters):
        return []
    if value.given is None:
        return _undecided(world, name, classes) if _is_record(classes) else []
    if len(own) == 1:
        made = frame_of(world, Fun(value.path, value.scope), value.given)
        return [made.parameters[name]]
    # In which order fields are inherited is not asked: a name tells, a position does not.
    return [one.values for one in value.given if one.name == name] or (
        [UNKNOWN] if any(one.name is None or one.star for one in value.given) else []
    )


def _undecided(
    world: World, name: str, classes: Sequence[tuple[str, m.Scope | None, Value]]
) -> list[Values]:
    """A field of an object of which it is not known how it was made: whatever makers give."""
    for path, scope, _ in classes:
        for one in scope.parameters if scope is not None else ():
            if one.name == name:
                return [world.values(path, one.node)]
    return []


def _is_record(classes: Sequence[tuple[str, m.Scope | None, Value]]) -> bool:
    """Whether what makes objects of a class gives their annotated names, as for a dataclass."""
    return any(
        bool(scope.decorators)
        if scope is not None
        else isinstance(cls, Ext) and cls.name not in _PLAIN
        for _, scope, cls in classes
    )


def _made_by(world: World, value: Obj) -> Frame | None:
    """The call of `__init__` that made an instance, if its arguments are known."""
    if value.given is None:
        return None
    cls = world.files[value.path].scopes[value.scope]
    for number in cls.names.get("__init__", ()):
        node = world.files[value.path].nodes[world.files[value.path].bindings[number].value]
        if isinstance(node, m.Function):
            bare = Obj(value.path, value.scope)
            return frame_of(world, Fun(value.path, node.scope, bare), value.given)
    return None


def is_partial_method(value: Bound) -> bool:
    """Whether it is a `partialmethod` as it stands in the class."""
    func = value.func
    return isinstance(func, Ext) and func.name == PARTIAL_METHOD and bool(value.args)


def _bound(world: World, values: Values, owner: Obj | Cls) -> list[Values]:
    groups: list[Values] = []
    for value in values:
        if isinstance(value, Bound) and is_partial_method(value):
            methods = merge(_bound(world, value.args[0].values, owner))
            groups.append(tuple(Bound(method, value.args[1:]) for method in methods))
        elif isinstance(value, Fun) and value.owner is None:
            scope = world.files[value.path].scopes[value.scope]
            kinds = decorators_of(world, value)
            if "builtins.property" in kinds or "functools.cached_property" in kinds:
                groups.append(result_of(world, replace(value, owner=owner), ()))
            elif "builtins.staticmethod" in kinds or scope.kind == "lambda":
                groups.append((value,))
            else:
                groups.append((replace(value, owner=owner),))
        else:
            groups.append((value,))
    return groups


def decorators_of(world: World, function: Fun) -> set[str]:
    scope = world.files[function.path].scopes[function.scope]
    names: set[str] = set()
    for decorator in scope.decorators:
        for value in world.values(function.path, decorator):
            if isinstance(value, Ext):
                names.add(value.name)
    return names


def item_of(world: World, value: Value, keys: Values) -> Values:
    """`value[key]`"""
    match value:
        case Many() | Table() | Lit() | Text():
            return fold.item(value, keys)
        case Space(of=of):
            return merge(space_item_of(world, of, key) for key in keys)
        case Ext(name="sys.modules"):
            return merge(world.imported(key, "") for key in keys)
        case Ext(name=name):
            holder = processes.PROGRAMS.get(processes.ALIASES.get(name, name))
            if holder is not None and holder.by == "item":
                return (Program((keys,)),)
            return (value,)
        case Program(words=words):
            return (Program((*words, *fold.arguments(keys))),)
        case AnyOf():
            return (value,)
        case _:
            return UNKNOWN


def space_item_of(world: World, of: Ext | Mod | Cls | Obj, key: Value) -> Values:
    if isinstance(key, Lit) and isinstance(key.value, str):
        return attribute_of(world, of, key.value)
    return any_attribute_of(world, of, key)


def any_attribute_of(world: World, of: Value, key: Value = HOLE) -> Values:
    """An attribute whose name is not (wholly) known: the worst it can be."""
    match of:
        case Ext(name=name) if catalogue.is_holder(name):
            if isinstance(key, Text) and not _may_reach(name, key):
                return UNKNOWN
            return (AnyOf(catalogue.canonical(name)),)
        case Mod(path=path) if path in world.files and world.files[path].scopes:
            names = world.files[path].scopes[0].names
            found = merge(world.exported(path, name) for name in names if fold.may_be(key, name))
            # What merely leads to a sink needs one more step, which is judged there.
            sinks = (v for v in found if isinstance(v, Ext) and catalogue.sink(v.name))
            return merge([tuple(sinks), UNKNOWN])
        case Ext(name=name) if name in _STARTING:
            return (Method(of, COMPUTED),)
        case Made(name=name) if isinstance(key, Text):
            # Of an object with a sink for a method: what the known part of the name allows.
            fitting = (one for one in catalogue.METHODS if fold.may_be(key, one))
            methods = merge(_instance_attribute(name, one) for one in fitting)
            return merge([tuple(one for one in methods if isinstance(one, Ext)), UNKNOWN])
        case _:
            return UNKNOWN


def _instance_attribute(cls: str, name: str) -> Values:
    if name == "__class__":
        return (Ext(cls),)
    kind = catalogue.attribute(f"{cls}.{name}") or processes.ATTRIBUTES.get(f"{cls}.{name}")
    if kind is not None:
        return (_made(kind),)
    whole = catalogue.canonical(f"{cls}.{name}")
    known = catalogue.sink(whole)
    if known is not None:
        return (Ext(known.name),)
    if cls.partition(".")[0] in catalogue.ROOTS:
        return (Ext(whole),)
    for start in (whole, processes.ALIASES.get(whole, whole)):
        if start in processes.STARTS or start in processes.INVOKING:
            return (Ext(start),)
    return (Method(Made(cls), name),)


def _made(kind: str) -> Value:
    """An instance of a class of the catalogue, or what holds such instances."""
    holder, bracket, held = kind.removesuffix("]").partition("[")
    one: Values = (Made(held),)
    if not bracket:
        return Made(kind)
    return Many((one,), rest=True) if holder == "list" else Table(((UNKNOWN, one),), rest=True)


def _may_reach(holder: str, key: Text) -> bool:
    from interlock_checks.link.known import sink_names

    return any(fold.may_be(key, name) for name in sink_names(holder))
