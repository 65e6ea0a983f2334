"""
Names of import machinery and reflection, as data.

Read in CPython 3.11 to 3.14 and in the packages named beside each group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

NameForm = Literal["module", "module.attr", "module:attr", "entry-point", "file"]
"""
What the text names:

module        a module
module.attr   a module, or something in one, all with dots
module:attr   the part behind the colon is looked up in the module before it; it may be absent
entry-point   `name = module:attr`
file          a path of Python source that is executed
"""


class Importer(Struct, frozen=True):
    """A callable that imports what a text names. Positions do not count `self`."""

    form: NameForm
    first: int = 0
    keyword: str | None = None
    package: tuple[int, str] | None = None
    """Position and keyword of the package that a leading dot refers to."""
    top: bool = False
    """Whether a dotted name gives the top package, unless `fromlist` is given (as `__import__`)."""
    every: bool = False
    """Whether each further positional argument is a name too."""
    calls: bool = False
    """Whether what is found is called as well."""


_MODULE = Importer("module")
_IMPORT = Importer("module", keyword="name", top=True)
_FILE = Importer("file", first=1)

IMPORTERS: Final[Mapping[str, Importer]] = {
    # The standard library.
    "builtins.__import__": _IMPORT,
    "importlib.__import__": _IMPORT,
    "importlib.import_module": Importer("module", keyword="name", package=(1, "package")),
    "importlib.util.spec_from_file_location": Importer("file", first=1, keyword="location"),
    "importlib.machinery.SourceFileLoader": Importer("file", first=1, keyword="path"),
    "importlib.machinery.SourcelessFileLoader": Importer("file", first=1, keyword="path"),
    "importlib.machinery.ExtensionFileLoader": Importer("file", first=1, keyword="path"),
    "importlib.metadata.EntryPoint": Importer("module:attr", first=1, keyword="value"),
    "importlib_metadata.EntryPoint": Importer("module:attr", first=1, keyword="value"),
    "pkgutil.resolve_name": Importer("module:attr", keyword="name"),
    "pkgutil.get_loader": Importer("module", keyword="module_or_name"),
    "pkgutil.find_loader": Importer("module", keyword="fullname"),
    "pydoc.locate": Importer("module.attr", keyword="path"),
    "pydoc.safeimport": Importer("module", keyword="path"),
    "pydoc.importfile": Importer("file", keyword="path"),
    "runpy.run_module": Importer("module", keyword="mod_name"),
    "runpy.run_path": Importer("file", keyword="path_name"),
    "zipimport.zipimporter": Importer("file", keyword="path"),
    # Until Python 3.11.
    "imp.load_source": _FILE,
    "imp.load_compiled": _FILE,
    "imp.load_dynamic": _FILE,
    "imp.load_module": _MODULE,
    "imp.find_module": _MODULE,
    # pytest 9: for `a.b` it gives `b`
    "pytest.importorskip": Importer("module", keyword="modname"),
    # Alembic 1.20
    "alembic.util.load_python_file": Importer("file", first=1, keyword="filename"),
    "alembic.util.pyfiles.load_module_py": Importer("file", first=1, keyword="path"),
    # Werkzeug 3.1, Django 5.2, Celery with kombu 5.7
    "werkzeug.utils.import_string": Importer("module:attr", keyword="import_name"),
    "django.utils.module_loading.import_string": Importer("module.attr", keyword="dotted_path"),
    "django.utils.module_loading.cached_import": Importer("module", keyword="module_path"),
    "kombu.utils.imports.symbol_by_name": Importer("module:attr", keyword="name"),
    "celery.utils.imports.symbol_by_name": Importer("module:attr", keyword="name"),
    "celery.utils.imports.instantiate": Importer("module:attr", keyword="name", calls=True),
    # oslo.utils 10.2
    "oslo_utils.importutils.import_class": Importer("module.attr", keyword="import_str"),
    "oslo_utils.importutils.import_object": Importer(
        "module.attr", keyword="import_str", calls=True
    ),
    "oslo_utils.importutils.import_object_ns": Importer(
        "module.attr", first=1, keyword="import_str", calls=True
    ),
    "oslo_utils.importutils.import_module": Importer("module", keyword="import_str"),
    "oslo_utils.importutils.import_versioned_module": _MODULE,
    "oslo_utils.importutils.try_import": Importer("module", keyword="import_str"),
    "oslo_utils.importutils.import_any": Importer("module", every=True),
    # zope.dottedname 7.1, Pyramid, Twisted 26.10, setuptools' pkg_resources 65.5
    "zope.dottedname.resolve.resolve": Importer("module.attr", keyword="name"),
    "pyramid.path.DottedNameResolver.resolve": Importer("module:attr", keyword="dotted"),
    "pyramid.path.DottedNameResolver.maybe_resolve": Importer("module:attr", keyword="dotted"),
    "twisted.python.reflect.namedAny": Importer("module.attr", keyword="name"),
    "twisted.python.reflect.namedObject": Importer("module.attr", keyword="name"),
    "twisted.python.reflect.namedModule": Importer("module", keyword="name"),
    "twisted.python.reflect.requireModule": Importer("module", keyword="name"),
    "pkg_resources.EntryPoint.parse": Importer("entry-point", keyword="src"),
    # hydra 1.3
    "hydra.utils.get_class": Importer("module.attr", keyword="path"),
    "hydra.utils.get_method": Importer("module.attr", keyword="path"),
    "hydra.utils.get_object": Importer("module.attr", keyword="path"),
    # lazy_loader 0.4
    "lazy_loader.load": Importer("module", keyword="fullname"),
    # uvicorn 0.54, gunicorn, stevedore, sqlalchemy_utils, pydantic 2
    "uvicorn.importer.import_from_string": Importer("module:attr", keyword="import_str"),
    "gunicorn.util.import_app": Importer("module:attr", keyword="module"),
    "gunicorn.util.load_class": Importer("module:attr", keyword="uri"),
    "pydantic.ImportString": Importer("module.attr"),
    "advanced_alchemy.utils.module_loader.import_string": Importer(
        "module.attr", keyword="dotted_path"
    ),
}

IMPORTER_ALIASES: Final[Mapping[str, str]] = {
    "__import__": "builtins.__import__",
    "importlib._bootstrap._gcd_import": "importlib.import_module",
    "importlib._bootstrap.__import__": "importlib.__import__",
    "importlib._bootstrap_external.SourceFileLoader": "importlib.machinery.SourceFileLoader",
    "alembic.util.pyfiles.load_python_file": "alembic.util.load_python_file",
    "_pytest.outcomes.importorskip": "pytest.importorskip",
    "hydra.utils.get_static_method": "hydra.utils.get_method",
    "celery.utils.imports.import_from_cwd": "importlib.import_module",
}

SPEC_FINDERS: Final[Mapping[str, Importer]] = {
    "importlib.util.find_spec": Importer("module", keyword="name", package=(1, "package")),
    "importlib.machinery.PathFinder.find_spec": Importer("module", keyword="fullname"),
}
"""They look for a module and run none of it; `exec_module` of the spec's loader does that."""

