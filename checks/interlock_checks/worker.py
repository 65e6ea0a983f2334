"""
What is done with one file, here or in another process: it is read, or judged by what was read.

Either way the outcome is the same bytes, whoever does it and in whatever order.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import msgspec

from interlock_checks.discover import Source
from interlock_checks.documents import model as d
from interlock_checks.facts import model as m
from interlock_checks.facts.decoded import Decoded
from interlock_checks.facts.placed import Placed, placed
from interlock_checks.keeping import encoded
from interlock_checks.link.judging import Judge
from interlock_checks.modules import ModuleIndex
from interlock_checks.pool import Pool, cores

Job = tuple[str, frozenset[str] | None, bool, frozenset[str] | None]
"""A path, and the arguments `extra`, `places` and `inside` of
`interlock_checks.facts.files.read_source`."""

DEPTH = 20_000
"""Calls within each other: expressions may be nested as deeply as facts.outline.LONGEST says."""

WORTH_READING = 150_000
"""Bytes to read before starting processes costs less than it saves."""

WORTH_JUDGING = 300_000
"""Bytes of facts, likewise."""

BATCH = 60_000
"""Bytes for a process to do at once, if no single file has more."""

Encoded = tuple[bytes, bytes]
"""The facts, the places, or the document, of a file; and the stem of its facts, if any."""


@dataclass(frozen=True, slots=True)
class Facts:
    """To be known by a process that judges: what was read since it last was told."""

    fresh: Mapping[str, bytes]
    guarded: bool


Task = Sequence[Job] | Facts | tuple[str, ...]
"""To read files, to go by these facts, or to judge files."""


@dataclass(frozen=True)
class Worker:
    """
    What a process starts from: the files, how imports find them, and what earlier runs have kept.
    """

    sources: Mapping[str, Source]
    modules: ModuleIndex
    kept: Mapping[bytes, bytes]
    facts: Decoded = field(default_factory=Decoded)

    def __call__(self, task: Task) -> list[Encoded]:
        """Do a task in a process of its own."""
        if isinstance(task, Facts):
            for path, known in task.fresh.items():
                self.facts.put(path, known)
            self._judge.look(guarded=task.guarded)
            return []
        if isinstance(task, tuple):
            gc.disable()
            # What cannot be handed over is judged once more by the one who asked.
            return [(encoded(self._judge.judge(path)[0]) or b"", b"") for path in task]
        gc.enable()  # a process inherits it switched off; see interlock_checks.prove
        return [self.read(job) for job in task]

    @cached_property
    def _judge(self) -> Judge:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), DEPTH))
        return Judge(self.facts, self.facts.digests, self.modules, read_code)

    def read(self, job: Job) -> Encoded:
        """Read one file."""
        path, extra, places, inside = job
        source = self.sources[path]
        if source.kind == "document":
            return _document(source), b""
        from interlock_checks.facts.files import Memory, read_source

        memory = Memory(self._recall)
        enabled = gc.isenabled()
        # A syntax tree is a million small objects that all live until the file is done: collecting
        # in between only looks at them again and again.
        gc.disable()
        try:
            facts = read_source(source, extra, places=places, inside=inside, memory=memory)
        except MemoryError:
            facts = m.Facts(problems=(m.Problem("reading it needs more memory than there is", 1),))
        finally:
            if enabled:
                gc.enable()
        return m.ENCODER.encode(placed(facts) if places else facts), memory.stem

    def _recall(self, stem: bytes) -> m.Facts | None:
        encoded = self.kept.get(self.kept.get(stem, b""))
        if encoded is None:
            return None
        return msgspec.structs.replace(m.DECODER.decode(encoded), remarks=(), imported=())

    def fatal(self, job: Job) -> Encoded:
        """What is kept of a file that ended the process which read it."""
        problem = m.Problem("reading it ended the process that read it", 1)
        if self.sources[job[0]].kind == "document":
            return d.ENCODER.encode(d.Document(problems=(problem,))), b""
        return m.ENCODER.encode(Placed() if job[2] else m.Facts(problems=(problem,))), b""


def _document(source: Source) -> bytes:
    from interlock_checks.documents.read import read_document

    try:
        document = read_document(source)
    except MemoryError:
        problem = m.Problem("reading it needs more memory than there is", 1)
        document = d.Document(problems=(problem,))
    return d.ENCODER.encode(document)


def read_code(text: str) -> m.Facts | None:
    """The facts of a text that is executed; None if it does not parse."""
    # Loaded here because a run that finds all its facts in the cache needs no parser.
    from interlock_checks.facts.files import read_code

    return read_code(text, within=True)


class Workers:
    """
    Processes that read and judge files: started when there is enough to do, kept until `close`.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._pool: Pool[Task, list[Encoded]] | None = None
        self._told: dict[str, bytes] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def read_all(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Encoded]]:
        """Every job with what was read, in any order."""
        sizes = [len(self._worker.sources[path].data) for path, *_ in jobs]
        pool = self._worth(sizes, WORTH_READING)
        if pool is None:
            for job in jobs:
                yield job, self._worker.read(job)
            return
        for batch, answer in pool.ask([[*batch] for batch in _batches(jobs, sizes)]):
            assert isinstance(batch, list)
            if answer is None:
                yield from ((job, self._alone(job)) for job in batch)
            else:
                yield from zip(batch, answer, strict=True)

    def judge_all(
        self, paths: Sequence[str], facts: Decoded, *, guarded: bool
    ) -> Iterator[tuple[str, bytes]]:
        """Files with their encoded judgements, as far as it is worth it to make them elsewhere."""
        sizes = [len(facts.encoded[path]) for path in paths]
        pool = self._worth(sizes, WORTH_JUDGING)
        if pool is None:
            return
        fresh = {
            path: encoded
            for path, encoded in facts.encoded.items()
            if self._told.get(path) is not encoded
        }
        self._told.update(fresh)
        pool.tell(Facts(fresh, guarded))
        for batch, answer in pool.ask([tuple(batch) for batch in _batches(paths, sizes)]):
            assert isinstance(batch, tuple)
            for path, (judgement, _) in zip(batch, answer or (), strict=False):
                yield path, judgement

    def _worth(self, sizes: Sequence[int], least: int) -> Pool[Task, list[Encoded]] | None:
        """The processes, if work of these sizes is worth them."""
        if len(sizes) < 2 or sum(sizes) < least or cores() < 2:
            return None
        if self._pool is not None and self._pool.has_died:
            self.close()
        if self._pool is None:
            # Loaded once, before the processes are made, which then share it.
            import interlock_checks.facts.python  # noqa: F401

            self._pool = Pool(self._worker, cores())
            self._told = {}
        return self._pool if len(self._pool) else None

    def _alone(self, job: Job) -> Encoded:
        """One file in a process of its own; if that dies, the file is unreadable."""
        pool: Pool[Task, list[Encoded]] = Pool(self._worker, 1)
        try:
            ((_, answer),) = pool.ask([[job]])
        finally:
            pool.close()
        return self._worker.fatal(job) if answer is None else answer[0]


T = TypeVar("T")


def _batches(items: Sequence[T], sizes: Sequence[int]) -> Iterable[list[T]]:
    """Large files first and alone, small ones together: the processes finish together."""
    batch: list[T] = []
    total = 0
    for size, item in sorted(zip(sizes, items, strict=True), key=lambda one: -one[0]):
        batch.append(item)
        total += size
        if total >= BATCH:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
