"""
Dockerfiles: what is run while the image is built, and what a container of it runs.

Facts are from the reference of Dockerfile syntax 1.14. Of several ENTRYPOINT or CMD in a stage
the last counts, and a stage takes both over from the stage that it is made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import msgspec

from interlock_checks.commands.argv import unholed
from interlock_checks.commands.model import REST, Argument, Rest, Word, const, word
from interlock_checks.commands.switches import is_state
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.sheet import shell_text_at
from interlock_checks.documents.shells import Shell, options_of

_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)(?=\s|\Z)")
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_]\w*)\1")
_FLAG = re.compile(r"\s*--[a-z][\w\-]*(?:=\S*)?")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*([`\\])\s*\Z", re.I)
_SHEBANG = re.compile(r"#!\s*(\S.*)")
_PAIR = re.compile(r"([A-Za-z_]\w*)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|\S*)")


@dataclass(frozen=True, slots=True)
class _Instruction:
    """`text` is what stands behind the name, with a row for each of its lines."""

    name: str
    text: str
    rows: tuple[int, ...]
    heredoc: str | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """What ENTRYPOINT or CMD gives: words, or a text for the shell."""

    words: tuple[Argument, ...] | None
    text: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Stage:
    row: int
    name: str = ""
    shell: Shell = field(default_factory=Shell)
    environment: tuple[tuple[str, Word], ...] = ()
    entrypoint: _Run | None = None
    command: _Run | None = None
    inherited: _Run | None = None


def read(text: str, path: str) -> Layout:
    """Building a stage is a job; what its container runs is another."""
    scripts: list[Script] = []
    jobs: list[Job] = []
    comments: list[tuple[int, str]] = []
    stages: dict[str, _Stage] = {}
    stage = _Stage(1)
    building: list[int] = []

    def close() -> None:
        parts = tuple(Part(scripts[number].rows[0], (number,)) for number in building)
        jobs.append(Job(f"build:{stage.name}", stage.row, parts))
        building.clear()
        for script in _container(stage):
            scripts.append(script)
            part = Part(script.rows[0], (len(scripts) - 1,))
            jobs.append(Job(f"run:{stage.name}", script.rows[0], (part,)))

    seen = 0
    for one in _instructions(text, comments):
        if one.name == "FROM":
            if seen:
                close()
            words = _FLAG.sub("", one.text).split()
            base = stages.get(words[0].lower(), _Stage(1)) if words else _Stage(1)
            named = len(words) > 2 and words[1].lower() == "as"
            name = words[2] if named else str(seen)
            stage = replace(base, row=one.rows[0], name=name, inherited=base.command)
            seen += 1
        stage = _step(one, stage, scripts, building)
        stages[stage.name.lower()] = stage
        if seen:
            stages[str(seen - 1)] = stage
    close()
    return Layout(tuple(scripts), "docker", tuple(jobs), comments=tuple(comments))


def _step(one: _Instruction, stage: _Stage, scripts: list[Script], building: list[int]) -> _Stage:
    match one.name:
        case "RUN":
            building.extend(range(len(scripts), len(scripts) + 1))
            scripts.append(_built(one, stage))
        case "ONBUILD":
            inner = _INSTRUCTION.match(one.text)
            if inner is not None:
                rest = one.text[inner.end() :]
                named = replace(one, name=inner[1].upper(), text=rest)
                if named.name != "ONBUILD":
                    return _step(named, stage, scripts, building)
        case "SHELL":
            words = _words(one.text)
            if words is not None:
                return replace(stage, shell=options_of(words))
        case "ENV" | "ARG":
            return replace(stage, environment=(*stage.environment, *_pairs(one)))
        case "ENTRYPOINT":
            # A CMD of the stage below does not outlive the ENTRYPOINT that it was made for.
            kept = None if stage.command is stage.inherited else stage.command
            return replace(stage, entrypoint=_run(one), command=kept)
        case "CMD":
            return replace(stage, command=_run(one))
        case "HEALTHCHECK":
            found = re.match(r"((?:\s*--[\w\-]+=\S+)*)\s*CMD\b", one.text, re.I)
            if found is not None:
                text = "\n" * one.text.count("\n", 0, found.end()) + one.text[found.end() :]
                run = _run(replace(one, text=text))
                scripts.extend(_container(replace(stage, entrypoint=run, command=None)))
        case "COPY" | "ADD":
            if one.heredoc is not None and (shebang := _SHEBANG.match(one.heredoc)):
                rows = one.rows[one.text.count("\n") + 1 :] or one.rows
                scripts.append(options_of(shebang[1].split()).script(one.heredoc, rows))
            elif one.heredoc is not None:
                # As a shell would write it, so that it is read as what its name says.
                mark = _HEREDOC.findall(one.text)[-1]
                target = _FLAG.sub("", one.text).split()[-1]
                name = f"{target}{mark[1]}" if target.endswith("/") else target
                whole = f"cat > {name} <<{mark[0]}{mark[1]}{mark[0]}\n{one.heredoc}\n{mark[1]}"
                first = one.text.count("\n")
                rows = (*one.rows[first:], one.rows[-1])
                scripts.append(Script("shell", unholed(whole), rows=rows))
            elif len(given := _copied(one.text)) == 2 and (
                given[1].endswith(("/interlock.toml", "/bin/interlock"))
                or is_state(unholed(given[1]))
            ):
                copied = (word("cp"), *map(unholed, given))
                rows = (one.rows[0],) * len(copied)
                scripts.append(Script("words", words=copied, rows=rows))
        case _:
            pass
    return stage


def _copied(text: str) -> list[str]:
    """What COPY or ADD copies, and where to."""
    while match := _FLAG.match(text):
        text = text[match.end() :]
    return _words(text) or text.split()


def _built(one: _Instruction, stage: _Stage) -> Script:
    text = one.text
    while match := _FLAG.match(text):
        # Rows are counted by line ends, so these stay.
        text = "\n" * match[0].count("\n") + text[match.end() :]
    # Docker cuts the blanks off, which would be an indentation to Python.
    plain = text.lstrip(" \t")
    environment = stage.environment
    words = _words(text)
    if words is not None and one.heredoc is None:
        rows = _word_rows(words, text, one.rows)
        return Script("words", words=_arguments(words), rows=rows, environment=environment)
    if one.heredoc is None:
        return stage.shell.script(plain, one.rows, environment=environment)
    if _HEREDOC.fullmatch(text.strip()):
        rows = one.rows[text.count("\n") + 1 :] or one.rows
        shebang = _SHEBANG.match(one.heredoc)
        shell = options_of(shebang[1].split()) if shebang else stage.shell
        return shell.script(one.heredoc, rows, environment=environment)
    names = _HEREDOC.findall(text)
    whole = "\n".join([text, one.heredoc, names[-1][1]])
    return stage.shell.script(whole, (*one.rows, one.rows[-1]), environment=environment)


def _run(one: _Instruction) -> _Run:
    words = _words(one.text)
    if words is not None:
        return _Run(_arguments(words), one.text, _word_rows(words, one.text, one.rows))
    return _Run(None, one.text, one.rows)


def _container(stage: _Stage) -> Iterator[Script]:
    """What `docker run` starts without further arguments, or with any where there is no CMD."""
    entry, command = stage.entrypoint, stage.command
    environment = stage.environment
    if entry is None:
        if command is None:
            return
        entry, command = command, None
        further: tuple[Argument, ...] = ()
    else:
        further = (REST,) if command is None else ()
    if entry.words is None:
        yield stage.shell.script(entry.text, entry.rows, environment=environment)
        return
    words, rows = entry.words, entry.rows
    if command is not None and command.words is not None:
        words, rows = (*words, *command.words), (*rows, *command.rows)
    elif command is not None:
        words = (*words, word("/bin/sh"), word("-c"), unholed(command.text.strip()))
        rows = (*rows, *[command.rows[0]] * 3)
    at = shell_text_at(words)
    if at and not isinstance(text := words[at], Rest):
        # In the shell's own text the variables of the image are known.
        shell = options_of([const(one) or "" for one in words[: at - 1]])
        yield Script(
            "shell",
            text,
            rows=(rows[min(at, len(rows) - 1)],),
            environment=environment,
            arguments=(*words[at + 2 :], *further),
            errexit=shell.errexit,
            pipefail=shell.pipefail,
        )
        return
    yield Script("words", words=(*words, *further), rows=(*rows, rows[-1]), environment=environment)


def _words(text: str) -> list[str] | None:
    """The exec form; None where it is no JSON, which Docker takes for the shell form."""
    plain = re.sub(r"[\\`]\n", "\n", text).strip()
    if not plain.startswith("["):
        return None
    try:
        return msgspec.json.decode(plain, type=list[str])
    except (msgspec.MsgspecError, RecursionError):
        return None


def _arguments(words: list[str]) -> tuple[Argument, ...]:
    return tuple(unholed(one) for one in words)


def _word_rows(words: list[str], text: str, rows: tuple[int, ...]) -> tuple[int, ...]:
    found = []
    at = 0
    for one in words:
        place = text.find(f'"{one}"', at)
        at = place if place >= 0 else at
        found.append(rows[min(text.count("\n", 0, at), len(rows) - 1)])
    return tuple(found) or rows[:1]


def _pairs(one: _Instruction) -> Iterator[tuple[str, Word]]:
    found = list(_PAIR.finditer(one.text))
    if not found:
        name, _, value = one.text.strip().partition(" ")
        if one.name == "ENV" and name.isidentifier():
            yield name, unholed(value.strip())
        return
    for match in found:
        value = match[2]
        if value[:1] in ("'", '"'):
            value = value[1:-1]
        yield match[1], (None,) if "$" in value else unholed(value)


def _instructions(text: str, comments: list[tuple[int, str]]) -> Iterator[_Instruction]:
    lines = text.split("\n")
    escape = "\\"
    for line in lines:
        match = _ESCAPE.match(line)
        if match is not None:
            escape = match[1]
        if not line.startswith("#"):
            break
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.lstrip().startswith("#"):
            comments.append((index + 1, line.strip()))
            index += 1
            continue
        match = _INSTRUCTION.match(line)
        if match is None:
            index += 1
            continue
        parts, rows = [line[match.end() :]], [index + 1]
        index += 1
        while parts[-1].rstrip().endswith(escape) and index < len(lines):
            following = lines[index]
            index += 1
            if following.lstrip().startswith("#") or not following.strip():
                continue
            parts[-1] = parts[-1].rstrip()[:-1] + "\\"
            parts.append(following)
            rows.append(index)
        heredoc: list[str] | None = None
        name = match[1].upper()
        if name in ("RUN", "COPY", "ADD", "ONBUILD"):
            for _, mark in _HEREDOC.findall("\n".join(parts)):
                heredoc = heredoc or []
                while index < len(lines):
                    inner = lines[index]
                    index += 1
                    if inner.strip() == mark:
                        break
                    heredoc.append(inner)
                    rows.append(index)
        body = "\n".join(heredoc) if heredoc is not None else None
        yield _Instruction(name, "\n".join(parts), tuple(rows), body)
