"""
The repository's own env.py, run without changing anything.

Which database a migration would reach, where its version table is and how it is opened is decided
by env.py and by nothing else. So the steps ask env.py, instead of a second declaration that could
disagree with it. It runs the way `alembic current` runs it.
"""

from __future__ import annotations

import inspect
import io
import logging
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Connection, Engine

__all__ = ["Environment", "Unusable", "config_for", "look", "rendered", "upgrades"]


class Unusable(Exception):
    """An Alembic environment that no step can work with; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """
    What env.py connected to.

    Attributes:
        heads: The revisions in the version table.
        engine: The engine that env.py built; of an asynchronous one, its synchronous side.
        schema: The schema of the version table, None for the default one.
        seen: What `look` was asked to read there.
    """

    heads: tuple[str, ...]
    engine: Engine
    schema: str | None
    seen: Any


def config_for(root: Path, alembic: str) -> Config:
    """
    Open an Alembic configuration.

    Args:
        root: The root of the repository.
        alembic: `file.ini` or `file.ini:section`, as the contract writes it.

    Raises:
        Unusable: There is none.
    """
    from alembic.config import Config

    file, _, section = alembic.partition(":")
    path = root / file
    options: dict[str, Any] = {"file_": path, "ini_section": section or "alembic"}
    declared = _declared_in_pyproject(root)
    if declared and "toml_file" in inspect.signature(Config.__init__).parameters:
        options["toml_file"] = str(root / "pyproject.toml")
    elif not path.is_file():
        raise Unusable(f"there is no {file} in {root.name}/")
    options["file_"] = str(path)
    config = Config(**options)
    if path.is_file() and not config.file_config.has_section(config.config_ini_section):
        raise Unusable(f"{file} has no section [{config.config_ini_section}]")
    return config


def _declared_in_pyproject(root: Path) -> bool:
    try:
        document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document.get("tool"), dict) and "alembic" in document["tool"]


def look(
    config: Config, read: Callable[[Connection, MigrationContext], Any] | None = None
) -> Environment:
    """
    Run env.py as `alembic current` does, and read something over its connection.

    Args:
        config: From `config_for`.
        read: Called once, while the connection is open.

    Raises:
        Unusable: env.py opened no database, or several, or its configuration is broken.
    """
    found: list[Environment] = []

    def fn(heads: tuple[str, ...], context: MigrationContext) -> list[Any]:
        connection = context.connection
        if connection is None:
            raise Unusable("env.py configured no connection")
        seen = None if read is None else read(connection, context)
        found.append(
            Environment(tuple(sorted(heads)), connection.engine, context.version_table_schema, seen)
        )
        return []

    _run(config, fn, dont_mutate=True)
    if not found:
        raise Unusable("env.py ended without context.run_migrations(), so it migrates nothing")
    if len(found) > 1:
        raise Unusable(
            f"env.py opened {len(found)} databases in one run, and a receipt is for one: "
            "give each database a section of its own in the ini, and name it in the contract"
        )
    return found[0]


def rendered(config: Config, start: tuple[str, ...], end: str) -> dict[str, str]:
    """
    Return the SQL of each revision from start to end, as `alembic upgrade --sql` would write it.

    Raises:
        Exception: A migration, or env.py, cannot be run without a database; any of theirs.
    """
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    buffer = io.StringIO()
    texts: dict[str, str] = {}

    def fn(heads: tuple[str, ...], _context: MigrationContext) -> Iterator[Any]:
        for step in upgrades(script, end, heads):
            position = buffer.tell()
            yield step
            texts[step.revision.revision] = buffer.getvalue()[position:]

    before, config.output_buffer = config.output_buffer, buffer
    try:
        _run(config, fn, as_sql=True, starting_rev=start or None, destination_rev=end)
    finally:
        config.output_buffer = before
    return texts


def _run(config: Config, fn: Callable[..., Any], **options: Any) -> None:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    try:
        script = ScriptDirectory.from_config(config)
        with _silent(), EnvironmentContext(config, script, fn=fn, **options):
            script.run_env()
    except CommandError as error:
        raise Unusable(str(error)) from error
    except SystemExit as error:
        raise Unusable(f"env.py ended the process, with {error.code!r}, and did nothing") from error


@contextmanager
def _silent() -> Iterator[None]:
    """Keep Alembic from saying "Running upgrade" of what is only looked at or rendered."""
    logger = logging.getLogger("alembic.runtime.migration")

    def nothing(_: logging.LogRecord) -> bool:
        return False

    # A filter, because env.py configures logging in between, and that sets levels and handlers.
    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)


def upgrades(script: ScriptDirectory, end: str, heads: tuple[str, ...]) -> list[Any]:
    """Return the steps that `alembic upgrade` would take, in order; raises CommandError."""
    # This is what alembic.command.upgrade calls; there is no public name for it.
    return cast("list[Any]", script._upgrade_revs(end, cast(str, heads)))  # noqa: SLF001
