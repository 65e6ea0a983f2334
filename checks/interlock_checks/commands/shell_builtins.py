"""Built-in commands of the shell that change what later commands mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from interlock_checks.commands.model import REST, UNKNOWN, Command, Rest, const, normal
from interlock_checks.commands.pieces import Value

if TYPE_CHECKING:
    from interlock_checks.commands.shell import Context, Walk


def _read(walk: Walk, command: Command, context: Context) -> None:
    for one in command.words[1:]:
        name = const(one)
        if name is not None and re.fullmatch(r"[A-Za-z_]\w*", name):
            walk.put(name, [(REST,)], context, context.weak)


def _printf(walk: Walk, command: Command, context: Context) -> None:
    if len(command.words) > 2 and const(command.words[1]) == "-v":
        name = const(command.words[2])
        if name is not None:
            walk.put(name, [(UNKNOWN,)], context, context.weak)


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
            options.errexit = on if long == "errexit" and sure else options.errexit
        if "e" in option and not option.startswith("--") and sure:
            options.errexit = on
        index += 1


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
    "mapfile": _read,
    "readarray": _read,
    "getopts": _read,
    "printf": _printf,
    "set": _set,
    "shift": _shift,
    "alias": _alias,
    "trap": _trap,
}
