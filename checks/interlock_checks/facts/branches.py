"""Branches, loops and handlers: what names may mean behind them."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from interlock_checks.facts import model as m
from interlock_checks.facts.flow import Frame, Loop, union
from interlock_checks.facts.reader import INERT, Reader
from interlock_checks.facts.targets import bind_target, rest_of


def read_if(reader: Reader, node: cst.If, frame: Frame) -> bool:
    # An `elif` chain is nested in the tree: walked in a loop, since it may be very long.
    ends: list[dict[str, frozenset[int]]] = []
    typed: dict[str, frozenset[int]] = {}
    current: cst.If | cst.Else | None = node
    depth = 0
    while isinstance(current, cst.If):
        reader.trace.mark("if", reader.value(current.test, frame, INERT), current.test)
        before, first = dict(frame.env), len(reader.bindings)
        reached = reader.suite(current.body, frame)
        if _only_for_types(reader, current.test, frame):
            typed = {n: ids for n, ids in frame.env.items() if ids is not before.get(n)}
            for numbers in frame.bound.values():
                numbers[:] = [number for number in numbers if number < first]
        elif reached:
            ends.append(frame.env)
        frame.env = before
        current = current.orelse
        depth += 1
        reader.trace.mark("else")
    if current is None or reader.suite(current.body, frame):
        ends.append(frame.env)
    reader.trace.end(depth)
    if not ends:
        return False
    frame.join(ends)
    for name, ids in typed.items():
        if _stands_in(reader, frame.env.get(name, frozenset())):
            frame.env[name] |= ids
            frame.bound.setdefault(name, []).extend(sorted(ids))
    return True


def _only_for_types(reader: Reader, test: cst.BaseExpression, frame: Frame) -> bool:
    """`if TYPE_CHECKING:`, with typing's own constant: its body never runs."""
    if isinstance(test, cst.Attribute) and test.attr.value == "TYPE_CHECKING":
        base = reader.nodes[reader.value(test.value, frame, INERT)]
        wanted: tuple[type, ...] = (m.Import,)
    elif isinstance(test, cst.Name) and test.value == "TYPE_CHECKING":
        base = reader.nodes[reader.ref(frame, test.value)]
        wanted = (m.From,)
    else:
        return False
    if not isinstance(base, m.Ref) or not base.bindings:
        return False
    values = [reader.nodes[reader.bindings[b].value] for b in base.bindings]
    return all(
        isinstance(v, wanted)
        and isinstance(v, m.Import | m.From)
        and v.module in {"typing", "typing_extensions"}
        for v in values
    )


def _stands_in(reader: Reader, ids: frozenset[int]) -> bool:
    """
    Whether a name is bound at run time to something made by a call.

    Beside an import for type checkers, such an object stands in for what that imports: a
    lazy loader, say. Another import is just another object.
    """
    values = [reader.nodes[reader.bindings[number].value] for number in ids if number >= 0]
    return bool(values) and all(isinstance(value, m.Call) for value in values)


def read_loop(
    reader: Reader,
    frame: Frame,
    body: cst.BaseSuite,
    orelse: cst.Else | None,
    bind: Callable[[], None] | None,
) -> None:
    before = dict(frame.env)
    loop = Loop(len(reader.bindings))
    frame.loops.append(loop)
    if bind is not None:
        bind()
    reader.suite(body, frame)
    frame.loops.pop()
    made = {
        name: frozenset(b for b in ids if b >= loop.start)
        for name, ids in frame.bound.items()
        if ids and ids[-1] >= loop.start
    }
    for number, name in loop.refs:
        if made.get(name):
            reader.widen(number, made[name])
    frame.join([before, frame.env])
    for name, ids in made.items():
        frame.env[name] = frame.env.get(name, frozenset()) | ids
    if orelse is not None:
        reader.trace.mark("else")
        reader.suite(orelse.body, frame)
    reader.trace.end()


def read_try(reader: Reader, node: cst.Try | cst.TryStar, frame: Frame) -> bool:
    before = dict(frame.env)
    start = len(reader.bindings)
    reader.trace.mark("try")
    falls = reader.suite(node.body, frame)
    after_body = frame.env
    halfway = _halfway(reader, before, frame, start)
    ends: list[dict[str, frozenset[int]]] = []
    for handler in node.handlers:
        frame.env = dict(halfway)
        if handler.type is None:
            reader.trace.mark("except", -1, handler.whitespace_after_except)
        else:
            kinds = reader.value(handler.type, frame, INERT)
            reader.trace.mark("except", kinds, handler.type)
        name = None
        if handler.name is not None:
            name = _target_name(handler.name.name)
            reader.bind(frame, name, reader.add(m.Caught()))
        if reader.suite(handler.body, frame):
            if name is not None:
                frame.env.pop(name, None)
            ends.append(frame.env)
    frame.env = after_body
    if node.orelse is not None:
        reader.trace.mark("else")
        falls = reader.suite(node.orelse.body, frame) and falls
    if falls:
        ends.append(frame.env)
    if node.finalbody is not None:
        frame.join([*ends, halfway])
        reader.trace.mark("finally")
        falls = reader.suite(node.finalbody.body, frame) and bool(ends)
        reader.trace.end()
        return falls
    reader.trace.end()
    if not ends:
        return False
    frame.join(ends)
    return True


