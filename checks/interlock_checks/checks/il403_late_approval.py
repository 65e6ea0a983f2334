from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence


class LateApproval(Check):
    """
    Alembic runs env.py for every command and whoever gives it, so that is where to ask.

    `interlock.require_approval()` is a gate: a gate behind the first step is a formality. It comes
    before the engine is built and before each `run_migrations` that control can reach, offline
    mode included; it lets through what needs no approval.
    """

    code = "IL403"
    name = "late-approval"
    clause = "C4"
    summary = "env.py builds an engine or runs migrations before it asks for approval"
    remedy = "call `interlock.require_approval()` at the top of env.py, before anything else"
    path = "migrations/env.py"

    bad = {
        "after the engine": """
            # pyproject.toml: migrations = ["migrations"]
            import interlock
            from alembic import context

            engine = interlock.engine_from_config({"sqlalchemy.url": "sqlite://"})  # IL403
            interlock.require_approval()
            with engine.connect() as connection:
                context.configure(connection=connection)
                context.run_migrations()
        """,
        "in one of two modes": """
            # pyproject.toml: migrations = ["migrations"]
            import interlock
            from alembic import context

            def offline() -> None:
                context.configure(url="postgresql://db/shop")
                context.run_migrations()  # IL403

            def online() -> None:
                interlock.require_approval()
                with interlock.create_engine("postgresql://db/shop").connect() as connection:
                    context.configure(connection=connection)
                    context.run_migrations()

            offline() if context.is_offline_mode() else online()
        """,
        "never": """
            # pyproject.toml: migrations = ["migrations"]
            import interlock
            from alembic import context

            with interlock.create_engine("postgresql://db/shop").connect() as connection:  # IL403
                context.configure(connection=connection)
                context.run_migrations()
        """,
        "asked of nobody": """
            # pyproject.toml: migrations = ["migrations"]
            import interlock
            from alembic import context

            async def approve() -> None:
                interlock.require_approval()

            approve()
            context.run_migrations()  # IL403
        """,
    }
    good = {
        "first of all": """
            # pyproject.toml: migrations = ["migrations"]
            import interlock
            from alembic import context

            interlock.require_approval()

            def offline() -> None:
                context.configure(url="postgresql://db/shop")
                context.run_migrations()

            def online() -> None:
                with interlock.create_engine("postgresql://db/shop").connect() as connection:
                    context.configure(connection=connection)
                    context.run_migrations()

            offline() if context.is_offline_mode() else online()
        """,
        "in an environment that is asynchronous": """
            # pyproject.toml: migrations = ["migrations"]
            import asyncio
            import interlock
            from alembic import context

            interlock.require_approval()

            def run(connection) -> None:
                context.configure(connection=connection)
                context.run_migrations()

            async def main() -> None:
                engine = interlock.create_async_engine("postgresql+asyncpg://db/shop")
                async with engine.connect() as connection:
                    await connection.run_sync(run)

            asyncio.run(main())
        """,
    }

    def message(self, offence: Offence) -> str:
        if offence.manner == "never":
            return f"`{offence.sink}` runs, and nothing asks for approval"
        return f"`{offence.sink}` runs on a path on which approval was not asked for before"
