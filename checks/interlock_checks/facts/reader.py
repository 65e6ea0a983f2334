"""
One pass over a libcst module: names resolved, expressions reduced to nodes, uses noted.

A reference is authority, so every place is noted where a chain of names, attributes, calls
and subscripts is called or given away: assigned, passed, returned, stored, defaulted. Which
chain means a sink is decided later, when all files are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import libcst as cst

from interlock_checks.catalogue import processes
from interlock_checks.facts import model as m
from interlock_checks.facts import stores
from interlock_checks.facts.control import Recorder
from interlock_checks.facts.flow import Frame, Loop, look_up, union, views_from
from interlock_checks.facts.literals import constant

_INT64 = 2**63


@dataclass(slots=True)
class Pending:
    """A use whose position is not known yet."""

    node: int
    scope: int
    manner: str
    anchor: cst.CSTNode
    into: int
    slot: int


@dataclass(slots=True)
class _Binding:
    name: str
    scope: int
    value: int
    use: int


@dataclass(slots=True)
class _Context:
    """Where an expression stands: `manner` is None where its value gives nothing away."""

    manner: str | None
    into: int = -1
    slot: int = -1


_INERT = _Context(None)
_CONTAINED = _Context("put into a container")

_MUTATORS = frozenset(
    "append extend insert update setdefault sort reverse remove pop clear discard add".split()
)


@dataclass
class Reader:
    """
    Collects the facts of one module; `read` is the only entry.

    The tables grow while the tree is walked and are frozen by `interlock_checks.facts.python`.
    """

    trace: Recorder = field(default_factory=lambda: Recorder(active=False))
    nodes: list[m.Node] = field(default_factory=list)
    bindings: list[_Binding] = field(default_factory=list)
    scopes: list[m.Scope | None] = field(default_factory=list)
    uses: list[Pending] = field(default_factory=list)
    stars: list[m.Star] = field(default_factory=list)
    imports: list[tuple[m.Star, str, cst.CSTNode]] = field(default_factory=list)
    refs: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    foreign: list[tuple[int, str, int]] = field(default_factory=list)
    deferred: list[Callable[[], None]] = field(default_factory=list)
    classes: list[tuple[Frame, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)
    changed: dict[int, int] = field(default_factory=dict)
    unknown: int = 0

    # --- tables ---

    def add(self, node: m.Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def use(self, node: int, frame: Frame, anchor: cst.CSTNode, context: _Context) -> int:
        assert context.manner is not None
        pending = Pending(node, frame.number, context.manner, anchor, context.into, context.slot)
        self.uses.append(pending)
        return len(self.uses) - 1

    def change(self, node: int, frame: Frame, manner: str, anchor: cst.CSTNode, value: int) -> None:
        self.uses.append(Pending(node, frame.number, manner, anchor, value, -1))

    def open_frame(self, kind: str, name: str, parent: Frame | None) -> Frame:
        frame = Frame(len(self.scopes), kind, name, parent)
        self.scopes.append(None)
        return frame

    def close(
        self,
        frame: Frame,
        *,
        parameters: tuple[m.Parameter, ...] = (),
        decorators: tuple[int, ...] = (),
        bases: tuple[int, ...] = (),
        is_async: bool = False,
    ) -> None:
        # In an order of their own: joins go through sets, and facts of equal text are equal bytes.
        names = {
            name: tuple(sorted(b for b in ids if b >= 0)) for name, ids in sorted(frame.env.items())
        }
        self.scopes[frame.number] = m.Scope(
            kind=frame.kind,  # type: ignore[arg-type]
            name=frame.name,
            parent=-1 if frame.parent is None else frame.parent.number,
            names=names,
            parameters=parameters,
            returns=tuple(frame.returns),
            yields=tuple(frame.yields),
            decorators=decorators,
            bases=bases,
            attributes={name: tuple(values) for name, values in frame.attributes.items()},
            is_async=is_async,
        )

    def bind(self, frame: Frame, name: str, value: int, use: int = -1) -> int:
        number = len(self.bindings)
        target = frame
        if name in frame.global_names:
            target = self.module
        elif name in frame.nonlocal_names:
            target = next((v.frame for v in frame.views if name in v.frame.bound), self.module)
        elif frame.kind == "comprehension" and use == -2:
            while target.kind == "comprehension" and target.parent is not None:
                target = target.parent
        self.bindings.append(_Binding(name, target.number, value, max(use, -1)))
        self.trace.mark("bind", number)
        if target is frame or use == -2:
            target.bind(name, number)
        else:
            target.bound.setdefault(name, []).append(number)
            self.foreign.append((target.number, name, number))
            frame.env[name] = frozenset((number,))
        return number

    def ref(self, frame: Frame, name: str) -> int:
        found = look_up(frame, name, self.module)
        number = self.add(m.Ref(name, tuple(sorted(found.bindings)), found.free))
        if found.frame is not None:
            self.refs.setdefault((found.frame.number, name), []).append(number)
            for loop in found.frame.loops:
                loop.refs.append((number, name))
        return number

    def widen(self, node: int, bindings: Iterable[int]) -> None:
        old = self.nodes[node]
        assert isinstance(old, m.Ref)
        merged = tuple(sorted({*old.bindings, *bindings}))
        self.nodes[node] = m.Ref(old.name, merged, old.free)

    # --- the module ---

    def read(self, tree: cst.Module) -> None:
        """Walk the whole module, then the function bodies, outermost first."""
        self.unknown = self.add(m.Unknown())
        self.module = self.open_frame("module", "", None)
        with self.trace.scope(self.module.number):
            self.block(tree.body, self.module)
        while self.deferred:
            queue, self.deferred = self.deferred, []
            for read_body in queue:
                read_body()
        for frame, decorators, bases in self.classes:
            fields = tuple(m.Parameter(name, "plain", node) for name, node in frame.fields)
            self.close(frame, parameters=fields, decorators=decorators, bases=bases)
        exits: dict[str, set[int]] = {}
        for scope, name, binding in self.foreign:
            for node in self.refs.get((scope, name), ()):
                self.widen(node, (binding,))
            if scope == self.module.number:
                exits.setdefault(name, set()).add(binding)
        for name, ids in exits.items():
            self.module.env[name] = self.module.env.get(name, frozenset()) | ids
        self.close(self.module)

    # --- statements ---

    def block(self, body: Sequence[cst.CSTNode], frame: Frame) -> bool:
        """Read statements in order; False if control cannot reach their end."""
        falls = True
        for statement in body:
            if isinstance(statement, cst.SimpleStatementLine | cst.SimpleStatementSuite):
                for small in statement.body:
                    falls = self.small(small, frame) and falls
            else:
                falls = self.compound(statement, frame) and falls
        return falls

    def suite(self, suite: cst.BaseSuite, frame: Frame) -> bool:
        if isinstance(suite, cst.SimpleStatementSuite):
            return self.block([suite], frame)
        return self.block(suite.body, frame)

    def small(self, node: cst.CSTNode, frame: Frame) -> bool:
        match node:
            case cst.Expr():
                self.expression_statement(node.value, frame)
            case cst.Assign():
                self.assign(node, frame)
            case cst.AnnAssign():
                self.annotation(node.annotation, frame)
                if node.value is not None:
                    self.assign_to([node.target], node.value, frame)
                if self.trace.active and frame.kind == "class":
                    self.field(node.target, frame)
            case cst.AugAssign():
                self.augmented(node, frame)
            case cst.Import():
                for alias in node.names:
                    self.import_alias(alias, frame)
            case cst.ImportFrom():
                self.import_from(node, frame)
            case cst.Return():
                result = -1
                if node.value is not None:
                    result = self.value(node.value, frame, _Context("returned"))
                    frame.returns.append(result)
                self.trace.mark("return", result, node)
                return False
            case cst.Raise():
                raised = -1
                if node.exc is not None:
                    raised = self.value(node.exc, frame, _INERT)
                if node.cause is not None:
                    self.value(node.cause.item, frame, _INERT)
                self.trace.mark("raise", raised, node)
                return False
            case cst.Break():
                self.trace.mark("break", -1, node)
                return False
            case cst.Continue():
                self.trace.mark("continue", -1, node)
                return False
            case cst.Global():
                frame.global_names.update(item.name.value for item in node.names)
            case cst.Nonlocal():
                frame.nonlocal_names.update(item.name.value for item in node.names)
            case cst.Del():
                self.delete(node.target, frame)
            case cst.Assert():
                self.trace.mark("assert", -1, node.test)
                test = self.value(node.test, frame, _INERT)
                if node.msg is not None:
                    self.value(node.msg, frame, _INERT)
                self.trace.mark("end", test)
            case _:
                pass
        return True

    def annotation(self, node: cst.Annotation | None, frame: Frame) -> None:
        """A name in an annotation gives nothing away; a call in one is made."""
        if node is not None and not isinstance(
            node.annotation, cst.Name | cst.Attribute | cst.SimpleString
        ):
            self.value(node.annotation, frame, _INERT)

    def expression_statement(self, value: cst.BaseExpression, frame: Frame) -> None:
        node = self.value(value, frame, _INERT)
        if not isinstance(value, cst.Call) or not isinstance(value.func, cst.Attribute):
            return
        owner, method = value.func.value, value.func.attr.value
        if not isinstance(owner, cst.Name) or method not in _MUTATORS:
            return
        call = self.nodes[node]
        if isinstance(call, m.Call) and owner.value in frame.env:
            before = self.ref(frame, owner.value)
            after = self.mutated(before, method, call.args)
            self.rebind_changed(frame, owner.value, before, after)

    def rebind_changed(self, frame: Frame, name: str, before: int, after: int) -> None:
        """A name goes on with what its object has become."""
        stores.spread(self, frame, name, before, after)
        self.changed[after] = before
        self.bind(frame, name, after)

    def mutated(self, before: int, method: str, args: tuple[m.Arg, ...]) -> int:
        """The value of a local list or dictionary after one of its methods has changed it."""
        if method == "update" and args and all(arg.name for arg in args):
            keys = tuple(self.add(m.Const(arg.name)) for arg in args)
            given = self.add(m.Map(keys, tuple(arg.value for arg in args)))
            return self.add(m.Op("|", before, given))
        if not args or any(arg.star or arg.name for arg in args):
            return self.add(m.Op(m.CHANGED, before, before))
        last = args[-1].value
        match method:
            case "append" | "add":
                return self.add(m.Op("+", before, self.add(m.Seq("list", (last,)))))
            case "extend":
                return self.add(m.Op("+", before, last))
            case "insert":
                return self.add(m.Op("+", self.add(m.Seq("list", (last,))), before))
            case "update":
                return self.add(m.Op("|", before, last))
            case "setdefault" if len(args) == 2:
                pair = self.add(m.Map((args[0].value,), (last,)))
                return self.add(m.Op("|", before, pair))
            case _:
                return self.add(m.Op(m.CHANGED, before, before))

    def assign(self, node: cst.Assign, frame: Frame) -> None:
        self.assign_to([target.target for target in node.targets], node.value, frame)

    def assign_to(
        self,
        targets: Sequence[cst.BaseExpression],
        value: cst.BaseExpression,
        frame: Frame,
    ) -> None:
        simple = all(isinstance(t, cst.Name | cst.Tuple | cst.List) for t in targets)
        unpacked = any(isinstance(t, cst.Tuple | cst.List) for t in targets)
        manner = "bound to another name" if simple else "stored"
        if unpacked and isinstance(value, cst.Tuple | cst.List):
            manner = "bound to another name"
        first = len(self.uses)
        result = self.value(value, frame, _Context(manner))
        last = len(self.uses) - 1
        use = last if last >= first and self.uses[last].node == result else -1
        for target in targets:
            self.bind_target(target, result, frame, use)

    def bind_target(
        self, target: cst.BaseExpression, value: int, frame: Frame, use: int = -1
    ) -> None:
        match target:
            case cst.Name():
                stores.note_binding(self, frame, target.value, value, target)
                stores.share(self, frame, target.value, value)
                self.bind(frame, target.value, value, use)
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
                        self.bind_target(element.value, self.rest(value, number), frame)
                        continue
                    index = number
                    if star is not None and number > star:
                        index = number - len(target.elements)
                    key = self.add(m.Const(index))
                    self.bind_target(element.value, self.add(m.Item(value, key)), frame)
            case cst.Attribute():
                self.store_attribute(target, value, frame)
            case cst.Subscript():
                self.store_item(target, value, frame)
            case cst.StarredElement():
                self.bind_target(target.value, self.unknown, frame)
            case _:
                self.value(target, frame, _INERT)

    def rest(self, value: int, start: int) -> int:
        return self.add(m.Cut(value, self.add(m.Const(start)), -1, -1))

    def store_attribute(self, target: cst.Attribute, value: int, frame: Frame) -> None:
        owner = target.value
        if (
            isinstance(owner, cst.Name)
            and frame.owner is not None
            and owner.value == frame.own_name
        ):
            frame.owner.attributes.setdefault(target.attr.value, []).append(value)
        base = self.value(owner, frame, _INERT)
        stores.note(self, m.Attr(base, target.attr.value), value, frame, target)

        if self.trace.active:
            stored = m.Op(m.STORED, self.add(m.Attr(base, target.attr.value)), value)
            self.trace.mark("set", self.add(stored))

    def field(self, target: cst.BaseExpression, frame: Frame) -> None:
        """Note an annotated name of a class; what it is bound to is its default."""
        if isinstance(target, cst.Name):
            bound = frame.env.get(target.value, frozenset())
            value = next((self.bindings[number].value for number in bound if number >= 0), -1)
            node = self.add(m.Param(frame.number, target.value, value))
            frame.fields.append((target.value, node))

    def store_item(self, target: cst.Subscript, value: int, frame: Frame) -> None:
        key = self.subscript_key(target, frame)
        base = self.value(target.value, frame, _INERT)
        stores.note(self, m.Item(base, key), value, frame, target)
        if isinstance(target.value, cst.Name) and target.value.value in frame.env:
            pair = self.add(m.Map((key,), (value,)))
            after = self.add(m.Op("|", base, pair))
            self.rebind_changed(frame, target.value.value, base, after)

    def augmented(self, node: cst.AugAssign, frame: Frame) -> None:
        right = self.value(node.value, frame, _Context("stored"))
        operator = _AUGMENTED.get(type(node.operator), "?")
        if isinstance(node.target, cst.Name):
            left = self.ref(frame, node.target.value)
            if operator == "|":
                self.change(left, frame, m.UPDATED, node, right)
            after = self.add(m.Op(operator, left, right))
            self.rebind_changed(frame, node.target.value, left, after)
        elif isinstance(node.target, cst.Attribute):
            left = self.value(node.target, frame, _INERT)
            self.store_attribute(node.target, self.add(m.Op(operator, left, right)), frame)
        elif isinstance(node.target, cst.Subscript):
            left = self.value(node.target, frame, _INERT)
            self.store_item(node.target, self.add(m.Op(operator, left, right)), frame)
        else:
            self.value(node.target, frame, _INERT)

    def delete(self, target: cst.BaseExpression, frame: Frame) -> None:
        match target:
            case cst.Name():
                frame.env.pop(target.value, None)
            case cst.Tuple() | cst.List():
                for element in target.elements:
                    self.delete(element.value, frame)
            case cst.Attribute():
                base = self.value(target.value, frame, _INERT)
                stores.note(self, m.Attr(base, target.attr.value), -1, frame, target)
            case cst.Subscript():
                base = self.value(target.value, frame, _INERT)
                key = self.subscript_key(target, frame)
                stores.note(self, m.Item(base, key), -1, frame, target)
            case _:
                self.value(target, frame, _INERT)

    def import_alias(self, alias: cst.ImportAlias, frame: Frame) -> None:
        name = dotted(alias.name)
        self.imports.append((m.Star(name, 0), "", alias))
        if alias.asname is not None:
            self.bind_import(frame, _target_name(alias.asname.name), m.Import(name, 0), alias)
            return
        top = name.partition(".")[0]
        self.bind_import(frame, top, m.Import(top, 0), alias)

    def bind_import(
        self, frame: Frame, name: str, node: m.Import | m.From, anchor: cst.CSTNode
    ) -> None:
        value = self.add(node)
        stores.note_import(self, frame, name, value, anchor)
        self.bind(frame, name, value)

    def import_from(self, node: cst.ImportFrom, frame: Frame) -> None:
        module = "" if node.module is None else dotted(node.module)
        level = len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            self.stars.append(m.Star(module, level))
            # What it brings replaces earlier bindings, if it brings that name.
            for name in list(frame.env):
                before = self.ref(frame, name)
                self.bind(frame, name, self.add(m.Starred(module, level, name, before)))
            self.imports.append((m.Star(module, level), "*", node))
            return
        for alias in node.names:
            name = dotted(alias.name)
            self.imports.append((m.Star(module, level), name, alias))
            local = name if alias.asname is None else _target_name(alias.asname.name)
            self.bind_import(frame, local, m.From(module, level, name), alias)

    # --- compound statements ---

    def compound(self, node: cst.CSTNode, frame: Frame) -> bool:
        match node:
            case cst.FunctionDef():
                self.function(node, frame)
            case cst.ClassDef():
                self.class_(node, frame)
            case cst.If():
                return self.if_(node, frame)
            case cst.For():
                source = self.iterated(node.iter, frame)
                self.trace.mark("for", source, node.iter)
                self.loop(
                    frame,
                    node.body,
                    node.orelse,
                    lambda: self.bind_target(node.target, self.add(m.Each(source)), frame),
                )
            case cst.While():
                self.trace.mark("while", -1, node.test)
                self.trace.mark("do", self.value(node.test, frame, _INERT))
                self.loop(frame, node.body, node.orelse, None)
            case cst.Try() | cst.TryStar():
                return self.try_(node, frame)
            case cst.With():
                return self.with_(node, frame)
            case cst.Match():
                self.match(node, frame)
            case _:
                pass
        return True

    def if_(self, node: cst.If, frame: Frame) -> bool:
        # An `elif` chain is nested in the tree: walked in a loop, since it may be very long.
        ends: list[dict[str, frozenset[int]]] = []
        typed: dict[str, frozenset[int]] = {}
        current: cst.If | cst.Else | None = node
        depth = 0
        while isinstance(current, cst.If):
            self.trace.mark("if", self.value(current.test, frame, _INERT), current.test)
            before, first = dict(frame.env), len(self.bindings)
            reached = self.suite(current.body, frame)
            if self.only_for_types(current.test, frame):
                typed = {n: ids for n, ids in frame.env.items() if ids is not before.get(n)}
                for numbers in frame.bound.values():
                    numbers[:] = [number for number in numbers if number < first]
            elif reached:
                ends.append(frame.env)
            frame.env = before
            current = current.orelse
            depth += 1
            self.trace.mark("else")
        if current is None or self.suite(current.body, frame):
            ends.append(frame.env)
        self.trace.end(depth)
        if not ends:
            return False
        frame.join(ends)
        for name, ids in typed.items():
            if self.stands_in(frame.env.get(name, frozenset())):
                frame.env[name] |= ids
                frame.bound.setdefault(name, []).extend(sorted(ids))
        return True

    def stands_in(self, ids: frozenset[int]) -> bool:
        """
        Whether a name is bound at run time to something made by a call.

        Beside an import for type checkers, such an object stands in for what that imports: a
        lazy loader, say. Another import is just another object.
        """
        values = [self.nodes[self.bindings[number].value] for number in ids if number >= 0]
        return bool(values) and all(isinstance(value, m.Call) for value in values)

    def only_for_types(self, test: cst.BaseExpression, frame: Frame) -> bool:
        """`if TYPE_CHECKING:`, with typing's own constant: its body never runs."""
        if isinstance(test, cst.Attribute) and test.attr.value == "TYPE_CHECKING":
            base = self.nodes[self.value(test.value, frame, _INERT)]
            wanted: tuple[type, ...] = (m.Import,)
        elif isinstance(test, cst.Name) and test.value == "TYPE_CHECKING":
            base = self.nodes[self.ref(frame, test.value)]
            wanted = (m.From,)
        else:
            return False
        if not isinstance(base, m.Ref) or not base.bindings:
            return False
        values = [self.nodes[self.bindings[b].value] for b in base.bindings]
        return all(
            isinstance(v, wanted)
            and isinstance(v, m.Import | m.From)
            and v.module in {"typing", "typing_extensions"}
            for v in values
        )

    def loop(
        self,
        frame: Frame,
        body: cst.BaseSuite,
        orelse: cst.Else | None,
        bind: Callable[[], None] | None,
    ) -> None:
        before = dict(frame.env)
        loop = Loop(len(self.bindings))
        frame.loops.append(loop)
        if bind is not None:
            bind()
        self.suite(body, frame)
        frame.loops.pop()
        made = {
            name: frozenset(b for b in ids if b >= loop.start)
            for name, ids in frame.bound.items()
            if ids and ids[-1] >= loop.start
        }
        for number, name in loop.refs:
            if made.get(name):
                self.widen(number, made[name])
        frame.join([before, frame.env])
        for name, ids in made.items():
            frame.env[name] = frame.env.get(name, frozenset()) | ids
        if orelse is not None:
            self.trace.mark("else")
            self.suite(orelse.body, frame)
        self.trace.end()

    def try_(self, node: cst.Try | cst.TryStar, frame: Frame) -> bool:
        before = dict(frame.env)
        start = len(self.bindings)
        self.trace.mark("try")
        falls = self.suite(node.body, frame)
        after_body = frame.env
        halfway = self.halfway(before, frame, start)
        ends: list[dict[str, frozenset[int]]] = []
        for handler in node.handlers:
            frame.env = dict(halfway)
            if handler.type is None:
                self.trace.mark("except", -1, handler.whitespace_after_except)
            else:
                kinds = self.value(handler.type, frame, _INERT)
                self.trace.mark("except", kinds, handler.type)
            name = None
            if handler.name is not None:
                name = _target_name(handler.name.name)
                self.bind(frame, name, self.unknown)
            if self.suite(handler.body, frame):
                if name is not None:
                    frame.env.pop(name, None)
                ends.append(frame.env)
        frame.env = after_body
        if node.orelse is not None:
            self.trace.mark("else")
            falls = self.suite(node.orelse.body, frame) and falls
        if falls:
            ends.append(frame.env)
        if node.finalbody is not None:
            frame.join([*ends, halfway])
            self.trace.mark("finally")
            falls = self.suite(node.finalbody.body, frame) and bool(ends)
            self.trace.end()
            return falls
        self.trace.end()
        if not ends:
            return False
        frame.join(ends)
        return True

    def halfway(
        self, before: dict[str, frozenset[int]], frame: Frame, start: int
    ) -> dict[str, frozenset[int]]:
        """What may hold where an exception leaves a block that began at binding `start`."""
        env = dict(before)
        for name, ids in frame.bound.items():
            made = frozenset(b for b in ids if b >= start)
            if made:
                missing = frame.kind in {"module", "class"} and name not in before
                env[name] = env.get(name, frozenset()) | made | ({-1} if missing else set())
        return env

    def with_(self, node: cst.With, frame: Frame) -> bool:
        before = dict(frame.env)
        for item in node.items:
            source = self.value(item.item, frame, _INERT)
            self.trace.mark("with", source, item.item)
            if item.asname is not None:
                target = _as_target(item.asname.name)
                self.bind_target(target, self.add(m.Entered(source)), frame)
        entered = dict(frame.env)
        falls = self.suite(node.body, frame)
        self.trace.end(len(node.items))
        # A context manager may swallow an exception half-way (contextlib.suppress): what was
        # bound before the block may still be in force after it.
        again = {
            name: ids for name, ids in before.items() if name not in entered or entered[name] is ids
        }
        frame.env = union([frame.env, {**frame.env, **again}], missing=False)
        return falls

    def match(self, node: cst.Match, frame: Frame) -> None:
        subject = self.value(node.subject, frame, _INERT)
        before = frame.env
        ends = [dict(before)]
        self.trace.mark("match", subject, node.subject)
        for case in node.cases:
            frame.env = dict(before)
            always = case.guard is None and _is_irrefutable(case.pattern)
            test = -1 if always else self.matches(case.pattern, subject, frame)
            self.trace.mark("case", test, case.pattern)
            self.pattern(case.pattern, subject, frame)
            if case.guard is not None:
                self.trace.mark("guard", self.value(case.guard, frame, _INERT))
            if self.suite(case.body, frame):
                ends.append(frame.env)
        self.trace.end()
        frame.join(ends)

    def matches(self, pattern: cst.MatchPattern, subject: int, frame: Frame) -> int:
        """Whether a pattern matches, as a comparison where it is one with constants."""
        if not self.trace.active:
            return self.unknown
        match pattern:
            case cst.MatchValue(value=value) | cst.MatchSingleton(value=value):
                constant = self.value(value, frame, _INERT)
                return self.add(m.Test("==", (subject, constant)))
            case cst.MatchOr(patterns=options):
                tests = [self.matches(one.pattern, subject, frame) for one in options]
                nodes = [self.nodes[test] for test in tests]
                constants = [n.operands[1] for n in nodes if isinstance(n, m.Test)]
                if len(constants) < len(tests):
                    return self.unknown
                among = self.add(m.Seq("tuple", tuple(constants)))
                return self.add(m.Test("in", (subject, among)))
            case _:
                return self.unknown

    def pattern(self, pattern: cst.CSTNode | None, subject: int, frame: Frame) -> None:
        match pattern:
            case cst.MatchAs():
                if pattern.pattern is not None:
                    self.pattern(pattern.pattern, subject, frame)
                if pattern.name is not None:
                    self.bind(frame, pattern.name.value, subject)
            case cst.MatchOr():
                for option in pattern.patterns:
                    self.pattern(option.pattern, subject, frame)
            case cst.MatchList() | cst.MatchTuple():
                for index, element in enumerate(pattern.patterns):
                    if isinstance(element, cst.MatchStar):
                        if element.name is not None:
                            self.bind(frame, element.name.value, self.rest(subject, index))
                        continue
                    key = self.add(m.Const(index))
                    self.pattern(element.value, self.add(m.Item(subject, key)), frame)
            case cst.MatchMapping():
                for pair in pattern.elements:
                    key = self.value(pair.key, frame, _INERT)
                    self.pattern(pair.pattern, self.add(m.Item(subject, key)), frame)
                if pattern.rest is not None:
                    self.bind(frame, pattern.rest.value, subject)
            case cst.MatchClass():
                for positional in pattern.patterns:
                    self.pattern(positional.value, self.unknown, frame)
                for keyword in pattern.kwds:
                    inner = self.add(m.Attr(subject, keyword.key.value))
                    self.pattern(keyword.pattern, inner, frame)
            case _:
                pass

    # --- definitions ---

    def function(self, node: cst.FunctionDef, frame: Frame) -> None:
        decorators: list[int] = []
        for decorator in node.decorators:
            decorators.append(self.decorator(decorator.decorator, frame))
        inner = self.open_frame("function", node.name.value, frame)
        names = {_last_name(d.decorator) for d in node.decorators}
        parameters = self.parameters(node.params, frame, inner, names)
        function = self.add(m.Function(inner.number))
        self.annotation(node.returns, frame)
        stores.note_binding(self, frame, node.name.value, function, node.name)
        self.bind(frame, node.name.value, function)
        is_async = node.asynchronous is not None
        self.defer(inner, frame, node.body, parameters, tuple(decorators), is_async=is_async)

    def decorator(self, expression: cst.BaseExpression, frame: Frame) -> int:
        return self.value(expression, frame, _Context("used as a decorator"))

    def parameters(
        self,
        params: cst.Parameters,
        outer: Frame,
        inner: Frame,
        decorators: set[str],
    ) -> tuple[m.Parameter, ...]:
        declared: list[m.Parameter] = []
        positional = [(p, "positional") for p in params.posonly_params]
        positional += [(p, "plain") for p in params.params]
        listed = positional + [(p, "keyword") for p in params.kwonly_params]
        if isinstance(params.star_arg, cst.Param):
            listed.append((params.star_arg, "*"))
        if params.star_kwarg is not None:
            listed.append((params.star_kwarg, "**"))
        method = outer.kind == "class" and "staticmethod" not in decorators
        for number, (param, kind) in enumerate(listed):
            default = -1
            self.annotation(param.annotation, outer)
            if param.default is not None:
                default = self.value(param.default, outer, _Context("a default value"))
            name = param.name.value
            if method and number == 0 and kind in {"plain", "positional"}:
                of_class = "classmethod" in decorators or inner.name == "__init_subclass__"
                node = self.add(m.Own(outer.number, of_class))
                inner.owner, inner.own_name = outer, name
            elif kind in {"*", "**"}:
                node = self.add(m.Param(inner.number, name, -1))
            else:
                node = self.add(m.Param(inner.number, name, default))
            declared.append(m.Parameter(name, kind, node))
            self.bindings.append(_Binding(name, inner.number, node, -1))
            inner.bind(name, len(self.bindings) - 1)
        return tuple(declared)

    def defer(
        self,
        inner: Frame,
        outer: Frame,
        body: cst.BaseSuite | cst.BaseExpression,
        parameters: tuple[m.Parameter, ...],
        decorators: tuple[int, ...],
        *,
        is_async: bool = False,
    ) -> None:
        inner.views = views_from(outer, len(self.bindings))
        if inner.owner is None:
            owner = outer
            while owner.kind in {"comprehension", "lambda"} and owner.parent is not None:
                owner = owner.parent
            inner.owner, inner.own_name = owner.owner, owner.own_name
            if inner.own_name in inner.env:
                inner.owner, inner.own_name = None, None

        def read_body() -> None:
            with self.trace.scope(inner.number):
                if isinstance(body, cst.BaseSuite):
                    self.suite(body, inner)
                else:
                    result = self.value(body, inner, _Context("returned by a lambda"))
                    inner.returns.append(result)
                    self.trace.mark("return", result, body)
            self.close(inner, parameters=parameters, decorators=decorators, is_async=is_async)

        self.deferred.append(read_body)

    def class_(self, node: cst.ClassDef, frame: Frame) -> None:
        decorators = tuple(self.decorator(d.decorator, frame) for d in node.decorators)
        bases = tuple(self.value(base.value, frame, _Context("subclassed")) for base in node.bases)
        for keyword in node.keywords:
            self.value(keyword.value, frame, _Context("passed on"))
        inner = self.open_frame("class", node.name.value, frame)
        made = self.add(m.Class(inner.number))
        stores.note_binding(self, frame, node.name.value, made, node.name)
        self.bind(frame, node.name.value, made)
        self.suite(node.body, inner)

        # Methods add attributes while their bodies are read: closed after all of them.
        self.classes.append((inner, decorators, bases))

    # --- expressions ---

    def value(self, node: cst.BaseExpression, frame: Frame, context: _Context) -> int:
        """The node of an expression; notes it as a use if `context` gives it away."""
        handler = _EXPRESSIONS.get(type(node))
        if handler is None:
            return self.unknown
        return handler(self, node, frame, context)

    def iterated(self, node: cst.BaseExpression, frame: Frame) -> int:
        return self.value(node, frame, _CONTAINED if _is_display(node) else _INERT)

    def chain(self, node: cst.BaseExpression, number: int, frame: Frame, context: _Context) -> int:
        if context.manner is not None:
            self.use(number, frame, node, context)
        return number

    def name(self, node: cst.Name, frame: Frame, context: _Context) -> int:
        if node.value in _CONSTANTS:
            return self.add(m.Const(_CONSTANTS[node.value]))
        return self.chain(node, self.ref(frame, node.value), frame, context)

    def attribute(self, node: cst.Attribute, frame: Frame, context: _Context) -> int:
        base = self.value(node.value, frame, _INERT)
        return self.chain(node, self.add(m.Attr(base, node.attr.value)), frame, context)

    def call(self, node: cst.Call, frame: Frame, context: _Context) -> int:
        func = self.called(node.func, frame)
        args: list[m.Arg] = []
        for slot, arg in enumerate(node.args):
            inner = _Context("passed on", func, slot)
            name = None if arg.keyword is None else arg.keyword.value
            args.append(m.Arg(self.value(arg.value, frame, inner), name, len(arg.star)))
        number = self.add(m.Call(func, tuple(args)))
        self.use(number, frame, node, _Context("called"))
        self.trace.mark("call", number, node)
        return self.chain(node, number, frame, context)

    def called(self, node: cst.BaseExpression, frame: Frame) -> int:
        owner = frame.owner
        if (
            isinstance(node, cst.Attribute)
            and owner is not None
            and isinstance(node.value, cst.Call)
            and isinstance(node.value.func, cst.Name)
            and node.value.func.value == "super"
        ):
            return self.add(m.Attr(self.add(m.Super(owner.number)), node.attr.value))
        return self.value(node, frame, _INERT)

    def subscript(self, node: cst.Subscript, frame: Frame, context: _Context) -> int:
        base = self.value(node.value, frame, _INERT)
        if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice):
            cut = node.slice[0].slice
            bounds = [
                -1 if bound is None else self.value(bound, frame, _INERT)
                for bound in (cut.lower, cut.upper, cut.step)
            ]
            return self.chain(node, self.add(m.Cut(base, *bounds)), frame, context)
        key = self.subscript_key(node, frame)
        return self.chain(node, self.add(m.Item(base, key)), frame, context)

    def subscript_key(self, node: cst.Subscript, frame: Frame) -> int:
        keys = [
            self.value(element.slice.value, frame, _INERT)
            for element in node.slice
            if isinstance(element.slice, cst.Index)
        ]
        only = node.slice[0].slice if len(node.slice) == 1 else None
        if isinstance(only, cst.Index) and not only.star:
            return keys[0]
        return self.add(m.Seq("tuple", tuple(keys)))

    def display(self, node: cst.List | cst.Tuple | cst.Set, frame: Frame, context: _Context) -> int:
        inner = _INERT
        if context.manner is not None:
            inner = _Context("put into a container", context.into, context.slot)
        items: list[int] = []
        for element in node.elements:
            value = self.value(element.value, frame, inner)
            if isinstance(element, cst.StarredElement):
                value = self.add(m.Splat(value))
            items.append(value)
        return self.add(m.Seq(_KINDS[type(node)], tuple(items)))  # type: ignore[arg-type]

    def dictionary(self, node: cst.Dict, frame: Frame, context: _Context) -> int:
        inner = _INERT if context.manner is None else _Context("put into a container")
        keys: list[int] = []
        values: list[int] = []
        for element in node.elements:
            value = self.value(element.value, frame, inner)
            values.append(value)
            if isinstance(element, cst.DictElement):
                key = self.value(element.key, frame, inner)
                if self.is_task_action(key, frame):
                    self.use(value, frame, element.value, _Context("run by a task"))
                keys.append(key)
            else:
                keys.append(-1)
        return self.add(m.Map(tuple(keys), tuple(values)))

    def is_task_action(self, key: int, frame: Frame) -> bool:
        """doit runs the `actions` of the dictionaries that functions `task_...` return."""
        node = self.nodes[key]
        return (
            isinstance(node, m.Const)
            and node.value in processes.DOIT_ACTION_KEYS
            and frame.kind == "function"
            and frame.name.startswith(processes.DOIT_TASK_PREFIX)
        )

    def literal(self, node: cst.BaseExpression, frame: Frame, context: _Context) -> int:
        assert isinstance(node, cst.SimpleString | cst.Integer | cst.Float)
        known, value = constant(node.value)
        if not known:
            return self.unknown
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            return self.unknown
        number = self.constant(value)
        textual = isinstance(value, str) and len(value) < 200 and ("." in value or ":" in value)
        if textual and context.manner is not None:
            self.use(number, frame, node, context)
        return number

    def constant(self, value: m.Constant | bytes) -> int:
        return self.add(m.Data(value) if isinstance(value, bytes) else m.Const(value))

    def concatenated(self, node: cst.ConcatenatedString, frame: Frame, context: _Context) -> int:
        parts: list[int] = []
        current: cst.BaseExpression = node
        while isinstance(current, cst.ConcatenatedString):
            parts.append(self.value(current.left, frame, _INERT))
            current = current.right
        parts.append(self.value(current, frame, _INERT))
        constants = [self.nodes[part] for part in parts]
        if all(isinstance(c, m.Data) for c in constants):
            return self.add(m.Data(b"".join(c.value for c in constants if isinstance(c, m.Data))))
        return self.add(m.Joined(tuple(parts)))

    def formatted(self, node: cst.FormattedString, frame: Frame, context: _Context) -> int:
        parts: list[int] = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                text = part.value.replace("{{", "{").replace("}}", "}")
                known, value = constant(_text(node.start, text, node.end))
                parts.append(self.constant(value) if known else self.unknown)
            elif isinstance(part, cst.FormattedStringExpression):
                inner = self.value(part.expression, frame, _INERT)
                plain = part.format_spec is None and part.conversion in {None, "s"}
                plain = plain and part.equal is None
                parts.append(inner if plain else self.unknown)
        return self.add(m.Joined(tuple(parts)))

    def template(self, node: cst.BaseExpression, frame: Frame, context: _Context) -> int:
        for child in node.children:
            for inner in child.children:
                if isinstance(inner, cst.BaseExpression):
                    self.value(inner, frame, _INERT)
        return self.unknown

    def binary(self, node: cst.BinaryOperation, frame: Frame, context: _Context) -> int:
        # A long sum nests to the left: walked in a loop.
        stack: list[cst.BinaryOperation] = []
        current: cst.BaseExpression = node
        while isinstance(current, cst.BinaryOperation):
            stack.append(current)
            current = current.left
        inner = _INERT if context.manner is None else _Context("put into a container")
        left = self.value(current, frame, inner if _is_display(current) else _INERT)
        for operation in reversed(stack):
            side = operation.right
            right = self.value(side, frame, inner if _is_display(side) else _INERT)
            if isinstance(operation.operator, cst.BitAnd):
                # plumbum: `program["word"] & FG` runs the program.
                self.use(left, frame, operation.left, _Context("run by an operator"))
            operator = _OPERATORS.get(type(operation.operator), "?")
            left = self.add(m.Op(operator, left, right))
        return left

    def boolean(self, node: cst.BooleanOperation, frame: Frame, context: _Context) -> int:
        # A long chain nests to the left: walked in a loop.
        stack: list[cst.BooleanOperation] = []
        current: cst.BaseExpression = node
        while isinstance(current, cst.BooleanOperation):
            stack.append(current)
            current = current.left
        left = self.value(current, frame, context)
        for operation in reversed(stack):
            operator = "and" if isinstance(operation.operator, cst.And) else "or"
            self.trace.mark(operator, left, operation.left)
            right = self.value(operation.right, frame, context)
            left = self.add(m.Either((left, right)))
            self.trace.mark("end", left)
        return left

    def conditional(self, node: cst.IfExp, frame: Frame, context: _Context) -> int:
        options: list[int] = []
        current: cst.BaseExpression = node
        while isinstance(current, cst.IfExp):
            self.trace.mark("if", self.value(current.test, frame, _INERT), current.test)
            options.append(self.value(current.body, frame, context))
            self.trace.mark("pick", options[-1])
            self.trace.mark("else")
            current = current.orelse
        options.append(self.value(current, frame, context))
        self.trace.mark("pick", options[-1])
        self.trace.end(len(options) - 2)
        either = self.add(m.Either(tuple(options)))
        self.trace.mark("end", either)
        return either

    def comparison(self, node: cst.Comparison, frame: Frame, context: _Context) -> int:
        operands = [self.value(node.left, frame, _INERT)]
        for target in node.comparisons:
            operands.append(self.value(target.comparator, frame, _INERT))
        if self.trace.active and len(operands) == 2:
            operator = _COMPARISONS.get(type(node.comparisons[0].operator), "?")
            return self.add(m.Test(operator, tuple(operands)))
        return self.unknown

    def unary(self, node: cst.UnaryOperation, frame: Frame, context: _Context) -> int:
        if isinstance(node.operator, cst.Minus) and isinstance(node.expression, cst.Integer):
            return self.add(m.Const(-node.expression.evaluated_value))
        operand = self.value(node.expression, frame, _INERT)
        if self.trace.active and isinstance(node.operator, cst.Not):
            return self.add(m.Test("not", (operand,)))
        return self.unknown

    def lambda_(self, node: cst.Lambda, frame: Frame, context: _Context) -> int:
        inner = self.open_frame("lambda", "<lambda>", frame)
        parameters = self.parameters(node.params, frame, inner, {"staticmethod"})
        number = self.add(m.Function(inner.number))
        self.defer(inner, frame, node.body, parameters, ())
        return self.chain(node, number, frame, context)

    def walrus(self, node: cst.NamedExpr, frame: Frame, context: _Context) -> int:
        first = len(self.uses)
        value = self.value(node.value, frame, _Context("bound to another name"))
        last = len(self.uses) - 1
        use = last if last >= first and self.uses[last].node == value else -1
        if isinstance(node.target, cst.Name):
            target = frame
            while target.kind == "comprehension" and target.parent is not None:
                target = target.parent
            stores.note_binding(self, target, node.target.value, value, node)
            stores.share(self, target, node.target.value, value)
            self.bind(target, node.target.value, value, use)
        return value

    def awaited(self, node: cst.Await, frame: Frame, context: _Context) -> int:
        number = self.value(node.expression, frame, context)
        self.trace.mark("await", number, node)
        return number

    def yielded(self, node: cst.Yield, frame: Frame, context: _Context) -> int:
        inner = _Context("yielded")
        if isinstance(node.value, cst.From):
            source = self.value(node.value.item, frame, inner)
            frame.yields.append(self.add(m.Each(source)))
            self.trace.mark("from", source, node)
            return self.unknown
        if node.value is not None:
            frame.yields.append(self.value(node.value, frame, inner))
        self.trace.mark("yield", -1, node)
        return self.unknown

    def comprehension(
        self,
        node: cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp,
        frame: Frame,
        context: _Context,
    ) -> int:
        inner_frame = self.open_frame("comprehension", "<comprehension>", frame)
        clause: cst.CompFor | None = node.for_in
        outer: Frame = frame
        target, source, plain, single = -1, -1, True, True
        tests: list[int] = []
        depth = 0
        while clause is not None:
            source = self.iterated(clause.iter, outer)
            lazy = isinstance(node, cst.GeneratorExp)
            self.trace.mark("gen" if lazy else "for", source, clause.iter)
            depth += 1 + len(clause.ifs)
            self.bind_target(clause.target, self.add(m.Each(source)), inner_frame)
            single = isinstance(clause.target, cst.Name) and clause is node.for_in
            single = single and clause.inner_for_in is None
            plain = single and not clause.ifs
            target = len(self.bindings) - 1
            for condition in clause.ifs:
                test = self.value(condition.test, inner_frame, _INERT)
                self.trace.mark("if", test, condition.test)
                tests.append(test)
            clause, outer = clause.inner_for_in, inner_frame
        inner = _INERT if context.manner is None else _Context("put into a container")
        if isinstance(node, cst.DictComp):
            key = self.value(node.key, inner_frame, inner)
            value = self.value(node.value, inner_frame, inner)
            self.trace.end(depth)
            self.close(inner_frame)
            return self.add(m.Map((key,), (value,)))
        element = self.value(node.elt, inner_frame, inner)
        self.trace.end(depth)
        self.close(inner_frame)
        kind = _COMPREHENSIONS[type(node)]
        whole, name = target if plain else -1, target if single else -1
        return self.add(m.Comp(kind, element, whole, source, name, tuple(tests)))  # type: ignore[arg-type]


