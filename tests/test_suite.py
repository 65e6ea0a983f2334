"""`pytest --interlock` in a repository: green where the contract holds, red where it does not."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points, version
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
    """
    Run the suite in a repository.

    Returns:
        How each item ended, the exit status below `status`, and below `""` all that was said.
    """
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
    return {**dict(found), "": answer.stdout + answer.stderr, "status": str(answer.returncode)}


def test_each_promise_is_kept_by_the_shop_and_each_mutant_is_caught(tmp_path: Path) -> None:
    root = copy_of_shop(tmp_path / "shop")
    before = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True)

    found = pytest_in(
        root, "--interlock-mutate", more={"DATABASE_URL": "sqlite:////srv/shop/shop.db"}
    )

    said, _ = found.pop(""), found.pop("status")
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

    said, _ = found.pop(""), found.pop("status")
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


def test_a_clone_that_does_not_hold_its_base_is_red(tmp_path: Path) -> None:
    origin = small(tmp_path / "origin")
    commit(origin, "init", "-q", "-b", "trunk")
    for _ in range(2):
        (origin / "more").mkdir(exist_ok=True)
        with (origin / "more/file").open("a", encoding="utf-8") as file:
            file.write("a line\n")
        commit(origin)
    clone = tmp_path / "clone"
    words = ["git", "clone", "-q", "--depth", "1", f"file://{origin}", str(clone)]
    subprocess.run(words, check=True, capture_output=True)
    for words in ["checkout", "-q", "--detach"], ["remote", "remove", "origin"]:
        subprocess.run(["git", *words], cwd=clone, check=True, capture_output=True)
    subprocess.run(["git", "branch", "-D", "trunk"], cwd=clone, check=True, capture_output=True)

    found = pytest_in(clone)

    assert found["the contract is no wider than its base"] == "FAILED"
    assert "this clone holds a part of the history" in found[""]
    assert found["no bypass exists, and all code can be read"] == "PASSED"


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


# --- whatever leaves a promise out is no pass -----------------------------------------------


def small(root: Path, conftest: str = "") -> Path:
    """Make a repository with a test of its own, in which no promise can be tried."""
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text("[tool.interlock]\n", encoding="utf-8")
    (root / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    if conftest:
        (root / "conftest.py").write_text(f"import pytest\n\n\n{conftest}\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "words",
    [
        ["-k", "test_own"],
        ["-m", "slow"],
        ["--deselect", "interlock"],
        ["--ignore", "test_own.py"],
        ["test_own.py::test_own"],
        ["-n", "2"],
    ],
    ids=" ".join,
)
def test_choosing_among_the_tests_leaves_no_promise_out(words: list[str], tmp_path: Path) -> None:
    found = pytest_in(small(tmp_path), *words)

    said = found.pop("")
    named = {one.sentence for one in PROMISES if one.sentence in said}
    assert named == {one.sentence for one in PROMISES}, said


@pytest.mark.parametrize(
    "words", [["--collect-only"], ["--setup-only"], ["--setup-plan"], ["--fixtures"]], ids=" ".join
)
def test_a_run_that_tries_nothing_is_no_pass(words: list[str], tmp_path: Path) -> None:
    found = pytest_in(small(tmp_path), *words)

    assert found["status"] == "1", found[""]
    assert f"{len(PROMISES)} promises were not tried" in found[""]


CONFTESTS = {
    "skips": "def pytest_runtest_setup(item):\n    pytest.skip('not today')",
    "expects failures": "def pytest_runtest_call(item):\n    pytest.xfail('later')",
    "takes items away": (
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_collection_finish(session):\n    session.items[:] = session.items[:1]"
    ),
    "runs nothing": "def pytest_runtest_protocol(item, nextitem):\n    return True",
    "ends early": "def pytest_sessionstart(session):\n    pytest.exit('done', returncode=0)",
    "calls it a success": (
        "def pytest_runtest_protocol(item, nextitem):\n    return True\n\n\n"
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0"
    ),
}


@pytest.mark.parametrize("name", CONFTESTS)
def test_a_conftest_that_keeps_promises_from_being_tried_makes_no_pass(
    name: str, tmp_path: Path
) -> None:
    found = pytest_in(small(tmp_path, CONFTESTS[name]))

    assert found["status"] == "1", found[""]
    assert "promises were not tried" in found[""]


@pytest.mark.parametrize(
    ("words", "more"),
    [(["-p", "no:interlock"], {}), ([], {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})],
    ids=["taken out", "no plugins"],
)
def test_without_the_plugin_its_option_is_an_error(
    words: list[str], more: dict[str, str], tmp_path: Path
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--interlock"],
        cwd=small(tmp_path),
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert answer.returncode == 4, answer.stdout
    assert "unrecognized arguments: --interlock" in answer.stderr


def test_the_contract_is_that_above_pytests_own_root(tmp_path: Path) -> None:
    (small(tmp_path) / "tests").mkdir()
    (tmp_path / "tests/pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "interlock.toml").write_text("", encoding="utf-8")

    said = pytest_in(tmp_path / "tests")[""]

    assert "the contract is declared twice" in said


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("cryptography", "cryptography is not installed: pip install 'interlock[deploy]'"),
        ("libcst", "libcst not installed here: pip install 'interlock[checks]'"),
    ],
)
def test_a_part_that_is_not_installed_is_one_sentence(part: str, said: str, tmp_path: Path) -> None:
    root = copy_of_shop(tmp_path / "shop")
    # As the interpreter tells it where there is no such package.
    hidden = tmp_path / "path"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "from functools import partial\nfrom importlib.machinery import PathFinder\n\n"
        "find = PathFinder.find_spec\n\n\n"
        "def find_spec(name, path=None, target=None):\n"
        f"    return None if name.partition('.')[0] == {part!r} else find(name, path, target)\n\n\n"
        "PathFinder.find_spec = partial(find_spec)\n",
        encoding="utf-8",
    )
    path = os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")])

    found = pytest_in(root, more={"PYTHONPATH": path})

    assert found["status"] == "1"
    assert said in found[""]
    assert "Traceback" not in found[""]


# --- repositories of other shapes -----------------------------------------------------------

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.create_table("product", sa.Column("sku", sa.Text, primary_key=True))
"""
CONTRACT_OF_APP = """
deploy-module = "app.deploy"
engine-factory = ["app.db"]
databases.production.urls = ["postgresql://db.example.com/shop"]
databases.development.urls = ["sqlite:///*"]
databases.development.protected = false
"""
FACTORIES = {
    "from sqlalchemy import engine_from_config": "from interlock import engine_from_config",
    "from sqlalchemy.ext.asyncio import async_engine_from_config": (
        "from interlock import async_engine_from_config"
    ),
    "config = context.config": "import interlock\n\ninterlock.require_approval()\n"
    "config = context.config",
}
SETTINGS = """
import os

URL, SECRET = os.environ["SHOP_DB"], os.environ["SHOP_SECRET"]
"""


