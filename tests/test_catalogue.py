"""The catalogue against the libraries themselves, as far as they are installed here."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from importlib import metadata
from types import ModuleType
from typing import Any

import pytest

from interlock_checks import catalogue
from interlock_checks.catalogue import Library, processes, reflection

# Other projects' warnings on import are not this project's.
pytestmark = pytest.mark.filterwarnings("ignore")

CODES = {"IL101", "IL103", "IL104", "IL201", "IL202"}
EACH_LIBRARY = pytest.mark.parametrize(
    "library", catalogue.LIBRARIES, ids=[library.name for library in catalogue.LIBRARIES]
)


def plain(name: str) -> str:
    found = re.fullmatch(r"(?:type|list|dict)\[(.+)\]", name)
    return found[1] if found else name


def roots(library: Library) -> set[str]:
    tables = (*library.sinks.values(), library.aliases, library.attributes, library.assumed)
    return {name.partition(".")[0] for names in tables for name in names}


def own(library: Library, names: Any) -> list[str]:
    """Of these names those that are the library's own and that its `version` has."""
    return [
        name
        for name in map(plain, names)
        if name.partition(".")[0] in roots(library)
        and name not in library.elsewhen
        and not foreign(name, roots(library))
    ]


def resolve(name: str) -> Any:
    """The object of a dotted name: the longest importable prefix, then its attributes."""
    words = name.split(".")
    module = importlib.import_module(words[0])
    found: Any = module
    for count, word in enumerate(words[1:], 2):
        if hasattr(found, word):
            found = getattr(found, word)
        else:
            found = below(".".join(words[: count - 1]), word)
    return found


def below(module: str, name: str) -> Any:
    """What `name` is in a module that may be hidden by its own function: `pexpect.run`."""
    whole = f"{module}.{name}"
    try:
        return importlib.import_module(whole)
    except ModuleNotFoundError as missing:
        if missing.name != whole:
            raise
        return getattr(importlib.import_module(module), name)


def exists(name: str) -> bool:
    """Whether the name is there, be it only as an annotated or slotted attribute."""
    try:
        resolve(name)
    except (AttributeError, ImportError):
        owner, _, attribute = name.rpartition(".")
        try:
            holder = resolve(owner)
        except (AttributeError, ImportError):
            return False
        if not inspect.isclass(holder):
            return False
        declared = re.compile(rf"\b{attribute}\b\s*[:=]")
        above = [at for at in holder.__mro__ if at.__module__ not in {"builtins", "typing"}]
        return any(declared.search(inspect.getsource(at)) for at in above)
    return True


def foreign(name: str, at_home: set[str]) -> bool:
    """Whether the name lies in a module that needs a distribution which is not here."""
    try:
        resolve(name)
    except ModuleNotFoundError as missing:
        return (missing.name or "").partition(".")[0] not in at_home
    except (AttributeError, ImportError):
        return False
    return False


def numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def installed(library: Library) -> None:
    """Skip where the library is not here, or older than the version that was read."""
    try:
        found = metadata.version(library.name)
    except metadata.PackageNotFoundError:
        found = library.version
    if numbers(found) < numbers(library.version):
        pytest.skip(f"{library.name} {found} is older than the {library.version} that was read")
    for root in sorted(roots(library)):
        pytest.importorskip(root, reason=f"{library.name} is not here", exc_type=ImportError)


@EACH_LIBRARY
def test_every_name_exists_in_the_installed_library(library: Library) -> None:
    installed(library)
    names = [
        *(name for code in library.sinks.values() for name in code),
        *library.aliases,
        *library.aliases.values(),
        *library.returns,
        *library.returns.values(),
        *library.attributes,
        *library.attributes.values(),
        *library.bases,
        *library.bases.values(),
        *library.assumed,
        *library.harmless,
    ]

    assert [name for name in own(library, names) if not exists(name)] == []


@EACH_LIBRARY
def test_an_alias_is_the_same_object(library: Library) -> None:
    installed(library)

    different = []
    for name in own(library, library.aliases):
        target = library.aliases[name]
        if target.partition(".")[0] not in roots(library):
            continue
        one, other = resolve(name), resolve(target)
        if isinstance(one, ModuleType):
            # The members that the catalogue knows are the same, in those modules that have them.
            known = {
                sink[len(target) + 1 :].partition(".")[0]
                for sinks in library.sinks.values()
                for sink in sinks
                if sink.startswith(f"{target}.")
            }
            shared = [member for member in known if hasattr(one, member)]
            if not shared or any(getattr(one, at) is not getattr(other, at) for at in shared):
                different.append(name)
        elif one is not other and one != other:
            different.append(name)

    assert different == []