def dotted(node: cst.BaseExpression) -> str:
    """The dotted name that an `Attribute`/`Name` chain of an import statement spells."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(node.value)
    return ".".join(reversed(parts))


def _is_irrefutable(pattern: cst.MatchPattern) -> bool:
    if isinstance(pattern, cst.MatchOr):
        return any(_is_irrefutable(option.pattern) for option in pattern.patterns)
    return isinstance(pattern, cst.MatchAs) and (
        pattern.pattern is None or _is_irrefutable(pattern.pattern)
    )


def _as_target(node: cst.BaseExpression) -> cst.BaseExpression:
    return node


def _target_name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _last_name(node: cst.BaseExpression) -> str:
    while isinstance(node, cst.Call):
        node = node.func
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _is_display(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.List | cst.Tuple | cst.Set | cst.Dict)


def _text(start: str, text: str, end: str) -> str:
    prefix = start.rstrip("\"'").lower().replace("f", "").replace("t", "")
    return f"{prefix}{end}{text}{end}"


_CONSTANTS = {"True": True, "False": False, "None": None}

_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Add: "+",
    cst.Modulo: "%",
    cst.Multiply: "*",
    cst.BitOr: "|",
    cst.Divide: "/",
    cst.Subtract: "-",
    cst.BitXor: "^",
    cst.BitAnd: "&",
    cst.RightShift: ">>",
    cst.FloorDivide: "//",
}

_COMPARISONS: dict[type[cst.CSTNode], str] = {
    cst.Is: "is",
    cst.IsNot: "is not",
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.In: "in",
    cst.NotIn: "not in",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
}

_AUGMENTED: dict[type[cst.CSTNode], str] = {
    cst.AddAssign: "+",
    cst.ModuloAssign: "%",
    cst.MultiplyAssign: "*",
    cst.BitOrAssign: "|",
    cst.DivideAssign: "/",
}

_KINDS: dict[type[cst.CSTNode], str] = {cst.List: "list", cst.Tuple: "tuple", cst.Set: "set"}

_COMPREHENSIONS: dict[type[cst.CSTNode], str] = {
    cst.ListComp: "list",
    cst.SetComp: "set",
    cst.GeneratorExp: "generator",
}

_EXPRESSIONS: dict[type[cst.CSTNode], Callable[..., int]] = {
    cst.Name: Reader.name,
    cst.Attribute: Reader.attribute,
    cst.Call: Reader.call,
    cst.Subscript: Reader.subscript,
    cst.List: Reader.display,
    cst.Tuple: Reader.display,
    cst.Set: Reader.display,
    cst.Dict: Reader.dictionary,
    cst.SimpleString: Reader.literal,
    cst.Integer: Reader.literal,
    cst.Float: Reader.literal,
    cst.ConcatenatedString: Reader.concatenated,
    cst.FormattedString: Reader.formatted,
    cst.BinaryOperation: Reader.binary,
    cst.BooleanOperation: Reader.boolean,
    cst.IfExp: Reader.conditional,
    cst.Comparison: Reader.comparison,
    cst.UnaryOperation: Reader.unary,
    cst.Lambda: Reader.lambda_,
    cst.NamedExpr: Reader.walrus,
    cst.Await: Reader.awaited,
    cst.Yield: Reader.yielded,
    cst.ListComp: Reader.comprehension,
    cst.SetComp: Reader.comprehension,
    cst.GeneratorExp: Reader.comprehension,
    cst.DictComp: Reader.comprehension,
}
if hasattr(cst, "TemplatedString"):
    _EXPRESSIONS[cst.TemplatedString] = Reader.template
