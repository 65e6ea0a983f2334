"""The steps as commands. Each ends with 0 done, 2 could not, 3 refused."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interlock.refused import Refused

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
        except Exception as error:  # noqa: BLE001 - env.py and migrations are the repository's code
            said = str(getattr(error, "orig", None) or error).strip().split("\n")[0][:300]
            return _failed(
                output_format,
                f"{type(error).__name__}: {said}. `interlock status` says what was changed",
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


@click.command()
@click.argument("target")
@_format
@_answering
def verify(target: str, output_format: str) -> int:
    """Verify this commit for the database TARGET, and plan the migration."""
    from interlock.steps import actions

    receipt = actions.verify(target)
    return _show(receipt, output_format)


@click.command()
@click.argument("target", required=False)
@_format
@_answering
def backup(target: str | None, output_format: str) -> int:
    """Back up the database that was verified, restore the backup and compare."""
    from interlock.steps import actions

    receipt = actions.backup(actions.latest(target, "backup"))
    return _show(receipt, output_format)


@click.command()
@click.argument("target", required=False)
@_format
@_answering
def migrate(target: str | None, output_format: str) -> int:
    """Migrate the database that was backed up."""
    from interlock.steps import actions

    receipt = actions.migrate(actions.latest(target, "migrate"))
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


@click.command()
@click.argument("target", required=False)
@_format
@_answering
def status(target: str | None, output_format: str) -> int:
    """
    Say what happened to TARGET, or to every protected database, and what to do now.

    Exit status: 0 nothing is left to do, 1 something is.
    """
    from interlock.steps.status import standings

    found = standings(target)
    for one in found:
        _result(_standing_json(one) if output_format == "json" else _standing_text(one))
    return DONE if all(one.settled for one in found) else UNSETTLED


@click.command()
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


# --- words ----------------------------------------------------------------------------------


def _show(receipt: Receipt, output_format: str) -> int:
    if output_format == "json":
        import msgspec

        document = {"step": receipt.step, **msgspec.to_builtins(receipt)}
        _result(json.dumps(document, sort_keys=True))
    else:
        _result("\n".join(_receipt_lines(receipt)))
    return DONE


def _receipt_lines(receipt: Receipt) -> Iterator[str]:
    from interlock.steps.actions import revisions
    from interlock.steps.receipts import Copied, Migrated, Verified

    evidence = receipt.evidence
    if isinstance(evidence, Verified):
        yield f"verified  {receipt.target.name}, {receipt.target.address}"
        yield f"  run     {receipt.run}"
        yield f"  commit  {receipt.commit[:12]}, proved over {evidence.files} files of code"
        if not receipt.plan.changes:
            yield f"  plan    nothing to migrate: the database is at {receipt.plan.end}"
        else:
            yield f"  plan    {revisions(receipt.plan.start)} to {receipt.plan.end}"
        for change in receipt.plan.changes:
            known = f"SQL sha256 {change.sql[:12]}" if change.sql else f"SQL: {change.reason}"
            yield f"          {change.revision}  {known}"
    elif isinstance(evidence, Copied):
        rows = sum(evidence.tables.values())
        yield f"backed up {receipt.target.name} into {evidence.file}"
        yield (
            f"          {evidence.size} bytes, restored and compared: "
            f"{len(evidence.tables)} tables, {rows} rows"
        )
    elif isinstance(evidence, Migrated):
        yield f"migrated  {receipt.target.name} to {receipt.plan.end}"
        yield f"          {len(evidence.revisions)} in the ledger: {revisions(evidence.revisions)}"


def _standing_text(one: Standing) -> str:
    lines = [f"{one.name}: {one.verdict}"]
    if one.run is not None:
        lines.append(f"  run     {one.run}")
    for step, issued, problem in one.steps:
        when = f"{issued:%Y-%m-%d %H:%M:%S} UTC" if issued else f"proves nothing: {problem}"
        lines.append(f"          {step:8}  {when}")
    if one.heads is not None:
        lines.append(f"  version {', '.join(one.heads) or 'none'}")
    for entry in (one.ledger or ())[-5:]:
        lines.append(
            f"  ledger  {entry.revision}  {entry.applied:%Y-%m-%d %H:%M:%S} UTC  "
            f"commit {entry.commit[:12]}  run {entry.run}"
        )
    lines.append(f"  next    {one.next_step}")
    return "\n".join(lines)


def _standing_json(one: Standing) -> str:
    import msgspec

    return json.dumps(msgspec.to_builtins(one), sort_keys=True)
