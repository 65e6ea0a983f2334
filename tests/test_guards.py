"""Guards replaced and approvals forged: nasty spellings are found, their look-alikes are not."""

from __future__ import annotations

import json
import shutil
import textwrap
import time
from pathlib import Path

import pytest

import interlock
from interlock_checks.run import check_repository
from interlock_checks.suppressions import suppression, suppressions

CODES = ("IL303", "IL304", "IL305")


def found(folder: Path, files: dict[str, str], contract: str = "") -> list[tuple[str, int, str]]:
    """Path, row and code of what these checks find in a repository of these files."""
    (folder / "pyproject.toml").write_text(f"[tool.interlock]\n{contract}\n")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [
        (one.path, one.row, one.code)
        for one in check_repository(folder).findings
        if one.code in CODES
    ]


def marked(files: dict[str, str]) -> list[tuple[str, int, str]]:
    """What the lines say that end in `#! CODE`."""
    return [
        (name, row, line.rpartition("#! ")[2])
        for name, text in sorted(files.items())
        for row, line in enumerate(text.split("\n"), 1)
        if "#! IL" in line
    ]


REPLACED = {
    "in the frame of a caller, and where something refers to it": """
import gc, inspect, sys
import interlock
def rehearse(stub):
    inspect.currentframe().f_back.f_globals["interlock"] = stub  #! IL303
    sys._getframe(1).f_locals.update(interlock=stub)  #! IL303
    for holder in gc.get_referrers(interlock.backup):  #! IL303
        holder["backup"] = stub
def shown():
    inspect.currentframe().f_back.f_locals["seen"] = len(gc.get_referrers(shown))
""",
    "from an alias of a submodule": """
import interlock.engines as e
e.create_engine = None  #! IL303
""",
    "augmented, deleted, in a loop target": """
import interlock
interlock.verify += 1  #! IL303
del interlock.backup  #! IL303
for interlock.migrate in [print]:  #! IL303
    pass
with open("x") as interlock.deploy:  #! IL303
    pass
(interlock.permit, rest) = print, 1  #! IL303
""",
    "where its modules are looked for": """
import interlock
interlock.__path__.insert(0, "vendor")  #! IL303
""",
    "setattr with a computed name": """
import interlock, sys
setattr(interlock, sys.argv[1], print)  #! IL303
object.__setattr__(interlock, "verify", print)  #! IL303
type(interlock).__setattr__(interlock, "verify", print)  #! IL303
interlock.__setattr__("verify", print)  #! IL303
delattr(interlock, "verify")  #! IL303
""",
    "through a partial": """
import functools, interlock
put = functools.partial(setattr, interlock)
put("verify", print)  #! IL303
""",
    "through namespaces": """
import interlock, operator
interlock.__dict__["verify"] = print  #! IL303
vars(interlock).update({"verify": print})  #! IL303
vars(interlock).clear()  #! IL303
operator.setitem(vars(interlock), "verify", print)  #! IL303
dict.__setitem__(interlock.__dict__, "verify", print)  #! IL303
namespace = interlock.__dict__
namespace["backup"] = print  #! IL303
""",
    "the module's own names for guards": """
from interlock import require_approval

def quiet():
    global require_approval
    require_approval = print  #! IL303
    globals()["require_approval"] = print  #! IL303
""",
    "a class that holds guards": """
import interlock

class Deploy:
    verify = staticmethod(interlock.verify)

Deploy.verify = print  #! IL303
""",
    "what is reached by detours": """
import importlib, sys
import interlock as il
found = importlib.import_module("interlock")
found.verify = None  #! IL303
for module in [il]:
    for name in dir(module):
        setattr(module, name, None)  #! IL303

class Patch:
    target = il

    def apply(self):
        self.mine = 1
        self.target.verify = None  #! IL303

def guard():
    return il

guard().backup = None  #! IL303
(lambda one: setattr(one, "verify", None))(il)  #! IL303
sys.modules[il.__name__] = None  #! IL303
exec("import interlock\\ninterlock.verify = None")  #! IL303
il.Permit.__exit__ = lambda *given: True  #! IL303
print(il := None)  #! IL303
""",
    "sys.modules in all its spellings": """
import operator, sys
from sys import modules
from unittest import mock
modules["interlock"] = None  #! IL303
sys.modules.update(interlock=None)  #! IL303
sys.modules.update({"interlock.engines": None})  #! IL303
sys.modules.pop("interlock", None)  #! IL303
del sys.modules["interlock"]  #! IL303
sys.modules["inter" + "lock"] = None  #! IL303
sys.modules |= {"interlock": None}  #! IL303
operator.setitem(sys.modules, "interlock", None)  #! IL303
with mock.patch.dict(sys.modules, {"interlock": None}):  #! IL303
    pass
with mock.patch.dict("sys.modules", interlock=None):  #! IL303
    pass
for name in ("json", "interlock"):
    sys.modules[name] = None  #! IL303
""",
    "patchers": """
import interlock
from unittest.mock import patch
import pytest, wrapt, gorilla

@patch("interlock.verify")  #! IL303
def one(verify): ...

@patch.object(interlock, "verify")  #! IL303
def two(verify): ...

patch.multiple("interlock", verify=print).start()  #! IL303
patch.multiple(interlock, verify=print).start()  #! IL303
pytest.MonkeyPatch().setattr(interlock, "verify", print)  #! IL303
pytest.MonkeyPatch().setattr("interlock.verify", print)  #! IL303
wrapt.wrap_function_wrapper("interlock", "verify", print)  #! IL303
gorilla.apply(gorilla.Patch(interlock, "verify", print))  #! IL303

def fixture(mocker):
    mocker.patch("interlock.permit")  #! IL303
    mocker.patch.object(interlock, "permit")  #! IL303
""",
    "import machinery": """
import builtins, importlib, sys
import interlock

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "interlock":
            return None

sys.meta_path.insert(0, Finder())  #! IL303
builtins.__import__ = Finder()  #! IL303
importlib.reload(interlock)  #! IL303
importlib.metadata.entry_points = lambda **kw: []  #! IL303
""",
    "what it is made of": """
import inspect
import interlock
interlock.verify.__code__ = print.__code__  #! IL303
interlock.Refused.__bases__ = (Exception,)  #! IL303
inspect.unwrap(interlock.verify)("production")  #! IL303
interlock.verify.__globals__["CHECK"] = False  #! IL303
interlock.permit._current.set(True)  #! IL303
getattr(interlock, "_state").open = True  #! IL303
value = vars(interlock)["_secret"]  #! IL303
import interlock._engine  #! IL303
from interlock.engines import _raw  #! IL303
""",
    "fallbacks": """
try:
    import interlock
except ImportError:
    interlock = None  #! IL303
""",
    "the fallback first": """
interlock = None
try:
    import interlock  #! IL303
except ImportError:
    pass
""",
    "a fallback from elsewhere": """
try:
    from interlock import create_engine
except ImportError:
    from sqlalchemy import create_engine  #! IL303
""",
    "another module under its name": """
import interlock.engines
import nothing as interlock  #! IL303
""",
    "listeners": """
from sqlalchemy import Engine, Pool, event
import interlock
event.remove(Pool, "connect", interlock.guard_connection)  #! IL303
Engine.dispatch = None  #! IL303
Engine._has_events = False  #! IL303
""",
    "pytest without its plugin": """
import pytest, subprocess
pytest.main(["-p", "no:interlock", "tests"])  #! IL303
subprocess.run(["pytest", "-pno:interlock"])  #! IL303
subprocess.run("pytest -p no:interlock", shell=True)  #! IL303
""",
    "Alembic": """
import alembic.runtime.migration
from alembic import command
alembic.runtime.migration.MigrationContext.run_migrations = print  #! IL303
setattr(command, "upgrade", print)  #! IL303
from sqlalchemy.schema import CreateTable, ExecutableDDLElement
ExecutableDDLElement._execute_on_connection = print  #! IL303
CreateTable._execute_on_connection = print  #! IL303
""",
}