def _halfway(
    reader: Reader, before: dict[str, frozenset[int]], frame: Frame, start: int
) -> dict[str, frozenset[int]]:
    """What may hold where an exception leaves a block that began at binding `start`."""
    env = dict(before)
    for name, ids in frame.bound.items():
        made = frozenset(b for b in ids if b >= start)
        if made:
            missing = frame.kind in {"module", "class"} and name not in before
            env[name] = env.get(name, frozenset()) | made | ({-1} if missing else set())
    return env


def read_with(reader: Reader, node: cst.With, frame: Frame) -> bool:
    before = dict(frame.env)
    for item in node.items:
        source = reader.value(item.item, frame, INERT)
        reader.trace.mark("with", source, item.item)
        if item.asname is not None:
            target = _as_target(item.asname.name)
            bind_target(reader, target, reader.add(m.Entered(source)), frame)
    entered = dict(frame.env)
    falls = reader.suite(node.body, frame)
    reader.trace.end(len(node.items))
    # A context manager may swallow an exception half-way (contextlib.suppress): what was
    # bound before the block may still be in force after it.
    again = {
        name: ids for name, ids in before.items() if name not in entered or entered[name] is ids
    }
    frame.env = union([frame.env, {**frame.env, **again}], missing=False)
    return falls


def read_match(reader: Reader, node: cst.Match, frame: Frame) -> None:
    subject = reader.value(node.subject, frame, INERT)
    before = frame.env
    ends = [dict(before)]
    reader.trace.mark("match", subject, node.subject)
    for case in node.cases:
        frame.env = dict(before)
        always = case.guard is None and _is_irrefutable(case.pattern)
        test = -1 if always else _matches(reader, case.pattern, subject, frame)
        reader.trace.mark("case", test, case.pattern)
        _pattern(reader, case.pattern, subject, frame)
        if case.guard is not None:
            reader.trace.mark("guard", reader.value(case.guard, frame, INERT))
        if reader.suite(case.body, frame):
            ends.append(frame.env)
    reader.trace.end()
    frame.join(ends)


def _matches(reader: Reader, pattern: cst.MatchPattern, subject: int, frame: Frame) -> int:
    """Whether a pattern matches, as a comparison where it is one with constants."""
    if not reader.trace.active:
        return reader.unknown
    match pattern:
        case cst.MatchValue(value=value) | cst.MatchSingleton(value=value):
            constant = reader.value(value, frame, INERT)
            return reader.add(m.Test("==", (subject, constant)))
        case cst.MatchOr(patterns=options):
            tests = [_matches(reader, one.pattern, subject, frame) for one in options]
            nodes = [reader.nodes[test] for test in tests]
            constants = [n.operands[1] for n in nodes if isinstance(n, m.Test)]
            if len(constants) < len(tests):
                return reader.unknown
            among = reader.add(m.Seq("tuple", tuple(constants)))
            return reader.add(m.Test("in", (subject, among)))
        case cst.MatchClass(cls=kind, patterns=parts, kwds=named):
            test = reader.add(m.Test(m.IS_A, (subject, reader.value(kind, frame, INERT))))
            inner = [one.value for one in parts] + [one.pattern for one in named]
            whole = all(_is_irrefutable(one) for one in inner)
            return test if whole else reader.unknown
        case _:
            return reader.unknown


def _pattern(reader: Reader, pattern: cst.CSTNode | None, subject: int, frame: Frame) -> None:
    match pattern:
        case cst.MatchAs():
            if pattern.pattern is not None:
                _pattern(reader, pattern.pattern, subject, frame)
            if pattern.name is not None:
                reader.bind(frame, pattern.name.value, subject)
        case cst.MatchOr():
            for option in pattern.patterns:
                _pattern(reader, option.pattern, subject, frame)
        case cst.MatchList() | cst.MatchTuple():
            for index, element in enumerate(pattern.patterns):
                if isinstance(element, cst.MatchStar):
                    if element.name is not None:
                        reader.bind(frame, element.name.value, rest_of(reader, subject, index))
                    continue
                key = reader.add(m.Const(index))
                _pattern(reader, element.value, reader.add(m.Item(subject, key)), frame)
        case cst.MatchMapping():
            for pair in pattern.elements:
                key = reader.value(pair.key, frame, INERT)
                _pattern(reader, pair.pattern, reader.add(m.Item(subject, key)), frame)
            if pattern.rest is not None:
                reader.bind(frame, pattern.rest.value, subject)
        case cst.MatchClass():
            kind = reader.value(pattern.cls, frame, INERT)
            for position, positional in enumerate(pattern.patterns):
                inner = reader.add(m.Part(subject, kind, str(position)))
                _pattern(reader, positional.value, inner, frame)
            for keyword in pattern.kwds:
                inner = reader.add(m.Part(subject, kind, keyword.key.value))
                _pattern(reader, keyword.pattern, inner, frame)
        case _:
            pass


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
