"""
Processes for tasks that are worth them.

They are started once and kept. Each has a pipe of its own, so that it is known on which task one
has died. There are no threads: a process is forked where the platform can, and inherits all that
it starts from.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:  # loaded where processes are started: most runs need none
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

MOST = 8
"""Processes at once, at most."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def cores() -> int:
    """How many processes can work at the same time, and are worth the memory."""
    return min(os.cpu_count() or 1, MOST)


def start_method() -> str:
    """How processes are started here: forked, they share what is loaded already."""
    import multiprocessing

    return "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


class Pool(Generic[Task, Answer]):
    """
    Processes that answer tasks: each in a copy of `work`, which may remember earlier tasks.

    Of what a process wrote before it died nothing is kept.
    """

    def __init__(self, work: Callable[[Task], Answer], count: int) -> None:
        import multiprocessing

        method = start_method()
        context = multiprocessing.get_context(method)
        self._processes: dict[Connection, BaseProcess] = {}
        self._busy: set[Connection] = set()
        self.has_died = False
        for _ in range(count):
            ours, theirs = context.Pipe()
            # A forked process has these open too, and would keep the others waiting for ever.
            inherited = [*self._processes, ours] if method == "fork" else []
            process = context.Process(  # type: ignore[attr-defined]
                target=_serve, args=(theirs, inherited, work), daemon=True
            )
            try:
                process.start()
            except OSError:  # there may be no more of them: those that there are do the work
                ours.close()
                break
            finally:
                theirs.close()
            self._processes[ours] = process

    def __len__(self) -> int:
        """How many processes there are: none, where the system refuses to start any."""
        return len(self._processes)

    def close(self) -> None:
        """End the processes."""
        for connection, process in self._processes.items():
            connection.close()
            if connection in self._busy:
                process.terminate()
            process.join()
        self._processes.clear()

    def tell(self, task: Task) -> None:
        """Have every process do this."""
        for _ in self._run({connection: [task] for connection in self._processes}, []):
            pass

    def ask(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Answer | None]]:
        """Each task with its answer, in any order; None if the process died of it."""
        waiting = list(reversed(tasks))
        yield from self._run({}, waiting)
        for task in reversed(waiting):
            yield task, None

    def _run(
        self, own: dict[Connection, list[Task]], waiting: list[Task]
    ) -> Iterator[tuple[Task, Answer | None]]:
        """Take tasks from the ends of the lists, until these are empty or no process is left."""
        from multiprocessing.connection import wait

        doing: dict[Connection, Task] = {}
        answered: list[tuple[Task, Answer | None]] = []
        while True:
            for connection in self._processes.keys() - doing.keys():
                source = own.get(connection) or waiting
                if source:
                    doing[connection] = source.pop()
                    self._send(connection, doing[connection])
            yield from answered
            if not doing:
                return
            ready = wait(list(doing))
            answered = [
                (doing.pop(connection), self._receive(connection))
                for connection in list(doing)
                if connection in ready
            ]

    def _send(self, connection: Connection, task: Task) -> None:
        self._busy.add(connection)
        with suppress(OSError):  # it has died: to receive from it says so
            connection.send(task)

    def _receive(self, connection: Connection) -> Answer | None:
        try:
            answer: Answer = connection.recv()
        except (EOFError, OSError):
            self.has_died = True
            self._processes.pop(connection).join()
            connection.close()
            return None
        finally:
            self._busy.discard(connection)
        return answer


def _serve(
    connection: Connection, inherited: Sequence[Connection], work: Callable[[Task], Answer]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    for one in inherited:
        one.close()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(work(task))
