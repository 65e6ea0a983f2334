"""What is shown of a run: frames, hostile sources, JSON and the proof."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import interlock
from interlock_checks.finding import Finding
from interlock_checks.report import json as json_report
from interlock_checks.report import proof, text
from interlock_checks.report.excerpt import plain
from interlock_checks.report.model import Assumed, Report

MESSAGE = "`sqlalchemy.create_engine` called outside the engine factory"


def report(*findings: Finding, **changes: Any) -> Report:
    fields: dict[str, Any] = {
        "findings": findings,
        "files": 3,
        "read": 2,
        "at_home": {},
        "assumptions": (),
        "contract": None,
        "digests": {},
    }
    return Report(**(fields | changes))


def finding(row: int = 1, column: int = 1, end: int = 2, **changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "path": "app/db.py",
        "row": row,
        "column": column,
        "code": "IL201",
        "message": MESSAGE,
        "end_row": row,
        "end_column": end,
    }
    return Finding(**(fields | changes))


def reader(data: bytes) -> Callable[[str], bytes]:
    return lambda path: data


def frame(data: bytes, one: Finding, width: int = 100) -> list[str]:
    """The lines of the source and the carets below them."""
    lines = text.render(report(one), reader(data), colour=False, width=width).split("\n")
    return [line for line in lines[2:] if re.match(r" *\d* \|", line)]


# --- text -----------------------------------------------------------------------------------


def test_a_finding_is_shown_with_its_source_its_reason_and_the_right_way() -> None:
    source = b"from sqlalchemy import create_engine\n\nengine = create_engine(URL)\n"

    shown_text = text.render(report(finding(3, 10, 28)), reader(source), colour=False, width=90)

    assert (
        shown_text
        == """\
IL201 unguarded-engine: `sqlalchemy.create_engine` called outside the engine factory
 --> app/db.py:3:10
  |
3 | engine = create_engine(URL)
  |          ^^^^^^^^^^^^^^^^^^
  |
  = why: An engine connects to whatever its URL says at that moment: to production, if
         that is what the environment of this shell holds.
  = right way: get the engine from the function that `engine-factory` names in the
               contract, or from interlock's function of the same name
               (`interlock.create_engine`), which judges the URL first; or take an engine
               as an argument
  = more: interlock explain IL201

not proved: 1 finding in 1 file (IL201 1)
No contract is declared here, so nothing is granted: name the module that deploys and the
function that builds engines in [tool.interlock] of pyproject.toml, as `deploy-module` and
`engine-factory`. `interlock doctor` says what else is missing."""
    )


def test_a_proof_says_what_was_proved_and_what_it_rests_on() -> None:
    outcome = report(
        contract="pyproject.toml",
        at_home={"sqlalchemy.create_engine": 1, "alembic.command.upgrade": 2},
        assumptions=(Assumed("app/jobs.py", 14, "the command line is not known here"),),
    )

    assert (
        text.render(outcome, reader(b""), colour=False, width=100)
        == """\
