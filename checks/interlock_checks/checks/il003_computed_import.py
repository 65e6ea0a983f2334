"""IL003: an import whose module is chosen while the program runs."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence


class ComputedImport(Check):
    """
    An import by a computed name may load `alembic.command` or `sqlalchemy` without naming them, and
    the next line may call what it got.

    A name that is bounded is fine: a constant, a choice among constants, or a fixed package in
    front (`f"app.plugins.{name}"`) that cannot lead to a library which migrates or connects.
    Modules that must import by a computed name, such as a plugin loader, are few; the contract
    names them in `dynamic-modules`.
    """

    code = "IL003"
    name = "computed-import"
    clause = "C6"
    summary = "import of a module whose name is computed at run time"
    remedy = (
        "bound the name: begin it with a package of your own, as in "
        '`import_module(f"app.plugins.{name}")`, or choose the module from a dictionary of imports'
    )

    bad = {
        "a module named by a setting": """
            import os
            from importlib import import_module

            backend = import_module(os.environ["BACKEND"])  # IL003
        """,
        "a function named by a dotted path": """
            from importlib import import_module

            def load(dotted):
                module, _, name = dotted.rpartition(".")
                return getattr(import_module(module), name)  # IL003
        """,
        "the builtin below `import`": """
            import sys

            plugin = __import__(sys.argv[1])  # IL003
        """,
        "a helper that imports": """
            import pkgutil

            def resolve(target):
                return pkgutil.resolve_name(target)  # IL003
        """,
        "whatever lies on the path": """
            import pkgutil
            from importlib import import_module

            for one in pkgutil.iter_modules():
                import_module(one.name)  # IL003
        """,
        "only the end of the name is known": """
            from importlib import import_module

            def tasks(package):
                return import_module(f"{package}.tasks")  # IL003
        """,
    }
    good = {
        "a fixed package in front": """
            from importlib import import_module

            def plugin(name):
                return import_module(f"app.plugins.{name}")
        """,
        "a choice among constants": """
            from importlib import import_module

            SERIALISERS = {"json": "json", "toml": "tomllib"}

            def serialiser(kind):
                return import_module(SERIALISERS[kind])
        """,
        "relative to the own package": """
            from importlib import import_module

            def handler(name):
                return import_module(f".{name}", "app.handlers")
        """,
        "what lies in a package": """
            import pkgutil
            from importlib import import_module

            import app.tasks

            for task in pkgutil.iter_modules(app.tasks.__path__, "app.tasks."):
                import_module(task.name)
            for _, name, _ in pkgutil.walk_packages(app.tasks.__path__, prefix="app.tasks."):
                import_module(name)
        """,
        "every caller gives a constant": """
            from importlib import import_module

            def optional(name):
                try:
                    return import_module(name)
                except ImportError:
                    return None

            orjson = optional("orjson")
        """,
    }

    def message(self, offence: Offence) -> str:
        name = offence.sink.removeprefix("builtins.")
        if offence.manner.startswith("of "):
            return f"`{name}` {offence.manner}: this may import any module"
        return f"`{name}` {offence.manner}: what will be imported with it is not known"
