"""products and orders

Revision ID: 4c1be0a97d52
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4c1be0a97d52"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("sku", sa.String(32), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
    )
    op.create_table(
        "order",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer", sa.String(200), nullable=False),
        sa.Column("placed_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "order_line",
        sa.Column("order_id", sa.Integer, sa.ForeignKey("order.id"), primary_key=True),
        sa.Column("sku", sa.String(32), sa.ForeignKey("product.sku"), primary_key=True),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("order_line")
    op.drop_table("order")
    op.drop_table("product")
