"""Sixty ways and more to write a protected address beside an unprotected one: none is free."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.addresses import address_of
from interlock.contract import parse_contract
from interlock.protection import protection_of

CONTRACT = """
[databases.production]
urls = ["postgresql://db.prod.example.com/shop", "mysql://db.prod.example.com/shop"]

[databases.live]
urls = ["postgresql://localhost/shop_live", "mysql://localhost/shop_live"]

[databases.development]
urls = [
    "postgresql://localhost/shop_dev",
    "postgresql://*.dev.example.com/shop",
    "mysql://localhost/shop_dev",
    "mssql://devhost/dev",
    "oracle://devhost/dev",
    "cockroachdb://localhost/dev",
]
protected = false
"""
DEV = "postgresql+psycopg://localhost/shop_dev"
PG2 = "postgresql+psycopg2://localhost/shop_dev"
ASYNCPG = "postgresql+asyncpg://localhost/shop_dev"
MYSQL = "mysql+pymysql://localhost/shop_dev"
MYSQLDB = "mysql+mysqldb://localhost/shop_dev"
MSSQL = "mssql+pyodbc://devhost/dev"
ORACLE = "oracle+oracledb://devhost/dev"
PROD = "db.prod.example.com"

FREE: list[tuple[str, dict[str, Any]]] = [
    (DEV, {}),
    (PG2, {}),
    (ASYNCPG, {}),
    (MYSQL, {}),
    (MYSQLDB, {}),
    (MSSQL, {}),
    (ORACLE, {}),
    ("postgresql://db.dev.example.com/shop", {}),
    (f"{ASYNCPG}?ssl=require", {"server_settings": {"application_name": "shop", "jit": "off"}}),
    (DEV, {"options": "-c statement_timeout=3000"}),
    (MYSQL, {"init_command": "SET time_zone = '+00:00'", "sql_mode": "ANSI,TRADITIONAL"}),
    ("cockroachdb://localhost/dev", {}),
]

# URL, connect_args, environment.
PROTECTED: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    # libpq: the query names the place again, alone or among others
    (f"{DEV}?host={PROD}", {}, {}),
    (f"{DEV}?host=localhost&host={PROD}", {}, {}),
    (f"{DEV}?host=localhost,{PROD}", {}, {}),
    (f"{DEV}?host=localhost:5432&host={PROD}:5432", {}, {}),
    (f"{DEV}?host=localhost&hostaddr=10.0.0.7", {}, {}),
    (f"{DEV}?hostaddr=10.0.0.7", {}, {}),
    (f"{DEV}?host=/var/run/cloudsql/prod", {}, {}),
    (f"{DEV}?host=@prod", {}, {}),
    (f"{DEV}?port=6432", {}, {}),
    (f"{DEV}?host=localhost&host=localhost&port=5432&port=6432", {}, {}),
    (f"{DEV}?service=prod", {}, {}),
    (f"{DEV}?dbname=shop_live", {}, {}),
    (f"{DEV}?dbname=host%3D{PROD}", {}, {}),
    (f"{DEV}?dbname=postgresql://{PROD}/shop", {}, {}),
    (f"postgresql+psycopg:///host={PROD} dbname=shop", {}, {}),
    (f"{DEV}?options=endpoint%3Dprod", {}, {}),
    (f"{DEV}?options=-c%20search_path%3Dx%20project%3Dprod", {}, {}),
    (f"{DEV}?options=reference%3Dprod", {}, {}),
    (f"{DEV}?conninfo=host%3D{PROD}", {}, {}),
    (f"{PG2}?dsn=host%3D{PROD}", {}, {}),
    (f"{PG2}?database=shop_live", {}, {}),
    (f"postgresql+psycopg2://localhost:5432,{PROD}:5432/shop_dev", {}, {}),
    ("postgresql+psycopg://localhost:6432/shop_dev", {}, {}),
    ("postgresql+psycopg2cffi://localhost/shop_live", {}, {}),
    ("postgresql+pypostgresql://localhost/shop_dev", {}, {}),
    ("postgresql+psycopg:///shop_dev?host=db.prod.example.com.", {}, {}),
    ("postgresql://DB.PROD.EXAMPLE.COM/shop", {}, {}),
    ("postgresql://db.prod.example.com./shop", {}, {}),
    ("postgresql://db。prod。example。com/shop", {}, {}),
    ("postgresql://db%2eprod%2eexample%2ecom/shop", {}, {}),
    ("postgres://db.prod.example.com:5432/shop", {}, {}),
    (f"postgresql://{PROD}%23.dev.example.com/shop", {}, {}),
    (f"postgresql://{PROD}%00.dev.example.com/shop", {}, {}),
    ("postgresql://x@db.dev.example.com@db.prod.example.com/shop", {}, {}),
    # libpq again, by what stands beside the URL
    (DEV, {"host": PROD}, {}),
    (DEV, {"hostaddr": "10.0.0.7"}, {}),
    (DEV, {"dbname": "shop_live"}, {}),
    (DEV, {"port": 6432}, {}),
    (DEV, {"service": "prod"}, {}),
    (DEV, {"options": "endpoint=prod"}, {}),
    (PG2, {"dsn": f"host={PROD}"}, {}),
    (PG2, {"database": "shop_live"}, {}),
    (DEV, {}, {"PGHOSTADDR": "10.0.0.7"}),
    (DEV, {}, {"PGSERVICE": "prod"}),
    (DEV, {}, {"PGOPTIONS": "-c endpoint=prod"}),
    ("postgresql+psycopg:///shop_dev", {}, {"PGHOST": PROD}),
    ("postgresql+psycopg:///shop_dev", {}, {"PGPORT": "6432"}),
    ("postgresql+psycopg://", {}, {"PGHOST": PROD, "PGDATABASE": "shop"}),
    ("postgresql+psycopg://localhost", {}, {"PGDATABASE": "shop_live"}),
    ("postgresql+psycopg://shop_live@localhost", {}, {}),
    ("postgresql+psycopg://localhost", {}, {"PGUSER": "shop_live"}),
    # asyncpg
    (f"{ASYNCPG}?dsn=postgresql://{PROD}/shop", {}, {}),
    (f"{ASYNCPG}?host=localhost:5432&host={PROD}:5432", {}, {}),
    (f"{ASYNCPG}?database=shop_live", {}, {}),
    (ASYNCPG, {"database": "shop_live"}, {}),
    (ASYNCPG, {"dsn": f"postgresql://{PROD}/shop"}, {}),
    (ASYNCPG, {"host": ["localhost", PROD]}, {}),
    (ASYNCPG, {"server_settings": {"database": "shop_live"}}, {}),
    (ASYNCPG, {"server_settings": {"options": "endpoint=prod"}}, {}),
    (ASYNCPG, {"server_settings": [("database", "shop_live")]}, {}),
    (ASYNCPG, {"async_creator_fn": print}, {}),
    ("postgresql+asyncpg:///shop_dev", {}, {"PGHOST": PROD}),
    # MySQL and MariaDB
    (f"{MYSQL}?host={PROD}", {}, {}),
    (f"{MYSQL}?unix_socket=/cloudsql/prod", {}, {}),
    (f"{MYSQL}?read_default_file=prod.cnf", {}, {}),
    (f"{MYSQL}?read_default_group=prod", {}, {}),
    (f"{MYSQL}?db=shop_live", {}, {}),
    (f"{MYSQL}?port=3307", {}, {}),
    (f"{MYSQL}?init_command=USE%20shop_live", {}, {}),
    (f"{MYSQL}?init_command=SET%20a%3D1;USE%20shop_live", {}, {}),
    ("mysql+mysqldb://localhost/shop_live?database=shop_dev", {}, {}),
    ("mysql+mysqlconnector://localhost/shop_live?db=shop_dev", {}, {}),
    (f"{MYSQLDB}?sql_mode=';USE%20shop_live;--%20", {}, {}),
    ("mysql+mysqlconnector://localhost/shop_dev?failover=x", {}, {}),
    ("mysql+mysqlconnector://localhost/shop_dev?option_files=/srv/prod.cnf", {}, {}),
    ("mariadb+mariadbconnector://localhost/shop_live", {}, {}),
    ("mysql+aiomysql://localhost/shop_dev?db=shop_live", {}, {}),
    ("mysql+gaerdbms:///shop_dev?instance=prod", {}, {}),
    (MYSQL, {"host": PROD}, {}),
    (MYSQL, {"unix_socket": "/cloudsql/prod"}, {}),
    (MYSQL, {"database": "shop_live"}, {}),
    (MYSQL, {"init_command": "use shop_live"}, {}),
    ("mysql+mysqldb:///shop_dev", {}, {"MYSQL_HOST": PROD}),
    (MYSQLDB, {}, {"MYSQL_TCP_PORT": "3307"}),
    (MYSQLDB, {}, {"MYSQL_UNIX_PORT": "/cloudsql/prod"}),
    # the others
    (f"{MSSQL}?odbc_connect=SERVER%3D{PROD}", {}, {}),
    ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BSERVER%3Ddevhost%3BDATABASE%3Ddev", {}, {}),
    (f"{MSSQL}?driver=x%3BSERVER%3D{PROD}", {}, {}),
    (MSSQL, {"driver": f"x;SERVER={PROD}"}, {}),
    (f"mssql+pyodbc://devhost/dev;SERVER={PROD}", {}, {}),
    (f"{MSSQL}?FailoverPartner={PROD}", {}, {}),
    ("mssql+pyodbc://devhost", {}, {}),
    ("mssql+pymssql://devhost/dev?conn_properties=USE%20live", {}, {}),
    (f"{ORACLE}?service_name=live", {}, {}),
    (ORACLE, {"dsn": f"{PROD}/shop"}, {}),
    ("oracle+oracledb://devhost", {}, {}),
    ("oracle+oracledb://(DESCRIPTION=(HOST=devhost))/dev", {}, {}),
    ("cockroachdb://localhost/dev", {}, {"PGHOSTADDR": "10.0.0.7"}),
    ("shopdb://localhost/shop_dev", {}, {}),
]


def is_protected(
    url: str, connect_args: Mapping[str, Any], environ: Mapping[str, str], root: Path
) -> bool:
    contract = parse_contract("interlock.toml", CONTRACT.encode())
    assert contract is not None
    try:
        address = address_of(url, connect_args, environ)
    except (ValueError, TypeError):  # SQLAlchemy cannot read it either, and so nobody connects
        return True
    return protection_of(address, contract, root).protected


@pytest.mark.parametrize(("url", "connect_args"), FREE)
def test_what_is_declared_unprotected_is_free(
    url: str, connect_args: dict[str, Any], tmp_path: Path
) -> None:
    assert not is_protected(url, connect_args, {}, tmp_path)


@pytest.mark.parametrize(("url", "connect_args", "environ"), PROTECTED)
def test_no_spelling_is_taken_for_an_unprotected_one(
    url: str, connect_args: dict[str, Any], environ: dict[str, str], tmp_path: Path
) -> None:
    assert is_protected(url, connect_args, environ, tmp_path)


# --- files ----------------------------------------------------------------------------------

FILES = """
[databases.production]
urls = ["sqlite:///live/shop.db"]

