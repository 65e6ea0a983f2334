"""Against a base: each loosening is its own finding, moving and tightening are silent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contract import Contract, Database, Trust
from interlock_checks.tree import WorkTree
from interlock_checks.weakening.compare import compare
from interlock_checks.weakening.grants import granted
from interlock_checks.weakening.patterns import is_within, may_meet

Files = dict[str, str]


def loosened(folder: Path, before: Files, after: Files) -> list[tuple[str, int, str]]:
    for name, files in ("before", before), ("after", after):
        (folder / name).mkdir()
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text, encoding="utf-8")
    found, _ = compare(WorkTree(folder / "before"), WorkTree(folder / "after"))
    return [(one.path, one.row, one.message) for one in found]


# --- the contract ---------------------------------------------------------------------------

DEVELOPMENT = """
[databases.development]
urls = ["postgresql://localhost/shop_*"]
protected = false
"""
PRODUCTION = """
[databases.production]
urls = ["postgresql://*.db.example.com/shop"]
"""

# Before, after, and for each finding its row and words of its message.
CONTRACTS: dict[str, tuple[str, str, dict[int, tuple[str, ...]]]] = {
    "a deploy module beside the first": (
        'deploy-module = "shop.deploy"',
        'deploy-module = [\n  "shop.deploy",\n  "shop.admin",\n]',
        {3: ("`deploy-module`", "`shop.admin`", "`shop.deploy`")},
    ),
    "another deploy module instead": (
        'deploy-module = "shop.deploy"',
        'deploy-module = "shop.admin"',
        {1: ("`shop.admin`", "`shop.deploy`")},
    ),
    "an environment more": (
        '[databases.live]\nurls = ["postgresql://db/shop"]',
        '[databases.live]\nurls = ["postgresql://db/shop"]\nenvironments = ["live", "test"]',
        {3: ("`live` may be connected to in `test`", "at the base in `live`")},
    ),
    "an environment through another name": (
        '[databases.live]\nurls = ["postgresql://db/shop"]',
        '[databases.development]\nurls = ["postgresql://db/shop"]',
        {1: ("`development` may be connected to in `development`", "at the base in `live`")},
    ),
    "an environment less": (
        '[databases.live]\nurls = ["postgresql://db/s"]\nenvironments = ["live", "test"]',
        '[databases.live]\nurls = ["postgresql://db/s"]\nenvironments = ["live"]',
        {},
    ),
    "a deploy module where there was none": (
        'test-paths = "tests"',
        'test-paths = "tests"\ndeploy-module = "shop.deploy"',
        {2: ("`shop.deploy`", "the base grants none")},
    ),
    "a class instead of its method": (
        'engine-factory = "shop.db:Engines.make"',
        'engine-factory = "shop.db:Engines"',
        {1: ("`shop.db:Engines`", "`shop.db:Engines.make`")},
    ),
    "a module instead of its class": (
        'engine-factory = "shop.db:Engines"',
        'engine-factory = "shop.db"',
        {1: ("`shop.db`", "`shop.db:Engines`")},
    ),
    "a factory whose name begins like the other": (
        'engine-factory = "shop.db:make"',
        'engine-factory = "shop.db:make_all"',
        {1: ("`shop.db:make_all`",)},
    ),
    "a package instead of its module": (
        'engine-factory = "shop.db"',
        'engine-factory = "shop"',
        {1: ("`shop`",)},
    ),
    "a home of migrations": (
        'migrations = "migrations"',
        'migrations = ["migrations", "tools"]',
        {1: ("`migrations`", "`tools`")},
    ),
    "a wider home of migrations": (
        'migrations = "server/migrations"',
        'migrations = "server"',
        {1: ("`server`", "`server/migrations`")},
    ),
    "a test path above the first": (
        'test-paths = "shop/tests"',
        'test-paths = "shop"',
        {1: ("`test-paths`", "`shop`", "`shop/tests`")},
    ),
    "a test path that begins like the other": (
        'test-paths = "test"',
        'test-paths = "tests"',
        {1: ("`tests`",)},
    ),
    "a dynamic module": (
        "",
        'dynamic-modules = ["shop.plugins"]',
        {1: ("`dynamic-modules`", "`shop.plugins`")},
    ),
    "another environment variable": (
        'environment-variable = "SHOP_ENV"',
        "",
        {1: ("`APP_ENV`", "`SHOP_ENV`")},
    ),
    "a trusted key": (
        '[trust]\nkeys = ["ed25519:one"]',
        '[trust]\nkeys = [\n  "ed25519:one",\n  "ed25519:two",\n]',
        {4: ("`ed25519:two`",)},
    ),
    "another place of the private key": (
        '[trust]\nkeys = "ed25519:one"\nsigning-key = "env:DEPLOY_KEY"',
        '[trust]\nkeys = "ed25519:one"\nsigning-key = "file:/home/ann/deploy.key"',
        {3: ("`trust.signing-key`", "`file:/home/ann/deploy.key`", "`env:DEPLOY_KEY`")},
    ),
    "the usual place of the private key again": (
        '[trust]\nkeys = "ed25519:one"\nsigning-key = "env:DEPLOY_KEY"',
        '[trust]\nkeys = "ed25519:one"',
        {1: ("`env:INTERLOCK_SIGNING_KEY`",)},
    ),
    "another configuration of Alembic": (
        PRODUCTION,
        PRODUCTION + 'alembic = "quick.ini"',
        {4: ("`production` is migrated by `quick.ini`", "at the base by `alembic.ini`")},
    ),
    "another section of it, and another name of the database": (
        PRODUCTION + 'alembic = "alembic.ini:live"',
        PRODUCTION.replace("production", "live") + 'alembic = "alembic.ini:quick"',
        {4: ("`live` is migrated by `alembic.ini:quick`", "`alembic.ini:live`")},
    ),
    "a database without its protection": (
        PRODUCTION,
        PRODUCTION + "protected = false",
        {4: ("`production`", "`protected = false`", "`protected = true`")},
    ),
    "a database without its protection and with more of them": (
        PRODUCTION,
        '[databases.production]\nprotected = false\nurls = ["postgresql://*/shop"]',
        {2: ("`protected = false`",), 3: ("`postgresql://*/shop`",)},
    ),
    "a pattern beside the first": (
        DEVELOPMENT,
        DEVELOPMENT.replace("]\np", ', "sqlite:///*"]\np'),
        {3: ("`sqlite:///*`", "`postgresql://localhost/shop_*`")},
    ),
    "a wider pattern": (
        DEVELOPMENT,
        DEVELOPMENT.replace("localhost/shop_*", "*/*"),
        {3: ("`postgresql://*/*`",)},
    ),
    "a pattern whose query leads elsewhere": (
        DEVELOPMENT,
        DEVELOPMENT.replace("shop_*", "shop_?host=*"),
        {3: ("`postgresql://localhost/shop_?host=*`",)},
    ),
    "a pattern whose host is only a user": (
        DEVELOPMENT.replace("localhost/shop_*", "localhost*"),
        DEVELOPMENT.replace("localhost/shop_*", "localhost:x/y@*/z"),
        {3: ("`postgresql://localhost:x/y@*/z`",)},
    ),
    "a pattern whose host ends earlier": (
        DEVELOPMENT.replace("localhost/shop_*", "db-*.internal/shop"),
        DEVELOPMENT.replace("localhost/shop_*", "db-1/x.internal/shop"),
        {3: ("`postgresql://db-1/x.internal/shop`",)},
    ),
    "an unprotected database": (
        DEVELOPMENT,
        DEVELOPMENT + DEVELOPMENT.replace("development", "preview"),
        {6: ("`preview`", "new")},
    ),
    "a protected database that is gone": (
        PRODUCTION + DEVELOPMENT,
        DEVELOPMENT,
        {1: ("`production`", "gone", "`postgresql://*.db.example.com/shop`")},
    ),
    "a protected address left to an unprotected database": (
        DEVELOPMENT + '[databases.live]\nurls = ["mysql://x/y", "postgresql://localhost/shop_1"]',
        DEVELOPMENT + '[databases.live]\nurls = ["mysql://x/y"]',
        {6: ("`live`", "`postgresql://localhost/shop_1`")},
    ),
    # Silent: moved, renamed, narrowed, taken away.
    "a place of a private key that nobody trusted": (
        '[trust]\nsigning-key = "env:ONE"',
        '[trust]\nsigning-key = "env:TWO"',
        {},
    ),
    "another configuration of an unprotected database": (
        DEVELOPMENT,
        DEVELOPMENT + 'alembic = "local.ini"',
        {},
    ),
    "the same in another order": (
        'deploy-module = ["a", "b"]\ntest-paths = ["tests"]',
        'test-paths = "tests/"\ndeploy-module = ["b", "a", "a"]',
        {},
    ),
    "fewer of each": (
        'deploy-module = ["a", "b"]\nengine-factory = "a"\ntest-paths = ["t"]\n'
        'dynamic-modules = ["a"]\nmigrations = "m"\n[trust]\nkeys = ["ed25519:one"]',
        'deploy-module = ["a"]\nengine-factory = "a:f"\ntest-paths = ["t/u"]\nmigrations = "m/v"',
        {},
    ),
    "a database that is protected now": (
        DEVELOPMENT,
        DEVELOPMENT.replace("false", "true"),
        {},
    ),
    "a narrower pattern": (
        DEVELOPMENT,
        DEVELOPMENT.replace("shop_*", "shop_*_test"),
        {},
    ),
    "an unprotected database that is gone": (PRODUCTION + DEVELOPMENT, PRODUCTION, {}),
    "a protected database more": (DEVELOPMENT, PRODUCTION + DEVELOPMENT, {}),
    "a protected database by another name": (
        PRODUCTION,
        PRODUCTION.replace("production", "live"),
        {},
    ),
    "a protected address that nothing else takes in": (
        DEVELOPMENT + '[databases.live]\nurls = ["mysql://x/y", "mysql://x/z"]',
        DEVELOPMENT + '[databases.live]\nurls = ["mysql://x/y"]',
        {},
    ),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_loosening_of_a_contract_stands_at_its_key(name: str, tmp_path: Path) -> None:
    before, after, expected = CONTRACTS[name]

    found = loosened(tmp_path, {"interlock.toml": before}, {"interlock.toml": after})

    assert {(path, row) for path, row, _ in found} == {("interlock.toml", row) for row in expected}
    assert len(found) == len(expected)
    for _, row, message in found:
        assert [part for part in expected[row] if part not in message] == []


def keys(shape: type[msgspec.Struct]) -> set[str]:
    return set(shape.__struct_encode_fields__)


def test_every_key_of_a_contract_is_judged(tmp_path: Path) -> None:
    named = {
        "deploy-module": ('deploy-module = "a"', 'deploy-module = "b"'),
        "engine-factory": ('engine-factory = "a:f"', 'engine-factory = "b:f"'),
        "migrations": ('migrations = "a"', 'migrations = "b"'),
        "test-paths": ('test-paths = "a"', 'test-paths = "b"'),
        "dynamic-modules": ('dynamic-modules = "a"', 'dynamic-modules = "b"'),
        "environment-variable": ('environment-variable = "A"', 'environment-variable = "B"'),
        "databases.urls": (DEVELOPMENT, DEVELOPMENT.replace("shop_*", "*")),
        "databases.protected": (PRODUCTION, f"{PRODUCTION}protected = false"),
        "databases.alembic": (PRODUCTION, f'{PRODUCTION}alembic = "b.ini"'),
        "databases.environments": (PRODUCTION, f'{PRODUCTION}environments = ["b"]'),
        "trust.keys": ('[trust]\nkeys = "ed25519:a"', '[trust]\nkeys = "ed25519:b"'),
        "trust.signing-key": (
            '[trust]\nkeys = "ed25519:a"\nsigning-key = "env:A"',
            '[trust]\nkeys = "ed25519:a"\nsigning-key = "env:B"',
        ),
    }
    tables: dict[str, type[msgspec.Struct]] = {"databases": Database, "trust": Trust}
    assert named.keys() == (keys(Contract) - tables.keys()) | {
        f"{table}.{key}" for table, shape in tables.items() for key in keys(shape)
    }

    for index, (key, (before, after)) in enumerate(named.items()):
        (tmp_path / str(index)).mkdir()
        files = {"interlock.toml": before}, {"interlock.toml": after}
        assert len(loosened(tmp_path / str(index), *files)) == 1, key


def test_a_configuration_that_moved_as_it_was_migrates_as_before(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = migrations\n"
    there = {"interlock.toml": f'{PRODUCTION}alembic = "db/alembic.ini"'}

    assert (
        loosened(
            tmp_path,
            {"interlock.toml": PRODUCTION, "alembic.ini": ini},
            {**there, "db/alembic.ini": ini},
        )
        == []
    )


HOME: Files = {"interlock.toml": 'deploy-module = "shop.deploy"\n'}
IN_PROJECT: Files = {"pyproject.toml": '[tool.interlock]\ndeploy-module = "shop.deploy"\n'}
BROKEN: Files = {"interlock.toml": "deploy-module = 1\n"}


def test_a_contract_that_moves_to_another_file_is_the_same(tmp_path: Path) -> None:
    assert loosened(tmp_path, HOME, IN_PROJECT) == []


def test_a_contract_that_is_gone_is_one_finding(tmp_path: Path) -> None:
    [(path, row, message)] = loosened(tmp_path, IN_PROJECT, {"pyproject.toml": ""})

    assert (path, row) == ("pyproject.toml", 1)
    assert "the contract is gone" in message


def test_a_first_contract_loosens_nothing_and_is_told(tmp_path: Path) -> None:
    for name, files in ("before", {}), ("after", HOME):
        (tmp_path / name).mkdir()
        for path, text in files.items():
            (tmp_path / name / path).write_text(text)

    assert compare(WorkTree(tmp_path / "before"), WorkTree(tmp_path / "after")) == ([], True)


def test_a_broken_contract_had_granted_nothing(tmp_path: Path) -> None:
    [(path, row, message)] = loosened(tmp_path, BROKEN, HOME)

    assert (path, row) == ("interlock.toml", 1)
    assert "`shop.deploy`" in message
    assert "the base grants none" in message


# --- the folders of migrations --------------------------------------------------------------

SCRIPTS: Files = {
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": "",
    "tools/env.py": "",
}


@pytest.mark.parametrize(
    ("after", "places"),
    [
        (HOME | SCRIPTS | {"alembic.ini": "[alembic]\nscript_location = tools\n"}, ["alembic.ini"]),
        (HOME | SCRIPTS | {"tools/script.py.mako": ""}, ["interlock.toml"]),
        (
            {"interlock.toml": f'{HOME["interlock.toml"]}migrations = "tools"\n'} | SCRIPTS,
            ["interlock.toml"],
        ),
        ({"interlock.toml": f'{HOME["interlock.toml"]}migrations = "migrations"\n'} | SCRIPTS, []),
        (HOME | SCRIPTS | {"migrations/versions/one.py": ""}, []),
    ],
    ids=["other ini", "flask-migrate", "declared", "declared the same", "one more script"],
)
def test_homes_of_migrations_are_compared_by_what_they_mean(
    after: Files, places: list[str], tmp_path: Path
) -> None:
    assert [path for path, _, _ in loosened(tmp_path, HOME | SCRIPTS, after)] == places


# --- clauses --------------------------------------------------------------------------------

CLAUSES = "# Contract\n\n## C1 One\n\ntext\n\n## C2 Two\n"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("## C1 One\n", ["C2"]),
        ("## C1 One\n\nC2 and what follows\n<!-- ## C3 Three -->\n", []),
        ("## C1 One\n<!--\n## C2 Two\n-->\n", ["C2"]),
        ("## C1 One\n```\n## C2 Two\n```\n", ["C2"]),
        ("- **C2** two\n- **C1** one\n", []),
        ("| C1 | one |\n| C2 | two |\n", []),
        ("see C1 and C2\n", ["C1", "C2"]),
    ],
)
def test_a_clause_that_is_gone_is_reported(after: str, words: list[str], tmp_path: Path) -> None:
    found = loosened(tmp_path, {"CONTRACT.md": CLAUSES}, {"CONTRACT.md": after})

    assert [message.split(" is gone")[0] for _, _, message in found] == [
        f"clause {word}" for word in words
    ]


def test_all_clauses_go_with_their_file(tmp_path: Path) -> None:
    [(path, row, message)] = loosened(tmp_path, {"CONTRACT.md": CLAUSES}, {})

    assert (path, row) == ("CONTRACT.md", 1)
    assert "C1, C2" in message


# --- hooks ----------------------------------------------------------------------------------

HOOK = """\
repos:
  - repo: https://example.com/interlock
    rev: v1
    hooks:
      - id: interlock-check
