"""
Jenkinsfiles and other Groovy: the texts that `sh`, `bat`, `powershell` steps are given.

Groovy is not parsed; its comments and strings are. Facts are from the manual of the plug-in
"Pipeline: Nodes and Processes": `sh` runs `sh -xe`, unless the text has a `#!` line of its own,
and `returnStatus` keeps a failure quiet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from interlock_checks.commands.argv import HOLE, unholed
from interlock_checks.commands.switches import of_variable
from interlock_checks.documents.conditions import joined
from interlock_checks.documents.formats.shell import shebang_errexit
from interlock_checks.documents.model import Claim, Job, Layout, Part, Script

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z)|\A#![^\n]*)"
    r"|(?P<long>'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\")"
    r"|(?P<short>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<mark>[{}()\[\],:;+])|(?P<line>\n)",
    re.S,
)
_INTERPOLATION = re.compile(r"\$\{[^}]*\}|\$[A-Za-z_][\w.]*")
_STEPS = frozenset({"sh", "bat", "powershell", "pwsh", "sshCommand"})
_HANDLERS = frozenset({"try", "catchError", "warnError"})
_LATE = frozenset({"always", "finally", "cleanup"})
_UNSUCCESSFUL = frozenset(
    {"failure", "unsuccessful", "unstable", "aborted", "regression", "changed"}
)
"""Conditions of `post` under which the stages need not have succeeded."""
_QUESTIONS = frozenset({"if", "switch", "while", "assert"})
MOST_TOKENS = 60
"""Tokens behind a question in which the failure of the build is looked for."""
MOST_TEXT = 500
"""Characters of a condition that are compared."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    row: int


def read(text: str, path: str) -> Layout:
    """Every stage is a job after the stage before it; those of `parallel` are side by side."""
    tokens: list[_Token] = []
    comments: list[tuple[int, str]] = []
    row, at = 1, 0
    for match in _TOKEN.finditer(text):
        row += text.count("\n", at, match.start())
        at = match.start()
        kind = match.lastgroup or ""
        if kind == "comment":
            comments.append((row, match[0]))
        else:
            tokens.append(_Token(kind, match[0], row))
    scripts: list[Script] = []
    jobs = tuple(_jobs(tokens, scripts))
    claims = tuple(_variables(tokens))
    return Layout(tuple(scripts), "jenkins", jobs, comments=tuple(comments), claims=claims)


def _variables(tokens: list[_Token]) -> Iterator[Claim]:
    """What `environment { NAME = 'value' }` switches off."""
    inside = False
    for index, token in enumerate(tokens[:-1]):
        following = tokens[index + 1]
        if token.text == "environment" and following.text == "{":
            inside = True
        elif token.text == "}":
            inside = False
        elif inside and token.kind == "word" and following.kind == "short":
            for switch in of_variable(token.text, unholed(_unquoted(following))):
                yield Claim(switch.code, token.row, switch.what, switch.manner, switch.needs)


@dataclass
class _Block:
    """An open brace: the word before it, what this word was given, and what has to hold there."""

    word: str
    name: str
    row: int
    start: int
    quiet: bool = False
    condition: str | None = None
    condition_row: int = 0


