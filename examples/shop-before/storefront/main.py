"""Start the shop; the schema is brought up to date on the way."""

from __future__ import annotations

import logging

from alembic import command
from alembic.config import Config

from storefront.db import open_session
from storefront.orders import orders_of

log = logging.getLogger(__name__)


def start() -> None:
    # Every replica does this when it starts. So far it has worked.
    command.upgrade(Config("alembic.ini"), "head")
    with open_session() as session:
        log.info("%d orders of the house", len(orders_of(session, "house")))


if __name__ == "__main__":
    start()
