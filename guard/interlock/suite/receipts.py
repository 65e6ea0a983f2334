"""A real verification and a real backup in the copy, and what can be made of their receipts."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.suite.bench import Bench, Broken

if TYPE_CHECKING:
    from interlock.steps.receipts import Receipt

__all__ = ["Chain", "make_chain"]

_STALE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Chain:
    """
    The receipts of a run that waits for its migration.

    Attributes:
        kept: A copy of `.interlock` as it was after the backup.
    """

    verified: Receipt
    backed_up: Receipt
    kept: Path

    def put(self, bench: Bench, receipts: Iterable[Receipt], private: str = "") -> None:
        """Leave exactly these receipts in the copy, signed by a key; none means the trusted one."""
        from interlock.steps import store
        from interlock.steps.envelope import seal
        from interlock.steps.keys import read_private, write_private
        from interlock.steps.receipts import payload_of

        bench.fresh()
        shutil.copytree(self.kept, bench.root / ".interlock")
        shutil.rmtree(bench.root / ".interlock/receipts")
        file = self.kept.parent / "signing.key"
        file.unlink(missing_ok=True)
        write_private(file, private or bench.private)
        key = read_private(f"file:{file}")
        for one in receipts:
            store.write(bench.root, one.run, one.step, seal(payload_of(one), key))

    def stale(self) -> tuple[Receipt, Receipt]:
        """Return the same run, had it been two hours ago."""
        from msgspec.structs import replace

        verified = replace(self.verified, issued=self.verified.issued - _STALE)
        issued = self.backed_up.issued - _STALE
        return verified, replace(self.backed_up, issued=issued, previous=verified.digest())

    def elsewhere(self) -> tuple[Receipt, Receipt]:
        """Return the same run against a database of the same name that is another one."""
        from msgspec.structs import replace

        target = replace(self.verified.target, identity=f"{self.verified.target.identity}0")
        verified = replace(self.verified, target=target)
        return verified, replace(self.backed_up, target=target, previous=verified.digest())

    def used(self) -> tuple[Receipt, Receipt, Receipt]:
        """Return the same run after its migration has begun."""
        from msgspec.structs import replace

        from interlock.steps.receipts import Started

        begun = replace(
            self.backed_up, evidence=Started(0, "elsewhere"), previous=self.backed_up.digest()
        )
        return self.verified, self.backed_up, begun


def make_chain(bench: Bench) -> Chain:
    """
    Verify and back up the scratch database as its pipeline would.

    Raises:
        Broken: One of the two steps does not succeed, so nothing that is refused afterwards
            would show anything.
    """
    from interlock.steps import store
    from interlock.steps.chain import examine

    bench.fresh()
    for step in "verify", "backup":
        answer = bench.interlock(step, bench.name, more=bench.pipeline())
        if answer.status != 0:
            raise Broken(
                f"`interlock {step} {bench.name}` does not succeed in the copy of this repository, "
                f"with a key and a new database: {answer.last_words}"
            )
    run = store.runs(bench.root)[-1]
    found = examine(bench.root, run, [bench.public]).receipts
    kept = bench.root.parent / "kept" / "state"
    shutil.copytree(bench.root / ".interlock", kept)
    return Chain(found["verify"], found["backup"], kept)
