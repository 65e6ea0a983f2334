"""
Libraries that open a database by themselves where they are given its address: data frames, stores.

Given an engine or a connection they build none. pandas takes both in the same place; there, and in
`ibis.connect`, the address has to be seen. Databases within the process are innocent.
"""

from __future__ import annotations

from interlock_checks.catalogue.model import Library, under

_READERS = under("pandas", "read_sql read_sql_query read_sql_table")

PANDAS = Library(
    name="pandas",
    version="documented",
    sinks={"IL201": _READERS},
    aliases={f"pandas.io.sql.{name.rpartition('.')[2]}": name for name in _READERS},
    with_address={
        "pandas.read_sql": (1, "con"),
        "pandas.read_sql_query": (1, "con"),
        "pandas.read_sql_table": (1, "con"),
    },
    only_called=frozenset(_READERS),
    harmless=("pandas",),
)

POLARS = Library(
    name="polars",
    version="documented",
    sinks={"IL202": ("polars.read_database_uri",)},
    harmless=("polars",),
)

CONNECTORX = Library(
    name="connectorx",
    version="documented",
    sinks={"IL202": ("connectorx.read_sql",)},
)

DASK = Library(
    name="dask",
    version="documented",
    sinks={"IL201": under("dask.dataframe", "read_sql read_sql_query read_sql_table")},
    harmless=("dask", "dask.dataframe"),
)

IBIS = Library(
    name="ibis-framework",
    version="documented",
    sinks={
        "IL202": (
            "ibis.connect",
            *(f"ibis.{name}.connect" for name in ("mssql", "mysql", "oracle", "postgres")),
        )
    },
    with_address={"ibis.connect": (0, "resource")},
    harmless=("ibis",),
)

_STORE = "apscheduler.jobstores.sqlalchemy.SQLAlchemyJobStore"

APSCHEDULER = Library(
    name="APScheduler",
    version="documented",
    sinks={"IL201": (_STORE,)},
    with_keyword={_STORE: ("url", "0")},
    unless_keyword={_STORE: ("engine",)},
    only_called=frozenset({_STORE}),
)

FRAME_LIBRARIES = (PANDAS, POLARS, CONNECTORX, DASK, IBIS, APSCHEDULER)
