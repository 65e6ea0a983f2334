"""Switches in scripts: which of them keep a guard from running, and in which repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from interlock_checks.discover import Source
from interlock_checks.documents.read import read_document
from interlock_checks.run import check_repository

HOOKS = """
repos:
  - repo: local
    hooks:
      - id: proof
        name: proof
        entry: interlock check
        language: system
        pass_filenames: false
        always_run: true
"""


def found(tmp_path: Path, files: dict[str, str], contract: bool = True) -> list[tuple[str, int]]:
    subprocess.run(("git", "init", "-q", tmp_path), check=True)
    if contract:
        (tmp_path / "interlock.toml").write_text('deploy-module = "shop.deploy"\n')
    for path, text in files.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return [(one.code, one.row) for one in check_repository(tmp_path).findings]


REPORTED = {
    "long option": ("git commit --no-verify -m x\n", "IL306"),
    "cut short": ("git commit --no-veri -m x\n", "IL306"),
    "short option": ("git commit -n -m x\n", "IL306"),
    "combined": ("git commit -anm x\n", "IL306"),
    "push": ("git push --no-verify origin main\n", "IL306"),
    "mail": ("git am -n x.patch\n", "IL306"),
    "behind prefixes": ("sudo -u deploy env X=1 git commit -qn -m x\n", "IL306"),
    "alias": ("git config alias.ci 'commit -n'\n", "IL306"),
    "alias for one command": ("git -c alias.ci='commit --no-verify' ci -m x\n", "IL306"),
    "no hooks": ("git -c core.hooksPath=/dev/null commit -m x\n", "IL306"),
    "no hooks by a variable": ("git --config-env core.hooksPath=NONE push\n", "IL306"),
    "no hooks for the server": ("git -C x -c core.hookspath=/none receive-pack .\n", "IL306"),
    "no hooks for a checkout": ("git -c core.hooksPath= switch main\n", "IL306"),
    "no hooks for whatever": ('git -c core.hooksPath=/none "$@"\n', "IL306"),
    "no hooks for one of two": ('git -c core.hooksPath=/none "$(pick)" --help\n', "IL306"),
    "no hooks for an alias": ("git -c core.hooksPath=/none ci\n", "IL306"),
    "no hooks, set before a harmless command": (
        "git -c core.hooksPath=/none config core.hooksPath /none\n",
        "IL306",
    ),
    "no hooks for good": ("git config core.hooksPath /dev/null\n", "IL306"),
    "hooks from the environment": (
        "GIT_CONFIG_PARAMETERS=\"'core.hooksPath=/dev/null'\" git commit -m x\n",
        "IL306",
    ),
    "hook by its id": ("SKIP=proof git commit -m x\n", "IL306"),
    "hook among others": ("SKIP=mypy,proof pre-commit run --all-files\n", "IL306"),
    "hook for the whole script": ("export SKIP=proof\npre-commit run --all-files\n", "IL306"),
    "hook through env": ("env SKIP=proof pre-commit run\n", "IL306"),
    "no configuration": ("PRE_COMMIT_ALLOW_NO_CONFIG=1 git commit -m x\n", "IL306"),
    "hooks taken away": ("pre-commit uninstall\n", "IL306"),
    "hooks that may fail": ("pre-commit run --all-files || true\n", "IL306"),
    "plug-in off": ("pytest -p no:interlock\n", "IL306"),
    "variable for one command": ("CI=true interlock deploy production\n", "IL304"),
    "variable for the script": ("export CI=1\ninterlock deploy production\n", "IL304"),
    "variable exported later": (
        "GITHUB_ACTIONS=true\nexport GITHUB_ACTIONS\ninterlock deploy production\n",
        "IL304",
    ),
    "variable of a container": (
        "docker run -e CI=true shop interlock deploy production\n",
        "IL304",
    ),
    "receipt by redirection": ("echo '{}' > .interlock/receipts/backup.json\n", "IL304"),
    "receipt by tee": ("echo '{}' | sudo tee -a .interlock/backup.json\n", "IL304"),
    "receipt copied": ('cp old/backup.json "$HOME/shop/.interlock/"\n', "IL304"),
    "receipt fetched": ("curl -so .interlock/backup.json https://example.com/r\n", "IL304"),
    "receipts unpacked": ("tar xf receipts.tgz -C .interlock\n", "IL304"),
    "receipts of another day": ("git checkout HEAD~3 -- .interlock/backup.json\n", "IL304"),
    "migration alone": ("set -e\ninterlock migrate\n", "IL501"),
    "status lost to what is sourced": (
        "set -e\n. bin/loose.sh\ninterlock check\ndate\n",
        "IL306",
    ),
    "another program of the name": ("ln -sf /bin/true /usr/local/bin/interlock\n", "IL303"),
    "another program written": (
        "printf '#!/bin/sh\\n' > .venv/bin/interlock\n",
        "IL303",
    ),
    "alias of the name": ("alias interlock=true\n", "IL303"),
    "another path of the name": ("hash -p /bin/true interlock\n", "IL303"),
    "a script of the name first": ('PATH="$PWD/ci/stubs:$PATH"\n', "IL303"),
    "through a script": ("./bin/proof.sh || true\n", "IL306"),
    "through a target": ("make proof || true\n", "IL306"),
    "a target whose failures are ignored": ("set -e\nmake -i proof\n", "IL306"),
    "deploy module": ("python -m shop.deploy || true\n", "IL306"),
}
AROUND = {
    ".pre-commit-config.yaml": HOOKS,
    "bin/proof.sh": "set -e\ninterlock check\n",
    "Makefile": "proof:\n\tbin/proof.sh\n",
    "bin/loose.sh": "set +e\n",
    "ci/stubs/interlock": "#!/bin/sh\nexit 0\n",
    "shop/__init__.py": "",
    "shop/deploy.py": "",
}


@pytest.mark.parametrize(("text", "code"), REPORTED.values(), ids=REPORTED)
def test_a_switch_is_reported(text: str, code: str, tmp_path: Path) -> None:
    assert {one for one, _ in found(tmp_path, {**AROUND, "bin/x.sh": text})} == {code}


PYTHON = {
    "hooks off for whatever": (
        "from subprocess import run\n"
        "def ask(*words): run(('git', '-c', 'core.hooksPath=/none', *words))\n",
        "IL306",
    ),
    "hooks off for one of several": (
        "from subprocess import run; COMMANDS = {'a': 'status', 'b': 'gc'}\n"
        "def ask(name): run(('git', '-c', 'core.hooksPath=/none', COMMANDS[name]))\n",
        "IL306",
    ),
    "a commit": ("import os\nos.system('git commit --no-verify -m x')\n", "IL306"),
    "as words": (
        "import subprocess\nsubprocess.run(['git', 'push', '--no-verify'], check=True)\n",
        "IL306",
    ),
    "a verdict": ("import os\nos.system('interlock deploy production || true')\n", "IL306"),
    "a hook": ("import os\nos.system('SKIP=proof git commit -m x')\n", "IL306"),
    "a result that nobody looks at": (
        "import subprocess\nsubprocess.call(['interlock', 'verify', 'production'])\n",
        "IL306",
    ),
    "a result of which only the output is shown": (
        "from subprocess import run\n"
        "def show(): done = run(['interlock', 'check'], text=True); print(done.stdout)\n",
        "IL306",
    ),
    "a failure that may be": (
        "import nox\n@nox.session\ndef lint(session):\n"
        "    session.run('interlock', 'check', success_codes=[0, 1])\n",
        "IL306",
    ),
}


@pytest.mark.parametrize(("text", "code"), PYTHON.values(), ids=PYTHON)
def test_a_switch_is_reported_where_python_starts_it(text: str, code: str, tmp_path: Path) -> None:
    row = len(text.splitlines())
    assert found(tmp_path, {**AROUND, "tool.py": text}) == [(code, row)]


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess, sys\nsys.exit(subprocess.call(['interlock', 'check']))\n",
        "import subprocess\nsubprocess.run(['interlock', 'check'], check=True)\n",
        "import os\nif os.system('interlock check'):\n    raise SystemExit(1)\n",
        "import subprocess\ndone = subprocess.run(['interlock', 'check'])\n"
        "done.check_returncode()\n",
        "import subprocess\ndef go(target):\n"
        "    return subprocess.run(['interlock', 'verify', target]).returncode == 0\n",
        "import subprocess\nsubprocess.run(['interlock', 'status'])\n",
        "import nox\n@nox.session\ndef lint(session):\n"
        "    session.run('interlock', 'check', success_codes=[0])\n",
    ],
)
def test_a_process_that_is_asked_how_it_ended_is_in_order(text: str, tmp_path: Path) -> None:
    assert found(tmp_path, {**AROUND, "tool.py": text}) == []


JENKINS = {
    "an option of the handler": (
        "catchError(buildResult: 'SUCCESS') {\n  sh 'interlock check'\n}\n",
        [("IL306", 2)],
    ),
    "a handler that goes on": (
        "try {\n  sh 'interlock check'\n} catch (e) {\n  echo \"${e}\"\n}\n",
        [("IL306", 2)],
    ),
    "a handler that goes on, and an end": (
        "try {\n  sh 'interlock check'\n} catch (e) {\n  echo 'x'\n} finally { cleanWs() }\n",
        [("IL306", 2)],
    ),
    "a handler that fails": (
        "try {\n  sh 'interlock check'\n} catch (e) {\n  if (e) { throw e }\n}\n",
        [],
    ),
    "a result that is set": (
        "try { sh 'interlock check' } catch (e) { currentBuild.result = 'FAILURE' }\n",
        [],
    ),
    "a block without a handler": ("try { sh 'interlock check' } finally { cleanWs() }\n", []),
    "a shell of its own": ("sh '''#!/bin/bash\ninterlock check\nls'''\n", [("IL306", 2)]),
    "a shell of its own that stops": ("sh '''#!/bin/bash -e\ninterlock check\nls'''\n", []),
    "a status that nobody asks": (
        "sh(script: 'interlock check', returnStatus: true)\n",
        [("IL306", 1)],
    ),
    "a status that is printed": (
        "def code = sh(script: 'interlock check', returnStatus: true)\necho \"${code}\"\n",
        [("IL306", 1)],
    ),
    "a status that is asked": (
        "def code = sh(script: 'interlock check', returnStatus: true)\n"
        "if (code != 0) { error 'refused' }\n",
        [],
    ),
    "a status that is asked at once": (
        "if (sh(returnStatus: true, script: 'interlock check') != 0) { error 'refused' }\n",
        [],
    ),
    "no status": ("sh(script: 'interlock check', returnStatus: false)\n", []),
}


@pytest.mark.parametrize(("text", "expected"), JENKINS.values(), ids=JENKINS)
def test_a_handler_of_a_pipeline_may_lose_a_verdict(
    text: str, expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    assert found(tmp_path, {**AROUND, "Jenkinsfile": text}) == expected


@pytest.mark.parametrize("key", ["ignore_errors: true", "failed_when: false"])
def test_a_task_that_never_fails_loses_a_verdict(key: str, tmp_path: Path) -> None:
    text = f"- hosts: all\n  tasks:\n    - ansible.builtin.shell: interlock check\n      {key}\n"

    assert found(tmp_path, {**AROUND, "ansible/site.yml": text}) == [("IL306", 3)]


def test_hooks_may_be_off_for_each_of_some_commands_that_run_none(tmp_path: Path) -> None:
    text = (
        "from subprocess import run\n\nREADS = {'state': 'status', 'files': 'ls-files'}\n\n\n"
        "def ask(name, *words):\n"
        "    run(('git', '-c', 'core.hooksPath=/none', '--no-pager', READS[name], *words))\n"
    )

    assert found(tmp_path, {**AROUND, "tool.py": text}) == []


def test_a_test_may_try_what_a_hook_refuses(tmp_path: Path) -> None:
    text = "import os\nos.system('git commit --no-verify -m x')\n"
    contract = {"interlock.toml": 'test-paths = ["tests"]\n'}

    assert found(tmp_path, {**contract, "tests/test_hooks.py": text}, contract=False) == []


def test_a_check_of_a_specimen_below_the_test_paths_guards_nothing(tmp_path: Path) -> None:
    files = {
        "interlock.toml": 'test-paths = ["tests"]\n',
        "Makefile": "demo:\n\tinterlock check tests/before || true\n\tinterlock check . || true\n",
    }

    assert found(tmp_path, files, contract=False) == [("IL306", 3)]


MIGRATES = "from alembic import command\n\ncommand.upgrade(None, 'head')\n"
OUTSIDE = {
    "module": "python -m tests.database\n",
    "file": "python tests/database.py\n",
    "through another test file": "tests/reset.sh\n",
}


@pytest.mark.parametrize("text", OUTSIDE.values(), ids=OUTSIDE)
def test_the_exemption_of_tests_ends_where_a_script_runs_them(text: str, tmp_path: Path) -> None:
    files = {
        "interlock.toml": 'test-paths = ["tests"]\n',
        "tests/__init__.py": "",
        "tests/database.py": MIGRATES,
        "tests/reset.sh": "alembic downgrade base\n",
        "Makefile": "test:\n\tpytest tests\n",
    }

    assert found(tmp_path, files, contract=False) == []
    reported = found(tmp_path, {**files, "bin/start.sh": text}, contract=False)
    assert [one[:3] for one, _ in reported] == ["IL1"]


INNOCENT = {
    "another hook": "SKIP=mypy git commit -m x\n",
    "push without doing it": "git push -n origin main\n",
    "merge without statistics": "git merge -n main\n",
    "message that names it": "git commit -m 'no --no-verify here' -- --no-verify\n",
    "message in one word": "git commit -mn\n",
    "no hooks where none runs": "git -c core.hooksPath=/dev/null --git-dir=x/.git ls-files -z\n",
    "no hooks for a question": "git --config-env=core.hooksPath=NONE rev-parse HEAD\n",
    "reading the setting": "git config --get core.hooksPath\n",
    "the repository's own hooks": "git config core.hooksPath .githooks\n",
    "another variable": "FORCE_COLOR=1 interlock deploy production\n",
    "variable for another command": "CI=true npm run build\n",
    "reading receipts": "cat .interlock/backup.json && ls .interlock && cp .interlock/x out/\n",
    "taking receipts away": "rm -rf .interlock\nmkdir -p .interlock\n",
    "the cache": "rm -rf .interlock_cache; echo x > .interlock_cache/x\n",
    "deployment at all": 'set -e\nif [ "$1" = deploy ]; then interlock deploy production; fi\n',
    "steps in order": "set -e\ninterlock verify production\ninterlock backup\ninterlock migrate\n",
    "steps in a list": "interlock verify production && interlock backup && interlock migrate\n",
    "steps under one condition": (
        'set -e\nif [ "$1" = go ]; then\n  interlock verify production\n  interlock backup\n'
        "  interlock migrate\nfi\n"
    ),
    "steps in functions": (
        "set -e\nbefore() { interlock verify production; interlock backup; }\n"
        "go() { before; interlock migrate; }\ngo\n"
    ),
    "what is sourced before errexit": "set -e\n. bin/loose.sh\nset -e\ninterlock check\ndate\n",
    "what is sourced and no more": "set -e\n. bin/other.sh\ninterlock check\ndate\n",
    "the program itself": "ln -s /opt/venv/bin/interlock /usr/local/bin/interlock\n",
    "alias of itself": "alias interlock='uv run interlock'\n",
    "a script that runs it first": 'PATH="$PWD/ci/wraps:$PATH"\n',
    "other programs first": 'PATH="$PWD/bin:$PATH"\n',
    "check before other work": "set -e\ninterlock check\ninterlock deploy production\n",
    "plain script": "./bin/other.sh || true\n",
}


@pytest.mark.parametrize("text", INNOCENT.values(), ids=INNOCENT)
def test_what_switches_nothing_off_is_innocent(text: str, tmp_path: Path) -> None:
    around = {
        **AROUND,
        ".githooks/pre-commit": "interlock check\n",
        "bin/other.sh": "say() { set +e; date; set -e; }\n",
        "ci/wraps/interlock": '#!/bin/sh\nexec uv run interlock "$@"\n',
    }

    assert found(tmp_path, {**around, "bin/x.sh": text}) == []


FRONT = {
    "shop/__init__.py": "",
    "shop/app.py": "from flask_migrate import Migrate\n\nmigrate = Migrate()\n",
    "run.sh": "shop db current\nother db upgrade\nexec uv run shop -c x.conf db upgrade\n",
    "start.py": 'import subprocess\n\nsubprocess.run(["shop", "db", "downgrade", "-1"])\n',
}


def test_flask_under_the_name_of_the_application_migrates(tmp_path: Path) -> None:
    assert found(tmp_path, FRONT) == [("IL102", 3), ("IL102", 3)]


@pytest.mark.parametrize(
    "points",
    [
        ("pyproject.toml", '[project.scripts]\nshop-manage = "shop.cli:main"\n'),
        ("pyproject.toml", '[tool.poetry.scripts]\nshop-manage = "shop.cli:main"\n'),
        (
            "setup.cfg",
            "[options.entry_points]\nconsole_scripts =\n    shop-manage = shop.cli:main\n",
        ),
    ],
)
def test_so_it_does_under_the_name_of_an_entry_point(
    points: tuple[str, str], tmp_path: Path
) -> None:
    path, text = points
    script = "shop-manage db upgrade\n"

    assert found(tmp_path, {**FRONT, "run.sh": script, "start.py": "", path: text}) == [
        ("IL102", 1)
    ]
    other = text.replace("shop.cli", "other.cli")
    assert found(tmp_path, {**FRONT, "run.sh": script, "start.py": "", path: other}) == []


@pytest.mark.parametrize("app", ["from shop.own import Migrate\n", "import flask\n"])
def test_a_command_of_the_same_words_may_be_any(app: str, tmp_path: Path) -> None:
    assert found(tmp_path, {**FRONT, "shop/app.py": app}) == []


@pytest.mark.parametrize("text", ["git commit --no-verify\n", "pre-commit run || true\n"])
def test_a_repository_without_interlock_has_nothing_to_switch_off(
    text: str, tmp_path: Path
) -> None:
    assert found(tmp_path, {"x.sh": text}, contract=False) == []


CONDITIONAL = {
    'set -e\n[ -n "$FAST" ] || interlock check\ninterlock deploy production\n': ["check"],
    "set -e\ninterlock verify x\n"
    'if [ -z "$SKIP" ]; then interlock backup; fi\ninterlock migrate\n': ["backup"],
    'set -e\ncopy() { [ -n "$FAST" ] && return 0; interlock backup; }\n'
    "interlock verify x\ncopy\ninterlock migrate\n": ["backup"],
    "set -e\nfor one in $TARGETS; do interlock verify $one; done\n"
    "interlock backup\ninterlock migrate\n": ["verify"],
    'case "$1" in all) interlock verify x; interlock backup;; esac\ninterlock migrate\n': [
        "verify",
        "backup",
    ],
    "set -e\ninterlock verify x\ninterlock backup\ninterlock migrate\n": [],
    "interlock verify x && interlock backup && interlock migrate\n": [],
    "case $1 in check) interlock check;; deploy) interlock deploy x;; esac\n": [],
    "if interlock verify x; then interlock backup && interlock migrate; else exit 1; fi\n": [],
    'if [ "$1" = go ]; then interlock verify x; interlock backup; interlock migrate; fi\n': [],
}


@pytest.mark.parametrize(("text", "unsure"), CONDITIONAL.items())
def test_a_step_is_sure_where_no_later_one_can_do_without_it(text: str, unsure: list[str]) -> None:
    found = read_document(Source("x.sh", "document", text.encode(), b""))

    ran = [one for unit in found.units for stage in unit.stages for one in stage.ran]
    assert [one.step for one in ran if not one.sure] == unsure


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".envrc": "export CI=true\n"}, [("IL304", 1)]),
        ({".envrc": "export LANG=C\n"}, []),
        ({"Dockerfile": "FROM shop\nCOPY old/ /app/.interlock/\n"}, [("IL304", 2)]),
        (
            {
                "lefthook.yml": "pre-commit:\n  jobs:\n    - run: interlock check\n"
                "      skip:\n        - merge\n        - run: test -n $FAST\n"
            },
            [("IL301", 6)],
        ),
        (
            {
                ".github/workflows/x.yml": "env: {SKIP: proof}\njobs:\n  a:\n    runs-on: x\n"
                "    steps:\n      - uses: pre-commit/action@v3\n"
            },
            [("IL306", 6)],
        ),
        (
            {
                ".vscode/tasks.json": '{"tasks": [{"command": "interlock deploy",\n'
                ' "options": {"env": {"CI": "true"}}}]}\n'
            },
            [("IL304", 1)],
        ),
        ({".husky/pre-push": "interlock check\nnpm test\n"}, []),
    ],
)
def test_a_switch_in_a_file_of_its_own(
    files: dict[str, str], expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    assert found(tmp_path, {".pre-commit-config.yaml": HOOKS, **files}) == expected


def test_what_a_platform_sets_for_all_it_starts_is_set_for_the_release(tmp_path: Path) -> None:
    text = '[env]\nCI = "true"\n[deploy]\nrelease_command = "interlock deploy production"\n'
    assert found(tmp_path, {"fly.toml": text}) == [("IL304", 4)]
    assert found(tmp_path, {"fly.toml": text.replace("CI", "PORT")}) == []
