"""
How guards are replaced and approvals forged, as data.

What interlock hooks is in its design; the patching functions were read in CPython 3.14's
`unittest.mock`, pytest 9, pytest-mock 3.15, wrapt 2, gorilla 0.4 and flexmock 0.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

ROOT: Final = "interlock"
"""The module whose names are guards, and the word that a file has to have to name one."""

HOOKED: Final = (
    "alembic.command",
    "alembic.context",
    "alembic.ddl.DefaultImpl",
    "alembic.ddl.impl",
    "alembic.op",
    "alembic.operations",
    "alembic.plugins",
    "alembic.runtime",
    "alembic.util.langhelpers",
    "importlib.metadata.EntryPoint",
    "importlib.metadata.EntryPoints",
    "importlib.metadata.entry_points",
    "sqlalchemy.event",
    "sqlalchemy.pool",
)
"""Modules, classes and functions that the runtime half hooks, or is loaded by."""

_SCRIPT_SETTINGS = (
    "dir file_template hooks messaging_opts output_encoding recursive_version_locations sourceless "
    "timezone truncate_slug_length version_locations"
).split()
"""Of `ScriptDirectory`, as Alembic 1.20 has them."""

NOT_HOOKED: Final = (
    "alembic.context.config",
    *(f"alembic.context.script.{name}" for name in _SCRIPT_SETTINGS),
)
"""What lies below those and only carries settings."""

LISTENERS: Final = frozenset({"dispatch", "_has_events", "_execute_ddl", "_execute_on_connection"})
"""Attributes of SQLAlchemy's classes through which the whole process is listened to or asked."""

HOLDERS: Final = frozenset({"gc.get_referrers"})
"""Functions that find what holds an object, where it can be put out of its place."""

FRAMES: Final = frozenset({"f_globals", "f_locals", "f_builtins"})
"""Attributes of a frame that are a namespace of its code: the names in it are looked up there."""

INSIDES: Final = frozenset({"__wrapped__", "__globals__", "__closure__", "__code__", "__bases__"})
"""Attributes that lead behind what a function or class shows."""

Form = Literal["attribute", "dotted", "item", "table", "environment", "lines"]
"""
What a patching function is given:

attribute    an object, and the name of what it replaces there
dotted       a string that names it: `"package.module.name"`; an object and a name do as well
item         a table, a key and a value
table        a table and what to update it with
environment  the name of a variable
lines        a stream of `NAME=value`, all of which become variables
"""


class Patcher(Struct, frozen=True):
    """A function that changes what it is given; `deletes` if it takes away."""

    form: Form
    deletes: bool = False


_ATTRIBUTE, _ITEM, _TABLE = Patcher("attribute"), Patcher("item"), Patcher("table")

FUNCTIONS: Final[Mapping[str, Patcher]] = {
    "builtins.setattr": _ATTRIBUTE,
    "builtins.delattr": Patcher("attribute", deletes=True),
    **{
        f"{owner}.{method}": Patcher("attribute", deletes=method == "__delattr__")
        for owner in ("builtins.object", "builtins.type", "object", "type", "types.ModuleType")
        for method in ("__setattr__", "__delattr__")
    },
    "operator.setitem": _ITEM,
    "operator.delitem": Patcher("item", deletes=True),
    "operator.ior": _TABLE,
    "builtins.dict.__setitem__": _ITEM,
    "builtins.dict.setdefault": _ITEM,
    "builtins.dict.__delitem__": Patcher("item", deletes=True),
    "builtins.dict.pop": Patcher("item", deletes=True),
    "builtins.dict.update": _TABLE,
    "builtins.dict.__ior__": _TABLE,
    "wrapt.wrap_function_wrapper": Patcher("dotted"),
    "wrapt.patch_function_wrapper": Patcher("dotted"),
    "wrapt.wrap_object": Patcher("dotted"),
    "wrapt.wrap_object_attribute": Patcher("dotted"),
    "gorilla.Patch": _ATTRIBUTE,
    "gorilla.patch": _ATTRIBUTE,
    "forbiddenfruit.curse": _ATTRIBUTE,
    "importlib.reload": _ATTRIBUTE,
    "os.putenv": Patcher("environment"),
    "posix.putenv": Patcher("environment"),
    "dotenv.load_dotenv": Patcher("lines"),
    "dotenv.main.load_dotenv": Patcher("lines"),
}
"""Functions that patch, by their canonical name."""

METHODS: Final[Mapping[str, Patcher]] = {
    "setattr": Patcher("dotted"),
    "delattr": Patcher("dotted", deletes=True),
    "setitem": _ITEM,
    "delitem": Patcher("item", deletes=True),
    "setenv": Patcher("environment"),
    "patch": Patcher("dotted"),
    "patch.object": _ATTRIBUTE,
    "patch.multiple": Patcher("dotted"),
    "patch.dict": _TABLE,
    "spy": _ATTRIBUTE,
    "stub": _ATTRIBUTE,
}
"""Patchers by the end of their name, whatever they belong to: `monkeypatch`, `mocker`, `mock`."""

CHANGING: Final = ("setattr", "delattr", "patch.object", "patch.multiple")
"""The ends of their names of those that leave what they change where it is; a `spy` calls it."""

