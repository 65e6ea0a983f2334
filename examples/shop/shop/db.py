"""The one place where an engine is built: `engine-factory` in pyproject.toml.

Interlock's own factory judges the URL first: outside of production no engine leads there.
"""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

import interlock


def database_url() -> str:
    return os.environ.get("DATABASE_URL", "sqlite:///shop.db")


def make_engine(url: str | None = None) -> Engine:
    engine = interlock.create_engine(url or database_url())

    @event.listens_for(engine, "connect")
    def enforce_foreign_keys(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def open_session(engine: Engine) -> Session:
    return Session(engine, expire_on_commit=False)
