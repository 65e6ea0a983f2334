"""Redirections: known standard input, and the words and statements that stand behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from interlock_checks.commands.argv import unholed
from interlock_checks.commands.expand import body, fields, text
from interlock_checks.commands.grammar import WORD_TYPES, WORDS_ONLY
from interlock_checks.commands.model import UNKNOWN, Word, normal
from interlock_checks.commands.pieces import Scope, Variables

if TYPE_CHECKING:
    from tree_sitter import Node

    from interlock_checks.commands.frames import Context
    from interlock_checks.commands.shell import Walk


@dataclass(slots=True)
class Redirected:
    """
    What the redirections of a statement do.

    `stdin` is the known standard input with its row, `words` and `after` are what stands behind a
    here-document's first line, and `files` those that are written.
    """

    stdin: tuple[Word, int] | None = None
    words: list[Node] = field(default_factory=list)
    after: list[Node] = field(default_factory=list)
    files: list[Word] = field(default_factory=list)


def redirects(walk: Walk, node: Node, context: Context) -> Redirected:
    """What the redirections that hang on a node do."""
    found = Redirected()
    todo = [one for one in node.children if one.type.endswith("_redirect")]
    while todo:
        one = todo.pop(0)
        if one.type == "herestring_redirect":
            given = _covering(partial(text, one.children[1:]), walk.scope(context))
            found.stdin = (normal((*given, "\n")), walk.row_of(one, context.frame))
        elif one.type == "file_redirect":
            # The grammar takes the words behind the file for files as well.
            destination = one.children_by_field_name("destination")
            found.words.extend(destination[1:])
            if destination and any(part.type == "<" for part in one.children):
                row = walk.row_of(one, context.frame)
                for path in text(destination[:1], walk.scope(context)):
                    walk.inputs[path, row] = None
            if destination and any(">" in part.type for part in one.children):
                row = walk.row_of(one, context.frame)
                for path in text(destination[:1], walk.scope(context)):
                    found.files.append(path)
                    walk.writes[path, row] = None
            for part in one.children:
                if part.type == "process_substitution":
                    inner = [each for each in part.children if each.is_named]
                    output = walk.output(inner[0], context, None) if len(inner) == 1 else None
                    if output is not None and one.children[0].type == "<":
                        found.stdin = (output, walk.row_of(part, context.frame))
                if part.child_count:
                    fields([part], walk.scope(context))
        elif one.type == "heredoc_redirect":
            found.stdin = heredoc(walk, one, context) or found.stdin
            for part in one.children:
                if part.type.endswith("_redirect"):
                    todo.append(part)
                elif part.type in WORD_TYPES:
                    found.words.append(part)
                elif part.is_named and part.type not in WORDS_ONLY:
                    found.after.append(part)
    return found


def heredoc(walk: Walk, node: Node, context: Context) -> tuple[Word, int] | None:
    frame = context.frame
    inner = delimiter = None
    for one in node.children:
        if one.type == "heredoc_body":
            inner = one
        elif one.type == "heredoc_start":
            delimiter = walk.text_of(one, frame)
    if inner is None:
        return None
    if delimiter is not None and re.search(r"['\"\\]", delimiter):
        given = unholed(walk.text_of(inner, frame))
    else:
        given = _covering(partial(body, inner), walk.scope(context))
    if node.children and node.children[0].type == "<<-":
        given = normal(
            part if part is None else re.sub(r"^\t+", "", part, flags=re.M) for part in given
        )
    return given, walk.row_of(inner, frame)


def _covering(readings_in: Callable[[Scope], Sequence[Word]], scope: Scope) -> Word:
    """The one reading of a text, or one that leaves open what tells several apart."""
    readings = readings_in(scope)
    if len(readings) > 1:
        nothing = replace(scope, variables=Variables(), local={}, defer=lambda _: None)
        readings = readings_in(nothing)
    return max(readings, key=lambda one: one.count(None), default=UNKNOWN)
