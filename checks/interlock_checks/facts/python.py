"""Facts of what is left of a module's text: parse, walk, positions."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import libcst as cst

from interlock_checks.facts import model as m
from interlock_checks.facts.control import Recorder
from interlock_checks.facts.cut import Cut
from interlock_checks.facts.positions import spans_of
from interlock_checks.facts.reader import Pending, Reader
from interlock_checks.facts.remainder import SyntaxProblem
from interlock_checks.facts.walk import read_module

_DEPTH = 20_000


def read_cut(
    cut: Cut,
    keep: Callable[[Reader, Pending], bool],
    *,
    places: bool = False,
    near: bool = False,
) -> m.Facts:
    """
    The facts of what is left of a module; with `places`, the spans of uses and imports as well.

    For a file `near` a guard the order of what it does is kept.

    Raises:
        SyntaxProblem: the text does not parse.
    """
    try:
        tree = _parse(cut.text)
    except SyntaxProblem as error:
        raise SyntaxProblem(error.message, cut.row(error.row)) from None
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEPTH))
    try:
        reader = read_module(tree, Recorder(near))
        uses = [use for use in reader.uses if keep(reader, use)]
        anchors = [use.anchor for use in uses] + [place for *_, place in reader.imports]
        anchors += reader.trace.places
        spans = spans_of(tree, anchors) if places else {}
    except RecursionError:
        raise SyntaxProblem("the source is nested too deeply", 1) from None
    finally:
        sys.setrecursionlimit(limit)
    found = (spans[id(anchor)] for anchor in anchors if places)
    return _freeze(
        reader,
        uses,
        cut.complete,
        tuple(m.Span(cut.row(s.row), s.column, cut.row(s.end_row), s.end_column) for s in found),
    )


def _parse(text: str) -> cst.Module:
    try:
        with _unvalidated():
            tree = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        reason = error.message.strip().splitlines()
        raise SyntaxProblem(reason[-1] if reason else "syntax error", error.raw_line) from None
    except (RecursionError, ValueError, cst.CSTValidationError) as error:
        raise SyntaxProblem(f"the parser gave up ({type(error).__name__})", 1) from None
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        normalized = tree.visit(_Normalizer())
        assert isinstance(normalized, cst.Module)
        return normalized
    return tree


@contextmanager
def _unvalidated() -> Iterator[None]:
    """
    Nodes are made without a look at whether they fit together, which takes a fifth of a parse.

    libcst looks at each node that is made, and says in `CSTNode.__post_init__` that it might leave
    out those of its own parser: these come from text that has the form already.
    """
    validate = cst.CSTNode.__post_init__
    cst.CSTNode.__post_init__ = _accept  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        cst.CSTNode.__post_init__ = validate  # type: ignore[method-assign]


def _accept(node: cst.CSTNode) -> None:
    """Nothing is asked of a node."""


class _Normalizer(cst.CSTTransformer):
    """Identifiers as Python compares them: in Unicode's normal form NFKC (PEP 3131)."""

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        if updated_node.value.isascii():
            return updated_node
        return updated_node.with_changes(value=unicodedata.normalize("NFKC", updated_node.value))


def _freeze(
    reader: Reader, uses: Sequence[Pending], complete: bool, spans: tuple[m.Span, ...]
) -> m.Facts:
    numbers = {id(use): number for number, use in enumerate(uses)}
    renumbered = {
        old: numbers[id(use)] for old, use in enumerate(reader.uses) if id(use) in numbers
    }
    return m.Facts(
        nodes=tuple(reader.nodes),
        bindings=tuple(
            m.Binding(b.name, b.scope, b.value, renumbered.get(b.use, -1)) for b in reader.bindings
        ),
        scopes=tuple(scope for scope in reader.scopes if scope is not None),
        uses=tuple(m.Use(u.node, u.scope, u.manner, u.into, u.slot) for u in uses),
        spans=spans,
        stars=tuple(reader.stars),
        imports=tuple(
            m.Imported(star.module, star.level, name, len(uses) + number)
            for number, (star, name, _) in enumerate(reader.imports)
        ),
        near=bool(reader.trace.scopes),
        complete=complete,
        control={number: tuple(marks) for number, marks in reader.trace.scopes.items()},
    )
