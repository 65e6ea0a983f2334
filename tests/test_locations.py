"""Where Alembic's environments and migration scripts lie, in the forms that repositories use."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from interlock.contract import Contract
from interlock_checks.locations import is_env, is_migration_script, script_locations


def found(files: Mapping[str, str], contract: Contract | None = None) -> set[str]:
    data = {path: text.encode() for path, text in files.items()}
    return set(script_locations(contract or Contract(), data.get, data.keys()))


def ini(location: str, *more: str) -> str:
    return "\n".join(["[alembic]", f"script_location = {location}", *more, ""])


FORMS = {
    "here": ({"alembic.ini": ini("%(here)s/db"), "db/env.py": ""}, {"db"}),
    "here below": (
        {"srv/alembic.ini": ini("%(here)s/db"), "srv/db/env.py": "", "db/env.py": ""},
        {"srv/db"},
    ),
    "here and up": ({"conf/a.ini": ini("%(here)s/../db"), "db/env.py": ""}, {"db"}),
    "relative to the ini": ({"srv/alembic.ini": ini("db"), "srv/db/env.py": ""}, {"srv/db"}),
    "relative to the root": ({"conf/alembic.ini": ini("app/db"), "app/db/env.py": ""}, {"app/db"}),
    "with a slash and a dot": ({"alembic.ini": ini("./db/"), "db/env.py": ""}, {"db"}),
    "package and folder": (
        {"alembic.ini": ini("shop:db/sub"), "shop/db/sub/env.py": ""},
        {"shop/db/sub"},
    ),
    "package and packages": (
        {"alembic.ini": ini("shop.core:db:sub"), "src/shop/core/db/sub/env.py": ""},
        {"src/shop/core/db/sub"},
    ),
    "package somewhere": (
        {"conf/alembic.ini": ini("shop:db"), "deep/down/shop/db/env.py": ""},
        {"deep/down/shop/db"},
    ),
    "package in two places": (
        {"conf/alembic.ini": ini("shop:db"), "a/b/shop/db/env.py": "", "c/d/shop/db/env.py": ""},
        set(),
    ),
    "here alone": ({"alembic.ini": ini("%(here)s"), "env.py": ""}, {""}),
    "the root": ({"alembic.ini": ini("."), "env.py": ""}, {""}),
    "the root without env.py": ({"alembic.ini": ini("."), "app/env.py": ""}, set()),
    "the folder of the ini": ({"mig/alembic.ini": ini("."), "mig/env.py": ""}, {"mig"}),
    "another option": (
        {"alembic.ini": ini("%(base)s/db", "base = %(here)s/app"), "app/db/env.py": ""},
        {"app/db"},
    ),
    "an option that needs itself": ({"alembic.ini": ini("%(a)s", "a = %(a)s%(a)s")}, set()),
    "several sections": (
        {
            "alembic.ini": ini("one") + "\n[other]\nscript_location = two\n",
            "one/env.py": "",
            "two/env.py": "",
        },
        {"one", "two"},
    ),
    "another file": ({"setup.cfg": ini("db"), "db/env.py": ""}, {"db"}),
    "versions elsewhere, old separators": (
        {
            "alembic.ini": ini("db", "version_locations = db/versions, %(here)s/more pkg:other"),
            **{"db/env.py": "", "db/versions/1.py": "", "more/2.py": "", "pkg/other/3.py": ""},
        },
        {"db", "db/versions", "more", "pkg/other"},
    ),
    "versions elsewhere, os": (
        {
            "alembic.ini": ini("db", "path_separator = os", "version_locations = a b:%(here)s/c"),
            **{"db/env.py": "", "a b/1.py": "", "c/2.py": ""},
        },
        {"db", "a b", "c"},
    ),
    "versions elsewhere, older option": (
        {
            "alembic.ini": ini("db", "version_path_separator = ;", "version_locations = a;b"),
            **{"db/env.py": "", "a/1.py": "", "b/2.py": ""},
        },
        {"db", "a", "b"},
    ),
    "pyproject": (
        {
            "pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/db"\n'
            'version_locations = ["%(here)s/a b"]\n',
            **{"db/env.py": "", "a b/1.py": ""},
        },
        {"db", "a b"},
    ),
    "the ini wins over pyproject beside it": (
        {
            "pyproject.toml": '[tool.alembic]\nscript_location = "one"\n',
            **{"alembic.ini": ini("two"), "one/env.py": "", "two/env.py": ""},
        },
        {"two"},
    ),
    "pyproject in another folder": (
        {
            "srv/pyproject.toml": '[tool.alembic]\nscript_location = "one"\n',
            **{"alembic.ini": ini("two"), "srv/one/env.py": "", "two/env.py": ""},
        },
        {"srv/one", "two"},
    ),
    "Flask-Migrate": ({"migrations/env.py": "", "migrations/script.py.mako": ""}, {"migrations"}),
    "Flask-Alembic": (
        {
            "app/alembic/script.py.mako": "",
            "app/alembic/1a2b_users.py": 'revision = "1a2b"\ndown_revision: str | None = None\n',
        },
        {"app/alembic"},
    ),
    "a template of something else": (
        {"app/script.py.mako": "", "app/x.py": "previous = down_revision = None\n"},
        set(),
    ),
    "scripts at the root": (
        {"script.py.mako": "", "a.py": "down_revision = None\n", "app/x.py": ""},
        set(),
    ),
    "out of the repository": ({"alembic.ini": ini("../db"), "db/env.py": ""}, set()),
    "absolute": ({"alembic.ini": ini("/db"), "db/env.py": ""}, set()),
    "nothing there": ({"alembic.ini": ini("db")}, set()),
    "an env.py of something else": ({"app/env.py": "", "app/x.py": ""}, set()),
    "a broken ini": ({"alembic.ini": "script_location = x\n[", "x/env.py": ""}, set()),
    "a broken pyproject": ({"pyproject.toml": "[tool.alembic\nscript_location"}, set()),
    "a pyproject of odd types": (
        {"pyproject.toml": "tool = 3\nscript_location = 1", "a/b.py": ""},
        set(),
    ),
}


@pytest.mark.parametrize("title", FORMS)
def test_a_location_is_found_in_every_form(title: str) -> None:
    files, locations = FORMS[title]

    assert found(files) == locations


def test_the_contract_alone_decides_where_it_declares() -> None:
    files = {"alembic.ini": ini("one"), "one/env.py": "", "two/env.py": "", "src/pkg/db/env.py": ""}

    assert found(files, Contract(migrations=("two", "gone", "pkg:db"))) == {"two", "src/pkg/db"}
    assert found(files, Contract(migrations=())) == set()


def test_env_and_scripts_are_told_apart() -> None:
    locations = {"app/db", "more"}

    assert is_env("app/db/env.py", locations)
    assert not is_env("app/env.py", locations)
    assert not is_env("app/db/versions/env.py", locations)
    assert is_migration_script("app/db/versions/1.py", locations)
    assert is_migration_script("app/db/versions/old/1.py", locations)
    assert is_migration_script("more/2.py", locations)
    assert not is_migration_script("app/db/env.py", locations)
    assert not is_migration_script("app/dbx/versions/1.py", locations)
    assert not is_migration_script("app/models.py", locations)
    assert not is_migration_script("app/db/versions/1.txt", locations)


def test_at_the_root_only_env_and_versions_count() -> None:
    locations = {""}

    assert is_env("env.py", locations)
    assert not is_env("app/env.py", locations)
    assert is_migration_script("versions/1.py", locations)
    assert not is_migration_script("app/jobs.py", locations)
    assert not is_migration_script("jobs.py", locations)
