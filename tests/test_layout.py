"""The repository around the code: packaging, manifests and documents that must not go stale."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest
import yaml

import interlock
import interlock_checks.checks
from interlock.contract import load_contract

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md")
    for path in ROOT.glob(pattern)
    if ".venv" not in path.parts
)


def read(name: str) -> bytes | None:
    path = ROOT / name
    return path.read_bytes() if path.exists() else None


# --- packaging ------------------------------------------------------------------------------


def test_the_lowest_versions_are_the_lower_bounds() -> None:
    declared = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["checks"],
        *PROJECT["project"]["optional-dependencies"]["deploy"],
    ]
    declared.remove("interlock[checks]")
    bounds = sorted(requirement.replace(">=", "==") for requirement in declared)
    lines = (ROOT / "requirements/lowest.txt").read_text(encoding="utf-8").splitlines()

    assert bounds == sorted(line for line in lines if not line.startswith("#"))


def test_the_version_has_one_place() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert version("interlock") == interlock.__version__


def test_every_console_script_can_be_loaded() -> None:
    scripts = [
        one
        for one in entry_points(group="console_scripts")
        if one.dist and one.dist.name == "interlock"
    ]

    assert {one.name for one in scripts} == set(PROJECT["project"]["scripts"])
    assert all(callable(one.load()) for one in scripts)


_LOADED = """
import sys
before = set(sys.modules)
import pytest, {plugin}
print(*sorted({{name.partition(".")[0] for name in sys.modules.keys() - before}}))
"""


def test_a_pytest_run_elsewhere_loads_nothing_of_ours_but_the_plugin() -> None:
    plugins = PROJECT["project"]["entry-points"]["pytest11"]
    shown = subprocess.run(
        [sys.executable, "-c", _LOADED.format(plugin=plugins["interlock"])],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert list(plugins) == ["interlock"]
    assert "interlock" in shown.stdout.split()
    assert not {"alembic", "interlock_checks", "libcst", "sqlalchemy"} & set(shown.stdout.split())


# --- hooks ----------------------------------------------------------------------------------


def test_every_hook_of_the_manifest_is_a_console_script() -> None:
    assert {hook["entry"] for hook in HOOKS} < set(PROJECT["project"]["scripts"])
    assert [hook["id"] for hook in HOOKS] == [hook["entry"] for hook in HOOKS]


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_a_hook_reads_the_whole_repository_each_time(hook: dict[str, Any]) -> None:
    assert hook["pass_filenames"] is False
    assert hook["always_run"] is True
    assert hook["additional_dependencies"] == [".[checks]"]
    assert not hook.keys() & {"files", "exclude", "types", "stages", "args"}


def test_only_one_hook_calls_itself_the_proof() -> None:
    partial = [hook for hook in HOOKS if hook["id"] != "interlock-check"]

    assert len(partial) == len(HOOKS) - 1
    assert all("not the whole proof" in hook["name"] for hook in partial)
    assert all("Only interlock-check is the proof." in hook["description"] for hook in partial)


# -S leaves out site-packages, as if nothing of the extra were installed.
_ROOTS = [str(ROOT / name) for name in ("guard", "checks", "hooks")]
_WITHOUT_SITE = """
import sys
sys.path += sys.argv[1:]
from interlock_hooks.check import main
raise SystemExit(main([]))
"""


def test_a_hook_without_the_checks_refuses() -> None:
    shown = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _WITHOUT_SITE, *_ROOTS],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )

    assert shown.returncode == 2
    assert shown.stdout == ""
    assert "cannot look: libcst, tree_sitter, tree_sitter_bash, yaml not installed" in shown.stderr
    assert '".[checks]"' in shown.stderr


# --- documents ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(one.relative_to(ROOT)) for one in DOCUMENTS]
)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not (document.parent / link).exists()] == []


def test_each_clause_names_the_checks_that_prove_it_and_no_others() -> None:
    built = {check.code: check.clause for check in every_check()}
    named = {
        code: clause
        for clause, text in clauses().items()
        for code, coming in re.findall(r"\b(IL\d{3})\b( \(coming\))?", _row(text, "Checks"))
        if not coming
    }

    assert built
    assert named == built


def test_each_clause_has_a_check_a_guard_and_a_proof() -> None:
    assert list(clauses()) == ["C1", "C2", "C3", "C4", "C5", "C6"]
    for text in clauses().values():
        assert re.search(r"\bIL\d{3}\b", _row(text, "Checks"))
        assert _row(text, "Guard")
        assert _row(text, "Proof")


def every_check() -> list[type[Any]]:
    names = [one.name for one in pkgutil.iter_modules(interlock_checks.checks.__path__)]
    modules = [import_module(f"interlock_checks.checks.{name}") for name in names]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and "code" in vars(value)
    ]


def clauses() -> dict[str, str]:
    """The text of each clause, by its number."""
    text = (ROOT / "CONTRACT.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (C\d) .*$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _row(text: str, label: str) -> str:
    match = re.search(rf"^- {label}: (.+?)(?=^- |\Z)", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def test_the_changelog_opens_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == interlock.__version__


def test_the_repository_declares_a_contract_that_can_be_read() -> None:
    contract, filename = load_contract(read)

    assert filename == "pyproject.toml"
    assert all((ROOT / path).exists() for path in contract.test_paths)
    assert all((ROOT / path).exists() for path in contract.migrations or ())
