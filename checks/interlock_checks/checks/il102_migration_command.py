"""IL102: a process that runs a migration command."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence


class MigrationCommand(Check):
    """
    A process is only a longer way to the same database: `alembic upgrade head` in a subprocess
    reads the same configuration and takes the URL that happens to be in the environment.

    Command lines are read as the shell would read them: through `bash -c`, `env`, `poetry run` and
    the like, as lists and as strings. A word that is not known counts as the worst that it can be.
    """

    code = "IL102"
    name = "migration-command"
    clause = "C1"
    summary = "process that runs a migration command, started outside the deploy module"
    remedy = (
        "call the module that `deploy-module` names in the contract instead of starting a process; "
        "the migration itself belongs there"
    )

    bad = {
        "a list of words": """
            import subprocess

            subprocess.run(["alembic", "upgrade", "head"], check=True)  # IL102
        """,
        "a line for the shell": """
            import os

            os.system("cd /srv/app && alembic upgrade head")  # IL102
        """,
        "the module instead of the script": """
            import subprocess
            import sys

            subprocess.check_call([sys.executable, "-m", "alembic", "downgrade", "-1"])  # IL102
        """,
        "behind other commands": """
            import subprocess

            def release():
                subprocess.run(  # IL102
                    ["env", "APP_ENV=production", "poetry", "run", "flask", "db", "upgrade"],
                    check=True,
                )
        """,
        "from a coroutine": """
            import asyncio

            async def migrate():
                await asyncio.create_subprocess_exec("alembic", "upgrade", "head")  # IL102
        """,
        "in a nox session": """
            import nox

            @nox.session
            def database(session):
                session.run("alembic", "upgrade", "head")  # IL102
        """,
        "a command line that is called as a function": """
            from flask import current_app

            def migrate():
                current_app.test_cli_runner().invoke(args=["db", "upgrade"])  # IL102
        """,
        "by a function of computed name": """
            import os

            def start(how):
                getattr(os, how)("alembic upgrade head")  # IL102
        """,
    }
    good = {
        "reading is free": """
            import subprocess

            def heads():
                return subprocess.check_output(["alembic", "heads"], text=True)
        """,
        "other commands of an application": """
            from flask import current_app

            def routes():
                return current_app.test_cli_runner().invoke(args=["routes"]).output
        """,
        "writing a migration script": """
            import subprocess

            def revise(message):
                subprocess.run(["alembic", "revision", "--autogenerate", "-m", message], check=True)
        """,
        "another program with such words": """
            import subprocess

            subprocess.run(["pip", "install", "--upgrade", "alembic"], check=True)
        """,
        "the deploy module": """
            # pyproject.toml: deploy-module = "app.example"
            import subprocess

            def deploy():
                subprocess.run(["alembic", "upgrade", "head"], check=True)
        """,
    }

    def message(self, offence: Offence) -> str:
        # The command comes with its own back quotes, and with what is computed about it.
        return f"{offence.sink} {offence.manner} outside the deploy module"
