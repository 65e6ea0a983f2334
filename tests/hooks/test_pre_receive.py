"""The hook of a server: a real bare repository, real pushes, and no way past it for a client."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = """\
[tool.interlock]
deploy-module = "shop.deploy"
"""
DEPLOY = """\
from alembic import command


def deploy(config):
    command.{verb}(config, "head")
"""


class Repository:
    """A clone that is driven as somebody in a hurry would drive it."""

    def __init__(self, path: Path, env: dict[str, str]) -> None:
        self.path = path
        self.env = env

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("git", *words),
            cwd=self.path,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def git(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", "in a hurry")
        return self.git("rev-parse", "HEAD")

    def push(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("push", "--no-verify", "origin", *words)


@pytest.fixture(scope="module")
def env() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "CI", "GITHUB_"))}
    roots = (str(ROOT / name) for name in ("guard", "checks", "hooks"))
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": os.pathsep.join(roots),
        **{f"GIT_{role}_NAME": "A. Stranger" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "stranger@example.com" for role in ("AUTHOR", "COMMITTER")},
    }


@pytest.fixture
def server(tmp_path: Path, env: dict[str, str]) -> Repository:
    """A bare repository with the hook, as CONTRIBUTING.md says to install it."""
    path = tmp_path / "shop.git"
    path.mkdir()
    bare = Repository(path, env)
    bare.git("init", "--quiet", "--bare", "--initial-branch=main")
    hook = path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c "
        '"from interlock_hooks.pre_receive import main; raise SystemExit(main())" "$@"\n'
    )
    hook.chmod(0o755)
    return bare


@pytest.fixture
def clone(server: Repository, tmp_path: Path, env: dict[str, str]) -> Repository:
    """A clone whose first push was proved."""
    server.git("clone", "--quiet", str(server.path), str(tmp_path / "clone"))
    made = Repository(tmp_path / "clone", env)
    made.git("checkout", "--quiet", "-B", "main")
    made.commit(
        {
            "pyproject.toml": CONTRACT,
            "shop/__init__.py": "",
            "shop/deploy.py": DEPLOY.format(verb="heads"),
        }
    )
    made.git("push", "--quiet", "origin", "main")
    return made


def test_a_clean_push_passes_and_says_so(clone: Repository, server: Repository) -> None:
    new = clone.commit({"shop/orders.py": "total = 1\n"})

    done = clone.push("main")

    assert done.returncode == 0
    assert f"remote: interlock: main is proved at {new[:12]}" in done.stderr
    assert server.git("rev-parse", "main") == new


def test_a_migration_is_refused_with_its_place(clone: Repository, server: Repository) -> None:
    before = server.git("rev-parse", "main")
    clone.commit({"shop/hotfix.py": DEPLOY.format(verb="upgrade")})

    done = clone.push("main")

    assert done.returncode != 0
    assert "remote: IL101 migration-outside-deploy" in done.stderr
    assert "--> shop/hotfix.py:5:5" in done.stderr
    assert "Traceback" not in done.stderr
    assert server.git("rev-parse", "main") == before


def test_a_widened_contract_is_refused(clone: Repository, server: Repository) -> None:
    before = server.git("rev-parse", "main")
    clone.commit(
        {
            "pyproject.toml": CONTRACT.replace('"shop.deploy"', '["shop.deploy", "shop.hotfix"]'),
            "shop/hotfix.py": DEPLOY.format(verb="heads"),
        }
    )

    assert "IL601 weakened-contract: `deploy-module` grants `shop.hotfix`" in (
        clone.push("main").stderr
    )
    assert "IL601" in clone.push("main:refs/heads/hotfix").stderr
    assert "IL601" in clone.push("--force", "main").stderr
    assert server.git("for-each-ref", "--format=%(objectname) %(refname)") == (
        f"{before} refs/heads/main"
    )


def test_histories_with_nothing_in_common_are_held_against_the_default_branch(
    clone: Repository,
) -> None:
    clone.git("checkout", "--quiet", "--orphan", "new")
    clone.commit({"pyproject.toml": f"{CONTRACT}test-paths = 'shop'\n"})

    assert "remote: IL601" in clone.push("new").stderr


def test_no_switch_of_the_client_turns_it_off(clone: Repository, server: Repository) -> None:
    server.git("config", "receive.advertisePushOptions", "true")
    clone.commit({"shop/hotfix.py": DEPLOY.format(verb="upgrade")})
    clone.env = clone.env | {
        "SKIP": "interlock-check",
        "INTERLOCK_SKIP": "1",
        "CI": "true",
        "PRE_COMMIT_ALLOW_NO_CONFIG": "1",
    }

    for words in (
        ("--push-option=skip", "--push-option=interlock.skip=true", "main"),
        ("--atomic", "--force", "main", "main:refs/heads/other"),
        ("main:refs/heads/tags/v1",),
    ):
        done = clone.push(*words)
        assert done.returncode != 0
        assert "remote: IL101" in done.stderr


def test_a_branch_may_bring_in_what_the_default_branch_has_taken(
    clone: Repository, server: Repository
) -> None:
    clone.git("checkout", "--quiet", "-b", "feature")
    clone.commit({"shop/feature.py": "x = 1\n"})
    assert clone.push("feature").returncode == 0
    # Those who answer for the server have let the default branch take a wider contract.
    hook = server.path / "hooks/pre-receive"
    hook.rename(server.path / "aside")
    clone.git("checkout", "--quiet", "main")
    clone.commit({"pyproject.toml": CONTRACT + 'test-paths = ["tests"]\n'})
    assert clone.push("main").returncode == 0
    (server.path / "aside").rename(hook)

    clone.git("checkout", "--quiet", "feature")
    clone.git("merge", "--quiet", "main")
    assert clone.push("feature").returncode == 0
    clone.commit({"pyproject.toml": CONTRACT + 'test-paths = ["tests", "shop"]\n'})
    assert "IL601 weakened-contract: `test-paths` grants `shop`" in clone.push("feature").stderr


def test_a_broken_contract_is_refused(clone: Repository) -> None:
    clone.commit({"pyproject.toml": "[tool.interlock]\ndeploy-module = 3\n"})

    done = clone.push("main")

    assert done.returncode != 0
    assert "remote: error: main: pyproject.toml:2:" in done.stderr


def test_a_branch_may_go_and_a_tag_may_come(clone: Repository) -> None:
    assert clone.push("main:refs/heads/other").returncode == 0

    assert clone.push("--delete", "other").returncode == 0
    assert clone.push("main:refs/tags/v1").returncode == 0


def test_the_folder_of_the_contract_can_be_told(clone: Repository, server: Repository) -> None:
    hook = server.path / "hooks/pre-receive"
    hook.write_text(hook.read_text().replace('"$@"', "shop"))
    clone.commit({"shop/interlock.toml": 'deploy-module = "deploy"\n'})
    assert clone.push("main").returncode == 0

    clone.commit({"shop/interlock.toml": 'deploy-module = ["deploy", "other"]\n'})
    assert "--> interlock.toml:1:1" in clone.push("main").stderr


def test_what_is_no_push_is_an_error(server: Repository) -> None:
    done = subprocess.run(
        [server.path / "hooks/pre-receive"],
        cwd=server.path,
        env=server.env,
        input="nonsense\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("error: what git hands to a pre-receive hook")
