from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence

_CAUSES = {
    "condition": "what is asked here decides whether {} runs",
    "name": "what is called here may be something else than {}",
    "loop": "this loop may run zero times, and then {} does not run",
    "handler": "an exception that is caught here leaves {} out",
    "override": "a subclass puts another method in the place of one that runs {}",
    "verdict": "what is asked here decides whether a failure of {} counts",
}


class ConditionalGuard(Check):
    """
    A guard that can be left out is left out on the day when it matters, by whoever is in a hurry.

    It makes no difference how the switch is spelled, what its default is or how well it is named:
    an environment variable, an option, a parameter, a setting and a constant at the top of a
    module are all switches. What counts is what a condition controls. A condition that decides
    whether anything is deployed at all is none of them, nor is one that steers no guard.

    A step that is started as a process refuses by its exit status. A condition that decides whether
    a failure counts is a switch like any other; one that only asks the status is not.
    """

    code = "IL301"
    name = "conditional-guard"
    clause = "C6"
    summary = "a guard or step that an outside input can keep from running"
    remedy = (
        "run the guard on every path that leads to what it guards, and let its failure end the "
        "program; what a database may be spared is declared in the contract, which everybody sees"
    )

    bad = {
        "a parameter with a harmless default": """
            import interlock

            def deploy(target: str, fast: bool = False) -> None:
                receipt = interlock.verify(target)
                if not fast:  # IL301
                    receipt = interlock.backup(receipt)
                interlock.migrate(receipt)
        """,
        "a constant that one line can change": """
            import interlock

            STRICT = True

            def clearance(target: str) -> object:
                receipt = interlock.verify(target)
                return interlock.backup(receipt) if STRICT else receipt  # IL301

            def deploy(target: str) -> None:
                interlock.migrate(clearance(target))
        """,
        "a way out before the guard": """
            import os
            import interlock

            def check(url: str) -> None:
                if "DB_TRUSTED" in os.environ:  # IL301
                    return
                interlock.validate_database_url(url)

            def connect(url: str) -> object:
                check(url)
                return interlock.create_engine(url)
        """,
        "a guard that Python's -O strips": """
            import interlock

            def deploy(target: str) -> None:
                assert interlock.require_approval() is None  # IL301
                interlock.deploy(target)
        """,
        "a verdict that an option overrules": """
            import subprocess
            import sys

            def deploy(target: str, force: bool = False) -> None:
                result = subprocess.run(["interlock", "verify", target])
                if result.returncode and not force:  # IL301
                    sys.exit(result.returncode)
                subprocess.run(["interlock", "migrate", target], check=True)
        """,
        "a parameter of the factory": """
            # pyproject.toml: engine-factory = ["app.example:make_engine"]
            import interlock
            import sqlalchemy

            def make_engine(url: str, guarded: bool = True) -> sqlalchemy.Engine:
                if guarded:  # IL301
                    return interlock.create_engine(url)
                return sqlalchemy.create_engine(url)
        """,
    }
    good = {
        "options that steer no guard": """
            import interlock

            def deploy(target: str, verbose: bool = False, force_color: bool = False) -> None:
                receipt = interlock.verify(target)
                if verbose:
                    print("\\x1b[32mverified\\x1b[0m" if force_color else "verified")
                interlock.migrate(interlock.backup(receipt))
        """,
        "a condition on deploying at all": """
            import sys
            import interlock

            def main(command: str, target: str, dry_run: bool = False) -> None:
                if command == "verify":
                    interlock.verify(target)
                elif command == "deploy" and not dry_run:
                    interlock.deploy(target)

            if __name__ == "__main__":
                main(*sys.argv[1:])
        """,
        "a verdict that is heeded": """
            import subprocess
            import sys

            def deploy(target: str, verbose: bool = False) -> None:
                result = subprocess.run(["interlock", "verify", target])
                if result.returncode and verbose:
                    print("not verified", file=sys.stderr)
                if result.returncode:
                    sys.exit(result.returncode)
                subprocess.run(["interlock", "migrate", target], check=True)
        """,
        "a program that ends instead": """
            import os
            import interlock

            def deploy(target: str) -> None:
                if "DB_FROZEN" in os.environ:
                    raise SystemExit("no deployment today")
                interlock.require_approval()
                interlock.deploy(target)
        """,
    }

    def message(self, offence: Offence) -> str:
        cause = _CAUSES.get(offence.manner, _CAUSES["condition"])
        return cause.format(f"`{offence.sink}`")