[databases.development]
urls = ["sqlite:///dev/*"]
protected = false
"""
SPELLINGS = [
    "sqlite:///{root}/live/shop.db",
    "sqlite:///{root}/dev/../live/shop.db",
    "sqlite:///{root}/dev/./../live//shop.db",
    "sqlite:///dev/../live/shop.db",
    "sqlite:///live/SHOP.DB",
    "sqlite:///live/\u017fhop.db",
    "sqlite+pysqlite:///live/shop.db",
    "sqlite+aiosqlite:///live/shop.db",
    "sqlite:///file:live/shop.db?uri=true",
    "sqlite:///file:dev/../live/shop.db?uri=true&mode=ro",
    "sqlite:///file:dev/%2e%2e/live/shop.db?uri=true",
    "sqlite:///file:live%2Fshop.db?uri=1",
    "sqlite:///file://{root}/live/shop.db?uri=yes",
    "sqlite:///file://localhost{root}/live/shop.db?uri=on",
    "sqlite:///file://elsewhere{root}/dev/x.db?uri=true",
    "sqlite:///file:dev/x.db?uri=true&vfs=other",
    "sqlite:///file:live/shop.db%00dev/x.db?uri=true",
    "sqlite:///dev/link.db",
    "sqlite:///dev/folder/shop.db",
    "sqlite:///dev/hard.db",
    "sqlite:////proc/self/cwd/live/shop.db",
    "sqlite:////dev/fd/{fd}",
    "sqlite+pysqlcipher://:key@/dev/x.db",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_file_is_taken_for_an_unprotected_one(
    spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in "live", "dev":
        (tmp_path / folder).mkdir()
    protected = tmp_path / "live/shop.db"
    protected.touch()
    (tmp_path / "dev/link.db").symlink_to("../live/shop.db")
    (tmp_path / "dev/folder").symlink_to("../live")
    if "hard" in spelling:
        os.link(protected, tmp_path / "dev/hard.db")
    monkeypatch.chdir(tmp_path)
    contract = parse_contract("interlock.toml", FILES.encode())
    assert contract is not None

    with protected.open() as file:
        url = spelling.format(root=tmp_path, fd=file.fileno())
        found = protection_of(address_of(url), contract, tmp_path)
        free = protection_of(address_of("sqlite:///dev/x.db"), contract, tmp_path)

    assert found.protected
    assert not free.protected
