"""What is done with one file, here or in another process: it is read, and encoded to be kept."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from interlock_checks.discover import Source
from interlock_checks.documents import model as d
from interlock_checks.facts import model as m
from interlock_checks.pool import Pool, cores

Job = tuple[str, frozenset[str] | None, bool]
"""A path, and the arguments `extra` and `places` of `interlock_checks.facts.files.read_source`."""

Encoded = tuple[bytes, bytes]
"""The facts, the spans alone, or the document, of a file; and the stem of its facts, if any."""

_WORTH_PROCESSES = 150_000
"""Bytes to read before starting processes costs less than it saves."""

_BATCH = 60_000


@dataclass(frozen=True)
class Worker:
    """What a process starts from: the files, and what earlier runs have kept."""

    sources: Mapping[str, Source]
    kept: Mapping[bytes, bytes]

    def __call__(self, jobs: Sequence[Job]) -> list[Encoded]:
        gc.enable()  # a process inherits it switched off; see interlock_checks.prove
        return [self.read(job) for job in jobs]

    def read(self, job: Job) -> Encoded:
        """Read one file."""
        path, extra, places = job
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
            facts = read_source(source, extra, places=places, memory=memory)
        except MemoryError:
            facts = m.Facts(problems=(m.Problem("reading it needs more memory than there is", 1),))
        finally:
            if enabled:
                gc.enable()
        return m.ENCODER.encode(facts.spans if places else facts), memory.stem

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
        return m.ENCODER.encode(() if job[2] else m.Facts(problems=(problem,))), b""


def _document(source: Source) -> bytes:
    from interlock_checks.documents.read import read_document

    try:
        document = read_document(source)
    except MemoryError:
        problem = m.Problem("reading it needs more memory than there is", 1)
        document = d.Document(problems=(problem,))
    return d.ENCODER.encode(document)


class Workers:
    """Processes that read files: started when there is enough to read, and kept until `close`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._pool: Pool[Sequence[Job], list[Encoded]] | None = None

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
        pool = self._processes() if sum(sizes) >= _WORTH_PROCESSES and len(jobs) > 1 else None
        if pool is None:
            for job in jobs:
                yield job, self._worker.read(job)
            return
        for batch, answer in pool.ask(list(_batches(jobs, sizes))):
            if answer is None:
                yield from ((job, self._alone(job)) for job in batch)
            else:
                yield from zip(batch, answer, strict=True)

    def _processes(self) -> Pool[Sequence[Job], list[Encoded]] | None:
        if self._pool is not None and self._pool.has_died:
            self.close()
        if self._pool is None and cores() > 1:
            # Loaded once, before the processes are made, which then share it.
            import interlock_checks.facts.python  # noqa: F401

            self._pool = Pool(self._worker, cores())
        return self._pool

    def _alone(self, job: Job) -> Encoded:
        """One file in a process of its own; if that dies, the file is unreadable."""
        pool = Pool(self._worker, 1)
        try:
            ((_, answer),) = pool.ask([[job]])
        finally:
            pool.close()
        return self._worker.fatal(job) if answer is None else answer[0]


def _batches(jobs: Sequence[Job], sizes: Sequence[int]) -> Iterable[list[Job]]:
    """Large files first and alone, small ones together: the processes finish together."""
    batch: list[Job] = []
    total = 0
    for size, job in sorted(zip(sizes, jobs, strict=True), key=lambda one: -one[0]):
        batch.append(job)
        total += size
        if total >= _BATCH:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
