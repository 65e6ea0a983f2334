"""
What lists and tables hold on a way: receipts that are put in one by one, taken out, handed on.

It is remembered below the name of a variable or attribute, as attributes are: `receipts.[]` is any
item, `state.[saved]` the one of a constant key. An empty `[]` is a list that is known to be empty.
Only what a receipt may be taken from is followed at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from interlock_checks.catalogue import control
from interlock_checks.facts import model as m
from interlock_checks.link.attributes import name_of
from interlock_checks.link.below import is_receipt, keys_of, marker, moved, restored, without
from interlock_checks.link.calling import results_of
from interlock_checks.link.frames import frame_of, passed
from interlock_checks.link.paths import Name, Path
from interlock_checks.link.receptacles import Receptacles
from interlock_checks.link.refilling import keyed as with_keys
from interlock_checks.link.running import Running
from interlock_checks.link.sources import Sources
from interlock_checks.link.values import UNKNOWN, Cls, Ext, Fun, Given, Values, merge
from interlock_checks.link.world import World

ITEM = "[]"
"""The name of any item."""

Held = dict[str, Values]
"""What something holds: `ITEM`, and constant keys in brackets."""

_EMPTY = control.EMPTY | control.COLLECTING

_ASKING = frozenset({"get", "pop"})
"""Methods of a table that give their second argument where there is nothing under the first."""

_DEEPEST = 6


@dataclass
class Holdings:
    """
    Reads and writes what is held on a way.

    `value` is what a node is on a way; only `receptacles` are followed.
    """

    world: World
    value: Callable[[Running, int, Path], Values]
    receptacles: Receptacles
    sources: Sources = field(init=False)
    _given: dict[Name, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources = Sources(self.world)

    # --- names ---

    def owner(self, at: Running, node: int) -> Name | None:
        """By what name a way remembers what a node holds."""
        facts = self.world.files[at.path]
        one = facts.nodes[node]
        match one:
            case m.Ref(name=name, bindings=(binding, *_)):
                known = facts.bindings[binding]
                own = facts.nodes[known.value]
                if isinstance(own, m.Own):
                    return at.me or (at.path, own.scope, "self")
                return at.path, known.scope, name
            case m.Attr():
                return name_of(facts, node, at)
            case m.Call():
                return at.path, at.scope, f"#{node}"
            case _:
                return None

    def may_hold(self, name: Name) -> bool:
        """Whether receipts may be held by what has this name."""
        return self.receptacles.follows(name[2].rpartition(".")[2])

    # --- reading ---

    def taken(self, at: Running, node: int, way: Path) -> Values | None:
        """What is taken out of something, if that is receipts and nothing else."""
        facts = self.world.files[at.path]
        one = facts.nodes[node]
        held: Held | None = None
        key = other = -1
        match one:
            case m.Each(source=source):
                held = self.held(at, source, way)
            case m.Item(base=base, key=key):
                over = facts.nodes[base]
                if isinstance(over, m.Each):
                    held, key = self._column(at, over.source, key, way), -1
                else:
                    held = self.held(at, base, way)
            case m.Call(func=func, args=args):
                method = facts.nodes[func]
                if not isinstance(method, m.Attr) or method.name not in control.TAKING:
                    return None
                held = self.held(at, method.base, way)
                key = args[0].value if args else -1
                other = args[1].value if len(args) > 1 and method.name in _ASKING else -1
            case _:
                return None
        if not held:
            return None
        named = _key(facts, key)
        found = held.get(named or ITEM) or held.get(ITEM)
        if found and other >= 0 and named not in held:
            # Whether there is anything under the key, nobody knows.
            found = merge([found, tuple(filter(is_receipt, self.value(at, other, way)))])
        if found and len(found) > 1 and _is_number(facts, key):
            return None  # an item of a row, which is not like the others
        return found if found and all(map(is_receipt, found)) else None

    def _column(self, at: Running, source: int, key: int, way: Path) -> Held | None:
        """What `for first, second in source` gives to one of the names."""
        facts = self.world.files[at.path]
        index, call = facts.nodes[key], facts.nodes[source]
        if not isinstance(index, m.Const) or not isinstance(call, m.Call):
            return None
        method = facts.nodes[call.func]
        if isinstance(method, m.Attr) and method.name == "items" and index.value == 1:
            return self.held(at, method.base, way)
        names = self.names_of(at, call.func)
        number = index.value
        if "builtins.enumerate" in names and number == 1 and call.args:
            return self.held(at, call.args[0].value, way)
        if "builtins.zip" in names and isinstance(number, int) and 0 <= number < len(call.args):
            return self.held(at, call.args[number].value, way)
        return None

    def is_empty(self, at: Running, node: int, way: Path) -> bool:
        """Whether something surely holds nothing on this way."""
        held = self.held(at, node, way)
        return held is not None and held.get(ITEM) == ()

    def held(self, at: Running, node: int, way: Path, depth: int = 0) -> Held | None:
        """What a node holds; None where nothing is known of it."""
        facts = self.world.files[at.path]
        one = facts.nodes[node]
        if depth > _DEEPEST:
            return None
        match one:
            case m.Ref() | m.Attr():
                return self.remembered(self.owner(at, node), way)
            case m.Item(base=base, key=key):
                row, index = facts.nodes[base], facts.nodes[key]
                if isinstance(row, m.Seq) and isinstance(index, m.Const):
                    number = index.value
                    if isinstance(number, int) and 0 <= number < len(row.items):
                        return self.held(at, row.items[number], way, depth + 1)
                return None
            case m.Seq(items=items):
                return {ITEM: merge(self._spread(at, item, way, depth) for item in items)}
            case m.Map():
                return self._table(at, one, way, depth)
            case m.Comp(element=element):
                return {ITEM: self.value(at, element, way)}
            case m.Op(operator="+" | "|", left=left, right=right):
                before = self.held(at, left, way, depth + 1)
                more = self.held(at, right, way, depth + 1)
                return _sum(before, more) or _named(more)
            case m.Op(operator=m.CHANGED, left=left):
                return self.held(at, left, way, depth + 1)
            case m.Call():
                known = self.remembered(self.owner(at, node), way)
                return self._made(at, one, way, depth) if known is None else known
            case _:
                return None

    def _table(self, at: Running, one: m.Map, way: Path, depth: int) -> Held:
        """What a table holds that is written out; of equal keys the last counts."""
        facts = self.world.files[at.path]
        found: Held = {}
        items: list[Values] = []
        for key, value in zip(one.keys, one.values, strict=True):
            named = _key(facts, key)
            if key < 0:
                inner = self.held(at, value, way, depth + 1)
                found = {k: v for k, v in found.items() if k in (inner or {})} | _named(inner)
                items.append((inner or {}).get(ITEM, UNKNOWN))
                continue
            item = self.value(at, value, way)
            items.append(item)
            if named:
                found[named] = item
            else:
                found = {k: merge([v, item]) for k, v in found.items()}
        return found | {ITEM: merge(items)}

    def _spread(self, at: Running, item: int, way: Path, depth: int) -> Values:
        one = self.world.files[at.path].nodes[item]
        if not isinstance(one, m.Splat):
            return self.value(at, item, way)
        inner = self.held(at, one.value, way, depth + 1)
        return UNKNOWN if inner is None else inner.get(ITEM, UNKNOWN)

    def _made(self, at: Running, call: m.Call, way: Path, depth: int) -> Held | None:
        """What is held by what a call gives."""
        facts = self.world.files[at.path]
        given = [arg.value for arg in call.args if not arg.star and arg.name is None]
        method = facts.nodes[call.func]
        if isinstance(method, m.Attr) and method.name in control.COPYING and not given:
            return self.held(at, method.base, way, depth + 1)
        names = self.names_of(at, call.func)
        if names and names <= control.EMPTY:
            return {ITEM: ()}
        if names and names <= control.GATHERING and not any(arg.name for arg in call.args):
            # With `return_exceptions`, what is not a result may be among them.
            return {ITEM: merge(self._gathered(at, arg, way, depth) for arg in call.args)}
        if names and names <= control.COLLECTING:
            inner = [self.held(at, number, way, depth + 1) for number in given]
            if "builtins.zip" in names and any((one or {}).get(ITEM) == () for one in inner):
                return {ITEM: ()}
            if not inner:
                return {ITEM: ()}
            # Of what is put together, the last is what a table is asked for.
            return inner[-1 if "builtins.zip" in names else 0]
        if "builtins.map" in names or (isinstance(method, m.Attr) and method.name == "map"):
            self.world.steps = 0
            functions = self.world.values(at.path, given[0], at.frame) if given else ()
            return {
                ITEM: results_of(self.world, functions, self.mapped(at, given[1:], way), at.path)
            }
        for value in self.world.values(at.path, call.func, at.frame):
            if isinstance(value, Fun):
                scope = self.world.files[value.path].scopes[value.scope]
                frame = frame_of(
                    self.world, value, passed(self.world, at.path, call.args, at.frame), 1, None
                )
                self.world.steps = 0
                yields = [self.world.values(value.path, n, frame) for n in scope.yields if n >= 0]
                return {ITEM: merge(yields)} if yields else None
        return None

    def _gathered(self, at: Running, arg: m.Arg, way: Path, depth: int) -> Values:
        """What coroutines return that are awaited together."""
        if not arg.star:
            return self.value(at, arg.value, way)
        return (self.held(at, arg.value, way, depth + 1) or {}).get(ITEM, UNKNOWN)

    def mapped(self, at: Running, sources: Sequence[int], way: Path) -> tuple[Given, ...]:
        """The arguments of a function that is called with each item of what it is mapped over."""
        found = [self.held(at, source, way) for source in sources]
        return tuple(Given((one or {}).get(ITEM) or UNKNOWN) for one in found)

    def names_of(self, at: Running, func: int) -> set[str]:
        self.world.steps = 0
        values = self.world.values(at.path, func, at.frame)
        return {value.name if isinstance(value, Ext) else "" for value in values}

    def remembered(self, name: Name | None, way: Path) -> Held | None:
        if name is None:
            return None
        prefix = f"{name[2]}.["
        found = {
            key[2][len(prefix) - 1 :]: values
            for key, values in way.names
            if key[:2] == name[:2] and key[2].startswith(prefix)
        }
        return found or None

    # --- writing ---

    def bound(self, at: Running, name: Name, node: int, before: Path, after: Path) -> Path:
        """A variable or attribute was given the value of a node, on a way that was `before`."""
        facts = self.world.files[at.path]
        one = facts.nodes[node]
        owner = self.owner(at, node)
        if isinstance(one, m.Call) and owner is not None:
            after = moved(after, owner, name)
        if not self.receptacles.follows(name[2].rpartition(".")[2]):
            return after
        if isinstance(one, m.Op) and self.owner(at, one.left) == name:
            after = restored(after, before, name)
            if one.operator == m.CHANGED:
                return after
            after = self._add(at, one.left, self.held(at, one.right, before), after)
            return with_keys(self, at, one, before, after)
        held = self.held(at, node, before)
        alias = owner if isinstance(one, m.Ref | m.Attr) else None
        if alias is not None and (self._changes(alias, node) or self._changes(name, node)):
            return without(without(after, alias), name)
        return self.keep(after, name, held)

    def _changes(self, name: Name, node: int) -> bool:
        """Whether something is put into a variable, or it is bound, after a node was read."""
        if "." in name[2]:
            return False
        return max(self.given(name), default=-1) > node

    def given(self, name: Name) -> tuple[int, ...]:
        """The nodes that a variable is bound to."""
        found = self._given.get(name)
        if found is None:
            bindings = self.world.files[name[0]].bindings
            found = tuple(b.value for b in bindings if (b.scope, b.name) == name[1:])
            self._given[name] = found
        return found

    def put(self, at: Running, node: int, way: Path) -> Path:
        """`base[key] = value`, of which a node is the union."""
        facts = self.world.files[at.path]
        one = facts.nodes[node]
        if not isinstance(one, m.Op):
            return way
        after = self._add(at, one.left, self.held(at, one.right, way), way)
        return with_keys(self, at, one, way, after)

    def called(self, at: Running, node: int, way: Path) -> Path:
        """A method was called that may put something into what it is called on."""
        facts = self.world.files[at.path]
        call = facts.nodes[node]
        method = facts.nodes[call.func] if isinstance(call, m.Call) else None
        if not isinstance(call, m.Call) or not isinstance(method, m.Attr):
            return way
        owner = self.owner(at, method.base)
        if owner is None or not self.receptacles.follows(owner[2].rpartition(".")[2]):
            return way
        given = [arg.value for arg in call.args]
        if method.name == "clear":
            return self.keep(way, owner, {ITEM: ()})
        if method.name in control.JOINING:
            inner = self.held(at, given[-1], way) if given and not call.args[-1].name else None
            return self._add(at, method.base, inner, way)
        if method.name == "setdefault" and len(given) == 2:
            named = _key(facts, given[0])
            value = self.value(at, given[1], way)
            there = named in (self.remembered(owner, way) or {})
            key = ITEM if named is None or there else named
            return self._add(at, method.base, {ITEM: value, key: value}, way)
        if method.name in control.FILLING and given:
            return self._add(at, method.base, {ITEM: self.value(at, given[-1], way)}, way)
        return way

    def _add(self, at: Running, base: int, more: Held | None, way: Path) -> Path:
        owner = self.owner(at, base)
        if owner is None or not self.receptacles.follows(owner[2].rpartition(".")[2]):
            return way
        held = self.remembered(owner, way)
        now = _sum(held, more)
        if now is None and more is not None:
            now = _named(more)
        way = way.bind(keys_of(owner), None)
        put = way.value(marker(owner))
        way = self.keep(way, owner, now)
        if put is not None and more is not None:
            way = way.bind(marker(owner), merge([put, more.get(ITEM, UNKNOWN)]))
        return way

    def keep(self, way: Path, name: Name, held: Held | None) -> Path:
        """With what a name holds; whatever is no receipt is not worth to be remembered."""
        way = without(way, name)
        for key, values in (held or {}).items():
            if all(map(is_receipt, values)) and (values or key == ITEM):
                way = way.bind((*name[:2], f"{name[2]}.{key}"), values)
        return way

    def made(self, function: Cls, name: Name, way: Path) -> Path:
        """An object was made: lists that its class makes for it are empty."""
        facts = self.world.files[function.path]
        for parameter in facts.scopes[function.scope].parameters:
            field_ = facts.nodes[parameter.node]
            default = (
                facts.nodes[field_.default]
                if isinstance(field_, m.Param) and field_.default >= 0
                else None
            )
            if not isinstance(default, m.Call) or not self.receptacles.follows(parameter.name):
                continue
            factories = [
                arg.value for arg in default.args if arg.name in {"default_factory", "factory"}
            ]
            self.world.steps = 0
            made = [v for number in factories for v in self.world.values(function.path, number)]
            if made and all(isinstance(v, Ext) and v.name in _EMPTY for v in made):
                way = self.keep(way, (*name[:2], f"{name[2]}.{parameter.name}"), {ITEM: ()})
        return way

    def lasting(self, path: str, ways: Sequence[Path]) -> Path:
        """A way on which nothing has run but a module: what its variables hold."""
        found = Path()
        first = ways[0].names if ways else ()
        for key, values in first:
            same = all(way.value(key) == values for way in ways)
            if key[:2] == (path, 0) and "[" in key[2] and same:
                found = found.bind(key, values)
        return found


def _is_number(facts: m.Facts, node: int) -> bool:
    one = facts.nodes[node] if node >= 0 else None
    return isinstance(one, m.Const) and isinstance(one.value, int)


def _key(facts: m.Facts, node: int) -> str | None:
    """The name of what a constant key leads to; None for a number, which counts from somewhere."""
    one = facts.nodes[node] if node >= 0 else None
    return f"[{one.value}]" if isinstance(one, m.Const) and isinstance(one.value, str) else None


def _named(held: Mapping[str, Values] | None) -> Held:
    """What something holds under constant keys."""
    return {key: values for key, values in (held or {}).items() if key != ITEM}


def _sum(before: Mapping[str, Values] | None, more: Mapping[str, Values] | None) -> Held | None:
    """What a list or table holds after something was added."""
    if before is None or more is None:
        return None
    keyed = _named(more)
    # Of what is not wholly known, anything may take the place of what was there.
    found: Held = dict(before) if ITEM in more or not keyed else {}
    if ITEM in before:
        found[ITEM] = merge([before[ITEM], more.get(ITEM, UNKNOWN)])
    if not keyed:
        # Under which key, nobody knows: it may be any.
        for key in before:
            found[key] = merge([before[key], more.get(ITEM, UNKNOWN)])
    return found | keyed