"""
LOCAL = """\
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


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        (HOOK, "repos: []\n", [1]),
        (HOOK, HOOK.replace("interlock-check", "interlock-engines"), [1]),
        (HOOK.replace("interlock-check", "interlock-engines"), HOOK, []),
        (HOOK, f"{HOOK}        stages: [manual]\n", [5]),
        (HOOK, f"default_stages: [pre-push]\n{HOOK}", [6]),
        (f"{HOOK}        stages: [commit, push]\n", f"{HOOK}        stages: [pre-commit]\n", [5]),
        (f"{HOOK}        stages: [push]\n", f"{HOOK}        stages: [pre-push, manual]\n", []),
        (f"{HOOK}        stages: [push]\n", HOOK, []),
        (HOOK, f"{HOOK}        files: ^migrations/\n", [5]),
        (HOOK, f"{HOOK}        exclude: ^migrations/\n", [5]),
        (f"{HOOK}        exclude: ^a/|^b/\n", f"{HOOK}        exclude: ^b/\n", []),
        (f"{HOOK}        exclude: ^(a|b)/\n", f"{HOOK}        exclude: ^(a|c)/\n", [5]),
        (HOOK, f"{HOOK}        exclude: ^$\n", []),
        (HOOK, f"{HOOK}        always_run: false\n", [5]),
        (HOOK, f"{HOOK}        types: [python]\n", [5]),
        (HOOK, f"ci:\n  skip: [interlock-check]\n{HOOK}", [7]),
        (HOOK, HOOK.replace("example.com", "example.org"), [5]),
        (HOOK, HOOK.replace("v1", "v2"), []),
        (HOOK, f"exclude: ^docs/\nfail_fast: true\n{HOOK}", []),
        (HOOK, "# the same\n---\n" + HOOK.replace("- id", "- name: x\n        id"), []),
        (LOCAL, LOCAL.replace("interlock check", "echo interlock check"), [1]),
        (LOCAL, LOCAL.replace("interlock check", "uv run interlock check ."), []),
        (
            LOCAL.replace("id: proof", "id: interlock-x"),
            LOCAL.replace("id: proof", "id: interlock-x").replace("interlock check", "true"),
            [4],
        ),
        (HOOK, "repos: [\n", [1]),
        (HOOK, "a: &a [*a]\nrepos: *a\n", [1]),
        ("repos: [\n", HOOK, []),
    ],
)
def test_hooks_are_neither_dropped_nor_narrowed(
    before: str, after: str, rows: list[int], tmp_path: Path
) -> None:
    name = ".pre-commit-config.yaml"

    found = loosened(tmp_path, {name: before}, {name: after})

    assert [(path, row) for path, row, _ in found] == [(name, row) for row in rows]


