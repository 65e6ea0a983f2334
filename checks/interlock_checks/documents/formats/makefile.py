"""
Makefiles: recipes, canned recipes and `$(shell ...)`, with the variables that the file itself sets.

Facts are from the manual of GNU make 4.4. Each line of a recipe is a shell of its own, unless
`.ONESHELL` is there, and the first that fails ends the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from interlock_checks.commands.argv import HOLE, unholed
from interlock_checks.documents.formats.make_variables import Variables, calls_shell
from interlock_checks.documents.model import FILE, MADE, SERIAL, Job, Layout, Part, Script
from interlock_checks.documents.shells import options_of

_ASSIGNMENT = re.compile(
    r"\s*((?:(?:export|override|private|unexport)\s+)*)([^\s:#=+?!$]+|\.SHELLFLAGS)\s*"
    r"(::?:?=|\?=|\+=|!=|=)\s*(.*)",
    re.S,
)
_DEFINE = re.compile(r"\s*(?:(?:export|override)\s+)*define\s+(\S+)\s*(?:[:?+!]?=)?\s*\Z")
_IGNORING = re.compile(r"-?[bBdeikLmnpqrRsStvw]*i[bBdeikLmnpqrRsStvw]*\Z|--ignore-errors\Z")
"""The first word of `MAKEFLAGS` may be letters without a hyphen."""
_ABREAST = re.compile(
    r"(?:-[A-Za-z]*(?:k|j(?!1\Z))[A-Za-z]*\d*|--jobs(?:=(?!1\Z).*)?|--keep-going|k)\Z"
)
"""Flags with which a target's other prerequisites are made although one of them has failed."""
_CONDITIONAL = re.compile(r"\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b")
_RULE = re.compile(r"([^:=#]*(?:\$[({][^)}]*[)}][^:=#]*)*?)(::?)(?!=)(.*)", re.S)
_TARGET_VARIABLE = re.compile(r"\s*(?:(?:export|override|private)\s+)*[\w.]+\s*(?:[:?+!]|::)?=")
_INCLUDE = re.compile(r"\s*-?s?include\s+(.*)")
_PREFIX = re.compile(r"\s*([-@+\s]*)")
_MAKES = (
    r"(?:\b(?:touch|tee|cp|mv|install)\b|>|\s-o|--output)[^;&|]{0,200}"
    r"(?<![\w./-])(?:\$@|\$[({]@[)}]|%s)(?![\w./-])"
)
"""A command that writes the file of a target, of which `%s` is the name."""
_CANNED = re.compile(r"\s*[-@+]*\$[({](?:call\s+)?([\w.\-]+)(,[^()]*)?[)}]\s*\Z")


@dataclass
class _Target:
    row: int
    after: list[str] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    asked: dict[int, tuple[_Conditional, bool]] = field(default_factory=dict)
    """On which conditional a line hangs that stands in one within the recipe, and on what of it."""


@dataclass
class _Conditional:
    """`ifdef ... else ... endif`: its text, its row, and whether it has both branches."""

    text: str
    row: int
    other: bool = False
    divided: bool = False


@dataclass
class _Reader:
    variables: Variables = field(default_factory=Variables)
    targets: dict[str, _Target] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    global_shell: list[tuple[int, str]] = field(default_factory=list)
    oneshell: bool = False
    serial: bool = False
    ignored: set[str] | None = field(default_factory=set)
    forgiving: str = "`.IGNORE`"
    phony: set[str] = field(default_factory=set)
    comments: list[tuple[int, str]] = field(default_factory=list)


