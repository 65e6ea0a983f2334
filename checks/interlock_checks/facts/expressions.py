"""Expressions reduced to nodes, and noted as uses where they give something away."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from interlock_checks.catalogue import processes, reflection
from interlock_checks.facts import model as m
from interlock_checks.facts import stores
from interlock_checks.facts.definitions import defer, read_parameters
from interlock_checks.facts.flow import Frame
from interlock_checks.facts.literals import constant
from interlock_checks.facts.reader import CONTAINED, INERT, Context, Reader
from interlock_checks.facts.targets import bind_target, subscript_key
from interlock_checks.facts.texts import (
    add_constant,
    read_concatenated,
    read_formatted,
    read_literal,
    read_template,
)

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


_KINDS: dict[type[cst.CSTNode], str] = {cst.List: "list", cst.Tuple: "tuple", cst.Set: "set"}


_COMPREHENSIONS: dict[type[cst.CSTNode], str] = {
    cst.ListComp: "list",
    cst.SetComp: "set",
    cst.GeneratorExp: "generator",
}


def iterated(reader: Reader, node: cst.BaseExpression, frame: Frame) -> int:
    return reader.value(node, frame, CONTAINED if _is_display(node) else INERT)


def _chain(
    reader: Reader, node: cst.BaseExpression, number: int, frame: Frame, context: Context
) -> int:
    if context.manner is not None:
        reader.use(number, frame, node, context)
    return number


def _name(reader: Reader, node: cst.Name, frame: Frame, context: Context) -> int:
    if node.value in _CONSTANTS:
        return reader.add(m.Const(_CONSTANTS[node.value]))
    return _chain(reader, node, reader.ref(frame, node.value), frame, context)


def _attribute(reader: Reader, node: cst.Attribute, frame: Frame, context: Context) -> int:
    base = reader.value(node.value, frame, INERT)
    return _chain(reader, node, reader.add(m.Attr(base, node.attr.value)), frame, context)


def _call(reader: Reader, node: cst.Call, frame: Frame, context: Context) -> int:
    func = _called(reader, node.func, frame)
    args: list[m.Arg] = []
    for slot, arg in enumerate(node.args):
        inner = Context("passed on", func, slot)
        name = None if arg.keyword is None else arg.keyword.value
        args.append(m.Arg(reader.value(arg.value, frame, inner), name, len(arg.star)))
    number = reader.add(m.Call(func, tuple(args)))
    reader.use(number, frame, node, Context("called"))
    reader.trace.mark("call", number, node)
    return _chain(reader, node, number, frame, context)


def _called(reader: Reader, node: cst.BaseExpression, frame: Frame) -> int:
    owner = frame.owner
    if (
        isinstance(node, cst.Attribute)
        and owner is not None
        and isinstance(node.value, cst.Call)
        and isinstance(node.value.func, cst.Name)
        and node.value.func.value == "super"
    ):
        return reader.add(m.Attr(reader.add(m.Super(owner.number)), node.attr.value))
    return reader.value(node, frame, INERT)


def _subscript(reader: Reader, node: cst.Subscript, frame: Frame, context: Context) -> int:
    base = reader.value(node.value, frame, INERT)
    if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice):
        cut = node.slice[0].slice
        bounds = [
            -1 if bound is None else reader.value(bound, frame, INERT)
            for bound in (cut.lower, cut.upper, cut.step)
        ]
        return _chain(reader, node, reader.add(m.Cut(base, *bounds)), frame, context)
    key = subscript_key(reader, node, frame)
    return _chain(reader, node, reader.add(m.Item(base, key)), frame, context)


def _display(
    reader: Reader, node: cst.List | cst.Tuple | cst.Set, frame: Frame, context: Context
) -> int:
    inner = INERT
    if context.manner is not None:
        inner = Context("put into a container", context.into, context.slot)
    items: list[int] = []
    for element in node.elements:
        value = reader.value(element.value, frame, inner)
        if isinstance(element, cst.StarredElement):
            value = reader.add(m.Splat(value))
        items.append(value)
    return reader.add(m.Seq(_KINDS[type(node)], tuple(items)))  # type: ignore[arg-type]


def _dictionary(reader: Reader, node: cst.Dict, frame: Frame, context: Context) -> int:
    inner = INERT if context.manner is None else Context("put into a container")
    keys: list[int] = []
    values: list[int] = []
    for element in node.elements:
        value = reader.value(element.value, frame, inner)
        values.append(value)
        if isinstance(element, cst.DictElement):
            key = reader.value(element.key, frame, inner)
            if _imports(reader, key) and isinstance(reader.nodes[value], m.Const):
                reader.use(value, frame, element.value, Context(m.TARGET))
            if _is_task_action(reader, key, frame):
                reader.use(value, frame, element.value, Context("run by a task"))
            keys.append(key)
        else:
            keys.append(-1)
    return reader.add(m.Map(tuple(keys), tuple(values)))


def _imports(reader: Reader, key: int) -> bool:
    """Whether what reads such tables imports the name under this key, and calls it."""
    node = reader.nodes[key]
    return isinstance(node, m.Const) and node.value in reflection.IMPORTING_KEYS


def _is_task_action(reader: Reader, key: int, frame: Frame) -> bool:
    """doit runs the `actions` of the dictionaries that functions `task_...` return."""
    node = reader.nodes[key]
    return (
        isinstance(node, m.Const)
        and node.value in processes.DOIT_ACTION_KEYS
        and frame.kind == "function"
        and frame.name.startswith(processes.DOIT_TASK_PREFIX)
    )


def _binary(reader: Reader, node: cst.BinaryOperation, frame: Frame, context: Context) -> int:
    # A long sum nests to the left: walked in a loop.
    stack: list[cst.BinaryOperation] = []
    current: cst.BaseExpression = node
    while isinstance(current, cst.BinaryOperation):
        stack.append(current)
        current = current.left
    inner = INERT if context.manner is None else Context("put into a container")
    left = reader.value(current, frame, inner if _is_display(current) else INERT)
    for operation in reversed(stack):
        side = operation.right
        right = reader.value(side, frame, inner if _is_display(side) else INERT)
        if isinstance(operation.operator, cst.BitAnd):
            # plumbum: `program["word"] & FG` runs the program.
            reader.use(left, frame, operation.left, Context("run by an operator"))
        operator = _OPERATORS.get(type(operation.operator), "?")
        left = reader.add(m.Op(operator, left, right))
    return left


def _boolean(reader: Reader, node: cst.BooleanOperation, frame: Frame, context: Context) -> int:
    # A long chain nests to the left: walked in a loop.
    stack: list[cst.BooleanOperation] = []
    current: cst.BaseExpression = node
    while isinstance(current, cst.BooleanOperation):
        stack.append(current)
        current = current.left
    # What stands before an `and` is the result only if it is false, as no module, class or
    # function is: of those, it is asked for its truth and goes nowhere.
    last_and = next((n for n, one in enumerate(stack) if isinstance(one.operator, cst.And)), -1)
    last_and = len(stack) - 1 - last_and if last_and >= 0 else -1
    left = reader.value(current, frame, context if last_and < 0 else INERT)
    for index, operation in enumerate(reversed(stack)):
        operator = "and" if isinstance(operation.operator, cst.And) else "or"
        reader.trace.mark(operator, left, operation.left)
        right = reader.value(operation.right, frame, context if last_and <= index else INERT)
        left = reader.add(m.Either((left, right)))
        reader.trace.mark("end", left)
    return left


def _conditional(reader: Reader, node: cst.IfExp, frame: Frame, context: Context) -> int:
    options: list[int] = []
    current: cst.BaseExpression = node
    while isinstance(current, cst.IfExp):
        reader.trace.mark("if", reader.value(current.test, frame, INERT), current.test)
        options.append(reader.value(current.body, frame, context))
        reader.trace.mark("pick", options[-1])
        reader.trace.mark("else")
        current = current.orelse
    options.append(reader.value(current, frame, context))
    reader.trace.mark("pick", options[-1])
    reader.trace.end(len(options) - 2)
    either = reader.add(m.Either(tuple(options)))
    reader.trace.mark("end", either)
    return either


def _comparison(reader: Reader, node: cst.Comparison, frame: Frame, context: Context) -> int:
    operands = [reader.value(node.left, frame, INERT)]
    for target in node.comparisons:
        operands.append(reader.value(target.comparator, frame, INERT))
    if reader.trace.active and len(operands) == 2:
        operator = _COMPARISONS.get(type(node.comparisons[0].operator), "?")
        return reader.add(m.Test(operator, tuple(operands)))
    return reader.unknown


def _unary(reader: Reader, node: cst.UnaryOperation, frame: Frame, context: Context) -> int:
    if isinstance(node.operator, cst.Minus) and isinstance(node.expression, cst.Integer):
        _, value = constant(node.expression.value)
        return add_constant(reader, -value) if isinstance(value, int) else reader.unknown
    operand = reader.value(node.expression, frame, INERT)
    if reader.trace.active and isinstance(node.operator, cst.Not):
        return reader.add(m.Test("not", (operand,)))
    return reader.unknown


def _lambda(reader: Reader, node: cst.Lambda, frame: Frame, context: Context) -> int:
    inner = reader.open_frame("lambda", "<lambda>", frame)
    parameters = read_parameters(reader, node.params, frame, inner, {"staticmethod"})
    number = reader.add(m.Function(inner.number))
    defer(reader, inner, frame, node.body, parameters, ())
    return _chain(reader, node, number, frame, context)


def _walrus(reader: Reader, node: cst.NamedExpr, frame: Frame, context: Context) -> int:
    first = len(reader.uses)
    value = reader.value(node.value, frame, Context("bound to another name"))
    last = len(reader.uses) - 1
    use = last if last >= first and reader.uses[last].node == value else -1
    if isinstance(node.target, cst.Name):
        target = frame
        while target.kind == "comprehension" and target.parent is not None:
            target = target.parent
        stores.note_binding(reader, target, node.target.value, value, node)
        stores.share(reader, target, node.target.value, value)
        reader.bind(target, node.target.value, value, use)
    return value


def _awaited(reader: Reader, node: cst.Await, frame: Frame, context: Context) -> int:
    number = reader.value(node.expression, frame, context)
    reader.trace.mark("await", number, node)
    return number


def _yielded(reader: Reader, node: cst.Yield, frame: Frame, context: Context) -> int:
    inner = Context("yielded")
    if isinstance(node.value, cst.From):
        source = reader.value(node.value.item, frame, inner)
        frame.yields.append(reader.add(m.Each(source)))
        reader.trace.mark("from", source, node)
        return reader.unknown
    if node.value is not None:
        frame.yields.append(reader.value(node.value, frame, inner))
    reader.trace.mark("yield", -1, node)
    return reader.unknown


def _comprehension(
    reader: Reader,
    node: cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp,
    frame: Frame,
    context: Context,
) -> int:
    inner_frame = reader.open_frame("comprehension", "<comprehension>", frame)
    clause: cst.CompFor | None = node.for_in
    outer: Frame = frame
    target, source, plain, single = -1, -1, True, True
    tests: list[int] = []
    depth = 0
    while clause is not None:
        source = iterated(reader, clause.iter, outer)
        lazy = isinstance(node, cst.GeneratorExp)
        reader.trace.mark("gen" if lazy else "for", source, clause.iter)
        depth += 1 + len(clause.ifs)
        bind_target(reader, clause.target, reader.add(m.Each(source)), inner_frame)
        single = isinstance(clause.target, cst.Name) and clause is node.for_in
        single = single and clause.inner_for_in is None
        plain = single and not clause.ifs
        target = len(reader.bindings) - 1
        for condition in clause.ifs:
            test = reader.value(condition.test, inner_frame, INERT)
            reader.trace.mark("if", test, condition.test)
            tests.append(test)
        clause, outer = clause.inner_for_in, inner_frame
    inner = INERT if context.manner is None else Context("put into a container")
    if isinstance(node, cst.DictComp):
        key = reader.value(node.key, inner_frame, inner)
        value = reader.value(node.value, inner_frame, inner)
        reader.trace.end(depth)
        reader.close(inner_frame)
        return reader.add(m.Map((key,), (value,)))
    element = reader.value(node.elt, inner_frame, inner)
    reader.trace.end(depth)
    reader.close(inner_frame)
    kind = _COMPREHENSIONS[type(node)]
    whole, name = target if plain else -1, target if single else -1
    return reader.add(m.Comp(kind, element, whole, source, name, tuple(tests)))  # type: ignore[arg-type]


def _is_display(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.List | cst.Tuple | cst.Set | cst.Dict)


EXPRESSIONS: dict[type[cst.CSTNode], Callable[..., int]] = {
    cst.Name: _name,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.Subscript: _subscript,
    cst.List: _display,
    cst.Tuple: _display,
    cst.Set: _display,
    cst.Dict: _dictionary,
    cst.SimpleString: read_literal,
    cst.Integer: read_literal,
    cst.Float: read_literal,
    cst.ConcatenatedString: read_concatenated,
    cst.FormattedString: read_formatted,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: _boolean,
    cst.IfExp: _conditional,
    cst.Comparison: _comparison,
    cst.UnaryOperation: _unary,
    cst.Lambda: _lambda,
    cst.NamedExpr: _walrus,
    cst.Await: _awaited,
    cst.Yield: _yielded,
    cst.ListComp: _comprehension,
    cst.SetComp: _comprehension,
    cst.GeneratorExp: _comprehension,
    cst.DictComp: _comprehension,
}


if hasattr(cst, "TemplatedString"):
    EXPRESSIONS[cst.TemplatedString] = read_template