def test_hooks_go_with_their_file(tmp_path: Path) -> None:
    found = loosened(tmp_path, {".pre-commit-config.yaml": HOOK}, {})

    assert [(path, row) for path, row, _ in found] == [(".pre-commit-config.yaml", 1)]


# --- pipelines ------------------------------------------------------------------------------

WORKFLOW = """\
on: push
jobs:
  proof:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: interlock check
        run: |
          pip install 'interlock[checks]'
          interlock check
"""
GITHUB = ".github/workflows/ci.yml"
GITLAB = ".gitlab-ci.yml"
DEPLOY = "deploy:\n  script:\n    - interlock verify production\n    - interlock backup\n"


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ({GITHUB: WORKFLOW}, {}, [(GITHUB, 1)]),
        ({GITHUB: WORKFLOW}, {GITHUB: "on: push\n"}, [(GITHUB, 1)]),
        ({GITHUB: WORKFLOW}, {GITHUB: "jobs: [\n"}, [(GITHUB, 1)]),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("  interlock check", "  echo interlock check")},
            [(GITHUB, 1)],
        ),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("  interlock check", "  ./announce interlock check")},
            [(GITHUB, 1)],
        ),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("  interlock check", "  # interlock check")},
            [(GITHUB, 1)],
        ),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: f"{WORKFLOW}        if: github.actor == 'x'\n"},
            [(GITHUB, 9)],
        ),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: f"{WORKFLOW}        continue-on-error: true\n"},
            [(GITHUB, 9)],
        ),
        ({GITHUB: f"{WORKFLOW}        if: false\n"}, {GITHUB: WORKFLOW}, []),
        ({GITHUB: WORKFLOW}, {GITHUB: f"{WORKFLOW}        if: false\n"}, [(GITHUB, 9)]),
        ({GITHUB: WORKFLOW}, {GITHUB: f"{WORKFLOW}        continue-on-error: false\n"}, []),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("on: push", "on: workflow_dispatch")},
            [(GITHUB, 9)],
        ),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("on: push", "on: {push: {paths: [docs/**]}}")},
            [(GITHUB, 9)],
        ),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("on: push", "on: {pull_request: , schedule: []}")},
            [],
        ),
        (
            {GITHUB: WORKFLOW.replace("check\n", "deploy production\n")},
            {
                GITHUB: WORKFLOW.replace("check\n", "deploy production\n").replace(
                    "on: push", "on: workflow_dispatch"
                )
            },
            [],
        ),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("  interlock check", "  interlock check docs")},
            [(GITHUB, 1)],
        ),
        (
            {GITHUB: WORKFLOW.replace("  interlock check", "  interlock check src")},
            {GITHUB: WORKFLOW},
            [],
        ),
        (
            {GITHUB: WORKFLOW.replace("actions/checkout@v4", "pre-commit/action@v3")},
            {GITHUB: WORKFLOW},
            [(GITHUB, 1)],
        ),
        (
            {GITLAB: "x:\n  script: interlock check\n"},
            {GITLAB: ".x:\n  script: interlock check\n"},
            [(GITLAB, 2)],
        ),
        (
            {GITLAB: "x:\n  script: interlock check\n"},
            {GITLAB: ".x:\n  script: interlock check\ny:\n  extends: .x\n"},
            [],
        ),
        (
            {".husky/pre-commit": "interlock check\n"},
            {".husky/pre-commit": "npx eslint\n"},
            [(".husky/pre-commit", 1)],
        ),
        ({GITHUB: WORKFLOW}, {GITHUB: WORKFLOW.replace("proof:", "interlock:")}, []),
        ({GITHUB: WORKFLOW}, {".github/workflows/lint.yaml": WORKFLOW}, []),
        ({GITHUB: WORKFLOW}, {"docs/ci.yml": WORKFLOW}, [(GITHUB, 1)]),
        (
            {GITHUB: WORKFLOW},
            {GITHUB: WORKFLOW.replace("interlock check\n", "python -m interlock check --base x\n")},
            [],
        ),
        ({GITLAB: DEPLOY}, {GITLAB: "deploy:\n  script: interlock deploy production\n"}, []),
        ({GITLAB: DEPLOY}, {GITLAB: "deploy:\n  script: interlock backup\n"}, [(GITLAB, 1)]),
        (
            {"Jenkinsfile": "sh 'interlock check'\n"},
            {"Jenkinsfile": "// sh 'interlock check'\n"},
            [("Jenkinsfile", 1)],
        ),
        (
            {GITLAB: "x:\n  script: pre-commit run --all-files\n"},
            {GITLAB: "x:\n  script: pre-commit run ruff\n"},
            [(GITLAB, 1)],
        ),
    ],
)
def test_steps_of_a_pipeline_are_neither_dropped_nor_made_conditional(
    before: Files, after: Files, places: list[tuple[str, int]], tmp_path: Path
) -> None:
    found = loosened(tmp_path, before, after)

    assert [(path, row) for path, row, _ in found] == places


