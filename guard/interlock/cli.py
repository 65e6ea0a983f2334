"""
The command line.

Exit status: 0 proved or done, 1 findings, 2 could not look (misuse, an invalid contract, a missing
part, a mistake of ours), 3 refused. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

import interlock

if TYPE_CHECKING:
    from interlock_checks.report.model import Report

__all__ = ["main"]

PROVED, FINDINGS, ERROR, INTERRUPTED = 0, 1, 2, 130

# The checks import these late, and a warm cache may never ask for them: whether they are there has
# to be asked before, or a broken installation would pass.
_NEEDED = ("interlock_checks", "libcst", "tree_sitter", "tree_sitter_bash", "yaml")

_PATIENCE = 1.0
"""Seconds without a word before progress is shown."""

_WIDTH = 100
"""Columns of a report that goes into a file or a log."""


_STEPS = ("verify", "backup", "migrate", "deploy", "status", "keygen", "alembic")
"""Commands of `interlock.steps`, loaded when one of them is asked for."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_STEPS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _STEPS:
            from interlock.steps.commands import COMMANDS

            return COMMANDS[cmd_name]
        return super().get_command(ctx, cmd_name)

    def _main_shell_completion(
        self, ctx_args: object, prog_name: str, complete_var: str | None = None
    ) -> None:
        """Completion is asked for by an environment variable, and would end a check with 0."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; None takes the arguments of the process. Returns the exit status."""
    _keep_streams()
    try:
        status: object = _commands.main(argv, prog_name="interlock", standalone_mode=False)
    except click.UsageError as error:
        asked = "interlock" if error.ctx is None else error.ctx.command_path
        return _complain(f"{error.format_message()} `{asked} --help` says what there is")
    except click.ClickException as error:
        return _complain(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:
        # Python would end with 1, and that means findings.
        import traceback

        traceback.print_exc()
        _complain("this is a mistake in interlock: nothing is proved")
        raise SystemExit(ERROR) from error
    return status if isinstance(status, int) else ERROR


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(interlock.__version__, message="%(prog)s %(version)s")
@click.pass_context
def _commands(context: click.Context) -> None:
    """Default-deny for database migrations made with SQLAlchemy and Alembic."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(ERROR)


@_commands.command(short_help="Prove that only the declared places can migrate and connect.")
@click.argument("path", default=".", metavar="[PATH]")
@click.option(
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs in Ruff's shape.",
)
@click.option("--proof", metavar="FILE", help="Write what was proved, or was not, as JSON.")
@click.option(
    "--base",
    metavar="REV",
    help="Report what the contract grants beyond that revision. A pipeline's own base is found.",
)
def check(path: str, output_format: str, proof: str | None, base: str | None) -> int:
    """
    Prove that only the deploy module below PATH can migrate, and only the factory can connect.

    Always runs every check. Exit status: 0 proved, 1 findings, 2 could not look.
    """
    root = Path(path)
    problem = _unfit(path) or _incomplete()
    if problem:
        return _complain(problem)
    from interlock.contract import ContractError
    from interlock_checks.base import BaseMissing, bases
    from interlock_checks.run import check_repository

    target = None if proof is None else Path(proof)
    try:
        if target is not None:
            from interlock_checks.report.proof import clear

            clear(target)
        with _Progress() as progress:
            report = check_repository(root, progress, bases(root, base, os.environ))
        text = _rendered(report, root, output_format)
        if target is not None:
            from interlock_checks.report.proof import document, write
            from interlock_checks.tree import WorkTree

            write(target, document(report, root, WorkTree(root).read))
    except (ContractError, BaseMissing) as error:
        return _complain(str(error))
    except OSError as error:
        said = error.strerror or str(error)
        return _complain(f"{str(error.filename)!r}: {said}" if error.filename else said)
    if not _write(text):
        return ERROR
    return FINDINGS if report.findings else PROVED


@_commands.command(short_help="Say which level of assurance is reached, and what is missing.")
@click.argument("path", default=".", metavar="[PATH]")
def doctor(path: str) -> int:
    """Say which level of assurance the repository at PATH has reached, and what is missing."""
    root = Path(path)
    problem = _unfit(path) or _incomplete()
    if problem:
        return _complain(problem)
    from interlock.contract import ContractError
    from interlock_checks import doctor as examination
    from interlock_checks.run import check_repository
    from interlock_checks.tree import WorkTree

    try:
        with _Progress() as progress:
            report = check_repository(root, progress)
        found = examination.diagnose(WorkTree(root), report, examination.installed())
    except ContractError as error:
        return _complain(str(error))
    return PROVED if _write(examination.render(found)) else ERROR


@_commands.command(short_help="Say what a check finds, why, and what to write instead.")
@click.argument("code", default="", metavar="[CODE]")
def explain(code: str) -> int:
    """
    Say what a check finds, why, and what to write instead.

    CODE is IL101 or the check's name; without it all checks are listed.
    """
    problem = _incomplete()
    if problem:
        return _complain(problem)
    from interlock_checks.check import all_checks
    from interlock_checks.pages import terminal

    wanted = code.strip().lower()
    if not wanted:
        rows = [f"{one.code}  {one.name:26}{one.summary}" for one in all_checks()]
        return PROVED if _write("\n".join(rows)) else ERROR
    for one in all_checks():
        if wanted in {one.code.lower(), one.name}:
            return PROVED if _write(terminal(one, min(_columns(), _WIDTH))) else ERROR
    from difflib import get_close_matches

    known = [name for one in all_checks() for name in (one.code, one.name)]
    near = get_close_matches(wanted.upper(), known, 3) or get_close_matches(wanted, known, 3)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(known[::2])}"
    return _complain(f"no check is called {code!r}; {hint}")


# --- before ---------------------------------------------------------------------------------


def _keep_streams() -> None:
    """
    Give what was closed by whoever started the process (`>&-`) something to stand for it.

    A result that cannot be read is none: writing it fails. Words beside it just go nowhere.
    """
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _unfit(path: str) -> str | None:
    root = Path(path)
    # An empty name is a variable that was not set, and not the working directory.
    if not path or not root.exists():
        return f"there is no folder {path!r}"
    if not root.is_dir():
        return (
            f"{str(root)!r} is no folder: a proof is about a whole repository, "
            "so give the folder at its root"
        )
    return None


def _incomplete() -> str | None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if not missing:
        return None
    return f"{', '.join(missing)} not installed here: pip install 'interlock[checks]'"


# --- after ----------------------------------------------------------------------------------


def _rendered(report: Report, root: Path, output_format: str) -> str:
    from interlock_checks.tree import WorkTree

    read = WorkTree(root).read
    if output_format == "json":
        from interlock_checks.report import json

        return json.render(report, root, read)
    from interlock_checks.report import text

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return text.render(report, read, colour=colour, width=_columns())


def _columns() -> int:
    if not sys.stdout.isatty():
        return _WIDTH
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _WIDTH
    except OSError:
        return _WIDTH


def _write(text: str) -> bool:
    """Write a result; a reader that has seen enough, such as `head`, changes no verdict."""
    try:
        # What the terminal cannot encode is shown as an escape, and never stops the report.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more at the end, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            _complain(f"the result could not be written: {error.strerror}")
            return False
    return True


def _complain(message: str) -> int:
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    sys.stderr.write(f"error: {printable}\n")
    return ERROR


class _Progress:
    """Tells a person at a terminal how far the reading is, if it takes longer than a second."""

    def __init__(self) -> None:
        self._show = sys.stderr.isatty()
        self._next = time.monotonic() + _PATIENCE
        self._shown = False

    def __enter__(self) -> Callable[[int, int], None]:
        return self._advance

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _advance(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._show and now >= self._next:
            self._next = now + 0.1
            self._shown = True
            sys.stderr.write(f"\r\x1b[Kreading {done} of {total} files")
            sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
