"""
Mutation mode: each guard is taken out in turn, and the suite has to go red.

A mutant of the runtime half is a copy of the installed package in which a function does nothing of
what it is for; processes find it before the real one. A mutant of the static half is a copy of the
repository into which a bypass was planted.
"""

from __future__ import annotations

import ast
import shutil
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import interlock
from interlock.contract import INTERLOCK, PYPROJECT
from interlock.suite.bench import Bench, Broken, Crashed
from interlock.suite.promises import PROMISES, Promise, Trial
from interlock.suite.stage import Stage
from interlock.suite.static import Proof, make_proof
from interlock.suite.toml import rendered

__all__ = ["MUTANTS", "Mutant", "require_caught"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    A guard that is taken out.

    Attributes:
        sentence: What is said of it, as the name of an item.
        clause: Whose promises are tried first.
        bodies: (file of the package, function) -> the statements in the place of its own; for
            mutants of the runtime half.
        plant: Changes a copy of the repository; for mutants of the static half.
    """

    sentence: str
    clause: str
    bodies: Mapping[tuple[str, str], str]
    plant: Callable[[Path], None] | None = None


def require_caught(mutant: Mutant, stage: Stage, promises: Iterable[Promise] = PROMISES) -> str:
    """
    Demand that some promise that holds without a mutant does not hold with it.

    Returns:
        Which one, and what became of it.

    Raises:
        Broken: The suite stays green.
    """
    folder = stage.new_folder()
    trial = _planted(mutant, stage, folder) if mutant.plant else _without(mutant, stage, folder)
    for promise in sorted(promises, key=lambda one: one.clause != mutant.clause):
        # The half that is not touched says what it says without the mutant.
        if promise.static is (mutant.plant is not None) and stage.holds(promise):
            try:
                promise.hold(trial)
            except Crashed:
                continue  # a mutant that only breaks the program shows nothing
            except Broken as error:
                return f"{promise.sentence}: {error}"
    raise Broken("the suite stays green: no promise that holds here depends on it")


# --- the runtime half -----------------------------------------------------------------------


def _without(mutant: Mutant, stage: Stage, folder: Path) -> Trial:
    package = folder / "interlock"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(interlock.__file__).parent, package, ignore=ignored)
    for (file, function), body in mutant.bodies.items():
        path = package / file
        path.write_text(_replaced(path.read_text(encoding="utf-8"), function, body), "utf-8")
    bench = stage.trial.bench()
    mutated = replace(bench, path=(folder, *bench.path))
    return replace(stage.trial, bench=lambda: mutated)


def _replaced(source: str, function: str, body: str) -> str:
    """Return a module in which a function of the top level has another body."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            node.body = ast.parse(body).body
            return ast.unparse(tree)
    raise LookupError(f"there is no function {function}")


_UNSIGNED = "return _decoded(msgspec.json.decode(data, type=_Envelope).payload)"
_NOTHING = "return None"

_GUARDS = (
    Mutant(
        "the suite goes red without the judgement about live connections",
        "C1",
        {("judgement.py", "require_permit"): _NOTHING},
    ),
    Mutant(
        "the suite goes red without the hooks in Alembic and SQLAlchemy",
        "C1",
        # The guarded factories bring in SQLAlchemy's by themselves.
        {("hooks.py", "install"): _NOTHING, ("hooks.py", "install_for_ddl"): _NOTHING},
    ),
    Mutant(
        "the suite goes red without the demand for a key that is trusted",
        "C2",
        {
            ("steps/site.py", "signing_key"): (
                "from cryptography.hazmat.primitives.asymmetric import ed25519\n"
                "return ed25519.Ed25519PrivateKey.generate()"
            ),
            ("steps/envelope.py", "open_envelope"): _UNSIGNED,
        },
    ),
    Mutant(
        "the suite goes red without the judgement about URLs",
        "C3",
        {("environment.py", "validate_database_url"): _NOTHING},
    ),
    Mutant(
        "the suite goes red without the validation in the factories",
        "C3",
        {("engines.py", "_validate"): _NOTHING},
    ),
    Mutant(
        "the suite goes red without the signatures of receipts",
        "C4",
        {("steps/envelope.py", "open_envelope"): _UNSIGNED},
    ),
    Mutant(
        "the suite goes red without the age of receipts",
        "C4",
        {("steps/chain.py", "staleness"): _NOTHING},
    ),
    Mutant(
        "the suite goes red without the demand for a backup",
        "C4",
        {
            ("steps/demands.py", "required"): (
                "run = examine(site.root, name, site.contract.trust.keys)\n"
                "return Run(name, {'backup': run.receipts['verify'], **run.receipts}, {})"
            ),
            ("steps/permit.py", "_require_copy"): _NOTHING,
        },
    ),
)


# --- the static half ------------------------------------------------------------------------


def _planted(mutant: Mutant, stage: Stage, folder: Path) -> Trial:
    bench = stage.trial.bench()
    root = folder / "repository"
    ignored = shutil.ignore_patterns(".interlock", ".interlock_cache")
    shutil.copytree(bench.root, root, symlinks=True, ignore=ignored)
    assert mutant.plant is not None
    mutant.plant(root)
    return replace(stage.trial, proof=_later(root, bench))


def _later(root: Path, bench: Bench) -> Callable[[], Proof]:
    made: list[Proof] = []

    def proof() -> Proof:
        if not made:
            made.append(make_proof(root, bench.environment()))
        return made[0]

    return proof


def _file(name: str, text: str) -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        (root / name).write_text(text, encoding="utf-8")

    return plant


def _widen(root: Path) -> None:
    """Declare one more module that may migrate."""
    for filename in PYPROJECT, INTERLOCK:
        path = root / filename
        if not path.is_file():
            continue
        document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        table = document
        if filename == PYPROJECT:
            table = document.get("tool", {}).get("interlock")
            if table is None:
                continue
        homes = table.get("deploy-module", [])
        homes = [homes] if isinstance(homes, str) else homes
        table["deploy-module"] = [*homes, "planted_by_interlock"]
        path.write_text(rendered(document), encoding="utf-8")


_BYPASSES = (
    Mutant(
        "the suite goes red when a module calls a migration command",
        "C1",
        {},
        _file("planted_by_interlock.py", "from alembic import command\n\nrun = command.upgrade\n"),
    ),
    Mutant(
        "the suite goes red when a script runs a migration command",
        "C1",
        {},
        _file("planted_by_interlock.sh", "#!/bin/sh\nalembic upgrade head\n"),
    ),
    Mutant(
        "the suite goes red when a module builds an engine of its own",
        "C3",
        {},
        _file(
            "planted_by_interlock.py",
            'import sqlalchemy\n\nengine = sqlalchemy.create_engine("postgresql://db/shop")\n',
        ),
    ),
    Mutant(
        "the suite goes red when a module replaces a guard",
        "C6",
        {},
        _file(
            "planted_by_interlock.py",
            "import interlock\n\ninterlock.require_approval = lambda: None\n",
        ),
    ),
    Mutant("the suite goes red when the contract is widened", "C6", {}, _widen),
)

MUTANTS = (*_GUARDS, *_BYPASSES)
