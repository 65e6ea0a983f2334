"""Where a URL leads: what the drivers do with it, and nothing less."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from interlock.addresses import address_of
from interlock.hosts import canonical_host
from interlock.live import addresses_of_connection

LOCAL = "postgresql://localhost:5432"


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("postgresql://db.example.com/shop", {}, "postgresql://db.example.com:5432/shop"),
        ("postgresql+psycopg://u:pw@DB.Example.COM.:6432/shop", {}, "db.example.com:6432/shop"),
        ("postgresql:///shop", {}, f"{LOCAL}/shop"),
        ("postgresql:///shop", {"PGHOST": "db.example.com"}, "//db.example.com:5432/shop"),
        ("postgresql://localhost", {"PGDATABASE": "shop"}, f"{LOCAL}/shop"),
        ("postgresql://ada@localhost", {}, f"{LOCAL}/ada"),
        ("postgresql://localhost/x", {"PGPORT": "6000"}, "localhost:6000/x"),
        ("postgresql://localhost/x", {"PGHOSTADDR": "10.1.2.3"}, "localhost:5432,10.1.2.3:5432/x"),
        ("postgresql://localhost/x?hostaddr=10.1.2.3", {}, "localhost:5432,10.1.2.3:5432/x"),
        ("postgresql://localhost/x?host=db.example.com", {}, "//db.example.com:5432/x"),
        ("postgresql://localhost/x?dbname=shop", {}, f"{LOCAL}/shop"),
        ("postgresql+asyncpg://localhost/x?database=shop", {}, f"{LOCAL}/shop"),
        ("postgresql:///x?host=a:1&host=b:2", {}, "//a:1,b:2/x"),
        ("postgresql:///x?host=a,b&port=1,2", {}, "//a:1,b:2/x"),
        ("postgresql:///x?host=a,b&port=7", {}, "//a:7,b:7/x"),
        ("postgresql://a,b/x", {}, "//a:5432,b:5432/x"),
        ("postgresql:///x?host=/cloudsql/p:eu:shop", {}, "///cloudsql/p:eu:shop:5432/x"),
        ("postgresql:///x?host=/var/run/postgresql", {}, f"{LOCAL}/x"),
        ("postgresql://[::ffff:10.1.2.3]/x", {}, "//10.1.2.3:5432/x"),
        ("postgresql://[64:ff9b::a01:203]/x", {}, "//10.1.2.3:5432/x"),
        ("postgresql://[2001:DB8::0:1]/x", {}, "//[2001:db8::1]:5432/x"),
        ("postgresql://167838211/x", {}, "//10.1.2.3:5432/x"),
        ("postgresql://0x0A.1.2.3/x", {}, "//10.1.2.3:5432/x"),
        ("postgresql://012.1.515/x", {}, "//10.1.2.3:5432/x"),
        ("postgresql://127.1/x", {}, f"{LOCAL}/x"),
        ("postgresql://0.0.0.0/x", {}, f"{LOCAL}/x"),
        ("postgresql+pg8000:///x", {"PGHOST": "db.example.com"}, f"{LOCAL}/x"),
        ("mysql+pymysql://localhost/shop", {}, "mysql://localhost:3306/shop"),
        ("mariadb+pymysql://a/shop", {}, "mysql://a:3306/shop"),
        ("mysql:///shop", {"MYSQL_HOST": "db"}, "localhost:3306,db:3306/shop"),
        ("mysql://localhost/shop", {"MYSQL_UNIX_PORT": "/s"}, "localhost:3306,/s:3306/shop"),
        ("mysql://a/shop", {"MYSQL_TCP_PORT": "7"}, "//a:7,a:3306/shop"),
        ("mysql://a/shop?unix_socket=/s", {}, "//a:3306,/s:3306/shop"),
        ("sqlite://", {}, "sqlite:///:memory:"),
        ("sqlite:///:memory:", {}, "sqlite:///:memory:"),
        ("sqlite:////srv/./a/../shop.db", {}, "sqlite:////srv/shop.db"),
        ("sqlite:///file:/srv/sh%6Fp.db?uri=true", {}, "sqlite:////srv/shop.db"),
        ("sqlite:///file:///srv/shop.db?mode=ro&uri=1", {}, "sqlite:////srv/shop.db"),
        ("sqlite:///file://localhost/srv/shop.db?uri=yes", {}, "sqlite:////srv/shop.db"),
        ("sqlite:///file:x?mode=memory&cache=shared&uri=true", {}, "sqlite:///:memory:"),
        ("mssql+pyodbc://h:1433/shop?driver=ODBC+Driver+18", {}, "mssql://h:1433/shop"),
    ],
)
def test_an_address_is_where_the_driver_would_connect(
    url: str, environ: Mapping[str, str], expected: str
) -> None:
    found = address_of(url, environ=environ)

    assert str(found).endswith(expected)
    assert found.doubt is None


@pytest.mark.parametrize(
    ("url", "connect_args", "environ"),
    [
        ("postgresql://localhost/x?service=prod", {}, {}),
        ("postgresql://localhost/x", {}, {"PGSERVICE": "prod"}),
        ("postgresql://localhost/x", {"service": "prod"}, {}),
        ("postgresql://localhost/x", {"dsn": "host=prod"}, {}),
        ("postgresql://localhost/x", {"connection_factory": object}, {}),
        ("postgresql://localhost/x?options=endpoint%3Dprod", {}, {}),
        ("postgresql://localhost/x", {}, {"PGOPTIONS": "reference=prod"}),
        ("postgresql+psycopg://localhost/x", {"dbname": "host=prod"}, {}),
        ("postgresql+asyncpg://localhost/x?dsn=postgres://prod/x", {}, {}),
        ("postgresql+asyncpg://localhost/x?dbname=shop", {}, {}),
        ("postgresql+brandnew://localhost/x", {}, {}),
        ("postgresql://%70rod.example.com/x", {}, {}),
        ("postgresql://pr\u00f6d.example.com/x", {}, {}),
        ("postgresql://localhost/x?plugin=rewrite", {}, {}),
        ("postgresql://localhost/x?port=none", {}, {}),
        ("mysql://localhost/x?read_default_file=/etc/prod.cnf", {}, {}),
        ("mysql://localhost/x?read_default_group=prod", {}, {}),
        ("mysql+mysqlconnector://localhost/x?option_files=/etc/prod.cnf", {}, {}),
        ("mysql://localhost/x?init_command=USE+shop", {}, {}),
        ("mysql://localhost/x?db=a&database=b", {}, {}),
        ("mysql://localhost/x?db=other", {}, {}),
        ("mysql+pyodbc://localhost/x", {}, {}),
        ("sqlite:///x.db", {"factory": object}, {}),
        ("sqlite:///file:x.db?vfs=other&uri=true", {}, {}),
        ("sqlite:///file://host/x.db?uri=true", {}, {}),
        ("sqlite:///file:x.db?mode=memory%26mode=rw&uri=true", {}, {}),
        ("sqlite:///file:x%00.db?uri=true", {}, {}),
        ("sqlite+pysqlcipher://:pw@/x.db", {}, {}),
        ("mssql+pyodbc://datasource", {}, {}),
        ("mssql+pyodbc:///?odbc_connect=Server%3Dprod", {}, {}),
        ("mssql+pyodbc://h/x?driver=a%3BServer%3Dprod", {}, {}),
        ("oracle+oracledb://alias", {}, {}),
    ],
)
def test_what_may_lead_elsewhere_makes_an_address_doubtful(
    url: str, connect_args: dict[str, Any], environ: Mapping[str, str]
) -> None:
    found = address_of(url, connect_args, environ)

    assert found.doubt is not None
    assert not found.in_memory


def test_connect_args_win_over_the_url() -> None:
    found = address_of(
        "postgresql+psycopg://localhost:1/x",
        {"host": "db.example.com", "port": 2, "dbname": "shop"},
        {},
    )

    assert str(found) == "postgresql://db.example.com:2/shop"


def test_links_lead_to_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    real = tmp_path / "live" / "shop.db"
    real.touch()
    (tmp_path / "link").symlink_to(tmp_path / "live")
    assert address_of(f"sqlite:///{tmp_path}/link/shop.db").database == str(real.resolve())

    os.link(real, tmp_path / "other.db")
    assert address_of(f"sqlite:///{tmp_path}/other.db").doubt is not None


def test_pymysql_says_where_it_is_connected() -> None:
    """An object of the real driver that has not connected yet: no MySQL runs here."""
    pymysql: Any = pytest.importorskip("pymysql", reason="not a dependency of ours")
    connection = pymysql.connections.Connection(
        host="DB.example.com.", port=3307, user="u", database="shop", defer_connect=True
    )

    (found,) = addresses_of_connection(connection, connection)

    assert str(found) == "mysql://db.example.com:3307/shop"
    assert found.user == "u"


def test_the_first_command_of_a_connection_makes_it_doubtful() -> None:
    pymysql = pytest.importorskip("pymysql", reason="not a dependency of ours")
    found = [
        addresses_of_connection(one, one)[0].doubt
        for command in ("SET NAMES utf8mb4", "USE shop_live")
        for one in [pymysql.connect(host="db", defer_connect=True, init_command=command)]
    ]

    assert found == [None, "its first command may choose another database"]


def test_a_password_is_in_no_address() -> None:
    for url in "postgresql://u:s3cret@h/x", "mysql://u:s3cret@h/x?password=s3cret2":
        found = address_of(url, {"password": "s3cret3"}, {})
        assert "s3cret" not in str(found) + repr(found)


# --- against the drivers themselves ---------------------------------------------------------

_WORDS = st.sampled_from(
    ["localhost", "db.example.com", "DB.example.com", "10.1.2.3", "127.0.0.1", "/cloudsql/a", ""]
)
_HOSTS = st.lists(_WORDS, min_size=1, max_size=3).map(",".join)
_PORTS = st.sampled_from(["", "5432", "6000", "5432,6000", "1,2,3"])


@st.composite
def _postgresql(draw: st.DrawFn) -> tuple[str, dict[str, str], dict[str, str]]:
    host = draw(st.sampled_from(["", "localhost", "db.example.com", "10.1.2.3", "a,b"]))
    port = draw(st.sampled_from(["", ":6000"])) if host else ""
    query = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "host": _HOSTS,
                "port": _PORTS,
                "hostaddr": st.just("10.9.9.9"),
                "dbname": st.sampled_from(["shop", "x"]),
            },
        )
    )
    text = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    url = f"postgresql+psycopg://{host}{port}/{draw(st.sampled_from(['', 'x', 'shop']))}?{text}"
    connect_args = draw(st.fixed_dictionaries({}, optional={"host": _WORDS, "port": _PORTS}))
    environ = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "PGHOST": _HOSTS,
                "PGPORT": st.just("7000"),
                "PGHOSTADDR": st.just("10.8.8.8"),
                "PGDATABASE": st.just("shop"),
            },
        )
    )
    return url, connect_args, environ


def _options(dialect: Any, url: str) -> dict[str, Any]:
    """Return what SQLAlchemy would give to the driver."""
    _, options = dialect().create_connect_args(make_url(url))
    return dict(options)


@given(_postgresql())
def test_every_server_that_libpq_would_try_is_in_the_address(
    drawn: tuple[str, dict[str, str], dict[str, str]],
) -> None:
    """The oracle: SQLAlchemy's arguments, filled up and split as libpq documents it."""
    url, connect_args, environ = drawn
    try:
        opts = _options(PGDialect_psycopg, url)
    except (ArgumentError, ValueError):
        return
    opts = {**opts, **connect_args}
    host = opts.get("host", environ.get("PGHOST", ""))
    addresses = str(opts.get("hostaddr") or environ.get("PGHOSTADDR", ""))
    port = str(opts.get("port", environ.get("PGPORT", "")))
    hosts = (addresses or host).split(",")
    ports = port.split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    if len(ports) != len(hosts):
        return  # libpq refuses
    tried = {
        (canonical_host(one), int(number or 5432)) for one, number in zip(hosts, ports, strict=True)
    }

    found = address_of(url, connect_args, environ)

    if found.doubt is None:
        assert tried <= {(one.host, one.port) for one in found.servers}
        assert found.database == (opts.get("dbname") or environ.get("PGDATABASE", ""))