def _jobs(tokens: list[_Token], scripts: list[Script]) -> Iterator[Job]:
    blocks: list[_Block] = []
    quiet = _quiet_tries(tokens)
    stage, stage_row = "", 1
    before: tuple[str, ...] = ()
    side: list[str] = []
    parts: list[Part] = []
    behind: list[Part] = []
    last: list[_Token] = []

    def job(around: list[_Block]) -> Job:
        asked = [one for one in around if one.word == "stage" and one.condition]
        return Job(
            stage,
            stage_row,
            tuple(parts),
            after=before,
            condition=joined([one.condition for one in asked if one.condition]),
            condition_row=asked[-1].condition_row if asked else 0,
            passed_over=before,  # a stage that `when` leaves out does not stop the next one
        )

    for index, token in enumerate(tokens):
        if token.kind == "word" and token.text in _STEPS and _is_step(tokens, index):
            script = _script(token.text, tokens, index, blocks)
            if script is not None:
                handled = any(one.word in _HANDLERS for one in blocks)
                if handled and script.discarded is None:
                    script = _quiet(script, blocks)
                scripts.append(script)
                outside = any(one.word == "post" for one in blocks) and not any(
                    one.word == "stage" for one in blocks
                )
                (behind if outside else parts).append(_part(script, len(scripts) - 1, blocks))
        elif token.text == "{":
            word = _head(last)
            given = next((one.text[1:-1] for one in last if one.kind == "short"), "")
            opened = _Block(word, given, token.row, index, index in quiet)
            if word in ("if", "else"):
                opened.condition = _text(last) if word == "if" else f"else {token.row}"
                opened.condition_row = token.row
            if word == "stage":
                if parts:
                    yield job(blocks)
                    if not any(one.word == "parallel" for one in blocks):
                        before, side = (stage,), []
                    else:
                        side.append(stage)
                    parts = []
                stage, stage_row = given, token.row
            blocks.append(opened)
            last = []
        elif token.text == "}":
            if blocks:
                closed = blocks.pop()
                holder = next((one for one in reversed(blocks) if one.word == "stage"), None)
                if closed.word == "when" and holder is not None:
                    holder.condition = _text(
                        tokens[closed.start + 1 : min(index, closed.start + MOST_TEXT)]
                    )
                    holder.condition_row = closed.row
                if closed.word == "stage" and parts:
                    yield job([*blocks, closed])
                    parts = []
                    if any(one.word == "parallel" for one in blocks):
                        side.append(stage)
                    else:
                        before = (stage,)
                elif closed.word == "parallel" and side:
                    before, side = tuple(side), []
            last = []
        elif token.text in ("\n", ";"):
            last = []
        else:
            last.append(token)
    if parts:
        yield job([])
    for part in behind:
        yield Job(
            "post",
            part.row,
            (part,),
            after=() if part.after_failure else before,
            loose=before if part.after_failure else (),
        )


def _part(script: Script, number: int, blocks: list[_Block]) -> Part:
    asked = next((one for one in reversed(blocks) if one.word in ("if", "else")), None)
    post = next((at for at, one in enumerate(blocks) if one.word == "post"), len(blocks))
    late = any(one.word in _LATE for one in blocks) or any(
        one.word in _UNSUCCESSFUL for one in blocks[post:]
    )
    return Part(
        script.rows[0],
        (number,),
        condition=asked.condition if asked else None,
        condition_row=asked.condition_row if asked else 0,
        after_failure=late,
        may_fail=script.discarded is not None,
    )


def _text(tokens: list[_Token]) -> str:
    """What is asked, in one spelling."""
    return " ".join(one.text for one in tokens if one.kind != "line")[:MOST_TEXT]


def _head(tokens: list[_Token]) -> str:
    """The word that a block belongs to: the last one that is no argument."""
    depth = 0
    for token in reversed(tokens):
        if token.text in (")", "("):
            depth += 1 if token.text == ")" else -1
        elif token.kind == "word" and depth == 0:
            return token.text
    return ""


def _quiet_tries(tokens: list[_Token]) -> frozenset[int]:
    """The open braces of `try` blocks with a `catch` after which the pipeline goes on."""
    found: set[int] = set()
    opened: list[tuple[int, str, list[_Token]]] = []
    tried: dict[int, int] = {}
    last: list[_Token] = []
    closed = -1
    for index, token in enumerate(tokens):
        if opened:
            opened[-1][2].append(token)
        if token.text == "{":
            word = _head(last)
            if word == "catch" and closed >= 0:
                tried[index] = closed
            opened.append((index, word, []))
            last, closed = [], -1
        elif token.text == "}" and opened:
            start, word, inside = opened.pop()
            if opened:
                opened[-1][2].extend([one for one in inside if _fails(one)][:1])
            if word == "catch" and start in tried and not any(_fails(one) for one in inside):
                found.add(tried[start])
            closed = start if word == "try" else tried.get(start, -1)
            last = []
        elif token.text == ";":
            last = []
        elif token.kind != "line":
            last.append(token)
    return frozenset(found)


