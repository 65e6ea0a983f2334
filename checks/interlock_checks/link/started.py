"""Steps of interlock that are started as processes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from interlock_checks import catalogue
from interlock_checks.catalogue import endings, processes
from interlock_checks.catalogue.endings import Ending
from interlock_checks.catalogue.guards import Step
from interlock_checks.commands import judge_argv, judge_shell
from interlock_checks.commands.judge import Verdict
from interlock_checks.commands.model import Word
from interlock_checks.link.values import Given, Lit, Many, Text, Values, argument

_STEPS: dict[str, Step] = {
    "check": "check",
    "verify": "verify",
    "backup": "backup",
    "migrate": "migrate",
    "deploy": "deploy",
}


_CAPTURING = frozenset({"stdout", "capture_output"})
"""Arguments by which what a process writes is taken."""


@dataclass(frozen=True, slots=True)
class Started:
    """
    The step that a process is started for, and what is heard of its end.

    `raises`: a failure is an exception; None if an argument decides, of which too little is known.
    """

    guard: catalogue.Guard
    ending: Ending | None
    raises: bool | None


def commanded(name: str, given: tuple[Given, ...]) -> Started | None:
    """The step of interlock that a call starts a process for."""
    canonical = processes.ALIASES.get(name, name)
    start = processes.STARTS.get(canonical)
    if start is None or not given:
        return None
    known = next((_STEPS[one.step] for one in _judged(start, given) if one.step in _STEPS), None)
    if known is None or (known == "check" and any(one.name in _CAPTURING for one in given)):
        return None  # whoever takes the findings as data has heard of them
    ending = endings.ENDINGS.get(canonical)
    guard = catalogue.Guard(f"interlock {known}", known)
    return Started(guard, ending, False if ending is None else is_raised(ending, given))


def is_raised(ending: Ending, given: tuple[Given, ...]) -> bool | None:
    """Whether a failure is raised; None if the argument that decides it is not known."""
    for one in given:
        if (one.star == 2 and ending.keyword) or (one.name and one.name == ending.keyword):
            answers = {bool(v.value) if isinstance(v, Lit) else None for v in one.values}
            asked = answers.pop() if len(answers) == 1 and not one.star else None
            return None if asked is None else asked is not (ending.keyword == "warn")
    return ending.raises


def _judged(start: processes.Start, given: tuple[Given, ...]) -> Iterable[Verdict]:
    """The command line, as far as its words are known."""
    if start.form in {"words", "path+words"}:
        words = [one.values for one in given if one.name is None][start.first :]
        yield judge_argv(tuple(word_of(item) for item in words if item))
        return
    first = start.first + 1 if start.form == "path+argv" else start.first
    for value in argument(given, first, start.keyword) or ():
        match value:
            case Lit(value=str() as text):
                yield from (verdict for _, verdict in judge_shell(text))
            case Text(parts=parts):
                yield from (verdict for _, verdict in judge_shell(parts))
            case Many(items=items):
                yield judge_argv(tuple(word_of(item) for item in items))
            case _:
                pass


def word_of(item: Values) -> Word:
    one = item[0] if len(item) == 1 else None
    return (str(one.value) if isinstance(one, Lit) else None,)
