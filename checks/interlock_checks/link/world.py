"""
What names mean in the whole repository: modules, exports, classes, and the value of any node.

Evaluation is lazy and memoised by (file, node). It follows bindings, imports, re-exports, star
imports, class attributes and the results of the repository's own functions; parameters stay
`Par` unless a `Frame` says what one caller gives.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from typing import Protocol

from interlock_checks import catalogue
from interlock_checks.catalogue import processes
from interlock_checks.facts import model as m
from interlock_checks.link import fold
from interlock_checks.link.calling import results_of
from interlock_checks.link.frames import Frame, around, owner_in, passed, replaced_in
from interlock_checks.link.instances import part_of
from interlock_checks.link.members import attribute_of, item_of
from interlock_checks.link.needs import OWN, Tables, needs, operands
from interlock_checks.link.values import (
    HEAVIEST,
    NOTHING,
    UNKNOWN,
    AnyOf,
    Cls,
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Many,
    Mod,
    Obj,
    Par,
    Space,
    Table,
    Up,
    Value,
    Values,
    merge,
    weight,
)

_MOST_LISTS = 8
"""Lists that one display may be, because of what is behind an asterisk."""

DEEPEST_VALUE = 400
"""Nodes within each other that are followed; Python's stack is not endless."""

MOST_WRITTEN = 8_000
"""Constants in a list or table of the source, keys counted, that are all kept."""
MOST_STEPS = 1_000
"""Nodes that are evaluated for one use; beyond that a value counts as unknown."""

NESTED = "\0"
"""Separates a file's path from the number of a text in it that is executed as code."""

_BUILTINS = frozenset(dir(builtins)) | {"execfile", "unicode", "reload"}


class Modules(Protocol):
    """Which files a module name may mean; see `interlock_checks.modules`."""

    def resolve(self, importer: str, name: str, level: int) -> tuple[str, ...]: ...

    def names(self, path: str) -> tuple[str, ...]: ...


