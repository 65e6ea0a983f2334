"""What is left unread by words alone is what a full reading would report nothing in."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from interlock_checks.cache import Cache
from interlock_checks.discover import Source
from interlock_checks.facts import cut as cutting
from interlock_checks.facts.files import read_code, read_source
from interlock_checks.facts.outline import outline
from interlock_checks.facts.relevant import Interest, imported_names
from interlock_checks.link.judgements import Judgements
from interlock_checks.link.judging import Judge
from interlock_checks.modules import ModuleIndex
from interlock_checks.run import check_tree
from interlock_checks.tree import WorkTree

Reached = set[tuple[str, str, int]]


def source(text: str) -> Source:
    data = text.encode()
    return Source("m.py", "python", data, blake2b(data, digest_size=20).digest())


def reached(text: str) -> Reached:
    """What a file alone reaches when it is read whole: code, sink and row."""
    facts = read_source(source(text), frozenset(), places=True)
    judge = Judge({"m.py": facts}, {"m.py": b""}, ModuleIndex(["m.py"], {}), read_code)
    judgements = Judgements(
        judge, lambda *_: iter(()), lambda _: False, lambda _: ["m.py"], b"", {}
    )
    judgements.judge(0, ["m.py"], guarded=False)
    judgements.settle_changes(0)
    return {
        (reach.code, reach.sink, facts.spans[reach.number].row if reach.row == 0 else reach.row)
        for reach in judgements.reaches({"m.py": facts})
    }


def is_dropped(text: str) -> bool:
    return not read_source(source(text), None).whole


# Imports in the spellings that Python allows, of what the catalogue knows and of what it does not.
IMPORTS = [
    "import os",
    "import sys, os as o",
    "import json; import os as o",
    "import subprocess",
    "import subprocess as sp",
    "import \\\n    subprocess as sp",
    "from subprocess import run",
    "from subprocess \\\n    import run as sp",
    "from os import (\n    path,  # a comment (with a bracket\n    system as o,\n)",
    "from os import path, \\\n    system as o",
    "from os import *",
    "import alembic.command",
    "from alembic import command",
    "from alembic import (  # )\n    command as sp,\n)",
    "from alembic.command import *",
    "if True: from alembic import command as o",
    "try:\n    import alembic.command as sp\nexcept ImportError: pass",
    "import sqlalchemy as sa",
    "from sqlalchemy import create_engine as o",
    "import importlib as o",
    "from importlib import import_module as o",
    "import builtins as o",
    "import sys as o",
    "import operator",
    "import functools, operator as o",
    "import psycopg2 as sp",
    "from json import loads as o",
    "import math",
    "from pathlib import Path\tas o",
    "# import os",
    "'''\nimport os\n'''",
]
USES = [
    "os.system('alembic upgrade head')",
    "o.system('alembic upgrade head')",
    "o('alembic upgrade head')",
    "os . system ('alembic ' + 'upgrade head')",
    "(os\n    .system('alembic upgrade head'))",
    "os.\\\n    system('alembic upgrade head')",
    "getattr(os, 'sys' + 'tem')('alembic upgrade head')",
    "getattr(o, 'system')('alembic upgrade head')",
    "getattr(o, name)('alembic upgrade head')",
    "os.__dict__['sys' + 'tem']('alembic upgrade head')",
    "vars(o)['system']('alembic upgrade head')",
    "subprocess.run(['alembic', 'upgrade', 'head'])",
    "sp.run(['alembic', 'upgrade', 'head'])",
    "sp(['alembic', 'upgrade', 'head'])",
    "run('alembic upgrade head', shell=True)",
    "run(args)",
    "with sp.Popen(args) as process: pass",
    "alembic.command.upgrade(config, 'head')",
    "command.upgrade(config, 'head')",
    "sp.upgrade(config, 'head')",
    "upgrade(config, 'head')",
    "sa.create_engine(url)",
    "o(url).raw_connection()",
    "sp.connect(url)",
    "exec(text)",
    "exec ('import os; os.system(\"alembic upgrade head\")')",
    "eval(compile(text, 'm', 'exec'))",
    "__import__('os').system('alembic upgrade head')",
    "__import__('alem' + 'bic.command')",
    "o.import_module(name)",
    "o('alembic.command').upgrade(config, 'head')",
    "o.exec(text)",
    "o.modules['os'].system('alembic upgrade head')",
    "sys.modules[name].upgrade(config)",
    "globals()[name](text)",
    "__builtins__['ex' + 'ec'](text)",
    "operator.attrgetter('system')(o)('alembic upgrade head')",
    "o.methodcaller('system', 'alembic upgrade head')(os)",
    "e = exec; e(text)",
    "table = {'run': sp}; table['run'].run(args)",
    "print(os.path.join('a', 'b'))",
    "print(f'{os.system(\"alembic upgrade head\")}')",
    "total = sum(range(3))",
    "text.upgrade()",
    "text.exec = 1",
    "label = 'os.system subprocess exec'  # os.system('alembic upgrade head')",
]
SHAPES = [
    "{}",
    "def work(config, url, args, name, text):\n{}",
    "class Work:\n    def go(self, config, url, args, name, text):\n    {}",
    "async def work(config):\n{}",
    "if __name__ == '__main__':\n{}",
]


def _shaped(shape: str, use: str) -> str:
    if shape == "{}":
        return use
    return shape.format("    " + use.replace("\n", "\n    "))


MODULES = st.builds(
    lambda imports, uses: "\n".join([*imports, *uses]) + "\n",
    st.lists(st.sampled_from(IMPORTS), max_size=2),
    st.lists(
        st.builds(_shaped, st.sampled_from(SHAPES), st.sampled_from(USES)), min_size=1, max_size=2
    ),
)


@settings(max_examples=150)
@given(MODULES)
def test_a_file_that_is_only_looked_over_would_report_nothing(text: str) -> None:
    dropped = is_dropped(text)
    event("dropped" if dropped else "read")
    if dropped:
        assert not reached(text), text


@pytest.mark.parametrize("use", USES)
def test_each_use_alone_is_read_or_reports_nothing_under_every_import(use: str) -> None:
    for spelled in IMPORTS:
        text = f"{spelled}\n{use}\n"
        assert not is_dropped(text) or not reached(text), text


HARD = [
    "import os as o\no.system('alembic upgrade head')\n",
    "from os import system as s\ns('alembic upgrade head')\n",
    "from os import (path,\n    system as s)\ns('alembic upgrade head')\n",
    "from os import \\\n    system \\\n    as s\ns('alembic upgrade head')\n",
    "import json;from subprocess import run as s;s(['alembic', 'upgrade', 'head'])\n",
    "import os\r\nos.\\\r\n  system('alembic upgrade head')\r\n",
    "x=1;import alembic.command as c;c.upgrade(1, 'head')\n",
    "exec(input())\n",
    "(exec)(input())\n",
    "e = exec\ne(input())\n",
    "import builtins\nbuiltins.exec(input())\n",
    "import builtins as b\ngetattr(b, 'ex' + 'ec')(input())\n",
    "import builtins as b\ngetattr(b, 'exec')(input())\n",
    "__builtins__['exec'](input())\n",
    "from builtins import exec as e\ne(input())\n",
    "__import__('alembic.command').command.upgrade(1, 'head')\n",
    "import importlib\nimportlib.import_module(input())\n",
    "import os\ngetattr(os, 'sys' 'tem')('alembic upgrade head')\n",
    "import os\nvars(os)['system']('alembic upgrade head')\n",
    "import os\nos.__dict__['system']('alembic upgrade head')\n",
    "from os import *\nsystem('alembic upgrade head')\n",
    "import \uff4f\uff53\n\uff4f\uff53.system('alembic upgrade head')\n",
    "import os\n"
    "os.\U0001d42c\U0001d432\U0001d42c\U0001d42d\U0001d41e\U0001d426('alembic upgrade head')\n",
    "\ufeffimport os\nos.system('alembic upgrade head')\n",
]


@pytest.mark.parametrize("text", HARD)
def test_a_hard_spelling_is_neither_left_unread_nor_unreported(text: str) -> None:
    assert not is_dropped(text)
    assert reached(text)


def test_innocent_code_is_only_looked_over() -> None:
    assert is_dropped("import math\n\n\ndef area(r):\n    return math.pi * r * r\n")
    assert is_dropped("def has(names):\n    return names['exec'] or names[\"compile\"]\n")


IDLE = (
    "def idle_{0}(given):\n    kept = given + {0}\n    for one in given:\n        kept += one\n\n"
)
PADDING = "".join(IDLE.format(number) for number in range(52))
assert len(PADDING) > cutting.SMALL * 0.5


def padded(text: str) -> str:
    """The module between idle functions, too large to be parsed whole."""
    return f"{PADDING}{text}\n{PADDING.replace('idle_', 'later_')}"


LAID_OUT = [
    "import os\ndef work():\n    os.system('alembic upgrade head')\n",
    "import os\nclass Work:\n    def go(self):\n        def inner():\n"
    "            os.system('alembic upgrade head')\n        return inner\n",
    "from os import system as s\nrun = s\ndef work():\n    run('alembic upgrade head')\n",
    "import os\ndef name():\n    return 'alembic upgrade head'\ndef work():\n"
    "    os.system(name())\n",
    "import os\ndef one():\n    return 'alembic'\ndef two():\n    return one() + ' upgrade head'\n"
    "def work():\n    os.system(two())\n",
    "import os\nclass Work:\n    def __init__(self):\n        self.start = os.system\n"
    "    def go(self):\n        self.start('alembic upgrade head')\n",
    "import os\ndef start(line):\n    os.system(line)\ndef work():\n"
    "    start('alembic upgrade head')\n",
    "import os\nline = ''\ndef change():\n    global line\n    line = 'alembic upgrade head'\n"
    "def work():\n    os.system(line)\n",
    "import os\ndef work(): os.system('alembic upgrade head')\n",
    "import os\ndef work(a=os.system('alembic upgrade head')):\n    return a\n",
    "import os\n@lambda work: os.system('alembic upgrade head')\ndef work():\n    return 1\n",
    "def work():\n    from alembic import command\n    command.upgrade(1, 'head')\n",
    "def work():\n    '''\n    a text with a # and a def in it:\ndef x():\n    '''\n"
    "    exec(input())\n",
    "async def work(\n    a,\n):\n    await a\n    exec(input())\n",
    "from alembic import command\ndef work():\n    getattr(command, input())(1, 'head')\n",
    "import os as o, sys\nif (start := o.system):\n    pass\ndef work():\n"
    "    start('alembic upgrade head')\n",
    "from alembic.command import upgrade as u\ndef work():\n    u(1, 'head')\n",
    "from alembic import command\nclass Work:\n    api = command\n    def go(self):\n"
    "        getattr(self.api, input())(1, 'head')\n",
    "from alembic import command\nclass Work:\n    def __init__(self):\n"
    "        self.api = command\n    def go(self):\n"
    "        getattr(self.api, input())(1, 'head')\n",
    "from \uff41lembic import command as c\ndef work():\n    c.upgrade(1, 'head')\n",
    "from alembic import command\nrun = None\ndef change():\n    global other, \\\n        run\n"
    "    run = command.upgrade\ndef work():\n    run(1, 'head')\n",
    "from alembic import command\ndef work():\n    run = None\n    def change():\n"
    "        nonlocal run\n        run = command.upgrade\n    def go():\n        run(1, 'head')\n"
    "    change()\n    go()\n",
    "import os\nline = ''\ndef change():\n    global line\n    line = 'alem' + 'bic upgrade head'\n"
    "def work():\n    os.system(line)\n",
    "from alembic import command\nclass Work:\n    def __init__(self):\n"
    "        self.start = command.upgrade\n    def go(self):\n        name = 'start'\n"
    "        getattr(self, name)(1, 'head')\n",
    "from alembic import command\nclass Work:\n    def __init__(self):\n"
    "        self.start = command.upgrade\nwork = Work()\ndef go():\n    work.start(1, 'head')\n",
    "import os\nfor start in [os.system]:\n    pass\ndef work():\n"
    "    start('alembic upgrade head')\n",
]


@pytest.mark.parametrize("text", LAID_OUT)
def test_a_module_cut_down_reports_what_it_would_whole(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = padded(text)
    assert len(large) > cutting.SMALL
    cut = reached(large)
    assert cut
    monkeypatch.setattr(cutting, "SMALL", len(large))
    assert cut == reached(large)


def places(root: Path) -> set[tuple[str, str, int]]:
    """What a check of a repository reports: code, file and row."""
    found = check_tree(WorkTree(root), Cache.none()).findings
    return {(one.code, one.path, one.row) for one in found}


CASES = sorted((Path(__file__).parent / "cases").glob("*/*.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_repository_of_modules_cut_down_reports_what_it_would_whole(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in tomllib.loads(case.read_text(encoding="utf-8"))["files"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    whole = places(tmp_path)
    monkeypatch.setattr(cutting, "SMALL", 0)
    assert places(tmp_path) == whole


@settings(max_examples=10)
@given(MODULES)
def test_cutting_down_changes_no_report_of_any_module(text: str) -> None:
    large = padded(text)
    cut = reached(large)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "SMALL", len(large))
        assert cut == reached(large), text


def test_idle_functions_are_left_out_of_a_large_module() -> None:
    large = padded("import os\ndef work():\n    os.system('alembic upgrade head')\n")
    cut = cutting.cut_down(large, outline(large), Interest())
    assert "kept" not in cut.text
    assert "os.system" in cut.text


def cut_by(words: set[str], text: str) -> cutting.Cut:
    """A large module cut down to what these words matter to."""
    large = text + PADDING * 2
    return cutting.cut_down(large, outline(large), Interest(frozenset(words)))


@pytest.mark.parametrize(
    ("function", "left"),
    [
        ("@wrap(1)\n@other\ndef work(a, b=2):\n    a.b\n    c()\n", "work = not 0\n"),
        ("@sink\ndef work(a):\n    a.b\n", "@sink\ndef work(a):\n    return not 0\n"),
        ("def work(a=sink):\n    a.b\n", "def work(a=sink):\n    return not 0\n"),
        ("def __call__(a):\n    a.b\n", "def __call__(a):\n    return not 0\n"),
        ("def work(a):\n    a.sink()\n", "def work(a):\n    a.sink()\n"),
    ],
)
def test_of_an_idle_function_only_its_name_is_left(function: str, left: str) -> None:
    cut = cut_by({"sink"}, f"first = 1\n{function}last = 2\n")
    assert cut.text.startswith(f"first = 1\n{left}last = 2\n")
    assert cut.row(left.count("\n") + 2) == function.count("\n") + 2


def test_a_local_name_keeps_no_other_function() -> None:
    text = (
        "class Work:\n    def start(self):\n        found = sink()\n        self.made = found\n"
        "    def rest(self):\n        found = [1]\n        return {'made': found, 'long': LONG}\n"
    ).replace("LONG", repr("x" * cutting.SHORT))
    assert "rest = not 0" in cut_by({"sink"}, text).text


def test_a_function_that_is_asked_for_is_kept_whole() -> None:
    asked = "def sink(a):\n    def inner():\n        a.b()\n    inner()\n"
    assert cut_by({"sink"}, asked).text.startswith(asked)


def test_a_short_function_that_something_kept_calls_is_kept() -> None:
    text = "def default_url():\n    return 'url'\ndef other():\n    return 'b'\n"
    cut = cut_by({"sink"}, f"{text}def work():\n    sink(default_url())\n")
    assert cut.text.startswith(text.replace("def other():\n    return 'b'", "other = not 0"))


@pytest.mark.parametrize("text", ["# sink\n", "# sink\n\n\n# sink\na = 1\n", "a = 1\n# sink\n"])
def test_a_name_in_a_comment_keeps_nothing(text: str) -> None:
    large = text * cutting.SMALL
    cut = cutting.cut_down(large, outline(large), Interest(frozenset({"sink"})))
    assert "sink" not in cut.text


def test_comments_are_left_out_and_rows_stay_right() -> None:
    text = "a = 1\n\n# one\nb = 2  # two\n\nif b:\n\n    # three\n    sink()\n"
    cut = cut_by({"sink"}, text)
    assert cut.text.startswith("a = 1\nb = 2  # two\nif b:\n    sink()\n")
    assert [cut.row(row) for row in (1, 2, 3, 4)] == [1, 4, 6, 9]


def test_idle_functions_in_a_row_become_one_statement() -> None:
    cut = cut_by({"sink"}, "def a():\n    b.c\n# d\ndef e():\n    b.c\n\nsink()\n")
    assert cut.text.startswith("a = e = not 0\nsink()\n")
    assert cut.row(2) == 7


@pytest.mark.parametrize(
    ("imported", "used", "kept"),
    [
        ("import sqlalchemy as sa", "sa.Column", False),
        ("import sqlalchemy as sa", "sa . Column", False),
        ("import sqlalchemy as sa", "sa.engine.url", True),
        ("import sqlalchemy as sa", "sa", True),
        ("import sqlalchemy as sa", "sa.again", True),
        ("from oslo_db import exception as exc", "exc.DBError", False),
        ("from oslo_concurrency import processutils", "processutils.ExecutionError", False),
        ("from oslo_concurrency import processutils", "processutils.execute", True),
        # Whatever a plugin registers in alembic.op may change a schema.
        ("from alembic import op", "op.unheard_of", True),
        # Any name of `sh` is a program.
        ("import sh", "sh.unheard_of", True),
        ("from sqlalchemy import x; import sh", "sh.unheard_of", True),
        ("import json; x = sqlalchemy.sink; import sh", "x.unheard_of", True),
        ("import sqlalchemy, sh", "sh.unheard_of", True),
        ("import sqlalchemy as sa\nsa = mine.sink", "sa.Column", True),
        # What a guard hooks, or is replaced through.
        ("import sqlalchemy as sa", "sa.event", True),
        ("import sqlalchemy as sa", "sa.Column.unheard_of", False),
        ("import sqlalchemy as sa", "sa.Column.dispatch", True),
        ("from sqlalchemy import Table", "Table.dispatch", True),
        ("from sqlalchemy import event", "event.registry", True),
        ("from sqlalchemy import event as on", "on.registry", True),
        ("import sqlalchemy.event.registry as r", "r.unheard_of", True),
        ("from interlock import gate", "gate.unheard_of", True),
        ("from sys import meta_path, modules", "modules.update", True),
        ("from sys import meta_path, modules", "meta_path.unheard_of", True),
    ],
)
def test_an_attribute_that_leads_to_nothing_keeps_no_function(
    imported: str, used: str, kept: bool
) -> None:
    cut = cut_by({"sink", "again"}, f"{imported}\n\n\ndef work():\n    found = {used}\n")
    assert ("found" in cut.text) is kept


def test_an_idle_method_still_hides_the_one_that_it_overrides() -> None:
    text = (
        "from alembic import command\n"
        "class Base:\n    def go(self):\n        return command.upgrade\n"
        "class Quiet(Base):\n    def go(self):\n        self.x = 1\n        self.y = 2\n"
        "Quiet().go()(None, 'head')\n"
    )
    assert {row for _, _, row in reached(text + PADDING * 2)} == {4}


def test_facts_of_equal_text_are_equal_bytes(tmp_path: Path) -> None:
    text = "".join(
        f"if a{n}:\n    b{n} = os\nelse:\n    b{n} = sys\n    c{n} = 1\n" for n in range(40)
    )
    (tmp_path / "m.py").write_text(f"import os, sys\nexec(b1)\n{text}")
    program = (
        "import sys; from pathlib import Path\n"
        "from interlock_checks.discover import discover\n"
        "from interlock_checks.modules import ModuleIndex\n"
        "from interlock_checks.tree import WorkTree\n"
        "from interlock_checks.worker import Worker\n"
        "(source,) = discover(WorkTree(Path(sys.argv[1])))\n"
        "worker = Worker({source.path: source}, ModuleIndex([], {}), {})\n"
        "sys.stdout.buffer.write(worker.read((source.path, None, False, None))[0])\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "minded", "found"),
    [
        ("from shop import db\n", {"db"}, {("shop", 0, "db")}),
        (
            "from ..shop import (\n    db as d,\n    orm,\n)\n",
            {"db"},
            {("shop", 2, "db"), ("shop", 2, "orm")},
        ),
        ("import shop.db, os\n", {"db"}, {("shop.db", 0, ""), ("os", 0, "")}),
        ("from shop.db import *\n", {"db"}, {("shop.db", 0, "*")}),
        ("if x: import db; y = 1\n", {"db"}, {("db", 0, "")}),
        ("def f():\n    from . import db\nraise x from db\n", {"db"}, {("", 1, "db")}),
        ("from shop import orm\n", {"db"}, set()),
        # A bracket in a comment ends the statement too early: in doubt.
        ("from shop import (\n    db,  # :)\n)\n", {"db"}, None),
        ("# import the db\n", {"db"}, None),
    ],
)
def test_imports_of_a_module_are_found_without_a_parse_of_the_file(
    text: str, minded: set[str], found: set[tuple[str, int, str]] | None
) -> None:
    assert imported_names(text.encode(), minded) == found
