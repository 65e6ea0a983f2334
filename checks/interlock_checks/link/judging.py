"""
The judgement of one file: a pure function of its facts and of those of the files it looks into.

It is made in a world of its own, so that it does not depend on which files were judged before, nor
on the process in which it is made. Which files it looked into is noted while it does; the digests
of their facts are its seal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from interlock_checks.facts import model as m
from interlock_checks.link.heirs import base_names
from interlock_checks.link.needs import Tables
from interlock_checks.link.reach import Assumption, Call, Reach, Touching, Waiting
from interlock_checks.link.uses import Uses
from interlock_checks.link.world import NESTED, Modules, World

Function = tuple[str, int]
"""A function of the repository: its file and its scope."""


class Judgement(msgspec.Struct, frozen=True, array_like=True):
    """
    What the uses of one file mean.

    `deps` are the files it depends on, `seal` a digest of their facts. `wanted` are names in files
    that were only looked over, `asked` functions of which every caller matters, `lent` the names
    under which a sink can be taken from here, `called` the functions that are called here,
    `touching` the functions whose callers each waiting change asks for; `here`, `starting`,
    `told` and `passed` as in `Uses`; `bases` the names of what is subclassed here.
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
    bases: tuple[str, ...]


JUDGEMENT = msgspec.msgpack.Decoder(Judgement)


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


@dataclass
class Live:
    """What cannot be kept of a judgement: calls, changes, and the texts that are executed."""

    calls: Mapping[Function, list[Call]]
    touching: Sequence[Touching]
    nested: Mapping[str, m.Facts]


@dataclass
class Judge:
    """
    Judges the files of a repository, one by one.

    Args:
        facts: The facts of every file.
        digests: Of the facts of each file.
        modules: The files that imports mean.
        read_text: The facts of a text that is executed; None if it does not parse.

    Attributes:
        guarded: Whether any file of the repository imports interlock.
        paths: All files, in order, without the Python in documents.
    """

    facts: Mapping[str, m.Facts]
    digests: Mapping[str, bytes]
    modules: Modules
    read_text: Callable[[str], m.Facts | None]
    guarded: bool = False
    paths: tuple[str, ...] = ()
    _tables: Tables = field(default_factory=Tables)
    _marks: dict[str, bytes] = field(default_factory=dict)

    def look(self, *, guarded: bool) -> None:
        """Go by the facts as they are now."""
        self.guarded = guarded
        self.paths = tuple(sorted(path for path in self.digests if NESTED not in path))
        for path, digest in self.digests.items():
            mark = _mark(path, digest)
            if self._marks.get(path) != mark:
                self._tables.forget(path)
                self._marks[path] = mark

    def seal(self, deps: Iterable[str]) -> bytes:
        """A digest of the facts of these files."""
        marks = (self._marks.get(path) or _mark(path, b"") for path in deps)
        return blake2b(b"".join(marks), digest_size=20).digest()

    def world(self) -> World:
        """What names mean, for questions beyond the uses of a file."""
        return World(_View(self.facts), self.modules, tables=self._tables)

    def judge(self, path: str) -> tuple[Judgement, Live]:
        """Judge one file."""
        view = _View(self.facts)
        world = World(view, self.modules, tables=self._tables)
        uses = Uses(world, self.read_text, self.paths, self.guarded)
        uses.judge(path)
        world.steps = 0
        lent = uses.lent(path)
        deps = tuple(sorted(one for one in view if one in self.digests))
        nested = {name: facts for name, facts in view.items() if name not in self.digests}
        judgement = Judgement(
            deps,
            self.seal(deps),
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
            base_names(self.facts[path]),
        )
        return judgement, Live(uses.calls, uses.touching, nested)


def _mark(path: str, digest: bytes) -> bytes:
    return path.encode("utf-8", "surrogatepass") + b"\0" + digest.ljust(20, b"\0")