@dataclass
class World:
    """
    All files that were read, and the meaning of what is in them.

    `wanted` collects (file, name) pairs of modules that were only looked over, and of which a
    name would be needed to fold a constant or to clear a method. `left_open` counts the questions
    that were not followed to their end: an answer in which there was none holds at any time.
    `results` are answers for calls of own functions, and `calling` those that are being asked.
    """

    files: dict[str, m.Facts]
    modules: Modules
    wanted: set[tuple[str, str]] = field(default_factory=set)
    _memo: dict[tuple[str, int], Values] = field(default_factory=dict)
    _depth: int = 0
    tables: Tables = field(default_factory=lambda: Tables())
    _exports: dict[tuple[str, str], Values] = field(default_factory=dict)
    calling: set[tuple[str, int]] = field(default_factory=set)
    steps: int = 0
    _own: Tables = field(default_factory=lambda: Tables())
    _exporting: set[tuple[str, str]] = field(default_factory=set)
    left_open: int = 0
    results: dict[bytes, Values] = field(default_factory=dict)
    _used: dict[str, dict[int, int]] = field(default_factory=dict)
    _listed: dict[str, frozenset[str] | None] = field(default_factory=dict)
    _stars: dict[str, Values] = field(default_factory=dict)
    within: dict[str, int] = field(default_factory=dict)
    """The scope in which a text is executed, by the path of its facts."""

    # --- nodes ---

    def values(self, path: str, node: int, frame: Frame | None = None) -> Values:
        """What the node of a file may evaluate to."""
        key = (path, node)
        if frame is not None:
            known = frame.memo.get(key)
            if known is not None:
                return known
            if not self._touches(path, node, frame):
                frame = None
        memo = self._memo if frame is None else frame.memo
        known = memo.get(key)
        if known is not None:
            return known
        constant = self.files[path].nodes[node]
        if isinstance(constant, m.Const):
            memo[key] = (Lit(constant.value),)
            return memo[key]
        self.steps += 1
        if self.steps > MOST_STEPS or self._depth > DEEPEST_VALUE:
            self.left_open += 1
            return UNKNOWN
        # What is made of itself is unknown, for as long as it is being evaluated.
        memo[key] = UNKNOWN
        self._depth += 1
        try:
            found = self._evaluate(path, node, frame)
            use = (self._used.get(path) or self._uses_by_node(path)).get(node)
            if use is not None:
                found = tuple(_given_away(value, (path, use)) for value in found)
        except BaseException:
            del memo[key]
            raise
        finally:
            self._depth -= 1
        memo[key] = found
        return found

    def _touches(self, path: str, node: int, frame: Frame) -> bool:
        """Whether the value of a node may depend on the parameters or targets of a frame."""
        needed = needs(self.files, self._tables(path).needed, path, node)
        if not needed:
            return False
        if OWN in needed and owner_in(frame):
            return True
        current: Frame | None = frame
        while current is not None:
            if current.path == path and (
                current.scope in needed or any(-2 - number in needed for number in current.bindings)
            ):
                return True
            current = current.outer
        return False

    def parameters(self, path: str, node: int) -> set[Par]:
        """The parameters of this file's functions that a node is made of, however it is."""
        scopes = needs(self.files, self._tables(path).needed, path, node)
        return {Par(path, scope, "") for scope in scopes if scope >= 0}

    def _uses_by_node(self, path: str) -> dict[int, int]:
        tables = self._tables(path).given_away
        table = tables.get(path)
        if table is None:
            facts = self.files[path]
            table = {
                use.node: number for number, use in enumerate(facts.uses) if use.manner != "called"
            }
            tables[path] = table
        self._used[path] = table
        return table

    def _tables(self, path: str) -> Tables:
        # The number of a text that is executed means another text in another world.
        return self._own if NESTED in path else self.tables

    def _evaluate(self, path: str, number: int, frame: Frame | None) -> Values:
        facts = self.files[path]
        node = facts.nodes[number]
        match node:
            case m.Ref():
                return self._name(path, node, frame)
            case m.Attr(base=base, name=name):
                found = self.values(path, base, frame)
                return merge([attribute_of(self, v, name) for v in found])
            case m.Call(func=func, args=args):
                given = passed(self, path, args, frame)
                functions = self.values(path, func, frame)
                return _bounded(results_of(self, functions, given, path, frame))
            case m.From(module=module, level=level, name=name):
                found = self.module(path, module, level)
                return merge([attribute_of(self, v, name) for v in found])
            case m.Data(value=data):
                return (Lit(data),)
            case m.Item(base=base, key=key):
                keys = self.values(path, key, frame)
                return merge(item_of(self, v, keys) for v in self.values(path, base, frame))
            case m.Cut(base=base):
                bounds = [
                    (Lit(None),) if bound < 0 else self.values(path, bound, frame)
                    for bound in (node.lower, node.upper, node.step)
                ]
                return merge(fold.cut(v, bounds) for v in self.values(path, base, frame))
            case m.Seq(items=items):
                listed = self._sequence(path, items, frame)
                return listed if _is_written(facts, items) else _bounded(listed)
            case m.Map(keys=keys_, values=values_):
                table = (self._table(path, keys_, values_, frame),)
                return table if _is_written(facts, keys_ + values_) else _bounded(table)
            case m.Op(operator=operator, left=left, right=right):
                first, second = self.values(path, left, frame), self.values(path, right, frame)
                return _bounded(fold.operation(operator, first, second))
            case m.Joined(parts=parts):
                return fold.concatenated([self.values(path, part, frame) for part in parts])
            case m.Either(options=options):
                return merge(self.values(path, option, frame) for option in options)
            case m.Function(scope=scope):
                return (Fun(path, scope, None, around(self, path, scope, frame)),)
            case m.Class(scope=scope):
                return (Cls(path, scope),)
            case m.Param():
                return self._parameter(path, node, frame)
            case m.Own(scope=scope, of_class=of_class):
                if of_class:
                    return (Cls(path, scope),)
                return owner_in(frame) or (Obj(path, scope),)
            case m.Each(source=source):
                return merge(fold.each(v) for v in self.values(path, source, frame))
            case m.Entered(source=source):
                return merge(self.entered(v) for v in self.values(path, source, frame))
            case m.Part(subject=subject, kind=kind, name=name):
                kinds = self.values(path, kind, frame)
                owners = self.values(path, subject, frame)
                return merge(part_of(self, owner, kinds, name) for owner in owners) or UNKNOWN
            case m.Comp():
                return _bounded((self._comprehension(path, node, frame),))
            case m.Import(module=module, level=level):
                return self.module(path, module, level)
            case m.Super(scope=scope):
                return (Up(path, scope),)
            case m.Starred(module=module, level=level, name=name, before=before):
                found = self.module(path, module, level)
                brought = merge(self._starred(value, name) for value in found)
                return brought or self.values(path, before, frame)
            case _:
                return UNKNOWN

    def _name(self, path: str, node: m.Ref, frame: Frame | None) -> Values:
        groups: list[Values] = []
        bindings = self.files[path].bindings
        for number in node.bindings:
            replaced = replaced_in(frame, path, number)
            if replaced is not None:
                groups.append(replaced)
            else:
                groups.append(self.values(path, bindings[number].value, frame))
        if node.free:
            groups.append(self._free(path, node.name))
        return merge(groups) or UNKNOWN

    def want(self, path: str, node: int) -> None:
        """Ask for the names that the value of a node is made of, in files not read so far."""
        seen: set[tuple[str, int]] = set()
        todo = [(path, node)]
        while todo and len(seen) < 400:
            here = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            facts = self.files[here[0]]
            one = facts.nodes[here[1]]
            match one:
                case m.Ref(bindings=bindings):
                    todo += [(here[0], facts.bindings[b].value) for b in bindings]
                case m.From(module=module, level=level, name=name):
                    for value in self.module(here[0], module, level):
                        self._want_from(value, name)
                case m.Attr(base=base, name=name):
                    for value in self.values(here[0], base):
                        self._want_from(value, name)
            todo += [(here[0], operand) for operand in operands(one)]

    def _want_from(self, value: Value, name: str) -> None:
        if not isinstance(value, Mod):
            return
        facts = self.files.get(value.path)
        if facts is not None and not facts.whole:
            self.wanted.add((value.path, name))

    def _free(self, path: str, name: str) -> Values:
        """A name that the file does not bind: a star import, a builtin, the module's own."""
        around, inside, _ = path.partition(NESTED)
        if inside:
            found = self._local(around, self.within.get(path, 0), name)
            return found or self.exported(around, name) or self._free(around, name)
        found = merge([self._starred(value, name) for value in self.starred(path)])
        if found:
            return found
        if name in {"__name__", "__package__"}:
            return self.own_name(path, package=name == "__package__")
        if name in _BUILTINS:
            return (Ext(f"builtins.{name}"),)
        if name == "__builtins__":
            # CPython: the module in `__main__`, elsewhere the table of its names.
            return (Ext("builtins"), Space(Ext("builtins")))
        return UNKNOWN if self.files[path].stars else NOTHING

    def _local(self, path: str, scope: int, name: str) -> Values:
        """What a function around an executed text binds a name to."""
        facts = self.files.get(path)
        if facts is None or not 0 < scope < len(facts.scopes):
            return NOTHING
        numbers = facts.scopes[scope].names.get(name, ())
        return merge(self.values(path, facts.bindings[number].value) for number in numbers)

    def own_name(self, path: str, *, package: bool) -> Values:
        names = self.modules.names(path.partition(NESTED)[0])
        if package and not path.endswith("__init__.py"):
            names = tuple(name.rpartition(".")[0] for name in names)
        return tuple(Lit(name) for name in names) or UNKNOWN

    def _starred(self, value: Value, name: str) -> Values:
        match value:
            case Ext() if name in _BUILTINS:
                return NOTHING
            case Ext(name=module):
                whole = f"{module}.{name}"
                known = (
                    catalogue.sink(whole) is not None
                    or catalogue.is_holder(whole)
                    or catalogue.returned(whole) is not None
                    or catalogue.guard(whole) is not None
                    or whole in processes.STARTS
                )
                return (Ext(catalogue.canonical(whole)),) if known else NOTHING
            case Mod(path=path):
                facts = self.files.get(path)
                if facts is None or not facts.scopes:
                    return NOTHING
                if name not in facts.scopes[0].names and not facts.stars:
                    return NOTHING
                listed = self._all(path)
                if listed is None:
                    if name.startswith("_"):
                        return NOTHING
                elif name not in listed:
                    return NOTHING
                return self.exported(path, name)
            case _:
                return NOTHING

    def _all(self, path: str) -> frozenset[str] | None:
        """The names in `__all__`; None where there is none or it cannot be computed."""
        if path in self._listed:
            return self._listed[path]
        found = self.exported(path, "__all__")
        listed = _constants(found) if found else None
        if (path, "__all__") in self._exports:
            self._listed[path] = listed
        return listed

    def _parameter(self, path: str, node: m.Param, frame: Frame | None) -> Values:
        current = frame
        while current is not None:
            if (current.path, current.scope) == (path, node.scope):
                return current.parameters.get(node.name, UNKNOWN)
            current = current.outer
        typed = self._typed_parameter(path, node)
        if typed:
            return typed
        default = NOTHING if node.default < 0 else self.values(path, node.default)
        return merge([(Par(path, node.scope, node.name),), default])

    def _typed_parameter(self, path: str, node: m.Param) -> Values:
        """The first parameter of a task function (nox, invoke, fabric) is a known object."""
        scope = self.files[path].scopes[node.scope]
        if not scope.decorators or not scope.parameters or scope.parameters[0].name != node.name:
            return NOTHING
        for decorator in scope.decorators:
            expression = self.files[path].nodes[decorator]
            func = expression.func if isinstance(expression, m.Call) else decorator
            for value in self.values(path, func):
                if isinstance(value, Ext):
                    name = processes.ALIASES.get(value.name, value.name)
                    if name in processes.PARAMETER_TYPES:
                        return (Made(processes.PARAMETER_TYPES[name]),)
        return NOTHING

    def _sequence(self, path: str, items: tuple[int, ...], frame: Frame | None) -> Values:
        """A list, tuple or set; one for each list that may be behind an asterisk."""
        made: list[tuple[list[Values], bool]] = [([], False)]
        for item in items:
            node = self.files[path].nodes[item]
            if not isinstance(node, m.Splat):
                values = self.values(path, item, frame)
                for one, _ in made:
                    one.append(values)
                continue
            sources = self.values(path, node.value, frame)
            listed = [source for source in sources if isinstance(source, Many)]
            if len(made) * len(listed) > _MOST_LISTS:
                listed = [_common(listed)]
            if len(listed) < len(sources):
                listed.append(Many((), rest=True))
            made = [
                ([*one, *more.items], rest or more.rest)
                for one, rest in made
                for more in listed or [Many((), rest=True)]
            ]
        found = [Many(tuple(one), rest) for one, rest in made]
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def _table(
        self, path: str, keys: tuple[int, ...], values: tuple[int, ...], frame: Frame | None
    ) -> Table:
        pairs: list[tuple[Values, Values]] = []
        rest = False
        for key, value in zip(keys, values, strict=True):
            result = self.values(path, value, frame)
            if key >= 0:
                pairs.append((self.values(path, key, frame), result))
                continue
            for one in result:
                if isinstance(one, Table):
                    pairs.extend(one.pairs)
                    rest = rest or one.rest
                else:
                    rest = True
        return Table(tuple(pairs), rest)

    def _comprehension(self, path: str, node: m.Comp, frame: Frame | None) -> Many:
        sources = self.values(path, node.source, frame)
        if node.target >= 0 and len(sources) == 1:
            items = fold.items_of(sources[0])
            if items is not None and len(items) <= 256:
                elements: list[Values] = []
                for item in items:
                    inner = Frame(
                        path,
                        -1,
                        {},
                        0 if frame is None else frame.depth,
                        frame,
                        {node.target: item},
                    )
                    elements.append(self.values(path, node.element, inner))
                return Many(tuple(elements))
        return Many((self.values(path, node.element, frame),), rest=True)

    def entered(self, value: Value) -> Values:
        """What `with value as x` binds."""
        match value:
            case Many(items=items):
                return merge(items) or UNKNOWN
            case Obj():
                found = attribute_of(self, value, "__enter__")
                called = [results_of(self, (f,), ()) for f in found if isinstance(f, Fun)]
                return merge(called) or (value,)
            case Made(name=name):
                returned = catalogue.returned(f"{name}.__enter__")
                return (Made(returned),) if returned else (value,)
            case _:
                return (value,)

    # --- modules ---

    def module(self, importer: str, name: str, level: int) -> Values:
        """The module of that name, as the importing file sees it; several if it is unclear."""
        importer = importer.partition(NESTED)[0]
        found: list[Value] = [Mod(path) for path in self.modules.resolve(importer, name, level)]
        if level == 0 and (not found or name.partition(".")[0] in catalogue.ROOTS):
            found.append(Ext(catalogue.canonical(name)))
        return tuple(found) or UNKNOWN

    def starred(self, path: str) -> Values:
        """The modules of which a file imports all names."""
        found = self._stars.get(path)
        if found is None:
            stars = self.files[path].stars
            every = [v for star in stars for v in self.module(path, star.module, star.level)]
            found = self._stars[path] = tuple(dict.fromkeys(every))
        return found

    def exported(self, path: str, name: str) -> Values:
        """What a module of the repository binds a name to once it has been loaded."""
        known = self._exports.get((path, name))
        if known is not None:
            return known
        if (path, name) in self._exporting:
            self.left_open += 1
            return NOTHING
        facts = self.files.get(path)
        if facts is None or not facts.scopes:
            return NOTHING
        self._exporting.add((path, name))
        open_before = self.left_open
        try:
            groups = [
                self.values(path, facts.bindings[number].value)
                for number in facts.scopes[0].names.get(name, ())
            ]
            if not groups:
                groups = [self._starred(value, name) for value in self.starred(path)]
        finally:
            self._exporting.discard((path, name))
        found = merge(groups)
        # Within a circle it is what remains when something that imports this is left out.
        if not self._exporting or open_before == self.left_open:
            self._exports[path, name] = found
        return found

    def module_attribute(self, path: str, name: str) -> Values:
        if name == "__dict__":
            return (Space(Mod(path)),)
        if name == "__name__":
            return self.own_name(path, package=False)
        found = self.exported(path, name)
        if found:
            return found
        if path.endswith("__init__.py"):
            inner = self.modules.resolve(path, name, 1)
            if inner:
                return tuple(Mod(one) for one in inner)
        if not name.startswith("__"):
            hooks = [f for f in self.exported(path, "__getattr__") if isinstance(f, Fun)]
            if hooks:
                return results_of(self, tuple(hooks), (Given((Lit(name),)),))
        return UNKNOWN

    # --- attributes and items ---

    def imported(self, name: Value, importer: str, package: str = "") -> Values:
        """The module that a computed name means; all that a known beginning allows."""
        match name:
            case Lit(value=str() as text):
                level = len(text) - len(text.lstrip("."))
                if level:
                    text = _absolute(text.lstrip("."), level, package)
                return self.module(importer, text, 0)
            case _:
                return UNKNOWN


