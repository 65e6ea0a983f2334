"""
The uses of all files, each file judged once for as long as nothing that it depends on changes.

See `interlock_checks.link.judging`. What depends on the callers of a function is settled behind
it, when all files are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from interlock_checks.facts import model as m
from interlock_checks.keeping import encoded
from interlock_checks.link.callers import Callers
from interlock_checks.link.judging import JUDGEMENT, Function, Judge, Judgement, Live
from interlock_checks.link.reach import Assumption, Call, Reach, Site, Waiting
from interlock_checks.link.receivers import calls_by_name, method_name
from interlock_checks.link.together import together
from interlock_checks.link.uses import Uses
from interlock_checks.link.world import World


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
    asked: tuple[tuple[str, str], ...]


SETTLED = msgspec.msgpack.Decoder(Settled)


_SUBCLASSED = -1
"""Instead of a scope: beside it stands a name, and the files in which it is subclassed call it."""

MOST_SPELLING = 32
"""Files that spell a method's name behind a dot and are all read for its calls."""

_LATER = 1_000_000
"""Above the number of any text that is executed in a file; for those met when callers are asked."""


@dataclass(frozen=True, slots=True)
class _ByName:
    """A method of which every call matters, and the judged files that spell its name, if few do."""

    name: str = ""
    files: tuple[str, ...] = ()
    common: bool = False


