"""A connection of our own beside the one that migrates, through the engine that env.py built."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

__all__ = ["Session"]


class Session:
    """
    One connection with its session state, for as long as the block lasts.

    An asynchronous driver is driven from a thread with a loop of its own, because a step may be
    called where a loop is already running.
    """

    def __init__(self, engine: Engine, isolation_level: str = "AUTOCOMMIT") -> None:
        self._engine = engine
        self._level = isolation_level

    def __enter__(self) -> Self:
        self._thread: ThreadPoolExecutor | None = None
        if not self._engine.dialect.is_async:
            self._connection: Connection = self._engine.connect()
            self._connection.execution_options(isolation_level=self._level)
            return self
        self._thread = ThreadPoolExecutor(1, "interlock")
        try:
            self._runner = self._thread.submit(asyncio.Runner).result()
            self._thread.submit(self._open).result()
        except BaseException:
            self._leave()
            raise
        return self

    def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Execute one statement, with `:name` for a value, and return its rows as tuples."""
        if self._thread is None:
            return _rows(self._connection, statement, values)
        return self._thread.submit(self._ask, statement, values).result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is None:
            # Never back into a pool: what the session held has to end with it.
            self._connection.detach()
            self._connection.close()
            return
        try:
            self._thread.submit(self._close).result()
        finally:
            self._leave()

    # --- in the thread ----------------------------------------------------------------------

    def _open(self) -> None:
        from sqlalchemy.ext.asyncio import AsyncEngine

        async def connect() -> Any:
            engine = AsyncEngine(self._engine)
            # Its pool may keep connections of a loop that has ended.
            await engine.dispose(close=False)
            connection = await engine.connect()
            await connection.execution_options(isolation_level=self._level)
            return connection

        self._async = self._runner.run(connect())

    def _ask(self, statement: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        async def ask() -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = await self._async.run_sync(_rows, statement, values)
            return found

        return self._runner.run(ask())

    def _close(self) -> None:
        async def close() -> None:
            await self._async.invalidate()
            await self._async.close()

        self._runner.run(close())

    def _leave(self) -> None:
        if self._thread is not None:
            if hasattr(self, "_runner"):
                self._thread.submit(self._runner.close).result()
            self._thread.shutdown()


def _rows(
    connection: Connection, statement: str, values: dict[str, object]
) -> list[tuple[Any, ...]]:
    from sqlalchemy import text

    result = connection.execute(text(statement), values)
    return [tuple(row) for row in result] if result.returns_rows else []
