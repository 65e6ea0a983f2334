"""Under a permit: one database, one plan, one block, and nothing beside it."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = """
import sqlite3, sqlalchemy as sa
from alembic import command
from alembic.config import Config
from interlock.permits import Permit, holding

def identify(connection):
    return connection.exec_driver_sql("PRAGMA database_list").fetchone()[2]

config = Config("alembic.ini")
live = identify(sa.create_engine("sqlite:///live/shop.db").connect())
permit = Permit("production", live, "digest", ("b2",), identify)
"""


def test_the_plan_passes(shop: Any) -> None:
    shown = shop.code(f"{HEAD}\nwith holding(permit): command.upgrade(config, 'head')")

    assert shown.returncode == 0, shown.stderr
    assert any("stock" in line for line in shop.schema())


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("with holding(permit): command.downgrade(config, 'base')", "The plan that was verified"),
        ("with holding(permit): command.stamp(config, 'head')", "The plan that was verified"),
        (
            "from dataclasses import replace\n"
            "with holding(replace(permit, revisions=('a1',))): command.upgrade(config, 'head')",
            "The plan that was verified",
        ),
        (
            "from dataclasses import replace\n"
            "with holding(replace(permit, identity='x')): command.upgrade(config, 'head')",
            "leads to another database",
        ),
        (
            "from dataclasses import replace\n"
            "with holding(replace(permit, database='other')): command.upgrade(config, 'head')",
            "leads to another database",
        ),
        ("with holding(permit): pass\ncommand.upgrade(config, 'head')", "under no permit"),
        (
            "import threading\n"
            "with holding(permit):\n"
            "    t = threading.Thread(target=command.upgrade, args=(config, 'head'))\n"
            "    t.start(); t.join()\n"
            "raise SystemExit(1)",
            "under no permit",
        ),
        (
            "import os\n"
            "with holding(permit):\n"
            "    if not os.fork(): command.upgrade(config, 'head')\n"
            "    raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))",
            "under no permit",
        ),
        (
            "def later():\n"
            "    with holding(permit): yield\n"
            "waiting = later(); next(waiting); waiting.close()\n"
            "command.upgrade(config, 'head')",
            "under no permit",
        ),
    ],
)
def test_everything_else_is_refused(code: str, why: str, shop: Any) -> None:
    before = shop.schema()

    shown = shop.code(f"{HEAD}\n{code}")

    assert shown.returncode != 0
    assert why in shown.stderr, shown.stderr
    assert shop.schema() == before
