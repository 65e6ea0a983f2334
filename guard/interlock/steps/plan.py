"""What a migration will do, known before it is done and checked again when it is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.steps.environment import Unusable, rendered, upgrades
from interlock.steps.receipts import Change, Plan

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script

__all__ = ["make_plan"]

_UNKNOWN = "it cannot be rendered without the database"
_UNSTABLE = "it is different each time it is rendered"


def make_plan(config: Config, heads: tuple[str, ...]) -> Plan:
    """
    Plan the way from the revisions of a database to the one head of the repository.

    SQL that depends on what is in the database, or on the moment, cannot be known beforehand.
    Such a change is held by the digest of its script and by the commit alone, and says so.

    Args:
        config: The Alembic configuration.
        heads: What the version table of the database holds; empty before the first migration.

    Raises:
        Unusable: There are several heads or none, a revision is unknown, or no way leads forward.
    """
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    try:
        script = ScriptDirectory.from_config(config)
        tips = script.get_heads()
        if len(tips) != 1:
            raise Unusable(
                "the repository has no migration"
                if not tips
                else f"the repository has {len(tips)} heads ({', '.join(sorted(tips))}): "
                "merge them with `interlock alembic merge heads`"
            )
        known = {one.revision for one in script.walk_revisions()}
        for revision in heads:
            if revision not in known:
                raise Unusable(
                    f"the database is at {revision}, which this commit does not know: it was "
                    "migrated by another commit, and only one that holds that revision can go on"
                )
        scripts = [step.revision for step in upgrades(script, tips[0], heads)]
    except CommandError as error:
        raise Unusable(str(error)) from error
    sql = _sql(config, heads, tips[0]) if scripts else {}
    return Plan(heads, tips[0], tuple(_change(one, sql) for one in scripts))


def _change(script: Script, sql: dict[str, str | None]) -> Change:
    source = hashlib.sha256(Path(script.path).read_bytes()).hexdigest()
    text = sql.get(script.revision)
    if text is None:
        reason = _UNSTABLE if script.revision in sql else _UNKNOWN
        return Change(script.revision, source, None, reason)
    return Change(script.revision, source, hashlib.sha256(text.encode()).hexdigest())


def _sql(config: Config, heads: tuple[str, ...], end: str) -> dict[str, str | None]:
    """The SQL of each revision, None where two renderings differ; empty if it cannot be known."""
    try:
        first, second = (rendered(config, heads, end) for _ in range(2))
    except Exception:  # noqa: BLE001 - the code of a migration may raise anything
        return {}
    return {name: text if second.get(name) == text else None for name, text in first.items()}