@dataclass
class Judgements:
    """
    The judgements of a repository.

    Attributes:
        used: Encoded judgements by their keys, to be kept for later runs.
        methods: Names of methods of which every call matters, whatever it is called on.

    Args:
        one: Judges a file.
        elsewhere: Judges those of many files that are worth it in other processes: the encoded
            judgements, in any order.
        is_test: Whether a file lies below a test path.
        spelling: The files that spell a name behind a dot.
        tree: A digest of the names of all files and links.
        kept: Encoded judgements by their keys, from earlier runs.
    """

    one: Judge
    elsewhere: Callable[[Sequence[str], bool], Iterator[tuple[str, bytes]]]
    is_test: Callable[[str], bool]
    spelling: Callable[[str], Sequence[str]]
    tree: bytes
    kept: Mapping[bytes, bytes]
    by_path: dict[str, Judgement] = field(default_factory=dict)
    settled: dict[Waiting | tuple[str, int], Settled] = field(default_factory=dict)
    guarded: bool = False
    used: dict[bytes, bytes] = field(default_factory=dict)
    methods: set[str] = field(default_factory=set)
    _spelling: dict[str, Sequence[str]] = field(default_factory=dict)
    _live: dict[str, Live] = field(default_factory=dict)
    _callers_of: dict[Function, list[str]] = field(default_factory=dict)
    _escaped: set[Function] = field(default_factory=set)
    _told: set[Function] = field(default_factory=set)
    _settled_before: dict[Waiting | tuple[str, int], Settled] = field(default_factory=dict)

    def judge(self, number: int, paths: Iterable[str], *, guarded: bool) -> None:
        """
        Judge these files in the round of that number, and what waits for callers.

        `guarded` says whether any file of the repository imports interlock.
        """
        if guarded != self.guarded:
            self.by_path.clear()
            self.guarded = guarded
        self.one.look(guarded=guarded)
        fresh: list[str] = []
        for path in sorted(paths):
            before = self.by_path.get(path)
            if before is None or before.seal != self.one.seal(before.deps):
                self._live.pop(path, None)
                if not self._recalled(number, path):
                    fresh.append(path)
        judged = dict(self.elsewhere(fresh, guarded))
        for path in fresh:
            found = judged.get(path)
            if found:
                self.by_path[path] = JUDGEMENT.decode(found)
            else:
                self.by_path[path], self._live[path] = self.one.judge(path)
                found = encoded(self.by_path[path])
            if found is not None:
                self.used[self._key("judgement", number, path)] = found
        self._settle(number)

    def _recalled(self, number: int, path: str) -> bool:
        """Whether what an earlier run has kept of this file still holds."""
        key = self._key("judgement", number, path)
        kept = self.kept.get(key)
        if kept is None:
            return False
        found = JUDGEMENT.decode(kept)
        if found.seal != self.one.seal(found.deps):
            return False
        self.by_path[path] = found
        self.used[key] = kept
        return True

    # --- callers ---

    def _settle(self, number: int) -> None:
        """Judge what waits for callers, now that all files are judged."""
        callers: dict[Function, list[str]] = {}
        escaped: set[Function] = set()
        for path in sorted(self.by_path):
            for function in self.by_path[path].called:
                callers.setdefault(function, []).append(path)
            for name in self.by_path[path].bases:
                callers.setdefault((name, _SUBCLASSED), []).append(path)
            escaped.update(self.by_path[path].escaped)
        self._callers_of, self._escaped = callers, escaped
        self._settled_before, self.settled = self.settled, {}
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
        known = self._settled_before.get(waiting)
        if known is None or not self._holds(waiting, known):
            kept = self.kept.get(key)
            known = None if kept is None else SETTLED.decode(kept)
        if known is None or not self._holds(waiting, known):
            known = self._ask(waiting)
        self.settled[waiting] = known
        if (found := encoded(known)) is not None:
            self.used[key] = found

    def _holds(self, waiting: Waiting | tuple[str, int], known: Settled) -> bool:
        """Whether nothing has changed that this depends on."""
        same = known.seal == self.one.seal(known.deps)
        return same and known.callers == self._callers(known.met, self._by_name(waiting))

    def _by_name(self, waiting: Waiting | tuple[str, int]) -> _ByName:
        """Of which method every call matters: one by which a sink is reached and that is called."""
        if not isinstance(waiting, Waiting) or not isinstance(waiting.fallback, Reach):
            return _ByName()
        path, scope = waiting.function
        called = bool(self._callers_of.get(waiting.function))
        name = method_name(self.one.facts[path], scope) if called else None
        if name is None:
            return _ByName()
        spelling = self._spelling.get(name)
        if spelling is None:
            spelling = self._spelling[name] = self.spelling(name)
        if len(spelling) > MOST_SPELLING:
            return _ByName(name, common=True)
        self.methods.add(name)
        return _ByName(name, tuple(path for path in spelling if path in self.by_path))

    def _callers(self, functions: Iterable[Function], by_name: _ByName) -> bytes:
        digest = blake2b(repr(by_name).encode("utf-8", "replace"), digest_size=20)
        digest.update(b"".join(self.by_path[path].seal for path in by_name.files))
        for function in functions:
            calling = self._callers_of.get(function, [])
            parts = [(path, self.is_test(path), self.by_path[path].seal) for path in calling]
            known = (function, function in self._escaped, function in self._told, parts)
            digest.update(repr(known).encode("utf-8", "replace"))
        return digest.digest()

    def _lively(self, path: str) -> Live:
        if path not in self._live:
            self.by_path[path], self._live[path] = self.one.judge(path)
        return self._live[path]

    def _ask(self, waiting: Waiting | tuple[str, int]) -> Settled:
        by_name = self._by_name(waiting)
        world = self.world()
        uses = Uses(world, self.one.read_text, self.one.paths, self.guarded, nested=_LATER)
        met: set[Function] = set()

        def calls_of(function: Function) -> list[Call]:
            met.add(function)
            found: list[Call] = []
            for path in self._callers_of.get(function, ()):
                live = self._lively(path)
                world.files.update(live.nested)
                found += live.calls[function]
            if isinstance(waiting, Waiting) and function == waiting.function:
                for path in by_name.files:
                    found += calls_by_name(world, path, function)
            return found

        def files_of(name: str) -> list[str]:
            met.add((name, _SUBCLASSED))
            return self._callers_of.get((name, _SUBCLASSED), [])

        one = Callers(uses, calls_of, files_of, self._escaped, self.is_test, self._told)
        deps: set[str] = set()
        if isinstance(waiting, Waiting):
            one.settle(waiting)
            if by_name.common and not uses.reaches:
                site = Site(waiting.path, waiting.number, waiting.scope)
                text = f"`.{by_name.name}` is called in too many files to tell who calls this one"
                uses.assumptions.append(uses.assume(site, text))
        else:
            path, at = waiting
            one.touch(self._lively(path).touching[at])
            deps.update(self.by_path[path].deps)
        deps.update(path for path in world.files if path in self.one.digests)
        functions = tuple(sorted(met))
        return Settled(
            tuple(sorted(deps)),
            self.one.seal(sorted(deps)),
            functions,
            self._callers(functions, by_name),
            tuple(uses.reaches),
            tuple(uses.assumptions),
            tuple(sorted(world.wanted)),
            tuple(uses.here),
            tuple(sorted(uses.starting)),
            tuple(sorted((file, name) for file, names in uses.asked.items() for name in names)),
        )

    # --- the outcome ---

    def world(self) -> World:
        """What names mean, for questions beyond the uses of a file."""
        return self.one.world()

    def reaches(self, summaries: Mapping[str, m.Summary]) -> list[Reach]:
        """Every place where a sink is reached, a guard is changed, or the proof ends."""
        found = [reach for one in self._all() for reach in one.reaches]
        here = [reach for one in self._all() for reach in one.here]
        if here:
            beside = together(summaries, self.one.modules, self.starting())
            found += [reach for reach in here if reach.path in beside]
        return found

    def starting(self) -> set[str]:
        """Files that start one of interlock's commands as a process."""
        return {path for one in self._all() for path in one.starting}

    def assumptions(self) -> Iterator[Assumption]:
        """What the proof rests on and reading cannot see."""
        for one in self._all():
            yield from one.assumptions

    def asked(self) -> Iterator[tuple[str, str]]:
        """Pairs of a file and a function or class in it of which everybody who takes it matters."""
        for one in self._all():
            yield from one.asked

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
