"""A verdict is the same whatever is remembered: with no cache, a full one, and a stale one."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from interlock_checks import pool, worker
from interlock_checks.cache import Cache
from interlock_checks.facts import python
from interlock_checks.facts.cut import Cut
from interlock_checks.facts.model import Facts
from interlock_checks.link.judging import Judge, Judgement, Live
from interlock_checks.report.model import Report
from interlock_checks.run import check_tree
from interlock_checks.tree import CACHE_FOLDER, WorkTree

MODULES = 40


def module(number: int, pick: random.Random) -> str:
    """A module that takes what another one gives: re-exports, wrappers, constants, classes."""
    other = f"app.m{pick.randrange(MODULES)}"
    kinds = [
        f"from {other} import *\n",
        f"from {other} import go, WORD, Base, tool\n",
        "from alembic import command as tool\nWORD = 'alembic upgrade head'\n",
        f"from {other} import run_it\n\ndef go(given=None):\n    return run_it(given)\n",
        f"from {other} import WORD\nimport subprocess\n\n"
        "def run_it(given):\n    subprocess.run(given, shell=True)\n\nrun_it(WORD)\n",
        "import subprocess\n\ndef run_it(given):\n    subprocess.run(['alembic', given])\n",
        f"from {other} import run_it\n\nrun_it('{pick.choice(['history', 'upgrade', 'ls'])}')\n",
        f"import {other} as one\n\nclass Base(one.Base):\n    WORD = one.WORD\n"
        "    def go(self):\n        return one.tool.upgrade(self.WORD)\n",
        f"from {other} import tool\n\ndef go(given):\n    tool.upgrade(given, 'head')\n",
        f"import importlib\nfrom {other} import WORD\n\n"
        "def load(given):\n    return importlib.import_module(given)\n\nload(WORD)\n",
        f"from {other} import load, go\n\nload('app.plugins')\nkept = [go]\n",
        "exec('from alembic import command\\ncommand.stamp(None)')\nWORD = 'make' + ' all'\n",
        f"from {other} import WORD\nfrom sqlalchemy import create_engine as make\n\n"
        "def run_it(given):\n    make(given)\n    eval(WORD)\n",
        f"WORD = 'ls'\n\n\ndef go(given):\n    return {number} + 1\n",
    ]
    text = "".join(pick.sample(kinds, pick.choice([1, 1, 2, 3])))
    return f"# {number}\n{text}{'# filled up' * pick.choice([0, 900])}\n"


def lay_out(root: Path, pick: random.Random) -> None:
    (root / "app").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "interlock.toml").write_text('deploy-module = "app.m0"\ntest-paths = ["tests"]\n')
    (root / "app" / "__init__.py").write_text("from app.m1 import *\n")
    (root / "tests" / "test_m.py").write_text("from app.m3 import run_it, go\n\nrun_it('x')\n")
    for number in range(MODULES):
        (root / "app" / f"m{number}.py").write_text(module(number, pick))


def edit(root: Path, pick: random.Random) -> None:
    """Change, comment, remove or add a file, as people do between two runs."""
    path = root / "app" / f"m{pick.randrange(MODULES)}.py"
    match pick.randrange(5):
        case 0:
            path.write_text(path.read_text() + "# a comment\n" if path.exists() else "")
        case 1 if path.exists():
            path.unlink()
        case _:
            path.write_text(module(pick.randrange(MODULES), pick))


def fresh(root: Path) -> Report:
    return check_tree(WorkTree(root), Cache(None, b""))


def remembered(root: Path) -> Report:
    return check_tree(WorkTree(root), Cache.open(root, "a version"))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))


@pytest.mark.parametrize("seed", range(2))
def test_no_edit_leaves_a_trace_in_the_verdict(tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    root = tmp_path / "repository"
    lay_out(root, pick)
    found = []

    for _ in range(6):
        found.append(remembered(root))
        assert found[-1] == fresh(root)
        assert remembered(root) == found[-1]
        edit(root, pick)

    assert any(report.findings for report in found)
    assert any(report.assumptions for report in found)
    assert len({report.findings for report in found}) > 1


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_the_verdict_does_not_depend_on_the_processes_that_work_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    root = tmp_path / "repository"
    lay_out(root, random.Random(3))
    monkeypatch.setattr(worker, "cores", lambda: 1)
    alone = remembered(root)
    kept = {path.name: path.read_bytes() for path in (root / CACHE_FOLDER).iterdir()}
    assert alone.findings
    assert alone.assumptions
    asked = []
    ask = pool.Pool.ask

    def noted(self: Any, tasks: Any) -> Any:
        asked.extend(tasks)
        return ask(self, tasks)

    monkeypatch.setattr(pool.Pool, "ask", noted)
    monkeypatch.setattr(pool, "start_method", lambda: method)
    monkeypatch.setattr(worker, "WORTH_READING", 0)
    monkeypatch.setattr(worker, "WORTH_JUDGING", 0)
    monkeypatch.setattr(worker, "BATCH", 2_000)
    for cores in (2, 3):
        shutil.rmtree(root / CACHE_FOLDER)
        monkeypatch.setattr(worker, "cores", lambda cores=cores: cores)
        assert remembered(root) == alone
        assert (root / CACHE_FOLDER / "result.bin").read_bytes() == kept["result.bin"]
    assert any(isinstance(task, tuple) for task in asked)
    assert any(isinstance(task, list) for task in asked)


def test_a_process_that_dies_while_it_judges_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("a process that is not forked does not inherit the deadly judge")
    root = tmp_path / "repository"
    lay_out(root, random.Random(4))
    expected = fresh(root)
    assert expected.findings
    here = os.getpid()
    judge = Judge.judge

    def deadly(self: Judge, path: str) -> tuple[Judgement, Live]:
        if os.getpid() != here and path.endswith(("1.py", "2.py")):
            os._exit(1)
        return judge(self, path)

    monkeypatch.setattr(Judge, "judge", deadly)
    monkeypatch.setattr(worker, "cores", lambda: 2)
    monkeypatch.setattr(worker, "WORTH_JUDGING", 0)
    monkeypatch.setattr(worker, "BATCH", 2_000)
    assert fresh(root) == expected


def test_a_file_is_judged_again_only_where_what_it_looked_into_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "a.py").write_text("from alembic import command\n\ndef go():\n    pass\n")
    (root / "b.py").write_text("from a import command\n\ncommand.upgrade(None, 'head')\n")
    (root / "c.py").write_text("from sqlalchemy import create_engine\n\ncreate_engine('x')\n")
    judged: list[str] = []
    judge = Judge.judge

    def noted(self: Judge, path: str) -> tuple[Judgement, Live]:
        judged.append(path)
        return judge(self, path)

    monkeypatch.setattr(Judge, "judge", noted)

    remembered(root)
    assert {"a.py", "b.py", "c.py"} <= set(judged)
    judged.clear()
    (root / "a.py").write_text(
        "# moved down\n\nfrom alembic import command\n\ndef go():\n    pass\n"
    )
    report = remembered(root)
    assert judged == []
    (root / "a.py").write_text("class command:\n    upgrade = print\n\ndef eval():\n    pass\n")

    assert [finding.path for finding in report.findings] == ["b.py", "c.py"]
    assert [finding.path for finding in remembered(root).findings] == ["c.py"]
    assert set(judged) == {"a.py"}


def parsed_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed from now on, but for the places of what is reported."""
    texts: list[str] = []
    read_cut = python.read_cut

    def noted(cut: Cut, *given: Any, places: bool, **more: Any) -> Facts:
        if not places:
            texts.append(cut.text)
        return read_cut(cut, *given, places=places, **more)

    monkeypatch.setattr(python, "read_cut", noted)
    return texts


