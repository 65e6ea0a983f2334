"""What a piece of JavaScript, Ruby, Perl or PHP starts with constant words, in one call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from interlock_checks.commands.argv import HOLE

__all__ = ["Started", "started"]

_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`"
_CALL = re.compile(
    rf"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+"
    rf"|(?:(?<![\w$])(?P<name>exec|execSync|execFile|execFileSync|spawn|spawnSync|getExecOutput"
    rf"|system|shell_exec|passthru|popen)"
    rf"(?:\s*\(\s*|\s+(?=[\"']))|(?<![\w$])(?P<tag>\$)(?=`))(?P<program>{_STRING})"
    rf"(?:\s*,\s*\[(?P<words>[^\]]{{0,2000}}+)\])?"
    rf"|{_STRING}"
)
_ELEMENT = re.compile(rf"\s*(?:({_STRING})\s*(?=,|\Z)|(?:{_STRING}|[^,\"'`])++)")
_INSERTED = re.compile(r"\$\{[^{}]*\}")
_ESCAPED = re.compile(r"\\(.)", re.S)


@dataclass(frozen=True, slots=True)
class Started:
    """A command: the words of it, or a text that is split; `row` counts from 0."""

    words: tuple[str, ...]
    row: int
    whole: bool = False


def started(text: str) -> Iterator[Started]:
    """
    The processes that `child_process`, `@actions/exec` and zx are asked to start.

    What is put into a text becomes a hole.
    """
    row = at = 0
    for call in _CALL.finditer(text):
        if call["program"] is None:
            continue
        row += text.count("\n", at, call.start("program"))
        at = call.start("program")
        program = _value(call["program"])
        if call["words"] is None:
            yield Started((program,), row, whole=True)
        else:
            rest = [one for one in _ELEMENT.finditer(call["words"]) if one[0].strip()]
            words = (_value(one[1]) if one[1] else HOLE for one in rest)
            yield Started((program, *words), row)


def _value(literal: str) -> str:
    inner = literal[1:-1]
    if literal[0] == "`":
        inner = _INSERTED.sub(HOLE, inner)
    return _ESCAPED.sub(r"\1", inner)
