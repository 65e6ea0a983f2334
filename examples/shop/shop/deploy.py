"""The only module that may migrate: `deploy-module` in pyproject.toml."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

import interlock

CONFIG = Path(__file__).resolve().parent.parent / "alembic.ini"


def deploy(target: str) -> None:
    receipt = interlock.backup(interlock.verify(target))
    with interlock.permit(receipt):
        command.upgrade(Config(str(CONFIG)), "head")


if __name__ == "__main__":
    deploy(sys.argv[1])
