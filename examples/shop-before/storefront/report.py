"""The nightly report reads production directly, because the pool was once exhausted."""

from __future__ import annotations

import os

import psycopg

REVENUE = "SELECT sum(quantity * price_cents) FROM order_line"


def revenue_cents() -> int:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute(REVENUE).fetchone()
    return int(row[0] or 0) if row else 0
