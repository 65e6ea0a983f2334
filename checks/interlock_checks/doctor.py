"""
How far a repository is protected: the level of assurance that is reached, and what is missing.

A diagnosis, no verdict: `interlock check` answers for level 0, the runtime half for the others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any

from interlock.contract import PYPROJECT, Contract, load_contract
from interlock_checks.modules import ModuleIndex
from interlock_checks.report.excerpt import plain
from interlock_checks.report.model import Report
from interlock_checks.tree import Tree
from interlock_checks.weakening.hooks import CONFIG, Unreadable, hooks
from interlock_checks.weakening.steps import is_pipeline, steps

__all__ = ["Diagnosis", "Need", "diagnose", "installed", "render"]

LEVELS = (
    "the static proof is clean",
    "each process that imports Alembic is guarded",
    "the steps are locked by signed receipts",
    "the identity of the pipeline is verified, and no credential stands",
    "the database itself verifies the permit",
)
"""What each level stands for; a level holds all those below it."""

_LATER = "not part of this version of interlock"
_PLUGINS = (1, 18)
"""Since this version Alembic loads plugins when it is imported."""

_REQUIREMENTS = re.compile(r"(?:requirements/)?[^/]*requirements[^/]*\.(?:txt|in)|requirements/.+")
_OWN = re.compile(r"interlock(?![\w.-])", re.I)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a level needs, and what to do where it is not `met`."""

    level: int
    text: str
    met: bool
    remedy: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`notes` are what no level needs and somebody should know."""

    needs: tuple[Need, ...]
    notes: tuple[str, ...]

    @property
    def level(self) -> int:
        """The highest level of which nothing is missing, below it neither; -1 for none."""
        missing = [need.level for need in self.needs if not need.met]
        return min(missing, default=len(LEVELS)) - 1


def installed() -> tuple[str | None, bool]:
    """The version of Alembic beside this Python, and whether it would load our plugin."""
    try:
        alembic = version("alembic")
    except PackageNotFoundError:
        return None, False
    return alembic, any(one.name == "interlock" for one in entry_points(group="alembic.plugins"))


def diagnose(tree: Tree, report: Report, here: tuple[str | None, bool]) -> Diagnosis:
    """
    Look at a tree that was checked.

    Args:
        here: As `installed` gives it.
    """

    def read(path: str) -> bytes | None:
        try:
            return tree.read(path)
        except OSError:
            return None

    contract, declared_in = load_contract(read)
    paths = frozenset(entry.path for entry in tree.entries())
    needs = (
        Need(0, "no finding", not report.findings, "run `interlock check` and follow its remedies"),
        *_guarded(here, _is_dependency(read, paths)),
        Need(
            2,
            "a deploy module in the contract",
            bool(contract.deploy_module),
            "name the module that deploys as `deploy-module`",
        ),
        Need(
            2,
            "a trusted key in the contract",
            bool(contract.trust.keys),
            "run `interlock keygen`, put the public half under `trust.keys` and the private half "
            "where only the pipeline can read it",
        ),
        Need(3, "the identity of the pipeline verified by OIDC", False, _LATER),
        Need(4, "a permit that the database verifies", False, _LATER),
    )
    return Diagnosis(needs, tuple(_notes(contract, declared_in, read, paths)))


def _guarded(here: tuple[str | None, bool], is_dependency: bool) -> Iterator[Need]:
    alembic, plugin = here
    known = re.match(r"(\d+)\.(\d+)", alembic or "")
    recent = known is not None and (int(known[1]), int(known[2])) >= _PLUGINS
    wanted = ".".join(map(str, _PLUGINS))
    yield Need(
        1,
        f"Alembic {wanted} or later beside this Python",
        recent,
        f"install it (here is {alembic or 'none'}): older ones load no plugin, and only an env.py "
        "that calls `interlock.require_approval()` is guarded",
    )
    yield Need(
        1,
        "interlock among the plugins that Alembic loads here",
        plugin,
        "install interlock into the environment from which migrations are run",
    )
    yield Need(
        1,
        "interlock among the dependencies of the project",
        is_dependency,
        'add "interlock" to what production installs, such as `project.dependencies`',
    )


def _is_dependency(read: Callable[[str], bytes | None], paths: frozenset[str]) -> bool:
    data = read(PYPROJECT) or b""
    try:
        project: Mapping[str, Any] = tomllib.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        project = {}
    listed = _at(project, "project", "dependencies")
    named = list(listed) if isinstance(listed, list) else []
    named += list(_at(project, "tool", "poetry", "dependencies") or ())
    for path in sorted(paths):
        if _REQUIREMENTS.fullmatch(path):
            named += (read(path) or b"").decode("utf-8", "replace").splitlines()
    return any(isinstance(one, str) and _OWN.match(one.strip()) for one in named)


def _at(table: Any, *keys: str) -> Any:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table


# --- notes ----------------------------------------------------------------------------------


def _notes(
    contract: Contract,
    declared_in: str | None,
    read: Callable[[str], bytes | None],
    paths: frozenset[str],
) -> Iterator[str]:
    if declared_in is None:
        yield "no contract is declared: no module may migrate, no function may build an engine"
    yield from _absent(contract, paths)
    try:
        found = hooks(read(CONFIG) or b"")
    except Unreadable:
        found = []
    if not any(hook.id == "interlock-check" for hook in found):
        yield f"no hook `interlock-check` in {CONFIG}: a commit is not proved before it is made"
    run = {
        step.guard
        for path in sorted(paths)
        if is_pipeline(path)
        for step in steps(path, read(path) or b"")
    }
    if "check" not in run and not (found and "hooks" in run):
        yield "no pipeline runs `interlock check` itself: make it a step that merges wait for"
    yield (
        "whether the server refuses a push that is not proved cannot be seen from here: "
        "`interlock-pre-receive` does"
    )


def _absent(contract: Contract, paths: frozenset[str]) -> Iterator[str]:
    """Homes that are declared and that the repository does not hold."""
    modules = ModuleIndex([path for path in paths if path.endswith((".py", ".pyw"))], {})
    for key, names in (
        ("deploy-module", contract.deploy_module),
        ("engine-factory", contract.engine_factory),
        ("dynamic-modules", contract.dynamic_modules),
    ):
        for name in names:
            if modules.home(name.partition(":")[0]) is None:
                yield f"`{key}` names `{name}`, and no such module is here, or two of them are"
    for key, places in (
        ("test-paths", contract.test_paths),
        ("migrations", tuple(one for one in contract.migrations or () if ":" not in one)),
    ):
        for place in places:
            if not any(path == place or path.startswith(f"{place}/") for path in paths):
                yield f"`{key}` names `{place}`, and there is nothing there"


# --- text -----------------------------------------------------------------------------------


def render(diagnosis: Diagnosis) -> str:
    """The diagnosis for people, without a line break at the end."""
    level = diagnosis.level
    if level < 0:
        lines = ["no level of assurance is reached"]
    else:
        lines = [f"level {level} of {len(LEVELS) - 1} is reached: {LEVELS[level]}"]
    if level + 1 < len(LEVELS):
        lines.append(f"for level {level + 1} ({LEVELS[level + 1]}):")
        for need in diagnosis.needs:
            if need.level == level + 1 and not need.met:
                lines.append(f"  missing  {need.text}: {need.remedy}")
            elif need.level == level + 1:
                lines.append(f"  there    {need.text}")
    if diagnosis.notes:
        lines.append("also:")
        lines += [f"  {plain(note)}" for note in diagnosis.notes]
    return "\n".join(lines)
