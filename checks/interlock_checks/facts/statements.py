"""Statements in their order."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from interlock_checks.facts import model as m
from interlock_checks.facts.branches import read_if, read_loop, read_match, read_try, read_with
from interlock_checks.facts.definitions import (
    last_name,
    read_annotation,
    read_class,
    read_function,
)
from interlock_checks.facts.expressions import iterated
from interlock_checks.facts.flow import Frame
from interlock_checks.facts.reader import INERT, Context, Reader
from interlock_checks.facts.targets import (
    assign,
    assign_to,
    augment,
    bind_target,
    delete,
    import_alias,
    import_from,
    note_field,
    read_expression,
)


def read_block(reader: Reader, body: Sequence[cst.CSTNode], frame: Frame) -> bool:
    """Read statements in order; False if control cannot reach their end."""
    falls = True
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            for small in statement.body:
                falls = _small(reader, small, frame) and falls
        else:
            falls = _compound(reader, statement, frame) and falls
    return falls


def read_suite(reader: Reader, suite: cst.BaseSuite, frame: Frame) -> bool:
    if isinstance(suite, cst.SimpleStatementSuite):
        return read_block(reader, [suite], frame)
    return read_block(reader, suite.body, frame)


def _small(reader: Reader, node: cst.CSTNode, frame: Frame) -> bool:
    match node:
        case cst.Expr():
            read_expression(reader, node.value, frame)
        case cst.Assign():
            assign(reader, node, frame)
        case cst.AnnAssign():
            if node.value is not None:
                assign_to(reader, [node.target], node.value, frame)
            kind = node.annotation.annotation
            if frame.kind != "class" or last_name(kind) == "ClassVar":
                read_annotation(reader, node.annotation, frame)
            elif isinstance(node.target, cst.Name):
                note_field(reader, node.target.value, kind, frame)
        case cst.AugAssign():
            augment(reader, node, frame)
        case cst.Import():
            for alias in node.names:
                import_alias(reader, alias, frame)
        case cst.ImportFrom():
            import_from(reader, node, frame)
        case cst.Return():
            result = -1
            if node.value is not None:
                result = reader.value(node.value, frame, Context("returned"))
                frame.returns.append(result)
                if frame.gives_line:
                    reader.use(result, frame, node.value, Context("run by a task"))
            reader.trace.mark("return", result, node)
            return False
        case cst.Raise():
            raised = -1
            if node.exc is not None:
                raised = reader.value(node.exc, frame, INERT)
            if node.cause is not None:
                reader.value(node.cause.item, frame, INERT)
            reader.trace.mark("raise", raised, node)
            return False
        case cst.Break():
            reader.trace.mark("break", -1, node)
            return False
        case cst.Continue():
            reader.trace.mark("continue", -1, node)
            return False
        case cst.Global():
            frame.global_names.update(item.name.value for item in node.names)
        case cst.Nonlocal():
            frame.nonlocal_names.update(item.name.value for item in node.names)
        case cst.Del():
            delete(reader, node.target, frame)
        case cst.Assert():
            reader.trace.mark("assert", -1, node.test)
            test = reader.value(node.test, frame, INERT)
            if node.msg is not None:
                reader.value(node.msg, frame, INERT)
            reader.trace.mark("end", test)
        case _:
            pass
    return True


def _compound(reader: Reader, node: cst.CSTNode, frame: Frame) -> bool:
    match node:
        case cst.FunctionDef():
            read_function(reader, node, frame)
        case cst.ClassDef():
            read_class(reader, node, frame)
        case cst.If():
            return read_if(reader, node, frame)
        case cst.For():
            source = iterated(reader, node.iter, frame)
            reader.trace.mark("for", source, node.iter)
            read_loop(
                reader,
                frame,
                node.body,
                node.orelse,
                lambda: bind_target(reader, node.target, reader.add(m.Each(source)), frame),
            )
        case cst.While():
            reader.trace.mark("while", -1, node.test)
            reader.trace.mark("do", reader.value(node.test, frame, INERT))
            read_loop(reader, frame, node.body, node.orelse, None)
        case cst.Try() | cst.TryStar():
            return read_try(reader, node, frame)
        case cst.With():
            return read_with(reader, node, frame)
        case cst.Match():
            read_match(reader, node, frame)
        case _:
            pass
    return True
