"""Files are read in processes that live on, and the death of one is no way out."""

from __future__ import annotations

import multiprocessing
import os
from hashlib import blake2b

import pytest

from interlock_checks import worker
from interlock_checks.discover import Source
from interlock_checks.facts import files
from interlock_checks.facts import model as m
from interlock_checks.modules import ModuleIndex
from interlock_checks.worker import Worker, Workers


def workers(*paths: str) -> Workers:
    sources = {}
    for path in paths:
        data = f"import os\nos.system('{path}')\n{'# filler' * 20_000}\n".encode()
        digest = blake2b(data, digest_size=20).digest()
        sources[path] = Source(path, "python", data, digest)
    return Workers(Worker(sources, ModuleIndex([], {}), {}))


def read(workers: Workers, *paths: str) -> dict[str, m.Facts]:
    found = {
        path: m.DECODER.decode(encoded)
        for (path, *_), (encoded, _) in workers.read_all(
            [(path, None, False, None) for path in paths]
        )
    }
    assert sorted(found) == sorted(paths)
    return found


def test_what_ends_the_process_that_reads_it_is_unreadable_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("a process that is not forked does not inherit the deadly reader")
    honest = files.read_source

    def deadly(source: Source, *rest: object, **more: object) -> m.Facts:
        if source.path.startswith("bad"):
            os._exit(1)
        return honest(source, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "read_source", deadly)
    honest_ones = [f"good{number}.py" for number in range(9)]
    with workers("bad.py", "bad too.py", "bad as well.py", *honest_ones) as readers:
        found = read(readers, "bad.py", "bad too.py", "bad as well.py", *honest_ones)
        for path, facts in found.items():
            messages = [one.message for one in facts.problems]
            if path in honest_ones:
                assert facts.uses and not messages
            else:
                assert messages == ["reading it ended the process that read it"]

        assert read(readers, *honest_ones) == {path: found[path] for path in honest_ones}


def test_the_same_processes_are_asked_again_and_end_with_the_work() -> None:
    def running() -> set[int | None]:
        return {child.pid for child in multiprocessing.active_children()}

    before = running()
    with workers("a.py", "b.py", "c.py", "d.py") as readers:
        read(readers, "a.py", "b.py")
        first = running()
        read(readers, "c.py", "d.py")
        assert running() == first != before
    assert running() == before


def test_processes_in_the_middle_of_work_end_with_who_asked() -> None:
    before = multiprocessing.active_children()
    paths = [f"{number}.py" for number in range(20)]
    with workers(*paths) as readers:
        next(iter(readers.read_all([(path, None, False, None) for path in paths])))
    assert multiprocessing.active_children() == before


@pytest.mark.parametrize("allowed", [0, 1])
def test_where_no_more_processes_can_be_started_those_that_there_are_do_the_work(
    monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("what refuses is the call that forks")
    fork = os.fork
    started = 0

    def limited() -> int:
        nonlocal started
        if started >= allowed:
            raise BlockingIOError("Resource temporarily unavailable")
        started += 1
        return fork()

    monkeypatch.setattr(os, "fork", limited)
    monkeypatch.setattr(worker, "cores", lambda: 2)
    with workers("a.py", "b.py", "c.py") as readers:
        found = read(readers, "a.py", "b.py", "c.py")
        assert len(multiprocessing.active_children()) == allowed
    assert all(facts.uses and not facts.problems for facts in found.values())
