"""What a way remembers below a name: the attributes and items of what the name means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from interlock_checks.link.paths import Name, Path
from interlock_checks.link.values import HOLE, Made, Values, merge


def is_receipt(value: object) -> bool:
    return isinstance(value, Made) and value.name.startswith("interlock.")


def _below(way: Path, name: Name, mark: str = ".") -> Iterator[tuple[Name, str, Values]]:
    """What a way remembers below a name: under which name, the part behind it, and the values."""
    prefix = name[2] + mark
    for key, values in way.names:
        if key[:2] == name[:2] and key[2].startswith(prefix):
            yield key, key[2][len(name[2]) :], values


def without(way: Path, name: Name) -> Path:
    """Without what something holds."""
    return _cleared(way, name, ".[")


def forgotten(way: Path, name: Name) -> Path:
    """Without anything that is remembered below a name."""
    return _cleared(way, name, ".")


def _cleared(way: Path, name: Name, mark: str) -> Path:
    for key, _, _ in _below(way, name, mark):
        way = way.bind(key, None)
    return way


def restored(way: Path, before: Path, name: Name, target: Name | None = None) -> Path:
    """With all that was remembered below a name before; under the target's name, if given."""
    to = target or name
    for _, rest, values in _below(before, name):
        way = way.bind((*to[:2], to[2] + rest), values)
    return way


def moved(way: Path, source: Name, target: Name) -> Path:
    """With all that is remembered below one name remembered below another instead."""
    return restored(forgotten(way, source), way, source, target)


def spilled(ways: Sequence[Path], later: Sequence[Path]) -> list[Path]:
    """Ways while something else goes on, which may have put something into what they know."""
    found: list[Path] = []
    for way in ways:
        for key, values in way.names:
            if "[" in key[2]:
                held = [other.value(key) for other in later]
                after = merge([values, *((HOLE,) if one is None else one for one in held)])
                way = way.bind(key, after if all(map(is_receipt, after)) else None)
        found.append(way)
    return found


def marker(owner: Name) -> Name:
    return owner[0], owner[1], f"{owner[2]}.put"


def keys_of(owner: Name) -> Name:
    """Where it is remembered what a table has its keys from."""
    return owner[0], owner[1], f"{owner[2]}.keys"
