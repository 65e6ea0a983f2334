"""IL201: an engine that does not come from the factory."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence
from interlock_checks.wording import used


class UnguardedEngine(Check):
    """
    An engine connects to whatever its URL says at that moment: to production, if that is what the
    environment of this shell holds. Where engines are built in one place, that place can judge the
    URL; an engine built anywhere else was judged by nobody.

    Any use counts, not only a call: a constructor that is stored or passed on builds an engine
    later.
    """

    code = "IL201"
    name = "unguarded-engine"
    clause = "C3"
    summary = "engine or pool built outside the engine factory"
    remedy = (
        "get the engine from the function that `engine-factory` names in the contract, or from "
        "interlock's function of the same name (`interlock.create_engine`), which judges the URL "
        "first; or take an engine as an argument"
    )

    bad = {
        "at the top of a module": """
            import os
            from sqlalchemy import create_engine

            engine = create_engine(os.environ["DATABASE_URL"])  # IL201
        """,
        "in a worker": """
            import sqlalchemy as sa

            def task(settings, query):
                with sa.create_engine(settings.url).connect() as connection:  # IL201
                    return connection.execute(query).all()
        """,
        "an asynchronous engine": """
            from sqlalchemy.ext.asyncio import create_async_engine

            async def session(url):
                return create_async_engine(url, pool_pre_ping=True)  # IL201
        """,
        "from a configuration": """
            from sqlalchemy import engine_from_config

            def includeme(config):
                return engine_from_config(config.registry.settings, "sqlalchemy.")  # IL201
        """,
        "the constructor as a default": """
            from sqlalchemy import create_engine

            def open_database(url, build=create_engine):  # IL201
                return build(url)
        """,
        "a library that is given the address": """
            import os
            import pandas as pd
            from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore

            orders = pd.read_sql("select * from orders", os.environ["DATABASE_URL"])  # IL201
            jobs = SQLAlchemyJobStore(url="postgresql://db/jobs")  # IL201
        """,
        "through SQLModel": """
            from sqlmodel import create_engine

            engine = create_engine("postgresql://db/shop")  # IL201
        """,
    }
    good = {
        "the engine factory": """
            # pyproject.toml: engine-factory = "app.example:make_engine"
            from sqlalchemy import create_engine

            def make_engine(url):
                return create_engine(url, pool_pre_ping=True)
        """,
        "an engine that is given": """
            from sqlalchemy import Engine, text

            def ping(engine: Engine) -> None:
                with engine.connect() as connection:
                    connection.execute(text("select 1"))
        """,
        "an engine from the own factory": """
            from app.db import make_engine

            engine = make_engine()
        """,
        "a library that is given the engine": """
            import pandas as pd
            from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
            from app.db import make_engine

            orders = pd.read_sql("select * from orders", make_engine())
            notes = pd.read_sql("select * from notes", con="sqlite:///notes.db")
            jobs = SQLAlchemyJobStore(engine=make_engine())
        """,
        "an asynchronous face for an engine": """
            from sqlalchemy.ext.asyncio import AsyncEngine
            from app.db import make_engine

            engine = AsyncEngine(make_engine())
        """,
        "an engine that never connects": """
            from sqlalchemy import create_mock_engine

            def script(metadata):
                mock = create_mock_engine("postgresql://", lambda sql, *args: print(sql))
                return mock.dialect
        """,
        "listening to engines": """
            from sqlalchemy import Engine, event

            @event.listens_for(Engine, "connect")
            def connected(connection, record):
                record.info["ready"] = True
        """,
    }

    def message(self, offence: Offence) -> str:
        return f"{used(offence)} outside the engine factory"
