"""IL303: a guard that is replaced, or reached into."""

from __future__ import annotations

from collections.abc import Iterator

from interlock_checks.check import Check
from interlock_checks.facts import model as m
from interlock_checks.finding import Finding
from interlock_checks.project import Offence, Project


class ReplacedGuard(Check):
    """
    Python lets any module rebind the names of any other. A guard that was replaced is still called
    by its name, so every call looks right, and the assignment is the only trace. The same goes for
    a file called `interlock.py`, metadata called `interlock.egg-info`, an entry in `sys.modules`, a
    fallback for a failed import, and for what the guard is made of: its private names, its
    listeners, the steps of Alembic that it hooks.

    A file that is byte for byte the one of the running interlock stands in for nothing: that is how
    interlock's own repository is told from an impostor, since a name proves nothing.
    """

    code = "IL303"
    name = "replaced-guard"
    clause = "C6"
    summary = "a guard that is replaced, shadowed or reached into"
    remedy = (
        "call interlock by its public names and let its refusal stand; tests that need another "
        "guard belong below `test-paths`"
    )

    bad = {
        "a guard assigned": """
            import interlock

            interlock.verify = lambda target: {"target": target, "ok": True}  # IL303
        """,
        "by any other spelling": """
            import sys
            from types import SimpleNamespace

            import interlock as guard

            names = ["verify", "backup"]
            for name in names:
                setattr(guard, name, lambda given: given)  # IL303
            vars(guard)["migrate"] = print  # IL303
            guard.__dict__.update(deploy=print)  # IL303
            sys.modules["interlock"] = SimpleNamespace()  # IL303
        """,
        "a function that patches what it is given": """
            import interlock

            def quiet(module, name):
                setattr(module, name, lambda *args: None)

            quiet(interlock, "require_approval")  # IL303
        """,
        "a mock that is left in the program": """
            from unittest import mock

            def rehearse(deploy):
                with mock.patch("interlock.backup", lambda receipt: receipt):  # IL303
                    deploy()
        """,
        "a fallback for the guard": """
            try:
                from interlock import require_approval
            except ImportError:
                def require_approval():  # IL303
                    return None
        """,
        "private names": """
            from interlock import _state  # IL303

            def open_window():
                _state.permits.add("support")  # IL303
        """,
        "behind the guard": """
            import interlock

            def migrate(receipt):
                interlock.migrate.__wrapped__(receipt)  # IL303
        """,
        "what the guard hooks": """
            from alembic.ddl.impl import DefaultImpl
            from sqlalchemy import Pool

            DefaultImpl._exec = lambda self, construct, *args: None  # IL303
            Pool.dispatch.connect.clear()  # IL303
        """,
        "the module given away": """
            import interlock
            from app.patching import apply_all

            import wrapt

            wrapt.wrap_function_wrapper(interlock, "permit", apply_all)  # IL303
        """,
    }
    good = {
        "an alias": """
            import interlock

            check = interlock.verify
            RUN = {"verify": interlock.verify, "backup": interlock.backup}
        """,
        "a wrapper around a guard": """
            import functools

            import interlock

            verify = functools.partial(interlock.verify, "production")

            class Deployment:
                def __init__(self):
                    self.guard = interlock
                    self.interlock = interlock.verify
        """,
        "a refusal of one's own": """
            import interlock

            class Refused(Exception):
                pass

            def deploy(target):
                if target == "moon":
                    raise Refused(target)
                interlock.deploy(target)
        """,
        "a missing installation ends the program": """
            try:
                import interlock
            except ImportError as error:
                raise SystemExit("install the project with its requirements") from error

            interlock.require_approval()
        """,
        "another table of modules": """
            import sys

            class Lazy:
                pass

            sys.modules[__name__] = Lazy()
            sys.modules.pop("app.plugins", None)
            sys.meta_path.append(Lazy())
        """,
        "a test": """
            # pyproject.toml: test-paths = ["app"]
            import interlock

            def test_deploy(monkeypatch):
                monkeypatch.setattr(interlock, "verify", lambda target: target)
        """,
    }

    def run(self, project: Project) -> Iterator[Finding]:
        yield from super().run(project)
        for path in sorted(project.stand_ins):
            offence = Offence(path, m.Span(1, 1, 1, 1), "this file", "")
            yield self.finding(offence, "this file is taken by Python in place of interlock")

    def message(self, offence: Offence) -> str:
        return f"`{offence.sink}` {offence.manner}: a guard is only what interlock made it"
