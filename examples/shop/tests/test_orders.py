from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from shop.db import make_engine, open_session
from shop.models import Base, Product
from shop.orders import OutOfStock, orders_of, place_order


@pytest.fixture
def session() -> Iterator[Session]:
    engine = make_engine("sqlite://")
    Base.metadata.create_all(engine)
    with open_session(engine) as session:
        session.add(Product(sku="tea", title="Tea", price_cents=450, stock=3))
        session.commit()
        yield session
    engine.dispose()


def test_an_order_takes_its_pieces_from_the_stock(session: Session) -> None:
    order = place_order(session, "Ada", {"tea": 2})

    assert order.total_cents == 900
    assert session.get_one(Product, "tea").stock == 1
    assert [one.id for one in orders_of(session, "Ada")] == [order.id]


def test_an_order_for_more_than_there_is_is_refused(session: Session) -> None:
    with pytest.raises(OutOfStock, match="4 ordered, 3 left"):
        place_order(session, "Ada", {"tea": 4})
