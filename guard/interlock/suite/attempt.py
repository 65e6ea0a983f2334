"""
One attempt in a process of its own: `python -m interlock.suite.attempt WHAT ...`.

It does what a developer, a script or an agent would do, in the copy of a repository, and ends with
3 where that was refused. Nothing imports this module.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import interlock
from interlock.suite import ASKED


def run_alembic(*words: str) -> None:
    """As `python -m alembic WORDS`."""
    sys.argv[1:] = words
    runpy.run_module("alembic", run_name="__main__", alter_sys=True)


def upgrade(alembic: str) -> None:
    """Call Alembic's API, as any module could."""
    from alembic import command

    from interlock.steps.environment import config_for

    command.upgrade(config_for(Path.cwd(), alembic), "head")


def migrate(file: str) -> None:
    """Hand a receipt to `interlock.migrate`."""
    from interlock.steps.receipts import receipt_from

    interlock.migrate(receipt_from(Path(file).read_bytes()))


def back_up(file: str) -> None:
    """Hand a receipt to `interlock.backup`."""
    from interlock.steps.receipts import receipt_from

    interlock.backup(receipt_from(Path(file).read_bytes()))


def where(alembic: str) -> None:
    """Print the SQLite file that env.py opens, or as the last line why there is none."""
    from interlock.steps.environment import config_for, look

    try:
        print(look(config_for(Path.cwd(), alembic)).engine.url.database)  # noqa: T201
    except Exception as error:  # noqa: BLE001 - env.py is the repository's code
        sys.exit(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


def validate(url: str) -> None:
    interlock.validate_database_url(url)


def build(factory: str, url: str) -> None:
    """Ask a guarded factory for an engine, while SQLAlchemy's own end the process."""
    import sqlalchemy
    import sqlalchemy.ext.asyncio

    asked: Any = _asked
    for place in sqlalchemy, sqlalchemy.ext.asyncio:
        for name in vars(place).keys() & _FACTORIES:
            setattr(place, name, asked)
    guarded = getattr(interlock, factory)
    guarded({"sqlalchemy.url": url} if factory.endswith("from_config") else url)


_FACTORIES = frozenset(
    {"create_engine", "create_async_engine", "engine_from_config", "async_engine_from_config"}
)


def _asked(*_: object, **__: object) -> NoReturn:
    sys.exit(ASKED)


_ATTEMPTS: dict[str, Callable[..., None]] = {
    "alembic": run_alembic,
    "backup": back_up,
    "build": build,
    "migrate": migrate,
    "upgrade": upgrade,
    "validate": validate,
    "where": where,
}

if __name__ == "__main__":
    try:
        _ATTEMPTS[sys.argv[1]](*sys.argv[2:])
    except interlock.Refused as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201
        sys.exit(3)