def made_by_alembic(root: Path, template: str, prepended: str = ".") -> Path:
    """Make a repository as `alembic init` does, with the contract in interlock.toml."""
    root.mkdir()
    words = [sys.executable, "-m", "alembic", "init", "-t", template, "migrations"]
    subprocess.run(words, cwd=root, check=True, capture_output=True)
    env, ini = root / "migrations/env.py", root / "alembic.ini"
    for old, new in FACTORIES.items():
        env.write_text(env.read_text("utf-8").replace(old, new), encoding="utf-8")
    text = ini.read_text("utf-8").replace("driver://user:pass@localhost/dbname", "sqlite:///x.db")
    ini.write_text(
        text.replace("prepend_sys_path = .", f"prepend_sys_path = {prepended}"), encoding="utf-8"
    )
    (root / "migrations/versions/a1.py").write_text(REVISION, encoding="utf-8")
    (root / "interlock.toml").write_text(CONTRACT_OF_APP, encoding="utf-8")
    app = root / prepended / "app"
    app.mkdir(parents=True)
    for name, body in {
        "__init__": "",
        "deploy": "import interlock\n\ninterlock.deploy('production')\n",
        "settings": SETTINGS,
    }.items():
        (app / f"{name}.py").write_text(body, encoding="utf-8")
    return root


