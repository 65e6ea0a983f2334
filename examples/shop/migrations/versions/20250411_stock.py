"""stock of each product

Revision ID: 9e07d2c3a416
Revises: 4c1be0a97d52
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9e07d2c3a416"
down_revision = "4c1be0a97d52"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product", sa.Column("stock", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("product", "stock")
