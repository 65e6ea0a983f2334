"""What gets a value: names, attributes, items, and what an import brings in."""

from __future__ import annotations

from collections.abc import Sequence
from keyword import iskeyword

import libcst as cst

from interlock_checks.catalogue.control import UNCAUGHT
from interlock_checks.facts import model as m
from interlock_checks.facts import stores
from interlock_checks.facts.flow import Frame
from interlock_checks.facts.reader import INERT, Context, Reader

_MUTATORS = frozenset(
    "append extend insert update setdefault sort reverse remove pop clear discard add".split()
)


_AUGMENTED: dict[type[cst.CSTNode], str] = {
    cst.AddAssign: "+",
    cst.ModuloAssign: "%",
    cst.MultiplyAssign: "*",
    cst.BitOrAssign: "|",
    cst.DivideAssign: "/",
}


def read_expression(reader: Reader, value: cst.BaseExpression, frame: Frame) -> None:
    node = reader.value(value, frame, INERT)
    if not isinstance(value, cst.Call) or not isinstance(value.func, cst.Attribute):
        return
    owner, method = value.func.value, value.func.attr.value
    if method not in _MUTATORS:
        return
    call = reader.nodes[node]
    if isinstance(owner, cst.Attribute):
        _grow_attribute(reader, owner, method, call, frame)
    if not isinstance(owner, cst.Name):
        return
    if isinstance(call, m.Call) and owner.value in frame.env:
        before = reader.ref(frame, owner.value)
        after = _mutated(reader, before, method, call.args)
        _rebind_changed(reader, frame, owner.value, before, after)


def _grow_attribute(
    reader: Reader, owner: cst.Attribute, method: str, call: m.Node, frame: Frame
) -> None:
    """Note what an attribute of `self` becomes by a method that changes it."""
    name = owner.attr.value
    of_self = isinstance(owner.value, cst.Name) and owner.value.value == frame.own_name
    if of_self and frame.owner is not None and isinstance(call, m.Call):
        before = reader.value(owner, frame, INERT)
        after = _mutated(reader, before, method, call.args)
        frame.owner.grown.setdefault(name, []).append(after)


def _rebind_changed(reader: Reader, frame: Frame, name: str, before: int, after: int) -> None:
    """A name goes on with what its object has become."""
    stores.spread(reader, frame, name, before, after)
    reader.changed[after] = before
    reader.bind(frame, name, after)


def _mutated(reader: Reader, before: int, method: str, args: tuple[m.Arg, ...]) -> int:
    """The value of a local list or dictionary after one of its methods has changed it."""
    if method == "update" and args and all(arg.name for arg in args):
        keys = tuple(reader.add(m.Const(arg.name)) for arg in args)
        given = reader.add(m.Map(keys, tuple(arg.value for arg in args)))
        return reader.add(m.Op("|", before, given))
    if not args or any(arg.star or arg.name for arg in args):
        return reader.add(m.Op(m.CHANGED, before, before))
    last = args[-1].value
    match method:
        case "append" | "add":
            return reader.add(m.Op("+", before, reader.add(m.Seq("list", (last,)))))
        case "extend":
            return reader.add(m.Op("+", before, last))
        case "insert":
            return reader.add(m.Op("+", reader.add(m.Seq("list", (last,))), before))
        case "update":
            return reader.add(m.Op("|", before, last))
        case "setdefault" if len(args) == 2:
            # What is there already stays.
            pair = reader.add(m.Map((args[0].value,), (last,)))
            return reader.add(m.Op("|", pair, before))
        case _:
            return reader.add(m.Op(m.CHANGED, before, before))


def assign(reader: Reader, node: cst.Assign, frame: Frame) -> None:
    assign_to(reader, [target.target for target in node.targets], node.value, frame)