def without_an_ini(root: Path) -> Path:
    """All that Alembic is told stands in pyproject.toml, and env.py takes the URL itself."""
    made_by_alembic(root, "pyproject")
    (root / "alembic.ini").unlink()
    env = root / "migrations/env.py"
    text = re.sub(r"    fileConfig\(.*\)", "    pass", env.read_text("utf-8"))
    text = text.replace(
        "config = context.config",
        "import os\n\nconfig = context.config\n"
        'config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])',
    )
    env.write_text(text, encoding="utf-8")
    return root


def with_settings(root: Path) -> Path:
    """
    Below src/, asynchronous, with settings that read variables of their own, and an ini in another
    folder.
    """
    pytest.importorskip("aiosqlite", reason="the scratch database needs it for an async env.py")
    made_by_alembic(root, "async", "src")
    env = root / "migrations/env.py"
    text = env.read_text("utf-8").replace(
        "config = context.config",
        "from app import settings\n\nconfig = context.config\n"
        'config.set_main_option("sqlalchemy.url", settings.URL)',
    )
    env.write_text(text, encoding="utf-8")
    ini = (root / "alembic.ini").read_text("utf-8")
    (root / "alembic.ini").unlink()
    (root / "ops").mkdir()
    for old in "script_location = %(here)s", "prepend_sys_path = ":
        assert old in ini
    ini = ini.replace("%(here)s/migrations", "%(here)s/../migrations")
    ini = ini.replace("prepend_sys_path = src", "prepend_sys_path = %(here)s/../src")
    (root / "ops/alembic.ini").write_text(ini, encoding="utf-8")
    with (root / "interlock.toml").open("a", encoding="utf-8") as contract:
        contract.write('databases.production.alembic = "ops/alembic.ini"\n')
    (root / "pytest.ini").write_text(
        "[pytest]\ninterlock_env =\n    SHOP_DB={url}\n    SHOP_SECRET=x\n", encoding="utf-8"
    )
    return root


@pytest.mark.skipif(
    tuple(int(part) for part in version("alembic").split(".")[:2]) < (1, 16),
    reason="the templates are those of Alembic from 1.16 on",
)
@pytest.mark.parametrize("make", [without_an_ini, with_settings])
def test_each_promise_is_tried_in_repositories_of_other_shapes(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    root = make(tmp_path / "app")
    commit(root, "init", "-q")

    found = pytest_in(root)

    said = found.pop("")
    assert found.pop("status") == "0", said
    assert found == dict.fromkeys((one.sentence for one in PROMISES), "PASSED"), said


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ('import os\n\nos.environ["NOWHERE"]\n', "interlock_env = ["),
        (
            "import sqlalchemy\nfrom alembic import context\n\nfor _ in 1, 2:\n"
            '    with sqlalchemy.create_engine("sqlite://").connect() as connection:\n'
            "        context.configure(connection=connection)\n        context.run_migrations()\n",
            "env.py opened 2 databases in one run, and a receipt is for one",
        ),
    ],
    ids=["a variable that nobody names", "several databases"],
)
def test_an_environment_that_cannot_be_led_says_what_to_do(
    env: str, said: str, tmp_path: Path
) -> None:
    root = made_by_alembic(tmp_path / "app", "generic")
    (root / "migrations/env.py").write_text(env, encoding="utf-8")

    found = pytest_in(root)

    assert found["a direct `alembic upgrade head` is refused"] == "FAILED"
    assert said in found[""]
    assert "Traceback" not in found[""]
