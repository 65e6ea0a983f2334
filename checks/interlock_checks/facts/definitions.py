"""Functions and classes: their parts are read where they stand, the bodies of functions later."""

from __future__ import annotations

import libcst as cst

from interlock_checks.catalogue import processes
from interlock_checks.facts import model as m
from interlock_checks.facts import stores
from interlock_checks.facts.flow import Frame, views_from
from interlock_checks.facts.reader import INERT, Binding, Context, Reader
from interlock_checks.facts.targets import unquoted


def read_function(reader: Reader, node: cst.FunctionDef, frame: Frame) -> None:
    decorators: list[int] = []
    for decorator in node.decorators:
        decorators.append(_decorator(reader, decorator.decorator, frame))
    inner = reader.open_frame("function", node.name.value, frame)
    names = {last_name(d.decorator) for d in node.decorators}
    inner.gives_line = not names.isdisjoint(processes.LINE_DECORATORS)
    parameters = read_parameters(reader, node.params, frame, inner, names)
    function = reader.add(m.Function(inner.number))
    read_annotation(reader, node.returns, frame)
    stores.note_binding(reader, frame, node.name.value, function, node.name)
    reader.bind(frame, node.name.value, function)
    is_async = node.asynchronous is not None
    defer(reader, inner, frame, node.body, parameters, tuple(decorators), is_async=is_async)


def _decorator(reader: Reader, expression: cst.BaseExpression, frame: Frame) -> int:
    return reader.value(expression, frame, Context("used as a decorator"))


def read_parameters(
    reader: Reader,
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
        annotation = -1
        if param.annotation is not None:
            annotation = reader.value(unquoted(param.annotation.annotation), outer, INERT)
        if param.default is not None:
            default = reader.value(param.default, outer, Context("a default value"))
        name = param.name.value
        if method and number == 0 and kind in {"plain", "positional"}:
            of_class = "classmethod" in decorators or inner.name == "__init_subclass__"
            node = reader.add(m.Own(outer.number, of_class))
            inner.owner, inner.own_name = outer, name
        elif kind in {"*", "**"}:
            node = reader.add(m.Param(inner.number, name, -1))
        else:
            node = reader.add(m.Param(inner.number, name, default, annotation))
        declared.append(m.Parameter(name, kind, node))
        reader.bindings.append(Binding(name, inner.number, node, -1))
        inner.bind(name, len(reader.bindings) - 1)
    return tuple(declared)


def defer(
    reader: Reader,
    inner: Frame,
    outer: Frame,
    body: cst.BaseSuite | cst.BaseExpression,
    parameters: tuple[m.Parameter, ...],
    decorators: tuple[int, ...],
    *,
    is_async: bool = False,
) -> None:
    inner.views = views_from(outer, len(reader.bindings))
    if inner.owner is None:
        owner = outer
        while owner.kind in {"comprehension", "lambda"} and owner.parent is not None:
            owner = owner.parent
        inner.owner, inner.own_name = owner.owner, owner.own_name
        if inner.own_name in inner.env:
            inner.owner, inner.own_name = None, None

    def read_body() -> None:
        with reader.trace.scope(inner.number):
            if isinstance(body, cst.BaseSuite):
                reader.suite(body, inner)
            else:
                result = reader.value(body, inner, Context("returned by a lambda"))
                inner.returns.append(result)
                reader.trace.mark("return", result, body)
        reader.close(inner, parameters=parameters, decorators=decorators, is_async=is_async)

    reader.deferred.append(read_body)


def read_class(reader: Reader, node: cst.ClassDef, frame: Frame) -> None:
    decorators = tuple(_decorator(reader, d.decorator, frame) for d in node.decorators)
    bases = tuple(reader.value(base.value, frame, Context("subclassed")) for base in node.bases)
    for keyword in node.keywords:
        reader.value(keyword.value, frame, Context("passed on"))
    inner = reader.open_frame("class", node.name.value, frame)
    made = reader.add(m.Class(inner.number))
    stores.note_binding(reader, frame, node.name.value, made, node.name)
    reader.bind(frame, node.name.value, made)
    reader.suite(node.body, inner)

    # Methods add attributes while their bodies are read: closed after all of them.
    reader.classes.append((inner, decorators, bases))


def read_annotation(reader: Reader, node: cst.Annotation | None, frame: Frame) -> None:
    """A name in an annotation gives nothing away; a call in one is made."""
    if node is not None and not isinstance(
        node.annotation, cst.Name | cst.Attribute | cst.SimpleString
    ):
        reader.value(node.annotation, frame, INERT)


def last_name(node: cst.BaseExpression) -> str:
    """The last name of what is called, subscripted or spelled with dots."""
    while isinstance(node, cst.Call | cst.Subscript):
        node = node.func if isinstance(node, cst.Call) else node.value
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""
