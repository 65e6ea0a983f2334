"""Files are read in processes that live on, and the death of one is no way out."""

from __future__ import annotations

import multiprocessing
import os
from hashlib import blake2b

import pytest

from interlock_checks.discover import Source
from interlock_checks.facts import files
from interlock_checks.facts import model as m
from interlock_checks.pool import Job, Readers


def job(path: str) -> Job:
    data = f"import os\nos.system('{path}')\n{'# filler' * 20_000}\n".encode()
    digest = blake2b(data, digest_size=20).digest()
    return Source(path, "python", data, digest), None, False


def read(readers: Readers, *jobs: Job) -> dict[str, m.Facts]:
    done: list[int] = []
    found = {
        source.path: m.DECODER.decode(encoded)
        for (source, *_), encoded in readers.read_all(jobs, done.append)
    }
    assert sum(done) == len(jobs)
    return found


def test_what_ends_the_process_that_reads_it_is_unreadable_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("a process that is not forked does not inherit the deadly reader")
    honest = files.read_source

    def deadly(source: Source, extra: frozenset[str] | None, *, places: bool) -> m.Facts:
        if source.path == "bad.py":
            os._exit(1)
        return honest(source, extra, places=places)

    monkeypatch.setattr(files, "read_source", deadly)
    with Readers() as readers:
        found = read(readers, job("bad.py"), job("good.py"), job("other.py"))
        assert [one.message for one in found["bad.py"].problems] == [
            "reading it ended the process that read it"
        ]
        assert not found["good.py"].problems
        assert found["good.py"].uses and found["other.py"].uses

        again = read(readers, job("good.py"), job("other.py"))
        assert again["good.py"] == found["good.py"]


def test_the_same_processes_are_asked_again() -> None:
    def running() -> set[int | None]:
        return {child.pid for child in multiprocessing.active_children()}

    before = running()
    with Readers() as readers:
        read(readers, job("a.py"), job("b.py"))
        first = running()
        read(readers, job("c.py"), job("d.py"))
        assert running() == first != before
    assert running() == before
