"""
JavaScript and TypeScript that declares what is run: stacks of CDK and Pulumi, pm2, gulp, Grunt.

It is not parsed. The literals are read that stand under a key for a command line, and those that
are given to `child_process`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from interlock_checks.commands.argv import HOLE, unholed
from interlock_checks.commands.javascript import started
from interlock_checks.documents.model import Job, Layout, Part, Script

_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`"
_COMMENT = r"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*?/?"
_TOKEN = re.compile(
    rf"(?P<comment>{_COMMENT})"
    rf"|(?<![\w$.])(?P<quote>[\"']?)(?P<key>command|entryPoint|entrypoint|cmd|commands|script|args)"
    rf"(?P=quote)\s*:\s*(?P<value>\[(?:\s*(?:{_STRING})\s*,?)*+\s*\]|{_STRING})"
    rf"|{_STRING}"
)
_ELEMENT = re.compile(_STRING)
_INSERTED = re.compile(r"\$\{[^{}]*\}")
_ESCAPED = re.compile(r"\\(.)", re.S)


def read(text: str, path: str) -> Layout:
    """One job, in the order of the file."""
    comments: list[tuple[int, str]] = []
    scripts = sorted(_scripts(text, comments), key=lambda one: one.rows[0])
    parts = tuple(Part(one.rows[0], (number,)) for number, one in enumerate(scripts))
    jobs = (Job("", 1, parts),) if parts else ()
    return Layout(tuple(scripts), "javascript", jobs, comments=tuple(comments))


def _scripts(text: str, comments: list[tuple[int, str]]) -> Iterator[Script]:
    for call in started(text):
        yield _script(list(call.words), call.row + 1, whole=call.whole)
    row, at = 1, 0
    program: list[str] = []
    for found in _TOKEN.finditer(text):
        row += text.count("\n", at, found.start())
        at = found.start()
        if found["comment"] is not None:
            comments.append((row, found["comment"]))
            continue
        value = found["value"]
        if value is None:
            continue
        words = [_plain(one[0]) for one in _ELEMENT.finditer(value)]
        key = found["key"]
        several = value.startswith("[")
        if key == "script":
            # pm2 gives the arguments under another key.
            program = words
            yield _script(words, row, whole=True)
        elif key == "args":
            if program:
                rest = words if several else words[0].split()
                yield _script([*program, *rest], row)
        elif key.lower() == "entrypoint":
            program = words
            yield _script(words, row)
        elif several and key != "commands":
            yield _script(words, row)
            if program:
                yield _script([*program, *words], row)
        else:
            for one in words:
                yield _script([one], row, whole=True)


def _script(words: list[str], row: int, *, whole: bool = False) -> Script:
    if whole:
        text = unholed(" ".join(words))
        return Script("shell", text, rows=(row,) * (" ".join(words).count("\n") + 1))
    given = tuple(unholed(one) for one in words) or (("",),)
    if len(words) > 2 and words[1] in ("-c", "-ec", "-lc"):
        return Script("shell", given[2], rows=(row,))
    return Script("words", words=given, rows=(row,) * len(given))


def _plain(literal: str) -> str:
    inner = _INSERTED.sub(HOLE, literal[1:-1]) if literal[0] == "`" else literal[1:-1]
    return _ESCAPED.sub(r"\1", inner)
