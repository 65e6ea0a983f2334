"""
PostgreSQL: identity, advisory locks, and what a session that cannot be relied on looks like.

Probed on PostgreSQL 15 and 18. The backup is in `postgresql_backup`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.refused import Refused
from interlock.steps.environment import Environment, Unusable
from interlock.steps.receipts import Copied
from interlock.steps.session import Session

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_LOCK = 0x494C434B
"""`ILCK`: our part of the keys of advisory locks, which each database has for itself."""

_DEPLOYER, _MIGRATION = 1, 2

_IDENTITY = (
    "SELECT system_identifier::text, d.oid::text, d.datname, pg_is_in_recovery() "
    "FROM pg_control_system(), pg_database d WHERE d.datname = current_database()"
)

SCHEMA = """
SELECT kind || ' ' || name, definition FROM (
  SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
           WHEN 'm' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'relation' END AS kind,
         c.oid::regclass::text AS name,
         c.relkind::text || coalesce(
           (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ||
                     CASE WHEN a.attnotnull THEN ' not null ' ELSE ' ' END ||
                     coalesce(pg_get_expr(d.adbin, d.adrelid), ''), ', ' ORDER BY a.attnum)
              FROM pg_attribute a
              LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') ||
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END AS definition,
         c.relnamespace AS space
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  UNION ALL
  SELECT CASE WHEN i.indisvalid THEN 'index' ELSE 'invalid index' END,
         i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.relnamespace
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  UNION ALL
  SELECT 'constraint', n.conname || ' on ' || n.conrelid::regclass::text,
         pg_get_constraintdef(n.oid) || n.convalidated::text, n.connamespace
    FROM pg_constraint n WHERE n.conrelid <> 0
  UNION ALL
  SELECT 'trigger', t.tgname || ' on ' || t.tgrelid::regclass::text, pg_get_triggerdef(t.oid),
         c.relnamespace
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
  UNION ALL
  SELECT 'function', p.oid::regprocedure::text, p.prosrc, p.pronamespace
    FROM pg_proc p
  UNION ALL
  SELECT 'enum', t.oid::regtype::text,
         string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder), t.typnamespace
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY t.oid, t.typnamespace
) every JOIN pg_namespace n ON n.oid = every.space
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, 2
"""
"""Names and definitions, to be read with an empty `search_path`, so that names are qualified."""


def identify(connection: Connection) -> str:
    """The cluster's own number, the database's number in it, and its name."""
    from sqlalchemy.exc import DBAPIError

    try:
        row = connection.exec_driver_sql(_IDENTITY).one()
    except DBAPIError as error:
        raise Unusable(
            "the database does not say which one it is (pg_control_system): "
            f"{type(error.orig).__name__}"
        ) from error
    if row[3]:
        raise Unusable("this is a standby, which cannot be migrated: connect to its primary")
    return f"postgresql:{row[0]}:{row[1]}:{row[2]}"


def clock(connection: Connection) -> datetime:
    seconds = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())::float8")
    return datetime.fromtimestamp(seconds.scalar_one(), UTC)


def schema(environment: Environment) -> dict[str, str]:
    with Session(environment.engine) as session:
        session.rows("SELECT set_config('search_path', '', false)")
        return digests([(row[0], row[1]) for row in session.rows(SCHEMA)])


def digests(rows: list[tuple[str, str]]) -> dict[str, str]:
    """Overloaded names are kept apart by their order, which the query fixes."""
    found: dict[str, str] = {}
    for name, text in rows:
        before = found.get(name, "")
        found[name] = hashlib.sha256((before + text).encode()).hexdigest()[:16]
    return found


def admit(connection: Connection) -> None:
    """
    Hold a shared lock in the session that migrates.

    A deployer that is killed loses its lock at once, but its statement may run on in the server:
    until that has ended, nobody else gets past `lock`.
    """
    connection.exec_driver_sql(f"SELECT pg_advisory_lock_shared({_LOCK}, {_MIGRATION})")


def dismiss(connection: Connection) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock_shared({_LOCK}, {_MIGRATION})")
    except SQLAlchemyError:
        # The transaction has failed. The session is not given back to a pool, so it ends.
        connection.detach()


@contextmanager
def lock(environment: Environment, holder: str) -> Iterator[None]:
    """
    Hold an advisory lock on a connection of its own.

    It is held in autocommit: a lock in an open transaction would block CREATE INDEX CONCURRENTLY.
    """
    with Session(environment.engine) as session:
        _require_a_session(session, environment)
        session.rows("SELECT set_config('application_name', :name, false)", name=holder[:63])
        for number, said in ((_DEPLOYER, "held"), (_MIGRATION, "still used by a migration")):
            got = session.rows("SELECT pg_try_advisory_lock(:a, :b)", a=_LOCK, b=number)
            if not got[0][0]:
                raise Refused(
                    "a second deployment at the same time",
                    why=f"the lock of this database is {said}, by {_holder(session, number)}",
                    next_step="wait until it has ended, then run `interlock status` "
                    "and deploy again",
                )
        session.rows("SELECT pg_advisory_unlock(:a, :b)", a=_LOCK, b=_MIGRATION)
        yield


def _holder(session: Session, number: int) -> str:
    rows = session.rows(
        "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'a local socket'), "
        "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
        "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.classid::bigint = :a AND l.objid::bigint = :b "
        "AND l.granted AND l.database = (SELECT oid FROM pg_database "
        "WHERE datname = current_database())",
        a=_LOCK,
        b=number,
    )
    if not rows:
        return "a session that has just ended"
    process, name, client, since = rows[0]
    return f"{name or 'a session'!r} (server process {process}, from {client}, since {since} UTC)"


def probe(environment: Environment) -> None:
    with Session(environment.engine) as session:
        _require_a_session(session, environment)


def _require_a_session(session: Session, environment: Environment) -> None:
    """
    Behind a pooler that hands out servers by the transaction, locks are taken in one session and
    asked for in another. Then two open connections share a server, or one of them changes it.
    """
    nonce = secrets.token_hex(8)
    where = session.rows("SELECT pg_backend_pid()")[0][0]
    session.rows("SELECT set_config('interlock.probe', :value, false)", value=nonce)
    with Session(environment.engine, "REPEATABLE READ") as other:
        elsewhere = other.rows("SELECT pg_backend_pid()")[0][0]
        kept = session.rows("SELECT pg_backend_pid(), current_setting('interlock.probe', true)")[0]
    if elsewhere == where or kept != (where, nonce):
        raise Unusable(
            "the connection does not keep its session: a pooler (PgBouncer in transaction mode, "
            "for one) stands between, and through it no lock holds. Let the migration connect to "
            "the server itself, or to a pool in session mode"
        )


def back_up(environment: Environment, folder: Path, name: str) -> Copied:
    from interlock.steps.backends.postgresql_backup import back_up as make

    return make(environment, folder, name)
