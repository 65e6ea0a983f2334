"""
What names mean in the whole repository: modules, exports, classes, and the value of any node.

Evaluation is lazy and memoised by (file, node). It follows bindings, imports, re-exports, star
imports, class attributes and the results of the repository's own functions; parameters stay
`Par` unless a `Frame` says what one caller gives.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from interlock_checks import catalogue
from interlock_checks.catalogue import processes, tampering
from interlock_checks.facts import model as m
from interlock_checks.link import fold
from interlock_checks.link.values import (
    HEAVIEST,
    HOLE,
    NOTHING,
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
    Par,
    Program,
    Space,
    Table,
    Text,
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

MOST_STEPS = 1_000
"""Nodes that are evaluated for one use; beyond that a value counts as unknown."""

COMPUTED = "getattr()"
"""The name of a method of which only the module is known, one that starts processes."""

NESTED = "\0"
"""Separates a file's path from the number of a text in it that is executed as code."""

DEEPEST_CALL = 8
"""Calls of the repository's own functions that are followed into each other."""

_BUILTINS = frozenset(dir(builtins)) | {"execfile", "unicode", "reload"}

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

_CONTEXT_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})


class Modules(Protocol):
    """Which files a module name may mean; see `interlock_checks.modules`."""

    def resolve(self, importer: str, name: str, level: int) -> tuple[str, ...]: ...

    def names(self, path: str) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a function: what its parameters are; `bindings` are loop targets replaced."""

    path: str
    scope: int
    parameters: Mapping[str, Values]
    depth: int = 0
    outer: Frame | None = None
    bindings: Mapping[int, Values] = field(default_factory=dict)
    memo: dict[tuple[str, int], Values] = field(default_factory=dict)


@dataclass
class Tables:
    """
    What follows from the facts of each file alone, for all worlds that hold the same facts.

    `needed`: node -> scopes of the parameters in it, and -2 minus the bindings it is made of.
    `given_away`: node -> the use that gives it away.
    """

    needed: dict[str, dict[int, frozenset[int]]] = field(default_factory=dict)
    given_away: dict[str, dict[int, int]] = field(default_factory=dict)

    def forget(self, path: str) -> None:
        """Drop what was known of a file whose facts have changed."""
        self.needed.pop(path, None)
        self.given_away.pop(path, None)


@dataclass
class World:
    """
    All files that were read, and the meaning of what is in them.

    `wanted` collects (file, name) pairs of modules that were only looked over, and of which a
    name would be needed to fold a constant or to clear a method.
    """

    files: dict[str, m.Facts]
    modules: Modules
    wanted: set[tuple[str, str]] = field(default_factory=set)
    _memo: dict[tuple[str, int], Values] = field(default_factory=dict)
    _depth: int = 0
    tables: Tables = field(default_factory=lambda: Tables())
    _exports: dict[tuple[str, str], Values] = field(default_factory=dict)
    _calling: set[tuple[str, int]] = field(default_factory=set)
    steps: int = 0
    _own: Tables = field(default_factory=lambda: Tables())
    _exporting: set[tuple[str, str]] = field(default_factory=set)
    _circles: int = 0
    _used: dict[str, dict[int, int]] = field(default_factory=dict)
    _listed: dict[str, frozenset[str] | None] = field(default_factory=dict)
    within: dict[str, int] = field(default_factory=dict)
    """The scope in which a text is executed, by the path of its facts."""

    # --- nodes ---

    def values(self, path: str, node: int, frame: Frame | None = None) -> Values:
        """What the node of a file may evaluate to."""
        if frame is not None and not self._touches(path, node, frame):
            frame = None
        memo = self._memo if frame is None else frame.memo
        key = (path, node)
        known = memo.get(key)
        if known is not None:
            return known
        self.steps += 1
        if self.steps > MOST_STEPS or self._depth > DEEPEST_VALUE:
            return UNKNOWN
        # What is made of itself is unknown, for as long as it is being evaluated.
        memo[key] = UNKNOWN
        self._depth += 1
        try:
            found = self._evaluate(path, node, frame)
            use = (self._used.get(path) or self._uses_by_node(path)).get(node)
            if use is not None:
                found = tuple(_given_away(value, (path, use)) for value in found)
            if weight(found) > HEAVIEST:
                found = UNKNOWN
        except BaseException:
            del memo[key]
            raise
        finally:
            self._depth -= 1
        memo[key] = found
        return found

    def _touches(self, path: str, node: int, frame: Frame) -> bool:
        """Whether the value of a node may depend on the parameters or targets of a frame."""
        needed = self._needs(path, node)
        if not needed:
            return False
        if _OWN in needed and _owner(frame):
            return True
        current: Frame | None = frame
        while current is not None:
            if current.path == path and (
                current.scope in needed or any(-2 - number in needed for number in current.bindings)
            ):
                return True
            current = current.outer
        return False

    def _needs(self, path: str, node: int) -> frozenset[int]:
        """Scopes of the parameters in a node, and -2 minus the bindings it is made of."""
        tables = self._tables(path).needed
        table = tables.get(path)
        if table is None:
            table = tables[path] = {}
        known = table.get(node)
        if known is not None:
            return known
        table[node] = frozenset()
        facts = self.files[path]
        one = facts.nodes[node]
        found: set[int] = set()
        if isinstance(one, m.Param):
            found.add(one.scope)
        elif isinstance(one, m.Own) and not one.of_class:
            found.add(_OWN)
        elif isinstance(one, m.Ref):
            for binding in one.bindings:
                found.add(-2 - binding)
                found |= self._needs(path, facts.bindings[binding].value)
        else:
            for operand in operands(one):
                found |= self._needs(path, operand)
        table[node] = frozenset(found)
        return table[node]

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
                return merge(self.attribute(v, name) for v in self.values(path, base, frame))
            case m.Call(func=func, args=args):
                given = self.given(path, args, frame)
                return self.call(self.values(path, func, frame), given, path, frame)
            case m.From(module=module, level=level, name=name):
                found = self.module(path, module, level)
                return merge(self.attribute(v, name) for v in found)
            case m.Const(value=value):
                return (Lit(value),)
            case m.Data(value=data):
                return (Lit(data),)
            case m.Item(base=base, key=key):
                keys = self.values(path, key, frame)
                return merge(self.item(v, keys) for v in self.values(path, base, frame))
            case m.Cut(base=base):
                bounds = [
                    (Lit(None),) if bound < 0 else self.values(path, bound, frame)
                    for bound in (node.lower, node.upper, node.step)
                ]
                return merge(fold.cut(v, bounds) for v in self.values(path, base, frame))
            case m.Seq(items=items):
                return self._sequence(path, items, frame)
            case m.Map(keys=keys_, values=values_):
                return (self._table(path, keys_, values_, frame),)
            case m.Op(operator=operator, left=left, right=right):
                return fold.operation(
                    operator, self.values(path, left, frame), self.values(path, right, frame)
                )
            case m.Joined(parts=parts):
                return fold.concatenated([self.values(path, part, frame) for part in parts])
            case m.Either(options=options):
                return merge(self.values(path, option, frame) for option in options)
            case m.Function(scope=scope):
                return (Fun(path, scope),)
            case m.Class(scope=scope):
                return (Cls(path, scope),)
            case m.Param():
                return self._parameter(path, node, frame)
            case m.Own(scope=scope, of_class=of_class):
                if of_class:
                    return (Cls(path, scope),)
                return _owner(frame) or (Obj(path, scope),)
            case m.Each(source=source):
                return merge(fold.each(v) for v in self.values(path, source, frame))
            case m.Entered(source=source):
                return merge(self._entered(v) for v in self.values(path, source, frame))
            case m.Comp():
                return (self._comprehension(path, node, frame),)
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
            replaced = _replaced(frame, path, number)
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
        groups: list[Values] = []
        for star in self.files[path].stars:
            for value in self.module(path, star.module, star.level):
                groups.append(self._starred(value, name))
        found = merge(groups)
        if found:
            return found
        if name in {"__name__", "__package__"}:
            return self._own_name(path, package=name == "__package__")
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

    def _own_name(self, path: str, *, package: bool) -> Values:
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

    def _entered(self, value: Value) -> Values:
        match value:
            case Many(items=items):
                return merge(items) or UNKNOWN
            case Obj():
                found = self.attribute(value, "__enter__")
                called = [self.call((f,), ()) for f in found if isinstance(f, Fun)]
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

    def exported(self, path: str, name: str) -> Values:
        """What a module of the repository binds a name to once it has been loaded."""
        known = self._exports.get((path, name))
        if known is not None:
            return known
        if (path, name) in self._exporting:
            self._circles += 1
            return NOTHING
        facts = self.files.get(path)
        if facts is None or not facts.scopes:
            return NOTHING
        self._exporting.add((path, name))
        circles = self._circles
        try:
            groups = [
                self.values(path, facts.bindings[number].value)
                for number in facts.scopes[0].names.get(name, ())
            ]
            if not groups:
                groups = [
                    self._starred(value, name)
                    for star in facts.stars
                    for value in self.module(path, star.module, star.level)
                ]
        finally:
            self._exporting.discard((path, name))
        found = merge(groups)
        # Within a circle it is what remains when something that imports this is left out.
        if not self._exporting or circles == self._circles:
            self._exports[path, name] = found
        return found

    def _module_attribute(self, path: str, name: str) -> Values:
        if name == "__dict__":
            return (Space(Mod(path)),)
        if name == "__name__":
            return self._own_name(path, package=False)
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
                return self.call(tuple(hooks), (Given((Lit(name),)),))
        return UNKNOWN

    # --- attributes and items ---

    def attribute(self, value: Value, name: str) -> Values:
        """`value.name`"""
        match value:
            case Ext():
                return self._external_attribute(value, name)
            case Made(name=cls):
                return _instance_attribute(cls, name)
            case Mod(path=path):
                return self._module_attribute(path, name)
            case Obj() | Cls():
                return self._member(value, name, self.members(value))
            case Up(path=path, scope=scope):
                bases = self.members(Cls(path, scope))[1:]
                return self._member(Obj(path, scope), name, bases)
            case Fun(path=path):
                if name == "__globals__":
                    return (Space(Mod(path)),)
                if name == "__module__":
                    return self._own_name(path, package=False)
                return (value,) if name in _SAME else (Method(value, name),)
            case Bound(func=Ext(name=fold.TEMPLATE), args=args):
                return args[0].values if name == "template" else (Method(value, name),)
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

    def _external_attribute(self, value: Ext, name: str) -> Values:
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
            return (Made(kind),)
        return (Ext(catalogue.canonical(f"{value.name}.{name}")),)

    def members(self, value: Obj | Cls) -> list[tuple[str, m.Scope | None, Value]]:
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
                    scope = self.files[path].scopes[number]
                    order.append((path, scope, current))
                    for base in scope.bases:
                        queue.extend(self.values(path, base))
                case Ext():
                    order.append(("", None, current))
                case _:
                    order.append(("", None, HOLE))
        return order

    def _member(
        self,
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
                        else self._external_attribute(cls, name)
                    )
                elif isinstance(cls, Hole):
                    external.append((Method(HOLE, name),))
                continue
            facts = self.files[path]
            groups = [
                self.values(path, facts.bindings[number].value)
                for number in scope.names.get(name, ())
            ]
            if isinstance(value, Obj):
                made = self._made_by(value) if name in scope.attributes else None
                groups += [self.values(path, node, made) for node in scope.attributes.get(name, ())]
            if cls == Cls(value.path, value.scope) and isinstance(value, Obj):
                groups = self._field(value, scope, name) or groups
            if groups:
                return merge(self._bound(merge(groups), value))
        if name == "__table__":
            return (Made("sqlalchemy.Table"),)
        if not external and isinstance(value, Obj) and not name.startswith("__"):
            hooks = self._member(value, "__getattr__", classes)
            answered = [
                self.call_own(hook, (Given((Lit(name),)),))
                for hook in hooks
                if isinstance(hook, Fun)
            ]
            if answered:
                return merge([*answered, (Method(value, name),)])
        return merge(external) or (Method(value, name),)

    def _field(self, value: Obj, scope: m.Scope, name: str) -> list[Values]:
        """What a dataclass or named tuple was made with, if that is known."""
        if value.given is None or not any(one.name == name for one in scope.parameters):
            return []
        if "__init__" in scope.names or name in scope.attributes:
            return []
        made = self.frame(Fun(value.path, value.scope), value.given)
        return [made.parameters[name]]

    def _made_by(self, value: Obj) -> Frame | None:
        """The call of `__init__` that made an instance, if its arguments are known."""
        if value.given is None:
            return None
        cls = self.files[value.path].scopes[value.scope]
        for number in cls.names.get("__init__", ()):
            node = self.files[value.path].nodes[self.files[value.path].bindings[number].value]
            if isinstance(node, m.Function):
                bare = Obj(value.path, value.scope)
                return self.frame(Fun(value.path, node.scope, bare), value.given)
        return None

    def _bound(self, values: Values, owner: Obj | Cls) -> list[Values]:
        groups: list[Values] = []
        for value in values:
            if isinstance(value, Fun) and value.owner is None:
                scope = self.files[value.path].scopes[value.scope]
                kinds = self.decorator_names(value)
                if "builtins.property" in kinds or "functools.cached_property" in kinds:
                    groups.append(self.call((Fun(value.path, value.scope, owner),), ()))
                elif "builtins.staticmethod" in kinds or scope.kind == "lambda":
                    groups.append((value,))
                else:
                    groups.append((Fun(value.path, value.scope, owner),))
            else:
                groups.append((value,))
        return groups

    def decorator_names(self, function: Fun) -> set[str]:
        scope = self.files[function.path].scopes[function.scope]
        names: set[str] = set()
        for decorator in scope.decorators:
            for value in self.values(function.path, decorator):
                if isinstance(value, Ext):
                    names.add(value.name)
        return names

    def item(self, value: Value, keys: Values) -> Values:
        """`value[key]`"""
        match value:
            case Many() | Table() | Lit() | Text():
                return fold.item(value, keys)
            case Space(of=of):
                return merge(self._space_item(of, key) for key in keys)
            case Ext(name="sys.modules"):
                return merge(self.imported(key, "") for key in keys)
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

    def _space_item(self, of: Ext | Mod | Cls | Obj, key: Value) -> Values:
        if isinstance(key, Lit) and isinstance(key.value, str):
            return self.attribute(of, key.value)
        return self.any_attribute(of, key)

    def any_attribute(self, of: Value, key: Value = HOLE) -> Values:
        """An attribute whose name is not (wholly) known: the worst it can be."""
        match of:
            case Ext(name=name) if catalogue.is_holder(name):
                if isinstance(key, Text) and not _may_reach(name, key):
                    return UNKNOWN
                return (AnyOf(catalogue.canonical(name)),)
            case Mod(path=path) if path in self.files and self.files[path].scopes:
                names = self.files[path].scopes[0].names
                found = merge(self.exported(path, name) for name in names if fold.may_be(key, name))
                # What merely leads to a sink needs one more step, which is judged there.
                sinks = (v for v in found if isinstance(v, Ext) and catalogue.sink(v.name))
                return merge([tuple(sinks), UNKNOWN])
            case Ext(name=name) if name in _STARTING:
                return (Method(of, COMPUTED),)
            case _:
                return UNKNOWN

    # --- calls ---

    def given(self, path: str, args: tuple[m.Arg, ...], frame: Frame | None) -> tuple[Given, ...]:
        """The arguments of a call, with lists behind an asterisk put in place."""
        found: list[Given] = []
        for arg in args:
            values = self.values(path, arg.value, frame)
            if arg.star == 1 and len(values) == 1 and isinstance(values[0], Many):
                found.extend(Given(item) for item in values[0].items)
                if values[0].rest:
                    found.append(Given(UNKNOWN, None, 1))
            elif arg.star == 2 and len(values) == 1 and isinstance(values[0], Table):
                for keys, value in values[0].pairs:
                    names = [k.value for k in keys if isinstance(k, Lit)]
                    if len(names) == len(keys) == 1 and isinstance(names[0], str):
                        found.append(Given(value, names[0]))
                    else:
                        found.append(Given(UNKNOWN, None, 2))
                if values[0].rest:
                    found.append(Given(UNKNOWN, None, 2))
            else:
                found.append(Given(values, arg.name, arg.star))
        return tuple(found)

    def call(
        self,
        functions: Values,
        given: tuple[Given, ...],
        path: str = "",
        frame: Frame | None = None,
    ) -> Values:
        """The result of calling any of the values."""
        return merge(self._call(function, given, path, frame) for function in functions)

    def _call(
        self, function: Value, given: tuple[Given, ...], path: str, frame: Frame | None
    ) -> Values:
        match function:
            case Ext():
                from interlock_checks.link.known import call_external

                giving = processes.GIVING.get(function.name.rpartition(".")[2])
                return (Made(giving),) if giving else call_external(self, function, given, path)
            case Fun():
                return self.call_own(function, given, frame)
            case Cls(path=file, scope=scope):
                return (Obj(file, scope, given),)
            case Bound(func=func, args=args):
                from interlock_checks.link.known import call_bound

                return call_bound(self, func, args, given, path, frame)
            case Method(owner=owner, name=name):
                if isinstance(owner, Space):
                    return self._space_method(owner, name, given)
                if isinstance(owner, Obj) and name == "__getattribute__":
                    return self._space_item(owner, given[0].values[0]) if given else UNKNOWN
                if name in processes.GIVING:
                    return (Made(processes.GIVING[name]),)
                return fold.method(owner, name, given)
            case Program(words=words):
                return (Program((*words, *(g.values for g in given if g.name is None))),)
            case Obj():
                found = [f for f in self.attribute(function, "__call__") if isinstance(f, Fun)]
                return merge(self.call_own(f, given, frame) for f in found) or UNKNOWN
            case _:
                return UNKNOWN

    def _space_method(self, space: Space, name: str, given: tuple[Given, ...]) -> Values:
        if name in {"get", "pop", "__getitem__", "setdefault"} and given:
            return merge(self._space_item(space.of, key) for key in given[0].values)
        if name == "copy":
            return (space,)
        if name in {"values", "items"}:
            return (Many((self.any_attribute(space.of),), rest=True),)
        return UNKNOWN

    def call_own(
        self, function: Fun, given: tuple[Given, ...], frame: Frame | None = None
    ) -> Values:
        """What a function of the repository returns (or yields, as a sequence)."""
        depth = 0 if frame is None else frame.depth
        facts = self.files.get(function.path)
        key = (function.path, function.scope)
        if depth >= DEEPEST_CALL or facts is None or key in self._calling:
            return UNKNOWN
        self._calling.add(key)
        try:
            return self._returned(function, given, depth, frame)
        finally:
            self._calling.discard(key)

    def _returned(
        self, function: Fun, given: tuple[Given, ...], depth: int, frame: Frame | None
    ) -> Values:
        facts = self.files[function.path]
        scope = facts.scopes[function.scope]
        around = frame if frame is not None and self._is_inside(function, frame) else None
        inner = self.frame(function, given, depth + 1, around)
        yielded = merge(self.values(function.path, node, inner) for node in scope.yields)
        if yielded:
            return (Many((yielded,), rest=True),)
        if not scope.returns:
            return (Lit(None),)
        return merge(self.values(function.path, node, inner) for node in scope.returns) or UNKNOWN

    def _is_inside(self, function: Fun, frame: Frame) -> bool:
        """Whether a function is defined in the one whose call the frame is."""
        scopes = self.files[function.path].scopes
        number = scopes[function.scope].parent
        while number > 0 and frame.path == function.path:
            if number == frame.scope:
                return True
            number = scopes[number].parent
        return False

    def frame(
        self,
        function: Fun,
        given: tuple[Given, ...],
        depth: int = 0,
        outer: Frame | None = None,
    ) -> Frame:
        """Parameters matched with arguments, as Python does it; what is unclear is unknown."""
        facts = self.files[function.path]
        scope = facts.scopes[function.scope]
        parameters: dict[str, Values] = {}
        positional = [g.values for g in given if g.name is None and g.star == 0]
        unclear = any(g.star for g in given)
        names = [p for p in scope.parameters if p.kind in {"plain", "positional"}]
        if names and isinstance(facts.nodes[names[0].node], m.Own):
            own = facts.nodes[names[0].node]
            if function.owner is not None:
                parameters[names[0].name] = (function.owner,)
                parameters[""] = (function.owner,)
                names = names[1:]
            elif isinstance(own, m.Own) and own.of_class:
                names = names[1:]
        for parameter, values in zip(names, positional, strict=False):
            parameters[parameter.name] = values
        extra = tuple(positional[len(names) :])
        keywords = {g.name: g.values for g in given if g.name is not None}
        for parameter in scope.parameters:
            node = facts.nodes[parameter.node]
            if parameter.kind == "*":
                parameters[parameter.name] = (Many(extra, rest=unclear),)
            elif parameter.kind == "**":
                known = {p.name for p in scope.parameters}
                pairs = tuple(
                    ((Lit(name),), values) for name, values in keywords.items() if name not in known
                )
                parameters[parameter.name] = (Table(pairs, rest=unclear),)
            elif parameter.name in keywords:
                parameters[parameter.name] = keywords[parameter.name]
            elif parameter.name not in parameters:
                default = NOTHING
                if isinstance(node, m.Param) and node.default >= 0:
                    default = self.values(function.path, node.default)
                parameters[parameter.name] = (
                    merge([default, UNKNOWN]) if unclear or not default else default
                )
        return Frame(function.path, function.scope, parameters, depth, outer)

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


def operands(node: m.Node) -> tuple[int, ...]:
    """The nodes that a node is made of."""
    match node:
        case m.Attr(base=base):
            return (base,)
        case m.Call(func=func, args=args):
            return (func, *(arg.value for arg in args))
        case m.Item(base=base, key=key):
            return (base, key)
        case m.Cut(base=base, lower=lower, upper=upper, step=step):
            return tuple(number for number in (base, lower, upper, step) if number >= 0)
        case m.Seq(items=items) | m.Joined(parts=items) | m.Either(options=items):
            return items
        case m.Map(keys=keys, values=values):
            return (*(key for key in keys if key >= 0), *values)
        case m.Op(left=left, right=right):
            return (left, right)
        case m.Splat(value=source) | m.Each(source=source) | m.Entered(source=source):
            return (source,)
        case m.Comp(element=element, source=source, tests=tests):
            return (element, source, *tests)
        case m.Starred(before=before):
            return (before,)
        case m.Test(operands=numbers):
            return numbers
        case _:
            return ()


def _given_away(value: Value, place: tuple[str, int]) -> Value:
    match value:
        case Ext(name=name):
            return Ext(name, place)
        case AnyOf(name=name):
            return AnyOf(name, place)
        case _:
            return value


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


_OWN = -1
"""Among the needs of a node: the instance whose method is called."""


def _owner(frame: Frame | None) -> Values:
    """The instance with known arguments whose method the frame is a call of."""
    while frame is not None:
        for value in frame.parameters.get("", ()):
            if isinstance(value, Obj) and value.given is not None:
                return (value,)
        frame = frame.outer
    return NOTHING


def _common(lists: list[Many]) -> Many:
    """What several lists have in common, in its order; what else they hold may be anywhere."""
    items = [
        group[0]
        for group in zip(*(one.items for one in lists), strict=False)
        if all(one == group[0] for one in group)
    ]
    return Many(tuple(items), rest=True)


def _replaced(frame: Frame | None, path: str, number: int) -> Values | None:
    while frame is not None:
        if frame.path == path and number in frame.bindings:
            return frame.bindings[number]
        frame = frame.outer
    return None


def _instance_attribute(cls: str, name: str) -> Values:
    if name == "__class__":
        return (Ext(cls),)
    kind = catalogue.attribute(f"{cls}.{name}") or processes.ATTRIBUTES.get(f"{cls}.{name}")
    if kind is not None:
        return (Made(kind),)
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


def _may_reach(holder: str, key: Text) -> bool:
    from interlock_checks.link.known import sink_names

    return any(fold.may_be(key, name) for name in sink_names(holder))
