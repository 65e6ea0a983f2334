"""
What YAML, JSON, TOML and INI have in common: text, lists and tables, and the rows of all of them.

Aliases make one node stand in several places, and even inside itself. So whoever walks a tree
marks what was seen, or keeps to a known depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = [
    "Map",
    "Node",
    "Seq",
    "Text",
    "child",
    "every",
    "items",
    "placed",
    "string",
    "texts",
    "walk",
]

MOST_TEXTS = 20_000
"""Texts that are taken out of nested lists; a shared list may be meant many times."""


@dataclass(slots=True, eq=False)
class Text:
    """
    A scalar.

    Attributes:
        value: Its text; numbers, booleans and nulls as they are written.
        row: Where it starts, from 1.
        rows: The row of each of its lines.
        folds: Where the file has a line break and the value a space: offset, and the row after it.
        tag: A tag of the file's own, such as `!vault`; else empty.
        plain: Written without quotes, so that `true` is a truth value.
    """

    value: str
    row: int
    rows: tuple[int, ...] = ()
    folds: tuple[tuple[int, int], ...] = ()
    tag: str = ""
    plain: bool = False


@dataclass(slots=True, eq=False)
class Seq:
    """A list."""

    row: int
    items: list[Node] = field(default_factory=list)
    tag: str = ""


@dataclass(slots=True, eq=False)
class Map:
    """
    A table.

    `pairs` holds every pair in the order of the file, also of a key that is written twice; `table`
    has the one that counts (the last), and what merge keys bring in.
    """

    row: int
    pairs: list[tuple[Text, Node]] = field(default_factory=list)
    table: dict[str, tuple[Text, Node]] = field(default_factory=dict)
    tag: str = ""

    def add(self, key: Text, value: Node) -> None:
        """Append a pair; it overrides an earlier one."""
        self.pairs.append((key, value))
        self.table[key.value] = (key, value)

    def get(self, key: str) -> Node | None:
        """The value that counts for a key."""
        found = self.table.get(key)
        return None if found is None else found[1]

    def row_of(self, key: str) -> int:
        """Where a key stands; the table itself if it has none such."""
        found = self.table.get(key)
        return self.row if found is None else found[0].row

    def effective(self) -> Iterator[tuple[Text, Node]]:
        """Each key once, with the value that counts."""
        yield from self.table.values()


Node = Text | Seq | Map


def child(node: Node | None, *path: str) -> Node | None:
    """What lies below the keys; None if anything on the way is missing or no table."""
    for key in path:
        if not isinstance(node, Map):
            return None
        node = node.get(key)
    return node


def string(node: Node | None) -> str | None:
    """The value of a scalar."""
    return node.value if isinstance(node, Text) else None


def items(node: Node | None) -> list[Node]:
    """The entries of a list; of anything else a list of one, of nothing none."""
    if node is None:
        return []
    return node.items if isinstance(node, Seq) else [node]


def every(node: Node | None, key: str) -> list[Node]:
    """All values that a key of a table is given, also those which a later one overrides."""
    if not isinstance(node, Map) or key not in node.table:
        return []
    written = [value for name, value in node.pairs if name.value == key]
    return written or [node.table[key][1]]


def texts(node: Node | None) -> list[Text]:
    """The scalars of a node and of the lists inside it, in order."""
    found: list[Text] = []
    stack = [(node, 0)]
    while stack and len(found) < MOST_TEXTS:
        one, depth = stack.pop()
        if isinstance(one, Text):
            found.append(one)
        elif isinstance(one, Seq) and depth < 12:
            stack.extend((inner, depth + 1) for inner in reversed(one.items))
    return found


def walk(node: Node | None) -> Iterator[Node]:
    """Every node once, from the outside in, in the order of the file."""
    seen: set[int] = set()
    stack: list[Node | None] = [node]
    while stack:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, Seq):
            stack.extend(reversed(one.items))
        elif isinstance(one, Map):
            merged = [value for _, value in one.table.values()]
            stack.extend(reversed([value for _, value in one.pairs] + merged))


def placed(root: Node, rows: tuple[int, ...]) -> None:
    """Give the nodes of a text that stands in another file the rows which it has there."""
    for node in walk(root):
        keys = [key for key, _ in node.pairs] if isinstance(node, Map) else []
        for one in (node, *keys):
            one.row = rows[min(one.row, len(rows)) - 1]
            if isinstance(one, Text):
                one.rows = tuple(rows[min(row, len(rows)) - 1] for row in one.rows)
