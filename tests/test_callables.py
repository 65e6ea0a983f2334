"""What partials, closures and objects keep of their arguments is judged where they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock_checks.run import check_repository

RUN = """
import subprocess
from functools import partial, partialmethod
def run(*words, **options):
    subprocess.run(words, check=True, **options)
"""
CLOSURE = """
import subprocess
def tool(*words):
    def run(*more):
        subprocess.run([*words, *more], check=True)
    return run
alembic = tool("alembic", "-c", "alembic.ini")
git = tool("git")
"""
FIELDS = """
import subprocess
from dataclasses import dataclass, field
from typing import ClassVar
@dataclass
class Job:
    argv: tuple[str, ...] = ("true",)
    after: list[str] = field(default_factory=lambda: ["alembic", "stamp", "head"])
    name: ClassVar[str] = "job"
@dataclass
class Loud(Job):
    loud: bool = True
"""
BY_NAME = """
from alembic import command
def run(verb, config):
    getattr(command, verb)(config)
"""

USED = {
    "a partial": (RUN + 'partial(run, "alembic")("upgrade", "head")\n', ["a.py:6"]),
    "a partial that reads": (RUN + 'partial(run, "alembic")("heads")\n', []),
    "a partial of a partial": (
        RUN + 'partial(partial(run, "python", "-m"), "alembic")("stamp", "head")\n',
        ["a.py:6"],
    ),
    "a partial of another file": (
        RUN + 'alembic = partial(run, "alembic")\n',
        ["b.py:3"],
        'from a import alembic\nalembic("heads")\nalembic("upgrade", "head")\n',
    ),
    "a partial method": (
        RUN
        + "class Tool:\n    def call(self, *words): run('alembic', *words)\n"
        + "    up = partialmethod(call, 'upgrade', 'head')\n"
        + "    heads = partialmethod(call, 'heads')\nTool().heads()\nTool().up()\n",
        ["a.py:11"],
    ),
    "a closure of another file": (
        CLOSURE,
        ["b.py:4"],
        'from a import alembic, git\ngit("status")\nalembic("heads")\nalembic("upgrade", "head")\n',
    ),
    "a field that was given": (
        FIELDS + 'subprocess.run(Job(("alembic", "upgrade", "head")).argv)\n',
        ["a.py:13"],
    ),
    "an inherited field that was given": (
        FIELDS + 'subprocess.run(Loud(argv=("alembic", "upgrade", "head")).argv)\n',
        ["a.py:13"],
    ),
    "a field with a harmless default": (FIELDS + "subprocess.run(Job().argv)\n", []),
    "a field made by a factory": (FIELDS + "subprocess.run(Job().after)\n", ["a.py:13"]),
    "a computed name of which all callers read": (
        BY_NAME,
        [],
        'from a import run\nrun("heads", None)\nrun("current", None)\n',
    ),
    "a computed name of which one caller writes": (
        BY_NAME,
        ["a.py:4"],
        'from a import run\nrun("heads", None)\nrun("upgrade", None)\n',
    ),
    "a computed name that nobody calls": (BY_NAME, ["a.py:4"]),
    "a part of a method's name": (
        "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n"
        "def tables(action):\n    getattr(db, f'{action}_all')()\n",
        ["a.py:4"],
    ),
    "another part of a method's name": (
        "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n"
        "def tables(action):\n    getattr(db, f'{action}_or_404')()\n",
        [],
    ),
    "a key that imports": (
        'HANDLERS = {"db": {"()": "sqlalchemy.create_engine", "url": "postgresql://db/x"}}\n',
        ["a.py:1"],
    ),
    "a key that imports something else": (
        'HANDLERS = {"db": {"()": "a.Handler", "name": "sqlalchemy.create_engine"}}\n',
        [],
    ),
    "a line that a task returns": (
        "from airflow.decorators import task\n@task.bash\ndef up():\n"
        '    return "alembic upgrade head"\n',
        ["a.py:4"],
    ),
}


@pytest.mark.parametrize("name", USED)
def test_what_a_callable_keeps_is_judged_where_it_is_used(name: str, tmp_path: Path) -> None:
    source, expected, *other = USED[name]
    (tmp_path / "a.py").write_text(str(source))
    for text in other:
        (tmp_path / "b.py").write_text(str(text))
    found = check_repository(tmp_path).findings
    assert [f"{one.path}:{one.row}" for one in found] == expected


TOOL = """
import subprocess
class Tool:
    def __init__(self, program, *before):
        self.program, self.before, self.words = program, before, ["alembic"]
    def run(self, *words):
        subprocess.run([self.program, *self.before, *words])