def assign_to(
    reader: Reader,
    targets: Sequence[cst.BaseExpression],
    value: cst.BaseExpression,
    frame: Frame,
) -> None:
    simple = all(isinstance(t, cst.Name | cst.Tuple | cst.List) for t in targets)
    unpacked = any(isinstance(t, cst.Tuple | cst.List) for t in targets)
    manner = "bound to another name" if simple else "stored"
    if unpacked and isinstance(value, cst.Tuple | cst.List):
        manner = "bound to another name"
    first = len(reader.uses)
    result = reader.value(value, frame, Context(manner))
    last = len(reader.uses) - 1
    use = last if last >= first and reader.uses[last].node == result else -1
    for target in targets:
        bind_target(reader, target, result, frame, use)


def bind_target(
    reader: Reader, target: cst.BaseExpression, value: int, frame: Frame, use: int = -1
) -> None:
    match target:
        case cst.Name():
            stores.note_binding(reader, frame, target.value, value, target)
            stores.share(reader, frame, target.value, value)
            reader.bind(frame, target.value, value, use)
        case cst.Tuple() | cst.List():
            star = next(
                (
                    number
                    for number, one in enumerate(target.elements)
                    if isinstance(one, cst.StarredElement)
                ),
                None,
            )
            for number, element in enumerate(target.elements):
                if star is not None and number == star:
                    bind_target(reader, element.value, rest_of(reader, value, number), frame)
                    continue
                index = number
                if star is not None and number > star:
                    index = number - len(target.elements)
                key = reader.add(m.Const(index))
                bind_target(reader, element.value, reader.add(m.Item(value, key)), frame)
        case cst.Attribute():
            _store_attribute(reader, target, value, frame)
        case cst.Subscript():
            _store_item(reader, target, value, frame)
        case cst.StarredElement():
            bind_target(reader, target.value, reader.unknown, frame)
        case _:
            reader.value(target, frame, INERT)


def rest_of(reader: Reader, value: int, start: int) -> int:
    return reader.add(m.Cut(value, reader.add(m.Const(start)), -1, -1))


def _store_attribute(reader: Reader, target: cst.Attribute, value: int, frame: Frame) -> None:
    owner = target.value
    if isinstance(owner, cst.Name) and frame.owner is not None and owner.value == frame.own_name:
        frame.owner.attributes.setdefault(target.attr.value, []).append(value)
    base = reader.value(owner, frame, INERT)
    stores.note(reader, m.Attr(base, target.attr.value), value, frame, target)

    if reader.trace.active:
        stored = m.Op(m.STORED, reader.add(m.Attr(base, target.attr.value)), value)
        hook = target.attr.value == UNCAUGHT.rpartition(".")[2]
        reader.trace.mark("set", reader.add(stored), target if hook else None)


def _store_item(reader: Reader, target: cst.Subscript, value: int, frame: Frame) -> None:
    key = subscript_key(reader, target, frame)
    base = reader.value(target.value, frame, INERT)
    stores.note(reader, m.Item(base, key), value, frame, target)
    if isinstance(target.value, cst.Name) and target.value.value in frame.env:
        pair = reader.add(m.Map((key,), (value,)))
        after = reader.add(m.Op("|", base, pair))
        _rebind_changed(reader, frame, target.value.value, base, after)
    elif reader.trace.active:
        pair = reader.add(m.Map((key,), (value,)))
        reader.trace.mark("put", reader.add(m.Op("|", base, pair)))


def note_field(reader: Reader, name: str, annotation: cst.BaseExpression, frame: Frame) -> None:
    """Note an annotated name of a class; what it is bound to is its default."""
    said = reader.value(unquoted(annotation), frame, INERT)
    bound = frame.env.get(name, frozenset())
    value = next((reader.bindings[number].value for number in bound if number >= 0), -1)
    frame.fields.append((name, reader.add(m.Param(frame.number, name, value, said))))


