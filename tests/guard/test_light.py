"""What a process loads of the guard: next to nothing until a step, and never a cryptography."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = {"cryptography", "libcst", "tree_sitter", "tree_sitter_bash", "yaml", "click", "pytest"}

SHOWN = """
import json, sys
print(json.dumps(sorted(sys.modules)))
"""


def loaded(code: str, folder: Path) -> set[str]:
    """Return the modules that a process has loaded after it ran some code."""
    shown = subprocess.run(
        [sys.executable, "-c", code + SHOWN],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(shown.stdout.splitlines()[-1])
    return set(found)


def test_the_plugin_of_alembic_loads_itself_and_the_hooks(tmp_path: Path) -> None:
    before = loaded("import alembic.command", tmp_path)
    after = loaded("import interlock.plugin; interlock.plugin.setup(None)", tmp_path)

    assert {name for name in after - before if not name.startswith("interlock")} == set()
    assert {name for name in after if name.partition(".")[0] == "interlock"} == {
        "interlock",
        "interlock.hooks",
        "interlock.plugin",
    }


def test_interlock_itself_loads_nothing(tmp_path: Path) -> None:
    """But for what the import system and the typing of any program load."""
    bare = loaded("import __future__, importlib, typing", tmp_path)

    assert loaded("import interlock", tmp_path) - bare == {"interlock"}


USES = {
    "the plugin": "import alembic.command",
    "a guarded engine": """
import interlock
with interlock.create_engine("sqlite:///dev.db").begin() as connection:
    connection.exec_driver_sql("SELECT 1")
""",
    "an engine that is refused": """
import interlock
try:
    interlock.create_engine("postgresql://eu.db.example.com/shop")
except interlock.Refused as refusal:
    print(refusal)
""",
    "a migration": """
import interlock
from alembic import command
from alembic.config import Config
interlock.require_approval
command.upgrade(Config("dev.ini"), "head")
""",
    "a migration that is refused": """
import interlock
from alembic import command
from alembic.config import Config
try:
    command.upgrade(Config("alembic.ini"), "head")
except interlock.Refused as refusal:
    print(refusal)
""",
}


@pytest.mark.parametrize("name", USES)
def test_nothing_but_a_step_loads_a_cryptography(name: str, shop: Any) -> None:
    found = {module.partition(".")[0] for module in loaded(USES[name], shop.root)}

    assert found & HEAVY == set()


def test_a_step_loads_it(shop: Any) -> None:
    """So that the test above can fail."""
    step = "from interlock.steps.keys import generate; generate()"

    assert "cryptography" in {module.partition(".")[0] for module in loaded(step, shop.root)}
