"""
One pass over a libcst module: names resolved, expressions reduced to nodes, uses noted.

A reference is authority, so every place is noted where a chain of names, attributes, calls
and subscripts is called or given away: assigned, passed, returned, stored, defaulted. Which
chain means a sink is decided later, when all files are known.
"""

from __future__ import annotations

import libcst as cst

from interlock_checks.facts import model as m
from interlock_checks.facts.control import Recorder
from interlock_checks.facts.expressions import EXPRESSIONS
from interlock_checks.facts.reader import Reader
from interlock_checks.facts.statements import read_block, read_suite


def read_module(tree: cst.Module, trace: Recorder) -> Reader:
    """Walk the whole module, then the function bodies, outermost first."""
    reader = Reader(EXPRESSIONS, read_suite, trace)
    with reader.trace.scope(reader.module.number):
        read_block(reader, tree.body, reader.module)
    while reader.deferred:
        queue, reader.deferred = reader.deferred, []
        for read_body in queue:
            read_body()
    for frame, decorators, bases in reader.classes:
        fields = tuple(m.Parameter(name, "plain", node) for name, node in frame.fields)
        reader.close(frame, parameters=fields, decorators=decorators, bases=bases)
    exits: dict[str, set[int]] = {}
    for scope, name, binding in reader.foreign:
        for node in reader.refs.get((scope, name), ()):
            reader.widen(node, (binding,))
        if scope == reader.module.number:
            exits.setdefault(name, set()).add(binding)
    for name, ids in exits.items():
        reader.module.env[name] = reader.module.env.get(name, frozenset()) | ids
    reader.close(reader.module)
    return reader
