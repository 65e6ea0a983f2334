"""Code that a program executes or loads is judged as code, with the names that it finds there."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock_checks.run import check_repository

FOUND = {
    "a name of the module": """
        from alembic import command
        exec("command.upgrade(None, 'head')")  # IL101
    """,
    "a name of the function": """
        def start():
            from alembic.command import upgrade as go
            exec("go(None, 'head')")  # IL101
    """,
    "an expression": """
        from alembic import command
        eval("command.stamp")(None, "head")  # IL101
    """,
    "what is timed, and what is run before": """
        import timeit
        timeit.timeit("c.upgrade(x, 'head')", "from alembic import command as c")  # IL101
        timeit.repeat(setup=open("setup.txt").read(), stmt="pass")  # IL002
    """,
    "an interpreter of its own": """
        import code
        console = code.InteractiveInterpreter()
        console.runsource(input())  # IL002
    """,
    "builtins by their table": """
        __builtins__["exec"](input())  # IL002
        __builtins__.eval(input())  # IL002
    """,
    "a module that is looked for and loaded": """
        import importlib.util, os
        def load(name):
            spec = importlib.util.find_spec(name)
            module = importlib.util.module_from_spec(spec)  # IL003
            spec.loader.exec_module(module)
            return module
        load(os.environ["BACKEND"])
    """,
    "a sink that is looked for and loaded": """
        import importlib.util
        found = importlib.util.find_spec("alembic.command")
        module = importlib.util.module_from_spec(found)
        module.upgrade(None, "head")  # IL101
    """,
    "a table of lists of words, put in place behind an asterisk": """
        import os, sys
        COMMANDS = {"web": ["gunicorn", "shop"], "schema": ["alembic", "upgrade", "head"]}
        argv = [*COMMANDS[sys.argv[1]], *sys.argv[2:]]
        os.execvp(argv[0], argv)  # IL102
    """,
    "a migration whatever a caller gives": """
        import subprocess, sys
        REVISIONS = {"staging": "head", "production": "stable@head"}
        def migrate(environment):
            words = ("alembic", "--name", environment, "upgrade", REVISIONS[environment])
            subprocess.run([*words], check=True)  # IL102
        migrate(sys.argv[1])
    """,
    "a migration because of what a caller gives": """
        import subprocess
        def alembic(verb, *rest):
            subprocess.run(["alembic", verb, *rest], check=True)
        alembic("current")
        alembic("upgrade", "head")  # IL102
    """,
    "a program of which a caller gives the end": """
        import os, subprocess
        from pathlib import Path
        class Tools:
            def __init__(self, root):
                self.bin = Path(root) / "bin"
            def run(self, tool, *words):
                program = (self.bin / tool).with_suffix(".exe" if os.name == "nt" else "")
                return subprocess.call([os.fspath(program), *words])
            def refresh(self):
                self.run("pip", "list")
                self.run("alembic", "upgrade", "head")  # IL102
    """,
    "a line that a helper fills in and takes apart": """
        import shlex, subprocess
        def sh(line, *args, **names):
            subprocess.run(shlex.split(line.format(*args, **names)), check=True)
        def release(tag):
            sh("git tag {}", tag)
            sh("alembic -x tag={tag} {verb} head", tag=tag, verb="upgrade")  # IL102
            subprocess.run(f"alembic -n {tag} upgrade head".split())  # IL102
    """,
    "a command under a word that says so": """
        import boto3
        from airflow.operators.bash import BashOperator
        from kubernetes import client
        from pyinfra.operations import server
        BashOperator(task_id="schema", bash_command="alembic upgrade head")  # IL102
        client.V1Container(command=["alembic"], args=["-x", "a=b", "upgrade", "head"])  # IL102
        client.V1Container(name="a", args=["alembic", "stamp", "head"])  # IL102
        server.shell(commands=["set -e", "cd /srv && alembic upgrade head"])  # IL102
        web = {"name": "web", "command": ["flask", "db", "upgrade"]}
        boto3.client("ecs").run_task(overrides={"containerOverrides": [web]})  # IL102
    """,
    "a command for something whose name says so": """
        from prefect_shell import shell_run_command
        from testcontainers.core.container import DockerContainer
        shell_run_command("alembic upgrade head")  # IL102
        DockerContainer("shop").with_command("alembic upgrade head").start()  # IL102
    """,
    "a text with places to fill": """
        import os
        from string import Template
        LINE = Template("cd $folder && $tool ${verb} head")
        os.system(LINE.substitute(folder="shop", tool="alembic", verb="upgrade"))  # IL102
        os.system(Template("alembic $verb head").safe_substitute({"verb": "stamp"}))  # IL102
    """,
    "a runner of commands": """
        from click.testing import CliRunner
        from flask import Flask
        from flask.cli import FlaskGroup
        app = Flask(__name__)
        CliRunner().invoke(FlaskGroup(create_app=lambda: app), ["db", "upgrade"])  # IL102
        app.cli.main(args=["db", "upgrade"])  # IL102
    """,
    "a command of a group, and what is behind it": """
        from flask_migrate.cli import db, upgrade
        db.commands["downgrade"].callback()  # IL101
        upgrade.callback(None)  # IL101
    """,
    "an attribute by the method that reads it": """
        from alembic import command
        command.__getattribute__("downgrade")(None, "-1")  # IL101
    """,
    "a method that is called by its name": """
        from operator import methodcaller
        from app.models import Base
        methodcaller("drop_all", bind=None)(Base.metadata)  # IL104
    """,
    "targets of a configuration": """
        from hydra.utils import instantiate
        from omegaconf import OmegaConf
        STEP = OmegaConf.create({"_target_": "alembic.command.upgrade", "revision": "head"})
        def run(cfg):
            instantiate(STEP, config=cfg)  # IL101
            parts = [{"_target_": "alembic.command.stamp"}]
            instantiate({"_target_": "shop.Net", "parts": parts})  # IL101
            instantiate(cfg.model)  # IL003
            instantiate({"_target_": "builtins.dict", "model": cfg.model})  # IL003
            instantiate({"_target_": cfg.model})  # IL003
    """,
    "a module that is loaded later": """
        import lazy_loader as lazy
        command = lazy.load("alembic.command")
        command.upgrade(None, "head")  # IL101
    """,
    "what a process is sent": """
        import asyncio, os, pexpect, subprocess
        from subprocess import PIPE, Popen
        Popen(["bash", "-s"], stdin=PIPE).communicate(b"alembic upgrade head")  # IL102
        with Popen("sh", stdin=PIPE) as shell:
            shell.stdin.write("cd /srv && ")
            shell.stdin.writelines(["alembic stamp head", "true"])  # IL102
        python = Popen(["python", "-"], stdin=PIPE)
        python.communicate("import alembic.config as c; c.main()")  # IL101
        child = pexpect.spawn("ssh db")
        child.sendline("alembic downgrade base")  # IL102
        async def later():
            child = await asyncio.create_subprocess_exec("bash", stdin=PIPE)
            await child.communicate(input=b"alembic upgrade head")  # IL102
        class Shell:
            def __init__(self):
                self.process = Popen(["bash"], stdin=PIPE)
            def run(self, line):
                self.process.stdin.write(line)
        Shell().run("alembic upgrade head")  # IL102
        subprocess.run("bash -s", shell=True, input="alembic upgrade head")  # IL102
        os.system(b"alembic upgrade head")  # IL102
    """,
    "Python that a caller gives to another process": """
        import subprocess
        def inside(service, text):
            subprocess.run(["docker", "compose", "exec", "-T", service, "python", "-c", text])
        inside("web", "print(1)")
        inside("web", "import sqlalchemy; sqlalchemy.create_engine('sqlite://')")  # IL201
        def outside(text):
            subprocess.run(["python", "-c", text])  # IL002
        outside(input())
    """,
    "a module that a test needs": """
        import pytest
        psycopg = pytest.importorskip("psycopg")
        psycopg.connect("")  # IL202
    """,
    "a provider's path": """
        from dependency_injector import providers
        engine = providers.Singleton("sqlalchemy.create_engine", "postgresql://db/shop")  # IL201
    """,
    "a function that is called by the name which a caller gives": """
        from importlib import import_module
        def call(dotted, *args):
            module, _, name = dotted.rpartition(".")
            return getattr(import_module(module), name)(*args)
        def later(name, *args):
            verbs = import_module(name)
            verbs.upgrade(*args)
        call("json.dumps", {})
        call("alembic.command.upgrade", None, "head")  # IL101
        later("shop.billing")
        later("alembic.command")  # IL101
    """,
    "magics that are called": """
        get_ipython().run_line_magic("run", "-m alembic upgrade head")  # IL102
        get_ipython().run_line_magic("time", "import alembic.config as c; c.main()")  # IL101
    """,
    "a console script that is looked up": """
        from importlib.metadata import entry_points
        import pkg_resources
        (script,) = entry_points(group="console_scripts", name="alembic")  # IL101
        pkg_resources.load_entry_point("alembic", "console_scripts", "alembic")()  # IL101
    """,
    "DDL that a mock engine hands to a connection": """
        from sqlalchemy import MetaData, create_mock_engine
        def build(metadata: MetaData, connection, show):
            mock = create_mock_engine("postgresql://", lambda sql, *a, **k: connection.execute(sql))
            metadata.create_all(mock)  # IL104
            def send(sql, *args, **kwargs):
                connection.execute(sql)
            metadata.create_all(create_mock_engine("postgresql://", send))  # IL104
            metadata.create_all(create_mock_engine("postgresql://", show))  # IL104
    """,
}


LAZY = """
import importlib
LAZY = {{{rows}}}
def __getattr__(name):
    module = LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    return getattr(importlib.import_module(module, __package__), name)
