"""Built-in commands of the shell that change what later commands mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from interlock_checks.commands.argv import holed, unholed
from interlock_checks.commands.model import (
    REST,
    UNKNOWN,
    Command,
    Rest,
    Word,
    const,
    normal,
)
from interlock_checks.commands.pieces import Value
from interlock_checks.commands.printed import printed
from interlock_checks.commands.steps import file_of

if TYPE_CHECKING:
    from interlock_checks.commands.frames import Context, Options
    from interlock_checks.commands.shell import Walk


MOST_LINES = 24
"""Lines of a known input that `read` may get one after another."""
MOST_SOURCED = 8
"""Files that one shell reads of which it is asked what they leave behind."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_VALUED = {
    "read": re.compile(r"-\w*[dinNptu]"),
    **dict.fromkeys(("mapfile", "readarray"), re.compile(r"-\w*[dnOsuCc]")),
}
"""Options that take the next word where nothing is attached."""


def _read(walk: Walk, command: Command, context: Context) -> None:
    """`read NAME...` gives each name a word of the line, and the last one what is left."""
    names, flags = _names(command)
    lines = _lines(command)
    if lines is None or "d" in flags or "n" in flags:
        for name in names:
            walk.put(name, [(REST,)], context, context.weak)
        return
    between = dict(command.environment).get("IFS", (" \t\n",))
    for index, name in enumerate(names):
        last = index + 1 == len(names)
        values: list[Value] = []
        for line in lines:
            words = _separated(line, between)
            if words is None:
                values.append((REST,))
            elif "a" in flags:
                values.append(tuple(words))
            elif last:
                values.append((_joined(words[index:], between),))
            else:
                values.append((words[index] if index < len(words) else ("",),))
        walk.put(name, values, context, context.weak)


def _mapfile(walk: Walk, command: Command, context: Context) -> None:
    """`mapfile NAME` makes each line a word."""
    names, _ = _names(command)
    lines = _lines(command)
    for name in names:
        value: Value = (REST,) if lines is None else tuple(lines)
        walk.put(name, [value], context, context.weak)


def _names(command: Command) -> tuple[list[str], str]:
    """The variables that are given a value, and the letters of all options."""
    names: list[str] = []
    flags = ""
    valued = _VALUED[const(command.words[0]) or "read"]
    words = [const(one) for one in command.words[1:]]
    index = 0
    while index < len(words):
        text = words[index] or ""
        if text.startswith("-") and not names:
            flags += text[1:]
            if valued.fullmatch(text):
                index += 1
        elif _NAME.fullmatch(text):
            names.append(text)
        index += 1
    return names, flags


def _lines(command: Command) -> list[Word] | None:
    """The lines of the standard input; None where it is not known, or too long."""
    if command.stdin_text is None:
        return None
    lines = [unholed(one) for one in holed(command.stdin_text).rstrip("\n").split("\n")]
    return lines if len(lines) <= MOST_LINES else None


def _separated(line: Word, between: Word) -> list[Word] | None:
    marks = const(between)
    if marks is None or "\\" in holed(line):
        return None
    text = holed(line)
    if not marks.strip():
        return [unholed(one) for one in text.split()]
    parts = re.split(f"[{re.escape(marks)}]", text)
    return [unholed(one.strip() if " " in marks else one) for one in parts]


def _joined(words: list[Word], between: Word) -> Word:
    mark = (const(between) or "").strip()[:1] or " "
    return unholed(mark.join(holed(one) for one in words))


def _printf(walk: Walk, command: Command, context: Context) -> None:
    if len(command.words) > 2 and const(command.words[1]) == "-v":
        name = const(command.words[2])
        if name is not None:
            given = printed((command.words[0], *command.words[3:]), None)
            walk.put(name, [(given or UNKNOWN,)], context, context.weak)


def _getopts(walk: Walk, command: Command, context: Context) -> None:
    for one in command.words[1:]:
        name = const(one)
        if name is not None and _NAME.fullmatch(name):
            walk.put(name, [(REST,)], context, context.weak)


def _set(walk: Walk, command: Command, context: Context) -> None:
    words = command.words[1:]
    index = 0
    while index < len(words):
        option = const(words[index])
        if option == "--" or option is None or option[:1] not in ("-", "+"):
            rest = words[index + 1 :] if option == "--" else words[index:]
            old = context.frame.positional if context.weak else ()
            context.frame.positional = tuple(dict.fromkeys((*old, rest)))[:8]
            return
        on = option[0] == "-"
        # What may not have run switches nothing on, but may have switched it off.
        sure = not on or not context.maybe
        options = context.frame.shell
        if "o" in option and index + 1 < len(words):
            index += 1
            long = const(words[index])
            options.pipefail = on if long == "pipefail" and sure else options.pipefail
            if long == "errexit" and sure:
                _switch(options, on)
        if "e" in option and not option.startswith("--") and sure:
            _switch(options, on)
        index += 1


def _switch(options: Options, on: bool) -> None:
    options.errexit, options.loosened, options.sourced = on, not on, ()


def _source(_walk: Walk, command: Command, context: Context) -> None:
    """`. FILE` runs its lines in this shell, also those that change its options."""
    file = file_of(command.words[1]) if len(command.words) > 1 else None
    options = context.frame.shell
    if file is not None and len(options.sourced) < MOST_SOURCED:
        options.sourced = (*options.sourced, file)


def _shift(walk: Walk, command: Command, context: Context) -> None:
    count = const(command.words[1]) if len(command.words) > 1 else "1"
    moved: list[Value] = list(context.frame.positional) if context.weak else []
    for value in context.frame.positional:
        if count is None or not count.isdigit():
            moved.append((REST,))
            continue
        left = int(count)
        while left and value and not isinstance(value[0], Rest):
            value, left = value[1:], left - 1
        moved.append(value)
    context.frame.positional = tuple(dict.fromkeys(moved))[:8]


def _alias(walk: Walk, command: Command, _context: Context) -> None:
    for one in command.words[1:]:
        if isinstance(one, Rest) or one[0] is None or "=" not in one[0]:
            continue
        name, _, first = one[0].partition("=")
        walk.aliases.setdefault(name, []).append(normal((first, *one[1:])))


def _trap(walk: Walk, command: Command, _context: Context) -> None:
    words = [const(one) for one in command.words[1:]]
    if len(words) > 1 and words[0] and {"EXIT", "0", "ERR"} & set(words[1:]):
        walk.traps.append(words[0])


BUILTINS: dict[str, Callable[[Walk, Command, Context], None]] = {
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "getopts": _getopts,
    "printf": _printf,
    "set": _set,
    "shift": _shift,
    ".": _source,
    "source": _source,
    "alias": _alias,
    "trap": _trap,
}
