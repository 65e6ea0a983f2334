"""
The tables of a module that is being read, and what every kind of statement does with them.

How statements and expressions are read is given: `interlock_checks.facts.walk` puts it together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import libcst as cst

from interlock_checks.facts import model as m
from interlock_checks.facts.control import Recorder
from interlock_checks.facts.flow import Frame, look_up


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
class Binding:
    name: str
    scope: int
    value: int
    use: int


@dataclass(slots=True)
class Context:
    """Where an expression stands: `manner` is None where its value gives nothing away."""

    manner: str | None
    into: int = -1
    slot: int = -1


INERT = Context(None)
CONTAINED = Context("put into a container")


Expressions = Mapping[type[cst.CSTNode], Callable[..., int]]
"""How each kind of expression becomes a node: `f(reader, node, frame, context)`."""

Suites = Callable[["Reader", cst.BaseSuite, Frame], bool]
"""How a block of statements is read; False if control cannot reach its end."""


@dataclass(slots=True)
class Reader:
    """
    Collects the facts of one module.

    The tables grow while the tree is walked and are frozen by `interlock_checks.facts.python`.
    """

    expressions: Expressions
    suites: Suites
    trace: Recorder
    nodes: list[m.Node] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
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
    module: Frame = field(init=False)

    def __post_init__(self) -> None:
        self.unknown = self.add(m.Unknown())
        self.module = self.open_frame("module", "", None)

    def add(self, node: m.Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def use(self, node: int, frame: Frame, anchor: cst.CSTNode, context: Context) -> int:
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
            grown={name: tuple(values) for name, values in frame.grown.items()},
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
        self.bindings.append(Binding(name, target.number, value, max(use, -1)))
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

    def value(self, node: cst.BaseExpression, frame: Frame, context: Context) -> int:
        """The node of an expression; notes it as a use if `context` gives it away."""
        handler = self.expressions.get(type(node))
        if handler is None:
            return self.unknown
        return handler(self, node, frame, context)

    def suite(self, suite: cst.BaseSuite, frame: Frame) -> bool:
        """Read a block of statements; False if control cannot reach its end."""
        return self.suites(self, suite, frame)