LOADING_METHODS: Final = frozenset({"exec_module", "load_module", "load_dynamic"})
"""Methods of loaders that run a module. Harmless on a loader whose name or file is known."""

REQUIRING: Final[Mapping[str, NameForm]] = {
    "importlib.metadata.entry_points": "entry-point",
    "importlib_metadata.entry_points": "entry-point",
    "pkg_resources.iter_entry_points": "entry-point",
    "pkg_resources.load_entry_point": "entry-point",
    "stevedore.ExtensionManager": "entry-point",
    "stevedore.DriverManager": "entry-point",
    "stevedore.NamedExtensionManager": "entry-point",
}
"""They find what installed distributions declare: code from outside the repository, which the
repository's own tree does not name. No computed import; listed so that nobody adds it as one.
Only a console script of the catalogue's, asked for by its name, is known."""

CONSOLE: Final = "console_scripts"
SCRIPTS: Final[Mapping[str, str]] = {"alembic": "alembic.config.main"}
"""Console script -> what it calls, with what the command line says."""

NEEDING: Final = frozenset({"pytest.importorskip", "_pytest.outcomes.importorskip"})
"""Importers that stand at the head of a test file as import statements do."""

COMPUTED: Final[Mapping[str, Importer]] = {
    name: Importer("module.attr", keyword="config", calls=True)
    for name in ("hydra.utils.instantiate", "hydra.utils.call")
}
"""Calls that import what a configuration names, and call it: under the key TARGET of a table, and
of each table within it."""

TARGET: Final = "_target_"

IMPORTING_KEYS: Final = frozenset({"()", "provides"})
"""Keys of tables under which a constant name is imported and called: in
`logging.config.dictConfig`, in `from_schema` of dependency-injector 4.48."""

TEXTUAL_METHODS: Final = frozenset(
    "add_job enqueue enqueue_in enqueue_at enqueue_call send_task schedule cron".split()
)
"""Methods that import what a dotted string names, in schedulers and queues."""

# dependency-injector 4.48
TEXTUAL: Final = frozenset(
    f"dependency_injector.providers.{name}"
    for name in "Callable ContextLocalSingleton Coroutine Factory Resource Singleton "
    "ThreadLocalSingleton ThreadSafeSingleton".split()
)
"""What imports a dotted string that it is given, among other things that it may be given."""

