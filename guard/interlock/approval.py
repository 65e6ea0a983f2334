"""`require_approval()`, the first call of an env.py."""

from __future__ import annotations

from interlock.hooks import install
from interlock.permits import current
from interlock.refused import Refused

__all__ = ["require_approval"]


def require_approval() -> None:
    """
    Demand a permit for what this environment is about to change.

    Offline mode, read-only commands and unprotected databases pass. What is judged is the
    connection that the migrations really use, once there is one: from this call on each
    operation of Alembic in this process is under the guard. With Alembic 1.18 and later it is so
    anyway; with older versions this call is what brings the guard in.

    Raises:
        Refused: There is no Alembic environment whose connection could be judged, and no permit.
    """
    install()
    from alembic import context

    if getattr(context, "_proxy", None) is None and current() is None:
        raise Refused(
            "an approval outside of an Alembic environment",
            why="Nobody can tell which database would be changed, and what is not known is "
            "protected.",
            missing="a permit",
            next_step="call require_approval() in env.py; a protected database is migrated by "
            "`interlock deploy NAME`",
        )
