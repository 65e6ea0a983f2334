"""
Which program a command line finally runs.

`launches` steps through the programs of `prefixes.py` and yields what is run in the end: a
program, a text for a shell, or source for a Python interpreter. A command line that can be read
in several ways (an option nobody has listed, a word that is not known) yields each reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from interlock_checks.commands.argv import (
    Argv,
    Launch,
    Program,
    PythonSource,
    ShellText,
    Sureness,
    holed,
    is_python,
    parts_of,
    split,
    tail,
    unholed,
)
from interlock_checks.commands.interpreters import guesses, python_launches, shell_launches
from interlock_checks.commands.javascript import started
from interlock_checks.commands.model import (
    REST,
    Argument,
    Rest,
    const,
    may_be,
    normal,
    opaque,
    spaced,
    starts,
    word,
)
from interlock_checks.commands.options import cut, inner_command, read_options
from interlock_checks.commands.prefixes import INERT, LOGINS, PREFIXES, SHELLS
from interlock_checks.commands.steps import CALLERS
from interlock_checks.commands.tools import SINKS

_VERSION = re.compile(r"(?:@|\[|[=<>!~]=?).*", re.S)
# `$TOOL -c FILE` has a file behind `-c`, `$SHELL -c TEXT` and `$PYTHON -c SOURCE` have code.
_CODE = re.compile(r"[\s();]")


def launches(argv: Argv, stdin: PythonSource | None = None) -> Iterator[Launch]:
    """
    Everything that this command line may start, the sure readings first.

    stdin: The known standard input with its row, for interpreters that read it.
    """
    package = label = False
    sureness: Sureness = "sure"
    # Each turn takes at least one word away, or returns; `env -S` and `--entrypoint` split one
    # word in several, hence the bound.
    for _ in range(len(argv.words) + 64):
        if not argv.words:
            return
        head, rest = argv.words[0], argv.after(1)
        name = tail(head)
        if name is not None and package:
            name = _VERSION.sub("", name)
        if name is not None and label:
            name = name.rpartition(":")[2]
        package = label = False
        if name is None:
            yield from _unknown_program(head, rest, stdin)
            return
        if name in PREFIXES:
            if name == "git" or name in CALLERS:
                yield Program(word(name), rest, sureness=sureness)
            if name == "git":
                yield from _aliases_of_git(argv)
            step = inner_command(PREFIXES[name], argv)
            yield from step.texts
            if stdin is not None:
                typed = step.rest or step.typed
                if name in LOGINS and not step.texts and (typed is None or not typed.words):
                    yield ShellText(stdin.text, stdin.row)
                    return
                if step.typed is not None:
                    typing = split(spaced(step.typed.words))
                    yield from launches(Argv(typing, (argv.row(0),) * len(typing)), stdin)
            if step.uncertain:
                yield from guesses(rest)
            if step.rest is None:
                if step.missed and name not in INERT:
                    yield from guesses(rest)
                return
            argv, package, label = step.rest, step.package, step.label
            continue
        if name in SHELLS:
            yield from shell_launches(rest, stdin)
            return
        if is_python(name) or (name == "-" and stdin is not None):
            inner = python_launches(rest, stdin)
            if isinstance(inner, Argv):
                argv = inner
                continue
            yield from (
                replace(one, sureness=sureness) if isinstance(one, Program) else one
                for one in inner
            )
            return
        special = _SPECIAL.get(name)
        if special is not None:
            yield from special(argv, stdin)
            return
        if stdin is not None and name in _CONSOLES and word("shell") in rest.words:
            yield stdin
        yield Program(word(name), rest, sureness=sureness, path=head)
        if name not in SINKS and name not in INERT:
            yield from guesses(rest)
        return


def _aliases_of_git(argv: Argv) -> Iterator[Launch]:
    """`git config alias.x '!TEXT'` and `git -c alias.x='!TEXT'`: text for a shell."""
    for index, one in enumerate(argv.words):
        if not starts(one).lower().startswith("alias.") or isinstance(one, Rest):
            continue
        name, equals, _ = starts(one).partition("=")
        behind = index + 1 < len(argv.words)
        text = cut(one, len(name) + 1) if equals else argv.words[index + 1] if behind else REST
        if not isinstance(text, Rest) and starts(text).startswith("!"):
            yield ShellText(cut(text, 1), argv.row(index if equals else index + 1), (REST,))


def _unknown_program(head: Argument, rest: Argv, stdin: PythonSource | None) -> Iterator[Launch]:
    yield Program(head, rest)
    if not opaque(head) and not any(may_be(head, name) for name in SINKS):
        return
    first = const(rest.words[0]) if rest.words else None
    code = rest.words[1] if first == "-c" and len(rest.words) > 1 else word("")
    if first == "-m" or (first == "-c" and _CODE.search("".join(p or "" for p in parts_of(code)))):
        inner = python_launches(rest, stdin)
        if isinstance(inner, Argv):
            yield from _as_guess(launches(inner, stdin))
        else:
            yield from (one for one in inner if not isinstance(one, Program))
        if first == "-c" and not isinstance(code, Rest):
            yield ShellText(code, rest.row(1), rest.words[3:])
    yield from guesses(rest)


def _as_guess(found: Iterator[Launch]) -> Iterator[Launch]:
    for one in found:
        yield replace(one, sureness="guess") if isinstance(one, Program) else one


def _find(argv: Argv, _stdin: PythonSource | None) -> Iterator[Launch]:
    index = 1
    words = argv.words
    while index < len(words):
        if const(words[index]) not in ("-exec", "-execdir", "-ok", "-okdir"):
            index += 1
            continue
        start = index = index + 1
        while index < len(words) and const(words[index]) not in (";", "+"):
            index += 1
        inner = tuple(filled(one, "{}") for one in words[start:index])
        yield from launches(Argv(inner, argv.rows[start:index]))


_SPAWNED = re.compile(r"(?:^|[;\n{])\s*(?:spawn|exec|system)\s+([^;\n}]+)")


def _expect(argv: Argv, stdin: PythonSource | None) -> Iterator[Launch]:
    """`expect -c 'spawn ...'`, or the same on the standard input."""
    texts = [
        (text, argv.row(index + 1))
        for index, one in enumerate(argv.words[:-1])
        if const(one) == "-c" and (text := const(argv.words[index + 1])) is not None
    ]
    if stdin is not None and (given := const(stdin.text)) is not None:
        texts.append((given, stdin.row))
    for text, row in texts:
        for found in _SPAWNED.finditer(text):
            yield ShellText(word(found[1]), row + text.count("\n", 0, found.start(1)), ())


def _xargs(argv: Argv, stdin: PythonSource | None) -> Iterator[Launch]:
    found = read_options(
        "-I: --replace: -n: --max-args: -P: --max-procs: -L: --max-lines: -l -d: --delimiter: -a:"
        " --arg-file: -E: -s: --max-chars: -i -0 --null -r --no-run-if-empty -t --verbose -p"
        " --interactive -x --exit --show-limits! --help! --version! -J: -R: -S: -o",
        argv,
        assignments=False,
        skip=0,
    )
    if found.nothing or found.index >= len(argv.words):
        return
    replaced = ""
    for index, argument in enumerate(argv.words[: found.index]):
        text = const(argument) or ""
        if text in ("-I", "-J"):
            replaced = const(argv.words[index + 1]) or ""
        elif re.match(r"-[Ii].|--replace=", text):
            replaced = re.sub(r"-[Ii]|--replace=", "", text, count=1)
        elif text in ("-i", "--replace"):
            replaced = "{}"
    inner = argv.after(found.index)
    words = inner.words
    if replaced:
        words = tuple(filled(one, replaced) for one in words)
        given: tuple[Argument, ...] = ()
    else:
        given = split(stdin.text) if stdin is not None else (REST,)
    yield from launches(
        Argv((*words, *given), (*inner.rows, *(inner.row(len(inner.rows)) for _ in given)))
    )


def _parallel(argv: Argv, _stdin: PythonSource | None) -> Iterator[Launch]:
    found = read_options(
        "-j: --jobs: -P: --max-procs: -a: --arg-file: -n: -N: --max-args: -S: --sshlogin: -I:"
        " --colsep: -C: --delay: --timeout: --retries: --joblog: --results: -d: --delimiter: -k"
        " --keep-order -u --ungroup --line-buffer --lb --bar --eta --halt: --tag -q -X -m -v -t",
        argv,
        assignments=False,
        skip=0,
    )
    words = argv.words[found.index :]
    marks = [
        index for index, one in enumerate(words) if re.fullmatch(":{3,4}\\+?", const(one) or "")
    ]
    end = marks[0] if marks else len(words)
    if end:
        given = [filled(one, "{}") for one in words[:end]]
        if given == list(words[:end]):
            given.append(REST)
        yield ShellText(spaced(given), argv.row(found.index))
    else:
        for one in words[1:]:
            if not isinstance(one, Rest):
                yield ShellText(one, argv.row(found.index))


def filled(argument: Argument, hole: str) -> Argument:
    if isinstance(argument, Rest) or not any(hole in part for part in argument if part):
        return argument
    parts: list[str | None] = []
    for part in argument:
        pieces = part.split(hole) if part is not None else [None]
        for index, piece in enumerate(pieces):
            if index:
                parts.append(None)
            parts.append(piece)
    return REST if parts == ["", None, ""] else normal(parts)


def _eval(argv: Argv, _stdin: PythonSource | None) -> Iterator[Launch]:
    if len(argv.words) > 1:
        yield ShellText(spaced(argv.words[1:]), argv.row(1))


def _trap(argv: Argv, _stdin: PythonSource | None) -> Iterator[Launch]:
    if len(argv.words) > 2 and not isinstance(argv.words[1], Rest):
        yield ShellText(argv.words[1], argv.row(1))


def _source(argv: Argv, _stdin: PythonSource | None) -> Iterator[Launch]:
    if len(argv.words) > 1:
        yield Program(argv.words[1], argv.after(2), manner="script")


def _code(argv: Argv, _stdin: PythonSource | None) -> Iterator[Launch]:
    """`node -e CODE` and its like: the processes that the code starts with constant words."""
    yield Program(argv.words[0], argv.after(1))
    coded = False
    for index, one in enumerate(argv.words[:-1]):
        option = const(one) or ""
        code = const(argv.words[index + 1])
        if code is None or not re.fullmatch(r"-\w?[eEpr]|--eval|--print|eval", option):
            continue
        coded = True
        row = argv.row(index + 1)
        for found in started(code):
            words = tuple(unholed(each) for each in found.words)
            if found.whole:
                yield ShellText(words[0], row)
            else:
                yield from launches(Argv(words, (row,) * len(words)))
    if not coded:
        yield from guesses(argv.after(1))


def _psql(argv: Argv, stdin: PythonSource | None) -> Iterator[Launch]:
    """`\\!` at the start of a line of SQL, or of `-c`, leaves for the shell."""
    yield Program(argv.words[0], argv.after(1))
    found = [(one, argv.row(index)) for index, one in enumerate(argv.words) if index]
    if stdin is not None:
        lines = holed(stdin.text).split("\n")
        found += [(unholed(line), stdin.row + row) for row, line in enumerate(lines)]
    for one, row in found:
        if (escape := re.match(r"\s*\\!", starts(one))) and not isinstance(one, Rest):
            yield ShellText(cut(one, escape.end()), row)


_CONSOLES = frozenset({"flask", "quart", "manage.py"})
"""Programs whose command `shell` reads Python from the standard input."""

_SPECIAL: dict[str, Callable[[Argv, PythonSource | None], Iterator[Launch]]] = {
    "find": _find,
    "expect": _expect,
    "fd": _find,
    "xargs": _xargs,
    "gxargs": _xargs,
    "parallel": _parallel,
    "eval": _eval,
    "psql": _psql,
    "trap": _trap,
    "source": _source,
    **dict.fromkeys("node nodejs bun deno zx tsx ruby perl php".split(), _code),
    ".": _source,
}
