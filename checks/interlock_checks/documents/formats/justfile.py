"""
justfiles: recipes line by line, or as one script where they begin with a shebang.

Facts are from the manual of just 1.40: `sh -cu` runs each line, a line that fails ends the recipe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from interlock_checks.commands.argv import HOLE, unholed
from interlock_checks.commands.model import REST
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.shells import Shell, options_of

_ASSIGNMENT = re.compile(r"(export\s+)?([A-Za-z_][\w\-]*)\s*:=\s*(.*)")
_SETTING = re.compile(r"set\s+(?:shell|script-interpreter)\s*:=\s*\[(.*)\]")
_RECIPE = re.compile(r"@?([A-Za-z_][\w\-]*)((?:\s+[^:]*)?)\s*:(?!=)(.*)")
_SCRIPT = re.compile(r"\[(?:.*,)?\s*script\s*(?:\(([^)]*)\))?.*\]")
_PARALLEL = re.compile(r"\[(?:[^\]]*,)?\s*parallel\s*(?:,[^\]]*)?\]")
_LITERAL = re.compile(r"'''(.*?)'''|\"\"\"(.*?)\"\"\"|'([^']*)'|\"((?:[^\"\\]|\\.)*)\"", re.S)
_INTERPOLATION = re.compile(r"\{\{(?!\{)(.*?)\}\}")
_BACKTICKS = re.compile(r"`([^`]+)`")


def read(text: str, path: str) -> Layout:
    """Every recipe is a job; what it depends on comes before it, what stands behind `&&` after."""
    lines = text.split("\n")
    variables: dict[str, str] = {}
    exported: list[str] = []
    shell = Shell()
    scripts: list[Script] = []
    jobs: list[Job] = []
    comments: list[tuple[int, str]] = []
    index = 0
    bodies: list[tuple[str, int, str, list[tuple[int, str]]]] = []
    interpreter: list[str] = []
    parallel = False
    abreast: set[str] = set()
    while index < len(lines):
        line = lines[index]
        row = index + 1
        index += 1
        if line.lstrip().startswith("#"):
            comments.append((row, line.strip()))
        elif _PARALLEL.match(line):
            parallel = True
        elif match := _SCRIPT.match(line):
            given = [_unquoted(one) for one in (match[1] or "").split(",") if one.strip()]
            interpreter = given or ["sh", "-eu"]
        elif match := _SETTING.match(line):
            shell = options_of([_unquoted(one) for one in match[1].split(",")])
        elif match := _ASSIGNMENT.match(line):
            value = _value(match[3], variables)
            variables[match[2]] = value
            if match[1]:
                exported.append(match[2])
            for inner in _BACKTICKS.findall(_LITERAL.sub("", match[3])):
                scripts.append(Script("shell", unholed(inner), rows=(row,)))
        elif line[:1].strip() and (match := _RECIPE.match(line)):
            body: list[tuple[int, str]] = []
            while index < len(lines) and (not lines[index].strip() or lines[index][:1] in " \t"):
                body.append((index + 1, lines[index]))
                index += 1
            if interpreter and body:
                # What a `#!` line would say, in the row of the line before.
                line = body[0][1]
                indent = line[: len(line) - len(line.lstrip())]
                body.insert(0, (row, f"{indent}#!{' '.join(interpreter)}"))
            interpreter = []
            if parallel:
                abreast.add(match[1])
                parallel = False
            bodies.append((match[1], row, match[3], body))
    if scripts:
        jobs.append(Job("", 1, (Part(1, tuple(range(len(scripts)))),)))
    environment = tuple((name, unholed(variables[name])) for name in exported)
    for name, row, needed, body in bodies:
        first = len(scripts)
        scripts.extend(_recipe(body, variables, shell, environment))
        before, _, behind = needed.partition("#")[0].partition("&&")
        parts = tuple(
            Part(scripts[number].rows[0], (number,)) for number in range(first, len(scripts))
        )
        later = tuple(Part(row, calls=(f"just:{one}",)) for one in _names(behind))
        jobs.append(Job(name, row, (*parts, *later), after=_names(before), abreast=name in abreast))
    return Layout(tuple(scripts), "just", tuple(jobs), comments=tuple(comments))


def _names(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"(?:^|[\s(])([A-Za-z_][\w\-]*)", _LITERAL.sub("", text)))


def _unquoted(text: str) -> str:
    match = _LITERAL.fullmatch(text.strip())
    return next((one for one in match.groups() if one is not None), "") if match else text.strip()


def _value(expression: str, variables: Mapping[str, str]) -> str:
    """A text with a hole for each part that is not a literal or another variable."""
    expression = expression.strip()
    match = _LITERAL.fullmatch(expression)
    if match is not None:
        return _unquoted(expression)
    if expression in variables:
        return variables[expression]
    if re.fullmatch(r"(?:env|env_var_or_default)\(.*\)", expression):
        # The default is what most runs get.
        given = _LITERAL.findall(expression)
        return "".join(given[1]) if len(given) == 2 else HOLE
    if "+" in expression and not re.search(r"[(`]", expression):
        return "".join(_value(one, variables) for one in expression.split("+"))
    if "/" in expression and not re.search(r"[(`'\"]", expression):
        return "/".join(_value(one, variables) for one in expression.split("/"))
    return HOLE


def _recipe(
    body: list[tuple[int, str]],
    variables: Mapping[str, str],
    shell: Shell,
    environment: tuple[tuple[str, tuple[str | None, ...]], ...],
) -> Iterator[Script]:
    while body and not body[0][1].strip():
        body = body[1:]
    if not body:
        return
    indent = body[0][1][: len(body[0][1]) - len(body[0][1].lstrip())]
    lines = [
        (row, _filled(line.removeprefix(indent) if line.strip() else "", variables))
        for row, line in body
    ]
    if lines[0][1].startswith("#!"):
        words = lines[0][1][2:].split()
        text = "\n".join(line for _, line in lines)
        rows = tuple(row for row, _ in lines)
        yield options_of(words).script(text, rows, environment=environment, arguments=(REST,))
        return
    index = 0
    while index < len(lines):
        row, line = lines[index]
        extent = [row]
        index += 1
        while line.endswith("\\") and index < len(lines):
            line += "\n" + lines[index][1]
            extent.append(lines[index][0])
            index += 1
        marks = re.match(r"[@\-?]*", line)
        prefix = marks[0] if marks else ""
        text = line[len(prefix) :]
        if text.strip() and not text.lstrip().startswith("#"):
            discarded = "the prefix `-`" if "-" in prefix else None
            yield shell.script(text, tuple(extent), discarded, environment=environment)


def _filled(line: str, variables: Mapping[str, str]) -> str:
    return _INTERPOLATION.sub(lambda match: _value(match[1], variables), line)
