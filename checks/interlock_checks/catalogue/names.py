"""
The words by whose absence a file is known to name nothing of the catalogue.

The argument, in three steps. (1) What a library holds is reached by importing the library, so the
root of its import path is a word of the file. (2) Or it is reached through another module of the
repository that re-exports it: then that module has the root, and the linker asks for every file
that imports *it*. (3) Or by reflection, all of which is named here. Hence no sink's own name would
be needed; the distinctive ones are here so that a re-export into a file needs no second pass.

Not covered, by decision: a computed `getattr` on an object that is no module of the catalogue
(1,346 of them in twenty repositories, none of interest), and `os`, `sys` or `asyncio` themselves
given away as values.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from interlock_checks.catalogue import processes, reflection, tampering
from interlock_checks.catalogue.libraries import LIBRARIES
from interlock_checks.catalogue.model import Library


def _last(names: Collection[str]) -> frozenset[str]:
    return frozenset(name.rpartition(".")[2] for name in names)


def _below(root: str, names: Collection[str]) -> frozenset[str]:
    return frozenset(name.rpartition(".")[2] for name in names if name.partition(".")[0] == root)


BARE_NAMES: Final = frozenset({"exec", "eval", "compile", "globals", "locals", "vars"})
"""Builtins: they count only where no dot stands directly before them (`re.compile`,
`session.exec`). Behind a dot they need `builtins` or `__builtins__`, which are IDENTIFIERS."""

IMPORT_ROOTS: Final = frozenset(
    {
        "bdb",
        "builtins",
        "code",
        "databases",
        "dataset",
        "delegator",
        "distutils",
        "doit",
        "envoy",
        "fabric",
        "imp",
        "interpreters",
        "invoke",
        "langchain",
        "langchain_community",
        "mariadb",
        "marshal",
        "mysql",
        "nox",
        "nt",
        "oslo_db",
        "paramiko",
        "pdb",
        "pkgutil",
        "posix",
        "profile",
        "pty",
        "records",
        "setuptools",
        "sh",
        "timeit",
        "trace",
    }
)
"""Roots that are ordinary words as well: they count only in an import statement."""

_STARTS = processes.STARTS.keys() | processes.ALIASES.keys() | processes.PROGRAMS.keys()
_IMPORTERS = reflection.IMPORTERS.keys() | reflection.IMPORTER_ALIASES.keys()
_EXEC = reflection.EXEC.keys() | reflection.EXEC_ALIASES.keys()

OS_NAMES: Final = _below("os", processes.STARTS)
"""What starts processes in `os`; of no meaning in a file without the word `os`."""

QUALIFIED: Final[Mapping[str, frozenset[str]]] = {
    "os": OS_NAMES,
    "asyncio": _below("asyncio", _STARTS) - {"AbstractEventLoop"},
    "anyio": _below("anyio", _STARTS),
    "trio": _below("trio", _STARTS),
    "flask": frozenset({"cli", "FlaskGroup", "FlaskCliRunner"}),
    "sys": _below("sys", reflection.NAMESPACES | reflection.EXEC.keys()),
    "types": _below("types", _EXEC),
    "gc": _below("gc", reflection.NAMESPACES),
    "inspect": _below("inspect", reflection.NAMESPACES),
    "pydantic": frozenset({"ImportString"}),
    "concurrent": frozenset({"interpreters"}),
    "eventlet": frozenset({"green", "import_patched", "patcher"}),
    "gevent": frozenset({"subprocess", "monkey"}),
    "apscheduler": frozenset({"SQLAlchemyJobStore"}),
    "connectorx": frozenset({"read_sql"}),
    "dask": frozenset({"read_sql", "read_sql_query", "read_sql_table"}),
    "ibis": frozenset({"connect", "mssql", "mysql", "oracle", "postgres"}),
    "pandas": frozenset({"read_sql", "read_sql_query", "read_sql_table"}),
    "polars": frozenset({"read_database_uri"}),
    "pytest": frozenset({"importorskip"}),
    "_pytest": frozenset({"importorskip"}),
    "oslo_utils": frozenset({"importutils"}),
    "oslo_concurrency": frozenset({"processutils"}),
    "twisted": frozenset({"reflect", "utils", "spawnProcess"}),
}
"""Module in many files -> the names in it that matter. Either both words stand in the file, or the
module and one of READERS, or nothing of it is used."""

READERS: Final = frozenset(
    {
        "getattr",
        "getattr_static",
        "getmembers",
        "getmembers_static",
        "attrgetter",
        "methodcaller",
        "__getattribute__",
        "__dict__",
        "vars",
    }
)
"""What takes an attribute by a name that may be cut up."""


def _of(library: Library) -> Iterator[str]:
    for table in (*library.sinks.values(), library.aliases, library.returns, library.attributes):
        yield from table


_ROOTS = {name.partition(".")[0] for library in LIBRARIES for name in _of(library)} | {
    name.partition(".")[0] for name in _STARTS | _IMPORTERS | _EXEC
}

# Importers whose module is on every second page of its field, and whose own name is distinctive.
_BY_TAIL = frozenset({"werkzeug", "django", "pydantic", "celery", "advanced_alchemy"})

# Distinctive below a library of the catalogue, but everyday words elsewhere.
_ORDINARY = frozenset({"upgrade", "downgrade", "stamp", "Operations", "Engine"})

IDENTIFIERS: Final[frozenset[str]] = frozenset(_ROOTS).difference(
    IMPORT_ROOTS, QUALIFIED, BARE_NAMES, _BY_TAIL - {"advanced_alchemy"}
).union(
    _last([name for library in LIBRARIES for name in library.distinctive]) - _ORDINARY,
    (method for library in LIBRARIES for method in library.methods),
    processes.METHODS,
    _last([name for name in _IMPORTERS if name.partition(".")[0] in _BY_TAIL]),
    reflection.LOADING_METHODS,
    reflection.EXEC_METHODS,
    reflection.NAMESPACE_ATTRIBUTES,
    ("__builtins__", "__import__", "get_ipython", "test_cli_runner", "sorted_tables"),
    ("DottedNameResolver", "EntryPoint", "InteractiveConsole", "InteractiveInterpreter"),
) - {"__getattribute__", "__dict__"}
"""Words that make a file relevant wherever they stand, in a string too."""


_PATHS = {
    name
    for library in LIBRARIES
    for table in (library.returns, library.attributes, library.bases, library.aliases)
    for pair in table.items()
    for name in pair
}.union(
    (name for library in LIBRARIES for names in library.sinks.values() for name in names),
    *((*library.assumed, *library.holders, *library.methods) for library in LIBRARIES),
    (name for table in (processes.ALIASES, reflection.IMPORTER_ALIASES) for name in table.values()),
    reflection.EXEC_ALIASES.values(),
    reflection.NAMESPACES,
    reflection.NAMESPACE_ATTRIBUTES,
    _STARTS,
    _IMPORTERS,
    _EXEC,
)

_CHANGING = (
    *tampering.HOOKED,
    *tampering.LISTENERS,
    *tampering.INSIDES,
    *tampering.FUNCTIONS,
    *tampering.METHODS,
    *tampering.TABLE_METHODS,
    *tampering.EMPTYING,
    "__dict__",
)

LEADING_ON: Final[frozenset[str]] = frozenset(
    word for name in (*_PATHS, *_CHANGING) for word in name.split(".")
).union(IDENTIFIERS, BARE_NAMES, READERS, {"create", "drop", "tables", "__table__"})
"""The words of all paths to a sink and to what can be changed: an attribute of a CLOSED module that
is none of them leads to neither."""

CLOSED: Final[frozenset[str]] = (
    frozenset(
        name.partition(".")[0]
        for library in LIBRARIES
        if not library.deny_unknown
        for name in _of(library)
    )
    .union(QUALIFIED)
    .difference((name.partition(".")[0] for name in processes.PROGRAMS), sys.stdlib_module_names)
    .difference({tampering.ROOT})
)
"""Roots below which the catalogue names all that matters: not so where any name is a program, or
where the members that it does not know are denied. Nor in interlock, of which everything is a
guard, and in the standard library, which is changed in more ways than have a name of their own."""

CHANGED_WHOLE: Final = frozenset(name.rpartition(".")[2] for name in tampering.HOOKED)
"""Names by which a module is imported of which each attribute counts, known or not."""


def named(words: Collection[str]) -> bool:
    """
    Whether a file with these words may name anything of the catalogue.

    Args:
        words: Identifiers of the file, NFKC-normalised, those inside strings included.

    Returns:
        False only if no sink, no start of a process and no reflection is named. This does not see
        dots and import statements: a caller that does may refine BARE_NAMES and IMPORT_ROOTS.
    """
    found = words if isinstance(words, (set, frozenset)) else frozenset(words)
    if not found.isdisjoint(_ANYWHERE):
        return True
    readers = not found.isdisjoint(READERS)
    return any(
        module in found and (readers or not found.isdisjoint(names))
        for module, names in QUALIFIED.items()
    )


_ANYWHERE = IDENTIFIERS | BARE_NAMES | IMPORT_ROOTS
