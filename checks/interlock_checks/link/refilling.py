"""
Loops that put something new into a list or table under each key that it has.

A table that was empty, and got something under each item of a list, has the items of that list for
keys. Another loop over the same list that puts something under each has replaced all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from interlock_checks.catalogue import control
from interlock_checks.facts import model as m
from interlock_checks.link.below import is_receipt, keys_of, marker
from interlock_checks.link.paths import Name, Path
from interlock_checks.link.running import Running
from interlock_checks.link.values import Lit, Values

if TYPE_CHECKING:
    from interlock_checks.link.holdings import Holdings


def refilled(
    holdings: Holdings, at: Running, source: int, steps: Iterable[m.Node], ways: Sequence[Path]
) -> Name | None:
    """What gets something new under each of its keys in a loop over a node."""
    facts = holdings.world.files[at.path]
    one = facts.nodes[source]
    base, whole = source, True
    while isinstance(one, m.Call):
        method = facts.nodes[one.func]
        if isinstance(method, m.Attr) and method.name in {"items", "keys"} and not one.args:
            base, whole = method.base, method.name == "keys"
        elif one.args and holdings.names_of(at, one.func) <= control.COLLECTING:
            whole = "builtins.enumerate" not in holdings.names_of(at, one.func)
            base = one.args[0].value
        else:
            return None
        one = facts.nodes[base]
    itself = holdings.owner(at, base)
    keys = holdings.sources.spelled(at, source)
    for step in steps:
        pair = facts.nodes[step.right] if isinstance(step, m.Op) else None
        if not isinstance(step, m.Op) or not isinstance(pair, m.Map) or len(pair.keys) != 1:
            continue
        owner, key = holdings.owner(at, step.left), facts.nodes[pair.keys[0]]
        if owner is None or not isinstance(key, m.Ref) or not holdings.may_hold(owner):
            continue
        named = keys is not None and all(w.value(keys_of(owner)) == (Lit(keys),) for w in ways)
        if owner != itself and not named:
            continue
        targets = [facts.nodes[facts.bindings[b].value] for b in key.bindings]
        if targets and all(_is_key(facts, target, source, whole) for target in targets):
            return owner
    return None


def keyed(holdings: Holdings, at: Running, one: m.Op, before: Path, after: Path) -> Path:
    """`table[key] = value`, of which a node is the union: the keys may be those of a loop."""
    facts = holdings.world.files[at.path]
    owner, pair = holdings.owner(at, one.left), facts.nodes[one.right]
    if owner is None or not isinstance(pair, m.Map) or len(pair.keys) != 1:
        return after
    key = facts.nodes[pair.keys[0]] if pair.keys[0] >= 0 else None
    targets = [facts.bindings[b].value for b in key.bindings] if isinstance(key, m.Ref) else []
    each = facts.nodes[targets[0]] if len(targets) == 1 else None
    keys = holdings.sources.spelled(at, each.source) if isinstance(each, m.Each) else None
    known = None if keys is None else (Lit(keys),)
    empty = (holdings.remembered(owner, before) or {}) == {"[]": ()}
    return after.bind(
        keys_of(owner), known if empty or before.value(keys_of(owner)) == known else None
    )


def begin(way: Path, owner: Name) -> Path:
    """A turn begins in which the item is to be replaced."""
    return way.bind(marker(owner), ())


def replaced(way: Path, owner: Name) -> Values | None:
    """What a turn has put in the place of its item; None if it may have left it."""
    put = way.value(marker(owner))
    return put if put and all(map(is_receipt, put)) else None


def end(holdings: Holdings, way: Path, owner: Name, new: Values | None) -> Path:
    """All turns are over; `new` is what each of them has put in."""
    way = way.bind(marker(owner), None)
    return way if new is None else holdings.keep(way, owner, {"[]": new})


def _is_key(facts: m.Facts, target: m.Node, source: int, whole: bool) -> bool:
    if whole:
        return isinstance(target, m.Each) and target.source == source
    if not isinstance(target, m.Item):
        return False
    over, key = facts.nodes[target.base], facts.nodes[target.key]
    first = isinstance(key, m.Const) and key.value == 0
    return first and isinstance(over, m.Each) and over.source == source
