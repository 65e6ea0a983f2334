"""What starts a process, and what its command line does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from interlock_checks.catalogue import processes
from interlock_checks.catalogue.tampering import ROOT
from interlock_checks.commands import judge_argv, judge_shell
from interlock_checks.commands.judge import Verdict
from interlock_checks.commands.model import Argument
from interlock_checks.commands.steps import STEPS
from interlock_checks.link import approval, fold, tampering
from interlock_checks.link.changes import touch
from interlock_checks.link.lines import shell_verdicts, verdicts_of
from interlock_checks.link.loading import execute, nested_texts
from interlock_checks.link.reach import Assumption, Reach, Site
from interlock_checks.link.values import UNKNOWN, Ext, Given, Lit, Method, Program, Values, argument
from interlock_checks.link.world import NESTED

if TYPE_CHECKING:
    from interlock_checks.link.uses import Uses

_PYTHON_MAGICS = frozenset({"time", "timeit", "prun"})
_SHELL_MAGICS = frozenset({"bash", "sh", "script", "sx", "system", "!", "!!", "cmd"})


def magic(uses: Uses, site: Site, node: int, function: Method, given: tuple[Given, ...]) -> None:
    """IPython's magics called as functions: their last argument is a script or source."""
    names = argument(given, 0, "magic_name") or UNKNOWN
    if _names_one_of(names, _SHELL_MAGICS):
        verdicts = shell_verdicts(given[-1].values)
        weigh(uses, site, node, function, verdicts, given)
    elif names == (Lit("run"),):
        line = fold.concatenated(((Lit("python "),), given[-1].values))
        weigh(uses, site, node, function, shell_verdicts(line), given)
    elif function.name == "run_cell_magic" or _names_one_of(names, _PYTHON_MAGICS):
        execute(uses, site, node, function, (len(given) - 1, "cell"), given)


def _names_one_of(values: Values, names: frozenset[str]) -> bool:
    return all(isinstance(value, Lit) and value.value in names for value in values)


def spawn(
    uses: Uses,
    site: Site,
    node: int,
    function: Ext | Method,
    start: processes.Start,
    given: tuple[Given, ...],
) -> None:
    """A call that starts a process, as `start` says."""
    if start.form == "module":
        names = argument(given, start.first, start.keyword) or UNKNOWN
        if not all(isinstance(v, Lit) for v in names):
            return
    weigh(uses, site, node, function, verdicts_of(start, given), given)


def spawn_program(
    uses: Uses,
    site: Site,
    node: int,
    function: Program,
    lines: Iterable[tuple[Argument, ...]],
    given: tuple[Given, ...],
) -> None:
    """A call of a program that is an object."""
    verdicts = [judge_argv(words) for words in lines]
    weigh(uses, site, node, Method(function, "run"), verdicts, given)


def weigh(
    uses: Uses,
    site: Site,
    node: int,
    function: Ext | Method,
    verdicts: Sequence[Verdict],
    given: tuple[Given, ...],
) -> None:
    """What a call comes to whose command lines are judged."""
    nested_texts(uses, site, node, verdicts, given)
    _switched(uses, site, node, verdicts)
    _unasked(uses, site, node, function, verdicts, given)
    touch(uses, site, tampering.left_out(given))
    if any(_runs_interlock(uses, site, verdict) for verdict in verdicts):
        uses.starting.add(site.path.partition(NESTED)[0])
        if node >= 0:
            uses.world.want(site.path, node)  # its environment may come from another file
        touch(uses, site, approval.given_to_child(given))
    found = next((v for v in verdicts if v.kind == "migration"), None)
    unknown = not verdicts or any(v.kind == "unknown" for v in verdicts)
    if found is None and not unknown:
        return
    uses.world.want(site.path, node)
    fallback: Reach | Assumption
    if found is not None:
        fallback = uses.reach(site, "IL102", found.what, f"started by `{function.name}`")
    else:
        fallback = uses.assume(
            site, f"the command line given to `{function.name}` is not known here"
        )
    uses.wait(site, node, uses.parameters(site, node, [one.values for one in given]), fallback)


def _switched(uses: Uses, site: Site, node: int, verdicts: Sequence[Verdict]) -> None:
    """Commands that keep a hook from running, or lose a verdict."""
    for switch in dict.fromkeys(one for verdict in verdicts for one in verdict.switches):
        if node >= 0:
            uses.world.want(site.path, node)
        reach = uses.reach(site, switch.code, switch.what, switch.manner)
        uses.reaches.append(msgspec.structs.replace(reach, needs=switch.needs))


def _unasked(
    uses: Uses,
    site: Site,
    node: int,
    function: Ext | Method,
    verdicts: Sequence[Verdict],
    given: tuple[Given, ...],
) -> None:
    step = next((one.step for one in verdicts if one.step in STEPS), None)
    if step is None or node < 0 or NESTED in site.path:
        return
    name = processes.ALIASES.get(function.name, function.name)
    reason = uses.unasked.reason(site.path, node, name, given)
    if reason is not None:
        manner = f"loses its exit status to {reason}"
        uses.reaches.append(uses.reach(site, "IL306", f"`interlock {step}`", manner))


def shell_cell(uses: Uses, path: str, text: str, rows: tuple[int, ...]) -> None:
    """A cell of a notebook that is a shell script, with the rows of its lines in the file."""
    for command, verdict in judge_shell(text):
        row = rows[min(command.row, len(rows) - 1)] if rows else 1
        site = Site(path, -1, 0, row)
        nested_texts(uses, site, -1, [verdict], ())
        _switched(uses, site, -1, [verdict])
        if verdict.kind == "migration":
            uses.report(site, "IL102", verdict.what, "run by a cell")


def _runs_interlock(uses: Uses, site: Site, verdict: Verdict) -> bool:
    """Whether a process is a step of interlock, or a module of the repository that uses it."""
    if verdict.step:
        return True
    found = [p for name in verdict.modules for p in _modules(uses, site, name)]
    found += [p for file in verdict.files for p in _scripts(uses, file)]
    return any(_imports_interlock(uses, path) for path in found)


def _modules(uses: Uses, site: Site, name: str) -> tuple[str, ...]:
    resolve = uses.world.modules.resolve
    path = site.path.partition(NESTED)[0]
    return resolve(path, name, 0) + resolve(path, f"{name}.__main__", 0)


def _scripts(uses: Uses, file: str) -> list[str]:
    end = file.removeprefix("*").removeprefix("./")
    whole = f"/{end.lstrip('/')}"
    return [path for path in uses.paths if f"/{path}".endswith(whole)]


def _imports_interlock(uses: Uses, path: str) -> bool:
    facts = uses.world.files.get(path)
    return facts is not None and any(
        one.module.partition(".")[0] == ROOT and one.level == 0 for one in facts.imports
    )