@EACH_LIBRARY
def test_a_base_is_above_its_class(library: Library) -> None:
    installed(library)

    wrong = [
        (name, base)
        for name, base in library.bases.items()
        if name in own(library, [name]) and not issubclass(resolve(name), resolve(base))
    ]

    assert wrong == []


@EACH_LIBRARY
def test_the_position_of_sql_is_that_of_the_signature(library: Library) -> None:
    installed(library)

    found = {}
    for name in library.literal_sql:
        parameters = [at for at in inspect.signature(resolve(name)).parameters if at != "self"]
        found[name] = parameters.index("sql")

    assert found == library.literal_sql


@EACH_LIBRARY
def test_an_entry_is_consistent(library: Library) -> None:
    sinks = [name for names in library.sinks.values() for name in names]
    known = set(sinks)

    assert set(library.sinks) <= CODES
    assert len(sinks) == len(known)
    assert [name for name in sinks if catalogue.canonical(name) != name] == []
    assert known.isdisjoint(library.harmless)
    assert known >= library.only_called
    assert known >= set(library.literal_sql) | set(library.with_keyword)
    assert known >= set(library.with_address)
    assert known >= set(library.unless_keyword) | set(library.distinctive)
    for field in (library.returns, library.attributes, library.bases):
        assert [name for name in field if catalogue.canonical(name) != name] == []
        values = map(plain, field.values())
        assert [name for name in values if catalogue.canonical(name) != name] == []


def test_no_two_libraries_claim_a_name() -> None:
    names = [
        name
        for library in catalogue.LIBRARIES
        for name in (*(at for code in library.sinks.values() for at in code), *library.aliases)
    ]

    assert [name for name in names if names.count(name) > 1] == []


def test_every_spelling_of_a_sink_is_the_sink() -> None:
    missed = [
        name
        for library in catalogue.LIBRARIES
        for code, names in library.sinks.items()
        for name in names
        if (found := catalogue.sink(name)) is None or (found.name, found.code) != (name, code)
    ]

    assert missed == []
    assert catalogue.sink("alembic.migration.MigrationContext.run_migrations") == catalogue.sink(
        "alembic.runtime.migration.MigrationContext.run_migrations"
    )
    assert catalogue.sink("flask_migrate.command.upgrade") == catalogue.sink(
        "alembic.command.upgrade"
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("alembic.op.create_view", "IL103"),
        ("alembic.command.a_command_of_next_year", "IL101"),
        ("alembic.operations.BatchOperations.invoke", "IL103"),
        ("sqlalchemy_utils.functions.database.sa.create_engine", "IL201"),
        ("sqlmodel.main.create_engine", "IL201"),
        ("sqlalchemy.engine.default.DefaultDialect.connect", "IL202"),
        ("sqlalchemy.dialects.postgresql.psycopg.dialect.connect", "IL202"),
        ("sqlalchemy.types.Enum.create", "IL104"),
        ("advanced_alchemy.extensions.litestar.SQLAlchemyAsyncConfig.get_engine", "IL201"),
    ],
)
def test_what_is_not_listed_is_denied_where_it_could_be_a_sink(name: str, code: str) -> None:
    found = catalogue.sink(name)

    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "name",
    [
        "app.command.upgrade",
        "create_engine",
        "interlock.create_engine",
        "structlog.configure",
        "sqlite3.connect",
        "aiosqlite.connect",
        "sqlalchemy.create_mock_engine",
        "sqlalchemy.engine.create_mock_engine",
        "sqlalchemy.pool.NullPool",
        "sqlalchemy.MetaData",
        "sqlalchemy.orm.Session",
        "alembic.op.get_bind",
        "alembic.op.f",
        "alembic.command.__doc__",
        "alembic.operations.Operations.register_operation",
        "alembic.runtime.migration.MigrationContext.configure",
        "alembic.runtime.migration.MigrationContext.get_current_revision",
        "alembic.context.is_offline_mode",
        "alembic.context.begin_transaction",
        "alembic.script.ScriptDirectory.from_config",
        "alembic.config.Config",
        "flask_migrate.Migrate",
        "flask_migrate.migrate",
        "psycopg.Connection",
        "sqlalchemy.MetaData.reflect",
    ],
)
def test_a_harmless_name_is_no_sink(name: str) -> None:
    assert catalogue.sink(name) is None


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("alembic", True),
        ("alembic.command", True),
        ("alembic.config.command", True),
        ("alembic.op", True),
        ("alembic.operations.Operations", True),
        ("alembic.migration", True),
        ("sqlalchemy", True),
        ("sqlalchemy.ext.asyncio", True),
        ("sqlalchemy.ext.asyncio.engine", True),
        ("psycopg2", True),
        ("mysql.connector", True),
        ("MySQLdb", True),
        ("sqlalchemy_utils.functions", True),
        ("sqlmodel", True),
        ("sqlalchemy.MetaData", False),
        ("sqlalchemy.Table", False),
        ("sqlalchemy.Engine", False),
        ("sqlalchemy.types", False),
        ("sqlalchemy.orm", False),
        ("sqlalchemy.pool", False),
        ("sqlalchemy.dialects.postgresql", False),
        ("psycopg.Connection", False),
        ("alembic.runtime.migration.MigrationContext", False),
        ("sqlite3", False),
    ],
)
def test_a_holder_is_what_gives_a_sink_away(name: str, holds: bool) -> None:
    assert catalogue.is_holder(name) is holds