def read(text: str, path: str) -> Layout:
    """Every target is a job, in the order of the file; what it needs comes before it."""
    found = _Reader()
    _scan(text, found)
    scripts: list[Script] = []
    jobs: list[Job] = []
    for row, line in found.global_shell:
        scripts.append(Script("shell", unholed(line), rows=(row,)))
    if scripts:
        jobs.append(Job("", 1, (Part(1, tuple(range(len(scripts)))),)))
    flags = found.variables.first("$(MAKEFLAGS)").split()
    if any(map(_IGNORING.match, flags)):
        found.ignored, found.forgiving = None, "`--ignore-errors` of `MAKEFLAGS`"
    if found.serial:
        jobs.append(Job(SERIAL, 1))
    abreast = not found.serial and any(map(_ABREAST.match, flags))
    for name, target in found.targets.items():
        first = len(scripts)
        scripts.extend(_recipe(name, target, found))
        parts = tuple(_parts(target, scripts, first))
        after = tuple(dict.fromkeys(target.after))
        condition = None if name in found.phony else _up_to_date(name, target)
        jobs.append(
            Job(
                name,
                target.row,
                parts,
                after=after,
                condition=condition,
                condition_row=target.row,
                passed_over=after,
                abreast=abreast,
            )
        )
    return Layout(tuple(scripts), "make", tuple(jobs), comments=tuple(found.comments))


def _parts(target: _Target, scripts: Sequence[Script], first: int) -> Iterator[Part]:
    """A part for each line, and one for all lines of a branch."""
    numbers = range(first, len(scripts))
    for asked, group in groupby(numbers, lambda one: target.asked.get(scripts[one].rows[0])):
        if asked is None:
            for number in group:
                yield Part(scripts[number].rows[0], (number,))
            continue
        conditional, other = asked
        branch = tuple(group)
        if conditional.divided:
            # One of the two branches runs, like one of the values of a matrix.
            name = f"matrix.{conditional.row} == '{'else' if other else 'then'}'"
            yield Part(conditional.row, branch, condition=name)
        else:
            row = scripts[branch[0]].rows[0]
            yield Part(row, branch, condition=conditional.text, condition_row=conditional.row)


def _up_to_date(name: str, target: _Target) -> str | None:
    """On what make takes a target for done: a file of that name, or one that its recipe makes."""
    if "%" in name or HOLE in name:
        return None
    makes = re.compile(_MAKES % re.escape(name))
    made = any(makes.search(line) for _, line in target.lines)
    return f"{MADE if made else FILE}{name}"


def _logical(text: str) -> Iterator[tuple[int, str, bool]]:
    """Lines with their continuations, the row of the first, and whether it is of a recipe."""
    lines = text.split("\n")
    index = 0
    prefix = "\t"
    while index < len(lines):
        start = index
        parts = [lines[index]]
        while _continued(parts[-1]) and index + 1 < len(lines):
            index += 1
            parts.append(lines[index])
        index += 1
        whole = "\n".join(parts)
        if match := re.match(r"\.RECIPEPREFIX\s*:?=\s*(\S)?", whole):
            prefix = match[1] or "\t"
        yield start + 1, whole, whole.startswith(prefix) or whole.startswith("\t")