def augment(reader: Reader, node: cst.AugAssign, frame: Frame) -> None:
    right = reader.value(node.value, frame, Context("stored"))
    operator = _AUGMENTED.get(type(node.operator), "?")
    if isinstance(node.target, cst.Name):
        left = reader.ref(frame, node.target.value)
        if operator == "|":
            reader.change(left, frame, m.UPDATED, node, right)
        after = reader.add(m.Op(operator, left, right))
        _rebind_changed(reader, frame, node.target.value, left, after)
    elif isinstance(node.target, cst.Attribute):
        left = reader.value(node.target, frame, INERT)
        _store_attribute(reader, node.target, reader.add(m.Op(operator, left, right)), frame)
    elif isinstance(node.target, cst.Subscript):
        left = reader.value(node.target, frame, INERT)
        _store_item(reader, node.target, reader.add(m.Op(operator, left, right)), frame)
    else:
        reader.value(node.target, frame, INERT)


def delete(reader: Reader, target: cst.BaseExpression, frame: Frame) -> None:
    match target:
        case cst.Name():
            frame.env.pop(target.value, None)
        case cst.Tuple() | cst.List():
            for element in target.elements:
                delete(reader, element.value, frame)
        case cst.Attribute():
            base = reader.value(target.value, frame, INERT)
            stores.note(reader, m.Attr(base, target.attr.value), -1, frame, target)
        case cst.Subscript():
            base = reader.value(target.value, frame, INERT)
            key = subscript_key(reader, target, frame)
            stores.note(reader, m.Item(base, key), -1, frame, target)
        case _:
            reader.value(target, frame, INERT)


def subscript_key(reader: Reader, node: cst.Subscript, frame: Frame) -> int:
    keys = [
        reader.value(element.slice.value, frame, INERT)
        for element in node.slice
        if isinstance(element.slice, cst.Index)
    ]
    only = node.slice[0].slice if len(node.slice) == 1 else None
    if isinstance(only, cst.Index) and not only.star:
        return keys[0]
    return reader.add(m.Seq("tuple", tuple(keys)))


def import_alias(reader: Reader, alias: cst.ImportAlias, frame: Frame) -> None:
    name = dotted(alias.name)
    reader.imports.append((m.Star(name, 0), "", alias))
    if alias.asname is not None:
        _bind_import(reader, frame, _target_name(alias.asname.name), m.Import(name, 0), alias)
        return
    top = name.partition(".")[0]
    _bind_import(reader, frame, top, m.Import(top, 0), alias)


def _bind_import(
    reader: Reader, frame: Frame, name: str, node: m.Import | m.From, anchor: cst.CSTNode
) -> None:
    value = reader.add(node)
    stores.note_import(reader, frame, name, value, anchor)
    reader.bind(frame, name, value)


def import_from(reader: Reader, node: cst.ImportFrom, frame: Frame) -> None:
    module = "" if node.module is None else dotted(node.module)
    level = len(node.relative)
    if isinstance(node.names, cst.ImportStar):
        reader.stars.append(m.Star(module, level))
        # What it brings replaces earlier bindings, if it brings that name.
        for name in list(frame.env):
            before = reader.ref(frame, name)
            reader.bind(frame, name, reader.add(m.Starred(module, level, name, before)))
        reader.imports.append((m.Star(module, level), "*", node))
        return
    for alias in node.names:
        name = dotted(alias.name)
        reader.imports.append((m.Star(module, level), name, alias))
        local = name if alias.asname is None else _target_name(alias.asname.name)
        _bind_import(reader, frame, local, m.From(module, level, name), alias)


def dotted(node: cst.BaseExpression) -> str:
    """The dotted name that an `Attribute`/`Name` chain of an import statement spells."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(node.value)
    return ".".join(reversed(parts))


def _target_name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def unquoted(node: cst.BaseExpression) -> cst.BaseExpression:
    """The name in an annotation that is a string; any other annotation is as it stands."""
    if isinstance(node, cst.SimpleString):
        text = node.raw_value
        return cst.Name(text) if text.isidentifier() and not iskeyword(text) else node
    return node
