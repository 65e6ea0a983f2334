from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence

_WANTED = {"interlock.backup": "interlock.verify"}


class BrokenReceiptChain(Check):
    """
    Each step consumes the receipt of the one before, and that is what proves their order.

    It is the value that counts, not that all the calls are there: a receipt that never went through
    `interlock.backup` cannot say that there is a backup. One that comes from a file, from an
    unknown caller or from nowhere says nothing at all. Nor does one that has
    migrated something already: a receipt is for one migration of one database.
    """

    code = "IL402"
    name = "broken-receipt-chain"
    clause = "C4"
    summary = "a step that is given something else than the receipt of the step before"
    remedy = "pass on what the step before returned: `interlock.backup(interlock.verify(target))`"

    bad = {
        "the older of two receipts": """
            import interlock

            def deploy(target: str) -> None:
                verified = interlock.verify(target)
                interlock.backup(verified)
                interlock.migrate(verified)  # IL402
        """,
        "a backup that comes too late": """
            import interlock

            def deploy(target: str) -> None:
                receipt = interlock.verify(target)
                interlock.migrate(receipt)  # IL402
                interlock.backup(receipt)
        """,
        "a receipt that was kept": """
            import json
            import interlock

            def deploy(path: str) -> None:
                with open(path) as file:
                    receipt = json.load(file)
                interlock.migrate(receipt)  # IL402
        """,
        "a receipt that was used": """
            import interlock

            def deploy(targets: list[str]) -> None:
                receipt = interlock.backup(interlock.verify(targets[0]))
                for target in targets:
                    interlock.migrate(receipt)  # IL402
        """,
        "a receipt from whoever calls": """
            import interlock

            def finish(receipt: object) -> None:
                with interlock.permit(receipt):  # IL402
                    print("open")
        """,
    }
    good = {
        "one after the other": """
            import interlock

            def deploy(target: str) -> None:
                receipt = interlock.verify(target)
                receipt = interlock.backup(receipt)
                interlock.migrate(receipt)
        """,
        "through a function of one's own": """
            import interlock

            def prepare(target: str) -> object:
                return interlock.backup(interlock.verify(target))

            def finish(receipt: object) -> None:
                with interlock.permit(receipt):
                    print("open")

            def deploy(target: str) -> None:
                finish(prepare(target))
        """,
        "with another try": """
            import time
            import interlock

            def deploy(target: str) -> None:
                receipt = interlock.verify(target)
                for _ in range(3):
                    try:
                        receipt = interlock.backup(receipt)
                        break
                    except OSError:
                        time.sleep(20)
                else:
                    raise SystemExit("no backup, no migration")
                interlock.migrate(receipt)
        """,
    }

    def message(self, offence: Offence) -> str:
        if offence.manner == "used":
            return f"`{offence.sink}` may be given a receipt that was used for a migration before"
        wanted = _WANTED.get(offence.sink, "interlock.backup")
        return f"`{offence.sink}` may be given something that did not come from `{wanted}`"
