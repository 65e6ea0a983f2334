"""
How Python starts processes, as data.

Read in CPython 3.11 to 3.14 and in the packages named beside each group. A positional index does
not count `self`. Only the shape of the call is said here; which command lines matter is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

Form = Literal["argv", "shell", "words", "path+argv", "path+words", "module", "script"]
"""
What the argument at `Start.first` is:

argv        a list or tuple of words; a string is one command line, split as a shell would;
            with a true `shell` keyword it is a shell script
shell       a shell script; words, if a list is allowed there
words       each positional argument from `first` on is a word
path+argv   the program's path, then a list whose first item is only its display name
path+words  the same, with the words as further positional arguments
module      the name of a module to run, as `python -m`; its arguments are sys.argv
script      the path of a Python file to run
"""


class Start(Struct, frozen=True):
    """One way to start a process."""

    form: Form
    first: int = 0
    keyword: str | None = None
    """The keyword by which the argument at `first` may be given."""
    shell: int | None = None
    """Position of `shell=`; -1 when it is keyword-only; None when there is no such parameter."""
    executable: bool = False
    """Whether `executable=` replaces the first word."""
    trailing: int = 0
    """How many last positional arguments are no words (an environment)."""
    prefix: tuple[str, ...] = ()
    """Words that the callee itself puts in front."""
    strings: Literal["split", "word"] = "split"
    """For "argv": what a string instead of a list is without a shell, a line or a single word."""


_POPEN = Start("argv", keyword="args", shell=8, executable=True)
_LINE = Start("shell", keyword="cmd")
_COMMAND = Start("shell", keyword="command")
_WORDS = Start("words")


def _each(start: Start, prefix: str, names: str) -> dict[str, Start]:
    return {f"{prefix}.{name}": start for name in names.split()}


def _subprocess(prefix: str) -> dict[str, Start]:
    return {
        **_each(_POPEN, prefix, "Popen run call check_call check_output"),
        **_each(_LINE, prefix, "getoutput getstatusoutput"),
    }


def _os(prefix: str) -> dict[str, Start]:
    return {
        **_each(Start("shell", keyword="command"), prefix, "system"),
        **_each(Start("shell", keyword="cmd"), prefix, "popen"),
        **_each(Start("path+argv", keyword="path"), prefix, "execv execve posix_spawn"),
        **_each(Start("path+argv", keyword="path"), prefix, "posix_spawnp"),
        **_each(Start("path+argv", keyword="file"), prefix, "execvp execvpe"),
        **_each(Start("path+words"), prefix, "execl execlp"),
        **_each(Start("path+words", trailing=1), prefix, "execle execlpe"),
        **_each(Start("path+argv", first=1), prefix, "spawnv spawnve spawnvp spawnvpe"),
        **_each(Start("path+words", first=1), prefix, "spawnl spawnlp"),
        **_each(Start("path+words", first=1, trailing=1), prefix, "spawnle spawnlpe"),
        **_each(Start("words", keyword="filepath"), prefix, "startfile"),
    }


STARTS: Final[Mapping[str, Start]] = {
    # The standard library.
    **_subprocess("subprocess"),
    **_os("os"),
    **_os("posix"),
    **_os("nt"),
    "pty.spawn": Start("argv", keyword="argv", strings="word"),
    "asyncio.create_subprocess_exec": Start("words", keyword="program"),
    "asyncio.create_subprocess_shell": _LINE,
    "asyncio.AbstractEventLoop.subprocess_exec": Start("words", first=1),
    "asyncio.AbstractEventLoop.subprocess_shell": Start("shell", first=1, keyword="cmd"),
    "runpy.run_module": Start("module", keyword="mod_name"),
    "runpy.run_path": Start("script", keyword="path_name"),
    "runpy._run_module_as_main": Start("module", keyword="mod_name"),
    "_posixsubprocess.fork_exec": Start("argv"),
    "distutils.spawn.spawn": Start("argv", keyword="cmd"),
    "distutils.cmd.Command.spawn": Start("argv", keyword="cmd"),
    # setuptools 65.5
    "setuptools.Command.spawn": Start("argv", keyword="cmd"),
    # anyio 4.16, trio 0.35: a string is a shell script, a sequence is not.
    **_each(_COMMAND, "anyio", "run_process open_process"),
    **_each(_COMMAND, "trio", "run_process"),
    **_each(_COMMAND, "trio.lowlevel", "open_process"),
    # gevent 26.9, eventlet 0.41
    **_subprocess("gevent.subprocess"),
    **_subprocess("eventlet.green.subprocess"),
    **_os("eventlet.green.os"),
    # oslo.concurrency 7.6
    **_each(Start("words", shell=-1), "oslo_concurrency.processutils", "execute trycmd"),
    "oslo_concurrency.processutils.ssh_execute": Start("shell", first=1, keyword="cmd"),
    # nox 2026.10
    **_each(_WORDS, "nox.Session", "run run_always run_install"),
    "nox.Session.install_and_run_script": _WORDS,
    # invoke 2.2, fabric 3.2
    **_each(_COMMAND, "invoke", "run sudo"),
    **_each(_COMMAND, "invoke.Context", "run sudo"),
    **_each(_COMMAND, "invoke.Runner", "run"),
    **_each(_COMMAND, "fabric.Connection", "run sudo local"),
    **_each(_COMMAND, "fabric.Group", "run sudo"),
    # fabric 1
    **_each(_COMMAND, "fabric.api", "run sudo local"),
    **_each(_COMMAND, "fabric.operations", "run sudo local"),
    # doit 0.37
    **_each(Start("shell", keyword="action"), "doit.action", "CmdAction"),
    **_each(Start("shell", keyword="action"), "doit.tools", "LongRunning Interactive"),
    # pexpect 4.9: no shell, but a command line.
    **_each(Start("argv", keyword="command"), "pexpect", "run runu spawn spawnu"),
    "pexpect.popen_spawn.PopenSpawn": Start("argv", keyword="cmd"),
    # delegator.py 0.1, envoy 0.0.3: lists of lines joined by pipes.
    **_each(_COMMAND, "delegator", "run chain"),
    **_each(_COMMAND, "envoy", "run connect"),
    # Twisted 26.10
    **_each(Start("path+argv", keyword="executable"), "twisted.internet.utils", "getProcessOutput"),
    "twisted.internet.utils.getProcessValue": Start("path+argv", keyword="executable"),
    "twisted.internet.utils.getProcessOutputAndValue": Start("path+argv", keyword="executable"),
    # sh 2.4, plumbum 2.0: the program by its name; see PROGRAMS.
    "sh.Command": _WORDS,
    "plumbum.local.get": _WORDS,
    # paramiko 5.1
    "paramiko.SSHClient.exec_command": _COMMAND,
    # Console scripts called as functions: their list of arguments is a command line.
    "alembic.config.main": Start("argv", keyword="argv", prefix=("alembic",)),
    "alembic.config.CommandLine.main": Start("argv", keyword="argv", prefix=("alembic",)),
    "flask.cli.cli": Start("argv", keyword="args", prefix=("flask",)),
    "flask.cli.cli.main": Start("argv", keyword="args", prefix=("flask",)),
    "flask.cli.FlaskGroup.main": Start("argv", keyword="args", prefix=("flask",)),
    "flask.testing.FlaskCliRunner.invoke": Start(
        "argv", first=1, keyword="args", prefix=("flask",)
    ),
    "flask_migrate.cli.db": Start("argv", keyword="args", prefix=("flask", "db")),
    "flask_migrate.cli.db.main": Start("argv", keyword="args", prefix=("flask", "db")),
    "invoke.main.program.run": Start("argv", keyword="argv"),
}

METHODS: Final[Mapping[str, Start]] = {
    # Event loops, wherever they come from.
    "subprocess_exec": STARTS["asyncio.AbstractEventLoop.subprocess_exec"],
    "subprocess_shell": STARTS["asyncio.AbstractEventLoop.subprocess_shell"],
    "exec_command": _COMMAND,
    # Twisted's reactor: protocol, executable, arguments.
    "spawnProcess": Start("path+argv", first=1, keyword="executable"),
}
"""Methods so named on receivers of which nothing is known."""

SENDING: Final[Mapping[str, str | None]] = {
    "communicate": None,
    "write": "stdin",
    "writelines": "stdin",
    # pexpect 4.9
    "send": None,
    "sendline": None,
}
"""Methods that send their first argument to a process; the attribute of it that has the method."""

ALIASES: Final[Mapping[str, str]] = {
    "asyncio.subprocess.create_subprocess_exec": "asyncio.create_subprocess_exec",
    "asyncio.subprocess.create_subprocess_shell": "asyncio.create_subprocess_shell",
    "asyncio.events.AbstractEventLoop": "asyncio.AbstractEventLoop",
    "asyncio.BaseEventLoop": "asyncio.AbstractEventLoop",
    "setuptools._distutils": "distutils",
    "distutils.core.Command": "distutils.cmd.Command",
    "nox.sessions.Session": "nox.Session",
    "invoke.context.Context": "invoke.Context",
    "invoke.runners.Runner": "invoke.Runner",
    "invoke.tasks.task": "invoke.task",
    "fabric.connection.Connection": "fabric.Connection",
    "fabric.group.Group": "fabric.Group",
    "fabric.SerialGroup": "fabric.Group",
    "fabric.ThreadingGroup": "fabric.Group",
    "fabric.tasks.task": "fabric.task",
    "nox.registry.session_decorator": "nox.session",
    "pexpect.run.run": "pexpect.run",
    "pexpect.pty_spawn.spawn": "pexpect.spawn",
    "plumbum.machines.local.local": "plumbum.local",
    "plumbum.machines.local": "plumbum.local",
    "paramiko.client.SSHClient": "paramiko.SSHClient",
    "trio.open_process": "trio.lowlevel.open_process",
    "flask_migrate.cli.db.__call__": "flask_migrate.cli.db",
}
"""Other spelling -> the one in STARTS, RETURNS and PROGRAMS; for the longest dotted prefix."""

RETURNS: Final[Mapping[str, str]] = {
    "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
    "asyncio.new_event_loop": "asyncio.AbstractEventLoop",
    "flask.Flask.test_cli_runner": "flask.testing.FlaskCliRunner",
    "sh.Command": "sh.Command",
    "plumbum.local.get": "plumbum.commands.base.BaseCommand",
}

GIVING: Final[Mapping[str, str]] = {"test_cli_runner": RETURNS["flask.Flask.test_cli_runner"]}
"""Method on a receiver of which nothing is known -> class of what it returns."""

ATTRIBUTES: Final[Mapping[str, str]] = {"flask.Flask.cli": "flask.cli.FlaskGroup"}
"""Attribute -> class of its value."""

INVOKING: Final = frozenset({"click.testing.CliRunner.invoke"})
"""Methods that run the command that they are given first, as its `main` with what follows."""

UNDERLYING: Final = frozenset({"callback"})
"""Attributes of a command that are the function itself."""

PARAMETER_TYPES: Final[Mapping[str, str]] = {
    "nox.session": "nox.Session",
    "invoke.task": "invoke.Context",
    "fabric.task": "fabric.Connection",
}
"""Decorator, with or without arguments -> class of the decorated function's first parameter."""

