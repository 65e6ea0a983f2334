"""
Command lines that a call may give to whoever runs them: a library, another machine, a scheduler.

Two signs say so, where it is not known what the call does: the name of what is called, and the
word under which the line is given, as a keyword or as a key of a table within. Either counts only
with a migration command in constants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from interlock_checks.commands import judge_argv, judge_shell
from interlock_checks.commands.judge import Verdict
from interlock_checks.link import fold
from interlock_checks.link.lines import command_lines, has_text
from interlock_checks.link.loading import nested_texts
from interlock_checks.link.members import COMPUTED
from interlock_checks.link.reach import Site
from interlock_checks.link.values import (
    Ext,
    Given,
    Lit,
    Many,
    Method,
    Par,
    Table,
    Text,
    Value,
    Values,
)

if TYPE_CHECKING:
    from interlock_checks.link.uses import Uses

_RUNNING = frozenset(
    "run call execute sudo local shell system popen spawn exec sh bash cmd command invoke "
    "getoutput subprocess ssh remote process".split()
)
"""Words in the names of what runs commands, all over the field."""

_TELLING = frozenset(
    "add append assert bind count critical debug describe dump dumps echo error exception "
    "explain extend fatal format get has index info insert is join log match msg parse pop print "
    "quote remove render replace search setdefault show split startswith success suggest trace "
    "update warn warning write".split()
)
"""First words in the names of what shows, keeps or compares texts: it runs none."""

_STARTED = frozenset("container containers process service sidecar step task".split())
"""What is started where it is added: `add_container(command=...)`."""

_COMMANDS = ("command", "commands", "cmd", "cmds", "cmdline", "argv", "entrypoint", "entry_point")
"""Ends of keywords and keys under which a command line is given."""
_ARGUMENTS = frozenset({"args", "arguments"})
"""Those under which its further words are."""

_WORD = re.compile(r"[A-Z]*[a-z]+|[A-Z]+")
_MOST_TABLES = 64


def commissioned(
    uses: Uses, site: Site, node: int, function: Ext | Method, given: tuple[Given, ...]
) -> None:
    """A call of something unknown that is given a migration command in constants."""
    running = _runs(function.name.rpartition(".")[2])
    if running is None:
        return
    records = list(_records(given))
    verdicts = _positional(given) if running else []
    for record in records:
        verdicts += _commanded(record)
    found = next((v for v in verdicts if v.kind == "migration"), None)
    if found is not None:
        uses.world.want(site.path, node)
        name = function.name.rpartition(".")[2]
        uses.report(site, "IL102", found.what, f"given to `{name}`")
    elif handed := {one for record in records[1:] for one in _handed(record)}:
        # A key of a table says it as no keyword does: the callers know what stands under it.
        name = function.name.rpartition(".")[2]
        uses.world.want(site.path, node)
        reason = f"the command line in what `{name}` is given is not known here"
        uses.wait(site, node, handed, uses.assume(site, reason))
    nested_texts(uses, site, node, verdicts, given)


def hands_over(given: Sequence[Given]) -> bool:
    """Whether a call hands over a migration command in constants, as a list of words."""
    return any(
        verdict.kind == "migration"
        for one in given
        for value in one.values
        if isinstance(value, Many) and value.items and any(has_text(v) for v in value.items[:1])
        for verdict in _lines((value,))
    )


@lru_cache(maxsize=4096)
def _runs(name: str) -> bool | None:
    """Whether a name says that commands are run; None if it says that they are not."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not _TELLING.isdisjoint(words[:1]):
        return None if _STARTED.isdisjoint(words[1:]) else False
    return name == COMPUTED or not _RUNNING.isdisjoint(words)


def _positional(given: Sequence[Given]) -> list[Verdict]:
    positional = [g.values for g in given if g.name is None]
    verdicts: list[Verdict] = []
    if len(positional) > 1 and any(has_text(values) for values in positional):
        verdicts += [judge_argv(words) for words in command_lines(positional)]
    for values in positional[:3]:
        verdicts += _lines(values)
    return verdicts


def _records(given: Sequence[Given]) -> Iterator[Mapping[str, Values]]:
    """The keywords of a call, and each table within what it is given."""
    yield {one.name: one.values for one in given if one.name is not None}
    todo: list[Value] = [value for one in given for value in one.values]
    tables = 0
    while todo and tables < _MOST_TABLES:
        match todo.pop():
            case Many(items=items):
                todo += [value for item in items for value in item]
            case Table(pairs=pairs):
                tables += 1
                yield {
                    key.value: values
                    for keys, values in pairs
                    for key in keys
                    if isinstance(key, Lit) and isinstance(key.value, str)
                }
                todo += [value for _, values in pairs for value in values]
            case _:
                pass


def _commanded(record: Mapping[str, Values]) -> list[Verdict]:
    """What the command lines come to that stand under a word for one."""
    verdicts: list[Verdict] = []
    further = [values for name, values in record.items() if name.lower() in _ARGUMENTS]
    for values in further:
        verdicts += _lines(values)
    for name, values in record.items():
        if not name.lower().endswith(_COMMANDS):
            continue
        verdicts += _lines(values, several=name.lower().endswith("s"))
        for one in values:
            words = one.items if isinstance(one, Many) else ((one,),)
            for more in (value for values in further for value in values):
                if isinstance(more, Many):
                    verdicts += [judge_argv(w) for w in command_lines([*words, *more.items])]
    return verdicts


def _handed(record: Mapping[str, Values]) -> Iterator[Par]:
    """The parameters that stand under a word for a command line."""
    for name, values in record.items():
        if name.lower() in _COMMANDS:
            yield from fold.depends(values)


def _lines(values: Values, several: bool = False) -> list[Verdict]:
    """What a text comes to, a list of words, or a list of texts."""
    verdicts: list[Verdict] = []
    for value in values:
        match value:
            case Many(items=items) if any(has_text(item) for item in items):
                texts = [item for item in items if any(_has_words(one) for one in item)]
                if several or texts[:1] == list(items[:1]):
                    verdicts += [verdict for item in texts for verdict in _lines(item)]
                verdicts += [judge_argv(w) for w in command_lines(items, value.rest)]
            case Many(items=items):
                verdicts += [v for item in items if _is_list(item) for v in _lines(item)]
            case Lit(value=str() as text) if " " in text:
                verdicts += [verdict for _, verdict in judge_shell(text)]
            case Text(parts=parts) if _has_words(value):
                verdicts += [verdict for _, verdict in judge_shell(parts)]
            case _:
                pass
    return verdicts


def _is_list(values: Values) -> bool:
    return all(isinstance(value, Many) for value in values)


def _has_words(value: Value) -> bool:
    match value:
        case Lit(value=str() as text):
            return " " in text
        case Text(parts=parts):
            return any(" " in (part or "") for part in parts)
        case _:
            return False
