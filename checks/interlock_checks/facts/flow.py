"""
Which definitions of a name may reach a place: Python's scopes, followed in source order.

A `Frame` is a scope while it is being read. Its `env` maps each name to the bindings in force
at the current point; branches are joined by union. The bodies of functions are read after the
scope around them is complete, because they run later: they see the bindings in force where
they were defined, and all that came after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

UNBOUND = -1
"""In a set of bindings: the name may also not be bound here at all."""

Env = dict[str, frozenset[int]]

_NOTHING: frozenset[int] = frozenset()
_MISSING = frozenset({UNBOUND})


@dataclass(slots=True)
class Loop:
    """A loop that is being read: what later turns may bind reaches the uses of earlier ones."""

    start: int
    refs: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class View:
    """A finished or running outer frame as a function body sees it."""

    frame: Frame
    env: Env
    since: int


@dataclass(slots=True)
class Frame:
    """
    A scope while it is read; `number` is its index in the facts.

    `imported` are the names that import statements have bound here so far, with the node of the
    import; `shared` are the names that may mean one object, by the node that made it. A decorator
    runs the command line that a function with `gives_line` returns.
    """

    number: int
    kind: str
    name: str
    parent: Frame | None
    env: Env = field(default_factory=dict)
    bound: dict[str, list[int]] = field(default_factory=dict)
    views: tuple[View, ...] = ()
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)
    loops: list[Loop] = field(default_factory=list)
    returns: list[int] = field(default_factory=list)
    yields: list[int] = field(default_factory=list)
    attributes: dict[str, list[int]] = field(default_factory=dict)
    grown: dict[str, list[int]] = field(default_factory=dict)
    fields: list[tuple[str, int]] = field(default_factory=list)
    owner: Frame | None = None
    own_name: str | None = None
    gives_line: bool = False
    imported: dict[str, int] = field(default_factory=dict)
    shared: dict[int, set[str]] = field(default_factory=dict)

    def bind(self, name: str, binding: int) -> None:
        """Make `binding` the only definition of `name` in force."""
        self.env[name] = frozenset((binding,))
        self.bound.setdefault(name, []).append(binding)

    def join(self, envs: Iterable[Env]) -> None:
        """Go on with the union of the environments at the ends of several paths."""
        self.env = union(list(envs), missing=self.kind in {"module", "class"})


def union(envs: list[Env], *, missing: bool) -> Env:
    """
    What holds where paths meet.

    With `missing`, a name that one path does not bind may be unbound. A function has no such
    case: a local name that is not bound is an error there, never a name from outside.
    """
    if len(envs) == 1:
        return envs[0]
    merged: Env = {}
    for name in {name for env in envs for name in env}:
        found = [env.get(name) for env in envs]
        first = found[0]
        if first is not None and all(one is first for one in found):
            merged[name] = first
            continue
        ids = _NOTHING.union(*(one for one in found if one is not None))
        merged[name] = ids | _MISSING if missing and None in found else ids
    return merged


def views_from(frame: Frame, since: int) -> tuple[View, ...]:
    """The outer frames that a function defined here, at binding number `since`, can see."""
    views: list[View] = []
    current: Frame | None = frame
    while current is not None:
        if current.kind != "class":
            views.append(View(current, dict(current.env), since))
        if current.kind in {"module", "function", "lambda"}:
            views.extend(current.views)
            break
        current = current.parent
    return tuple(views)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a look-up: definitions, the frame that holds them, and whether all is known."""

    bindings: frozenset[int]
    frame: Frame | None
    free: bool


def look_up(frame: Frame, name: str, module: Frame) -> Found:
    """Resolve a name where it is used, as Python would at this point of the program."""
    inherited = _NOTHING
    current: Frame | None = frame
    if name in frame.global_names:
        return _seen(frame, name, module, inherited)
    while current is not None:
        ids = current.env.get(name) if name not in current.nonlocal_names else None
        visible = current is frame or current.kind != "class"
        if ids is not None and visible:
            if UNBOUND not in ids:
                return Found(ids | inherited, current, free=False)
            inherited |= ids - _MISSING
        if current.kind in {"function", "lambda"}:
            return _seen(current, name, module, inherited)
        if current is module:
            return Found(inherited, module if inherited else None, free=True)
        current = current.parent
    return Found(inherited, None, free=True)


def _seen(frame: Frame, name: str, module: Frame, inherited: frozenset[int]) -> Found:
    only_module = name in frame.global_names
    for view in frame.views:
        if only_module and view.frame is not module:
            continue
        now = view.env.get(name, _NOTHING)
        later = frozenset(b for b in view.frame.bound.get(name, ()) if b >= view.since)
        ids = now | later
        if ids - _MISSING:
            maybe = view.frame is module and UNBOUND in now
            return Found((ids - _MISSING) | inherited, view.frame, free=maybe)
    return Found(inherited, module, free=True)
