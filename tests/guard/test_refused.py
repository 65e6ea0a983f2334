"""A refusal: no blanket handler swallows it, and it can be read by people and programs."""

from __future__ import annotations

import ast
import json
import pickle
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import interlock
from interlock.refused import Refused

REFUSAL = Refused(
    "a migration of production",
    why="There is no permit.",
    missing="a receipt of the backup",
    next_step="interlock deploy production",
)


def test_a_blanket_handler_does_not_swallow_it() -> None:
    def blanket() -> None:
        try:
            raise REFUSAL
        except Exception:  # noqa: BLE001 (the handler that must not catch it)
            pytest.fail("swallowed")

    with pytest.raises(Refused):
        blanket()


def test_it_says_what_why_what_is_missing_and_what_to_do() -> None:
    assert str(REFUSAL).splitlines() == [
        "refused: a migration of production",
        "  why: There is no permit.",
        "  missing: a receipt of the backup",
        "  next: interlock deploy production",
    ]
    assert json.loads(REFUSAL.json()) == {
        "refused": "a migration of production",
        "why": "There is no permit.",
        "missing": "a receipt of the backup",
        "next": "interlock deploy production",
    }


def test_it_crosses_from_a_worker_process() -> None:
    assert str(pickle.loads(pickle.dumps(REFUSAL))) == str(REFUSAL)


SECRET = "s3cr3t"
URLS = [
    "postgresql://shop:{}@db/shop",
    "postgresql://shop:a@{}@db/shop",
    "postgresql://shop:a/{}@db/shop",
    "postgresql://shop:a#{}@db/shop",
    "postgresql://shop:a?{}@db/shop",
    "postgresql://shop:a:{}@db/shop",
    "postgresql://shop:%40{}@db/shop",
    "postgresql://shop:{}@db:port/shop",
    "postgresql//shop:{}@db/shop",
    "postgresql://db/shop?password={}",
    "postgresql://db/shop?sslpassword={}&bogus=1",
    "mysql://db/shop?passwd={}",
    "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BSERVER%3Dh%3BPWD%3D{}",
    "mssql+pyodbc://u:p@h/d;PWD={}",
    "postgresql+psycopg://db/host=h password={}",
    "postgresql+psycopg://db/postgresql://u:{}@h/x",
    "postgresql+psycopg://db/shop?dbname=postgresql://u:{}@h/x",
    "postgresql+psycopg://db/shop?host=postgresql://u:{}@h/x",
    "postgresql:///shop?host=u:{}@db",
    "postgresql+asyncpg://db/shop?dsn=postgres://u:{}@h/x",
    "sqlite+pysqlcipher://:{}@/x.db",
    "snowflake://u:p@acc/db?token={}",
]


@pytest.mark.parametrize("url", URLS)
def test_no_form_of_a_url_shows_its_password(url: str, application: Callable[[], Path]) -> None:
    application()

    with pytest.raises(Refused) as caught:
        interlock.create_engine(url.format(SECRET))

    told = "".join(traceback.format_exception(caught.value)[-1:])
    assert SECRET not in told + repr(caught.value) + caught.value.json() + str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot reach postgresql://shop:s3cr3t@db/shop", "postgresql://shop:***@db/shop"),
        ("from string 'postgresql//shop:s3@cr3t@db/shop'", "'postgresql//shop:***@db/shop'"),
        ("invalid dsn: host=db password=s3cr3t user=shop", "host=db password=*** user=shop"),
        ("got {'user': 'shop', 'password': 's3cr3t'}", "{'user': 'shop', 'password': ***}"),
        ("SERVER=h;PWD=s3cr3t;UID=u", "SERVER=h;PWD=***;UID=u"),
        ("password authentication failed for user shop", "password authentication failed for user"),
        ("write it as dialect://user@host:port/database", "dialect://user@host:port/database"),
    ],
)
def test_what_others_say_is_told_without_passwords(text: str, shown: str) -> None:
    refusal = Refused("x", why=text, next_step="y")

    assert shown in refusal.why
    assert SECRET not in str(refusal)


def test_no_refusal_of_ours_names_a_way_round() -> None:
    """Each text of the guard and the steps that says why something does not happen."""
    told = [
        (path.name, part.value)
        for path in sorted(Path(interlock.__file__).parent.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _REASONS
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]

    assert len(told) > 150
    assert [one for one in told if _WAY_ROUND.search(one[1])] == []


_REASONS = {"Refused", "Unusable", "NoKey", "Misuse", "Unproved", "refused", "refusing"}
_WAY_ROUND = re.compile(
    r"--(no-verify|force|skip|ignore|disable|fake|yes)\b|\b(bypass|circumvent|work ?around|disable|"
    r"override|switch(ed)? off|turn(ed)? off|uninstall)\b|_(SKIP|FORCE|DISABLE)\b",
    re.IGNORECASE,
)


UNCAUGHT = """
import interlock

def connect():
    interlock.validate_database_url("postgresql://nobody.knows.example/shop")

{before}
connect()
"""


@pytest.mark.parametrize(
    ("before", "brief"),
    [
        ("", True),
        ("import sys, traceback\nsys.excepthook = lambda *e: traceback.print_exception(*e)", False),
    ],
    ids=["nobody shows it", "somebody does"],
)
def test_uncaught_it_is_one_place_and_its_text(before: str, brief: bool, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(UNCAUGHT.format(before=before), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert f'File "{program}", line 5, in connect\n' in done.stderr
    assert "interlock.Refused: refused: a connection to postgresql://nobody." in done.stderr
    assert ("Traceback" in done.stderr) is not brief


def test_another_exception_is_shown_as_ever(tmp_path: Path) -> None:
    code = "from interlock import Refused\nRefused('x', why='', next_step='')\n1 / 0"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