"""
HEAD = "    def head(self): subprocess.run([self.program, 'upgrade', 'head'])\n"
GROWN = "    def more(self, word):\n        self.words.append(word)\n"
GROWN += "        subprocess.run(self.words)\n"
MADE = {
    "a method is called to read": ("", 'Tool("alembic", "-c", "x.ini").run("heads")\n', []),
    "a method is called to write": ("", 'Tool("alembic").run("upgrade", "head")\n', ["b.py:2"]),
    "another program": (HEAD, 'Tool("git").run("upgrade", "head")\nTool("git").head()\n', []),
    "a program that a method makes write": (HEAD, 'TOOL = Tool("alembic")\n', ["b.py:2"]),
    "a list that a method makes longer": (GROWN, 'Tool("git").run("status")\n', ["a.py:10"]),
}


@pytest.mark.parametrize("name", MADE)
def test_an_object_keeps_what_it_was_made_with(name: str, tmp_path: Path) -> None:
    methods, other, expected = MADE[name]
    (tmp_path / "a.py").write_text(TOOL + methods)
    (tmp_path / "b.py").write_text("from a import Tool\n" + other)

    found = check_repository(tmp_path).findings

    assert [f"{one.path}:{one.row}" for one in found] == expected


TASK = """
from alembic import command
class Task:
    verb = "history"
    def run(self, config):
        getattr(command, self.verb)(config)
"""
MIXIN = """
class Mixin:
    def start(self):
        self.things.create_all(self)
"""
RECORD = """
import subprocess
from dataclasses import dataclass
@dataclass
class Job:
    argv: tuple[str, ...] = ("true",)
    def run(self):
        subprocess.run(self.argv)
"""
THINGS = "class Things:\n    def create_all(self, bind): ...\n"

INHERITED = {
    "a subclass that reads": (TASK, "class Heads(Task):\n    verb = 'heads'\n", []),
    "a subclass that writes": (TASK, "class Up(Task):\n    verb = 'upgrade'\n", ["a.py:6"]),
    "a subclass of a subclass": (
        TASK,
        "class Middle(Task): ...\nclass Up(Middle):\n    verb = 'stamp'\n",
        ["a.py:6"],
    ),
    "a subclass under another name": (
        TASK,
        "from a import Task as Base\nclass Up(Base):\n    verb = 'upgrade'\n",
        ["a.py:6"],
    ),
    "a mixin that gets something of one's own": (
        MIXIN,
        THINGS + "class App(Mixin):\n    def __init__(self): self.things = Things()\n",
        [],
    ),
    "a mixin that gets metadata": (
        MIXIN,
        "from sqlalchemy import MetaData\nclass App(Mixin):\n    things = MetaData()\n",
        ["a.py:4"],
    ),
    "a mixin that gets either": (
        MIXIN,
        "from sqlalchemy import MetaData\n"
        + THINGS
        + "class App(Mixin):\n    things = Things()\n"
        + "class Other(Mixin):\n    things = MetaData()\n",
        ["a.py:4"],
    ),
    "a mixin that gets nothing": (MIXIN, "class App(Mixin): ...\n", ["a.py:4"]),
    "a record that is made with a harmless line": (RECORD, 'Job(("ls", "-l")).run()\n', []),
    "a record that is made with a migration": (
        RECORD,
        'JOBS = [Job(("alembic", "upgrade", "head"))]\n',
        ["b.py:2"],
    ),
    "a record that a subclass makes": (
        RECORD,
        "class More(Job): ...\nMore(argv=('alembic', 'stamp', 'head'))\n",
        ["b.py:3"],
    ),
}


@pytest.mark.parametrize("name", INHERITED)
def test_what_subclasses_and_makers_of_an_object_put_in_place_is_judged(
    name: str, tmp_path: Path
) -> None:
    source, other, expected = INHERITED[name]
    (tmp_path / "a.py").write_text(source)
    (tmp_path / "b.py").write_text("from a import *\n" + other)

    found = check_repository(tmp_path).findings

    assert [f"{one.path}:{one.row}" for one in found] == expected


EXECUTED = {
    "a file of one's own": ("exec((HERE / 'b.py').read_text())", []),
    "an opened file of one's own": ("exec(open(os.path.join(X, 'b.py')).read())", []),
    "a file that was entered": ("with (HERE / 'b.py').open() as f:\n    exec(f.read())", []),
    "a file that is not there": ("exec((HERE / 'c.py').read_text())", ["IL002"]),
    "a file on the machine": ("exec(open('/etc/b.py').read())", ["IL002"]),
    "any file": ("exec(open(X).read())", ["IL002"]),
}


@pytest.mark.parametrize("name", EXECUTED)
def test_a_file_of_the_repository_that_is_executed_is_read_as_any_other(
    name: str, tmp_path: Path
) -> None:
    source, expected = EXECUTED[name]
    head = (
        "import os\nfrom pathlib import Path\nHERE = Path(__file__).parent\nX = os.environ['X']\n"
    )
    (tmp_path / "a.py").write_text(head + source + "\n")
    (tmp_path / "b.py").write_text("VERSION = '1'\n")

    assert [one.code for one in check_repository(tmp_path).findings] == expected
