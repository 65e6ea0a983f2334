"""What a repository declares: `[tool.interlock]` in pyproject.toml, or the same in interlock.toml.

Nothing here reads the environment, and every key that is left out grants nothing.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from interlock.contract_values import (
    ContractError,
    Place,
    alembic_section,
    environment,
    factories,
    key_source,
    kind_of,
    locations,
    modules,
    paths,
    public_key,
    strings,
    url,
    variable,
)

__all__ = [
    "INTERLOCK",
    "PYPROJECT",
    "Contract",
    "ContractError",
    "Database",
    "Trust",
    "load_contract",
    "parse_contract",
]

PYPROJECT = "pyproject.toml"
INTERLOCK = "interlock.toml"


class Database(msgspec.Struct, frozen=True, rename="kebab"):
    """
    A database by its URLs, in which `*` stands for any text.

    Attributes:
        alembic: The Alembic configuration that migrates it, `file.ini` or `file.ini:section`.
        environments: Where the guarded factory may connect to it; its own name where none is given.
    """

    urls: tuple[str, ...]
    protected: bool = True
    alembic: str = "alembic.ini"
    environments: tuple[str, ...] = ()


class Trust(msgspec.Struct, frozen=True, rename="kebab"):
    """
    Whose receipts count.

    Attributes:
        keys: Public keys, as `ed25519:...`.
        signing_key: Where CI finds the private key: `env:NAME`, `file:PATH` or `fd:NUMBER`.
    """

    keys: tuple[str, ...] = ()
    signing_key: str = "env:INTERLOCK_SIGNING_KEY"


class Contract(msgspec.Struct, frozen=True, rename="kebab"):
    """
    A declared contract; the default is that of a repository which declares nothing.

    Attributes:
        deploy_module: Dotted names of the modules that may invoke migrations.
        engine_factory: `module`, `module:function` or `module:Class.method`.
        migrations: Folders from the root of the repository, or `package:folder/below/it`;
            None where Alembic's own configuration says it.
        test_paths: Folders or files from the root of the repository.
        dynamic_modules: Dotted names of the modules that may import by a computed name.
    """

    deploy_module: tuple[str, ...] = ()
    engine_factory: tuple[str, ...] = ()
    migrations: tuple[str, ...] | None = None
    test_paths: tuple[str, ...] = ()
    dynamic_modules: tuple[str, ...] = ()
    environment_variable: str = "APP_ENV"
    databases: dict[str, Database] = {}
    trust: Trust = Trust()


def load_contract(read: Callable[[str], bytes | None]) -> tuple[Contract, str | None]:
    """
    Find the contract of a repository.

    Args:
        read: Returns the bytes of a file at the root of the repository, None where there is none.

    Returns:
        The contract and the name of the file that declares it; the default and None where
        no file does.

    Raises:
        ContractError: A contract is malformed, or two files declare one.
    """
    declared: list[tuple[Contract, str]] = []
    for filename in PYPROJECT, INTERLOCK:
        data = read(filename)
        contract = None if data is None else parse_contract(filename, data)
        if contract is not None:
            declared.append((contract, filename))
    if len(declared) > 1:
        raise ContractError(
            INTERLOCK,
            1,
            f"the contract is declared twice, here and in {PYPROJECT}",
            "keep one of the two",
        )
    return declared[0] if declared else (Contract(), None)


def parse_contract(filename: str, data: bytes) -> Contract | None:
    """
    Read one file.

    Args:
        filename: Its last part decides where the keys stand: below `[tool.interlock]` in
            pyproject.toml, at the top in any other file.
        data: What the file holds.

    Returns:
        None where pyproject.toml has no table `[tool.interlock]`.

    Raises:
        ContractError: The first mistake, with file and line.
    """
    text = _decode(filename, data)
    document = _parse(filename, text)
    prefix: tuple[str, ...] = ()
    table: object = document
    if PurePosixPath(filename).name == PYPROJECT:
        prefix = ("tool", "interlock")
        for depth, name in enumerate(prefix):
            if not isinstance(table, dict):
                place = Place(filename, text, prefix[:depth])
                raise place.error(f'"{place.name}" is {kind_of(table)}', "write a table")
            if name not in table:
                return None
            table = table[name]
    return _contract(Place(filename, text, prefix), table)


# --- the file -------------------------------------------------------------------------------


def _decode(filename: str, data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        raise ContractError(
            filename, 1, "the file begins with a byte order mark", "save it as UTF-8 without one"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise ContractError(
            filename, line, f"byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8"
        ) from error


def _parse(filename: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        reason = str(error)
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", reason)
        line = text.count("\n", 0, len(text.rstrip())) + 1
        if place:
            reason = reason[: place.start()]
            line = int(place[1] or line)
        raise ContractError(
            filename, line, f"not valid TOML ({reason})", "correct it as https://toml.io describes"
        ) from error
    except RecursionError as error:
        raise ContractError(
            filename, 1, "the TOML is nested too deeply to be read", "write flat tables and lists"
        ) from error


# --- the keys -------------------------------------------------------------------------------


def _contract(place: Place, value: object) -> Contract:
    table = _table(place, value, Contract)
    declared: dict[str, Any] = {}
    for key, read in _READERS.items():
        if key in table:
            declared[key.replace("-", "_")] = read(place / key, table[key])
    return Contract(**declared)


def _databases(place: Place, value: object) -> dict[str, Database]:
    if not isinstance(value, dict):
        raise place.error(
            f'"{place.name}" is {kind_of(value)}', "write one table a database, with its urls"
        )
    return {name: _database(place / name, entry) for name, entry in value.items()}


def _database(place: Place, value: object) -> Database:
    table = _table(place, value, Database)
    if not table.get("urls"):
        raise place.error(
            f'database "{place.name}" has no urls',
            'list them, such as urls = ["postgresql://*.db.example.com/shop"]',
        )
    urls = strings(place / "urls", table["urls"], "a URL", url)
    protected = table.get("protected", True)
    if not isinstance(protected, bool):
        raise (place / "protected").error(
            f'"protected" is {kind_of(protected)}', "write true, or false without quotes"
        )
    environments = strings(
        place / "environments", table.get("environments", []), "an environment", environment
    )
    database = Database(urls=urls, protected=protected, environments=environments)
    if "alembic" in table:
        ini = alembic_section(place / "alembic", table["alembic"])
        database = msgspec.structs.replace(database, alembic=ini)
    return database


def _trust(place: Place, value: object) -> Trust:
    table = _table(place, value, Trust)
    trust = Trust(keys=strings(place / "keys", table.get("keys", []), "a public key", public_key))
    if "signing-key" in table:
        source = key_source(place / "signing-key", table["signing-key"])
        trust = msgspec.structs.replace(trust, signing_key=source)
    return trust


def _table(place: Place, value: object, shape: type[msgspec.Struct]) -> Mapping[str, Any]:
    """Return the table if it is one, and holds no key that its shape does not have."""
    if not isinstance(value, dict):
        raise place.error(f'"{place.name}" is {kind_of(value)}', "write a table")
    known = shape.__struct_encode_fields__
    for key in value:
        if key not in known:
            raise (place / key).error(f'unknown key "{key}"', _unknown(place, key, known))
    return value


def _unknown(place: Place, key: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    if close := get_close_matches(key.replace("_", "-").lower(), known, n=1):
        return f'did you mean "{close[0]}"?'
    if key == "tool" and not place.path:
        return "in this file the keys stand at the top, without [tool.interlock]"
    return f"the keys here are {', '.join(known)}"


_READERS: dict[str, Callable[[Place, object], object]] = {
    "deploy-module": modules,
    "engine-factory": factories,
    "migrations": locations,
    "test-paths": paths,
    "dynamic-modules": modules,
    "environment-variable": variable,
    "databases": _databases,
    "trust": _trust,
}
