"""A scope that is being run, who watches, and what happens to the ways through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, Protocol

from interlock_checks import catalogue
from interlock_checks.catalogue.guards import ERROR, INTERLOCK
from interlock_checks.facts import model as m
from interlock_checks.link.below import is_receipt
from interlock_checks.link.frames import Frame
from interlock_checks.link.handlers import (
    Caught,
)
from interlock_checks.link.paths import Flow, Name, Path, Raised, Site, merged
from interlock_checks.link.values import (
    FAILURES,
    Bound,
    Ext,
    Fun,
    Lit,
    Made,
    Many,
    Method,
    Obj,
    Table,
    Text,
    Value,
    Values,
    finished,
    is_told,
    weight,
)

MOST_TOLD = 40
"""Parts of a list of exit statuses that is remembered."""

MOST_FIELDS = 6
"""Fields of a row or an object that is remembered on one way alone."""


@dataclass(frozen=True, slots=True)
class Running:
    """
    A scope that is being run; `outer` called it at the mark with that place.

    `me` is how its caller names the object whose method it is; None where nobody called it.
    """

    path: str
    scope: int
    owner: int
    frame: Frame | None = None
    outer: Running | None = None
    place: int = -1
    on_yield: Callable[[list[Path]], Flow] | None = None
    bare: frozenset[tuple[str, int]] = frozenset()
    handling: Site | None = None
    me: Name | None = None
    turn: int = 0

    def handles(self, path: Path) -> bool:
        """Whether a refusal that was caught on a way is being handled, here or by a caller."""
        here: Running | None = self
        while here is not None:
            if any(site == here.handling for _, site in path.refused):
                return True
            here = here.outer
        return False

    @property
    def depth(self) -> int:
        return 0 if self.outer is None else 1 + self.outer.depth

    def runs(self, path: str, scope: int) -> bool:
        here: Running | None = self
        while here is not None:
            if (here.path, here.scope) == (path, scope):
                return True
            here = here.outer
        return False


Receipt = Literal["wanted", "used", "other"]
"""What a guard is given: what it wants, if it wants any; a receipt that was used; or else."""


class Watch(Protocol):
    """What wants to know where guards and sinks are reached."""

    def guard(
        self, at: Running, place: int, guard: catalogue.Guard, path: Path, given: Receipt
    ) -> Path:
        """A guard is about to run, and is given a receipt that it wants, or another."""

    def sink(self, at: Running, place: int, node: int, path: Path) -> Path:
        """Something protected is about to run, or not: most calls reach no sink."""

    def opaque(self, at: Running, place: int, function: Fun, path: Path) -> Path:
        """A function of a file far from any guard is about to run."""

    def ran(self, step: str, path: Path) -> None:
        """A step was passed."""

    def lost(self, at: Running, place: int, how: str) -> None:
        """A refusal cannot reach anybody."""


def failure(site: Site) -> Name:
    """By what name a way remembers what a handler caught of a process that failed."""
    return site.path, site.scope, f"!{site.place}"


def callable_here(value: Value) -> bool:
    return isinstance(value, Fun | Bound) or guard_of(value) is not None


def enclosing(at: Running, facts: m.Facts, scope: int, path: str) -> Frame | None:
    """The call of the function around, where a function is called inside of it."""
    parents: set[int] = set()
    number = facts.scopes[scope].parent
    while number > 0:
        parents.add(number)
        number = facts.scopes[number].parent
    here: Running | None = at
    while here is not None and parents:
        if here.path == path and here.scope in parents:
            return here.frame
        here = here.outer
    return None


def guard_of(value: Value) -> catalogue.Guard | None:
    if isinstance(value, Bound):
        return guard_of(value.func)
    return catalogue.guard(value.name) if isinstance(value, Ext) else None


def is_of_constant(value: Value) -> bool:
    """A method of None, of which there is none."""
    return isinstance(value, Method) and isinstance(value.owner, Lit)


def union_of(groups: Iterable[Values]) -> Values:
    return tuple(dict.fromkeys(value for group in groups for value in group))


def is_worth(value: Value) -> bool:
    if is_told(value):
        return weight((value,)) <= MOST_TOLD
    match value:
        case Lit(value=str() as text):
            return len(text) <= 40
        case Lit(value=bytes() | float()):
            return False
        case Lit():
            return True
        case Many(items=items):
            return len(items) < 2 or _tells(items)
        case Table(pairs=pairs):
            return not pairs
        case Obj(given=tuple() as given):
            return len(given) <= MOST_FIELDS and weight((value,)) <= MOST_TOLD
        case Made(name=name):
            return name.startswith("interlock.") or name == ERROR
        case Text(parts=parts):
            return len(parts) <= 4
        case _:
            known = isinstance(value, Ext) and value.name == INTERLOCK.name
            return known or isinstance(value, Fun) or guard_of(value) is not None


def _tells(items: Sequence[Values]) -> bool:
    """Whether a short row has a receipt in it, or an exception."""
    return len(items) <= MOST_FIELDS and any(
        isinstance(value, Made) and (is_receipt(value) or value.name == ERROR)
        for value in chain.from_iterable(items)
    )


def added(flow: Flow, inner: Flow) -> Flow:
    flow.normal = [*flow.normal, *flow.take(inner)]
    return flow


def divided(
    raised: Sequence[Raised], caught: Caught, site: Site
) -> tuple[list[Path], list[Raised]]:
    """The ways on which something is caught, and the exceptions that go on."""
    entered: list[Path] = []
    left: list[Raised] = []
    for one in raised:
        path = one.path.chose(site, True)
        match one.kind:
            case "refusal":
                if caught.refusals or (one.process and caught.failures):
                    told = {(step, at) for step, at in path.refused if at.is_told}
                    path = replace(path, refused=path.refused - told)
                    if one.process:
                        path = path.bind(failure(site), finished(one.step, *FAILURES))
                    if one.step != "engine" or caught.explicit:
                        path = replace(path, refused=path.refused | {(one.step, site)})
                    entered.append(path)
                else:
                    left.append(one)
            case "error":
                if caught.errors:
                    moved = frozenset((step, site) for step, _ in path.refused)
                    entered.append(path if one.chance else replace(path, refused=moved))
                if not caught.surely:
                    left.append(one)
            case _:
                if caught.exits:
                    moved = frozenset((step, site) for step, _ in path.refused)
                    entered.append(replace(path, refused=moved))
                else:
                    left.append(one)
    return merged(entered), left


def dropped(path: Path, place: int, one: Raised, at: Running) -> Path:
    """`return` in a `finally` block: whatever was on its way is gone."""
    site = Site(at.path, at.scope, place, "finally")
    if one.step:
        path = replace(path, refused=path.refused | {(one.step, site)})
    return path.chose(site, True)