"""


@pytest.mark.parametrize(
    ("start", "expected"), [(".m", []), ("shop.m", []), ("", ["IL003"]), ("alembic.", ["IL003"])]
)
@pytest.mark.parametrize("count", [30, 1_500])
def test_a_long_table_of_modules_is_known_by_what_all_begin_with(
    start: str, expected: list[str], count: int, tmp_path: Path
) -> None:
    rows = ", ".join(
        f'"A{number}": "{start}{chr(97 + number % 26)}{number}"' for number in range(count)
    )
    (tmp_path / "app.py").write_text(LAZY.format(rows=rows))

    assert [one.code for one in check_repository(tmp_path).findings] == expected


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_what_is_executed_is_judged_where_it_is_executed(text: str, tmp_path: Path) -> None:
    lines = text.split("\n")
    (tmp_path / "app.py").write_text("\n".join(line[8:] for line in lines))

    expected = {(n, line[-5:]) for n, line in enumerate(lines, 1) if "# IL" in line}
    assert {(one.row, one.code) for one in check_repository(tmp_path).findings} == expected


INNOCENT = {
    "a name that is only looked for": """
        import importlib.util, os
        def installed(name):
            return importlib.util.find_spec(name) is not None
        print(installed(os.environ["BACKEND"]))
    """,
    "a known name that is loaded": """
        import importlib.util
        def lazy(name):
            spec = importlib.util.find_spec(name)
            return importlib.util.module_from_spec(spec)
        numpy = lazy("numpy")
    """,
    "names that lead nowhere": """
        import json
        total = 3
        exec("print(json.dumps(total), upgrade)")
    """,
    "a name of another function": """
        def other():
            from alembic.command import upgrade as go
        def start(go):
            exec("go(None, 'head')")
    """,
    "a module that a test needs and imports from": """
        import pytest
        sqlmodel = pytest.importorskip("sqlmodel")
        from sqlmodel import SQLModel
    """,
    "what a process is sent that is no interpreter": """
        from subprocess import PIPE, Popen
        def note(text, channel):
            Popen(["git", "commit", "-F", "-"], stdin=PIPE).communicate(b"alembic upgrade head")
            count = Popen(["wc"], stdin=PIPE)
            count.stdin.write("alembic upgrade head")
            channel.send("alembic upgrade head")
            Popen(["bash"], stdin=PIPE).communicate(b"alembic current")
            Popen(["tee", text], stdin=PIPE).stdin.write(text)
    """,
    "a command that is told, kept or only reads": """
        import structlog
        from airflow.operators.bash import BashOperator
        from kubernetes import client
        from shop.console import console, registry
        structlog.get_logger().info("next", command="alembic upgrade head")
        console.print_command("alembic upgrade head")
        registry.append({"command": ["alembic", "upgrade", "head"]})
        registry.register(command="alembic", args=["heads"])
        BashOperator(bash_command="echo 'alembic upgrade head'")
        client.V1Container(command=["pip"], args=["install", "--upgrade", "alembic"])
    """,
    "parts that every caller gives as constants": """
        from importlib import import_module
        def backend(name, kind="sync"):
            return import_module("%s_%s" % (name, kind))
        def compute(text):
            return eval("1 + " + text)
        backend("json")
        compute("2")
    """,
    "a statement that is timed": """
        import timeit
        timeit.timeit("sorted(x)", "x = list(range(9))")
    """,
    "targets that lead nowhere": """
        from hydra.utils import instantiate
        model = instantiate({"_target_": "shop.model.Net", "layers": [{"_target_": "shop.Dense"}]})
    """,
    "entry points of the repository's own": """
        from importlib.metadata import entry_points
        plugins = [point.load() for point in entry_points(group="shop.plugins")]
        scripts = entry_points(group="console_scripts", name="shop")
    """,
    "DDL that is shown": """
        import sqlite3
        from sqlalchemy import MetaData, create_mock_engine
        from sqlalchemy.schema import CreateTable
        def dump(metadata: MetaData) -> list[str]:
            out = []
            mock = create_mock_engine("postgresql://", lambda sql, *args: print(sql.compile(mock)))
            metadata.create_all(mock, checkfirst=False)
            for table in metadata.sorted_tables:
                table.create(bind=mock)
            sqlite3.connect("seen").execute("select 1")
            return out
    """,
}


@pytest.mark.parametrize("text", INNOCENT.values(), ids=INNOCENT)
def test_what_is_executed_may_be_innocent(text: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("\n".join(line[8:] for line in text.split("\n")))

    assert check_repository(tmp_path).findings == ()
