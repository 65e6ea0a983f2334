"""Assignments of shell variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from interlock_checks.commands.argv import parts_of
from interlock_checks.commands.expand import fields, text
from interlock_checks.commands.model import REST, UNKNOWN, normal, word
from interlock_checks.commands.pieces import Value, combined

if TYPE_CHECKING:
    from tree_sitter import Node

    from interlock_checks.commands.frames import Context
    from interlock_checks.commands.shell import Walk


def assign(walk: Walk, node: Node, context: Context, *, exported: bool = False) -> None:
    """`NAME=VALUE`, `NAME+=VALUE`, `NAME=(...)`, `NAME[I]=VALUE`."""
    name_node = node.child_by_field_name("name")
    if name_node is None:
        return
    scope = walk.scope(context)
    value = node.child_by_field_name("value")
    append = any(one.type == "+=" for one in node.children)
    if name_node.type == "subscript":
        inner = name_node.child_by_field_name("name")
        if inner is not None:
            walk.put(walk.text_of(inner, context.frame), [(REST,)], context, True)
        if value is not None:
            text([value], scope)
        return
    name = walk.text_of(name_node, context.frame)
    readings: list[Value]
    if value is not None and value.type == "array":
        parts = [fields([one], scope) for one in value.children if one.is_named]
        readings = [one for _, one in combined(parts)[0]] if len(parts) < 500 else [(REST,)]
        if append:
            old = scope.get(name) or ((REST,),)
            readings = [(*a, *b) for a in old for b in readings]
    else:
        # Words that the grammar puts behind the value belong to it: A=x"y".
        readings = [(one,) for one in (text([value], scope) if value is not None else [("",)])]
        row = walk.row_of(node, context.frame)
        for given in readings:
            walk.settings[name, parts_of(given[0]), row] = exported
        if append:
            readings = [
                (normal((*parts_of(a[0] if a else ("",)), *parts_of(b[0]))), *a[1:])
                for a in (scope.get(name) or ((UNKNOWN,),))
                for b in readings
            ]
    walk.put(name, readings, context, context.weak)


def declaration(walk: Walk, node: Node, context: Context) -> None:
    plain = walk.text_of(node, context.frame).split()
    exported = plain[:1] == ["export"] or any(re.fullmatch(r"-\w*x\w*", one) for one in plain[:3])
    for one in node.children:
        if one.type == "variable_assignment":
            assign(walk, one, context, exported=exported)
        elif one.type == "variable_name" and exported:
            walk.exported.add(walk.text_of(one, context.frame))
        elif one.is_named and one.child_count:
            fields([one], walk.scope(context))


def unset(walk: Walk, node: Node, context: Context) -> None:
    for one in node.children[1:]:
        if one.type in ("variable_name", "word"):
            name = walk.text_of(one, context.frame)
            walk.put(name, [(word(""),)], context, context.weak)
