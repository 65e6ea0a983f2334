"""Which revision a change is held against, asked for or named by a pipeline; with real git."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from interlock_checks.base import Named, named

_SCRUBBED = re.compile(
    r"CI|CI_.*|CIRCLECI|CHANGE_TARGET|(GITHUB|GIT|BUILDKITE|BITBUCKET|SYSTEM|INTERLOCK)_.*"
)
CLEAN = {name: value for name, value in os.environ.items() if not _SCRUBBED.fullmatch(name)}
NARROW = 'deploy-module = "shop.deploy"\n'
WIDE = 'deploy-module = ["shop.deploy", "shop.admin"]\n'


def git(root: Path, *words: str) -> str:
    options = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ("git", *options, "-C", root, *words), check=True, capture_output=True, env=CLEAN, text=True
    )
    return done.stdout.strip()


def commit(root: Path, contract: str, note: str = "") -> str:
    (root / "interlock.toml").write_text(contract)
    (root / "notes.txt").write_text(note)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A clone of a repository whose change, on a branch, widens the contract."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    commit(origin, NARROW)
    git(origin, "checkout", "--quiet", "-b", "change")
    commit(origin, NARROW, "one")
    commit(origin, WIDE, "two")
    git(origin, "checkout", "--quiet", "main")
    commit(origin, NARROW, "later")
    return cloned(origin, tmp_path / "shop")


def cloned(origin: Path, folder: Path, *options: str) -> Path:
    where = ("--branch", "change", origin.as_uri(), str(folder))
    git(origin, "clone", "--quiet", *options, *where)
    return folder


def check(
    root: Path, *options: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "interlock", "check", *options],
        cwd=root,
        env=CLEAN | (env or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def codes(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^(IL\d+) ", done.stdout, re.MULTILINE)


# --- asked for ------------------------------------------------------------------------------


def test_a_base_that_is_asked_for_is_compared(shop: Path) -> None:
    done = check(shop, "--base", "origin/main")

    assert (done.returncode, codes(done)) == (1, ["IL601"])
    assert "--> interlock.toml:1:1" in done.stdout
    assert "`shop.admin`" in done.stdout


def test_without_a_base_nothing_is_compared(shop: Path) -> None:
    done = check(shop)

    assert done.returncode == 0
    assert "  base " not in done.stdout


def test_a_result_that_is_remembered_is_that_of_the_same_base(shop: Path) -> None:
    statuses = [check(shop, *base).returncode for base in ([], ["--base", "origin/main"], [])]

    assert statuses == [0, 1, 0]
    (shop / "CONTRACT.md").write_text("## C1 One\n")
    git(shop, "add", ".")
    git(shop, "commit", "--quiet", "--message", "x")
    assert check(shop, "--base", "HEAD").returncode == 0
    (shop / "CONTRACT.md").unlink()
    assert check(shop, "--base", "HEAD").returncode == 1


def test_the_proof_says_what_was_compared(shop: Path, tmp_path: Path) -> None:
    base = git(shop, "rev-parse", "HEAD")

    done = check(shop, "--base", "HEAD", "--proof", str(tmp_path / "proof.json"))

    assert f"{base[:12]}: nothing is weakened since" in done.stdout
    proof = json.loads((tmp_path / "proof.json").read_text())
    assert proof["bases"] == [{"commit": base, "first": False}]


def test_a_first_contract_is_told(shop: Path) -> None:
    git(shop, "rm", "--quiet", "interlock.toml")
    git(shop, "commit", "--quiet", "--message", "none")
    (shop / "interlock.toml").write_text(WIDE)

    done = check(shop, "--base", "HEAD")

    assert done.returncode == 0
    assert "declares no contract: today's is the first one" in done.stdout


@pytest.mark.parametrize("base", ["nowhere", "0" * 40, "--all", "", "HEAD:interlock.toml"])
def test_a_base_that_does_not_exist_is_one_error(base: str, shop: Path) -> None:
    done = check(shop, f"--base={base}")

    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: --base '.*' names no commit of this repository: .*\n", done.stderr)


def test_a_base_outside_git_is_one_error(tmp_path: Path) -> None:
    done = check(tmp_path, "--base", "main")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no git repository at")


def test_a_folder_is_compared_with_the_same_folder(shop: Path) -> None:
    (shop / "server").mkdir()
    (shop / "server/interlock.toml").write_text(NARROW)
    git(shop, "add", ".")
    git(shop, "commit", "--quiet", "--message", "x")
    (shop / "server/interlock.toml").write_text(WIDE)

    done = check(shop / "server", "--base", "HEAD")

    assert (done.returncode, codes(done)) == (1, ["IL601"])


# --- named by a pipeline --------------------------------------------------------------------


@pytest.mark.parametrize(
    "env",
    [
        {"GITHUB_BASE_REF": "main"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
        {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"},
        {"BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"},
        {"BITBUCKET_PR_DESTINATION_BRANCH": "main"},
        {"CHANGE_TARGET": "main"},
        {"CIRCLECI": "true"},
    ],
    ids=lambda env: next(iter(env)),
)
def test_the_target_of_a_change_is_its_base(env: dict[str, str], shop: Path) -> None:
    git(shop, "remote", "set-head", "origin", "main")

    done = check(shop, env=env)

    assert (done.returncode, codes(done)) == (1, ["IL601"])


def test_what_the_target_has_tightened_since_is_no_loosening(shop: Path) -> None:
    origin = shop.parent / "origin"
    commit(origin, "test-paths = []\n")
    git(origin, "checkout", "--quiet", "-b", "other", "main~1")
    commit(origin, NARROW, "innocent")
    git(shop, "fetch", "--quiet")
    git(shop, "checkout", "--quiet", "other")

    assert check(shop, env={"CHANGE_TARGET": "main"}).returncode == 0
    assert check(shop, "--base", "origin/main").returncode == 1


def test_what_is_asked_for_does_not_replace_what_is_named(shop: Path) -> None:
    done = check(shop, "--base", "HEAD", env={"GITHUB_BASE_REF": "main"})

    assert (done.returncode, codes(done)) == (1, ["IL601"])


@pytest.mark.parametrize(
    ("env", "remedy"),
    [
        ({"GITHUB_BASE_REF": "main"}, "`fetch-depth: 0`"),
        ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": "1" * 40}, "`GIT_DEPTH: 0`"),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "main"}, "`fetchDepth: 0`"),
        ({"CHANGE_TARGET": "main"}, "without a depth limit"),
    ],
)
def test_a_history_that_is_too_short_is_one_error(
    env: dict[str, str], remedy: str, shop: Path
) -> None:
    shallow = cloned(shop.parent / "origin", shop.parent / "shallow", "--depth=1")

    done = check(shallow, env=env)

    assert (done.returncode, done.stdout) == (2, "")
    assert remedy in done.stderr
    assert done.stderr.count("\n") == 1


def test_histories_with_nothing_in_common_are_compared_whole(shop: Path) -> None:
    git(shop, "checkout", "--quiet", "--orphan", "new")
    commit(shop, WIDE)

    done = check(shop, env={"CHANGE_TARGET": "main"})

    assert (done.returncode, codes(done)) == (1, ["IL601"])


A, B, ZERO = "a" * 40, "b" * 40, "0" * 40
MAIN = {"default_branch": "main"}


@pytest.mark.parametrize(
    ("env", "event", "targets", "parted"),
    [
        ({"GITHUB_BASE_REF": "main"}, {"pull_request": {"base": {"sha": A}}}, ("main", A), True),
        ({}, {"pull_request": {"base": {"sha": A}}}, (A,), True),
        ({}, {"merge_group": {"base_sha": A}}, (A,), True),
        ({}, {"ref": "refs/heads/main", "before": A, "repository": MAIN}, (A,), False),
        ({}, {"ref": "refs/heads/fix", "before": A, "repository": MAIN}, ("main",), True),
        ({}, {"ref": "refs/heads/fix", "before": ZERO, "repository": MAIN}, ("main",), True),
        ({}, {"ref": "refs/heads/main", "before": ZERO, "repository": MAIN}, None, True),
        ({}, {"ref": "refs/tags/v1", "before": ZERO, "repository": MAIN}, None, True),
        ({}, {"schedule": "0 0 * * *"}, None, True),
        ({}, {"pull_request": [], "ref": 3}, None, True),
        (
            {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": A},
            None,
            (A,),
            False,
        ),
        (
            {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": ZERO},
            None,
            None,
            False,
        ),
        (
            {"CI_MERGE_REQUEST_DIFF_BASE_SHA": A, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": B},
            None,
            (B, A),
            True,
        ),
        ({"BUILDKITE_PULL_REQUEST_BASE_BRANCH": ""}, None, None, True),
        ({}, None, None, True),
    ],
)
def test_each_system_names_its_base_in_its_own_way(
    env: dict[str, str],
    event: dict[str, Any] | None,
    targets: tuple[str, ...] | None,
    parted: bool,
) -> None:
    if event is not None:
        env = env | {"GITHUB_EVENT_PATH": "event.json"}

    found = named(env, lambda _: event)

    if targets is None:
        assert found is None
    else:
        assert isinstance(found, Named)
        assert (found.targets, found.parted) == (targets, parted)


def test_an_event_that_cannot_be_read_is_one_error(shop: Path) -> None:
    done = check(shop, env={"GITHUB_EVENT_PATH": "nothing.json"})

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: GITHUB_EVENT_PATH names no event")
