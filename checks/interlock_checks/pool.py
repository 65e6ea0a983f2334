"""Facts of many files at once: in processes, where it pays, and proof against their death."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from interlock_checks.discover import Source
from interlock_checks.documents import model as d
from interlock_checks.facts import model as m

Job = tuple[Source, frozenset[str] | None, bool]
"""The arguments of `interlock_checks.facts.files.read_source`."""

_WORTH_A_PROCESS = 150_000
"""Bytes to read before starting processes costs less than it saves."""

_BATCH = 60_000


def encoded_facts(job: Job) -> bytes:
    """The facts, the spans alone, or the document, of one file as stored in the cache."""
    from interlock_checks.facts.files import read_source

    source, extra, places = job
    if source.kind == "document":
        return _encoded_document(source)
    enabled = gc.isenabled()
    # A syntax tree is a million small objects that all live until the file is done: collecting
    # in between only looks at them again and again.
    gc.disable()
    try:
        facts = read_source(source, extra, places=places)
    except MemoryError:
        facts = m.Facts(problems=(m.Problem("reading it needs more memory than there is", 1),))
    finally:
        if enabled:
            gc.enable()
    return m.ENCODER.encode(facts.spans if places else facts)


def _encoded_document(source: Source) -> bytes:
    from interlock_checks.documents.read import read_document

    try:
        document = read_document(source)
    except MemoryError:
        problem = m.Problem("reading it needs more memory than there is", 1)
        document = d.Document(problems=(problem,))
    return d.ENCODER.encode(document)


class Readers:
    """Processes that read files: started when there is enough to read, and kept until `close`."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def read_all(
        self, jobs: Sequence[Job], progress: Callable[[int], None]
    ) -> Iterator[tuple[Job, bytes]]:
        """Facts of every job in any order; `progress` is told how many files are done."""
        pool = self._worth(jobs)
        if pool is None:
            for job in jobs:
                yield job, encoded_facts(job)
                progress(1)
            return
        batches = list(_batches(jobs))
        left = dict(enumerate(batches))
        try:
            futures: dict[Future[list[bytes]], int] = {
                pool.submit(_run_batch, batch): number for number, batch in left.items()
            }
            for future in as_completed(futures):
                results = future.result()
                batch = left.pop(futures[future])
                yield from zip(batch, results, strict=True)
                progress(len(batch))
        except BrokenProcessPool:
            self.close()
            for batch in left.values():
                for job in batch:
                    yield job, _isolated(job)
                    progress(1)

    def _worth(self, jobs: Sequence[Job]) -> ProcessPoolExecutor | None:
        """The processes, if these jobs are worth them."""
        total = sum(len(source.data) for source, *_ in jobs)
        workers = min(os.cpu_count() or 1, 8)
        if total < _WORTH_A_PROCESS or workers < 2 or len(jobs) < 2:
            return None
        if self._pool is None:
            # Loaded once, before the processes are made, which then share it.
            import interlock_checks.facts.files  # noqa: F401

            self._pool = _executor(workers)
        return self._pool


def _executor(workers: int) -> ProcessPoolExecutor:
    methods = multiprocessing.get_all_start_methods()
    method = "fork" if "fork" in methods and os.name == "posix" else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(workers, mp_context=context)


def _batches(jobs: Sequence[Job]) -> Iterable[list[Job]]:
    """Large files first and alone, small ones together: the processes finish together."""
    batch: list[Job] = []
    size = 0
    for job in sorted(jobs, key=lambda job: -len(job[0].data)):
        batch.append(job)
        size += len(job[0].data)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _run_batch(jobs: list[Job]) -> list[bytes]:
    gc.enable()  # a process inherits it switched off; see interlock_checks.prove
    return [encoded_facts(job) for job in jobs]


def _isolated(job: Job) -> bytes:
    """One file in a process of its own; if that dies, the file is unreadable."""
    try:
        with _executor(1) as pool:
            return pool.submit(encoded_facts, job).result()
    except BrokenProcessPool:
        problem = m.Problem("reading it ended the process that read it", 1)
        if job[0].kind == "document":
            return d.ENCODER.encode(d.Document(problems=(problem,)))
        return m.ENCODER.encode(() if job[2] else m.Facts(problems=(problem,)))
