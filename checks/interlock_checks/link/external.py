"""What is known of objects from outside the repository, by their names."""

from __future__ import annotations

import sys

from interlock_checks import catalogue
from interlock_checks.catalogue import processes, reflection
from interlock_checks.link import fold, tampering
from interlock_checks.link.values import Ext, Given, Lit, Method, Text, Value, Values, argument

_INERT = frozenset(
    f"builtins.{name}"
    for name in "isinstance issubclass hasattr callable print repr str id hash type dir help len "
    "bool getattr vars delattr".split()
) | {
    "importlib.reload",
    "inspect.signature",
    "inspect.getdoc",
    "inspect.getsource",
    "inspect.getfile",
    "inspect.getmodule",
    "inspect.isfunction",
    "inspect.ismodule",
    "unittest.mock.create_autospec",
    "dataclasses.fields",
    "operator.itemgetter",
}

_INERT_ROOTS = frozenset({"logging", "warnings", "typing", "typing_extensions", "pprint"})

_FIRST_INERT = frozenset(
    {
        "sqlalchemy.event.listen",
        "sqlalchemy.event.listens_for",
        "sqlalchemy.event.contains",
        "sqlalchemy.event.remove",
        "typing.cast",
    }
)
"""Functions whose first argument is only looked at; the others are kept or called."""

_SHIPPED = frozenset(sys.stdlib_module_names)

_REFLECTIVE_MODULES = frozenset({"subprocess", "importlib", "runpy", "builtins", "pty", "sh"})


def executing(name: str) -> tuple[int, str | None] | None:
    """Which argument of a callable is executed, by its name."""
    return reflection.EXEC.get(reflection.EXEC_ALIASES.get(name, name))


def reflective(name: str) -> bool:
    """Whether an external object imports by name, executes text or starts processes."""
    return (
        reflection.IMPORTER_ALIASES.get(name, name) in reflection.IMPORTERS
        or reflection.EXEC_ALIASES.get(name, name) in reflection.EXEC
        or processes.ALIASES.get(name, name) in processes.STARTS
        or name in _REFLECTIVE_MODULES
    )


def code_of(holder: str) -> str:
    """The code of the worst that a module or class holds."""
    direct: set[str] = set()
    below: set[str] = set()
    for library in catalogue.LIBRARIES:
        for code, names in library.sinks.items():
            direct.update(code for name in names if name.rpartition(".")[0] == holder)
            below.update(code for name in names if name.startswith(f"{holder}."))
        direct.update(code for name, code in library.deny_unknown.items() if name == holder)
        if any(alias.startswith(f"{holder}.") for alias in library.aliases):
            below.update(library.sinks)
    return min(direct or below, default="IL101")


def as_statement(text: str, label: str) -> str:
    """What eval gives is a value that goes on: written as a definition of a name."""
    return f"_ = ({text.strip()})" if label == "builtins.eval" else text


def is_innocent(sink: catalogue.Sink, given: tuple[Given, ...]) -> bool:
    """Whether a sink that is called with these arguments does nothing of what it is one for."""
    if sink.sql_position is not None and argument(given, sink.sql_position, "sql") == (Lit(True),):
        return True
    positional = sum(g.name is None for g in given)
    starred = any(g.star for g in given)

    def has(keys: tuple[str, ...]) -> bool:
        return any(
            (key.isdigit() and int(key) < positional) or any(g.name == key for g in given)
            for key in keys
        )

    if sink.with_address and not any(map(_is_address, argument(given, *sink.with_address) or ())):
        return True
    if sink.with_keyword and not starred and not has(sink.with_keyword):
        return True
    return bool(sink.unless_keyword) and has(sink.unless_keyword)


_WITHIN = ("sqlite", "duckdb")
"""Schemes of databases within the process."""


def _is_address(value: Value) -> bool:
    """Whether a value may be a text with the address of a server: a URL, or a variable with one."""
    match value:
        case Lit(value=str() as text):
            return "://" in text and not text.startswith(_WITHIN)
        case Text(parts=parts):
            return not (parts[0] or "").startswith(_WITHIN)
        case _:
            return isinstance(value, Ext) and value.name == "os.environ"


def is_inert(function: Value, slot: int) -> bool:
    """Whether a callable only looks at what it is given in that place."""
    if slot == 0 and tampering.only_changes(function):
        return True
    if not isinstance(function, Ext):
        return False
    name = function.name
    if name in _FIRST_INERT:
        return slot <= 0
    return name in _INERT or name.partition(".")[0] in _INERT_ROOTS


def named_sink(text: str) -> catalogue.Sink | None:
    """The sink that an object reference in a string means: `pkg.mod:attr`, `name = pkg:attr`."""
    name = text.rpartition("=")[2].strip().replace(":", ".")
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    found = catalogue.sink(name)
    return found if found is not None and not found.name.endswith("*") else None


def imports_text(function: Value) -> bool:
    """Whether what is called imports a dotted string that it is given."""
    match function:
        case Ext(name=name) | Method(name=name):
            last = name.rpartition(".")[2]
            return last in reflection.TEXTUAL_METHODS or name in reflection.TEXTUAL
        case _:
            return False


def is_method_of_any(name: str) -> bool:
    """A method that counts on everything that is not known to be harmless."""
    return (
        name.rpartition(".")[2] in catalogue.METHODS
        and not is_shipped(name)
        and not catalogue.is_harmless(name)
    )


def is_shipped(name: str) -> bool:
    """Whether a name belongs to Python itself or to interlock."""
    root = name.partition(".")[0]
    return root in _SHIPPED or root == "builtins" or root == "interlock"


def all_items(values: Values) -> Values:
    """What iterating over any of the values may give."""
    found: list[Value] = []
    for value in values:
        found.extend(fold.each(value))
    return tuple(found)
