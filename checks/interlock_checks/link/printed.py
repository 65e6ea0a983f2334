"""Tables that are created on a mock engine: their DDL is given to a function, and no database."""

from __future__ import annotations

from collections.abc import Sequence

from interlock_checks.catalogue.engines import MOCK
from interlock_checks.facts import model as m
from interlock_checks.link.needs import operands
from interlock_checks.link.values import Bound, Ext, Fun, Given, Value, argument
from interlock_checks.link.world import World

_MOST_NODES = 4096
_EXECUTING = frozenset({"execute", "exec_driver_sql", "executemany", "executescript", "scalar"})


def is_printed(world: World, given: Sequence[Given]) -> bool:
    """Whether the `bind` that `create_all` and its like are given only shows what it is told."""
    binds = argument(given, 0, "bind")
    return bool(binds) and all(
        isinstance(bind, Bound) and bind.func == Ext(MOCK) and _shows(world, bind.args)
        for bind in binds or ()
    )


def _shows(world: World, given: Sequence[Given]) -> bool:
    executors = argument(given, 1, "executor")
    return bool(executors) and all(_is_harmless(world, one) for one in executors or ())


def _is_harmless(world: World, executor: Value) -> bool:
    """Whether an executor is known, and executes no SQL: of a longer function, its whole file."""
    if not isinstance(executor, Fun):
        return executor == Ext("builtins.print")
    facts = world.files[executor.path]
    scope = facts.scopes[executor.scope]
    seen = list(scope.returns) if scope.kind == "lambda" else list(range(len(facts.nodes)))
    for _ in range(_MOST_NODES):
        if not seen:
            return True
        node = facts.nodes[seen.pop()]
        if isinstance(node, m.Attr) and node.name in _EXECUTING:
            return False
        if scope.kind == "lambda":
            seen += (number for number in operands(node) if number >= 0)
    return False
