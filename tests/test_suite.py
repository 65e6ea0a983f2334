"""`pytest --interlock` in a repository: green where the contract holds, red where it does not."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.suite.bench import Broken, Options
from interlock.suite.mutants import MUTANTS, Mutant, require_caught
from interlock.suite.promises import PROMISES
from interlock.suite.stage import Stage
from interlock.suite.toml import rendered

SHOP = Path(__file__).resolve().parent.parent / "examples/shop"
CONTRACT = SHOP.parent.parent / "CONTRACT.md"
NAMES = [*(one.sentence for one in PROMISES), *(one.sentence for one in MUTANTS)]
SECONDS = 900


def copy_of_shop(root: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", ".interlock*", "*.db")
    shutil.copytree(SHOP, root, ignore=ignored)
    commit(root, "init", "-q")
    return root


def commit(root: Path, *first: str) -> None:
    author = ["-c", "user.name=t", "-c", "user.email=t@t"]
    for words in (first, ("add", "-A"), (*author, "commit", "-q", "-m", "change")):
        if words:
            subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def pytest_in(root: Path, *words: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Run the suite in a repository; returns each item and how it ended, and all that was said."""
    live = any(one.value == "interlock.pytest_plugin" for one in entry_points(group="pytest11"))
    plugin = [] if live else ["-p", "interlock.pytest_plugin"]
    options = ["-p", "no:cacheprovider", "--interlock", "-v", *words]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *options],
        cwd=root,
        env={**os.environ, **(more or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = re.findall(r"^interlock::(.+) (PASSED|FAILED|SKIPPED|ERROR)", answer.stdout, re.M)
    return {**dict(found), "": answer.stdout + answer.stderr}


def test_each_promise_is_kept_by_the_shop_and_each_mutant_is_caught(tmp_path: Path) -> None:
    root = copy_of_shop(tmp_path / "shop")
    before = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True)

    found = pytest_in(
        root, "--interlock-mutate", more={"DATABASE_URL": "sqlite:////srv/shop/shop.db"}
    )

    said = found.pop("")
    assert found == dict.fromkeys(NAMES, "PASSED"), said
    after = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True)
    assert after.stdout == before.stdout


def test_what_does_not_hold_or_cannot_be_tried_is_red_and_nobody_deselects_it(
    tmp_path: Path,
) -> None:
    root = copy_of_shop(tmp_path / "shop")
    (root / "quick.py").write_text("from alembic import command\nrun = command.upgrade\n")
    database = root / "shop/db.py"
    text = database.read_text(encoding="utf-8")
    database.write_text(
        text.replace('os.environ.get("DATABASE_URL", "sqlite:///shop.db")', '"sqlite:///other.db"'),
        encoding="utf-8",
    )
    contract = root / "pyproject.toml"
    wider = contract.read_text(encoding="utf-8").replace('["tests"]', '["tests", "more"]')
    contract.write_text(wider, encoding="utf-8")

    found = pytest_in(root, "-k", "nothing")

    said = found.pop("")
    green = {name for name, outcome in found.items() if outcome == "PASSED"}
    assert found.keys() == {one.sentence for one in PROMISES}
    assert green == {
        "every engine and connection comes from the factory",
        "no path to a migration leaves out a step",
        "every pipeline keeps the order of the steps",
        "no bypass exists, and all code can be read",
    }, said
    assert "env.py does not lead to the scratch database" in said
    assert "IL101" in said
    assert "IL601" in said
    assert list(root.glob("*.db")) == []


def test_a_mutant_that_takes_nothing_out_is_not_caught(tmp_path: Path) -> None:
    stage = Stage(copy_of_shop(tmp_path / "shop"), Options())
    harmless = Mutant("", "C3", {("environment.py", "_environments"): _SAME})
    try:
        promises = [one for one in PROMISES if "factories" in one.sentence]

        with pytest.raises(Broken, match="stays green"):
            require_caught(harmless, stage, promises)
    finally:
        stage.close()


_SAME = "return database.environments or (name,)"


def test_without_a_commit_there_is_no_base_and_the_item_says_so(tmp_path: Path) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    (root / "pyproject.toml").write_text("[tool.interlock]\n", encoding="utf-8")

    found = pytest_in(root, "-rs")

    said = found.pop("")
    assert found["the contract is no wider than its base"] == "SKIPPED"
    assert "there is no commit that the contract could be compared with" in said
    assert found["a direct `alembic upgrade head` is refused"] == "FAILED"
    assert "declares no protected database" in said


def test_a_run_that_does_not_ask_has_no_item_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    live = any(one.value == "interlock.pytest_plugin" for one in entry_points(group="pytest11"))
    plugin = [] if live else ["-p", "interlock.pytest_plugin"]

    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-q", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert "1 passed" in answer.stdout


def test_each_clause_names_its_regression_tests_and_no_others() -> None:
    parts = re.split(r"^## (C\d) .*$", CONTRACT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = {
        clause: re.findall(r"\*([^*]+)\*", re.sub(r"\s+", " ", _proof(text)))
        for clause, text in zip(parts[1::2], parts[2::2], strict=True)
    }

    assert named == {
        clause: [one.sentence for one in PROMISES if one.clause == clause] for clause in named
    }


def _proof(text: str) -> str:
    match = re.search(r"^- Proof: (.+?)(?=^- |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


_values = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab. \n\"'é"), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text('ab-_ \\"é\x7f'), _values))
def test_a_written_document_is_read_as_the_same(document: dict[str, object]) -> None:
    assert tomllib.loads(rendered(document)) == document


def test_numbers_that_toml_spells_in_its_own_way() -> None:
    read = tomllib.loads(rendered({"a": math.inf, "b": -math.inf, "c": 1e300}))

    assert read == {"a": math.inf, "b": -math.inf, "c": 1e300}
    with pytest.raises(TypeError, match="no value of TOML"):
        rendered({"a": None})