UNTOUCHED = {
    "attributes of one's own": """
import interlock

class Interlock:
    def __init__(self, pin):
        self.pin = pin
        self.verify = pin.read

interlock_pin = Interlock(4)
interlock_pin.verify = print
settings = {}
settings["interlock"] = True
receipt = interlock.verify("production")
receipt = interlock.backup(receipt)
""",
    "looking at it": """
import inspect, importlib.metadata, logging, sys
import interlock
log = logging.getLogger("interlock.app")
log.info("%s %s", interlock, interlock.__version__)
print(interlock.__doc__, interlock.__file__, dir(interlock))
inspect.getsource(interlock)
importlib.metadata.version("interlock")
if "interlock" in sys.modules:
    module = sys.modules["interlock"]
present = importlib.util.find_spec("interlock") is not None
""",
    "giving guards on": """
import functools, threading
import interlock
threading.Thread(target=interlock.deploy, args=("production",)).start()
verify = functools.partial(interlock.verify, "production")
steps = [interlock.verify, interlock.backup]

@functools.wraps(interlock.verify)
def checked(target):
    return interlock.verify(target)

class Gone(interlock.Refused):
    note = ""

Gone.note = "never"
""",
    "other patches": """
from unittest import mock
import pytest, sys, wrapt
import requests
mock.patch("app.mail.send").start()
pytest.MonkeyPatch().setattr(requests, "get", print)
wrapt.wrap_function_wrapper("requests", "get", print)
sys.modules["app.plugins"] = requests
sys.modules.setdefault("sqlite3", requests)
requests.get = print

def load(name, module):
    sys.modules[name] = module
""",
    "an optional import": """
try:
    import orjson as json
except ImportError:
    import json

from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import interlock
else:
    interlock = lazy_import("interlock")
""",
    "in another scope": """
def deploy(target):
    import interlock
    interlock.deploy(target)

def verify():
    interlock = 4
    return interlock
""",
    "Alembic's and SQLAlchemy's own ways": """
from alembic import context
from alembic.ddl.impl import DefaultImpl
from sqlalchemy import event, Engine

class Impl(DefaultImpl):
    __dialect__ = "duck"
    transactional_ddl = True

config = context.config
config.attributes["connection"] = None
event.listen(Engine, "connect", print)
event.remove(Engine, "connect", print)
""",
}

FORGED = {
    "variables from their names": """
import os, interlock
MARKS = dict.fromkeys(["CI", "GITHUB_ACTIONS"], "true")
os.environ.update(MARKS)  #! IL304
os.environ.update(dict.fromkeys(["CI"]))
""",
    "all ways to the environment": """
import os, posix
from os import environ, putenv
from unittest import mock
import interlock
environ["CI"] = "1"  #! IL304
os.environ.update(GITHUB_ACTIONS="true")  #! IL304
os.environ.update({"GITLAB_CI": "true"})  #! IL304
os.environb[b"CI"] = b"1"  #! IL304
putenv("CI", "1")  #! IL304
os.environ.__setitem__("CI", "1")  #! IL304
mock.patch.dict(os.environ, {"CI": "true"}).start()  #! IL304
mock.patch.dict("os.environ", CI="true").start()  #! IL304
for name in ["CI", "BUILDKITE"]:
    os.environ[name] = "true"  #! IL304
os.environ[f"C{'I'}"] = interlock.__version__  #! IL304
os.environ = {**os.environ, "CI": "1"}  #! IL304
vars(os)["environ"]["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "x"  #! IL304
""",
    "variables from a text": """
import io, os, interlock
from dotenv import dotenv_values, load_dotenv
load_dotenv(stream=io.StringIO("# of a runner\\nexport CI='true'\\n"))  #! IL304
load_dotenv(None, io.StringIO("CI=\\nCOLOUR=1 # CI=1"))
load_dotenv()
os.environ.update(dotenv_values(stream=io.StringIO("CI = 1")))  #! IL304
""",
    "children": """
import os, subprocess, sys
env = os.environ.copy()
env["CI"] = "true"
env["OTHER"] = "1"
subprocess.run(["uv", "run", "interlock", "deploy"], env=env)  #! IL304
subprocess.run("interlock migrate", shell=True, env=dict(os.environ, CI="1"))  #! IL304
subprocess.Popen([sys.executable, "-m", "interlock", "deploy"], env={"CI": "1"})  #! IL304
os.execve("/usr/bin/interlock", ["interlock", "deploy"], {"CI": "1"})  #! IL304
os.spawnlpe(os.P_WAIT, "interlock", "interlock", "deploy", os.environ | {"CI": "1"})  #! IL304
""",
    "children by a shell": """
import os, subprocess
os.system("CI=true interlock deploy production")  #! IL304
subprocess.run("env GITHUB_ACTIONS=true uv run interlock migrate", shell=True)  #! IL304
subprocess.run(["env", "CI=1", "interlock", "deploy"])  #! IL304
subprocess.run("export CI=1; interlock deploy", shell=True)  #! IL304
""",
    "receipts": """
import json, os, shutil
from pathlib import Path
ROOT = Path.cwd()
(ROOT / ".interlock" / "a.json").write_bytes(b"")  #! IL304
ROOT.joinpath(".interlock", "b.json").touch()  #! IL304
(Path(".interlock") / "x").with_name("y").open("w")  #! IL304
json.dump({}, open(os.path.join(".interlock", "c"), mode="x"))  #! IL304
open(f"{ROOT}/.interlock/receipts/{ROOT}.json", "a")  #! IL304
os.replace("/tmp/x", ".interlock/x")  #! IL304
shutil.move("x", ROOT / ".inter" "lock")  #! IL304
Path("x").rename(".interlock/x")  #! IL304
os.open(".interlock/d", os.O_WRONLY | os.O_CREAT)  #! IL304
os.symlink("old", ".interlock/new")  #! IL304

def store(run):
    (ROOT / ".interlock" / run / f"{run}.json").touch()  #! IL304

def keep(path):
    path.write_text("{}")

keep(ROOT / ".interlock" / "kept")  #! IL304
""",
    "receipts built by hand": """
import copy, dataclasses, interlock
made = interlock.Receipt()  #! IL304
copy.replace(interlock.verify("x"), target="production")  #! IL304

class Mine(interlock.Receipt):  #! IL304
    pass
""",
}

HONEST = {
    "reading and taking away": """
import os, shutil
from pathlib import Path
import interlock
ci = os.environ["CI"] == "true" or os.getenv("GITHUB_ACTIONS")
os.environ.pop("CI", None)
del os.environ["CI"]
os.environ["CI"] = ""
os.environ["GITHUB_TOKEN"] = "x"
os.environ["CI_PROVIDER_NAME"] = "x"
Path(".interlock/x").read_text()
open(".interlock/x", "rb").read()
open(".interlock/x")
os.listdir(".interlock")
shutil.copy(".interlock/x", "archive")
shutil.rmtree(".interlock_cache")
Path(".interlock.toml").write_text("")
Path("docs/interlock/index.md").write_text("")
print(".interlock/receipts", file=open("log", "w"))
open("out", "w").write(".interlock/")
""",
    "children that are none of interlock's": """
import os, subprocess
subprocess.run(["npm", "run", "build"], env={**os.environ, "CI": "1"})
subprocess.run(["pytest", "-p", "no:cacheprovider"], env=dict(os.environ, CI="true"))
os.system("CI=1 npm ci")
os.system("CI= interlock check")
subprocess.run(["interlock", "check"], env={**os.environ, "FORCE_COLOR": "1"})
""",
}


@pytest.mark.parametrize("text", [*REPLACED.values(), *FORGED.values()], ids=[*REPLACED, *FORGED])
def test_what_touches_a_guard_is_found_where_it_stands(text: str, tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/example.py": text}

    assert found(tmp_path, files) == marked(files)


@pytest.mark.parametrize("text", [*UNTOUCHED.values(), *HONEST.values()], ids=[*UNTOUCHED, *HONEST])
def test_what_touches_none_is_not_reported(text: str, tmp_path: Path) -> None:
    assert found(tmp_path, {"app/__init__.py": "", "app/example.py": text}) == []


def test_a_name_that_another_module_takes_from_interlock_is_a_guard_there_too(
    tmp_path: Path,
) -> None:
    files = {
        "app/__init__.py": "",
        "app/guards.py": "from interlock import require_approval\n",
        "app/local.py": "from app import guards\nguards.require_approval = print  #! IL303\n",
    }

    assert found(tmp_path, files) == marked(files)


def test_a_patcher_in_another_file_is_followed(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/tools.py": "def fake(module):\n    module.verify = print\n",
        "app/local.py": (
            "import interlock\nfrom app.tools import fake\nfake(interlock)  #! IL303\n"
        ),
    }

    assert found(tmp_path, files) == marked(files)


def test_a_path_from_another_file_is_followed(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/paths.py": 'from pathlib import Path\nSTATE = Path(".interlock")\n',
        "app/local.py": (
            'from app.paths import STATE\n(STATE / "receipt").write_text("{}")  #! IL304\n'
        ),
    }

    assert found(tmp_path, files) == marked(files)


def test_variables_from_another_file_are_followed(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/runner.py": (
            'PLAIN = {"LANG": "C"}\nMARKS = PLAIN | {"CI": "1"}\nOTHER = {"CI": "1"}\n'
        ),
        "app/defaults.py": 'VALUES = dict(CI="1")\n',
        "app/ship.py": (
            "import os, subprocess\nfrom app import defaults\n"
            "from app.runner import MARKS, OTHER, PLAIN\n"
            'subprocess.run(["interlock", "deploy"], env=os.environ | MARKS)  #! IL304\n'
            'subprocess.run(["interlock", "deploy"], env=os.environ | PLAIN)\n'
            "for name, value in OTHER.items():\n    os.environ[name] = value  #! IL304\n"
            "os.environ.update(defaults.VALUES)  #! IL304\n"
            "import interlock\n"
        ),
    }

    assert found(tmp_path, files) == marked(files)


SETTING = 'import os\nos.environ["CI"] = "true"  #! IL304\n'


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        ({"app/main.py": "import app.local, app.deploy\n"}, True),
        ({"app/deploy.py": "import app.local\nimport interlock\n"}, True),
        ({"app/local.py": f"{SETTING}import app.deploy\n"}, True),
        ({"app/__init__.py": SETTING, "app/local.py": ""}, True),
        ({"sitecustomize.py": SETTING, "app/local.py": ""}, True),
        ({}, False),
        ({"app/main.py": "import app.deploy\n", "app/other.py": "import app.local\n"}, False),
        ({"docs/conf.py": SETTING, "app/local.py": ""}, False),
    ],
)
def test_a_variable_counts_where_interlock_may_run_in_the_same_process(
    files: dict[str, str], counts: bool, tmp_path: Path
) -> None:
    base = {"app/__init__.py": "", "app/deploy.py": "import interlock\n", "app/local.py": SETTING}
    files = base | files

    assert found(tmp_path, files) == (marked(files) if counts else [])


def test_a_stand_in_is_reported_wherever_it_could_be_imported_from(tmp_path: Path) -> None:
    files = {
        "interlock.py": "def verify(target): ...\n",
        "vendor/interlock/__init__.py": "",
        "vendor/interlock/engines.py": "",
        "app/__init__.py": "",
        "app/interlock.py": "from interlock import verify\n",
        "tests/interlock.py": "",
        "docs/interlock.pyi": "",
        "lib/interlock.cpython-313-x86_64-linux-gnu.so": "",
    }

    assert found(tmp_path, files, 'test-paths = ["tests"]') == [
        ("interlock.py", 1, "IL303"),
        ("lib/interlock.cpython-313-x86_64-linux-gnu.so", 1, "IL303"),
        ("vendor/interlock/__init__.py", 1, "IL303"),
        ("vendor/interlock/engines.py", 1, "IL303"),
    ]


def test_metadata_that_would_keep_alembic_from_the_plugin_is_reported(tmp_path: Path) -> None:
    named = "[alembic.plugins]\ninterlock = interlock.plugin\n"
    files = {
        "interlock.egg-info/PKG-INFO": "Name: interlock\n",
        "interlock.egg-info/SOURCES.txt": "",
        "lib/Interlock-9.dist-info/METADATA": "Name: interlock\n",
        "lib/Interlock-9.dist-info/entry_points.txt": "[console_scripts]\nx = y:z\n",
        "eggs/interlock-1.egg-info": "Name: interlock\n",
        "site/interlock-0.1.0.dist-info/METADATA": "Name: interlock\n",
        "site/interlock-0.1.0.dist-info/entry_points.txt": named,
        "interlock-extras.md": "",
        "interlocking.egg-info/PKG-INFO": "Name: interlocking\n",
        "tests/interlock.egg-info/PKG-INFO": "",
    }

    assert found(tmp_path, files, 'test-paths = ["tests"]') == [
        ("eggs/interlock-1.egg-info", 1, "IL303"),
        ("interlock.egg-info/PKG-INFO", 1, "IL303"),
        ("lib/Interlock-9.dist-info/METADATA", 1, "IL303"),
    ]


def test_interlock_itself_is_told_from_a_stand_in_by_its_bytes(tmp_path: Path) -> None:
    own = Path(interlock.__file__).parent
    copy = tmp_path / "guard/interlock"
    copy.mkdir(parents=True)
    for name in ("__init__.py", "refused.py", "addresses.py"):  # `make check` tries all of them
        shutil.copy(own / name, copy / name)

    assert found(tmp_path, {}) == []
    assert found(tmp_path, {"guard/interlock/refused.py": "print('changed')\n"}) == [
        ("guard/interlock/refused.py", 1, "IL303")
    ]


def test_what_interlock_hooks_is_no_guard_where_it_guards_nothing(tmp_path: Path) -> None:
    patch = "from alembic import command\ncommand.upgrade = print\n"
    (tmp_path / "app.py").write_text(patch)
    codes = {one.code for one in check_repository(tmp_path).findings}
    assert "IL303" not in codes

    # Whoever runs hooks that are not interlock's still has no guard.
    (tmp_path / "tox.ini").write_text("[testenv:lint]\ncommands = pre-commit run --all-files\n")
    codes = {one.code for one in check_repository(tmp_path).findings}
    assert "IL303" not in codes

    assert found(tmp_path, {"app.py": patch}) == [("app.py", 2, "IL303")]


