"""What a shell or a Python interpreter is told to run by its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from interlock_checks.commands.argv import (
    Argv,
    Launch,
    Program,
    PythonSource,
    ShellText,
    is_python,
    tail,
)
from interlock_checks.commands.model import Argument, Rest, const, opaque, starts, word
from interlock_checks.commands.options import cut
from interlock_checks.commands.prefixes import INERT, PREFIXES, QUOTING, SHELLS
from interlock_checks.commands.steps import GUARDS
from interlock_checks.commands.tools import MODULES, SINKS

MAX_GUESSES = 48
"""Words looked at behind an unknown program."""
_PYTHON_VALUES = frozenset("cmWXQ")


def shell_launches(argv: Argv, stdin: PythonSource | None) -> Iterator[Launch]:
    """`argv` is what follows the name of the shell."""
    index, text_wanted, reads_stdin = 0, False, False
    words = argv.words
    while index < len(words):
        option = const(words[index])
        if option is None:
            if opaque(words[index]) and index + 1 < len(words):
                follower = const(words[index + 1])
                if follower is not None and re.fullmatch(r"-\w*c", follower):
                    index += 1
                    continue
            break
        if option in ("--rcfile", "--init-file", "-o", "+o", "-O", "+O"):
            index += 2
        elif option in ("--", "-"):
            index += 1
            break
        elif option.startswith("--"):
            if option in ("--version", "--help"):
                return
            text_wanted |= option == "--command"
            index += 1
        elif option[:1] in "-+" and len(option) > 1:
            text_wanted |= option[0] == "-" and "c" in option
            reads_stdin |= option[0] == "-" and "s" in option
            # `-euo pipefail`, `-ceuo pipefail TEXT`: `o` takes the next word.
            index += 1 + option.count("o")
        else:
            break
    if text_wanted:
        if index < len(words):
            text = words[index]
            if not isinstance(text, Rest):
                yield ShellText(text, argv.row(index), words[index + 2 :])
        return
    if index < len(words) and not reads_stdin:
        yield Program(words[index], argv.after(index + 1), manner="script")
    elif stdin is not None:
        yield ShellText(stdin.text, stdin.row, words[index:])


def python_launches(argv: Argv, stdin: PythonSource | None) -> Argv | list[Launch]:
    """What the interpreter runs; an `Argv` when that is a module that is a program of its own."""
    words = argv.words
    index = 0
    while index < len(words):
        argument = words[index]
        text = starts(argument)
        if opaque(argument):
            follower = starts(words[index + 1]) if index + 1 < len(words) else ""
            if re.match(r"-\w*[mc]", follower):
                index += 1
                continue
            return [Program(argument, argv.after(index + 1), manner="script")]
        if text == "-" and const(argument) == text:
            return [stdin] if stdin is not None else []
        if not text.startswith("-"):
            return _python_script(argument, argv.after(index + 1))
        assert not isinstance(argument, Rest)
        if text.startswith("--"):
            if text in ("--version", "--help", "--help-all"):
                return []
            index += 2 if text == "--check-hash-based-pycs" else 1
            continue
        if text in ("-h", "-V", "-VV", "-?"):
            return []
        index += 1
        for position, letter in enumerate(text[1:], 2):
            if letter not in _PYTHON_VALUES:
                continue
            value: Argument = cut(argument, position)
            if value == ("",):
                if index >= len(words):
                    return []
                value = words[index]
                index += 1
            if letter == "c":
                if isinstance(value, Rest):
                    return []
                return [PythonSource(value, argv.row(index - 1))]
            if letter == "m":
                return _python_module(value, argv.after(index))
            break
    return [stdin] if stdin is not None else []


def _python_module(module: Argument, rest: Argv) -> Argv | list[Launch]:
    name = const(module)
    if name is not None:
        program = MODULES.get(name) or (name if name in PREFIXES else None)
        if program is not None:
            return rest.behind(word(program))
    found: list[Launch] = [Program(module, rest, manner="module")]
    # `python -m interlock alembic ...` is the program of that name, whose arguments are its own.
    return found if const(module) in INERT else [*found, *guesses(rest)]


def _python_script(script: Argument, rest: Argv) -> Argv | list[Launch]:
    text = const(script)
    known = re.split(r"[/\\]", text if text is not None else (tail(script) or ""))
    if known[-1] in ("__main__.py", "config.py", "cli.py") and len(known) > 1:
        module = f"{known[-2]}.{known[-1].removesuffix('.py')}"
        if module in MODULES:
            return rest.behind(word(MODULES[module]))
    name = tail(script)
    if name in SINKS or name in PREFIXES:
        return rest.behind(word(name or ""))
    return [Program(script, rest, manner="script"), *guesses(rest)]


def guesses(argv: Argv) -> Iterator[Launch]:
    """Readings in which the command begins at some later word that names a tool."""
    for index, argument in enumerate(argv.words[:MAX_GUESSES]):
        name = tail(argument)
        if name is None or isinstance(argument, Rest):
            continue
        if name in QUOTING:
            return
        if name in SINKS or name in GUARDS:
            yield Program(word(name), argv.after(index + 1), sureness="guess")
        elif is_python(name):
            inner = python_launches(argv.after(index + 1), None)
            if not isinstance(inner, Argv):
                yield from (one for one in inner if isinstance(one, PythonSource))
            elif tail(inner.words[0]) in SINKS:
                yield Program(inner.words[0], inner.after(1), sureness="guess")
        elif name in SHELLS and index + 1 < len(argv.words):
            yield from (one for one in shell_launches(argv.after(index + 1), None))