def test_a_call_with_conditions_carries_them() -> None:
    upgrade = catalogue.sink("alembic.command.upgrade")
    environment = catalogue.sink("alembic.environment.EnvironmentContext")
    config = catalogue.sink("advanced_alchemy.config.asyncio.SQLAlchemyAsyncConfig")

    assert upgrade is not None and upgrade.literal_sql and upgrade.sql_position == 2
    assert environment is not None and environment.with_keyword == ("fn",)
    assert config is not None and config.only_called
    assert "create_engine_callable" in config.unless_keyword


def test_types_lead_from_one_name_to_the_next() -> None:
    context = catalogue.returned("alembic.migration.MigrationContext.configure")
    dialect = catalogue.returned("sqlalchemy.engine.url.URL.get_dialect")

    assert context == "alembic.runtime.migration.MigrationContext"
    assert dialect == "type[sqlalchemy.engine.Dialect]"
    assert catalogue.attribute("sqlmodel.SQLModel.metadata") == "sqlalchemy.MetaData"
    assert catalogue.bases("alembic.ddl.mysql.MariaDBImpl") == (
        "alembic.ddl.mysql.MySQLImpl",
        "alembic.ddl.DefaultImpl",
    )


def test_each_command_of_alembic_is_a_sink_or_named_harmless() -> None:
    command = pytest.importorskip("alembic.command")
    commands = [
        f"alembic.command.{name}"
        for name, value in vars(command).items()
        if inspect.isfunction(value) and value.__module__ == "alembic.command"
    ]

    assert len(commands) >= 15
    assert [
        name
        for name in commands
        if not catalogue.is_harmless(name)
        and name not in {at for code in catalogue.LIBRARIES[0].sinks.values() for at in code}
    ] == []


@pytest.mark.parametrize(
    "holder", ["alembic.op", "alembic.operations.Operations", "alembic.operations.BatchOperations"]
)
def test_each_operation_of_alembic_is_a_sink_or_named_harmless(holder: str) -> None:
    pytest.importorskip("alembic.op")
    listed = {at for code in catalogue.LIBRARIES[0].sinks.values() for at in code}
    names = [f"{holder}.{name}" for name in vars(resolve(holder)) if not name.startswith("_")]

    missed = [
        name
        for name in names
        if not catalogue.is_harmless(name) and catalogue.canonical(name) not in listed
    ]

    # Refused in a batch by Alembic itself.
    assert missed == []


def test_an_alias_never_leads_back() -> None:
    for library in catalogue.LIBRARIES:
        for name in library.aliases:
            reached = catalogue.canonical(name)
            assert catalogue.canonical(reached) == reached


# --- processes and reflection ---


def here(name: str) -> bool:
    root = name.partition(".")[0]
    try:
        importlib.import_module(root)
    except ImportError:
        return False
    return not foreign(name, {root})