EXEC: Final[Mapping[str, tuple[int, str | None]]] = {
    "builtins.exec": (0, "source"),
    "builtins.eval": (0, "source"),
    "builtins.compile": (0, "source"),
    # Without a function to read lines by, it is a person who types.
    "code.interact": (1, "readfunc"),
    "code.InteractiveInterpreter.runsource": (0, "source"),
    "code.InteractiveInterpreter.runcode": (0, "code"),
    "code.InteractiveConsole.push": (0, "line"),
    "code.compile_command": (0, "source"),
    "codeop.compile_command": (0, "source"),
    "codeop.Compile.__call__": (0, "source"),
    "codeop.CommandCompiler.__call__": (0, "source"),
    "types.CodeType": (-1, None),
    "types.FunctionType": (0, "code"),
    "marshal.loads": (0, None),
    "marshal.load": (0, None),
    "timeit.timeit": (0, "stmt"),
    "timeit.repeat": (0, "stmt"),
    "timeit.Timer": (0, "stmt"),
    "cProfile.run": (0, "statement"),
    "cProfile.runctx": (0, "statement"),
    "cProfile.Profile.run": (0, "cmd"),
    "profile.run": (0, "statement"),
    "profile.runctx": (0, "statement"),
    "pdb.run": (0, "statement"),
    "pdb.runeval": (0, "expression"),
    "pdb.runctx": (0, "statement"),
    "bdb.Bdb.run": (0, "cmd"),
    "bdb.Bdb.runeval": (0, "expr"),
    "trace.Trace.run": (0, "cmd"),
    "trace.Trace.runctx": (0, "cmd"),
    "doctest.script_from_examples": (0, "s"),
    "doctest.debug_src": (0, "src"),
    "_xxsubinterpreters.run_string": (1, "script"),
    "_interpreters.exec": (1, "code"),
    "_interpreters.run_string": (1, "script"),
    "concurrent.interpreters.Interpreter.exec": (0, "code"),
    "sys.remote_exec": (1, "script"),
    # IPython 9
    "IPython.core.interactiveshell.InteractiveShell.run_cell": (0, "raw_cell"),
    "IPython.core.interactiveshell.InteractiveShell.ex": (0, "cmd"),
    "IPython.core.interactiveshell.InteractiveShell.ev": (0, "expr"),
}
"""Callable -> position and keyword of the text or code object that it runs; -1: never a constant.

Left out: Flask's `Config.from_object(name)`, which imports a module and keeps only its upper-case
names, none of which is called; template engines.
And pickle, shelve, yaml.load and their like: what they run comes in as data, not as a name or a
text of the program. A proof about the source says nothing of it; the runtime half refuses at the
sink."""

PREPARED: Final[Mapping[str, tuple[int, str]]] = {
    "timeit.timeit": (1, "setup"),
    "timeit.repeat": (1, "setup"),
    "timeit.Timer": (1, "setup"),
}
"""Callable of EXEC -> the text that is executed before, in the same namespace."""

EXEC_ALIASES: Final[Mapping[str, str]] = {
    **{name: f"builtins.{name}" for name in ("exec", "eval", "compile")},
    "execfile": "builtins.exec",
    "code.InteractiveConsole.runsource": "code.InteractiveInterpreter.runsource",
    "code.InteractiveConsole.runcode": "code.InteractiveInterpreter.runcode",
    "types.LambdaType": "types.FunctionType",
    "builtins.execfile": "builtins.exec",
}

EXEC_METHODS: Final = frozenset({"run_cell", "runsource", "runcode", "run_line_magic"})
"""Methods so named on receivers of which nothing is known (`get_ipython().run_cell(...)`)."""

ATTRIBUTE_READERS: Final[Mapping[str, int]] = {
    "builtins.getattr": 1,
    "builtins.vars": -1,
    "object.__getattribute__": 1,
    "type.__getattribute__": 1,
    "inspect.getattr_static": 1,
    "inspect.getmembers": -1,
    "inspect.getmembers_static": -1,
    "operator.attrgetter": 0,
    "operator.methodcaller": 0,
    "builtins.dir": -1,
}
"""Reader -> position of the attribute's name; -1: it gives or names all of them. attrgetter takes
dotted names and several of them; methodcaller's other arguments go to the method. `dir` gives
names only and is harmless without a reader."""

NAMESPACES: Final = frozenset(
    {
        "sys.modules",
        "builtins.globals",
        "builtins.locals",
        "builtins.vars",
        "__builtins__",
        "gc.get_objects",
        "gc.get_referrers",
        "gc.get_referents",
        "inspect.getmodule",
    }
)
"""What gives modules or namespaces as values. Frames lead on by NAMESPACE_ATTRIBUTES."""

NAMESPACE_ATTRIBUTES: Final = frozenset(
    {
        "__dict__",
        "__globals__",
        "__builtins__",
        "__subclasses__",
        "__loader__",
        "__spec__",
        "__getattribute__",
        "__closure__",
        "f_globals",
        "f_locals",
        "f_builtins",
        "gi_frame",
        "cr_frame",
        "ag_frame",
        "tb_frame",
        "cell_contents",
    }
)
"""Attributes that lead from an object to the namespace it lives in, or to what it wraps."""

REPLACING: Final = frozenset(
    {
        "dataclasses.replace",
        "copy.replace",
        "attrs.evolve",
        "attr.evolve",
        "msgspec.structs.replace",
    }
)
"""Functions that copy an object, with new values for the fields that are named."""
