"""
Programs that run another and do not end as it does, as data.

From the manual pages of util-linux 2.40 (setsid, script), systemd 256, sudo 1.9, findutils 4.10,
GNU make 4.4, Docker 27, kubectl 1.31, tmux 3.5 and screen 5, and the manual of the Heroku CLI.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from interlock_checks.commands.argv import tail
from interlock_checks.commands.model import Argument, const

FORGETTING: Final[Mapping[str, tuple[str, str]]] = {
    "setsid": ("-f --fork", "-w --wait"),
    "systemd-run": ("*", "--wait --scope -t --pty -P --pipe"),
    "daemonize": ("*", ""),
    "start-stop-daemon": ("-b --background", ""),
    "sudo": ("-b --background", ""),
    "ssh": ("-f", ""),
    "script": ("*", "-e --return"),
    "screen": ("-d -dm", ""),
    "tmux": ("*", ""),
    "heroku": ("*", "-x --exit-code"),
    "docker": ("-d --detach", ""),
    "podman": ("-d --detach", ""),
    "nerdctl": ("-d --detach", ""),
    "docker-compose": ("-d --detach", ""),
    "podman-compose": ("-d --detach", ""),
    "kubectl run": ("*", "-i --stdin --attach --rm"),
    "kubectl create": ("*", ""),
    "oc run": ("*", "-i --stdin --attach --rm"),
    "make": ("-i --ignore-errors", ""),
    "gmake": ("-i --ignore-errors", ""),
}
"""
Program, and its subcommand where that matters -> the options with which it forgets (`*`: always),
and those with which it waits.
"""

_RUNNERS: Final = frozenset({"make", "gmake"})
"""Programs whose options may stand behind what they run."""
_ACTIONS: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def forgotten(words: Sequence[Argument]) -> str | None:
    """The program on this command line that ends well whatever becomes of what it runs."""
    for index, one in enumerate(words):
        name = tail(one)
        if name == "find":
            found = _found(words[index + 1 :])
            if found is not None:
                return found
        following = const(words[index + 1]) if index + 1 < len(words) else None
        if f"{name} {following}" in FORGETTING:
            name = f"{name} {following}"
        if name is not None and name in FORGETTING:
            forgetting, waiting = (one.split() for one in FORGETTING[name])
            given = _options(words[index + 1 :], everywhere=name in _RUNNERS)
            if any(_is(one, option) for one in given for option in waiting):
                continue
            if forgetting == ["*"]:
                return f"`{name}`"
            for option in forgetting:
                if any(_is(one, option) for one in given):
                    return f"`{name} {option}`"
    return None


def _found(words: Sequence[Argument]) -> str | None:
    """`-exec ... ;` answers for itself, `-exec ... +` for the command (POSIX, `find`)."""
    inside: str | None = None
    for one in words:
        text = const(one)
        if text in _ACTIONS:
            inside = text
        elif inside is not None and text == ";":
            return f"`find {inside} ... ;`"
        elif text == "+":
            inside = None
    return None


def _options(words: Sequence[Argument], *, everywhere: bool) -> list[str]:
    """The options of a program, up to the program that it runs."""
    found = []
    for one in words:
        text = const(one)
        if text == "--" or (not everywhere and tail(one) in ("interlock", "interlock-check")):
            break
        if text is not None and text.startswith("-"):
            found.append(text)
    return found


def _is(given: str, option: str) -> bool:
    """Whether an option is this one: as it is, with a value, or among letters (`-dit`)."""
    if given == option or given.startswith(f"{option}="):
        return True
    short = re.fullmatch(r"-([A-Za-z])", option)
    letters = re.fullmatch(r"-([A-Za-z]+)", given)
    return short is not None and letters is not None and short[1] in letters[1]
