"""
What a module changes: attributes and items that it assigns or deletes, names that it binds again.

Beside the reader, which calls these functions where it meets such a place. Also here: which names
share one list or dictionary, because a change through one of them is seen through the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from interlock_checks.catalogue import tampering
from interlock_checks.facts import model as m
from interlock_checks.facts.flow import Frame

if TYPE_CHECKING:
    from interlock_checks.facts.reader import Reader

_FIXED = (m.Const, m.Data, m.Joined)
"""What makes an object that nothing can change."""

_CHAIN = 32
"""Names given to an object one after the other that are followed."""


def note(
    reader: Reader, target: m.Attr | m.Item, value: int, frame: Frame, anchor: cst.CSTNode
) -> None:
    """Note that an attribute or item gets a value, or with -1 that it is deleted."""
    manner = m.DELETED if value < 0 else m.ASSIGNED
    reader.change(reader.add(target), frame, manner, anchor, value)


def note_import(reader: Reader, frame: Frame, name: str, value: int, anchor: cst.CSTNode) -> None:
    """Note that a name which something else has had, maybe another import, is now an import's."""
    for binding in frame.bound.get(name, ())[:_CHAIN]:
        before = reader.bindings[binding].value
        reader.change(value, frame, m.REBOUND, anchor, before)
        if isinstance(reader.nodes[before], m.Import | m.From):
            reader.change(before, frame, m.REBOUND, anchor, value)
    frame.imported[name] = value
    if name == tampering.ROOT:
        reader.change(value, frame, m.NAMED, anchor, value)


def note_binding(reader: Reader, frame: Frame, name: str, value: int, anchor: cst.CSTNode) -> None:
    """Note that a name which an import has bound gets another value."""
    home = reader.module if name in frame.global_names else frame
    if name in home.imported:
        reader.change(home.imported[name], frame, m.REBOUND, anchor, value)
    elif name == tampering.ROOT:
        reader.change(value, frame, m.DEFINED, anchor, value)


def share(reader: Reader, frame: Frame, name: str, value: int) -> None:
    """Note that a name is bound to an object, which another name may have as well."""
    node = reader.nodes[value]
    names = {name, node.name} if isinstance(node, m.Ref) else {name}
    for origin in origins(reader, value):
        frame.shared.setdefault(origin, set()).update(names)


def origins(reader: Reader, value: int) -> set[int]:
    """The nodes that made the object which a node may mean, as far as names lead to them."""
    found: set[int] = set()
    seen: set[int] = set()
    todo = [value]
    while todo and len(seen) < _CHAIN:
        number = todo.pop()
        if number in seen:
            continue
        seen.add(number)
        node = reader.nodes[number]
        if number in reader.changed:
            todo.append(reader.changed[number])
        elif isinstance(node, m.Ref):
            todo += [reader.bindings[b].value for b in node.bindings]
        elif isinstance(node, m.Either):
            todo += node.options
        elif isinstance(node, m.Item) and (inner := _unpacked(reader, node)) is not None:
            todo.append(inner)
        else:
            found.add(number)
    return found


def _unpacked(reader: Reader, node: m.Item) -> int | None:
    """What `a, b = c, d` gives to one of its targets."""
    base, key = reader.nodes[node.base], reader.nodes[node.key]
    if not isinstance(base, m.Seq) or not isinstance(key, m.Const):
        return None
    index = key.value
    if not isinstance(index, int) or not -len(base.items) <= index < len(base.items):
        return None
    return base.items[index]


def spread(reader: Reader, frame: Frame, name: str, before: int, after: int) -> None:
    """The object of a name has become `after`: so it has for its other names."""
    made = {n for n in origins(reader, before) if not isinstance(reader.nodes[n], _FIXED)}
    others = {other for origin in made for other in frame.shared.get(origin, ())}
    for other in sorted(others - {name}):
        if other not in frame.env and frame.kind != "function":
            continue
        value = reader.ref(frame, other)
        found = origins(reader, value)
        if found == made and len(made) == 1:
            reader.bind(frame, other, after)
        elif not made.isdisjoint(found):
            reader.bind(frame, other, reader.add(m.Either((after, value))))
