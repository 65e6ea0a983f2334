"""
What a program does to the guards themselves: replaces, empties, deletes, or reaches into them.

A change is described as a `Put`, however it is spelled: an assignment, `setattr`, `vars(x)[...]`,
`sys.modules[...]`, `mock.patch`. Then one place decides which puts touch a guard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock_checks import catalogue
from interlock_checks.catalogue import guards, tampering
from interlock_checks.catalogue.tampering import CI_PREFIXES, CI_VARIABLES, ROOT, Patcher
from interlock_checks.facts import model as m
from interlock_checks.link import dotenv, fold
from interlock_checks.link.frames import Frame
from interlock_checks.link.members import attribute_of
from interlock_checks.link.values import (
    UNKNOWN,
    Bound,
    Cls,
    Ext,
    Given,
    Lit,
    Made,
    Many,
    Method,
    Mod,
    Obj,
    Par,
    Space,
    Table,
    Text,
    Value,
    Values,
    argument,
)
from interlock_checks.link.world import NESTED, World


@dataclass(frozen=True, slots=True)
class Touch:
    """
    A guard, approval or receipt that is tampered with, and how.

    `here`: it counts only where interlock runs in the same process. `hooked`: it is no part of
    interlock, and counts only in a repository that interlock guards.
    """

    code: str
    what: str
    manner: str
    here: bool = False
    hooked: bool = False


@dataclass(frozen=True, slots=True)
class Put:
    """
    A change: `owner.key` or `owner[key]` gets `value`, or is deleted where that is None.

    `item` tells the two apart. An empty key stands for everything in the owner.
    """

    owner: Value
    key: Values
    value: Values | None
    item: bool
    manner: str


def stored(world: World, path: str, use: m.Use, frame: Frame | None) -> Iterator[Put]:
    """The changes that an assignment or `del` makes."""
    value = None if use.into < 0 else world.values(path, use.into, frame)
    node = world.files[path].nodes[use.node]
    match node:
        case m.Attr(base=base, name=name) if use.manner != m.UPDATED:
            for owner in world.values(path, base, frame):
                yield Put(owner, (Lit(name),), value, False, use.manner)
        case m.Item(base=base, key=key) if use.manner != m.UPDATED:
            keys = world.values(path, key, frame)
            for owner in world.values(path, base, frame):
                yield Put(owner, keys, value, True, use.manner)
        case _:
            for owner in world.values(path, use.node, frame):
                yield from _updates(owner, value or UNKNOWN, (), use.manner)


def called(function: Value, given: tuple[Given, ...]) -> Iterator[Put]:
    """The changes that a call makes."""
    name = full_name(function)
    patcher = tampering.FUNCTIONS.get(name)
    if patcher is not None:
        yield from _patched(patcher, given, name)
        return
    owner, method = _receiver(function)
    if owner is not None and method in tampering.TABLE_METHODS:
        yield from _patched(
            tampering.TABLE_METHODS[method], (Given((owner,)), *given), f"{method}()"
        )
        return
    where = full_name(owner)
    if method in tampering.INSTALLING and (where in tampering.FINDERS or _is_guarded(where)):
        manner = "given a finder" if where in tampering.FINDERS else f"changed by `{method}`"
        yield Put(owner or UNKNOWN[0], (), given[-1].values if given else (), True, manner)
        return
    if owner is not None and method in tampering.EMPTYING:
        yield Put(owner, (), None, True, "emptied")
        return
    for ending, found in _METHODS.get(name.rpartition(".")[2], ()):
        if name == ending or name.endswith(f".{ending}"):
            yield from _patched(found, given, name)


_METHODS = {
    word: [one for one in tampering.METHODS.items() if one[0].rpartition(".")[2] == word]
    for word in {ending.rpartition(".")[2] for ending in tampering.METHODS}
}
"""Patchers by the last word of their name."""


def only_changes(function: Value) -> bool:
    """Whether it puts something into its first argument, and gives that to nobody."""
    name = full_name(function)
    return any(name.endswith(f".{ending}") for ending in tampering.CHANGING)


def full_name(function: Value | None) -> str:
    """The dotted name of what is called, as far as it is known: `?.patch.object`."""
    match function:
        case Ext(name=name):
            return name
        case Made(name=name):
            return name
        case Method(owner=owner, name=name):
            return f"{full_name(owner)}.{name}"
        case _:
            return "?"


def _receiver(function: Value) -> tuple[Value | None, str]:
    match function:
        case Method(owner=owner, name=name):
            return owner, name
        case Ext(name=name) if "." in name:
            before, _, method = name.rpartition(".")
            return Ext(before), method
        case _:
            return None, ""


def _patched(patcher: Patcher, given: tuple[Given, ...], by: str) -> Iterator[Put]:
    manner = f"changed by `{by.removeprefix('?.').removeprefix('builtins.')}`"
    owners = argument(given, 0, "target") or (argument(given, 0, "in_dict") or UNKNOWN)
    key = argument(given, 1, "name") or ()
    value = argument(given, 2, "value") or UNKNOWN
    match patcher.form:
        case "environment":
            variable = argument(given, 0, "name") or UNKNOWN
            yield Put(Ext("os.environ"), variable, argument(given, 1) or UNKNOWN, True, manner)
        case "lines":
            held = dotenv.variables(given)
            for variable, text in () if held is None else held.pairs:
                yield Put(Ext("os.environ"), variable, text, True, manner)
        case "table":
            named = tuple(((Lit(g.name),), g.values) for g in given if g.name)
            more = argument(given, 1, "values") or (Table((), rest=False),)
            for owner in owners:
                yield from _updates(_as_object(owner), more, named, manner)
        case form:
            for owner in owners:
                whole = _as_object(owner)
                if form == "dotted" and isinstance(owner, Lit) and isinstance(whole, Ext):
                    before, _, name = whole.name.rpartition(".")
                    yield Put(Ext(before or name), (Lit(name),), value, False, manner)
                    continue
                gone = patcher.deletes
                yield Put(whole, key, None if gone else value, form == "item", manner)


def _as_object(value: Value) -> Value:
    """The object that a dotted string means, where a patcher imports what it names."""
    if isinstance(value, Lit) and isinstance(value.value, str):
        return Ext(catalogue.canonical(value.value))
    return value


def _updates(
    owner: Value, more: Values, named: Sequence[tuple[Values, Values]], manner: str
) -> Iterator[Put]:
    pairs = list(named)
    for one in more:
        if isinstance(one, Table):
            pairs += one.pairs
        elif isinstance(one, Many):
            rows = [row for item in one.items for row in item if isinstance(row, Many)]
            pairs += [(row.items[0], row.items[1]) for row in rows if len(row.items) == 2]
    for key, value in pairs:
        yield Put(owner, key, value, True, manner)
    if not pairs or any(not isinstance(one, Table) or one.rest for one in more):
        yield Put(owner, UNKNOWN, UNKNOWN, True, manner)


# --- which changes touch a guard ---


def touches(world: World, path: str, put: Put) -> Iterator[Touch]:
    """The guards that a change replaces or takes away."""
    match put.owner:
        case Ext(name=name) | Made(name=name) if _is_guarded(name):
            yield _replaced(f"{name}.{_shown(put.key)}" if put.key else name, put)
        case Space(of=Ext(name=name)) if _is_guarded(name):
            yield _replaced(f"{name}.{_shown(put.key)}", put)
        case Ext(name="sys.modules"):
            yield from _entries(put)
        case Ext(name="sys") if any(k == Lit("modules") for k in put.key):
            yield _replaced("sys.modules", put)
        case Ext(name=name) if name in tampering.FINDERS or _member(put) in tampering.FINDERS:
            if _names_interlock(world, path, put.value):
                yield _replaced(name if name in tampering.FINDERS else _member(put), put)
        case Ext() if _member(put) in tampering.IMPORTING:
            if _names_interlock(world, path, put.value):
                yield _replaced(_member(put), put)
        case Ext(name=name) if not put.item and _is_hooked(f"{name}.{_shown(put.key)}"):
            yield Touch("IL303", f"{name}.{_shown(put.key)}", put.manner, hooked=True)
        case Method(name=name) if name in tampering.FRAMES:
            for key in put.key:
                if isinstance(key, Lit) and key.value == ROOT:
                    yield _replaced(f'{name}["{ROOT}"]', put)
        case Mod() | Cls() | Space(of=Mod() | Cls()):
            yield from _names_of_guards(world, put)
        case _:
            pass


def _is_guarded(name: str) -> bool:
    return _below(name, (ROOT,))


def _is_hooked(name: str) -> bool:
    known = catalogue.canonical(name)
    if known.startswith("sqlalchemy.") and not tampering.LISTENERS.isdisjoint(known.split(".")):
        return True
    return _below(known, tampering.HOOKED) and not _below(known, tampering.NOT_HOOKED)


def _below(name: str, holders: Sequence[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in holders)


def _member(put: Put) -> str:
    name = put.owner.name if isinstance(put.owner, Ext) else ""
    return f"{name}.{_shown(put.key)}"


def _shown(key: Values) -> str:
    texts = [str(k.value) for k in key if isinstance(k, Lit)]
    return texts[0] if len(texts) == 1 and len(key) == 1 else "*"


def _replaced(what: str, put: Put) -> Touch:
    return Touch("IL303", what, put.manner)


def _entries(put: Put) -> Iterator[Touch]:
    """`sys.modules["interlock"]`, or everything in it."""
    if not put.key:
        yield _replaced("sys.modules", put)
    for key in put.key:
        text = key.value if isinstance(key, Lit) else None
        if isinstance(key, Text):
            text = key.parts[0]
            if text is None or "." not in text:
                continue
        if isinstance(text, str) and _is_guarded(text.rstrip(".")):
            if put.value and all(isinstance(v, Ext) and _is_guarded(v.name) for v in put.value):
                continue
            yield _replaced(f'sys.modules["{text}"]', put)


def _names_of_guards(world: World, put: Put) -> Iterator[Touch]:
    """A name of a module or class of the repository that holds a guard, and then does not."""
    owner = put.owner.of if isinstance(put.owner, Space) else put.owner
    if put.value is not None and any(holds_guard(v) for v in put.value):
        return
    for key in put.key:
        if isinstance(key, Lit) and isinstance(key.value, str):
            for held in attribute_of(world, owner, key.value):
                if isinstance(held, Ext) and _is_guarded(held.name):
                    yield _replaced(held.name, put)
                    return


def tells(values: Values) -> bool:
    """
    Whether an argument may decide that a change touches a guard, a receipt or an approval.

    Only such arguments are worth following into the function that gets them.
    """
    stack: list[Value] = list(values)
    while stack:
        value = stack.pop()
        match value:
            case Lit(value=str() | bytes() as text):
                name = text if isinstance(text, str) else text.decode("utf-8", "replace")
                if ROOT in name.lower() or name in CI_VARIABLES or name.startswith(CI_PREFIXES):
                    return True
            case Text(parts=parts):
                if any(part and ROOT in part.lower() for part in parts):
                    return True
            case Many(items=items):
                stack.extend(v for held in items for v in held)
            case Table(pairs=pairs):
                stack.extend(v for keys, held in pairs for v in (*keys, *held))
            case Bound(func=func, args=args):
                stack += [func, *(v for one in args for v in one.values)]
            case Ext(name=name) | Made(name=name):
                if name.partition(".")[0] in _TELLING_ROOTS:
                    return True
            case Mod() | Cls() | Space():
                return True
            case _:
                pass
    return False


_TELLING_ROOTS = frozenset({ROOT, "alembic", "builtins", "importlib", "os", "sqlalchemy", "sys"})


def holds_guard(value: Value) -> bool:
    """Whether a value is a guard, or calls one."""
    match value:
        case Ext(name=name):
            return _is_guarded(name)
        case Bound(func=func, args=args):
            return holds_guard(func) or any(holds_guard(v) for g in args for v in g.values)
        case _:
            return False


def _names_interlock(world: World, path: str, values: Values | None) -> bool:
    """Whether the file of an import hook, or of what installs it, has the name as a constant."""
    files = {path.partition(NESTED)[0]}
    for value in values or ():
        if isinstance(value, Obj | Cls):
            files.add(value.path)
    return any(
        isinstance(node, m.Const)
        and isinstance(node.value, str)
        and _is_guarded(node.value.rstrip("."))
        for file in files
        for node in world.files[file].nodes
    )


def rebound(world: World, path: str, use: m.Use) -> Iterator[Touch]:
    """A name that an import binds to a guard, and that something else has in the same scope."""
    names = [v.name for v in world.values(path, use.node) if isinstance(v, Ext)]
    guarded = next((n for n in names if _is_guarded(n) and not _is_dunder(n)), None)
    if guarded is None:
        return
    values = world.values(path, use.into)
    if any(holds_guard(v) for v in values) or _made_of(world, path, use.into):
        return
    yield Touch("IL303", guarded, "replaced by a stand-in under the same name")


def _is_dunder(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.startswith("__") and last.endswith("__")


def _made_of(world: World, path: str, node: int) -> bool:
    """Whether a call was given the guard, or a lazy import its name: a wrapper, no stand-in."""
    call = world.files[path].nodes[node]
    if not isinstance(call, m.Call):
        return False
    if any(isinstance(f, Cls) for f in world.values(path, call.func)):
        return False
    made = world.values(path, node)
    for arg in call.args:
        for value in world.values(path, arg.value):
            if holds_guard(value):
                return True
            if value == Lit(ROOT) and not any(isinstance(v, Made | Obj) for v in made):
                return True
    return False


def shadowed(world: World, path: str, use: m.Use) -> Iterator[Touch]:
    """Something else that is given the name `interlock`, and has the names of its guards."""
    api = {one.rpartition(".")[2] for one in guards.GUARDS}
    for value in world.values(path, use.node):
        match value:
            case Ext(name=name) if not _is_guarded(name) and use.manner == m.NAMED:
                yield Touch("IL303", name, f"given the name `{ROOT}`")
            case Mod(path=file) if ROOT in world.modules.names(file):
                pass  # reported as the file that it is, if it is not interlock's own
            case Mod() | Cls():
                held = [v for one in sorted(api) for v in attribute_of(world, value, one)]
                known = [v for v in held if not isinstance(v, Method) and v not in UNKNOWN]
                if known and not any(holds_guard(v) for v in known):
                    yield Touch("IL303", "a stand-in", f"given the name `{ROOT}`")
            case Table(pairs=pairs):
                if any(isinstance(k, Lit) and k.value in api for keys, _ in pairs for k in keys):
                    yield Touch("IL303", "a stand-in", f"given the name `{ROOT}`")
            case _:
                pass


# --- reaching into interlock ---


def is_private(name: str) -> bool:
    """Whether a dotted name of interlock leads through one that begins with an underscore."""
    if not _is_guarded(name):
        return False
    return any(
        part.startswith("_") and (not _is_dunder(part) or part in tampering.INSIDES)
        for part in name.split(".")
    )


def private_imports(world: World, path: str) -> Iterator[tuple[int, str]]:
    """The import statements that take a private name of interlock, by their place."""
    for one in world.files[path].imports:
        name = f"{one.module}.{one.name}" if one.name else one.module
        if one.level == 0 and is_private(name) and not world.modules.resolve(path, one.module, 0):
            yield one.place, name


def insides(world: World, path: str, node: int, frame: Frame | None) -> str | None:
    """What a chain of attributes takes from behind a guard: its `__wrapped__`, `__globals__`."""
    number = node
    while True:
        one = world.files[path].nodes[number]
        match one:
            case m.Attr(base=base, name=name):
                if name in tampering.INSIDES:
                    for value in world.values(path, base, frame):
                        if isinstance(value, Ext) and _is_guarded(value.name):
                            return f"{value.name}.{name}"
                number = base
            case m.Item(base=base) | m.Cut(base=base):
                number = base
            case m.Call(func=func):
                number = func
            case _:
                return None


def is_whole(value: Value) -> bool:
    """Whether a value is the module `interlock` itself."""
    return isinstance(value, Ext) and value.name == ROOT


def escaped(function: Ext | Method, given: tuple[Given, ...]) -> Iterator[Touch]:
    """The module itself, given to something that could do all this to it out of sight."""
    name = full_name(function)
    last = name.rpartition(".")[2]
    if name.partition(".")[0] in tampering.LOOKING or last in tampering.TELLING:
        return
    if name.partition(".")[0] in {"builtins", ROOT}:
        return
    for one in given:
        if any(map(is_whole, one.values)):
            yield Touch("IL303", ROOT, f"given to `{name.removeprefix('?.')}`")


def listeners(function: Value, given: tuple[Given, ...]) -> Iterator[Touch]:
    """Listeners of the guard taken away, or those of the whole process."""
    name = catalogue.canonical(full_name(function))
    if name == "sqlalchemy.event.remove":
        for one in given:
            for value in one.values:
                if holds_guard(value):
                    yield Touch("IL303", full_name(value), "removed from SQLAlchemy's events")
    elif name.startswith("sqlalchemy.") and ".dispatch." in name:
        if name.rpartition(".")[2] in {"clear", "_clear", "remove", "pop", "popleft", "_remove"}:
            yield Touch("IL303", name.rpartition(".")[0], "emptied", hooked=True)
    elif name in tampering.HOLDERS:
        for one in given:
            for value in one.values:
                if holds_guard(value):
                    yield Touch("IL303", full_name(value), f"looked for by `{name}`")
    elif name == "inspect.unwrap":
        for value in argument(given, 0) or ():
            if holds_guard(value):
                yield Touch("IL303", f"{full_name(value)}.__wrapped__", "reached")


def left_out(given: tuple[Given, ...]) -> Iterator[Touch]:
    """interlock's plugin of pytest, left out by an argument."""
    for one in given:
        for value in one.values:
            words = (
                [v for item in value.items for v in item] if isinstance(value, Many) else [value]
            )
            for word in words:
                text = word.value if isinstance(word, Lit) else None
                if isinstance(text, str) and _LEFT_OUT.search(text):
                    yield Touch("IL303", "pytest's plugin of interlock", "left out by an argument")
                    return


_LEFT_OUT = re.compile(rf"(?:^|[\s=p])no:{ROOT}(?:_checks|_hooks)?(?![\w.-])")


def depends(puts: Sequence[Put]) -> set[Par]:
    """The parameters by which callers say what is changed, or under which key."""
    return {p for put in puts for p in fold.depends((put.owner, *put.key))}
