"""The contract: what it declares, and how each mistake in it is answered."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contract import (
    Contract,
    ContractError,
    Database,
    Trust,
    load_contract,
    parse_contract,
)
from interlock.toml_lines import key_lines

FULL = b"""\
[project]
name = "shop"

[tool.interlock]
deploy-module = "shop.deploy"
engine-factory = ["shop.db:make_engine", "shop.db:Pool.open", "shop.raw"]
migrations = ["migrations/", "./other", "shop:db/versions", "shop:db:more"]
test-paths = ["tests"]
dynamic-modules = "shop.plugins"
environment-variable = "SHOP_ENV"

[tool.interlock.databases.development]
urls = ["sqlite:///*", "postgresql://localhost/shop_*"]
protected = false

[tool.interlock.databases.production]
urls = "postgresql://*.db.example.com/shop"
alembic = "alembic.ini:production"

[tool.interlock.trust]
keys = ["ed25519:MCowBQYDK2VwAyEA"]
signing-key = "file:/run/secrets/interlock"
"""


def test_every_key_is_read() -> None:
    contract = parse_contract("pyproject.toml", FULL)

    assert contract == Contract(
        deploy_module=("shop.deploy",),
        engine_factory=("shop.db:make_engine", "shop.db:Pool.open", "shop.raw"),
        migrations=("migrations", "other", "shop:db/versions", "shop:db/more"),
        test_paths=("tests",),
        dynamic_modules=("shop.plugins",),
        environment_variable="SHOP_ENV",
        databases={
            "development": Database(
                urls=("sqlite:///*", "postgresql://localhost/shop_*"), protected=False
            ),
            "production": Database(
                urls=("postgresql://*.db.example.com/shop",), alembic="alembic.ini:production"
            ),
        },
        trust=Trust(keys=("ed25519:MCowBQYDK2VwAyEA",), signing_key="file:/run/secrets/interlock"),
    )


def test_interlock_toml_holds_the_same_keys_without_a_prefix() -> None:
    tables = FULL.partition(b"[tool.interlock]\n")[2].replace(b"[tool.interlock.", b"[")

    contract = parse_contract("interlock.toml", tables)

    assert contract == parse_contract("pyproject.toml", FULL)


def test_a_repository_that_declares_nothing_is_granted_nothing() -> None:
    contract, filename = load_contract(lambda _: None)

    assert filename is None
    assert contract == Contract()
    assert not any(
        [
            *(contract.deploy_module, contract.engine_factory, contract.test_paths),
            *(contract.dynamic_modules, contract.databases, contract.trust.keys),
        ]
    )


def test_a_database_is_protected_unless_the_contract_says_otherwise() -> None:
    assert Database(urls=("sqlite:///*",)).protected


@pytest.mark.parametrize(
    ("files", "filename"),
    [
        ({"pyproject.toml": b"[project]\n"}, None),
        ({"pyproject.toml": b"[tool.ruff]\n"}, None),
        ({"pyproject.toml": b"[tool.interlock]\n"}, "pyproject.toml"),
        ({"interlock.toml": b""}, "interlock.toml"),
        ({"pyproject.toml": b"[project]\n", "interlock.toml": b""}, "interlock.toml"),
    ],
)
def test_the_file_that_declares_the_contract_is_named(
    files: dict[str, bytes], filename: str | None
) -> None:
    assert load_contract(files.get) == (Contract(), filename)


def test_a_contract_declared_twice_is_refused() -> None:
    files = {"pyproject.toml": b"[tool.interlock]\n", "interlock.toml": b""}

    with pytest.raises(ContractError, match=r"declared twice, here and in pyproject\.toml"):
        load_contract(files.get)


HEAD = "[tool.interlock]\n"
MISTAKES = {
    "misspelt key": (
        HEAD + '\n\ndeploy_module = "shop.deploy"',
        'pyproject.toml:4: unknown key "deploy_module": did you mean "deploy-module"?',
    ),
    "key that looks like a switch": (
        HEAD + "enabled = false",
        'pyproject.toml:2: unknown key "enabled": the keys here are deploy-module,'
        " engine-factory, migrations, test-paths, dynamic-modules, environment-variable,"
        " databases, trust",
    ),
    "control characters in a key": (
        HEAD + '"a\\u001b[2Jb" = 1',
        'pyproject.toml:2: unknown key "a\\x1b[2Jb": the keys here are deploy-module,'
        " engine-factory, migrations, test-paths, dynamic-modules, environment-variable,"
        " databases, trust",
    ),
    "misspelt key of a database": (
        HEAD + "[tool.interlock.databases.dev]\nurls = ['sqlite:///*']\nprotect = false",
        'pyproject.toml:4: unknown key "protect": did you mean "protected"?',
    ),
    "number for a name": (
        HEAD + "deploy-module = 3",
        'pyproject.toml:2: "deploy-module" is an integer: write a module name, or a list of them',
    ),
    "number in a list": (
        HEAD + 'deploy-module = [\n  "shop.deploy",\n  # "x",\n  true,\n]',
        'pyproject.toml:5: "deploy-module" holds a boolean: write a module name, or a list of them',
    ),
    "path for a module": (
        HEAD + 'deploy-module = "shop/deploy.py"',
        'pyproject.toml:2: "deploy-module" holds "shop/deploy.py", which is not a module name:'
        ' write it as Python imports it, such as "shop.deploy"',
    ),
    "pattern for a module": (
        HEAD + 'deploy-module = "shop.*"',
        'pyproject.toml:2: "deploy-module" holds "shop.*", which is not a module name:'
        ' write one name as Python imports it, such as "shop.deploy"',
    ),
    "empty module name": (
        HEAD + 'dynamic-modules = [""]',
        'pyproject.toml:2: "dynamic-modules" holds "", which is not a module name:'
        ' write one name as Python imports it, such as "shop.deploy"',
    ),
    "factory without a function": (
        HEAD + 'engine-factory = "shop.db:"',
        'pyproject.toml:2: "engine-factory" holds "shop.db:", which names no factory:'
        ' write "module:function", "module:Class.method" or "module"',
    ),
    "test path that is everything": (
        HEAD + 'test-paths = "."',
        'pyproject.toml:2: "test-paths" holds ".", which is the whole repository:'
        " write one folder or file below the root of the repository",
    ),
    "test path that is everything, in disguise": (
        HEAD + 'test-paths = [".//./"]',
        'pyproject.toml:2: "test-paths" holds ".//./", which is the whole repository:'
        " write one folder or file below the root of the repository",
    ),
    "empty test path": (
        HEAD + 'test-paths = ["tests", ""]',
        'pyproject.toml:2: "test-paths" holds "", which is the whole repository:'
        " write one folder or file below the root of the repository",
    ),
    "test path as a pattern": (
        HEAD + 'test-paths = ["**"]',
        'pyproject.toml:2: "test-paths" holds "**", which is a pattern:'
        " write one folder or file below the root of the repository",
    ),
    "test path outside": (
        HEAD + 'test-paths = [\n  "tests",\n  "tests/../../other",\n]',
        'pyproject.toml:4: "test-paths" holds "tests/../../other", which contains "..":'
        " write one folder or file below the root of the repository",
    ),
    "absolute migrations": (
        HEAD + 'migrations = "/srv/migrations"',
        'pyproject.toml:2: "migrations" holds "/srv/migrations", which is absolute:'
        " write one folder or file below the root of the repository",
    ),
    "migrations on a drive": (
        HEAD + 'migrations = "C:/migrations"',
        'pyproject.toml:2: "migrations" holds "C:/migrations",'
        " which is a Windows path (here the separator is / everywhere):"
        " write one folder or file below the root of the repository",
    ),
    "migrations above their package": (
        HEAD + 'migrations = "shop:../other"',
        'pyproject.toml:2: "migrations" holds "shop:../other", which names no folder:'
        ' write "folder/below/the/root" or "package:folder"',
    ),
    "variable with a space": (
        HEAD + 'environment-variable = "APP ENV"',
        'pyproject.toml:2: "environment-variable" is "APP ENV",'
        " which names no environment variable:"
        ' write letters, digits and underscores, such as "APP_ENV"',
    ),
    "protected as text": (
        HEAD + '[tool.interlock.databases.dev]\nurls = ["sqlite:///*"]\nprotected = "false"',
        'pyproject.toml:4: "protected" is a string: write true, or false without quotes',
    ),
    "database without urls": (
        HEAD + "[tool.interlock.databases.dev]\nprotected = false",
        'pyproject.toml:2: database "dev" has no urls:'
        ' list them, such as urls = ["postgresql://*.db.example.com/shop"]',
    ),
    "pattern for every URL": (
        HEAD + '[tool.interlock.databases.dev]\nurls = ["*"]\nprotected = false',
        'pyproject.toml:3: "urls" holds a text that is not a URL:'
        ' write it such as "postgresql://localhost/shop_*"',
    ),
    "private key": (
        HEAD + '[tool.interlock.trust]\nkeys = ["-----BEGIN PRIVATE KEY-----"]',
        'pyproject.toml:3: "keys" holds a text that is not a public key:'
        ' write it as "ed25519:" and the key',
    ),
    "table that is none": (
        "tool.interlock = 1",
        'pyproject.toml:1: "interlock" is an integer: write a table',
    ),
    "several tables": (
        "[[tool.interlock]]\n",
        'pyproject.toml:1: "interlock" is a list: write a table',
    ),
    "inline table": (
        "[tool]\n\ninterlock = { deploy-module = 3 }",
        'pyproject.toml:3: "deploy-module" is an integer: write a module name, or a list of them',
    ),
}


@pytest.mark.parametrize(("text", "answer"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_its_line_and_a_remedy(text: str, answer: str) -> None:
    with pytest.raises(ContractError) as error:
        parse_contract("pyproject.toml", text.encode())

    assert str(error.value) == answer


UNREADABLE = {
    "not UTF-8": (b'[tool.interlock]\nname = "\xff"', 2, "byte 0xff is not UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf[tool.interlock]\n", 1, "the file begins with a byte"),
    "UTF-16": ("[tool.interlock]".encode("utf-16"), 1, "byte 0xff is not UTF-8"),
    "not TOML": (b"[tool.interlock]\n\ndeploy-module =\n", 3, "not valid TOML"),
    "unfinished": (b'[tool.interlock]\nmigrations = ["a",\n\n\n', 2, "not valid TOML"),
    "key given twice": (b"[tool.interlock]\n[tool.interlock]\n", 2, "not valid TOML"),
    "nested very deeply": (b"deep = " + b"[" * 100_000, 1, ""),
    "endless number": (b"number = " + b"9" * 10_000, 1, "not valid TOML"),
}


@pytest.mark.parametrize(("data", "line", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_an_error_and_no_silence(
    data: bytes, line: int, message: str
) -> None:
    with pytest.raises(ContractError) as error:
        load_contract({"pyproject.toml": data}.get)

    assert error.value.filename == "pyproject.toml"
    assert error.value.line == line
    assert error.value.message.startswith(message)
    assert error.value.remedy


def test_an_error_shows_no_url_and_no_key() -> None:
    for text in (
        HEAD + 'databases.dev.urls = ["secret-password"]',
        HEAD + 'trust.keys = ["secret-password"]',
    ):
        with pytest.raises(ContractError) as error:
            parse_contract("pyproject.toml", text.encode())

        assert "secret" not in str(error.value)


def test_lines_are_found_whatever_stands_between() -> None:
    text = "\n".join(
        [
            '"quoted.key" = """',
            "[not.a.table]",
            r'x = 1 \""" more',
            '"""',
            "literal = ' # [no comment] '",
            "lines = [ # ]",
            '  "one, two", # three,',
            "  [1,",
            "   2],",
            '  { x = "}" }, 4',
            "]",
            '[ a . "b" ] # [c]',
            "c.d = 1",
            "[[many]]",
            "e = 2\r",
            "",
        ]
    )
    tomllib.loads(text)

    lines = key_lines(text)

    assert lines == {
        ("quoted.key",): 1,
        ("literal",): 5,
        ("lines",): 6,
        ("lines", 0): 7,
        ("lines", 1): 8,
        ("lines", 2): 10,
        ("lines", 3): 10,
        ("a", "b"): 12,
        ("a", "b", "c"): 13,
        ("a", "b", "c", "d"): 13,
        ("many",): 14,
        ("many", "e"): 15,
    }


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(), min_size=1)
)
def test_every_key_of_a_flat_document_is_found_on_its_line(table: dict[str, int]) -> None:
    names = list(table)
    text = "\n".join(f"{_quoted(name)} = {table[name]}" for name in names)
    assert tomllib.loads(text) == table

    lines = key_lines(text)

    assert lines == {(name,): number for number, name in enumerate(names, 1)}


def _quoted(name: str) -> str:
    return '"' + "".join(f"\\U{ord(sign):08x}" for sign in name) + '"'


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tail: bytes) -> None:
    data = b"[tool.interlock]\n" + tail

    assert isinstance(_answer(data), Contract | ContractError)


def _answer(data: bytes) -> Contract | ContractError | None:
    try:
        return parse_contract("pyproject.toml", data)
    except ContractError as error:
        return error


def test_importing_interlock_imports_nothing_heavy() -> None:
    program = (
        "import sys, interlock; "
        "print(sorted({'sqlalchemy', 'alembic', 'libcst', 'msgspec', 'click'} & set(sys.modules)))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert shown.stdout == "[]\n"
