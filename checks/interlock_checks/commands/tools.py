"""
The command-line tools that migrate, as data, with the read-only parts of each.

Facts are from the parsers of Alembic 1.20, Flask-Migrate 4.1, Flask-Alembic 3.3, Flask-DB 0.4,
Flask-Script 2.0 and advanced-alchemy 1.12. Not here: commands that other programs define over
their own migrations (`airflow db migrate`, `mlflow db upgrade`); they are judged by the Python
code behind them. Flask-Migrate adds its commands to each Flask application that uses it: `shop db
upgrade` is `flask db upgrade` where the package `shop` does (`judge.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

ALEMBIC_WRITES = frozenset({"upgrade", "downgrade", "stamp", "ensure_version"})
ALEMBIC_READS = frozenset(
    "branches check current edit heads history init list_templates merge revision show".split()
)
ALEMBIC_OPTIONS = "-c: --config: -n: --name: -x: --raiseerr -q --quiet -h! --help! --version!"
ALEMBIC_VERB_OPTIONS = "--tag: --sql --purge -h! --help!"


@dataclass(frozen=True, slots=True)
class Front:
    """
    A Click application with a group of migration commands.

    groups: the names of that group; empty when the commands stand at the top.
    writes: commands that change a database; with `--sql` they only print.
    """

    options: str
    groups: frozenset[str]
    writes: frozenset[str] = field(
        default=frozenset(
            "upgrade downgrade stamp ensure-version ensure_version drop-all drop_all reset".split()
        )
    )
    reads: frozenset[str] = field(
        default=frozenset(
            "branches check current dump-data edit heads history init list-templates"
            " list_templates make-migrations merge migrate mkdir revision seed show"
            " show-current-revision".split()
        )
    )


_FLASK = "-A: --app: -e: --env-file: --debug --no-debug --version! --help!"

FRONTS: dict[str, Front] = {
    "flask": Front(_FLASK, frozenset({"db", "database"})),
    "quart": Front(_FLASK, frozenset({"db", "database"})),
    "litestar": Front(
        "-A: --app: --app-dir: --help! --version!", frozenset({"database", "db", "migrations"})
    ),
    "alchemy": Front("--config: --help!", frozenset()),
    "flask-db": Front("--help!", frozenset()),
}
FRONT_VERB_OPTIONS = "-d: --directory: -x: --x-arg: --tag: --bind-key: --sql --purge --no-prompt"

ALEMBIC = "alembic"
SINKS = frozenset({ALEMBIC, *FRONTS})
"""Programs that can migrate."""

MODULES: dict[str, str] = {
    "alembic": ALEMBIC,
    "alembic.__main__": ALEMBIC,
    "alembic.config": ALEMBIC,
    "flask": "flask",
    "flask.__main__": "flask",
    "flask.cli": "flask",
    "quart": "quart",
    "quart.__main__": "quart",
    "quart.cli": "quart",
    "litestar": "litestar",
    "litestar.__main__": "litestar",
    "litestar.cli": "litestar",
    "litestar.cli.main": "litestar",
    "advanced_alchemy": "alchemy",
    "advanced_alchemy.__main__": "alchemy",
}
"""What `python -m` runs, by module."""