@given(_postgresql())
def test_every_server_that_asyncpg_would_be_given_is_in_the_address(
    drawn: tuple[str, dict[str, str], dict[str, str]],
) -> None:
    url, _, _ = drawn
    url = url.replace("+psycopg", "+asyncpg").replace("dbname=", "database=")
    try:
        opts = _options(PGDialect_asyncpg, url)
    except (ArgumentError, ValueError, TypeError):
        return
    hosts = opts.get("host", "localhost")
    hosts = hosts if isinstance(hosts, list) else str(hosts).split(",")

    found = address_of(url, {}, {})

    if found.doubt is None:
        assert {canonical_host(one) for one in hosts} <= {one.host for one in found.servers}
        assert found.database == opts.get("database", "")


@given(
    st.sampled_from(["", "file:", "file://", "file://localhost", "FILE:"]),
    st.lists(
        st.sampled_from("/ . .. a shop.db %2F %61 // file: ? & # x".split()),
        max_size=8,
    ).map("".join),
    st.sampled_from(
        ["", "?uri=true", "?uri=true&mode=ro", "?uri=true&cache=shared", "?mode=memory"]
    ),
)
def test_sqlite_opens_the_file_of_the_address(
    tmp_path_factory: pytest.TempPathFactory, start: str, name: str, query: str
) -> None:
    """The oracle: SQLite itself, with SQLAlchemy's arguments, says which file it has open."""
    folder = tmp_path_factory.mktemp("sqlite", numbered=True)
    (folder / "a").mkdir()
    try:
        url = make_url(f"sqlite:///{start}{folder}/{name}{query}")
    except ArgumentError:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dialect: Any = SQLiteDialect_pysqlite(dbapi=sqlite3)
            args, opts = dialect.create_connect_args(url)
        opts.pop("factory", None)
        connection = sqlite3.connect(*args, **opts)
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        connection.close()
    except (sqlite3.Error, ValueError, TypeError, ArgumentError):
        return

    found = address_of(url, {}, {})

    if found.doubt is None:
        assert found.database == (os.path.realpath(file) if file else "")


def test_libpq_reads_a_service_although_the_url_names_a_host(tmp_path: Path) -> None:
    """The fact that the doubt about a service rests on."""
    services = tmp_path / "services"
    services.write_text("[prod]\nport=1\n", encoding="utf-8")
    shown = subprocess.run(
        [sys.executable, "-c", "import psycopg; psycopg.connect('host=localhost dbname=x')"],
        env={**os.environ, "PGSERVICE": "prod", "PGSERVICEFILE": str(services)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "port 1 failed" in shown.stderr
