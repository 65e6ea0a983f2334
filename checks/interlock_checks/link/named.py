"""Objects that are reached by a name in a text: attributes, modules, entry points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from interlock_checks.catalogue import reflection
from interlock_checks.link.members import any_attribute_of, attribute_of
from interlock_checks.link.values import (
    UNKNOWN,
    Bound,
    Ext,
    Given,
    Lit,
    Many,
    Method,
    Values,
    argument,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.world import World


def attribute_path(world: World, owner: Values, names: Values) -> Values:
    """`owner.a.b` for each of the names "a.b"; the worst, where a name is not known."""
    groups: list[Values] = []
    for name in names:
        if isinstance(name, Lit) and isinstance(name.value, str):
            current = owner
            for part in name.value.split("."):
                current = merge(attribute_of(world, value, part) for value in current)
            groups.append(current)
        else:
            groups.extend(any_attribute_of(world, value, name) for value in owner)
    return merge(groups)


def attribute_path_single(world: World, owner: Values, names: Values) -> Values:
    """As `attribute_path`, but a dot in a name is part of it, as getattr has it."""
    groups: list[Values] = []
    for name in names:
        for value in owner:
            if isinstance(name, Lit) and isinstance(name.value, str):
                groups.append(attribute_of(world, value, name.value))
            else:
                groups.append(any_attribute_of(world, value, name))
    return merge(groups)


def imported(
    world: World, importer: reflection.Importer, given: Sequence[Given], path: str
) -> Values:
    """What a function that imports by name gives, as far as the name is known."""
    names = argument(given, importer.first, importer.keyword) or UNKNOWN
    package = ""
    if importer.package is not None:
        for value in argument(given, *importer.package) or ():
            if isinstance(value, Lit) and isinstance(value.value, str):
                package = value.value
    groups: list[Values] = []
    for name in names:
        if not isinstance(name, Lit) or not isinstance(name.value, str):
            groups.append(UNKNOWN)
            continue
        groups.append(_named(world, importer, name.value, given, path, package))
    return merge(groups)


def _named(
    world: World,
    importer: reflection.Importer,
    text: str,
    given: Sequence[Given],
    path: str,
    package: str,
) -> Values:
    match importer.form:
        case "module":
            fromlist = argument(given, 3, "fromlist")
            if importer.top and not _given_truth(fromlist):
                text = text.partition(".")[0]
            return world.imported(Lit(text), path, package)
        case "module:attr" | "entry-point":
            if importer.form == "entry-point":
                text = text.partition("=")[2].strip() or text
            name, colon, attribute = text.partition(":")
            if not colon:
                return _dotted(world, text, path)
            owner = world.imported(Lit(name), path, package)
            return attribute_path(world, owner, (Lit(attribute),))
        case "module.attr":
            return _dotted(world, text.replace(":", "."), path)
        case _:
            return UNKNOWN


def _given_truth(values: Values | None) -> bool:
    if values is None:
        return False
    return not all(
        (isinstance(v, Many) and not v.items and not v.rest) or v == Lit(None) for v in values
    )


def _dotted(world: World, text: str, path: str) -> Values:
    """The object of a dotted name of which some leading part is a module."""
    head, *rest = text.split(".")
    current = world.module(path, head, 0)
    name = head
    for part in rest:
        name = f"{name}.{part}"
        inner = merge(attribute_of(world, value, part) for value in current)
        if inner in ((), UNKNOWN) or all(isinstance(v, Method) for v in inner):
            inner = world.module(path, name, 0)
        current = inner
    return current


def specified(world: World, given: Sequence[Given], path: str) -> Values:
    """The module of a specification, where the name that was looked for is known."""
    found: list[Values] = []
    for value in argument(given, 0, "spec") or UNKNOWN:
        match value:
            case Bound(func=Ext(name=finder), args=args) if finder in reflection.SPEC_FINDERS:
                found.append(imported(world, reflection.SPEC_FINDERS[finder], args, path))
            case _:
                found.append((value,))
    return merge(found)
