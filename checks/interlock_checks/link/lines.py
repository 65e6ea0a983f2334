"""The command lines that a call starts, as far as its arguments are known, and their verdicts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from interlock_checks.catalogue import processes
from interlock_checks.commands import REST, Argument, Verdict, Word, judge_argv, judge_shell
from interlock_checks.link.values import UNKNOWN, Given, Lit, Many, Text, Value, Values, argument

SENT = "input"
"""The keyword of what a process can read, in `subprocess.run` and in `verdicts_of`."""
ALTERNATIVES = 16
"""Command lines that are judged of one process; beyond that the words count as unknown."""


def verdicts_of(start: processes.Start, given: tuple[Given, ...]) -> list[Verdict]:
    """What the command lines are that a call may start; empty if nothing is given."""
    prefix: list[Values] = [(Lit(text),) for text in start.prefix]
    stdin = _stdin(given)
    if start.form in {"words", "path+words"}:
        positional = [g for g in given if g.name is None][start.first :]
        if start.trailing:
            positional = positional[: -start.trailing]
        words = [g.values for g in positional]
        if start.form == "path+words" and len(words) > 1:
            words = [words[0], *words[2:]]
        rest = any(g.star for g in positional)
        words = (
            [v for v, g in zip(words, positional, strict=False) if not g.star]
            if (rest and start.form == "words")
            else words
        )
        if not words and not rest:
            return []
        if len(words) == 1 and not rest and _is_list(words[0]):
            return _argv(words[0], prefix, shell=False, stdin=stdin)
        lines = command_lines([*prefix, *words], rest)
        return [judge_argv(line, stdin_text=stdin) for line in lines]
    values = argument(given, start.first, start.keyword)
    if values is None:
        return []
    if start.form == "shell":
        return _argv(values, prefix, shell=True, stdin=stdin)
    if start.form == "path+argv":
        listed = argument(given, start.first + 1, "args") or argument(
            given, start.first + 1, "argv"
        )
        found: list[Verdict] = []
        for value in listed or ():
            if isinstance(value, Many):
                words = [values, *value.items[1:]]
                found += [judge_argv(w) for w in command_lines(words, value.rest)]
            else:
                found += [judge_argv(w) for w in command_lines([values], rest=True)]
        return found
    if start.form == "module":
        words = [(Lit("python"),), (Lit("-m"),), values]
        return [judge_argv(w) for w in command_lines(words, rest=True)]
    if start.form == "script":
        words = [(Lit("python"),), values]
        return [judge_argv(w) for w in command_lines(words, rest=True)]
    asked = None
    if start.shell is not None:
        asked = argument(given, start.shell if start.shell >= 0 else 10_000, "shell")
    shell = _shell_wanted(asked)
    program = argument(given, 10_000, "executable") if start.executable else None
    found = _argv(values, prefix, shell=shell, stdin=stdin)
    if shell and not all(isinstance(value, Lit) for value in asked or ()):
        found += _argv(values, prefix, shell=False, stdin=stdin)
    if program and program != UNKNOWN and not shell:
        for value in values:
            if isinstance(value, Many):
                words = [program, *value.items[1:]]
                found += [judge_argv(w) for w in command_lines(words, value.rest)]
    return found


def shell_verdicts(values: Values) -> list[Verdict]:
    """The verdicts on texts for a shell, or on lists whose first item is one."""
    return _argv(values, [], shell=True)


def _argv(
    values: Values, prefix: list[Values], *, shell: bool, stdin: Word | None = None
) -> list[Verdict]:
    found: list[Verdict] = []
    for value in values:
        match value:
            case Many(items=items, rest=rest) if not shell or len(items) > 1 or prefix:
                found += [
                    judge_argv(w, stdin_text=stdin) for w in command_lines([*prefix, *items], rest)
                ]
            case Many(items=items) if items:
                found += _argv(items[0], prefix, shell=True, stdin=stdin)
            case Lit(value=str() as text):
                lead = " ".join(_constant(prefix))
                script = f"{lead} {text}" if lead else text
                found += [v for _, v in judge_shell(script, stdin=stdin)]
            case Lit(value=bytes()) if not prefix:
                found += [v for word in _words(value) for _, v in judge_shell(word, stdin=stdin)]
            case Text(parts=parts):
                found += [v for _, v in judge_shell(parts, stdin=stdin)]
            case Lit(value=None) if prefix:
                found += [judge_argv(w) for w in command_lines(prefix, rest=True)]
            case Lit():
                pass
            case _:
                found += [judge_argv(w) for w in command_lines(prefix, rest=True)]
    return found


def command_lines(words: Sequence[Values], rest: bool = False) -> list[tuple[Argument, ...]]:
    """All command lines that the alternatives of each word make."""
    alternatives: list[list[Argument]] = []
    size = 1
    for values in words:
        found: list[Argument] = []
        for value in values:
            for one in _words(value):
                if one not in found:
                    found.append(one)
        size *= max(len(found), 1)
        if size > ALTERNATIVES:
            size //= max(len(found), 1)
            found = [(None,)]
        alternatives.append(found or [(None,)])
    made = list(itertools.product(*alternatives))
    return [(*line, REST) for line in made] if rest else made


def _stdin(given: Sequence[Given]) -> Word | None:
    """The text that is sent to a process."""
    for one in given:
        if one.name == SENT and len(one.values) == 1:
            (word,) = _words(one.values[0])
            return word
    return None


def _shell_wanted(values: Values | None) -> bool:
    if values is None:
        return False
    return not all(isinstance(v, Lit) and not v.value for v in values)


def _is_list(values: Values) -> bool:
    return bool(values) and all(isinstance(v, Many) for v in values)


def has_text(values: Values) -> bool:
    """Whether some value is a text of which something is known."""
    return any(
        (isinstance(v, Lit) and isinstance(v.value, str)) or isinstance(v, Text) for v in values
    )


def _constant(words: Sequence[Values]) -> list[str]:
    return [str(v.value) for values in words for v in values[:1] if isinstance(v, Lit)]


def _words(value: Value) -> list[Word]:
    match value:
        case Lit(value=str() as text):
            return [(text,)]
        case Lit(value=bytes() as data):
            return [(data.decode("utf-8", "replace"),)]
        case Lit(value=int() as number):
            return [(str(number),)]
        case Text(parts=parts):
            return [parts]
        case _:
            return [(None,)]
