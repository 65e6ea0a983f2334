from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence


class MigrationWithoutPermit(Check):
    """
    A permit ties one migration to one verification and one backup, and is open for one block.

    Being the approved module is necessary, not sufficient. Nor is it enough to stand near a permit:
    the migration has to be executed inside the block, on every path, and not by something
    that was only made there and runs when the permit is closed again.
    """

    code = "IL401"
    name = "migration-without-permit"
    clause = "C4"
    summary = "a migration in the deploy module that is not executed inside `interlock.permit`"
    remedy = (
        "call it inside `with interlock.permit(receipt):`, or call `interlock.migrate(receipt)`, "
        "which does that"
    )

    bad = {
        "steps, but no permit": """
            # pyproject.toml: deploy-module = "app.example"
            import interlock
            from alembic import command

            def deploy(config, target: str) -> None:
                interlock.backup(interlock.verify(target))
                command.upgrade(config, "head")  # IL401
        """,
        "after the block": """
            # pyproject.toml: deploy-module = "app.example"
            import interlock
            from alembic import command

            def deploy(config, target: str) -> None:
                with interlock.permit(interlock.backup(interlock.verify(target))):
                    command.current(config)
                command.upgrade(config, "head")  # IL401
        """,
        "made inside, run later": """
            # pyproject.toml: deploy-module = "app.example"
            import interlock
            from alembic import command

            def plan(config, target: str) -> list:
                with interlock.permit(interlock.backup(interlock.verify(target))):
                    return [lambda: command.upgrade(config, "head")]  # IL401

            def deploy(config, target: str) -> None:
                for step in plan(config, target):
                    step()
        """,
        "handed to a thread": """
            # pyproject.toml: deploy-module = "app.example"
            import threading
            import interlock
            from alembic import command

            def deploy(config, target: str) -> None:
                with interlock.permit(interlock.backup(interlock.verify(target))):
                    threading.Thread(target=command.upgrade, args=(config, "head")).start()  # IL401
        """,
        "on the way out": """
            # pyproject.toml: deploy-module = "app.example"
            import interlock
            from alembic import command

            def deploy(config, target: str) -> None:
                try:
                    receipt = interlock.backup(interlock.verify(target))
                finally:
                    command.upgrade(config, "head")  # IL401
        """,
    }
    good = {
        "inside the block": """
            # pyproject.toml: deploy-module = "app.example"
            import interlock
            from alembic import command

            def deploy(config, target: str) -> None:
                receipt = interlock.backup(interlock.verify(target))
                with interlock.permit(receipt):
                    command.upgrade(config, "head")
        """,
        "in a function that only the block calls": """
            # pyproject.toml: deploy-module = "app.example"
            import interlock
            from alembic import command

            def upgrade(config) -> None:
                command.upgrade(config, "head")

            def deploy(config, target: str) -> None:
                with interlock.permit(interlock.backup(interlock.verify(target))):
                    upgrade(config)
        """,
        "a permit that a stack of contexts holds open": """
            # pyproject.toml: deploy-module = "app.example"
            import contextlib
            import interlock
            from alembic import command

            def deploy(config, target: str) -> None:
                receipt = interlock.backup(interlock.verify(target))
                with contextlib.ExitStack() as stack:
                    stack.enter_context(interlock.permit(receipt))
                    command.upgrade(config, "head")
        """,
        "the script only, which runs nothing": """
            # pyproject.toml: deploy-module = "app.example"
            from alembic import command

            def show(config) -> None:
                command.upgrade(config, "head", sql=True)
        """,
    }

    def message(self, offence: Offence) -> str:
        if offence.manner == "handed on":
            return f"`{offence.sink}` is handed on, and may run when no permit is open"
        return f"`{offence.sink}` runs on a path on which no permit is open"
