"""
A way through a program, as far as guards are concerned, and how ways are put together again.

Ways are followed one by one, so that a flag that was set on one of them is still known where it
is asked. Where two have come to the same they are merged, and where they become too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from interlock_checks.link.values import HOLE, Made, Values, merge

MOST_PATHS = 12
"""Ways that are followed at once through one scope; beyond that the likest are merged."""

MOST_NAMES = 24
"""Variables of which more is known on one way than on all; the least telling are given up."""

MOST_CHOICES = 48
"""Choices that are remembered of one way; the earliest in the source are given up."""

Key = tuple[object, ...]
Name = tuple[str, int, str]
"""
File, scope and name of a variable; "#" and a node's number for the result of a call.

An attribute is the name of its object, a dot, and its own name.
"""


Kind = Literal[
    "condition",
    "name",
    "loop",
    "handler",
    "with",
    "finally",
    "decorator",
    "process",
    "future",
    "override",
    "exit",
]


@dataclass(frozen=True, slots=True)
class Site:
    """
    A place where the program may go either way; `place` counts as that of a mark.

    In a loop whose turns are known one by one, each `turn` has its own.
    """

    path: str
    scope: int
    place: int
    kind: Kind
    turn: int = 0

    @property
    def is_told(self) -> bool:
        """Whether a refusal here raised nothing: the program was told, and may look or not."""
        return self.kind in {"process", "future"}


Choice = tuple[Site, bool]


@dataclass(frozen=True, slots=True)
class Path:
    """
    One way to a point of the program.

    `ran` are the steps that have run; `permits` the permits that are open; `names` what variables
    hold where that is known better than without following; `known` the answers that conditions
    gave; `refused` the steps whose refusal was caught, and where; `choices` the ways taken.
    """

    ran: frozenset[str] = frozenset()
    permits: int = 0
    names: frozenset[tuple[Name, Values]] = frozenset()
    known: frozenset[tuple[Key, bool]] = frozenset()
    refused: frozenset[tuple[str, Site]] = frozenset()
    choices: frozenset[Choice] = frozenset()

    @property
    def has_failed(self) -> bool:
        """Whether a step has failed on this way, and the program was only told so."""
        return any(site.is_told for _, site in self.refused)

    def value(self, name: Name) -> Values | None:
        return next((values for key, values in self.names if key == name), None)

    def bind(self, name: Name, values: Values | None) -> Path:
        """With a variable set; None: nothing better is known of it than without following."""
        before = self.value(name)
        if values == before:
            return self
        kept = self.names if before is None else self.names - {(name, before)}
        if values is not None:
            kept |= {(name, values)}
        if len(kept) > MOST_NAMES:
            kept = frozenset(sorted(kept, key=_dispensable)[-MOST_NAMES // 2 :])
        return replace(self, names=kept)

    def leave(self, path: str, scope: int) -> Path:
        """Without the variables of a function that has returned."""
        gone = {pair for pair in self.names if pair[0][:2] == (path, scope)}
        return replace(self, names=self.names - gone) if gone else self

    def store(self, name: Name | None, attribute: str, values: Values | None) -> Path:
        """With an attribute set; those of its name elsewhere may be the same, and are forgotten."""
        gone = {pair for pair in self.names if pair[0][2].endswith(f".{attribute}")}
        path = replace(self, names=self.names - gone) if gone else self
        return path if name is None else path.bind(name, values)

    def rebind(self, name: Name, values: Values | None) -> Path:
        """With a variable set to an object whose attributes are not those of the one before."""
        owned = f"{name[2]}."
        gone = {pair for pair in self.names if _belongs(pair[0], name, owned)}
        path = replace(self, names=self.names - gone) if gone else self
        return path.bind(name, values)

    def chose(self, site: Site, way: bool) -> Path:
        choices = (self.choices - {(site, not way)}) | {(site, way)}
        if len(choices) > MOST_CHOICES:
            latest = sorted(choices, key=lambda one: (one[0] == site, one[0].place, one[0].path))
            choices = frozenset(latest[-MOST_CHOICES // 2 :])
        return replace(self, choices=choices)

    def learned(self, key: Key | None, answer: bool) -> Path:
        if key is None or len(self.known) >= MOST_NAMES:
            return self
        return replace(self, known=self.known | {(key, answer)})

    def forget(self, names: frozenset[str]) -> Path:
        """Without the answers that were about these variables: they are about to change."""
        gone = {one for one in self.known if _mentions(one[0], names)}
        return replace(self, known=self.known - gone) if gone else self

    def did(self, step: str) -> Path:
        """With a step that has run: a refusal of it that was caught before counts no longer."""
        refused = frozenset(one for one in self.refused if one[0] != step)
        return replace(self, ran=self.ran | {step}, refused=refused)


@dataclass(frozen=True, slots=True)
class Raised:
    """
    A way that an exception takes: a refusal of `step`, an exit, or another error (of `step`).

    `process`: the refusal is the failure of a process, an ordinary error to Python. `chance`: the
    error has nothing to do with what was refused before.
    """

    path: Path
    kind: Literal["refusal", "exit", "success", "error"]
    step: str = ""
    process: bool = False
    chance: bool = False


@dataclass(frozen=True, slots=True)
class Jump:
    """
    A way that leaves by return, break or continue; `owner` is the call that it belongs to.

    `failing`: what it returns, `node`, tells whoever asked of a failure.
    """

    path: Path
    kind: Literal["return", "break", "continue"]
    owner: int
    place: int
    values: Values = ()
    failing: bool = False
    node: int = -1


@dataclass
class Flow:
    """The ways out of a piece of code."""

    normal: list[Path] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    jumps: list[Jump] = field(default_factory=list)

    def take(self, other: Flow) -> list[Path]:
        """Add the abrupt ways out of another piece; returns its normal ones."""
        if other.raised:
            self.raised = alike_raised([*self.raised, *other.raised])
        self.jumps += other.jumps
        return other.normal


def _mentions(key: Key, names: frozenset[str]) -> bool:
    todo: list[object] = [key]
    while todo:
        one = todo.pop()
        if isinstance(one, tuple):
            if len(one) == 3 and one[0] == "name" and one[1] in names:
                return True
            todo += one
    return False


def _belongs(attribute: Name, name: Name, owned: str) -> bool:
    return attribute[:2] == name[:2] and attribute[2].startswith(owned)


def _dispensable(pair: tuple[Name, Values]) -> tuple[bool, bool, str, int, str]:
    """Last of all what holds a receipt; before that variables; results of calls come first."""
    (path, scope, name), values = pair
    ours = any(isinstance(value, Made) for value in values)
    return ours, not name.startswith(("#", "@")), path, scope, name


def alike_raised(raised: Iterable[Raised]) -> list[Raised]:
    """Exceptions of one kind and step, their ways merged."""
    groups: dict[tuple[str, str, bool, bool], list[Path]] = {}
    for one in raised:
        groups.setdefault((one.kind, one.step, one.process, one.chance), []).append(one.path)
    return [
        Raised(path, kind, step, process, chance)  # type: ignore[arg-type]
        for (kind, step, process, chance), paths in groups.items()
        for path in merged(paths)
    ]


def merged(paths: Iterable[Path]) -> list[Path]:
    """The ways without those that have come to the same; no more than `MOST_PATHS`."""
    found = list(dict.fromkeys(paths))
    if len(found) > 1:
        found = _together(found, lambda p: (p.ran, p.permits, p.names, p.refused))
    if len(found) > MOST_PATHS:
        found = _together(found, lambda p: (p.ran, p.permits, p.refused))
    if len(found) > MOST_PATHS:
        found = _together(found, lambda p: (p.permits, not p.refused))
    return found


def _together(paths: list[Path], key: object) -> list[Path]:
    groups: dict[object, list[Path]] = {}
    for path in paths:
        groups.setdefault(key(path), []).append(path)  # type: ignore[operator]
    return [group[0] if len(group) == 1 else _join(group) for group in groups.values()]


def _join(paths: list[Path]) -> Path:
    choices = frozenset().union(*(path.choices for path in paths))
    # Where both ways have come to the same, it did not matter which was taken.
    mattering = frozenset(one for one in choices if (one[0], not one[1]) not in choices)
    return Path(
        frozenset.intersection(*(path.ran for path in paths)),
        min(path.permits for path in paths),
        _shared([dict(path.names) for path in paths]),
        frozenset.intersection(*(path.known for path in paths)),
        frozenset().union(*(path.refused for path in paths)),
        mattering,
    )


def _shared(tables: list[Mapping[Name, Values]]) -> frozenset[tuple[Name, Values]]:
    names = {name for table in tables for name in table}
    return frozenset((name, merge(table.get(name, (HOLE,)) for table in tables)) for name in names)