@pytest.mark.parametrize(
    "hostile",
    [
        "x:\n  script: interlock check " + "${{ " * 100_000,
        "a: &a {<<: *a, if: *a, run: interlock}\n",
        "m0: &m0 {k: v}\n"
        + "".join(
            f"m{n}: &m{n} {{<<: [{'*m' + str(n - 1) + ', '}*m{n - 1}]}}\n" for n in range(1, 40)
        )
        + "x: {<<: *m39, run: interlock}",
        "a0: &a0 [x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
        + "x: {if: *a11, run: interlock}",
        "[" * 100_000 + "interlock",
        "interlock: " + "- " * 50_000,
    ],
    ids=["expressions", "itself", "merges", "conditions", "nested", "dashes"],
)
def test_a_hostile_pipeline_takes_no_time(hostile: str, tmp_path: Path) -> None:
    found = loosened(
        tmp_path, {GITHUB: WORKFLOW}, {GITHUB: hostile, "Jenkinsfile": "interlock/*" * 90_000}
    )

    assert len(found) <= 1


def test_aliases_that_multiply_take_no_time(tmp_path: Path) -> None:
    bomb = "a0: &a0 [interlock check]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))

    found = loosened(tmp_path, {GITHUB: WORKFLOW}, {GITHUB: bomb})

    assert [(path, row) for path, row, _ in found] == [(GITHUB, 1)]