SUBCLASS_METHODS: Final[Mapping[str, str]] = {
    "setuptools.Command": "spawn",
    "distutils.cmd.Command": "spawn",
}
"""Class -> method that a subclass calls on itself to start a process."""


class Program(Struct, frozen=True):
    """A value that stands for a program: calling it runs the program with words."""

    by: Literal["attribute", "item", "first"]
    """Where its name is: the attribute (`sh.alembic`), the item (`local["alembic"]`), or the first
    positional argument (`sh.Command("alembic")`)."""
    dashes: bool = False
    """Whether an underscore of an attribute stands for a dash."""


PROGRAMS: Final[Mapping[str, Program]] = {
    "sh": Program("attribute", dashes=True),
    "sh.Command": Program("first"),
    "sh.contrib": Program("attribute", dashes=True),
    "plumbum.cmd": Program("attribute", dashes=True),
    "plumbum.local": Program("item"),
    "plumbum.local.cmd": Program("attribute"),
    "plumbum.local.get": Program("first"),
}
"""The holder -> how a program is taken from it. Names of the module itself (`sh.Command`,
`sh.ErrorReturnCode`, `sh.contrib`) are no programs: they begin with a capital or stand here."""

PROGRAM_METHODS: Final[Mapping[str, Form]] = {
    "__call__": "words",
    "__getitem__": "words",
    "bake": "words",
    "bound_command": "words",
    "popen": "argv",
    "run": "argv",
    "nohup": "words",
}
"""What a program's members take: further words. `&`, `|` and the redirections run it as it is."""

DOIT_TASK_PREFIX: Final = "task_"
"""doit 0.37: a function so named returns or yields dictionaries ..."""
DOIT_ACTION_KEYS: Final = ("actions", "clean", "uptodate", "teardown")
"""... in which, at these keys, strings are shell scripts, lists of strings are words."""

LINE_DECORATORS: Final = frozenset({"bash"})
"""Airflow 3.1: last names of decorators (`@task.bash`) that run the line which a function returns
in a shell."""
