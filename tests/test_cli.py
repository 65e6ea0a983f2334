"""The command from outside: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec
import pytest

import interlock
from interlock_checks.check import all_checks

_SCRUBBED = re.compile(r"CI|NO_COLOR|FORCE_COLOR|TERM|COLUMNS|(GITHUB|INTERLOCK|_INTERLOCK)_.*")

PROVED = {
    "pyproject.toml": """\
[tool.interlock]
deploy-module = "shop.deploy"
engine-factory = ["shop.db:make_engine"]
""",
    "shop/__init__.py": "",
    "shop/db.py": """\
from sqlalchemy import create_engine


def make_engine(url):
    return create_engine(url)
""",
    "shop/deploy.py": """\
import subprocess
import sys

import interlock
from alembic import command


def deploy(config):
    with interlock.permit(interlock.backup(interlock.verify("production"))):
        command.upgrade(config, "head")
    subprocess.run(sys.argv[1:])
""",
}
FOUND = {
    "app/jobs.py": """\
from functools import partial

from alembic.command import upgrade

job = partial(upgrade, revision="head")
""",
}


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """That of this process without what a continuous integration or a user puts there."""
    kept = {k: v for k, v in os.environ.items() if not _SCRUBBED.fullmatch(k)}
    return {**kept, "PYTHONIOENCODING": "utf-8", **(more or {})}


def run(
    *arguments: str, at: Path, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "interlock", *arguments],
        cwd=at,
        env=environment(more),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def outcome(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def proved(tmp_path: Path) -> Path:
    return written(tmp_path, PROVED)


@pytest.fixture
def found(tmp_path: Path) -> Path:
    return written(tmp_path, FOUND)


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


# --- check ----------------------------------------------------------------------------------


def test_a_finding_is_printed_whole(found: Path) -> None:
    expected = """\
IL101 migration-outside-deploy: `alembic.command.upgrade` passed on outside the deploy module
 --> app/jobs.py:5:15
  |
5 | job = partial(upgrade, revision="head")
  |               ^^^^^^^
  |
  = why: A migration that starts anywhere else starts without a verified target and without a
         backup, and nobody is told.
  = right way: move this into the module that `deploy-module` names in the contract; other code asks
               for a deployment there and never holds the command itself
  = more: interlock explain IL101

not proved: 1 finding in 1 file (IL101 1)
No contract is declared here, so nothing is granted: name the module that deploys and the function
that builds engines in [tool.interlock] of pyproject.toml, as `deploy-module` and `engine-factory`.
`interlock doctor` says what else is missing.
"""

    assert outcome(run("check", at=found)) == (1, expected, "")


def test_a_proof_is_printed_whole(proved: Path) -> None:
    expected = """\
proved: migrations start in the deploy module only, engines and connections come from the factory
  files        4 files of code, 3 of them parsed; the others hold no word that a sink could be
               reached by
  contract     pyproject.toml
  at home      alembic.command.upgrade 1, sqlalchemy.create_engine 1
  assumptions  1; reading cannot decide these places
    shop/deploy.py:11: the command line given to `subprocess.run` is not known here