def test_a_module_of_which_nothing_was_left_out_is_parsed_once_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs.py").write_text("import os\ndef start(line):\n    os.system(line)\n")
    user = "import os\nfrom runs import start\nos.system('ls')\nstart('alembic upgrade head')\n"
    (tmp_path / "user.py").write_text(user)
    idle = "def idle(given):\n    total = 1\n" + "    total += 1\n" * 200
    (tmp_path / "large.py").write_text(idle + user)
    texts = parsed_texts(monkeypatch)
    assert [finding.path for finding in fresh(tmp_path).findings] == ["large.py", "user.py"]
    assert texts.count(user) == 1
    assert sum(user in text for text in texts) == 3


@pytest.mark.parametrize(
    ("old", "new", "parsed"),
    [
        ("# a comment", "# another comment,\n# of two rows", False),
        ("total = 1", "total = given.of - 2", False),
        ("# the end", "# noqa: IL101", False),
        ("total = 1", "total = upgrade(given)", True),
        ("def idle", "def lazy", True),
    ],
)
def test_a_module_is_parsed_again_only_where_what_can_matter_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, parsed: bool
) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    counting = "    total += 1\n" * 200
    text = (
        "from alembic.command import upgrade\n\n# a comment\n"
        f"def idle(given):\n    total = 1\n{counting}    return total\n# the end\n"
    )
    (root / "m.py").write_text(text)
    (root / "other.py").write_text("from m import upgrade\n\nupgrade()\n")
    remembered(root)

    (root / "m.py").write_text(text.replace(old, new))
    parses = parsed_texts(monkeypatch)
    after = remembered(root)

    assert bool(parses) == parsed
    assert after == fresh(root)
