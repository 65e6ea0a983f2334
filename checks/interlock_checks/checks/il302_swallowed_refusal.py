from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence

_WAYS = {
    "handler": "a refusal of {} is caught here, and the program goes on or ends well",
    "with": "a refusal of {} ends in this block, and the program goes on or ends well",
    "finally": "leaving a `finally` block here drops a refusal of {}",
    "decorator": "a decorator drops a refusal of {}",
    "lost": "a refusal in what is given to {} reaches nobody",
    "exit": "what is registered here ends the program as a success, even after a refusal of {}",
}


class SwallowedRefusal(Check):
    """
    A guard speaks by raising. Code that catches the refusal and goes on has made it advisory.

    Catching is not swallowing: a handler may log, notify and clean up, as long as every way out of
    it raises or ends the program with a failure. What a thread or a task raises is seen only by
    whoever asks for its result.
    """

    code = "IL302"
    name = "swallowed-refusal"
    clause = "C6"
    summary = "a refusal that is caught and not raised again, dropped or only logged"
    remedy = "let the refusal end the program: raise it again, or exit with a failure"

    bad = {
        "logged and forgotten": """
            import logging
            import interlock

            def deploy(target: str) -> None:
                receipt = interlock.verify(target)
                try:
                    receipt = interlock.backup(receipt)
                except Exception:  # IL302
                    logging.exception("no backup today")
                interlock.migrate(receipt)
        """,
        "a program that reports success": """
            import interlock

            try:
                interlock.deploy("production")
            except interlock.Refused as refusal:  # IL302
                print(refusal)
        """,
        "a return in finally": """
            import interlock

            def prepare(target: str) -> None:
                try:
                    interlock.require_approval()
                finally:
                    return  # IL302

            def deploy(target: str) -> None:
                prepare(target)
                interlock.deploy(target)
        """,
        "a context manager that answers true": """
            import interlock

            class step:
                def __enter__(self) -> None: ...

                def __exit__(self, *error: object) -> bool:
                    print("done", error)
                    return True

            def deploy(target: str) -> None:
                with step():  # IL302
                    interlock.deploy(target)
        """,
        "a decorator that shrugs": """
            import functools
            import interlock

            def best_effort(function):
                @functools.wraps(function)
                def wrapper(*args):
                    try:
                        return function(*args)
                    except BaseException as error:  # IL302
                        print(error)
                return wrapper

            @best_effort
            def approve() -> None:
                interlock.require_approval()

            def deploy(target: str) -> None:
                approve()
                interlock.deploy(target)
        """,
        "a thread": """
            import threading
            import interlock

            def deploy(target: str) -> None:
                threading.Thread(target=interlock.deploy, args=(target,)).start()  # IL302
        """,
        "exceptions as results": """
            import asyncio
            import interlock

            async def check(target: str) -> None:
                await asyncio.to_thread(interlock.verify, target)

            async def main() -> None:
                checks = [check("orders"), check("billing")]
                await asyncio.gather(check("orders"), return_exceptions=True)  # IL302
        """,
    }
    good = {
        "logged and raised again": """
            import logging
            import interlock

            def deploy(target: str) -> None:
                try:
                    interlock.deploy(target)
                except interlock.Refused:
                    logging.exception("refused")
                    raise
        """,
        "an exit status": """
            import sys
            import interlock

            def main() -> int:
                try:
                    interlock.deploy("production")
                except interlock.Refused as refusal:
                    print(refusal, file=sys.stderr)
                    return 3
                return 0

            if __name__ == "__main__":
                sys.exit(main())
        """,
        "an answer that is heeded": """
            import interlock

            def approved() -> bool:
                try:
                    interlock.require_approval()
                except interlock.Refused as refusal:
                    print(refusal)
                    return False
                return True

            if approved():
                interlock.deploy("production")
            else:
                raise SystemExit("not approved")
        """,
        "a handler around something else": """
            import interlock
            from pathlib import Path

            def deploy(target: str) -> None:
                try:
                    interlock.deploy(target)
                finally:
                    try:
                        Path("deploy.lock").unlink()
                    except FileNotFoundError:
                        pass
        """,
        "a future that is asked": """
            from concurrent.futures import ThreadPoolExecutor
            import interlock

            def deploy(target: str) -> None:
                with ThreadPoolExecutor() as pool:
                    receipt = pool.submit(interlock.verify, target).result()
                interlock.migrate(interlock.backup(receipt))
        """,
    }

    def message(self, offence: Offence) -> str:
        return _WAYS.get(offence.manner, _WAYS["handler"]).format(f"`{offence.sink}`")