# --- all contracts --------------------------------------------------------------------------

MODULES = st.lists(st.sampled_from(["a", "a.b", "b", "c"]), max_size=3).map(tuple)
FACTORIES = st.lists(st.sampled_from(["a", "a:f", "a:C", "a:C.m", "b"]), max_size=3).map(tuple)
PATHS = st.lists(st.sampled_from(["t", "t/u", "tu", "v"]), max_size=3).map(tuple)
PATTERN = st.text("ab/*", max_size=5).map(lambda text: f"s://{text}")
DATABASES = st.dictionaries(
    st.sampled_from(["development", "production"]),
    st.builds(
        Database, st.lists(PATTERN, min_size=1, max_size=2).map(tuple), protected=st.booleans()
    ),
    max_size=2,
)
ANY = st.builds(
    Contract,
    deploy_module=MODULES,
    engine_factory=FACTORIES,
    test_paths=PATHS,
    dynamic_modules=MODULES,
    environment_variable=st.sampled_from(["APP_ENV", "OTHER"]),
    databases=DATABASES,
    trust=st.builds(Trust, st.lists(st.sampled_from(["ed25519:1", "ed25519:2"])).map(tuple)),
)


@given(ANY)
def test_a_contract_is_no_weaker_than_itself(contract: Contract) -> None:
    assert granted(contract, contract) == []


