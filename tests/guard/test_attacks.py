"""
Who stops what: each way to a protected database, and the layer that refuses it.

Every attack runs in a process of its own, with a real Alembic and a real database. Those that no
layer of this half stops are here as well, so that docs/threat-model.md stays true.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

PLUGINS = tuple(int(part) for part in version("alembic").split(".")[:2]) >= (1, 18)
WITHOUT_PLUGINS = "Alembic has plugins from 1.18 on; before, env.py brings the guard in"
needs_plugins = pytest.mark.skipif(not PLUGINS, reason=WITHOUT_PLUGINS)

HEAD = """
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

config = Config("alembic.ini")
live = "sqlite:///live/shop.db"
script = ScriptDirectory.from_config(config)
"""

# --- the plugin -----------------------------------------------------------------------------

COMMANDS = {
    "a direct upgrade": ["upgrade", "head"],
    "a downgrade": ["downgrade", "base"],
    "a stamp": ["stamp", "head"],
    "a stamp that purges": ["stamp", "--purge", "base"],
    "the version table made sure of": ["ensure_version"],
    "another ini": ["-c", "other.ini", "upgrade", "head"],
    "another section": ["-n", "second", "upgrade", "head"],
    "another env.py": ["-c", "elsewhere.ini", "upgrade", "head"],
    "a relative step": ["upgrade", "+1"],
}
API = {
    "command.upgrade": "command.upgrade(config, 'head')",
    "a blanket handler": "try: command.upgrade(config, 'head')\nexcept Exception: pass",
    "alembic.config.main": "from alembic.config import main; main(['upgrade', 'head'])",
    "a thread": (
        "import threading; t = threading.Thread(target=command.upgrade, args=(config, 'head'))\n"
        "t.start(); t.join()\nimport sys; sys.exit(1)"
    ),
    "a connection in the attributes": (
        "config.set_main_option('sqlalchemy.url', 'sqlite://')\n"
        "config.attributes['connection'] = sa.create_engine(live).connect()\n"
        "command.upgrade(config, 'head')"
    ),
    "a creator behind another URL": (
        "import sqlite3\n"
        "engine = sa.create_engine('sqlite://', creator=lambda: sqlite3.connect('live/shop.db'))\n"
        "config.attributes['connection'] = engine.connect()\n"
        "command.upgrade(config, 'head')"
    ),
    "an attached file": (
        "connection = sa.create_engine('sqlite://').connect()\n"
        "connection.execute(sa.text(\"ATTACH 'live/shop.db' AS live\"))\n"
        "config.attributes['connection'] = connection\n"
        "command.upgrade(config, 'head')"
    ),
    "a link to the file": (
        "import os; os.symlink('live', 'harmless')\n"
        "config.set_main_option('sqlalchemy.url', 'sqlite:///harmless/shop.db')\n"
        "command.upgrade(config, 'head')"
    ),
    "MigrationContext.stamp": (
        "with sa.create_engine(live).begin() as connection:\n"
        "    MigrationContext.configure(connection).stamp(script, 'head')"
    ),
    "MigrationContext.run_migrations": (
        "def steps(heads, context): return script._upgrade_revs('head', heads)\n"
        "with sa.create_engine(live).begin() as connection:\n"
        "    MigrationContext.configure(connection, opts={'fn': steps}).run_migrations()"
    ),
    "steps called read-only": (
        "def retrieve_migrations(heads, context): return script._upgrade_revs('head', heads)\n"
        "retrieve_migrations.__module__ = 'alembic.command'\n"
        "opts = {'fn': retrieve_migrations, 'dont_mutate': True}\n"
        "with sa.create_engine(live).begin() as connection:\n"
        "    MigrationContext.configure(connection, opts=opts).run_migrations()"
    ),
    "Operations outside env.py": (
        "with sa.create_engine(live).begin() as connection:\n"
        "    op = Operations(MigrationContext.configure(connection))\n"
        "    op.add_column('product', sa.Column('x', sa.Integer))"
    ),
    "op.execute": (
        "with sa.create_engine(live).begin() as connection:\n"
        "    Operations(MigrationContext.configure(connection)).execute('DROP TABLE product')"
    ),
    "a batch": (
        "with sa.create_engine(live).begin() as connection:\n"
        "    op = Operations(MigrationContext.configure(connection))\n"
        "    with op.batch_alter_table('product') as batch:\n"
        "        batch.add_column(sa.Column('x', sa.Integer))"
    ),
}
SCHEMA = {
    "create_all": "table.metadata.create_all(engine)",
    "drop_all": "m = sa.MetaData(); m.reflect(engine); m.drop_all(engine)",
    "Table.create": "table.create(engine)",
    "Index.create": (
        "product = sa.Table('product', sa.MetaData(), autoload_with=engine)\n"
        "sa.Index('i', product.c.id).create(engine)"
    ),
    "CreateTable": "with engine.begin() as c: c.execute(sa.schema.CreateTable(table))",
    "DDL text": "with engine.begin() as c: c.execute(sa.DDL('DROP TABLE product'))",
    "an index on a table that is called temporary": (
        "t = sa.Table('product', sa.MetaData(), sa.Column('id'), prefixes=['TEMPORARY'])\n"
        "sa.Index('i', t.c.id).create(engine)"
    ),
    "a table whose prefix is a comment": (
        "sa.Table('x', sa.MetaData(), sa.Column('i'), prefixes=['/*', 'TEMP', '*/']).create(engine)"
    ),
    "an element of a class of its own": (
        "import importlib, sqlalchemy.sql.ddl as ddl\n"
        "with engine.begin() as c: c.execute(importlib.reload(ddl).CreateTable(table))"
    ),
    "an engine with a creator": (
        "import sqlite3\n"
        "e = sa.create_engine('sqlite://', creator=lambda: sqlite3.connect('live/shop.db'))\n"
        "table.metadata.create_all(e)"
    ),
    "an engine with a pool": (
        "import sqlite3; from sqlalchemy.pool import QueuePool\n"
        "pool = QueuePool(lambda: sqlite3.connect('live/shop.db'))\n"
        "table.metadata.create_all(sa.create_engine('sqlite://', pool=pool))"
    ),
    "an engine without events": (
        "with engine.begin() as c:\n"
        "    c._has_events = c.engine._has_events = False\n"
        "    table.create(c)"
    ),
    "a session": (
        "from sqlalchemy.orm import Session\n"
        "with Session(engine) as s: s.execute(sa.schema.CreateTable(table)); s.commit()"
    ),
}


def _prepare(shop: Any) -> None:
    shop.write_ini("other.ini", f"sqlite:///{shop.live}")
    shop.write_ini("elsewhere.ini", f"sqlite:///{shop.live}", "elsewhere")
    section = "[second]\nscript_location = %(here)s/migrations\n"
    shop.append("alembic.ini", f"{section}sqlalchemy.url = sqlite:///{shop.live}\n")
    (shop.root / "elsewhere").symlink_to("migrations")


def assert_refused(shown: Any, by: str = "Refused: refused: ") -> None:
    assert shown.returncode != 0, shown.stdout + shown.stderr
    assert by in shown.stderr, shown.stderr
    assert "next: " in shown.stderr


@needs_plugins
@pytest.mark.parametrize("name", COMMANDS)
def test_the_plugin_refuses_a_command(name: str, shop: Any) -> None:
    _prepare(shop)
    before = shop.schema()

    shown = shop.alembic(*COMMANDS[name])

    assert_refused(shown)
    assert "interlock deploy production" in shown.stderr
    assert shop.schema() == before


@needs_plugins
def test_installing_interlock_is_enough(shop: Any) -> None:
    """A process from nothing: no env.py of ours, no import of ours."""
    before = shop.schema()

    assert_refused(shop.run("-m", "alembic", "upgrade", "head"), "interlock.Refused: refused: ")
    assert shop.schema() == before


@needs_plugins
@pytest.mark.parametrize("name", API)
def test_the_plugin_refuses_the_api(name: str, shop: Any) -> None:
    before = shop.schema()

    assert_refused(shop.code(f"{HEAD}\n{API[name]}"))
    assert shop.schema() == before


@needs_plugins
@pytest.mark.parametrize("name", SCHEMA)
def test_the_hooks_refuse_structured_ddl(name: str, shop: Any) -> None:
    before = shop.schema()
    table = "engine = sa.create_engine(live); table = sa.Table('x', sa.MetaData(), sa.Column('id'))"

    assert_refused(shop.code(f"{HEAD}\n{table}\n{SCHEMA[name]}"))
    assert shop.schema() == before


@needs_plugins
@pytest.mark.parametrize(
    "environ",
    [
        {"CI": "true", "GITHUB_ACTIONS": "true"},
        {"APP_ENV": "production"},
        {"APP_ENV": "development"},
        {"INTERLOCK": "off", "INTERLOCK_DISABLE": "1", "INTERLOCK_SKIP": "1"},
        {"ALEMBIC_CONFIG": "other.ini"},
    ],
    ids=str,
)
def test_no_variable_gives_a_permit(environ: dict[str, str], shop: Any) -> None:
    _prepare(shop)
    before = shop.schema()

    assert_refused(shop.alembic("upgrade", "head", environ=environ))
    assert shop.schema() == before


@needs_plugins
def test_a_lenient_contract_elsewhere_does_not_count(shop: Any, tmp_path_factory: Any) -> None:
    """The contract of the repository in which the migrations lie counts as well."""
    lenient = tmp_path_factory.mktemp("lenient")
    (lenient / "interlock.toml").write_text(
        '[databases.all]\nurls = ["sqlite:///*"]\nprotected = false\n', encoding="utf-8"
    )
    before = shop.schema()

    shown = shop.run(
        "-m", "alembic", "-c", str(shop.root / "alembic.ini"), "upgrade", "head", cwd=lenient
    )

    assert_refused(shown)
    assert shop.schema() == before


def test_a_lenient_contract_where_a_process_starts_frees_what_belongs_to_no_migration(
    shop: Any, tmp_path_factory: Any
) -> None:
    """Whoever may write a contract on his own machine can call any database unprotected there."""
    lenient = tmp_path_factory.mktemp("lenient")
    (lenient / "interlock.toml").write_text(
        '[databases.all]\nurls = ["sqlite:///*"]\nprotected = false\n', encoding="utf-8"
    )
    before = shop.schema()

    shown = shop.code(
        f"import os; os.chdir({str(lenient)!r})\nimport interlock, sqlalchemy as sa\n"
        f"engine = interlock.create_engine('sqlite:///{shop.live}')\n"
        "sa.Table('x', sa.MetaData(), sa.Column('id', sa.Integer)).create(engine)"
    )

    assert shown.returncode == 0, shown.stderr
    assert shop.schema() != before


@needs_plugins
@pytest.mark.parametrize("contract", [None, "nonsense", ""])
def test_without_a_readable_contract_no_file_is_migrated(contract: str | None, shop: Any) -> None:
    if contract is None:
        (shop.root / "interlock.toml").unlink()
    else:
        (shop.root / "interlock.toml").write_text(contract, encoding="utf-8")

    assert_refused(shop.alembic("-c", "dev.ini", "upgrade", "head"))


@needs_plugins
def test_flask_db_upgrade_is_refused(shop: Any) -> None:
    pytest.importorskip("flask_migrate", reason="Flask-Migrate is not a dependency of ours")
    (shop.root / "app.py").write_text(
        "from flask import Flask\nfrom flask_migrate import Migrate\n"
        "from flask_sqlalchemy import SQLAlchemy\n"
        "app = Flask(__name__)\n"
        f"app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///{shop.live}'\n"
        "db = SQLAlchemy(app)\nMigrate(app, db)\n",
        encoding="utf-8",
    )
    (shop.root / "migrations/alembic.ini").write_text(
        f"[alembic]\nsqlalchemy.url = sqlite:///{shop.live}\n", encoding="utf-8"
    )
    before = shop.schema()

    assert_refused(shop.run("-m", "flask", "--app", "app", "db", "upgrade"))
    assert shop.schema() == before


# --- env.py ---------------------------------------------------------------------------------

APPROVED = "import interlock\ninterlock.require_approval()\n"
_WITHOUT_PLUGIN = """
import importlib.metadata, sys
real = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **group: (
    () if group == {"group": "alembic.plugins"} else real(**group)
)
from alembic.config import main
main(sys.argv[1:], prog="alembic")
"""


def _approve(shop: Any) -> None:
    env = shop.root / "migrations/env.py"
    env.write_text(APPROVED + env.read_text(encoding="utf-8"), encoding="utf-8")


def test_env_py_refuses_where_there_is_no_plugin(shop: Any) -> None:
    """As with Alembic before 1.18, and where the entry points were patched away."""
    _approve(shop)
    before = shop.schema()

    for arguments in ["upgrade", "head"], ["stamp", "head"], ["downgrade", "base"]:
        assert_refused(shop.run("-c", _WITHOUT_PLUGIN, *arguments))
    assert shop.schema() == before


def test_env_py_fails_where_interlock_is_not_installed(shop: Any) -> None:
    _approve(shop)
    before = shop.schema()
    code = (
        "import sys; sys.modules['interlock'] = None\n"
        f"sys.path[:0] = {[path for path in sys.path if 'site-packages' in path]}\n"
        "from alembic.config import main; main(['upgrade', 'head'])"
    )

    shown = shop.run("-S", "-c", code, environ={"PYTHONPATH": ""})

    assert shown.returncode != 0
    assert "interlock" in shown.stderr.splitlines()[-1]
    assert shop.schema() == before


def test_approval_outside_of_an_environment_is_refused(shop: Any) -> None:
    assert_refused(shop.code("import interlock; interlock.require_approval()"))


# --- what passes ----------------------------------------------------------------------------

READING = [
    ["current"],
    ["current", "--verbose"],
    ["history"],
    ["heads"],
    ["branches"],
    ["show", "head"],
    ["upgrade", "head", "--sql"],
    ["downgrade", "b2:a1", "--sql"],
    ["check"],
    ["revision", "-m", "next"],
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_reading_a_protected_database_is_untouched(arguments: list[str], shop: Any) -> None:
    _approve(shop)
    if arguments == ["check"]:  # Alembic itself ends with an error where the database is behind
        (shop.root / "migrations/versions/b2.py").unlink()
        env = shop.root / "migrations/env.py"
        text = env.read_text(encoding="utf-8").replace(
            "target_metadata = MetaData()",
            "import sqlalchemy as sa\ntarget_metadata = MetaData()\n"
            "sa.Table('product', target_metadata, sa.Column('id', sa.Integer, primary_key=True))",
        )
        env.write_text(text, encoding="utf-8")
    before = shop.schema()

    shown = shop.alembic(*arguments)

    assert shown.returncode == 0, shown.stderr
    assert shop.schema() == before


@needs_plugins
def test_a_check_that_would_create_the_version_table_is_refused(shop: Any) -> None:
    with closing(sqlite3.connect(shop.live)) as connection, connection:
        connection.execute("DROP TABLE alembic_version")

    assert_refused(shop.alembic("check"))


@pytest.mark.parametrize("where", ["the application", "elsewhere"])
def test_an_unprotected_database_is_untouched(where: str, shop: Any) -> None:
    _approve(shop)
    cwd = shop.root if where == "the application" else Path(os.sep)
    for arguments in ["upgrade", "head"], ["downgrade", "-1"], ["stamp", "head"], ["current"]:
        shown = shop.alembic("-c", str(shop.root / "dev.ini"), *arguments, cwd=cwd)
        assert shown.returncode == 0, shown.stderr


@needs_plugins
def test_data_and_temporary_tables_are_untouched(shop: Any) -> None:
    shown = shop.code(
        f"{HEAD}\n"
        "m, column = sa.MetaData(), sa.Column('id', sa.Integer)\n"
        "t = sa.Table('scratch', m, column, prefixes=['TEMPORARY'])\n"
        "p = sa.table('product', sa.column('id'))\n"
        "with sa.create_engine(live).begin() as c:\n"
        "    sa.Index('i', t.c.id)\n"
        "    t.create(c); sa.Index('j', t.c.id).create(c); c.execute(p.insert().values(id=7))\n"
        "    print(c.execute(sa.select(p.c.id)).scalar())\n"
    )

    assert shown.stdout.strip() == "7", shown.stderr


# --- what no layer of this half stops: docs/threat-model.md ---------------------------------

OWN_ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
NOT_STOPPED = {
    "a driver of its own": "import sqlite3; c = sqlite3.connect('live/shop.db')",
    "text through an engine": "c = sa.create_engine(live).connect()",
}


@pytest.mark.parametrize("name", NOT_STOPPED)
def test_text_is_not_stopped_at_run_time(name: str, shop: Any) -> None:
    """The static half finds both; at run time only the database itself could refuse."""
    text = "'DROP TABLE product'" if "driver" in name else "sa.text('DROP TABLE product')"
    before = shop.schema()

    shown = shop.code(f"{HEAD}\n{NOT_STOPPED[name]}\nc.execute({text}); c.commit()")

    assert shown.returncode == 0, shown.stderr
    assert shop.schema() != before


def test_a_process_without_interlock_and_with_an_environment_of_its_own_is_not_stopped(
    shop: Any,
) -> None:
    """Only the credential stops it: that process may not have one."""
    (shop.root / "migrations/env.py").write_text(OWN_ENV, encoding="utf-8")
    before = shop.schema()
    code = (
        "import sys; sys.modules['interlock'] = None\n"
        f"sys.path[:0] = {[path for path in sys.path if 'site-packages' in path]}\n"
        "import importlib.metadata; importlib.metadata.entry_points = lambda **_: ()\n"
        "from alembic.config import main; main(['upgrade', 'head'])"
    )

    shown = shop.run("-S", "-c", code, environ={"PYTHONPATH": ""})

    assert shown.returncode == 0, shown.stderr
    assert shop.schema() != before


def test_no_hook_keeps_what_it_replaced_in_sight(shop: Any) -> None:
    """What `functools.wraps` leaves behind would be a way in two words."""
    shown = shop.code(
        f"{HEAD}\n"
        "import interlock.hooks; interlock.hooks.install()\n"
        "from alembic.autogenerate.api import AutogenContext\n"
        "from alembic.ddl.impl import DefaultImpl\n"
        "from sqlalchemy.engine import Connection\n"
        "DefaultImpl(sa.create_engine('sqlite://').dialect, None, True, None, None, {})\n"
        "held = [DefaultImpl.__init__, DefaultImpl._exec, DefaultImpl.start_migrations,\n"
        "        MigrationContext.run_migrations, MigrationContext.stamp,\n"
        "        AutogenContext.run_name_filters, Connection._execute_ddl]\n"
        "print([one.__module__ for one in held if not hasattr(one, '__wrapped__')])"
    )

    assert shown.stdout.strip() == str(["interlock.hooks"] * 7), shown.stdout + shown.stderr


@needs_plugins
def test_hooks_taken_out_of_the_process_do_not_refuse(shop: Any) -> None:
    """Code in the same process is stronger than the guard; IL303 finds it in the repository."""
    shown = shop.code(
        f"{HEAD}\n"
        "from alembic.ddl.impl import DefaultImpl\n"
        "import interlock.hooks as hooks\n"
        "hooks._require = lambda *_: None\n"
        "command.upgrade(config, 'head')"
    )

    assert shown.returncode == 0, shown.stderr