def _continued(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _scan(text: str, found: _Reader) -> None:
    current: list[_Target] = []
    define: tuple[str, int, list[str]] | None = None
    conditional: list[_Conditional] = []
    opened = 0
    for row, line, indented in _logical(text):
        if define is not None:
            if line.strip() == "endef":
                name, first, body = define
                found.variables.define(name, "\n".join(body), first)
                define = None
            else:
                define[2].extend(line.split("\n"))
            continue
        if indented and current and line.strip():
            for target in current:
                target.lines.append((row, line[1:]))
                if len(conditional) > opened:
                    inner = conditional[opened]
                    target.asked[row] = (inner, inner.other)
                    inner.divided = inner.divided or inner.other
            continue
        plain = re.sub(r"\\\n\s*", " ", line)
        comment = plain.find("#")
        if comment >= 0 and plain[comment - 1 : comment] != "\\":
            found.comments.append((row, plain[comment:]))
            plain = plain[:comment]
        if not plain.strip():
            continue
        if match := _CONDITIONAL.match(plain):
            if match[1].startswith("if"):
                conditional.append(_Conditional(" ".join(plain.split()), row))
            elif match[1] == "endif":
                conditional = conditional[:-1]
            elif conditional:
                conditional[-1].other = True
            continue
        if match := _DEFINE.match(plain):
            define = (match[1], row + 1, [])
            continue
        if match := _ASSIGNMENT.match(plain):
            name, operator, value = match[2], match[3], match[4]
            if "export" in match[1].split():
                found.exported.add(name)
            found.variables.assign(name, operator, value, weak=bool(conditional))
            if operator == "!=":
                found.global_shell.extend((row, one) for one in found.variables.expand(value))
            found.global_shell.extend((row, one) for one in calls_shell(value, found.variables))
            continue
        if match := re.match(r"\s*export\s+([\w \t]+)\Z", plain):
            found.exported.update(match[1].split())
            continue
        if _INCLUDE.match(plain):
            current = []
            continue
        if match := _RULE.match(plain):
            current = _rule(match, row, line, found)
            opened = len(conditional)
            continue
        current = []
        found.global_shell.extend((row, one) for one in calls_shell(plain, found.variables))


def _rule(match: re.Match[str], row: int, line: str, found: _Reader) -> list[_Target]:
    names = found.variables.first(match[1]).split()
    behind, semicolon, recipe = match[3].partition(";")
    if _TARGET_VARIABLE.match(behind):
        inner = _ASSIGNMENT.match(behind)
        if inner is not None:
            # The value from another target is none here: `?=` gives one all the same.
            operator = "=" if inner[3] == "?=" else inner[3]
            found.variables.assign(inner[2], operator, inner[4], weak=True)
            if "export" in inner[1].split():
                found.exported.add(inner[2])
        return []
    needed = found.variables.first(behind.replace("|", " ")).split()
    if names == [".PHONY"]:
        found.phony.update(needed)
    if names == [".ONESHELL"]:
        found.oneshell = True
    if names == [SERIAL] and not needed:
        found.serial = True
    if names == [".IGNORE"]:
        if needed and found.ignored is not None:
            found.ignored.update(needed)
        elif not needed:
            found.ignored = None
    current = []
    for name in names:
        if re.fullmatch(r"\.[A-Z_]+", name):
            continue
        target = found.targets.setdefault(name, _Target(row))
        target.after.extend(one for one in needed if HOLE not in one)
        if semicolon and recipe.strip():
            target.lines.append((row, recipe))
        current.append(target)
    return current


def _recipe(name: str, target: _Target, found: _Reader) -> Iterator[Script]:
    shell = found.variables.first("$(SHELL)").split()
    flags = found.variables.first("$(.SHELLFLAGS)").split()
    options = options_of([*shell, *flags])
    environment = tuple(
        (one, unholed(value))
        for one in sorted(found.exported)
        for value in found.variables.expand(f"$({one})")
    )
    everywhere = found.ignored is None or name in found.ignored
    lines: list[tuple[str, tuple[int, ...], str | None]] = []
    for row, line in target.lines:
        prefix = _PREFIX.match(line)
        marks = prefix[1] if prefix else ""
        discarded = "the prefix `-`" if "-" in marks else found.forgiving if everywhere else None
        body = line[prefix.end() if prefix else 0 :]
        canned = _CANNED.match(line)
        if canned is not None and (known := found.variables.canned(canned[1])) is not None:
            text, first = known
            given = (canned[2] or "").split(",")
            for number, one in enumerate(text.split("\n")):
                inner = _PREFIX.match(one)
                mark = inner[1] if inner else ""
                for reading in found.variables.expand(one[inner.end() if inner else 0 :], given):
                    lost = "the prefix `-`" if "-" in mark else discarded
                    lines.append((reading, (first + number,), lost))
            continue
        for reading in found.variables.expand(body.replace("$@", name)):
            count = reading.count("\n")
            extent = body.count("\n")
            rows = tuple(row + min(number, extent) for number in range(count + 1))
            lines.append((reading, rows, discarded))
        for one in calls_shell(body, found.variables):
            lines.append((one, (row,), "$(shell ...)"))
    if found.oneshell and lines:
        text = "\n".join(one for one, _, _ in lines)
        rows = tuple(row for _, each, _ in lines for row in each)
        yield options.script(text, rows, lines[0][2], environment=environment)
        return
    for text, rows, lost in lines:
        if text.strip():
            yield options.script(text, rows, lost, environment=environment)
