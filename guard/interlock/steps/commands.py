"""The steps as commands. Each ends with 0 done, 2 could not, 3 refused."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interlock.redaction import redacted
from interlock.refused import Refused
from interlock.uncaught import application_frames

if TYPE_CHECKING:
    from interlock.steps.receipts import Receipt
    from interlock.steps.status import Standing

__all__ = ["COMMANDS"]

DONE, UNSETTLED, FAILED, REFUSED = 0, 1, 2, 3

_format = click.option(
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)


def _answering(function: Callable[..., int]) -> Callable[..., int]:
    """Turn what a step raises into words and an exit status."""

    @functools.wraps(function)
    def command(output_format: str, **options: Any) -> int:
        from interlock.steps.site import Misuse

        try:
            # What env.py and migrations print is no result of ours.
            with contextlib.redirect_stdout(sys.stderr):
                return function(output_format=output_format, **options)
        except Refused as refusal:
            if output_format == "json":
                _result(refusal.json())
            else:
                click.echo(str(refusal), err=True)
            return REFUSED
        except Misuse as error:
            return _failed(output_format, str(error))
        # env.py and migrations are the repository's code, and may also end the process with 0.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            said = redacted(str(getattr(error, "orig", None) or error)).strip().split("\n")[0][:300]
            place = [*application_frames(error.__traceback__)][-1:]
            at = "".join(f", at {Path(file).name}:{line}" for file, line, _ in place)
            return _failed(
                output_format,
                f"{type(error).__name__}: {said}{at}. `interlock status` says what was changed",
            )

    return command


def _failed(output_format: str, message: str) -> int:
    if output_format == "json":
        _result(json.dumps({"error": message}))
    else:
        click.echo(f"error: {message}", err=True)
    return FAILED


def _result(text: str) -> None:
    sys.__stdout__.write(f"{text}\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def _show(receipt: Receipt, output_format: str) -> int:
    if output_format == "json":
        import msgspec

        document = {"step": receipt.step, **msgspec.to_builtins(receipt)}
        _result(json.dumps(document, sort_keys=True))
    else:
        from interlock.steps.words import receipt_lines

        _result("\n".join(receipt_lines(receipt)))
    return DONE


def _standing_json(one: Standing) -> str:
    import msgspec

    return json.dumps(msgspec.to_builtins(one), sort_keys=True)


@click.command(short_help="Verify this commit for a database, and plan the migration.")
@click.argument("target")
@_format
@_answering
def verify(target: str, output_format: str) -> int:
    """Verify this commit for the database TARGET, and plan the migration."""
    from interlock.steps import actions

    receipt = actions.verify(target)
    return _show(receipt, output_format)


@click.command(short_help="Back up the verified database, restore the backup and compare.")
@click.argument("target", required=False)
@_format
@_answering
def backup(target: str | None, output_format: str) -> int:
    """Back up the database that was verified, restore the backup and compare."""
    from interlock.steps import actions, demands

    receipt = actions.backup(demands.latest(target, "backup"))
    return _show(receipt, output_format)


@click.command()
@click.argument("target", required=False)
@_format
@_answering
def migrate(target: str | None, output_format: str) -> int:
    """Migrate the database that was backed up."""
    from interlock.steps import actions, demands

    receipt = actions.migrate(demands.latest(target, "migrate"))
    return _show(receipt, output_format)


@click.command()
@click.argument("target")
@_format
@_answering
def deploy(target: str, output_format: str) -> int:
    """Verify, back up and migrate the database TARGET."""
    from interlock.steps import actions

    receipt = actions.verify(target)
    _show(receipt, output_format)
    if not receipt.plan.changes:
        return DONE
    receipt = actions.backup(receipt)
    _show(receipt, output_format)
    return _show(actions.migrate(receipt), output_format)


@click.command(short_help="Say what happened to a database, and what to do now.")
@click.argument("target", required=False)
@_format
@_answering
def status(target: str | None, output_format: str) -> int:
    """
    Say what happened to TARGET, or to every protected database, and what to do now.

    Exit status: 0 nothing is left to do, 1 something is.
    """
    from interlock.steps.status import standings
    from interlock.steps.words import standing_text

    found = standings(target)
    for one in found:
        _result(_standing_json(one) if output_format == "json" else standing_text(one))
    return DONE if all(one.settled for one in found) else UNSETTLED


@click.command(short_help="Make a key that signs receipts.")
@click.argument("file")
def keygen(file: str) -> int:
    """
    Make a key. The private half goes into FILE, or with `-` into a pipe, and nowhere else.
    """
    from interlock.steps.keys import generate, write_private

    if file == "-" and sys.stdout.isatty():
        click.echo("error: a private key belongs into a pipe or a file, not on a screen", err=True)
        return FAILED
    try:
        private, public = generate()
        if file == "-":
            click.echo(private)
        else:
            write_private(Path(file), private)
    except FileExistsError:
        click.echo(f"error: {file!r} exists: a key never takes the place of a file", err=True)
        return FAILED
    except OSError as error:
        click.echo(f"error: {file!r} cannot be written: {error.strerror}", err=True)
        return FAILED
    except ModuleNotFoundError as error:
        click.echo(
            f"error: {error.name} is not installed: pip install 'interlock[deploy]'", err=True
        )
        return FAILED
    place = "what went into the pipe" if file == "-" else f"the content of {file}"
    click.echo(
        "The public half belongs into the contract, by a reviewed commit:\n\n"
        f'[tool.interlock.trust]\nkeys = ["{public}"]\n\n'
        f"The private half is {place}. It belongs into the secrets of the CI job that deploys, "
        "as INTERLOCK_SIGNING_KEY or wherever trust.signing-key says, readable for that job alone. "
        "Keep no copy on any machine that people work on.",
        err=True,
    )
    return DONE


@click.command(
    short_help="Run Alembic on an unprotected database.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def alembic(arguments: tuple[str, ...]) -> int:
    """Run Alembic on an unprotected database; on a protected one it is refused."""
    from alembic.config import CommandLine

    from interlock.hooks import install

    install()
    try:
        CommandLine(prog="interlock alembic").main(list(arguments))
    except Refused as refusal:
        click.echo(str(refusal), err=True)
        return REFUSED
    except SystemExit as ended:
        return DONE if ended.code in (None, 0) else FAILED
    return DONE


COMMANDS = {
    command.name: command
    for command in (verify, backup, migrate, deploy, status, keygen, alembic)
    if command.name is not None
}