# Of other platforms and versions; `imp` and distutils went with 3.12, others came with 3.14.
ELSEWHERE = re.compile(
    r"(os|nt|posix)\.|(imp|distutils|pkgutil|_interpreters|_xxsubinterpreters|concurrent)\.|"
    r"sys\.remote_exec|eventlet\.|fabric\.(api|operations)|execfile|builtins\.execfile|__import__|"
    r"exec$|eval$|compile$|sh\.|plumbum\.|asyncio\.events|setuptools\._distutils|trio\.open_process|"
    r"codeop\.\w+\.__call__|flask_migrate\.cli\.db\.__call__|importlib\._bootstrap"
)


def test_process_and_reflection_names_exist() -> None:
    names = [
        *processes.STARTS,
        *processes.ALIASES,
        *processes.RETURNS,
        *processes.PARAMETER_TYPES,
        *processes.PARAMETER_TYPES.values(),
        *reflection.IMPORTERS,
        *reflection.IMPORTER_ALIASES,
        *reflection.SPEC_FINDERS,
        *reflection.EXEC,
        *reflection.EXEC_ALIASES,
        *reflection.NAMESPACES,
    ]
    known = [name for name in names if not ELSEWHERE.match(name) and here(name)]

    assert len(known) > 60
    assert [name for name in known if not exists(name) and name != "__builtins__"] == []


def test_a_keyword_is_a_parameter_at_that_position() -> None:
    wrong = []
    for table in (processes.STARTS, reflection.IMPORTERS):
        for name, start in table.items():
            if start.keyword is None or not here(name):
                continue
            try:
                signature = inspect.signature(resolve(name))
            except (AttributeError, ImportError, TypeError, ValueError):
                continue
            parameters = [at for at in signature.parameters if at not in {"self", "cls"}]
            if start.keyword in parameters and parameters.index(start.keyword) != start.first:
                wrong.append((name, parameters))

    assert wrong == []


def test_popen_takes_shell_where_the_catalogue_says() -> None:
    parameters = [at for at in inspect.signature(subprocess.Popen).parameters if at != "self"]

    assert parameters.index("shell") == processes.STARTS["subprocess.run"].shell


# --- the words that make a file relevant ---


def words(name: str) -> set[str]:
    return set(name.split("."))


def test_a_file_that_names_a_sink_has_a_word_of_the_catalogue() -> None:
    names = [
        name
        for library in catalogue.LIBRARIES
        for name in (
            *(at for code in library.sinks.values() for at in code),
            *library.aliases,
            *library.assumed,
        )
    ]

    assert [name for name in names if not catalogue.named(words(name))] == []


def test_a_file_that_starts_a_process_or_reflects_has_a_word_of_the_catalogue() -> None:
    names = [
        *processes.STARTS,
        *(
            alias + start.removeprefix(target)
            for alias, target in processes.ALIASES.items()
            for start in processes.STARTS
            if start == target or start.startswith(f"{target}.")
        ),
        *processes.PROGRAMS,
        *processes.METHODS,
        *reflection.IMPORTERS,
        *reflection.IMPORTER_ALIASES,
        *reflection.LOADING_METHODS,
        *reflection.EXEC,
        *reflection.EXEC_ALIASES,
        *reflection.EXEC_METHODS,
        *reflection.COMPUTED,
        *(reflection.NAMESPACES - {"sys.modules"}),
    ]

    assert [name for name in names if not catalogue.named(words(name))] == []
    assert catalogue.named({"sys", "modules"})


@pytest.mark.parametrize(
    "text",
    [
        "import os, sys, json; os.path.join(sys.argv[1], 'connect', 'run', 'main')",
        "import asyncio; asyncio.run(main()); self.connect(); Table('x')",
        "import dataclasses, typing, inspect; inspect.signature(f)",
    ],
)
def test_ordinary_code_has_no_word_of_the_catalogue(text: str) -> None:
    assert not catalogue.named(re.findall(r"\w+", text))


def test_a_reader_of_computed_names_makes_a_module_with_processes_relevant() -> None:
    assert catalogue.named({"import", "os", "getattr", "sys", "tem"})


def test_the_catalogue_imports_no_library_that_it_names() -> None:
    code = (
        "import sys, interlock_checks.catalogue as c;"
        "roots = {r for l in c.LIBRARIES for n in l.sinks.values() for a in n"
        " for r in [a.partition('.')[0]]};"
        "print(sorted(roots & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