@given(ANY, ANY, ANY)
def test_what_is_weaker_by_no_step_is_not_weaker_in_all(
    one: Contract, two: Contract, three: Contract
) -> None:
    if not granted(one, two) and not granted(two, three):
        lists = ("deploy-module", "engine-factory", "test-paths", "dynamic-modules", "trust")
        assert [g for g in granted(one, three) if g.key[0] in lists] == []


@given(ANY, ANY)
def test_what_a_contract_newly_allows_is_always_reported(before: Contract, after: Contract) -> None:
    keys = {grant.key[0] for grant in granted(before, after)}

    assert (set(after.deploy_module) <= set(before.deploy_module)) or "deploy-module" in keys
    assert (set(after.dynamic_modules) <= set(before.dynamic_modules)) or "dynamic-modules" in keys
    assert before.environment_variable == after.environment_variable or (
        "environment-variable" in keys
    )
    for path in "t", "t/u", "tu", "v", "t/u/x", "other":
        exempt = [
            any(f"{path}/".startswith(f"{one}/") for one in c.test_paths) for c in (before, after)
        ]
        assert exempt != [False, True] or "test-paths" in keys
    for name in "a:f", "a:C.m", "a:C.n", "a:g", "b:f":
        module, _, qualified = name.partition(":")
        home = [
            any(
                one == module or f"{module}:{qualified}.".startswith(f"{one}.")
                for one in c.engine_factory
            )
            for c in (before, after)
        ]
        assert home != [False, True] or "engine-factory" in keys


