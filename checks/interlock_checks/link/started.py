"""Steps of interlock that are started as processes."""

from __future__ import annotations

from interlock_checks import catalogue
from interlock_checks.catalogue import control, processes
from interlock_checks.commands import judge_argv, judge_shell
from interlock_checks.commands.judge import Verdict
from interlock_checks.commands.model import Word
from interlock_checks.link.values import (
    Given,
    Lit,
    Many,
    Values,
)

_COMMANDS: dict[str, catalogue.Guard] = {
    guard.step: guard
    for guard in catalogue.GUARDS.values()
    if guard.step in {"verify", "backup", "migrate", "deploy"}
}


def commanded(name: str, given: tuple[Given, ...]) -> catalogue.Guard | None:
    """
    The step of interlock that a process is started for, as a guard.

    Its name ends in "?" where its exit status raises nothing.
    """
    if processes.ALIASES.get(name, name) not in processes.STARTS or not given:
        return None
    verdicts: list[Verdict] = []
    for value in given[0].values[:1]:
        if isinstance(value, Lit) and isinstance(value.value, str):
            verdicts = [verdict for _, verdict in judge_shell(value.value)]
        elif isinstance(value, Many):
            verdicts = [judge_argv(tuple(word_of(item) for item in value.items))]
    known = next((_COMMANDS[one.step] for one in verdicts if one.step in _COMMANDS), None)
    if known is None:
        return None
    checked = any(one.name == "check" and one.values == (Lit(True),) for one in given)
    sure = "" if checked or name in control.RAISING else "?"
    return catalogue.Guard(f"interlock {known.step}{sure}", known.step)


def word_of(item: Values) -> Word:
    one = item[0] if len(item) == 1 else None
    return (str(one.value) if isinstance(one, Lit) else None,)
