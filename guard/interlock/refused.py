"""What interlock says when it does not let something happen."""

from __future__ import annotations

import json

from interlock.redaction import redacted
from interlock.uncaught import show_briefly

__all__ = ["Refused"]


class Refused(BaseException):
    """
    A guard did not let something happen; nothing was changed.

    It derives from `BaseException`, as `trio.Cancelled` does: a blanket `except Exception` is
    written for mistakes of the program, and a refusal is none.

    Attributes:
        what: What was refused, as a sentence.
        why: The reason, as a sentence.
        missing: The evidence that would have been needed; empty where none could help.
        next_step: The next right thing to do, a command where there is one.
    """

    def __init__(self, what: str, *, why: str, missing: str = "", next_step: str) -> None:
        # Reasons quote drivers and SQLAlchemy, and these quote URLs.
        self.what, self.why = redacted(what), redacted(why)
        self.missing, self.next_step = redacted(missing), redacted(next_step)
        super().__init__(self.what)
        show_briefly(Refused)

    def __str__(self) -> str:
        lines = [f"refused: {self.what}", f"  why: {self.why}"]
        if self.missing:
            lines.append(f"  missing: {self.missing}")
        lines.append(f"  next: {self.next_step}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        """Let a refusal cross from a worker process to the one that waits for it."""
        return _restore, (self.what, self.why, self.missing, self.next_step)

    def json(self) -> str:
        """Return the refusal as one JSON object, for programs and agents."""
        return json.dumps(
            {
                "refused": self.what,
                "why": self.why,
                "missing": self.missing,
                "next": self.next_step,
            }
        )


Refused.__module__ = "interlock"  # where it is imported from, and what a traceback shows


def _restore(what: str, why: str, missing: str, next_step: str) -> Refused:
    return Refused(what, why=why, missing=missing, next_step=next_step)
