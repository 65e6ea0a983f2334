"""Which contract an application is under."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import interlock.root
from interlock.contract import Contract
from interlock.root import application as found_application
from interlock.root import application_contract

Application = Callable[..., Path]


def test_the_contract_is_found_from_the_working_directory_upwards(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = application()
    (root / "a/b").mkdir(parents=True)
    # A project file without our table is none of ours.
    (root / "a/pyproject.toml").write_text('[project]\nname = "a"\n', encoding="utf-8")
    monkeypatch.chdir(root / "a/b")

    contract, where = application_contract()

    assert where == root
    assert set(contract.databases) == {"development", "production"}


def test_a_change_of_the_contract_counts_at_once(application: Application) -> None:
    root = application()
    assert application_contract()[0].databases
    (root / "interlock.toml").write_text("", encoding="utf-8")
    assert not application_contract()[0].databases


@pytest.mark.parametrize("text", ["x", "nonsense = 1", "\0"])
def test_a_broken_contract_grants_nothing_and_hides_the_one_above(
    text: str, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = application()
    (root / "inner").mkdir()
    (root / "inner/interlock.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(root / "inner")

    found = found_application()

    assert found.contract == Contract()
    assert found.root == root / "inner"
    assert found.problem is not None and "interlock.toml:1" in found.problem


def test_a_program_started_elsewhere_is_under_its_own_contract(
    application: Application, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = application()
    program = root / "main.py"
    program.write_text(
        "from interlock.root import application_contract\nprint(application_contract()[1])\n",
        encoding="utf-8",
    )
    shown = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**os.environ, "PYTHONPATH": str(Path(interlock.root.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.strip() == str(root)


def test_a_folder_that_is_gone_is_under_no_contract(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    application()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)

    assert application_contract()[0] == Contract()
