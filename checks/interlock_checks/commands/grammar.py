"""
The syntax tree of a shell text, and help for what the grammar reads wrong.

Facts are from tree-sitter-bash 0.25.1, each with a test: it leaves a lone `-` before `<<` out of
the tree, takes the words behind `> FILE` for files, knows no `! if`, reads two backquoted
substitutions in a row as one, loses a here-document that begins with a backslash, and takes the
lines between a pipeline of three commands and the next redirection for words of the third.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from interlock_checks.commands.pieces import MARK

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

WORDS_ONLY = frozenset({"comment", "heredoc_start", "heredoc_end", "heredoc_body"})
SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
WORD_TYPES = frozenset(
    "word string raw_string ansi_c_string concatenation simple_expansion expansion"
    " command_substitution number command_name brace_expression process_substitution"
    " arithmetic_expansion translated_string".split()
)
LOST = frozenset("ERROR word string_content command_name string concatenation \" ' { (".split())
"""Nodes that stand directly below an error when the grammar has lost a command."""

_NEGATED = re.compile(r"![ \t]+(?=(?:if|while|until|for|case|select)\b|\{\s)")
_BACKQUOTES = re.compile(r"`(\s*)(?=`)")
_BACKSLASH = re.compile(
    r"(<<-?[ \t]*(?:'[^'\n]{1,99}'|\"[^\"\n]{1,99}\"|\\?\w{1,99})[^\n]*\n)(?=[ \t]*\\)"
)
_LINE_END = re.compile(rb"(?<!\\)\n")
_PIPED = re.compile(rb"\|[^|\n][^|]*\|[^|]")
MOST_ROUNDS = 4
"""Times that a text is parsed again because the grammar took several lines for one command."""
_HIDDEN = re.compile(rb"(?m)^[^#\n\"']*?\b(?:alembic|flask|interlock)[ \t]+\w")
"""A line that calls a program which matters."""
_DELIMITER = re.compile(rb"[\n;&|<>()#`\"'$\\]")
_GAP_WORD = re.compile(rb"(?:[^\s\\#;&|<>()`]|\\[^\n])+|#.*|[;&|<>()`].*")

_PARSER: list[Parser] = []


def parse(source: str) -> tuple[bytes, Tree]:
    """The tree of a text, and the bytes that its offsets count. Rows are those of the text."""
    source = source.replace("\r\n", "\n").replace("\0", "")
    source = _BACKQUOTES.sub(rf"`\1{MARK}", source)
    source = _NEGATED.sub(lambda match: match[0].replace("!", " "), source)
    source = _BACKSLASH.sub(rf"\1{MARK}", source)
    data = source.encode("utf-8", "replace")
    tree = _parser().parse(data)
    for _ in range(MOST_ROUNDS if _PIPED.search(data) else 0):
        ends = _swallowed(tree.root_node, data)
        if not ends:
            break
        parts = [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]
        data = b";".join(parts)
        tree = _parser().parse(data)
    return data, tree


def _swallowed(root: Node, data: bytes) -> list[int]:
    """Where a command ends that the grammar lets go on in the next line."""
    found: list[int] = []
    todo = [root]
    while todo:
        node = todo.pop()
        if node.start_point[0] == node.end_point[0]:
            continue
        children = node.children
        todo.extend(children)
        if node.type != "command":
            continue
        last: Node | None = None
        for one in children:
            if last is not None and one.type != "comment":
                between = data[last.end_byte : one.start_byte]
                if _LINE_END.search(between) and not last.type.startswith("heredoc"):
                    found.append(last.end_byte)
            if one.type != "comment":
                last = one
    return sorted(found)


def _parser() -> Parser:
    """One parser a process. The grammar is imported only when a text is really read."""
    if not _PARSER:
        import tree_sitter_bash
        from tree_sitter import Language, Parser

        _PARSER.append(Parser(Language(tree_sitter_bash.language())))
    return _PARSER[0]


def open_quote(root: Node, data: bytes) -> int | None:
    """The row of a quote that nothing closes, if a program that matters stands behind it."""
    if not root.has_error:
        return None
    last = max((found.start() for found in _HIDDEN.finditer(data)), default=-1)
    todo = [root] if last >= 0 else []
    while todo:
        node = todo.pop()
        if node.child_count:
            opened = node.type == "string" and node.children[-1].is_missing
        else:
            opened = (
                node.type == "ERROR"
                and data[node.start_byte : node.start_byte + 2].lstrip(b"$")[:1] == b"'"
            )
        left = node.children if node.type == "ERROR" else []
        for one in [node] if opened else [one for one in left if one.type in ('"', "'")]:
            if one.start_byte <= last:
                return one.start_point[0]
        todo.extend(one for one in node.children if one.has_error or one.type == "ERROR")
    return None


@dataclass(frozen=True, slots=True)
class Gap:
    """A word that the grammar has left out of the tree (`python - <<EOF`); looks like a leaf."""

    start_byte: int
    end_byte: int
    start_point: tuple[int, int]
    end_point: tuple[int, int]
    type: str = "word"
    child_count: int = 0
    children: tuple[Node, ...] = ()


def left_out(nodes: Sequence[Node], start: int, end: int, source: bytes) -> Iterator[Node]:
    """Words between the nodes of a command, up to the next separator, that have no node."""
    delimiter = _DELIMITER.search(source, end)
    end = delimiter.start() if delimiter else len(source)
    at = start
    for left, right in [*((one.start_byte, one.end_byte) for one in nodes), (end, end)]:
        raw = source[at:left]
        if raw.strip():
            for match in _GAP_WORD.finditer(raw):
                if match[0][:1] in b"#;&|<>()`":
                    break
                first, last = at + match.start(), at + match.end()
                if match[0].isdigit() and source[last : last + 1] in (b"<", b">"):
                    break
                row = source.count(b"\n", 0, first)
                yield cast("Node", Gap(first, last, (row, 0), (row, 0)))
        at = max(at, right)


def grouped(nodes: Sequence[Node], source: bytes) -> list[list[Node]]:
    """Nodes that touch each other are one word, whatever the grammar says."""
    groups: list[list[Node]] = []
    for node in nodes:
        if node.start_byte == node.end_byte:
            continue
        end = groups[-1][-1].end_byte if groups else -1
        if end == node.start_byte or (
            0 <= end < node.start_byte
            and source[end : end + 2] == b"\\\n"
            and not source[end : node.start_byte].replace(b"\\\n", b"")
        ):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups
