"""Module names, held against Python's own import system."""

from __future__ import annotations

import random
import time
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock_checks.modules import ModuleIndex

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.sets(
    st.builds(
        lambda folders, name: "/".join((*folders, f"{name}.py")),
        st.lists(NAMES, max_size=3),
        NAMES | st.just("__init__"),
    ),
    max_size=10,
)
DOTTED = st.lists(NAMES, min_size=1, max_size=4).map(".".join)


def python_finds(root: Path, name: str) -> str | None:
    """Ask the import system, without running anything: the file of a module found from a root."""
    search = [str(root)]
    origin: str | None = None
    for part in name.split("."):
        if not search:
            return None
        spec = FileFinder(search[0], (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(part)
        if spec is None:
            return None
        search, origin = list(spec.submodule_search_locations or []), spec.origin
    return None if origin is None else Path(origin).relative_to(root).as_posix()


@given(PATHS, DOTTED, st.booleans())
def test_names_mean_what_the_import_system_finds(
    paths: set[str], name: str, below_src: bool
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "src" if below_src else Path(folder)
        for path in paths:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
        root.mkdir(exist_ok=True)
        expected = python_finds(root, name)
    prefix = "src/" if below_src else ""
    index = ModuleIndex([prefix + path for path in paths], {})

    if expected is not None:
        expected = prefix + expected
        assert index.resolve(f"{prefix}main.py", name, 0)[0] == expected
        if "__init__.py" not in paths:
            assert index.home(name) == expected
        assert name in index.names(expected)
    elif (home := index.home(name)) is not None:
        # Then it is found from another root, never where Python finds nothing.
        relative = home.removeprefix(prefix)
        tail = name.replace(".", "/")
        assert relative not in (f"{tail}.py", f"{tail}/__init__.py")


@given(PATHS)
def test_the_first_name_of_a_file_is_the_one_from_its_package_root(paths: set[str]) -> None:
    index = ModuleIndex(paths, {})
    for path in paths:
        for name in index.names(path):
            tail = name.replace(".", "/")
            assert path in (f"{tail}.py", f"{tail}/__init__.py") or path.endswith(
                (f"/{tail}.py", f"/{tail}/__init__.py")
            )


HOMES = {
    "a package at the root": (["app/__init__.py", "app/deploy.py"], "app/deploy.py"),
    "a namespace package at the root": (["app/deploy.py"], "app/deploy.py"),
    "below src": (["src/app/__init__.py", "src/app/deploy.py"], "src/app/deploy.py"),
    "below src/py": (["src/py/app/__init__.py", "src/py/app/deploy.py"], "src/py/app/deploy.py"),
    "a root of its own": (
        ["server/app/__init__.py", "server/app/deploy.py"],
        "server/app/deploy.py",
    ),
    "a namesake in a folder of tools": (
        ["app/deploy.py", "tools/app/__init__.py", "tools/app/deploy.py"],
        "app/deploy.py",
    ),
    "a namesake at the root without __init__": (
        ["app/deploy.py", "src/app/__init__.py", "src/app/deploy.py"],
        "src/app/deploy.py",
    ),
    "another module with that last name": (["app/__init__.py", "tools/deploy.py"], None),
    "two that are equally good": (["one/app/deploy.py", "two/app/deploy.py"], None),
    "two source layouts": (["src/app/deploy.py", "lib/app/deploy.py"], None),
    "the nearer one": (["one/app/deploy.py", "far/two/app/deploy.py"], "one/app/deploy.py"),
    "a package and a module": (
        ["app/__init__.py", "app/deploy.py", "app/deploy/__init__.py"],
        "app/deploy/__init__.py",
    ),
    "behind a module that stands in the way": (["app.py", "app/deploy.py"], None),
    "within a package": (["pkg/__init__.py", "pkg/app/__init__.py", "pkg/app/deploy.py"], None),
    "a root that is a package itself": (["__init__.py", "app/deploy.py"], "app/deploy.py"),
    "nothing": ([], None),
}


@pytest.mark.parametrize("title", HOMES)
def test_a_namesake_elsewhere_is_not_the_home(title: str) -> None:
    paths, home = HOMES[title]

    assert ModuleIndex(paths, {}).home("app.deploy") == home


def test_names_are_best_first() -> None:
    index = ModuleIndex(["server/app/__init__.py", "server/app/deploy.py", "x.y/z/m.py", "run"], {})

    assert index.names("server/app/deploy.py") == ("app.deploy", "server.app.deploy", "deploy")
    assert index.names("server/app/__init__.py") == ("app", "server.app")
    assert index.names("x.y/z/m.py") == ("m", "z.m")
    assert index.names("run") == ()


REPOSITORY = [
    *("server/app/__init__.py", "server/app/cli.py", "server/app/db/__init__.py"),
    *("server/app/db/engine.py", "server/app/helpers.py", "server/common/text.py"),
    *("tools/common/text.py", "tools/run.py", "tools/helpers.py", "tests/test_app.py"),
]
IMPORTS = [
    ("server/app/cli.py", "", 1, ("server/app/__init__.py",)),
    ("server/app/cli.py", "db", 1, ("server/app/db/__init__.py",)),
    ("server/app/cli.py", "db.engine", 1, ("server/app/db/engine.py",)),
    ("server/app/db/__init__.py", "engine", 1, ("server/app/db/engine.py",)),
    ("server/app/db/engine.py", "helpers", 2, ("server/app/helpers.py",)),
    ("server/app/db/engine.py", "x", 9, ()),
    ("server/app/cli.py", "app.db", 0, ("server/app/db/__init__.py",)),
    ("server/app/cli.py", "app.missing", 0, ()),
    ("server/app/cli.py", "common.text", 0, ("server/common/text.py", "tools/common/text.py")),
    ("server/app/cli.py", "helpers", 0, ("server/app/helpers.py", "tools/helpers.py")),
    ("tools/run.py", "helpers", 0, ("tools/helpers.py",)),
    ("tools/run.py", "common.text", 0, ("tools/common/text.py", "server/common/text.py")),
    ("tests/test_app.py", "app.db.engine", 0, ("server/app/db/engine.py",)),
    ("tests/test_app.py", "alembic", 0, ()),
    ("tests/test_app.py", "", 0, ()),
]


@pytest.mark.parametrize(("importer", "name", "level", "files"), IMPORTS)
def test_an_import_means_the_likeliest_files(
    importer: str, name: str, level: int, files: tuple[str, ...]
) -> None:
    assert ModuleIndex(REPOSITORY, {}).resolve(importer, name, level) == files


def test_a_linked_package_has_both_names() -> None:
    index = ModuleIndex(
        ["shared/app/__init__.py", "shared/app/deploy.py", "shared/app/other.py", "svc/run.py"],
        {"svc/app": "shared/app", "alias.py": "shared/app/deploy.py", "here": ""},
    )

    assert index.home("app.deploy") == "shared/app/deploy.py"
    assert index.resolve("svc/run.py", "app.deploy", 0) == ("shared/app/deploy.py",)
    assert index.resolve("svc/run.py", "alias", 0) == ("shared/app/deploy.py",)
    assert index.resolve("shared/app/other.py", "deploy", 1) == ("shared/app/deploy.py",)
    assert index.resolve("svc/run.py", "here.here.svc.app.deploy", 0) == ("shared/app/deploy.py",)
    assert {"app.deploy", "svc.app.deploy", "alias"} <= set(index.names("shared/app/deploy.py"))


def test_twenty_thousand_files_are_indexed_in_no_time() -> None:
    chance = random.Random(1)
    paths = [
        f"p{chance.randrange(50)}/q{chance.randrange(50)}/m{number}.py" for number in range(20_000)
    ]
    start = time.perf_counter()
    index = ModuleIndex(paths, {})
    for path in paths:
        index.resolve(path, "p1.q1.m7", 0)
        index.resolve(path, "sqlalchemy.orm", 0)
    taken = time.perf_counter() - start

    assert taken < 5  # seconds; about half a second on an ordinary machine
