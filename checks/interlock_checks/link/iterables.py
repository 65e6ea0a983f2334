"""What the well-known functions return that make, walk and change lists and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from interlock_checks.link import fold
from interlock_checks.link.calling import results_of
from interlock_checks.link.members import any_attribute_of
from interlock_checks.link.values import (
    HOLE,
    UNKNOWN,
    Ext,
    Given,
    Lit,
    Many,
    Table,
    Value,
    Values,
    argument,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.world import World

Known = Callable[["World", Sequence[Given], str], Values]
"""Given the world, the arguments and the file of the call: what comes out."""


def _map(world: World, given: Sequence[Given], path: str) -> Values:
    functions = argument(given, 0) or UNKNOWN
    source = argument(given, 1) or UNKNOWN
    if len(source) == 1:
        items = fold.items_of(source[0])
        if items is not None and len(items) <= 256:
            results = tuple(results_of(world, functions, (Given(one),), path) for one in items)
            return (Many(results),)
    one = merge(fold.each(value) for value in source)
    return (Many((results_of(world, functions, (Given(one),), path),), rest=True),)


def _listed(world: World, given: Sequence[Given], path: str) -> Values:
    values = argument(given, 0)
    if values is None:
        return (Many(()),)
    found: list[Value] = []
    for value in values:
        items = fold.items_of(value)
        if items is not None:
            found.append(Many(items))
        elif isinstance(value, Many):
            found.append(value)
        else:
            found.append(Many((fold.each(value),), rest=True))
    return tuple(found)


def _some_of(place: int) -> Known:
    """Some, all or none of what is in the argument at this place."""

    def known(world: World, given: Sequence[Given], path: str) -> Values:
        items = merge(fold.each(one) for one in argument(given, place) or ())
        return (Many((items or UNKNOWN,), rest=True),)

    return known


def _walked(world: World, given: Sequence[Given], path: str) -> Values:
    """`pkgutil.iter_modules(path, prefix)`: rows of finder, name and whether a package."""
    prefix = argument(given, 1, "prefix") or (Lit(""),)
    names = fold.concatenated((prefix, UNKNOWN))
    row: Values = (Many((UNKNOWN, names, UNKNOWN)),)
    # There may be none; all that there are have names like this one.
    return (Many(()), Many((row,)))


def _chained(world: World, given: Sequence[Given], path: str) -> Values:
    items: list[Values] = []
    rest = False
    for one in given:
        known = fold.items_of(one.values[0]) if len(one.values) == 1 else None
        items.extend(known if known is not None else [merge(fold.each(v) for v in one.values)])
        rest = rest or known is None
    return (Many(tuple(items), rest),)


def _reversed(world: World, given: Sequence[Given], path: str) -> Values:
    return tuple(
        Many(tuple(reversed(v.items)), v.rest) if isinstance(v, Many) else HOLE
        for v in _listed(world, given, path)
    )


def _sorted(world: World, given: Sequence[Given], path: str) -> Values:
    if len(given) == 1:
        return fold.compute(sorted, given[0].values)
    return _listed(world, given, path)


def _next(world: World, given: Sequence[Given], path: str) -> Values:
    found = [fold.each(value) for value in argument(given, 0) or UNKNOWN]
    filled = all(fold.items_of(value) for value in argument(given, 0) or UNKNOWN)
    other = () if filled else argument(given, 1, None) or ()
    return merge([*found, tuple(value for value in other if value != Lit(None))])


def _enumerate(world: World, given: Sequence[Given], path: str) -> Values:
    found: list[Value] = []
    for value in argument(given, 0) or UNKNOWN:
        items = fold.items_of(value)
        if items is None:
            found.append(Many(((Many((UNKNOWN, fold.each(value))),),), rest=True))
        else:
            pairs = tuple((Many(((Lit(n),), item)),) for n, item in enumerate(items))
            found.append(Many(pairs))
    return tuple(found)


def _zip(world: World, given: Sequence[Given], path: str) -> Values:
    columns = []
    for one in given:
        if one.name is not None:
            continue  # `strict=True` says what happens to rows, and is none
        items = fold.items_of(one.values[0]) if len(one.values) == 1 else None
        if items is None:
            return (Many((), rest=True),)
        columns.append(items)
    rows = tuple((Many(tuple(row)),) for row in zip(*columns, strict=False))
    return (Many(rows),)


def _dict(world: World, given: Sequence[Given], path: str) -> Values:
    pairs: list[tuple[Values, Values]] = []
    rest = False
    for one in given:
        if one.name is not None:
            pairs.append(((Lit(one.name),), one.values))
        elif len(one.values) == 1 and isinstance(one.values[0], Table):
            pairs.extend(one.values[0].pairs)
            rest = rest or one.values[0].rest
        elif len(one.values) == 1 and isinstance(one.values[0], Many):
            rest = rest or one.values[0].rest
            for item in one.values[0].items:
                for pair in item:
                    if isinstance(pair, Many) and len(pair.items) == 2 and not pair.rest:
                        pairs.append((pair.items[0], pair.items[1]))
                    else:
                        rest = True
        else:
            rest = True
    return (Table(tuple(pairs), rest),)


def _fromkeys(world: World, given: Sequence[Given], path: str) -> Values:
    keys = _listed(world, given[:1], path)
    value = argument(given, 1, "value") or (Lit(None),)
    pairs = [(item, value) for one in keys if isinstance(one, Many) for item in one.items]
    return (Table(tuple(pairs), any(not isinstance(v, Many) or v.rest for v in keys)),)


def _reduce(world: World, given: Sequence[Given], path: str) -> Values:
    functions = argument(given, 0) or UNKNOWN
    source = argument(given, 1) or UNKNOWN
    start = argument(given, 2, "initial")
    if len(source) != 1:
        return UNKNOWN
    items = fold.items_of(source[0])
    if items is None:
        if Ext("builtins.getattr") in [_bare(f) for f in functions]:
            return merge(any_attribute_of(world, value) for value in start or UNKNOWN)
        return UNKNOWN
    remaining = list(items)
    current = start if start is not None else (remaining.pop(0) if remaining else UNKNOWN)
    for one in remaining[:64]:
        current = results_of(world, functions, (Given(current), Given(one)), path)
    return current


def _bare(value: Value) -> Value:
    return Ext(value.name) if isinstance(value, Ext) else value


ITERATING: Final[Mapping[str, Known]] = {
    "builtins.map": _map,
    "builtins.filter": _some_of(1),
    "itertools.filterfalse": _some_of(1),
    "itertools.takewhile": _some_of(1),
    "itertools.dropwhile": _some_of(1),
    "itertools.islice": _some_of(0),
    "itertools.compress": _some_of(0),
    "itertools.chain": _chained,
    "random.sample": _some_of(0),
    "pkgutil.iter_modules": _walked,
    "pkgutil.walk_packages": _walked,
    "builtins.list": _listed,
    "builtins.tuple": _listed,
    "builtins.set": _listed,
    "builtins.frozenset": _listed,
    "builtins.iter": _listed,
    "builtins.reversed": _reversed,
    "builtins.sorted": _sorted,
    "builtins.next": _next,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.dict": _dict,
    "builtins.dict.fromkeys": _fromkeys,
    "collections.OrderedDict": _dict,
    "types.SimpleNamespace": _dict,
    "functools.reduce": _reduce,
}