def _given_away(value: Value, place: tuple[str, int]) -> Value:
    match value:
        case Ext(name=name):
            return Ext(name, place)
        case AnyOf(name=name):
            return AnyOf(name, place)
        case _:
            return value


def _bounded(values: Values) -> Values:
    """What something is made of others to; unknown where it would grow too large."""
    return UNKNOWN if weight(values) > HEAVIEST else values


def _is_written(facts: m.Facts, items: tuple[int, ...]) -> bool:
    """Whether a list or table stands in the source as it is, and is no longer than one writes."""
    return len(items) <= MOST_WRITTEN and all(
        number >= 0 and isinstance(facts.nodes[number], m.Const) for number in items
    )


def _constants(values: Values) -> frozenset[str] | None:
    """The texts in lists; None where one of them cannot be computed."""
    names: set[str] = set()
    for value in values:
        if not isinstance(value, Many) or value.rest:
            return None
        for item in value.items:
            for text in item:
                if not isinstance(text, Lit) or not isinstance(text.value, str):
                    return None
                names.add(text.value)
    return frozenset(names)


def _absolute(name: str, level: int, package: str) -> str:
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{name}" if name else base


def _common(lists: list[Many]) -> Many:
    """What several lists have in common, in its order; what else they hold may be anywhere."""
    items = [
        group[0]
        for group in zip(*(one.items for one in lists), strict=False)
        if all(one == group[0] for one in group)
    ]
    return Many(tuple(items), rest=True)