def _fails(token: _Token) -> bool:
    """Whether a handler fails the build."""
    if token.kind == "word":
        return token.text in {"throw", "error", "FAILURE"}
    return token.kind == "short" and token.text[1:-1] in {"FAILURE", "ABORTED"}


def _quiet(script: Script, blocks: list[_Block]) -> Script:
    word = next(
        (
            one.word
            for one in reversed(blocks)
            if one.word in ("catchError", "warnError") or (one.word == "try" and one.quiet)
        ),
        None,
    )
    return script if word is None else replace(script, discarded=f"`{word}`")


def _is_step(tokens: list[_Token], index: int) -> bool:
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    return following is not None and (
        following.kind in ("short", "long") or following.text in ("(", "script", "command", "label")
    )


def _script(step: str, tokens: list[_Token], index: int, blocks: list[_Block]) -> Script | None:
    found: _Token | None = None
    listed: int | None = None
    further = ""
    discarded: str | None = None
    depth = 0
    for position in range(index + 1, min(index + 60, len(tokens))):
        token = tokens[position]
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
            if depth <= 0:
                break
        elif token.text == "[" and found is None:
            listed = position
        elif token.kind in ("short", "long") and listed is not None:
            found = found or token
        elif token.text == "join" and listed is not None and found is not None:
            # `['a', 'b'].join(' ')`
            words = [one for one in tokens[listed:position] if one.kind in ("short", "long")]
            mark = next((one for one in tokens[position:] if one.kind == "short"), None)
            joint = _unquoted(mark) if mark is not None else ""
            further = "".join(joint + _unquoted(one) for one in words[1:])
        elif token.text == "+" and found is not None and position + 1 < len(tokens):
            following = tokens[position + 1]
            is_text = following.kind in ("short", "long")
            further += _unquoted(following) if is_text else HOLE
        elif token.kind in ("short", "long"):
            named = position >= 2 and tokens[position - 1].text == ":"
            if not named or tokens[position - 2].text in ("script", "command"):
                found = found or token
        elif token.text == "returnStatus":
            given = [one.text for one in tokens[position + 1 : position + 3]]
            if given != [":", "false"] and not _heeded(tokens, index, position):
                discarded = "`returnStatus`"
        elif token.text in ("\n", "}") and depth <= 0 and found is not None:
            break
    if found is None:
        return None
    text = _unquoted(found) + further
    rows = tuple(range(found.row, found.row + text.count("\n") + 1))
    errexit = step == "sh" and (not text.startswith("#!") or shebang_errexit(text))
    return Script("shell", unholed(text), rows=rows, errexit=errexit, discarded=discarded)


def _heeded(tokens: list[_Token], step: int, status: int) -> bool:
    """Whether the build fails on a condition in which the status of a step is asked."""
    before = tokens[step - 1] if step else None
    if before is None or (before.kind != "word" and before.text != "("):
        return False
    name = before.text if before.kind == "word" else ""
    asked = [step] if not name else []
    asked += [n for n in range(status, len(tokens)) if name and tokens[n].text == name]
    return any(
        any(one.text in _QUESTIONS for one in tokens[max(n - 3, 0) : n])
        and any(_fails(one) for one in tokens[n : n + MOST_TOKENS])
        for n in asked
    )


def _unquoted(token: _Token) -> str:
    width = 3 if token.kind == "long" else 1
    text = token.text[width:-width]
    interpolated = token.text[0] == '"'
    parts: list[str] = []
    for index, piece in enumerate(re.split(r"\\(.)", text, flags=re.S)):
        if index % 2:
            parts.append(_ESCAPES.get(piece, piece))
        else:
            parts.append(_INTERPOLATION.sub(HOLE, piece) if interpolated else piece)
    return "".join(parts)
