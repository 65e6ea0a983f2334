"""
Positions of the few nodes that are reported.

libcst's nodes carry no positions: they follow from generating the code. Its PositionProvider
records every node at more than the cost of the parse, so here one pass of code generation
records only the nodes asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import libcst as cst
from libcst.metadata import BaseMetadataProvider, CodeRange
from libcst.metadata.position_provider import PositionProvidingCodegenState

from interlock_checks.facts.model import Span


class _Provider(BaseMetadataProvider[CodeRange]):
    """The state wants a provider to write to; ours keeps nothing."""


class _State(PositionProvidingCodegenState):
    wanted: set[int]
    starts: list[tuple[int, int]]
    spans: dict[int, Span]

    def _update_position(self, value: str) -> None:
        if "\n" not in value and "\r" not in value:
            self.column += len(value)
        else:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.line += len(lines) - 1
            self.column = len(lines[-1])

    def before_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            self.starts.append((self.line, self.column))

    def after_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            row, column = self.starts.pop()
            self.spans.setdefault(
                id(node), Span(row, column + 1, self.line, max(self.column + 1, 1))
            )

    @contextmanager
    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Iterator[None]:
        yield


def spans_of(module: cst.Module, nodes: Collection[cst.CSTNode]) -> dict[int, Span]:
    """The place of each of `nodes` in the module's source, by `id(node)`."""
    if not nodes:
        return {}
    state = _State(
        default_indent=module.default_indent,
        default_newline=module.default_newline,
        provider=_Provider(),
    )
    state.wanted = {id(node) for node in nodes}
    state.starts = []
    state.spans = {}
    module._codegen(state)
    return state.spans
