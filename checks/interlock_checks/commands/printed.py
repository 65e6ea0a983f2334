"""What a command prints, for the few commands that only print constants."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

from interlock_checks.commands.argv import parts_of
from interlock_checks.commands.model import Argument, Word, const, normal, spaced
from interlock_checks.commands.pieces import ansi


def printed(words: tuple[Argument, ...], stdin: Word | None) -> Word | None:
    """What a command with these words prints, for a few that only print."""
    name = const(words[0]) if words else None
    rest = list(words[1:])
    if name in ("command", "builtin") and rest:
        option = const(rest[0])
        if option == "-v" and len(rest) == 2:
            return parts_of(rest[1])
        return None if option is None or option.startswith("-") else printed(tuple(rest), stdin)
    if name in ("which", "whence") and len(rest) == 1:
        return parts_of(rest[0])
    if name == "type" and len(rest) == 2 and const(rest[0]) in ("-p", "-P"):
        return parts_of(rest[1])
    if name == "echo":
        escapes = False
        while rest and re.fullmatch(r"-[neE]+", const(rest[0]) or ""):
            escapes |= "e" in (const(rest.pop(0)) or "")
        said = normal((*spaced(rest), "\n"))
        return normal(part if part is None else ansi(part) for part in said) if escapes else said
    if name == "printf" and rest:
        if const(rest[0]) == "--":
            rest.pop(0)
        form = const(rest[0]) if rest else None
        return None if form is None else _formatted(ansi(form), rest[1:])
    plain = const(stdin) if stdin is not None else None
    if name is not None and name in _DECODERS and plain is not None:
        options = {const(one) for one in rest}
        decode, needed = _DECODERS[name]
        return decode(plain) if not needed or options & needed else None
    if name in ("cat", "tee", "sort", "head", "tail", "envsubst") and (
        name == "tee" or all(const(one) == "-" for one in rest)
    ):
        return stdin
    return None


def _base64(text: str) -> Word | None:
    try:
        return (base64.b64decode("".join(text.split()), validate=True).decode(),)
    except ValueError:
        return None


def _hexadecimal(text: str) -> Word | None:
    try:
        return (bytes.fromhex("".join(text.split())).decode(),)
    except ValueError:
        return None


def _reversed(text: str) -> Word | None:
    return ("\n".join(line[::-1] for line in text.split("\n")),)


_DECODERS: Mapping[str, tuple[Callable[[str], Word | None], frozenset[str]]] = {
    "base64": (_base64, frozenset({"-d", "-D", "-di", "--decode"})),
    "xxd": (_hexadecimal, frozenset({"-r", "-rp", "-pr"})),
    "rev": (_reversed, frozenset()),
}
"""Programs that turn constant input into constant output, and the options with which they do."""


def _formatted(form: str, values: list[Argument]) -> Word | None:
    """`printf FORMAT VALUE...` where the format knows only %s, %b, %q, %d and %%."""
    pieces = re.split(r"(%[sbqd%])", form)
    if any("%" in piece for piece in pieces[::2]) or len(values) > 200:
        return None
    parts: list[str | None] = []
    left = list(values)
    while True:
        for piece in pieces:
            if piece == "%%":
                parts.append("%")
            elif piece[:1] == "%" and len(piece) == 2:
                parts.extend(parts_of(left.pop(0)) if left else ())
            else:
                parts.append(piece)
        if not left or not any(re.fullmatch(r"%[sbqd]", one) for one in pieces):
            return normal(parts)
