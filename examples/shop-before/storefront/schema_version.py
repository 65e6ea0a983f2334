"""Skip ahead when a migration is known to have been done by hand."""

from __future__ import annotations

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Integer

from storefront.db import engine


def add_stock_by_hand() -> None:
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.add_column("product", Column("stock", Integer, server_default="0"))