proved: migrations start in the deploy module only, engines and connections come from the factory
  files        3 files of code, 2 of them parsed; the others hold no word that a sink could be
               reached by
  contract     pyproject.toml
  at home      alembic.command.upgrade 2, sqlalchemy.create_engine 1
  assumptions  1; reading cannot decide these places
    app/jobs.py:14: the command line is not known here"""
    )


def test_a_part_of_the_checks_never_says_proved() -> None:
    shown_text = text.render(
        report(), reader(b""), colour=False, width=100, families=("IL1", "IL2")
    )

    assert shown_text == "no findings of IL1, IL2; this is not the whole proof"


def test_the_reason_is_given_once_and_the_right_way_each_time() -> None:
    outcome = report(finding(1), finding(2))

    shown_text = text.render(outcome, reader(b"a\nb\n"), colour=False, width=100)

    assert shown_text.count("= why: ") == 1
    assert shown_text.count("= right way: ") == 2


def test_colour_changes_nothing_but_the_colour() -> None:
    outcome = report(finding(1), finding(2))

    coloured = text.render(outcome, reader(b"a\nb\n"), colour=True, width=100)
    bare = text.render(outcome, reader(b"a\nb\n"), colour=False, width=100)

    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == bare


def test_a_tab_and_a_wide_letter_before_the_caret_move_it() -> None:
    line = "\tx['表'] = create_engine(URL)"

    lines = frame(line.encode(), finding(1, line.index("create") + 1, len(line) + 1))

    assert lines[1:3] == [
        "1 |     x['表'] = create_engine(URL)",
        "  |" + " " * 15 + "^" * 18,
    ]


def test_a_long_line_is_cut_around_the_caret() -> None:
    line = "x = [" + "0, " * 4000 + "create_engine(URL), " + "0, " * 4000 + "]"
    column = line.index("create") + 1

    lines = frame(line.encode(), finding(1, column, column + 18), width=80)

    source, carets = lines[1:3]
    assert len(source) <= 80
    assert source.startswith("1 | ...")
    assert source.endswith("...")
    assert source[carets.index("^") : carets.rindex("^") + 1] == "create_engine(URL)"


def test_a_call_of_many_lines_shows_its_first_lines() -> None:
    source = "create_engine(\n" + "    1,\n" * 20 + ")\n"

    lines = frame(source.encode(), finding(1, 1, 2, end_row=22))

    assert lines == [
        "  |",
        "1 | create_engine(",
        "  | ^^^^^^^^^^^^^^",
        *[f"{row} |     1," for row in range(2, 7)],
        "  | ...",
        "  |",
    ]


@pytest.mark.parametrize(
    ("data", "one"),
    [
        (b"", finding(7, 3, 9)),
        (b"x\n", finding(1, 500, 900)),
        (b"x\n", finding(5, 1, 1, end_row=9)),
        (b"\xff\xfe\x00x\x80", finding(1, 2, 4)),
        (b"# -*- coding: nonsense -*-\nx\n", finding(2, 1, 2)),
        (b"{broken", finding(1, 1, 1, path="a.ipynb")),
    ],
    ids=["no source", "past the line", "past the file", "no text", "no encoding", "no notebook"],
)
def test_a_source_in_any_state_can_be_shown(data: bytes, one: Finding) -> None:
    shown_text = text.render(report(one), reader(data), colour=False, width=100)

    assert MESSAGE in shown_text
    assert all(line.isprintable() for line in shown_text.split("\n"))


def test_a_file_that_has_gone_is_still_reported() -> None:
    def gone(path: str) -> bytes:
        raise FileNotFoundError(path)

    shown_text = text.render(report(finding(3)), gone, colour=False, width=100)

    assert "app/db.py:3:1" in shown_text
    assert MESSAGE in shown_text


def test_a_row_of_a_notebook_names_the_cell_and_shows_the_code() -> None:
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": ["# Engines\n"]},
            {"cell_type": "code", "source": ["x = 1\n", 'e = create_engine("sqlite://")']},
        ],
        "metadata": {},
        "nbformat": 4,
    }
    data = json.dumps(notebook, indent=1)
    row = next(n for n, line in enumerate(data.split("\n"), 1) if "create_engine" in line)
    one = finding(row, 5, 31, path="a.ipynb")

    shown_text = text.render(report(one), reader(data.encode()), colour=False, width=100)
    entries = json.loads(json_report.render(report(one), Path("/r"), reader(data.encode())))

    assert f"a.ipynb:{row}:5 (cell 2)" in shown_text
    assert f'{row} | e = create_engine("sqlite://")\n' in shown_text
    assert entries[0]["cell"] == 2
    assert entries[0]["message"] == f"{MESSAGE} (cell 2)"


# --- hostile text and secrets ---------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J\x1b[H proved",
        "\x1b]0;title\x07",
        "\x9b31m",
        "x = 1 \u202e # detrever",
        "a\rproved",
        "\u2028proved",
        "\udcff",
    ],
)
def test_nothing_in_a_repository_drives_the_terminal(hostile: str) -> None:
    one = finding(1, 1, 3, path=f"app/{hostile}.py", message=f"`{hostile}` called")
    data = hostile.encode("utf-8", "surrogatepass")

    shown_text = text.render(report(one), reader(data), colour=False, width=100)

    assert all(line.isprintable() for line in shown_text.split("\n"))
    assert not any(line.startswith("proved") for line in shown_text.split("\n"))
    assert shown_text.isprintable() or set(re.findall(r"[^ -~]", shown_text)) <= {"\n"}


@given(st.text())
@example("\x1b[31m")
def test_every_text_becomes_printable(given_text: str) -> None:
    assert plain(given_text).isprintable()


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=8), st.text(max_size=30))
def test_the_password_of_a_url_is_never_shown(password: str, before: str) -> None:
    url = f"{before}://app:{password}@db.example.com/shop"

    assert password not in plain(url) or password in before + "://app:***@db.example.com/shop"


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (
            'create_engine("postgresql://app:s3cret@db/shop")',
            'create_engine("postgresql://app:***@db/shop")',
        ),
        (
            '"postgresql+asyncpg://app:p@ss/w:rd@db:5432/shop"',
            '"postgresql+asyncpg://app:***@db:5432/shop"',
        ),
        ('"redis://:s3cret@cache:6379/0"', '"redis://:***@cache:6379/0"'),
        ('"postgresql://app@corp:s3cret@db/shop"', '"postgresql://app@corp:***@db/shop"'),
        (
            "f'postgresql://{os.environ[\"U\"]}:s3cret@db'",
            "f'postgresql://{os.environ[\"U\"]}:***@db'",
        ),
        ('"mysql://app:two words@db/shop"', '"mysql://app:***@db/shop"'),
        ('URL = "postgresql://app:s3cret" \\', 'URL = "postgresql://app:***" \\'),
        ('connect(host="db", password="s3cret")', 'connect(host="db", password="***")'),
        ('{"password": "s3cret"}', '{"password": "***"}'),
        (
            'connect("host=db password=s3cret dbname=shop")',
            'connect("host=db password=*** dbname=shop")',
        ),
        ('"DRIVER=x;UID=app;PWD=s3cret"', '"DRIVER=x;UID=app;PWD=***"'),
    ],
)
def test_a_password_in_a_source_line_is_masked(line: str, masked: str) -> None:
    assert plain(line) == masked


@pytest.mark.parametrize(
    "line",
    [
        'requests.get("http://localhost:8000/health")',
        'create_engine("postgresql://db.example.com:5432/shop")',
        'create_engine(f"postgresql://{host}:{port}/shop")',
        "connect(host=host, password=settings.password)",
        'mail("someone@example.com")',
        "engine = create_engine(url)",
    ],
)
def test_a_line_without_a_password_is_shown_as_it_is(line: str) -> None:
    assert plain(line) == line


def test_a_masked_line_keeps_its_carets_in_place() -> None:
    line = 'f("postgresql://app:a-long-password@db/shop"); create_engine(URL)'
    column = line.index("create") + 1

    source, carets = frame(line.encode(), finding(1, column, column + 18))[1:3]

    assert "a-long-password" not in source
    assert source[carets.index("^") :] == "create_engine(URL)"


def test_a_line_of_two_megabytes_is_cut_before_it_is_searched() -> None:
    line = "://a:" * 400_000

    lines = frame(line.encode(), finding(1, 1_000_000, 1_000_010))

    assert 80 <= len(lines[1]) <= 100


# --- json -----------------------------------------------------------------------------------


def test_json_has_the_shape_of_ruff(tmp_path: Path) -> None:
    rendered = json_report.render(report(finding(3, 10, 28)), tmp_path, reader(b""))

    assert json.loads(rendered) == [
        {
            "cell": None,
            "code": "IL201",
            "end_location": {"column": 28, "row": 3},
            "filename": str(tmp_path.resolve() / "app/db.py"),
            "fix": None,
            "location": {"column": 10, "row": 3},
            "message": MESSAGE,
            "name": "unguarded-engine",
            "url": "docs/checks/IL201.md",
        }
    ]


def test_json_of_a_proof_is_an_empty_array() -> None:
    assert json_report.render(report(), Path("/r"), reader(b"")) == "[]"


def test_json_is_ascii_whatever_a_file_is_called() -> None:
    one = finding(path=os.fsdecode(b"app/\xff\x1b.py"))

    rendered = json_report.render(report(one), Path("/r"), reader(b""))

    assert rendered.isascii()
    assert os.fsencode(json.loads(rendered)[0]["filename"]) == b"/r/app/\xff\x1b.py"


# --- the proof ------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ("git", *who, *arguments),
        cwd=folder,
        env=environment | {"GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def committed(folder: Path) -> str:
    (folder / "a.py").write_text("x = 1\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "a.py")
    git(folder, "commit", "--quiet", "--message", "first")
    return git(folder, "rev-parse", "HEAD")


def test_a_proof_names_commit_contract_files_and_tool(tmp_path: Path) -> None:
    sha = committed(tmp_path)
    outcome = report(
        contract="pyproject.toml",
        digests={"a.py": "00ff"},
        at_home={"alembic.command.upgrade": 1},
        assumptions=(Assumed("a.py", 1, "given to `run`"),),
    )

    written = proof.document(outcome, tmp_path, reader(b"[tool.interlock]\n"))

    assert written == {
        "format": 1,
        "tool": {"name": "interlock", "version": interlock.__version__},
        "proved": True,
        "commit": {"sha": sha, "clean": True},
        "contract": {
            "file": "pyproject.toml",
            "sha256": "6cdf77ed4c94e42e61ef87874b4b52eba8f9bb9a60a1c867720ccb7e6a26ecef",
        },
        "files": {"code": 3, "read": 2, "blake2b": {"a.py": "00ff"}},
        "at_home": {"alembic.command.upgrade": 1},
        "bases": [],
        "assumptions": [{"path": "a.py", "row": 1, "text": "given to `run`"}],
        "findings": [],
    }


def test_a_proof_with_findings_says_that_nothing_is_proved(tmp_path: Path) -> None:
    written = proof.document(report(finding()), tmp_path, reader(b""))

    assert written["proved"] is False
    assert written["commit"] is None
    assert json.loads(json.dumps(written))["findings"][0]["code"] == "IL201"


@pytest.mark.parametrize("change", ["edited", "new"])
def test_a_changed_tree_is_not_its_commit(change: str, tmp_path: Path) -> None:
    sha = committed(tmp_path)
    (tmp_path / {"edited": "a.py", "new": "b.py"}[change]).write_text("y = 2\n")

    written = proof.document(report(), tmp_path, reader(b""))

    assert written["commit"] == {"sha": sha, "clean": False}


def test_no_command_of_the_repository_is_run(tmp_path: Path) -> None:
    committed(tmp_path)
    for name in "filter.x.clean", "core.fsmonitor":
        git(tmp_path, "config", name, "touch ran; cat")
    (tmp_path / ".gitattributes").write_text("* filter=x\n")
    (tmp_path / "a.py").write_text("y = 2\n")

    proof.document(report(), tmp_path, reader(b""))

    assert not (tmp_path / "ran").exists()


def test_a_proof_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "proof.json"
    target.write_text("of an earlier run")

    proof.write(target, {"proved": True})
    with pytest.raises(TypeError):
        proof.write(target, {"proved": object()})

    assert json.loads(target.read_text()) == {"proved": True}
    assert [path.name for path in tmp_path.iterdir()] == ["proof.json"]


def test_only_a_file_is_cleared_for_a_proof(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "old.json").touch()

    proof.clear(tmp_path / "old.json")
    proof.clear(tmp_path / "new.json")
    with pytest.raises(OSError, match="folder"):
        proof.clear(tmp_path / "folder")
    with pytest.raises(OSError, match="nowhere"):
        proof.clear(tmp_path / "nowhere/new.json")

    assert not (tmp_path / "old.json").exists()
