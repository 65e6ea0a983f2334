"""
Which step of interlock a command is, and which other file, target or script a command runs.

Step names are those of interlock's command line. `any` is a step that is chosen at run time,
`hooks` is a run of the repository's pre-commit hooks, whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from interlock_checks.commands.model import Argument, Rest, Word, const, may_be, opaque, starts

PROGRAM = "interlock"
MODULES: Mapping[str, str] = {
    "interlock": "",
    "interlock.__main__": "",
    "interlock.cli": "",
    "interlock_hooks.check": "check",
    "interlock_hooks.engines": "check",
    "interlock_hooks.migrations": "check",
    "interlock_hooks.opaque": "check",
}
"""What `python -m` runs, by module; empty where the arguments name the step."""
HOOKS: Mapping[str, str] = dict.fromkeys(
    ("interlock-check", "interlock-engines", "interlock-migrations", "interlock-opaque"), "check"
)
"""Hook entry points, which need no argument."""
STEPS = frozenset({"check", "verify", "backup", "migrate", "deploy"})
"""Commands that refuse with their exit status."""
OTHERS = frozenset({"alembic", "explain", "init", "doctor", "status", "keygen", "help", "prove"})
"""Commands that prove nothing to whoever runs them, or guard development databases only."""
HOOK_RUNNERS = frozenset({"pre-commit", "prek", "pre_commit"})
GUARDS = frozenset({PROGRAM, *HOOKS, *HOOK_RUNNERS})
"""Programs behind which a step may stand."""
TOGETHER = "together "
"""Before a target of make that is called with `-j`: what it needs is made at the same time."""
GOING_ON = "going on "
"""Before one that is called with `-k`: what it needs is made although the one before failed."""
_HELP = frozenset({"--help", "-h", "--version"})


def step_of(name: str, words: tuple[Argument, ...]) -> str:
    """The step that a program with these arguments is; empty if it is none."""
    if any(const(one) in _HELP for one in words):
        return ""
    if name in HOOKS:
        return HOOKS[name]
    if name == PROGRAM:
        return _subcommand(words)
    if name in HOOK_RUNNERS:
        return _hooks(words)
    if name in ("pytest", "py.test") and any(const(one) == "--interlock" for one in words):
        return "check"
    return ""


def _subcommand(words: tuple[Argument, ...]) -> str:
    for one in words:
        text = const(one)
        if text is None:
            if opaque(one) or any(may_be(one, step) for step in STEPS):
                return "any"
            return ""
        if not text.startswith("-"):
            return text if text in STEPS or text == "alembic" else ""
    return ""


def _hooks(words: tuple[Argument, ...]) -> str:
    """`pre-commit run`, of all hooks (`hooks`) or of one (`hooks:ID`)."""
    rest = [one for one in words if not starts(one).startswith("-")]
    if not rest or const(rest[0]) != "run":
        return ""
    taken = {"--hook-stage", "--from-ref", "--to-ref", "-c", "--config", "--color", "--files"}
    for index, one in enumerate(words):
        text = const(one)
        if text is None or text == "run" or text.startswith("-"):
            continue
        if index and const(words[index - 1]) in taken:
            continue
        return f"hooks:{text}"
    return "hooks"


_TOGETHER = re.compile(r"-[a-zA-Z]*j\d*|--jobs(?:=\d+)?")
_GOING_ON = re.compile(r"-[a-zA-Z]*k[a-zA-Z]*|--keep-going")


def _make(words: tuple[Argument, ...]) -> tuple[str, ...]:
    found: list[str] = []
    skip = False
    plain = [const(one) or "" for one in words]
    ways = [
        way
        for way, option in ((TOGETHER, _TOGETHER), (GOING_ON, _GOING_ON))
        if any(map(option.fullmatch, plain))
    ]
    for one in words:
        text = const(one)
        if skip:
            skip = False
        elif text is None:
            continue
        elif text in ("-C", "-f", "-j", "-l", "-o", "-W", "-I", "--directory", "--file"):
            skip = text != "-j"
        elif not text.startswith("-") and "=" not in text and not text.isdigit():
            found.append(f"make:{text}")
    found = found or ["make:"]
    return (*found, *(f"{way}{one}" for way in ways for one in found))


def _just(words: tuple[Argument, ...]) -> tuple[str, ...]:
    plain = [const(one) or "" for one in words]
    if any(one in ("--list", "-l", "--summary", "--fmt", "--evaluate") for one in plain):
        return ()
    names = [one for one in plain if re.fullmatch(r"[A-Za-z_][\w\-:]*", one)]
    return tuple(f"just:{one}" for one in names) or ("just:",)


def _named(prefix: str, *verbs: str) -> Callable[[tuple[Argument, ...]], tuple[str, ...]]:
    """`npm run NAME`: the word behind one of the verbs; without verbs, every plain word."""

    def called(words: tuple[Argument, ...]) -> tuple[str, ...]:
        plain = [text for one in words if (text := const(one)) and not text.startswith("-")]
        if not verbs:
            return tuple(f"{prefix}:{one}" for one in plain)
        for index, one in enumerate(plain[:-1]):
            if one in verbs:
                return (f"{prefix}:{plain[index + 1]}",)
        return ()

    return called


def _yarn(words: tuple[Argument, ...]) -> tuple[str, ...]:
    plain = [text for one in words if (text := const(one)) and not text.startswith("-")]
    if plain[:1] in (["run"], ["run-script"]):
        plain = plain[1:]
    return (f"npm:{plain[0]}",) if plain else ()


def _valued(prefix: str, option: str, long: str) -> Callable[..., tuple[str, ...]]:
    """`tox -e NAME`, `nox -s NAME`."""

    def called(words: tuple[Argument, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for index, one in enumerate(words):
            text = const(one) or ""
            if text in (option, long) and index + 1 < len(words):
                found += (const(words[index + 1]) or "").split(",")
            elif text.startswith(f"{long}="):
                found += text.partition("=")[2].split(",")
        return tuple(f"{prefix}:{one}" for one in found if one) or (f"{prefix}:",)

    return called


def _compose(words: tuple[Argument, ...]) -> tuple[str, ...]:
    plain = [text for one in words if (text := const(one)) and not text.startswith("-")]
    if plain[:1] == ["compose"]:
        plain = plain[1:]
    for verb in ("run", "up", "start"):
        if verb in plain:
            rest = plain[plain.index(verb) + 1 :]
            if verb == "run":
                rest = rest[:1]
            return tuple(f"compose:{one}" for one in rest) or ("compose:",)
    return ()


_NPM = _named("npm", "run", "run-script", "rum")
_CALLED: Mapping[str, Callable[[tuple[Argument, ...]], tuple[str, ...]]] = {
    **dict.fromkeys(("make", "gmake", "remake"), _make),
    "just": _just,
    **dict.fromkeys(("npm", "pnpm", "bun"), _NPM),
    "yarn": _yarn,
    **dict.fromkeys(("task", "go-task"), _named("task")),
    **dict.fromkeys(("poe", "poethepoet"), _named("poe")),
    **dict.fromkeys(("invoke", "inv"), _named("invoke")),
    "rye": _named("script", "run"),
    "tox": _valued("tox", "-e", "--env"),
    "nox": _valued("nox", "-s", "--session"),
    **dict.fromkeys(("docker-compose", "podman-compose"), _compose),
}

CALLERS = _CALLED.keys()
"""Programs that run what a file of the repository defines."""


def calls_of(name: str, words: tuple[Argument, ...]) -> tuple[str, ...]:
    """Targets, tasks and scripts that a runner runs: `make:deploy`, `npm:build`."""
    called = _CALLED.get(name)
    return called(words) if called is not None else ()


def file_of(argument: Argument) -> str | None:
    """
    The path of a program that is named by one, with `*` for what is not known before it.

    `"$(dirname "$0")/migrate.sh"` is `*/migrate.sh`.
    """
    if isinstance(argument, Rest):
        return None
    text = const(argument)
    if text is not None:
        return text if "/" in text or _FILE.search(text) else None
    last: Word = argument[-1:]
    known = last[0]
    if known is None or "/" not in known:
        return None
    return "*" + known[known.index("/") :]


_FILE = re.compile(r"\.(?:sh|bash|zsh|py|bat|cmd|ps1|mk)\Z")
