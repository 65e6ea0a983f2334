"""A file that is not Python to its document: decode, read by the format, judge."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

import msgspec

from interlock_checks.commands.argv import HOLE
from interlock_checks.discover import Source
from interlock_checks.documents.comments import suppression_claims
from interlock_checks.documents.judge import judge_layout
from interlock_checks.documents.kinds import format_of, is_of_a_skeleton, is_template
from interlock_checks.documents.model import Document, Layout
from interlock_checks.documents.templates import readings
from interlock_checks.facts.model import Problem
from interlock_checks.source import Unreadable

Reader = Callable[[str, str], Layout]
"""`read(text, path)` of a module in `formats/`. May raise `Unreadable`."""

T = TypeVar("T")

LARGEST = 20_000_000
"""Bytes of a document; generated files beyond that are no script that anybody runs."""

DEEPEST = 3
"""Files written by files that are written."""

_KEYED = re.compile(r"\.(?:ya?ml|json|toml)(?:\.\w+)?\Z", re.I)
"""Files in which a key stands once: of what the branches of a template put there, one counts."""
_MARKS = re.compile(r"\{\{.*?\}\}", re.S)
_STATEMENTS = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.S)


def read_document(source: Source, *, depth: int = 0) -> Document:
    """
    What a file has executed; what cannot be read is in `problems`, never an exception.

    `depth` counts the files that write this one, if it is written by one.
    """
    if source.problem:
        return _problem(source.problem, 1)
    if len(source.data) > LARGEST:
        return _problem(f"it is too large to be proved ({len(source.data)} bytes)", 1)
    name = format_of(source.path, source.data, executable=depth == 0)
    if name is None:
        return Document()
    try:
        whole = decoded(source.data)
        document = _read(name, source.path, whole, depth)
        if _KEYED.search(source.path) and ("{%" in whole or "{{" in whole):
            for reading in readings(whole):
                document = _with(document, _read(name, source.path, reading, depth))
        return document
    except Unreadable as error:
        return _problem(error.message, error.row)
    except RecursionError:
        return _problem("it is nested too deeply", 1)


def _read(name: str, path: str, whole: str, depth: int) -> Document:
    text = without_marks(whole) if is_template(path) else whole
    layout = reader(name)(text, path)
    if text != whole and is_of_a_skeleton(path):
        # What it becomes is read where it becomes it; what can be read of it counts here too.
        layout = replace(layout, problems=())
    said = tuple(suppression_claims(text, layout.comments))
    layout = replace(layout, claims=(*layout.claims, *said))
    return judge_layout(layout, partial(_written, depth=depth + 1))


def _with(document: Document, reading: Document) -> Document:
    """A document, with what is executed where a template is filled in in one of its ways."""
    return msgspec.structs.replace(
        document,
        claims=_united(document.claims, reading.claims),
        nested=_united(document.nested, reading.nested),
        entries=_united(document.entries, reading.entries),
        assumptions=_united(document.assumptions, reading.assumptions),
    )


def _united(first: tuple[T, ...], second: tuple[T, ...]) -> tuple[T, ...]:
    return (*first, *(one for one in second if one not in first))


def _written(path: str, text: str, *, depth: int) -> Document:
    """As `read_document`, for a file that a script makes of this text."""
    if depth > DEEPEST:
        return Document()
    data = text.encode("utf-8", "surrogatepass")
    return read_document(Source(path, "document", data, b""), depth=depth)


def reader(name: str) -> Reader:
    """The reader of a format; its module is loaded only when a file of it is there."""
    module = importlib.import_module(f"interlock_checks.documents.formats.{name}")
    return cast("Reader", module.read)


def decoded(data: bytes) -> str:
    """
    Text of any encoding in which words of ASCII stay what they are.

    A shell does not decode at all, so bytes that are no UTF-8 are no reason to refuse.
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            break
    else:
        text = data.decode("utf-8", "replace")
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def without_marks(text: str) -> str:
    """A template with a hole for each value that is filled in; every line stays on its row."""

    def hole(match: re.Match[str]) -> str:
        return HOLE + "\n" * match[0].count("\n")

    text = _MARKS.sub(hole, text)
    return _STATEMENTS.sub(lambda match: "\n" * match[0].count("\n"), text)


def _problem(message: str, row: int) -> Document:
    return Document(problems=(Problem(message, row),))
