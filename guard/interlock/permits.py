"""The right to migrate one database once, held in memory and nowhere else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

__all__ = ["Permit", "current", "holding"]


@dataclass(frozen=True, slots=True)
class Permit:
    """
    What a valid chain of receipts allows.

    Attributes:
        database: Its name in the contract.
        identity: What `identify` said of the database that was verified and backed up.
        plan: The digest of what will be executed.
        revisions: The revisions of the plan, in the order in which they are applied.
        identify: Reads the identity of the database at the other end of a connection.
        watch: Stands around the steps that Alembic takes in one migration context.
    """

    database: str
    identity: str
    plan: str
    revisions: tuple[str, ...]
    identify: Callable[[Connection], str]
    watch: Callable[[MigrationContext], AbstractContextManager[None]] = lambda _: nullcontext()


@dataclass(slots=True)
class _Lease:
    """A permit while its block lasts: copies of the context may live on, in tasks and threads."""

    permit: Permit
    process: int = field(default_factory=os.getpid)
    thread: int = field(default_factory=threading.get_ident)
    open: bool = True


_lease: ContextVar[_Lease | None] = ContextVar("interlock_permit", default=None)


@contextmanager
def holding(permit: Permit) -> Iterator[Permit]:
    """Hold a permit for the length of a block; blocks within each other hold the innermost."""
    lease = _Lease(permit)
    token = _lease.set(lease)
    try:
        yield permit
    finally:
        lease.open = False
        _lease.reset(token)


def current() -> Permit | None:
    """
    Return the permit that this code runs under.

    None in a process that was forked off within the block, and in another thread, even one that
    was given a copy of the context (`asyncio.to_thread`; each thread of a Python that inherits it).
    """
    lease = _lease.get()
    if lease is None or not lease.open:
        return None
    here = os.getpid(), threading.get_ident()
    return lease.permit if (lease.process, lease.thread) == here else None