def test_what_only_a_type_checker_imports_replaces_nothing(tmp_path: Path) -> None:
    text = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from sqlalchemy import create_engine
        else:
            from interlock import create_engine
        if input():
            from sqlalchemy import engine_from_config
        else:
            from interlock import engine_from_config  #! IL303
        """
    files = {"app.py": textwrap.dedent(text)}
    assert found(tmp_path, files) == marked(files)


def test_settings_of_the_script_directory_are_no_guard(tmp_path: Path) -> None:
    text = """
        from alembic import context
        context.script.version_locations = ["a"]
        context.config.file_config = None
        context.script.run_env = print  #! IL303
        """
    files = {"migrations/env.py": textwrap.dedent(text)}
    assert found(tmp_path, files, 'migrations = ["migrations"]') == marked(files)


def test_files_below_the_test_paths_may_patch_but_not_lend(tmp_path: Path) -> None:
    files = {
        "tests/__init__.py": "",
        "tests/fakes.py": "import interlock\ninterlock.verify = print\n",
        "app.py": "import tests.fakes  #! IL303\n",
    }

    assert found(tmp_path, files, 'test-paths = ["tests"]') == marked(files)


SUPPRESSING = [
    "# noqa: IL101",
    "#noqa:il101",
    "# NOQA :IL101",
    "# noqa: E501,IL201",
    "# noqa: E501 IL201",
    "# noqa: IL",
    "# noqa: E501  # noqa: IL101",
    "# ruff: noqa: IL101, IL102",
    "# flake8: noqa: IL2",
    "# nosec IL101",
    "# nosemgrep: interlock",
    "# pylint: disable=interlock",
    "# pylint: disable = line-too-long, interlock-engine",
    "# pylint: disable-next=IL101",
    "# type: ignore[interlock]",
    "# pyright: ignore[IL101, reportAny]",
    "# zizmor: ignore[IL101]",
    "# checkov:skip=IL101:we know",
    "# hadolint ignore=IL102",
    "# shellcheck disable=IL102",
    "# yamllint disable rule:interlock",
    "# lint-fixme: IL101",
    "# interlock: ignore",
    "# interlock:ignore[IL101]",
    "# interlock : OFF",
    "# interlock: skip-file",
    "# interlock: disable=IL101",
    "# interlock: allow - agreed with Ann",
    "# interlock: ignore this line",
    "# interlock-ignore: legacy",
    "# interlock-disable-next-line",
    "# no-interlock",
    "# pragma: no interlock",
    "# IL101: ok",
    "# ignore IL101",
    "// nolint:interlock",
]

PROSE = [
    "# noqa",
    "# noqa: E501",
    "# noqa: ILX",
    "# noqa: INP001, ISC002, ICN001",
    "# noqa: E501 see IL101",
    "# type: ignore",
    "# nosec B603",
    "# pylint: disable=invalid-name",
    "# interlock: the factory lives in db.py",
    "# interlock: allow up to five minutes for the backup",
    "# interlock will not ignore this file",
    "# do not ignore IL101 findings",
    "# IL101 says why",
    "# the interlock of the door is ok",
    "# see https://interlock.example/checks/IL101",
    "# isort: skip",
    "# coverage: ignore; deploys with interlock",
    "# ILO convention 138",
]


@pytest.mark.parametrize("comment", SUPPRESSING)
def test_a_comment_that_asks_to_look_away_is_found_in_any_form(comment: str) -> None:
    assert suppression(comment)


@pytest.mark.parametrize("comment", PROSE)
def test_a_comment_for_people_or_for_other_tools_is_none(comment: str) -> None:
    assert suppression(comment) is None


def test_only_real_comments_count_and_in_every_file(tmp_path: Path) -> None:
    files = {
        "a.py": 'TEXT = """\n# noqa: IL101\n"""\nx = f"{1}  # noqa: IL101"\n',
        "b.py": "x = '#'  # interlock: ignore  #! IL305\n",
        "c.py": 'def f():\n    """# noqa: IL101"""\n    return 1  # noqa: IL201  #! IL305\n',
        "tests/d.py": "import os  # noqa: IL303 #! IL305\n",
    }

    assert found(tmp_path, files, 'test-paths = ["tests"]') == marked(files)


def test_a_comment_in_a_notebook_has_its_row_there(tmp_path: Path) -> None:
    cell: dict[str, object] = {
        "cell_type": "code",
        "source": ["x = 1\n", "y = 2  # noqa: IL101\n"],
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    text = json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )
    row = next(n for n, line in enumerate(text.split("\n"), 1) if "noqa" in line)

    assert found(tmp_path, {"n.ipynb": text}) == [("n.ipynb", row, "IL305")]


@pytest.mark.parametrize(
    "piece",
    ["noqa" + " " * 50, "interlock-", "ignore=a-b-", "noqa: E1, ", "# noqa: IL1 x", "interlock: "],
)
def test_reading_a_comment_takes_linear_time(piece: str) -> None:
    begin = time.perf_counter()
    suppressions(f"x = 1  # {piece * (1_000_000 // len(piece))}\n")

    assert time.perf_counter() - begin < 5