"""

    assert outcome(run("check", at=proved)) == (0, expected, "")


def test_a_folder_can_be_named(proved: Path, tmp_path: Path) -> None:
    here = run("check", at=proved)
    named = run("check", str(proved), at=tmp_path.parent)

    assert outcome(named) == outcome(here)


def test_json_is_for_programs(found: Path) -> None:
    done = run("check", "--output-format", "json", at=found)

    entries = json.loads(done.stdout)
    assert done.returncode == 1
    assert done.stderr == ""
    assert [(one["code"], one["filename"], one["location"]) for one in entries] == [
        ("IL101", str(found.resolve() / "app/jobs.py"), {"column": 15, "row": 5})
    ]


@pytest.mark.parametrize(("files", "status"), [(PROVED, 0), (FOUND, 1)], ids=["proved", "found"])
def test_the_proof_file_says_what_the_exit_status_says(
    files: Mapping[str, str], status: int, tmp_path: Path
) -> None:
    folder = written(tmp_path, files)

    done = run("check", "--proof", "proof.json", at=folder)

    proof = json.loads((folder / "proof.json").read_text())
    assert done.returncode == status
    assert proof["proved"] is (status == 0)
    assert len(proof["findings"]) == status


def test_a_run_without_a_verdict_leaves_no_proof_of_another_day(proved: Path) -> None:
    run("check", "--proof", "proof.json", at=proved)
    (proved / "pyproject.toml").write_text("[tool.interlock]\ndeploy = 1\n")

    done = run("check", "--proof", "proof.json", at=proved)

    assert done.returncode == 2
    assert not (proved / "proof.json").exists()


# --- misuse ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere"], "there is no folder 'nowhere'"),
        (["check", ""], "there is no folder ''"),
        (
            ["check", "app/jobs.py"],
            "'app/jobs.py' is no folder: a proof is about a whole repository, "
            "so give the folder at its root",
        ),
        (["check", "--output-format", "xml"], "Invalid value for '--output-format': "),
        (["check", ".", "app"], "Got unexpected extra argument (app)"),
        (["check", "--proof", "nowhere/proof.json"], "'nowhere/proof.json': No such file or dir"),
        (["check", "--proof", "app"], "'app' exists and is not a regular file"),
        (["explain", "IL110"], "no check is called 'IL110'; did you mean IL10"),
        (
            ["explain", "zz"],
            "no check is called 'zz'; there are " + ", ".join(check.code for check in all_checks()),
        ),
        (["prove"], "No such command 'prove'. `interlock --help` says what there is"),
        (["verify"], "Missing argument 'TARGET'. `interlock verify --help` says what there is"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_misuse_is_one_clear_error(arguments: Sequence[str], message: str, found: Path) -> None:
    status, out, errors = outcome(run(*arguments, at=found))

    assert (status, out) == (2, "")
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert message in errors


@pytest.mark.parametrize(
    "option", ["--select=IL2", "--ignore=IL101", "--exit-zero", "--exclude=app", "--no-fail"]
)
def test_there_is_no_option_that_leaves_something_out(option: str, found: Path) -> None:
    done = run("check", option, at=found)

    assert done.returncode == 2
    assert done.stdout == ""


def test_without_a_command_the_commands_are_shown(tmp_path: Path) -> None:
    done = run(at=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    assert re.findall(r"^  (\w+) ", done.stderr, re.MULTILINE) == [
        *("check", "doctor", "explain"),
        *("verify", "backup", "migrate", "deploy", "status", "keygen", "alembic"),
    ]


def test_an_invalid_contract_is_one_error_with_its_line(proved: Path) -> None:
    (proved / "pyproject.toml").write_text("[tool.interlock]\ndeploy-modul = 1\n")

    status, out, errors = outcome(run("check", at=proved))

    assert (status, out) == (2, "")
    assert errors.startswith("error: pyproject.toml:2: ")
    assert errors.count("\n") == 1


_PRODUCTION = """
import sys
sys.path[:0] = sys.argv[1:3]
from interlock.cli import main
raise SystemExit(main(sys.argv[3:]))
"""


@pytest.mark.parametrize("arguments", [["check"], ["explain", "IL101"]], ids=" ".join)
def test_production_without_the_checks_says_what_to_install(
    arguments: list[str], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for package in click, msgspec:
        folder = Path(package.__path__[0])
        (site / folder.name).symlink_to(folder)
    runtime = Path(interlock.__path__[0]).parent

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _PRODUCTION, str(site), str(runtime), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome(done) == (
        2,
        "",
        "error: interlock_checks, libcst, tree_sitter, tree_sitter_bash, yaml not installed here: "
        "pip install 'interlock[checks]'\n",
    )


# --- surroundings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variables",
    [
        {"CI": "true", "GITHUB_ACTIONS": "true"},
        {"INTERLOCK_DISABLE": "1", "INTERLOCK_CHECK_OUTPUT_FORMAT": "json"},
        {"_INTERLOCK_COMPLETE": "bash_source"},
        {"_INTERLOCK_COMPLETE": "zsh_complete", "COMP_WORDS": "interlock", "COMP_CWORD": "1"},
        {"APP_ENV": "development", "NO_COLOR": "1", "PYTHONOPTIMIZE": "1"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_nothing_in_the_environment_changes_a_verdict(
    variables: Mapping[str, str], found: Path
) -> None:
    assert outcome(run("check", at=found, more=variables)) == outcome(run("check", at=found))


def test_a_python_without_docstrings_finds_the_same(found: Path) -> None:
    status, out, errors = outcome(run("check", at=found, more={"PYTHONOPTIMIZE": "2"}))

    assert (status, errors) == (1, "")
    assert "\n\nnot proved: 1 finding in 1 file (IL101 1)\n" in out


def test_a_reader_that_stops_early_changes_no_verdict(found: Path) -> None:
    (found / "app/many.py").write_text(
        "from alembic.command import upgrade\n" + "upgrade()\n" * 3000
    )
    receiving, sending = os.pipe()
    os.close(receiving)

    done = subprocess.run(
        [sys.executable, "-m", "interlock", "check"],
        cwd=found,
        env=environment(),
        stdout=sending,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(sending)

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("closed", "status", "said"),
    [
        (">&-", 2, "error: the result could not be written: Bad file descriptor\n"),
        ("2>&- >/dev/null", 1, ""),
    ],
    ids=["stdout", "stderr"],
)
def test_a_closed_stream_is_no_crash(closed: str, status: int, said: str, found: Path) -> None:
    command = f"exec '{sys.executable}' -m interlock check {closed}"

    done = subprocess.run(
        ["sh", "-c", command], cwd=found, env=environment(), capture_output=True, check=False
    )

    assert (done.returncode, done.stderr.decode()) == (status, said)


@pytest.mark.skipif(sys.platform != "linux", reason="a name of a file is text elsewhere")
def test_a_file_whose_name_is_no_text_is_judged(found: Path) -> None:
    (found / "app/jobs.py").rename(found / os.fsdecode(b"app/j\xff.py"))
    (found / os.fsdecode(b"run\xff.sh")).write_text("alembic upgrade head\n")

    cold, warm = run("check", at=found), run("check", at=found)

    assert outcome(cold) == outcome(warm)
    assert cold.returncode == 1
    assert "not proved: 2 findings in 2 files (IL101 1, IL102 1)" in cold.stdout
    assert cold.stderr == ""


@pytest.mark.parametrize(
    "module", ["interlock.cli", "interlock_hooks.check", "interlock_hooks.migrations"]
)
def test_a_command_that_is_started_as_a_module_looks(module: str, found: Path) -> None:
    words = ["check"] if module == "interlock.cli" else []
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=found,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "IL101" in done.stdout


def test_a_name_that_the_output_cannot_encode_is_escaped(found: Path) -> None:
    (found / "app/jobs.py").rename(found / "app/jöbs.py")

    done = run("check", at=found, more={"PYTHONIOENCODING": "ascii"})

    assert done.returncode == 1
    assert r"app/j\xf6bs.py:5:15" in done.stdout


@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["default", "NO_COLOR"]
)
def test_colour_is_for_terminals(variables: Mapping[str, str], coloured: bool, found: Path) -> None:
    ours, theirs = pty.openpty()

    done = subprocess.run(
        [sys.executable, "-m", "interlock", "check"],
        cwd=found,
        env=environment({"TERM": "xterm"} | dict(variables)),
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(theirs)
    shown = os.read(ours, 65536)
    os.close(ours)

    assert (done.returncode, done.stderr) == (1, b"")
    assert (b"\x1b[" in shown) is coloured
    assert b"alembic.command.upgrade" in shown


# --- the rest -------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["IL101", "il101", "migration-outside-deploy"])
def test_a_check_is_explained_by_code_and_by_name(named: str, tmp_path: Path) -> None:
    status, out, errors = outcome(run("explain", named, at=tmp_path))

    assert (status, errors) == (0, "")
    assert out.startswith("IL101 migration-outside-deploy (clause C1)\n\n")
    assert "  kept for later under another name\n\n      from functools import partial\n" in out


def test_without_a_name_all_checks_are_listed(tmp_path: Path) -> None:
    status, out, errors = outcome(run("explain", at=tmp_path))

    assert (status, errors) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [one.code for one in all_checks()]


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    done = run("--version", at=tmp_path)

    assert outcome(done) == (0, f"interlock {interlock.__version__}\n", "")


_STATE = ("XDG_STATE_HOME", "LOCALAPPDATA")
"""Where the key of the cache lies."""

_LOADED = """
import sys
from interlock.cli import main
status = main(sys.argv[1:])
heavy = {"sqlalchemy", "alembic", "libcst", "yaml", "tree_sitter", "traceback", "difflib"}
sys.stderr.write(" ".join(sorted(heavy & sys.modules.keys())))
raise SystemExit(status)
"""


def test_a_change_by_which_nothing_can_matter_loads_no_parser(tmp_path: Path) -> None:
    def check() -> str:
        done = subprocess.run(
            [sys.executable, "-c", _LOADED, "check", str(tmp_path / "repository")],
            env=environment() | {name: str(tmp_path / "state") for name in _STATE},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stderr

    (tmp_path / "repository").mkdir()
    module = tmp_path / "repository" / "m.py"
    text = "import subprocess\n\ndef idle():\n    given = 1\n" + "    given += 1\n" * 300
    module.write_text(text)
    assert "libcst" in check()
    module.write_text(text.replace("given = 1", "given = 2  # at first"))
    assert "libcst" not in check()
    assert "libcst" not in check()
    module.write_text(text.replace("given = 1", "given = subprocess.run"))
    assert "libcst" in check()


@pytest.mark.parametrize("arguments", [["explain", "IL101"], ["--version"]], ids=" ".join)
def test_an_answer_that_needs_no_reading_loads_nothing_heavy(
    arguments: list[str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
