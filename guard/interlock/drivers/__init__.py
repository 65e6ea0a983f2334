"""How the drivers of each database find their server; one module a database."""

from __future__ import annotations

from interlock.drivers import mysql, postgresql, sqlite

RULES = {
    "mysql": mysql.address,
    "postgresql": postgresql.address,
    "sqlite": sqlite.address,
}
"""By backend. `other.address` answers for the rest."""
