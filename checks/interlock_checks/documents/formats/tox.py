"""tox.ini and the sections of tox elsewhere: command lines that no shell reads."""

from __future__ import annotations

import re
from dataclasses import replace

from interlock_checks.commands.model import word
from interlock_checks.documents.ini_nodes import read_ini
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, items, string, texts
from interlock_checks.documents.sheet import Sheet, is_true, settings

__all__ = ["add_commit", "add_pytest_options", "read", "read_tables", "read_tox"]

SYSTEM = "tox"

_COMMANDS = ("commands_pre", "commands", "commands_post")
_SUBSTITUTION = re.compile(r"\{([^{}]*)\}")
_FACTOR = re.compile(r"!?[\w.{},!-]+\s*:\s+")
_HOLE = re.compile(r"\{[^{}]*\}")
MAX_ROUNDS = 5
"""References inside references that are filled in."""
LONGEST = 100_000
"""Characters that the references of one line may grow to."""


def read(text: str, path: str) -> Layout:
    """What the environments of a file run."""
    sheet = Sheet(_HOLE)
    read_tox(text, sheet, None)
    add_pytest_options(read_ini(text), sheet)
    return sheet.layout(SYSTEM)


def add_pytest_options(root: Map, sheet: Sheet) -> None:
    """Add the options that every run of pytest gets."""
    for section in ("pytest", "tool:pytest"):
        options = child(root, section, "addopts")
        if isinstance(options, Text):
            words, rows = sheet.split(options)
            row = rows[0] if rows else options.row
            sheet.add(Script("words", words=(word("pytest"), *words), rows=(row, *rows)))


def add_commit(arguments: Text, sheet: Sheet) -> None:
    """Add the commit that bumpversion makes with arguments of its own."""
    words, rows = sheet.split(arguments)
    whole = (word("git"), word("commit"), *words)
    row = rows[0] if rows else arguments.row
    sheet.add(Script("words", words=whole, rows=(row, row, *rows)))


def read_tox(text: str, sheet: Sheet, within: tuple[int, ...] | None) -> None:
    """
    Add the environments of an ini text.

    `within` are the rows in the file of the lines of the text, where it is not the file itself.
    """
    root = read_ini(text)
    for name, section in root.effective():
        bare = name.value.removeprefix("tox:")
        if isinstance(section, Map) and (bare.startswith("testenv") or bare == "tox"):
            _environment(bare, section, root, sheet, within)


def _environment(
    name: str, section: Map, root: Map, sheet: Sheet, within: tuple[int, ...] | None
) -> None:
    def placed(row: int) -> int:
        return row if within is None else within[min(row, len(within)) - 1]

    outcome = string(section.get("ignore_outcome"))
    how = Script(
        "words",
        environment=_variables(section.get("setenv") or section.get("set_env"), sheet),
        discarded="`ignore_outcome = true`" if (outcome or "").strip().lower() == "true" else None,
    )
    # The environment fails in the end, but what stands behind a failure has run by then.
    goes_on = (string(section.get("ignore_errors")) or "").strip().lower() == "true"
    parts: list[Part] = []
    for key in _COMMANDS:
        node = section.get(key)
        if not isinstance(node, Text):
            continue
        for line, row in _lines(node):
            text = _filled(line, root)
            # A reference to the commands of another section stands for all of its lines.
            for one in text.split("\n"):
                found = _FACTOR.match(one)
                factor = found.group().strip() if found else None
                one = one[found.end() :] if found else one
                ignored = one.startswith("-")
                around = replace(how, discarded="the leading `-`") if ignored else how
                bare = Text(one.lstrip("-! "), placed(row), (placed(row),))
                scripts = sheet.argv([bare], around)
                if scripts:
                    parts.append(
                        Part(
                            placed(row),
                            tuple(scripts),
                            condition=factor,
                            condition_row=placed(row),
                            may_fail=ignored,
                            after_failure=goes_on,
                        )
                    )
    if parts:
        sheet.jobs.append(Job(name, placed(section.row), tuple(parts)))


def _lines(node: Text) -> list[tuple[str, int]]:
    """The commands of a value: a backslash at the end of a line joins the next to it."""
    found: list[tuple[str, int]] = []
    open_line = False
    for line, row in zip(node.value.split("\n"), node.rows, strict=False):
        text = line.strip()
        ends = text.endswith("\\")
        text = text.removesuffix("\\").strip()
        if open_line:
            found[-1] = (f"{found[-1][0]} {text}", found[-1][1])
        elif text:
            found.append((text, row))
        open_line = ends and bool(found)
    return found


def _filled(text: str, root: Map) -> str:
    """The text with what is known in place of references, `{posargs:default}` and the like."""

    def value(found: re.Match[str]) -> str:
        inner = found[1]
        name, colon, default = inner.partition(":")
        if inner.startswith("[") and "]" in inner:
            section, _, key = inner[1:].partition("]")
            node = child(root, section, key)
            return node.value.strip() if isinstance(node, Text) else found.group()
        if name == "posargs" and colon:
            return default
        if name == "env" and ":" in default:
            return default.partition(":")[2]
        if name in ("envpython", "basepython"):
            return "python"
        return {"posargs": "", "/": "/", ":": ":"}.get(inner, found.group())

    for _ in range(MAX_ROUNDS):
        filled = _SUBSTITUTION.sub(value, text)
        if filled == text or len(filled) > LONGEST:
            break
        text = filled
    return text


def _variables(node: Node | None, sheet: Sheet) -> tuple[tuple[str, tuple[str | None, ...]], ...]:
    lines = node.value.split("\n") if isinstance(node, Text) else []
    pairs = [line.partition("=") for line in lines if "=" in line]
    return tuple((name.strip(), sheet.word(value.strip())) for name, _, value in pairs)


def read_tables(tox: Node | None, sheet: Sheet) -> None:
    """Add the environments of tox's own form in TOML: commands are lists of words."""
    tables = [("env_run_base", child(tox, "env_run_base"))]
    environments = child(tox, "env")
    if isinstance(environments, Map):
        tables.extend((name.value, one) for name, one in environments.effective())
    for name, table in tables:
        if not isinstance(table, Map):
            continue
        ignored = is_true(table.get("ignore_outcome"))
        how = Script(
            "words",
            environment=settings(table.get("set_env"), sheet),
            discarded="`ignore_outcome = true`" if ignored else None,
        )
        parts: list[Part] = []
        for key in _COMMANDS:
            for one in items(table.get(key)):
                if not isinstance(one, Seq) or not texts(one):
                    continue
                words = texts(one)
                around = how
                if words[0].value == "-":
                    words, around = words[1:], replace(how, discarded="the leading `-`")
                parts.append(Part(one.row, tuple(sheet.words(words, around))))
        if parts:
            sheet.jobs.append(Job(name, table.row, tuple(parts)))
