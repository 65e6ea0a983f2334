"""YAML as nodes with their rows, from files that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

__all__ = ["Unreadable", "compose", "flag", "items", "row", "text", "texts"]

_LARGEST = 1024 * 1024
"""Bytes of a file that is parsed; configuration is a hundredth of that."""

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_DEEPEST = 100
"""Lists and tables inside each other."""


class Unreadable(Exception):
    """No YAML, or more of it than anybody writes."""


def compose(data: bytes) -> yaml.Node | None:
    """
    The first document as nodes, aliases not copied; None where there is nothing in it.

    Raises:
        Unreadable: It is no YAML, too large or too deeply nested.
    """
    if len(data) > _LARGEST:
        raise Unreadable("larger than any configuration")
    _measure(data)
    loader = _LOADER(data)
    try:
        if not loader.check_node():
            return None
        node: yaml.Node | None = loader.get_node()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable("not valid YAML") from error
    finally:
        loader.dispose()
    return node


def _measure(data: bytes) -> None:
    """
    Refuse what is nested too deeply, by the parser's events: composing it overflows C's stack.

    Raises:
        Unreadable: It is, or it is no YAML.
    """
    depth = 0
    try:
        for event in yaml.parse(data, Loader=_LOADER):
            if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                depth += 1
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                depth -= 1
            if depth > _DEEPEST:
                raise Unreadable("nested too deeply")
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable("not valid YAML") from error


def items(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """Keys and values of a mapping, its own before the merged ones; nothing of other nodes."""
    pending = [] if node is None else [node]
    seen: set[int] = set()
    for one in pending:
        if not isinstance(one, yaml.MappingNode) or id(one) in seen:
            continue
        seen.add(id(one))
        for key, value in one.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value == "<<":
                pending += value.value if isinstance(value, yaml.SequenceNode) else [value]
            else:
                yield key.value, value


def text(node: yaml.Node | None) -> str | None:
    """The text of a scalar; None of anything else, and of null."""
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
        return None
    return str(node.value)


def texts(node: yaml.Node | None) -> tuple[str, ...] | None:
    """The texts of a list, or of one scalar; None where there is neither."""
    if isinstance(node, yaml.SequenceNode):
        return tuple(one for one in map(text, node.value) if one is not None)
    one = text(node)
    return None if one is None else (one,)


def flag(node: yaml.Node | None) -> bool | None:
    """A boolean; None of anything else."""
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in ("true", "yes", "on")
    return None


def row(node: yaml.Node) -> int:
    """The row from 1 where a node starts."""
    return int(node.start_mark.line) + 1
