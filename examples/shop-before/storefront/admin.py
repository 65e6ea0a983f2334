"""Support can repair the schema from the admin page."""

from __future__ import annotations

from alembic import command
from alembic.config import Config


def schema_action(action: str, revision: str) -> str:
    run = getattr(command, action)
    run(Config("alembic.ini"), revision)
    return f"{action} {revision}: done"
