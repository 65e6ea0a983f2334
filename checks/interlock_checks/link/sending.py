"""What is sent to a process that runs: commands, where it is a shell or another interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock_checks.catalogue import processes
from interlock_checks.commands import Verdict
from interlock_checks.facts import model as m
from interlock_checks.link import fold
from interlock_checks.link.frames import passed
from interlock_checks.link.handlers import made_by
from interlock_checks.link.lines import SENT, shell_verdicts, verdicts_of
from interlock_checks.link.reach import Site
from interlock_checks.link.values import Ext, Given, Made, Method, Value, argument, merge

if TYPE_CHECKING:
    from interlock_checks.link.world import World


def sent(
    world: World, site: Site, node: int, function: Method, given: tuple[Given, ...]
) -> list[Verdict]:
    """
    What a method of `processes.SENDING` has a process do that it does not do by itself.

    Where the call that started the process is not found, the process may be a shell.
    """
    through = processes.SENDING[function.name]
    base = _behind(world, site.path, node, through)
    text = argument(given, 0, SENT)
    if base < 0 or text is None:
        return []
    if function.name == "writelines":
        text = merge(fold.each(value) for value in text)
    functions, call = made_by(world, site.path, base, site.frame)
    if call < 0:
        told = shell_verdicts(text) if _is_process(function.owner, through) else []
        asked = bool(fold.depends(text))
        return [one for one in told if one.kind == "migration" or asked]
    maker = world.files[site.path].nodes[call]
    assert isinstance(maker, m.Call)
    found: list[Verdict] = []
    for one in functions:
        start = _start(one)
        if start is not None:
            started = passed(world, site.path, maker.args, site.frame)
            alone = verdicts_of(start, started)
            for value in text:
                both = verdicts_of(start, (*started, Given((value,), SENT)))
                found += [verdict for verdict in both if verdict not in alone]
    return found


def _behind(world: World, path: str, node: int, through: str | None) -> int:
    """The expression for the process, in a call of one of its methods; -1 if it is not there."""
    nodes = world.files[path].nodes
    call = nodes[node]
    method = nodes[call.func] if isinstance(call, m.Call) else None
    if not isinstance(method, m.Attr):
        return -1
    if through is None:
        return method.base
    inner = nodes[method.base]
    return inner.base if isinstance(inner, m.Attr) and inner.name == through else -1


def _is_process(owner: Value, through: str | None) -> bool:
    if through is not None:
        owner = owner.owner if isinstance(owner, Method) else owner
    return isinstance(owner, Made) and owner.name in processes.STARTS


def _start(function: Value) -> processes.Start | None:
    if not isinstance(function, Ext):
        return None
    return processes.STARTS.get(processes.ALIASES.get(function.name, function.name))
