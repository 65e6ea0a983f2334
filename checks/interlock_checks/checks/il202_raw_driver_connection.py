"""IL202: a connection that is opened with the driver."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence
from interlock_checks.wording import used


class RawDriverConnection(Check):
    """
    A connection of the driver goes round the engine, and so round everything that watches over the
    engine: the judgement of its URL, its limits, and the log of its statements. The database does
    not care which library a `drop table` came through.
    """

    code = "IL202"
    name = "raw-driver-connection"
    clause = "C3"
    summary = "database connection opened directly with a driver"
    remedy = (
        "use a connection of the guarded engine (`engine.connect()`, or `engine.raw_connection()` "
        "where the driver's own interface is needed), built by the function that `engine-factory` "
        "names in the contract"
    )

    bad = {
        "a report": """
            import psycopg

            def totals(dsn):
                with psycopg.connect(dsn) as connection:  # IL202
                    return connection.execute("select sum(total) from orders").fetchone()
        """,
        "an older driver": """
            import os
            import psycopg2

            connection = psycopg2.connect(os.environ["DATABASE_URL"])  # IL202
        """,
        "a pool": """
            import asyncpg

            async def listen(dsn):
                pool = await asyncpg.create_pool(dsn)  # IL202
                return await pool.acquire()
        """,
        "the driver picked from a table": """
            import MySQLdb
            import psycopg2

            CONNECT = {
                "mysql": MySQLdb.connect,  # IL202
                "postgresql": psycopg2.connect,  # IL202
            }
        """,
        "the driver that is there": """
            import pymysql
            from app.drivers import installed, mysqlclient

            def driver():
                return mysqlclient or installed and pymysql  # IL202
        """,
        "as the creator of an engine": """
            import pyodbc

            def creator():
                return pyodbc.connect("DSN=warehouse")  # IL202
        """,
    }
    good = {
        "the guarded engine": """
            from sqlalchemy import text
            from app.db import make_engine

            def totals():
                with make_engine().connect() as connection:
                    return connection.execute(text("select sum(total) from orders")).scalar_one()
        """,
        "the driver's interface below an engine": """
            def copy(engine, lines):
                raw = engine.raw_connection()
                raw.cursor().copy_from(lines, "orders")
        """,
        "a local file": """
            import sqlite3

            cache = sqlite3.connect("cache.db")
        """,
        "the driver's errors and types": """
            import psycopg
            from psycopg.types.json import Jsonb

            def save(connection: psycopg.Connection, document):
                try:
                    connection.execute("insert into documents values (%s)", [Jsonb(document)])
                except psycopg.errors.UniqueViolation:
                    return False
                return True
        """,
        "a driver that may be missing": """
            try:
                import psycopg2
            except ImportError:
                psycopg2 = None

            def is_aborted(error):
                return psycopg2 and isinstance(error.orig, psycopg2.InternalError)
        """,
        "the engine factory": """
            # pyproject.toml: engine-factory = "app.example:make_engine"
            import psycopg
            from sqlalchemy import create_engine

            def make_engine(url):
                return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
        """,
    }

    def message(self, offence: Offence) -> str:
        return f"{used(offence)} outside the engine factory"
