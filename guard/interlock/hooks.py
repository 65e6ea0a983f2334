"""
Where the guard takes hold of Alembic and SQLAlchemy, for the whole process.

Each hook replaces a method of a class: engines, contexts and environments that exist already are
under it too, and no listener can be taken away. Methods and not events, because a class-level
`before_execute` would cost each SELECT of the process; `Connection._execute_ddl` is reached by
DDL alone. All names are the same in SQLAlchemy 2.0 to 2.1 and Alembic
1.13 to 1.20; where one is missing the installation fails, and with it `import alembic`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from interlock.permits import Permit

__all__ = ["install"]

_done: set[str] = set()


def install() -> None:
    """
    Put the hooks in place, once.

    It may be called while Alembic is half imported: `MigrationContext` is taken hold of when the
    first one is made.
    """
    if "alembic" not in _done:
        _hold_operations()
        _done.add("alembic")
    install_for_ddl()


def install_for_ddl() -> None:
    """Put the hook of SQLAlchemy alone in place, once; nothing of Alembic is imported."""
    if "sqlalchemy" not in _done:
        _hold_ddl()
        _done.add("sqlalchemy")


# --- SQLAlchemy: structured DDL, on every engine --------------------------------------------


def _hold_ddl() -> None:
    from sqlalchemy.engine import Connection

    holder: Any = Connection
    execute = holder._execute_ddl  # noqa: SLF001 (the module says why)

    def _execute_ddl(self: Any, ddl: Any, *args: Any, **kwargs: Any) -> Any:
        if _is_temporary(ddl, self):
            made = execute(self, ddl, *args, **kwargs)
            _temporary(self).add(ddl.element)
            return made
        _require(self, f"{type(ddl).__name__} through SQLAlchemy")
        return execute(self, ddl, *args, **kwargs)

    holder._execute_ddl = _execute_ddl  # noqa: SLF001


def _is_temporary(construct: Any, connection: Any) -> bool:
    """Tell whether a table is created that is gone with its session, or an index on such a one."""
    from sqlalchemy.schema import CreateIndex, CreateTable

    if isinstance(construct, CreateIndex):
        return construct.element.table in _temporary(connection)
    if not isinstance(construct, CreateTable):
        return False
    prefixes = getattr(construct.element, "_prefixes", ())
    return " ".join(map(str, prefixes)).upper() in {"TEMP", "TEMPORARY"}


def _temporary(connection: Any) -> WeakSet[Any]:
    """The temporary tables that were created in the session of a connection."""
    found: WeakSet[Any] = connection.connection.info.setdefault("interlock.temporary", WeakSet())
    return found


# --- Alembic: operations, steps and the version table ---------------------------------------


def _hold_operations() -> None:
    from alembic.ddl.impl import DefaultImpl

    impl: Any = DefaultImpl
    initialise, execute, start = impl.__init__, impl._exec, impl.start_migrations  # noqa: SLF001

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        if "context" not in _done:
            _hold_steps()
            _pass_by_ledger()
            _done.add("context")
        initialise(self, *args, **kwargs)

    def _exec(self: Any, construct: Any, *args: Any, **kwargs: Any) -> Any:
        if self.as_sql or _reads(construct):
            return execute(self, construct, *args, **kwargs)
        with _looking(self.context_opts):
            _require(self.connection, "an operation of Alembic")
            return execute(self, construct, *args, **kwargs)

    def start_migrations(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.as_sql and not _reads_only(self.context_opts):
            with _looking(self.context_opts):
                _require(self.connection, f"`alembic {_command(self.context_opts)}`")
        return start(self, *args, **kwargs)

    impl.__init__ = __init__
    impl._exec = _exec  # noqa: SLF001
    impl.start_migrations = start_migrations


def _hold_steps() -> None:
    from alembic.runtime.migration import MigrationContext

    context: Any = MigrationContext
    run, stamp = context.run_migrations, context.stamp

    def run_migrations(self: Any, **kwargs: Any) -> None:
        steps = self._migrations_fn
        if steps is None or self.as_sql:
            run(self, **kwargs)
            return
        self._migrations_fn = _planned(steps, self)
        try:
            with _looking(self.opts), _watched(self):
                run(self, **kwargs)
        finally:
            self._migrations_fn = steps

    def _stamp(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.as_sql:
            return stamp(self, *args, **kwargs)
        with _looking(self.opts):
            _require(self.connection, "a stamp of the version table")
            return stamp(self, *args, **kwargs)

    context.run_migrations = run_migrations
    context.stamp = _stamp


def _pass_by_ledger() -> None:
    """Keep autogenerate from dropping our table, which no model of the application knows."""
    from alembic.autogenerate.api import AutogenContext

    from interlock.steps.ledger import TABLE

    context: Any = AutogenContext
    passes = context.run_name_filters

    def run_name_filters(self: Any, name: Any, type_: str, parent_names: Any) -> bool:
        if type_ == "table" and name == TABLE:
            return False
        return bool(passes(self, name, type_, parent_names))

    context.run_name_filters = run_name_filters


def _watched(context: Any) -> AbstractContextManager[None]:
    """Let the permit that is held stand around the steps, if they are any."""
    from interlock.permits import current

    permit = None if _reads_only(context.opts) else current()
    return nullcontext() if permit is None else permit.watch(context)


def _planned(steps: Callable[..., Iterable[Any]], context: Any) -> Callable[..., Iterator[Any]]:
    """Let the steps of a run pass only under a permit whose plan holds them, in its order."""

    def planned(*args: Any, **kwargs: Any) -> Iterator[Any]:
        done = 0
        for step in steps(*args, **kwargs):
            permit = _require(context.connection, f"the step {step}")
            if permit is not None:
                done = _place(step, permit, done)
            yield step

    return planned


def _place(step: Any, permit: Permit, done: int) -> int:
    """Return how far the plan is after a step that it holds."""
    from interlock.refused import Refused

    revision = getattr(getattr(step, "revision", None), "revision", None)
    if step.is_upgrade and not _is_stamp(step) and revision in permit.revisions[done:]:
        return permit.revisions.index(revision, done) + 1
    raise Refused(
        f"the step {step}",
        why="The plan that was verified does not hold it here, and a permit is for one plan.",
        missing="a receipt of a verification that covers this step",
        next_step=f"interlock verify {permit.database}",
    )


def _is_stamp(step: Any) -> bool:
    return type(step).__name__ == "StampStep"


# --- what Alembic is about to do ------------------------------------------------------------

# The functions that Alembic's read-only commands run in an environment. A wrong guess here lets
# no change through: steps, operations and DDL are judged on their own.
_READERS = frozenset({"retrieve_migrations", "display_version"})

_READING_TEXT = r"\s*(?:SET|SHOW|SELECT)\b(?!.*\bINTO\b)[^;]*;?\s*"


def _reads_only(opts: Mapping[str, Any]) -> bool:
    function = opts.get("fn")
    return bool(opts.get("dont_mutate")) or (
        getattr(function, "__module__", None) == "alembic.command"
        and getattr(function, "__name__", None) in _READERS
    )


def _reads(construct: Any) -> bool:
    """Tell whether a statement only reads or sets the session, as some env.py do."""
    if getattr(construct, "is_select", False):
        return True
    text = construct if isinstance(construct, str) else getattr(construct, "text", None)
    return isinstance(text, str) and bool(re.fullmatch(_READING_TEXT, text, re.I | re.S))


def _command(opts: Mapping[str, Any]) -> str:
    name = str(getattr(opts.get("fn"), "__qualname__", "")).partition(".")[0]
    return name or "run_migrations"


# Nothing of the judgement is imported before there is something to judge.


def _looking(opts: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Let the contract of the repository count in which the migrations lie."""
    from interlock.root import looking_at

    folder = getattr(opts.get("script"), "dir", None)
    return looking_at() if folder is None else looking_at(Path(folder).absolute())


def _require(connection: Any, what: str) -> Permit | None:
    from interlock.judgement import require_permit

    return require_permit(connection, what)
