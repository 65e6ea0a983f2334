"""Two states of a repository: where does today's declare less than the base did?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from interlock.contract import INTERLOCK, PYPROJECT, Contract, ContractError, load_contract
from interlock.toml_lines import key_lines, line_of
from interlock_checks.locations import script_locations
from interlock_checks.tree import Tree
from interlock_checks.weakening import grants
from interlock_checks.weakening.clauses import clauses
from interlock_checks.weakening.hooks import CONFIG, Unreadable, hooks, narrowed
from interlock_checks.weakening.model import Loosened
from interlock_checks.weakening.steps import Step, is_pipeline, lost, steps

__all__ = ["compare"]

CLAUSES = "CONTRACT.md"


class _State:
    """What a tree declares. `contract` is None where it cannot be read: nothing was granted."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.contract: Contract | None = None
        self.declared_in: str | None = None
        try:
            self.contract, self.declared_in = load_contract(self.read)
        except ContractError as error:
            self.declared_in = error.filename

    def read(self, path: str) -> bytes | None:
        try:
            return self._tree.read(path)
        except OSError:
            return None

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(entry.path for entry in self._tree.entries())

    def locations(self, contract: Contract) -> frozenset[str]:
        return script_locations(contract, self.read, self.paths)

    def steps(self) -> list[Step]:
        pipelines = [path for path in sorted(self.paths) if is_pipeline(path)]
        return [step for path in pipelines for step in steps(path, self.read(path) or b"")]


def compare(base: Tree, today: Tree) -> tuple[list[Loosened], bool]:
    """
    Every loosening between two trees, in the order of places; and whether today's contract is
    the first one.

    A base that declares no contract had granted nothing, and a first contract has to be possible:
    it loosens nothing. A contract of the base that cannot be read is no such first one: then
    every grant of today is new.
    """
    before, after = _State(base), _State(today)
    found = {
        *_contract(before, after),
        *_clauses(before, after),
        *_hooks(before, after),
        *_steps(before, after),
    }
    first = before.declared_in is None and after.declared_in is not None
    return sorted(found, key=lambda one: (one.path, one.row, one.message)), first


def _contract(before: _State, after: _State) -> Iterator[Loosened]:
    if before.declared_in is None or after.contract is None:
        return
    if after.declared_in is None:
        text = "the contract is gone, and with it what it protects"
        yield Loosened(before.declared_in, 1, f"{text}; the base declares it here")
        return
    old, new = before.contract or Contract(), after.contract
    places = before.locations(old), after.locations(new)

    def resolve(entry: str) -> str | None:
        folder = Contract(migrations=(entry,))
        return next(iter(after.locations(folder)), None)

    data = (after.read(after.declared_in) or b"").decode("utf-8", "replace")
    lines = key_lines(data)
    prefix = ("tool", "interlock") if after.declared_in == PYPROJECT else ()

    def same(then: str, now: str) -> bool:
        file, _, section = now.partition(":")
        old_file, _, old_section = then.partition(":")
        data = after.read(file)
        return section == old_section and data is not None and data == before.read(old_file)

    for grant in (*grants.granted(old, new), *grants.configurations(old, new, same)):
        row = line_of(lines, (*prefix, *grant.key))
        yield Loosened(after.declared_in, row, grant.message)
    for grant in grants.homes_of_scripts(old, new, places, resolve):
        if new.migrations is None:
            path, row = _configuration(before, after)
            yield Loosened(path, row, grant.message)
        else:
            row = line_of(lines, (*prefix, *grant.key))
            yield Loosened(after.declared_in, row, grant.message)


def _configuration(before: _State, after: _State) -> tuple[str, int]:
    """Where Alembic's own configuration has changed what it names."""
    for path in sorted(after.paths):
        if path.endswith((".ini", ".cfg")) or path.rpartition("/")[2] == PYPROJECT:
            data = after.read(path) or b""
            at = data.find(b"script_location")
            if at >= 0 and data != before.read(path):
                return path, data.count(b"\n", 0, at) + 1
    return after.declared_in or INTERLOCK, 1


def _clauses(before: _State, after: _State) -> Iterator[Loosened]:
    old = _stated(before.read(CLAUSES))
    today = after.read(CLAUSES)
    if not old:
        return
    names = ", ".join(old)
    if today is None:
        yield Loosened(CLAUSES, 1, f"the clauses {names} are gone with the file that stated them")
        return
    new = _stated(today)
    for clause in old:
        if clause not in new:
            stated = f"today {', '.join(new) or 'none'} are stated, and {names} at the base"
            yield Loosened(CLAUSES, 1, f"clause {clause} is gone: {stated}")


def _stated(data: bytes | None) -> dict[str, int]:
    return {} if data is None else clauses(data.decode("utf-8", "replace"))


def _hooks(before: _State, after: _State) -> Iterator[Loosened]:
    try:
        old = hooks(before.read(CONFIG) or b"")
    except Unreadable:
        return
    if not old:
        return
    try:
        new = hooks(after.read(CONFIG) or b"")
    except Unreadable as error:
        names = ", ".join(f"`{hook.id}`" for hook in old)
        yield Loosened(CONFIG, 1, f"{error}: the hooks {names} of the base are not to be found")
        return
    for hook, message in narrowed(old, new):
        yield Loosened(CONFIG, 1 if hook is None else hook.row, message)


def _steps(before: _State, after: _State) -> Iterator[Loosened]:
    for step, instead in lost(before.steps(), after.steps()):
        ran = f"`{_command(step.guard)}`"
        if instead is None:
            message = f"a step that runs {ran} is gone; the base has it in row {step.row}"
            yield Loosened(step.path, 1, message)
        else:
            now, then = _conditions(instead), _conditions(step)
            yield Loosened(instead.path, instead.row, f"{ran} runs {now}, and {then} at the base")


def _command(guard: str) -> str:
    return "pre-commit run" if guard == "hooks" else f"interlock {guard.replace(' of ', ' ')}"


def _conditions(step: Step) -> str:
    if not step.conditions:
        return "always"
    return f"on the conditions {', '.join(f'`{one}`' for one in sorted(step.conditions))}"
