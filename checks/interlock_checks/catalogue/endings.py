"""
How Python tells how a process has ended: by an exception, by what a call returns, or not at all.

Read in CPython 3.11 to 3.14, anyio 4.16, trio 0.35, invoke 2.2, fabric 3.2, nox 2026.10 and
oslo.concurrency 7.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

Telling = Literal["process", "answer", "status", "wait status", "pair", ""]


class Ending(Struct, frozen=True):
    """
    What a call that starts a process makes of its exit status.

    `tells` is what it returns: an object with the status as an attribute, such an object that is
    true only if the status is 0, the status, the status times 256 (as `wait` of POSIX has it), a
    status and a text, or nothing of it. It raises for a failure if `raises`, which the argument
    `keyword` turns round. `waits`: it returns when the process has ended.
    """

    tells: Telling = ""
    raises: bool = False
    keyword: str = ""
    waits: bool = True


def _each(ending: Ending, prefix: str, names: str) -> dict[str, Ending]:
    return {f"{prefix}.{name}": ending for name in names.split()}


_OPENED = Ending("process", waits=False)
_CHECKED = Ending("process", raises=True, keyword="check")
_WARNING = Ending("answer", raises=True, keyword="warn")


def _subprocess(prefix: str) -> dict[str, Ending]:
    return {
        f"{prefix}.run": Ending("process", keyword="check"),
        f"{prefix}.Popen": _OPENED,
        f"{prefix}.call": Ending("status"),
        f"{prefix}.getstatusoutput": Ending("pair"),
        f"{prefix}.getoutput": Ending(),
        **_each(Ending(raises=True), prefix, "check_call check_output"),
    }


ENDINGS: Final[Mapping[str, Ending]] = {
    **_subprocess("subprocess"),
    **_subprocess("gevent.subprocess"),
    **_subprocess("eventlet.green.subprocess"),
    "os.system": Ending("wait status"),
    "pty.spawn": Ending("wait status"),
    **_each(_OPENED, "asyncio", "create_subprocess_exec create_subprocess_shell"),
    **_each(_OPENED, "anyio", "open_process"),
    **_each(_OPENED, "trio.lowlevel", "open_process"),
    **_each(_CHECKED, "anyio", "run_process"),
    **_each(_CHECKED, "trio", "run_process"),
    **_each(_WARNING, "invoke", "run sudo"),
    **_each(_WARNING, "invoke.Context", "run sudo"),
    **_each(_WARNING, "invoke.Runner", "run"),
    **_each(_WARNING, "fabric.Connection", "run sudo local"),
    **_each(_WARNING, "fabric.Group", "run sudo"),
    **_each(Ending(raises=True), "nox.Session", "run run_always run_install"),
    "oslo_concurrency.processutils.execute": Ending(raises=True),
}
"""Canonical name of what starts a process -> how its end is told."""

FORGIVING: Final = frozenset({"success_codes", "_ok_code"})
"""Keywords by which a failing process is no failure: of nox 2024, sh 2."""

ERRORS: Final = frozenset(
    {
        "subprocess.CalledProcessError",
        "subprocess.SubprocessError",
        "invoke.UnexpectedExit",
        "invoke.Failure",
        "invoke.exceptions.UnexpectedExit",
        "invoke.exceptions.Failure",
        "nox.command.CommandFailed",
        "oslo_concurrency.processutils.ProcessExecutionError",
    }
)
"""What is raised for a process that has failed, and what catches it by that name."""

STATUS: Final = frozenset(
    {"returncode", "exited", "return_code", "exit_code", "exitcode", "exit_status"}
)
"""Attributes of a finished process that are its exit status."""

GOOD: Final = frozenset({"ok", "success"})
BAD: Final = frozenset({"failed"})
"""Attributes that say whether it is 0, or is not."""

WAITING: Final = frozenset({"wait", "poll"})
"""Methods that return the status."""

POLLING: Final = "poll"
"""The one of them that does not wait: it returns None as long as the process runs."""

LOOKING: Final = frozenset({"poll", "pid", "args", "kill", "terminate", "send_signal"})
"""What may be asked of a process without waiting for its end."""

CHECKING: Final = "check_returncode"
"""The method that raises unless the status is 0."""

DECODING: Final = frozenset({"os.WEXITSTATUS", "os.waitstatus_to_exitcode"})
"""Functions that make an exit status of a wait status."""
