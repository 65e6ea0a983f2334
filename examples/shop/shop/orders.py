"""What the shop does all day. Nothing here knows how a schema changes."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from shop.models import Order, OrderLine, Product


class OutOfStock(Exception):
    """Fewer pieces are left than an order asks for."""


def place_order(session: Session, customer: str, basket: Mapping[str, int]) -> Order:
    order = Order(customer=customer)
    for sku, quantity in basket.items():
        product = session.get_one(Product, sku, with_for_update=True)
        if product.stock < quantity:
            raise OutOfStock(f"{product.title}: {quantity} ordered, {product.stock} left")
        product.stock -= quantity
        order.lines.append(OrderLine(sku=sku, quantity=quantity, price_cents=product.price_cents))
    session.add(order)
    session.commit()
    return order


def orders_of(session: Session, customer: str) -> list[Order]:
    query = select(Order).where(Order.customer == customer).options(selectinload(Order.lines))
    return list(session.scalars(query.order_by(Order.placed_at)))
