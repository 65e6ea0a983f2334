"""Steps over one prefix program: its options, the words before the command, the command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from interlock_checks.commands.argv import Argv, ShellText, split
from interlock_checks.commands.handed import commands_in
from interlock_checks.commands.model import (
    REST,
    Argument,
    Rest,
    Word,
    const,
    normal,
    opaque,
    spaced,
    starts,
    word,
)
from interlock_checks.commands.prefixes import Group, Prefix
from interlock_checks.commands.prefixes import marks as marks_of

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")


@dataclass(slots=True)
class Inner:
    rest: Argv | None
    texts: list[ShellText]
    uncertain: bool = False
    missed: bool = False
    package: bool = False
    label: bool = False
    typed: Argv | None = None
    """The words that a shell joins and reads."""


def inner_command(prefix: Prefix | Group, argv: Argv) -> Inner:
    """The command behind one prefix program; `rest` is None when it runs nothing, or only texts."""
    while isinstance(prefix, Group):
        found = read_options(prefix.options, argv, assignments=False, skip=0)
        if found.nothing or found.index >= len(argv.words):
            return Inner(None, found.texts)
        chosen = const(argv.words[found.index])
        if chosen is None or chosen not in prefix.commands:
            return Inner(None, found.texts, missed=True)
        prefix = prefix.commands[chosen]
        argv = argv.after(found.index)
    end = _dashes(argv) if prefix.dashes else None
    limit = len(argv.words) if end is None else end
    found = read_options(
        prefix.options,
        Argv(argv.words[:limit], argv.rows[:limit]),
        prefix.assignments,
        prefix.skip,
        prefix.dashes,
    )
    if found.nothing:
        return Inner(None, found.texts)
    rest = argv.after(found.index if end is None else end + 1)
    uncertain = found.uncertain and end is None
    if found.module is not None:
        rest = rest.behind(word("python"), word("-m"), found.module)
    elif found.listed or (found.program is not None and prefix.skip >= 99):
        listed = Argv(tuple(found.listed), (argv.row(0),) * len(found.listed))
        named = REST if found.program is None else found.program
        rest = listed.behind(*((REST,) if isinstance(named, Rest) else split(named)))
    elif found.program is not None:
        program = found.program
        rest = rest.behind(*((REST,) if isinstance(program, Rest) else split(program)))
        if prefix.assignments:
            rest = rest.behind(word("env"))
    elif prefix.skip >= 99:
        return Inner(None, found.texts, uncertain)
    elif prefix.inner == "python":
        rest = rest.behind(word("python"))
    elif prefix.inner in ("shell", "texts"):
        if rest.words:
            groups = [rest.words] if prefix.inner == "shell" else [(one,) for one in rest.words]
            found.texts.extend(ShellText(spaced(group), rest.row(0)) for group in groups)
        typed = rest if prefix.inner == "shell" else None
        return Inner(None, found.texts, uncertain, typed=typed)
    return Inner(rest, found.texts, uncertain, package=prefix.package, label=prefix.label)


def _dashes(argv: Argv) -> int | None:
    for index, argument in enumerate(argv.words):
        if const(argument) == "--":
            return index
    return None


@dataclass(slots=True)
class Options:
    index: int
    texts: list[ShellText]
    uncertain: bool = False
    nothing: bool = False
    program: Argument | None = None
    module: Argument | None = None
    listed: list[Argument] = field(default_factory=list)
    """The words behind the program, where an option names them."""


def read_options(
    options: str, argv: Argv, assignments: bool, skip: int, mixed: bool = False
) -> Options:
    """
    Reads options and `skip` other words; `index` is that of the first word behind them.

    mixed: options may stand behind the other words as well.
    """
    marks = marks_of(options)
    found = Options(1, [])
    words = argv.words
    mixed = mixed or skip >= 99
    passed = False

    def take(mark: str, value: Argument, row: int) -> None:
        if mark == "$" and not isinstance(value, Rest):
            found.texts.append(ShellText(value, row))
        elif mark == "#":
            found.texts.extend(ShellText(word(one), row) for one in commands_in(const(value) or ""))
        elif mark == ",":
            found.listed.extend((one,) for one in re.split(r"[,\s]+", const(value) or "") if one)
        elif mark == ">":
            found.program = value
        elif mark == "@":
            found.module = value

    while found.index < len(words):
        index = found.index
        argument = words[index]
        text = starts(argument)
        if opaque(argument):
            found.uncertain = True
            if not skip:
                return found
            skip -= 1
            found.index += 1
        elif text == "--" and const(argument) == text:
            found.index += 1
            if skip < 99:
                found.index = min(found.index + skip, len(words))
                return found
        elif (text.startswith("-") and len(text) > 1) or text in marks:
            value: Argument | None
            mark, value = _option(argument, text, marks)
            if passed and not mixed and mark != "$":
                return found  # `docker run --entrypoint sh IMAGE -c TEXT`
            found.index += 1
            if mark is None:
                found.uncertain = True
            elif mark == "!":
                found.nothing = True
                return found
            elif mark:
                if value is None and found.index < len(words):
                    value = words[found.index]
                    found.index += 1
                if value is not None:
                    take(mark, value, argv.row(found.index - 1))
                if mark == "@":
                    return found
        elif assignments and _ASSIGNMENT.match(text):
            found.index += 1
        elif skip:
            skip -= 1
            passed = not skip
            found.index += 1
        else:
            break
    # `runuser app -c TEXT`: a text option behind the first word.
    for index in range(found.index, min(len(words) - 1, found.index + 8)):
        option = const(words[index])
        if option == "--":
            break
        if option is not None and marks.get(option) == "$":
            take("$", words[index + 1], argv.row(index + 1))
    return found


def _option(
    argument: Argument, text: str, marks: Mapping[str, str]
) -> tuple[str | None, Word | None]:
    """Mark (None: not listed) and the value that stands in the same word."""
    assert not isinstance(argument, Rest)
    whole = const(argument)
    if whole is not None and whole in marks:
        return marks[whole], None
    name, equals, _ = text.partition("=")
    if equals and name in marks:
        return marks[name], cut(argument, len(name) + 1)
    if equals:
        return "", None
    if text.startswith("--"):
        return None, None
    for index, letter in enumerate(text[1:], 2):
        mark = marks.get("-" + letter)
        if mark is None:
            return None, None
        if mark:
            value = cut(argument, index)
            return mark, value if value != ("",) else None
    return "", None


def cut(argument: Word, count: int) -> Word:
    """The word without its first characters, which are known."""
    first = argument[0]
    assert first is not None
    return normal((first[count:], *argument[1:]))
