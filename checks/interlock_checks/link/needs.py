"""What the value of a node is made of: which parameters, loop targets and instances it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from interlock_checks.facts import model as m

OWN = -1
"""Among the needs of a node: the instance whose method is called."""


@dataclass
class Tables:
    """
    What follows from the facts of each file alone, for all worlds that hold the same facts.

    `needed`: node -> scopes of the parameters in it, and -2 minus the bindings it is made of.
    `given_away`: node -> the use that gives it away.
    """

    needed: dict[str, dict[int, frozenset[int]]] = field(default_factory=dict)
    given_away: dict[str, dict[int, int]] = field(default_factory=dict)

    def forget(self, path: str) -> None:
        """Drop what was known of a file whose facts have changed."""
        self.needed.pop(path, None)
        self.given_away.pop(path, None)


def needs(
    files: Mapping[str, m.Facts],
    tables: dict[str, dict[int, frozenset[int]]],
    path: str,
    node: int,
) -> frozenset[int]:
    """Scopes of the parameters in a node, and -2 minus the bindings it is made of."""
    table = tables.get(path)
    if table is None:
        table = tables[path] = {}
    known = table.get(node)
    if known is not None:
        return known
    table[node] = frozenset()
    facts = files[path]
    one = facts.nodes[node]
    found: set[int] = set()
    if isinstance(one, m.Param):
        found.add(one.scope)
    elif isinstance(one, m.Own) and not one.of_class:
        found.add(OWN)
    elif isinstance(one, m.Function):
        found |= _functions_around(facts, one.scope)
    elif isinstance(one, m.Ref):
        for binding in one.bindings:
            found.add(-2 - binding)
            found |= needs(files, tables, path, facts.bindings[binding].value)
    else:
        for operand in operands(one):
            found |= needs(files, tables, path, operand)
    table[node] = frozenset(found)
    return table[node]


def _functions_around(facts: m.Facts, scope: int) -> set[int]:
    """The functions whose parameters a function may use that is defined in them."""
    found: set[int] = set()
    number = facts.scopes[scope].parent
    while number > 0:
        if facts.scopes[number].kind in {"function", "lambda"}:
            found.add(number)
        number = facts.scopes[number].parent
    return found


def operands(node: m.Node) -> tuple[int, ...]:
    """The nodes that a node is made of."""
    match node:
        case m.Attr(base=base):
            return (base,)
        case m.Call(func=func, args=args):
            return (func, *(arg.value for arg in args))
        case m.Item(base=base, key=key):
            return (base, key)
        case m.Cut(base=base, lower=lower, upper=upper, step=step):
            return tuple(number for number in (base, lower, upper, step) if number >= 0)
        case m.Seq(items=items) | m.Joined(parts=items) | m.Either(options=items):
            return items
        case m.Map(keys=keys, values=values):
            return (*(key for key in keys if key >= 0), *values)
        case m.Op(left=left, right=right):
            return (left, right)
        case m.Splat(value=source) | m.Each(source=source) | m.Entered(source=source):
            return (source,)
        case m.Comp(element=element, source=source, tests=tests):
            return (element, source, *tests)
        case m.Starred(before=before):
            return (before,)
        case m.Test(operands=numbers):
            return numbers
        case m.Part(subject=subject, kind=kind):
            return (subject, kind)
        case _:
            return ()