@given(ANY, ANY, st.text("ab/", max_size=5))
def test_an_address_that_becomes_unprotected_is_always_reported(
    before: Contract, after: Contract, rest: str
) -> None:
    def loose(contract: Contract) -> set[str]:
        return {
            name
            for name, one in contract.databases.items()
            if not one.protected and any(fits(f"s://{rest}", url) for url in one.urls)
        }

    if loose(after) - loose(before):
        assert "databases" in {grant.key[0] for grant in granted(before, after)}


def fits(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(fits(text[start:], pattern[1:]) for start in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and fits(text[1:], pattern[1:])


@given(PATTERN, PATTERN, st.text("ab/c", max_size=6).map(lambda text: f"s://{text}"))
def test_what_fits_the_narrower_pattern_fits_the_wider(narrow: str, wide: str, url: str) -> None:
    if is_within(narrow, wide) and fits(url, narrow):
        assert fits(url, wide)
    if fits(url, narrow) and fits(url, wide):
        assert may_meet(narrow, wide)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("s://a*", "s://*b", True),
        ("s://a*", "s://b*", False),
        ("s://*a", "s://*b", False),
        ("s://a", "s://a", True),
        ("s://a*c", "s://ab", False),
        ("s://**", "s://", True),
    ],
)
def test_patterns_meet_where_a_text_fits_both(one: str, other: str, meet: bool) -> None:
    assert may_meet(one, other) is may_meet(other, one) is meet


def test_long_patterns_take_no_time() -> None:
    assert not is_within("s://" + "a*" * 100_000, "s://" + "*a" * 100_000)
    assert not is_within("s://" + "ab" * 900, "s://" + "*ab" * 500 + "x")
    assert may_meet("s://" + "a*" * 100_000, "s://" + "*a" * 100_000)
