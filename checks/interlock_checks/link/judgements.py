"""
The uses of all files, each file judged once for as long as nothing that it depends on changes.

The judgement of a file is a pure function of the facts of that file and of those it looks into,
and is made in a world of its own, so that it does not depend on which files were judged before.
Which files it looked into is noted while it does; the digests of their facts are its seal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from interlock_checks.facts import model as m
from interlock_checks.link.callers import Callers
from interlock_checks.link.together import together
from interlock_checks.link.uses import Assumption, Call, Reach, Touching, Uses, Waiting
from interlock_checks.link.world import NESTED, Modules, Tables, World

Function = tuple[str, int]
"""A function of the repository: its file and its scope."""


class Judgement(msgspec.Struct, frozen=True, array_like=True):
    """
    What the uses of one file mean.

    `deps` are the files it depends on, `seal` a digest of their facts. `wanted` are names in files
    that were only looked over, `asked` functions of which every caller matters, `lent` the names
    under which a sink can be taken from here, `called` the functions that are called here,
    `touching` the functions whose callers each waiting change asks for; `here`, `starting`,
    `told` and `passed` as in `Uses`.
    """

    deps: tuple[str, ...]
    seal: bytes
    reaches: tuple[Reach, ...]
    assumptions: tuple[Assumption, ...]
    wanted: tuple[tuple[str, str], ...]
    asked: tuple[tuple[str, str], ...]
    lent: tuple[str, ...]
    waiting: tuple[Waiting, ...]
    called: tuple[Function, ...]
    escaped: tuple[Function, ...]
    touching: tuple[tuple[Function, ...], ...]
    here: tuple[Reach, ...]
    starting: tuple[str, ...]
    told: tuple[Function, ...]
    passed: tuple[tuple[Function, Function], ...]


class Settled(msgspec.Struct, frozen=True, array_like=True):
    """
    What a waiting call or change means for its callers.

    Beside `deps` it depends on who calls the functions `met`; `callers` is a digest of that.
    """

    deps: tuple[str, ...]
    seal: bytes
    met: tuple[Function, ...]
    callers: bytes
    reaches: tuple[Reach, ...]
    assumptions: tuple[Assumption, ...]
    wanted: tuple[tuple[str, str], ...]
    here: tuple[Reach, ...]
    starting: tuple[str, ...]


JUDGEMENT = msgspec.msgpack.Decoder(Judgement)
SETTLED = msgspec.msgpack.Decoder(Settled)
ENCODE = msgspec.msgpack.Encoder().encode


class _View(dict[str, m.Facts]):
    """The files that one judgement looks into: those it holds when it is done."""

    def __init__(self, of: Mapping[str, m.Facts]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, path: str) -> m.Facts:
        found = self[path] = self._of[path]
        return found

    def __contains__(self, path: object) -> bool:
        return super().__contains__(path) or path in self._of

    def get(self, path: str, default: object = None) -> m.Facts | None:  # type: ignore[override]
        try:
            return self[path]
        except KeyError:
            return None


_LATER = 1_000_000
"""Above the number of any text that is executed in a file; for those met when callers are asked."""


@dataclass
class _Live:
    """What cannot be kept of a judgement: calls, changes, and the texts that are executed."""

    calls: Mapping[Function, list[Call]]
    touching: Sequence[Touching]
    nested: Mapping[str, m.Facts]


@dataclass
class Judgements:
    """
    The judgements of a repository.

    Attributes:
        used: Encoded judgements by their keys, to be kept for later runs.

    Args:
        facts: The facts of every file.
        digests: Of the facts of each file.
        modules: The files that imports mean.
        read_text: The facts of a text that is executed; None if it does not parse.
        is_test: Whether a file lies below a test path.
        tree: A digest of the names of all files and links.
        kept: Encoded judgements by their keys, from earlier runs.
    """

    facts: Mapping[str, m.Facts]
    digests: Mapping[str, bytes]
    modules: Modules
    read_text: Callable[[str], m.Facts | None]
    is_test: Callable[[str], bool]
    tree: bytes
    kept: Mapping[bytes, bytes]
    by_path: dict[str, Judgement] = field(default_factory=dict)
    settled: dict[Waiting | tuple[str, int], Settled] = field(default_factory=dict)
    guarded: bool = False
    used: dict[bytes, bytes] = field(default_factory=dict)
    _tables: Tables = field(default_factory=Tables)
    _known: dict[str, bytes] = field(default_factory=dict)
    _live: dict[str, _Live] = field(default_factory=dict)
    _paths: tuple[str, ...] = ()
    _callers_of: dict[Function, list[str]] = field(default_factory=dict)
    _escaped: set[Function] = field(default_factory=set)
    _told: set[Function] = field(default_factory=set)

    def judge(self, number: int, paths: Iterable[str], *, guarded: bool) -> None:
        """
        Judge these files in the round of that number, and what waits for callers.

        `guarded` says whether any file of the repository imports interlock.
        """
        if guarded != self.guarded:
            self.by_path.clear()
            self.guarded = guarded
        self._paths = tuple(sorted(path for path in self.digests if NESTED not in path))
        for path, digest in self.digests.items():
            if self._known.get(path) != digest:
                self._tables.forget(path)
                self._known[path] = digest
        for path in sorted(paths):
            self._judge_in(number, path)
        self._settle(number)

    def _judge_in(self, number: int, path: str) -> None:
        before = self.by_path.get(path)
        if before is not None and before.seal == self._seal(before.deps):
            return
        key = self._key("judgement", number, path)
        encoded = self.kept.get(key)
        found = None if encoded is None else JUDGEMENT.decode(encoded)
        if encoded is None or found is None or found.seal != self._seal(found.deps):
            found = self.judge_file(path)
            encoded = ENCODE(found)
        else:
            self._live.pop(path, None)
        self.by_path[path] = found
        self.used[key] = encoded

    def _seal(self, deps: Iterable[str]) -> bytes:
        digest = blake2b(digest_size=20)
        for path in deps:
            digest.update(path.encode("utf-8", "surrogatepass") + b"\0")
            digest.update(self.digests.get(path, b"").ljust(20, b"\0"))
        return digest.digest()

    def judge_file(self, path: str) -> Judgement:
        """Judge one file, whatever is remembered."""
        view = _View(self.facts)
        world = World(view, self.modules, tables=self._tables)
        uses = Uses(world, self.read_text, self._paths, self.guarded)
        uses.judge(path)
        world.steps = 0
        lent = uses.lent(path)
        deps = tuple(sorted(one for one in view if one in self.digests))
        nested = {name: facts for name, facts in view.items() if name not in self.digests}
        self._live[path] = _Live(uses.calls, uses.touching, nested)
        return Judgement(
            deps,
            self._seal(deps),
            tuple(uses.reaches),
            tuple(uses.assumptions),
            tuple(sorted(world.wanted)),
            tuple(sorted((file, name) for file, names in uses.asked.items() for name in names)),
            tuple(lent),
            tuple(uses.waiting),
            tuple(sorted(uses.calls)),
            tuple(sorted(uses.escaped)),
            tuple(one.functions for one in uses.touching),
            tuple(uses.here),
            tuple(sorted(uses.starting)),
            tuple(sorted(uses.told)),
            tuple(sorted(uses.passed)),
        )

    # --- callers ---

    def _settle(self, number: int) -> None:
        """Judge what waits for callers, now that all files are judged."""
        callers: dict[Function, list[str]] = {}
        escaped: set[Function] = set()
        for path in sorted(self.by_path):
            for function in self.by_path[path].called:
                callers.setdefault(function, []).append(path)
            escaped.update(self.by_path[path].escaped)
        self._callers_of, self._escaped = callers, escaped
        self.settled = {}
        for one in self._in_order():
            for waiting in one.waiting:
                self._settle_one(number, waiting)

    def settle_changes(self, number: int) -> None:
        """Look at the changes that wait for callers, in the round of that number."""
        self._told = self._told_at_last()
        for path in sorted(self.by_path):
            for at, functions in enumerate(self.by_path[path].touching):
                if not self._told.isdisjoint(functions):
                    self._settle_one(number, (path, at))

    def _told_at_last(self) -> set[Function]:
        """Functions that may be given, at first or second hand, what a guard is made of."""
        passed: dict[Function, list[Function]] = {}
        todo: list[Function] = []
        for one in self.by_path.values():
            todo += one.told
            for outer, inner in one.passed:
                passed.setdefault(outer, []).append(inner)
        found: set[Function] = set()
        while todo:
            function = todo.pop()
            if function not in found:
                found.add(function)
                todo += passed.get(function, ())
        return found

    def _settle_one(self, number: int, waiting: Waiting | tuple[str, int]) -> None:
        key = self._key("settled", number, waiting)
        encoded = self.kept.get(key)
        known = None if encoded is None else SETTLED.decode(encoded)
        if (
            encoded is None
            or known is None
            or known.seal != self._seal(known.deps)
            or known.callers != self._callers(known.met)
        ):
            known = self._ask(waiting)
            encoded = ENCODE(known)
        self.settled[waiting] = known
        self.used[key] = encoded

    def _callers(self, functions: Iterable[Function]) -> bytes:
        digest = blake2b(digest_size=20)
        for function in functions:
            calling = self._callers_of.get(function, [])
            parts = [(path, self.is_test(path), self.by_path[path].seal) for path in calling]
            known = (function, function in self._escaped, function in self._told, parts)
            digest.update(repr(known).encode("utf-8", "replace"))
        return digest.digest()

    def _lively(self, path: str) -> _Live:
        if path not in self._live:
            self.by_path[path] = self.judge_file(path)
        return self._live[path]

    def _ask(self, waiting: Waiting | tuple[str, int]) -> Settled:
        world = self.world()
        uses = Uses(world, self.read_text, self._paths, self.guarded, nested=_LATER)
        met: set[Function] = set()

        def calls_of(function: Function) -> list[Call]:
            met.add(function)
            found: list[Call] = []
            for path in self._callers_of.get(function, ()):
                live = self._lively(path)
                world.files.update(live.nested)
                found += live.calls[function]
            return found

        one = Callers(uses, calls_of, self._escaped, self.is_test, self._told)
        deps: set[str] = set()
        if isinstance(waiting, Waiting):
            one.settle(waiting)
        else:
            path, at = waiting
            one.touch(self._lively(path).touching[at])
            deps.update(self.by_path[path].deps)
        deps.update(path for path in world.files if path in self.digests)
        functions = tuple(sorted(met))
        return Settled(
            tuple(sorted(deps)),
            self._seal(sorted(deps)),
            functions,
            self._callers(functions),
            tuple(uses.reaches),
            tuple(uses.assumptions),
            tuple(sorted(world.wanted)),
            tuple(uses.here),
            tuple(sorted(uses.starting)),
        )

    # --- the outcome ---

    def world(self) -> World:
        """What names mean, for questions beyond the uses of a file."""
        return World(_View(self.facts), self.modules, tables=self._tables)

    def reaches(self, summaries: Mapping[str, m.Summary]) -> list[Reach]:
        """Every place where a sink is reached, a guard is changed, or the proof ends."""
        found = [reach for one in self._all() for reach in one.reaches]
        here = [reach for one in self._all() for reach in one.here]
        if here:
            beside = together(summaries, self.modules, self.starting())
            found += [reach for reach in here if reach.path in beside]
        return found

    def starting(self) -> set[str]:
        """Files that start one of interlock's commands as a process."""
        return {path for one in self._all() for path in one.starting}

    def assumptions(self) -> Iterator[Assumption]:
        """What the proof rests on and reading cannot see."""
        for one in self._all():
            yield from one.assumptions

    def wanted(self) -> Iterator[tuple[str, str]]:
        """Pairs of a file and a name in it of which a command or an import is made."""
        for one in self._all():
            yield from one.wanted

    def _all(self) -> list[Judgement | Settled]:
        return [*self._in_order(), *self.settled.values()]

    def _in_order(self) -> list[Judgement]:
        return [self.by_path[path] for path in sorted(self.by_path)]

    def _key(self, purpose: str, number: int, of: object) -> bytes:
        text = repr((purpose, number, self.tree, self.guarded, of)).encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=20).digest()