TABLE_METHODS: Final[Mapping[str, Patcher]] = {
    "__setitem__": _ITEM,
    "setdefault": _ITEM,
    "__delitem__": Patcher("item", deletes=True),
    "pop": Patcher("item", deletes=True),
    "update": _TABLE,
    "__ior__": _TABLE,
    "__setattr__": _ATTRIBUTE,
    "__delattr__": Patcher("attribute", deletes=True),
}
"""Methods of a table, module or class that change it."""

EMPTYING: Final = frozenset({"clear", "popitem"})
"""Methods that take everything out of a table."""

FINDERS: Final = frozenset({"sys.meta_path", "sys.path_hooks", "sys.path_importer_cache"})
"""Where import hooks are installed. Innocent, unless the hook names interlock."""

INSTALLING: Final = frozenset({"append", "extend", "insert"})
"""Methods that install a hook there."""

IMPORTING: Final = frozenset({"builtins.__import__", "importlib.import_module"})
"""Functions that import; replaced, they can give a stand-in. Innocent as FINDERS are."""

LOOKING: Final = frozenset(
    "copy dataclasses functools importlib inspect json logging operator pickle pkgutil pprint "
    "pydoc rich sphinx sys types typing typing_extensions unittest warnings".split()
)
"""Roots of libraries that may be given the module: they look at it, or are named above."""

TELLING: Final = frozenset(
    "critical debug echo error exception fatal format info log print secho warn warning "
    "write".split()
)
"""Methods of anything that only show what they are given."""

CI_VARIABLES: Final = frozenset(
    """
    CI CONTINUOUS_INTEGRATION GITHUB_ACTIONS GITHUB_ACTOR GITHUB_EVENT_NAME GITHUB_JOB GITHUB_REF
    GITHUB_REF_NAME GITHUB_REF_PROTECTED GITHUB_REPOSITORY GITHUB_REPOSITORY_ID GITHUB_RUN_ID
    GITHUB_SHA GITHUB_WORKFLOW GITHUB_WORKFLOW_REF RUNNER_ENVIRONMENT GITLAB_CI CI_JOB_ID
    CI_JOB_JWT CI_JOB_JWT_V2 CI_JOB_TOKEN CI_COMMIT_SHA CI_COMMIT_REF_NAME
    CI_COMMIT_REF_PROTECTED CI_ENVIRONMENT_NAME CI_PIPELINE_ID CI_PIPELINE_SOURCE CI_PROJECT_ID
    BUILDKITE BUILDKITE_AGENT_ACCESS_TOKEN BUILDKITE_BUILD_ID BUILDKITE_JOB_ID CIRCLECI
    CIRCLE_OIDC_TOKEN CIRCLE_OIDC_TOKEN_V2 CIRCLE_WORKFLOW_ID TF_BUILD SYSTEM_ACCESSTOKEN
    SYSTEM_OIDCREQUESTURI JENKINS_URL BUILD_ID BUILD_NUMBER TEAMCITY_VERSION TRAVIS APPVEYOR DRONE
    BITBUCKET_BUILD_NUMBER BITBUCKET_STEP_OIDC_TOKEN CODEBUILD_BUILD_ID SEMAPHORE CIRRUS_CI
    WOODPECKER NETLIFY HEROKU_TEST_RUN_ID
    """.split()
)
"""By which a process knows that it runs in CI, and in which job. Read in each system's manual."""

CI_PREFIXES: Final = ("ACTIONS_ID_TOKEN_REQUEST_", "ACTIONS_RUNTIME_")
"""What a GitHub job asks for its identity with."""

ENVIRONMENT: Final = frozenset({"environ", "environb", "load_dotenv", "putenv"})
"""Words without one of which a file sets no variable of its process."""

STATE: Final = ".interlock"
"""The folder in which interlock keeps receipts."""

WRITERS: Final[Mapping[str, tuple[int, str]]] = {
    "os.link": (1, "dst"),
    "os.mknod": (0, "path"),
    "os.rename": (1, "dst"),
    "os.renames": (1, "new"),
    "os.replace": (1, "dst"),
    "os.symlink": (1, "dst"),
    "os.truncate": (0, "path"),
    "shutil.copy": (1, "dst"),
    "shutil.copy2": (1, "dst"),
    "shutil.copyfile": (1, "dst"),
    "shutil.copytree": (1, "dst"),
    "shutil.move": (1, "dst"),
    "shutil.unpack_archive": (1, "extract_dir"),
    "tempfile.NamedTemporaryFile": (99, "dir"),
    "tempfile.mkstemp": (2, "dir"),
    "os.chdir": (0, "path"),
    "contextlib.chdir": (0, "path"),
    "joblib.dump": (1, "filename"),
    "numpy.save": (0, "file"),
}
"""Functions that write below a path: its position and keyword. Where a process changes its
working directory to, it writes without naming the path."""

OPENERS: Final = frozenset(
    """
    builtins.open io.open codecs.open os.open os.fdopen gzip.open bz2.open lzma.open aiofiles.open
    anyio.open_file trio.open_file smart_open.open tokenize.open
    """.split()
)
"""They write by their mode, the second argument."""

PATH_WRITERS: Final = frozenset(
    "write_text write_bytes touch symlink_to hardlink_to link_to copy_into move_into".split()
)
"""Methods of a path that write to it."""

PATH_MOVERS: Final = frozenset({"rename", "replace", "copy", "move", "copy_into", "move_into"})
"""Methods of a path that write to their first argument."""

SAVERS: Final = frozenset(
    "dump extractall save savetxt to_csv to_json to_parquet to_pickle upload_to".split()
)
"""Methods of anything that write to a path among their arguments."""
