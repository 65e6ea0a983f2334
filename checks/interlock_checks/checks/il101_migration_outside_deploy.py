"""IL101: the migration API used outside the deploy module."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence
from interlock_checks.wording import used


class MigrationOutsideDeploy(Check):
    """
    A migration that starts anywhere else starts without a verified target and without a backup, and
    nobody is told.

    Any use counts, not only a call: a command that is stored, passed on or wrapped will be called
    by code that nobody can follow. So does a module that holds the commands, once it is given away.
    """

    code = "IL101"
    name = "migration-outside-deploy"
    clause = "C1"
    summary = "migration command used outside the deploy module"
    remedy = (
        "move this into the module that `deploy-module` names in the contract; other code asks for "
        "a deployment there and never holds the command itself"
    )

    bad = {
        "called in a request handler": """
            from alembic import command

            def handler(config):
                command.upgrade(config, "head")  # IL101
        """,
        "at the start of the application": """
            from alembic.config import main

            def start():
                main(argv=["--raiseerr", "upgrade", "head"])  # IL101
        """,
        "kept for later under another name": """
            from functools import partial
            from alembic.command import upgrade as go

            job = partial(go, revision="head")  # IL101
        """,
        "one of several in a table": """
            from alembic import command

            ACTIONS = {
                "up": command.upgrade,  # IL101
                "down": command.downgrade,  # IL101
                "log": command.history,
            }
        """,
        "the command is named by an argument": """
            from alembic import command

            def run(name, config):
                getattr(command, name)(config)  # IL101
        """,
        "the module that holds the commands is given away": """
            from alembic import command
            from app.shell import start_shell

            start_shell(namespace={"migrations": command})  # IL101
        """,
        "through Flask-Migrate": """
            from flask_migrate import upgrade

            def create_app(app):
                with app.app_context():
                    upgrade()  # IL101
        """,
        "its commands below another group": """
            from app.shell import cli
            from flask_migrate.cli import db

            for command in db.commands.values():  # IL101
                cli.add_command(command)
        """,
    }
    good = {
        "the deploy module": """
            # pyproject.toml: deploy-module = "app.example"
            from alembic import command
            from alembic.config import Config

            def deploy():
                command.upgrade(Config("alembic.ini"), "head")
        """,
        "an import alone runs nothing": """
            from alembic.command import upgrade
        """,
        "reading is free": """
            from alembic import command

            def show(config):
                command.history(config)
                command.current(config)
        """,
        "a script that is written and not run": """
            from alembic import command

            def plan(config):
                command.upgrade(config, "head", sql=True)
        """,
        "a command that a test replaces": """
            from alembic import command

            def test_upgrade(monkeypatch, called):
                monkeypatch.setattr(command, "upgrade", called)
        """,
        "a namesake": """
            from app.billing import command

            def handler(account):
                command.upgrade(account, "premium")
        """,
    }

    def message(self, offence: Offence) -> str:
        return f"{used(offence)} outside the deploy module"
