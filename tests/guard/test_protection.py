"""An unprotected database is recognised; no spelling of a protected one passes for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.addresses import address_of
from interlock.contract import Contract, Database
from interlock.protection import Protection, protection_of

CONTRACT = Contract(
    databases={
        "development": Database(
            urls=(
                "sqlite:///*",
                "postgresql://localhost/shop_*",
                "postgresql://*.dev.example.com:*/*",
                "postgresql://10.0.*/shop",
                "postgresql://postgres.dev@pool.example.com/postgres",
                "postgresql:///shop?host=/cloudsql/dev",
            ),
            protected=False,
        ),
        "production": Database(
            urls=(
                "sqlite:///live/*.db",
                "sqlite:////srv/shop/shop.db",
                "postgresql://*.db.example.com",
                "postgresql://10.0.0.9/*",
                "postgresql://postgres.live@pool.example.com/postgres",
                "postgresql://localhost/shop_live",
            )
        ),
    }
)
FREE = Protection("development", protected=False)
LIVE = Protection("production", protected=True)
UNKNOWN = Protection(None, protected=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://localhost/shop_x", FREE),
        ("postgresql+psycopg://ada:pw@127.0.0.1:5432/shop_x?sslmode=disable", FREE),
        ("postgresql:///shop_x", FREE),
        ("postgresql://a.dev.example.com:6000/any", FREE),
        ("postgresql://10.0.0.8/shop", FREE),
        ("postgresql:///shop?host=/cloudsql/dev", FREE),
        ("postgresql://postgres.dev@pool.example.com/postgres", FREE),
        ("sqlite:///shop.db", FREE),
        ("sqlite://", Protection(None, protected=False)),
        # A tunnel to production ends at another port of this machine.
        ("postgresql://localhost:5433/shop_x", UNKNOWN),
        ("postgresql://localhost/other", UNKNOWN),
        ("postgresql://localhost/SHOP_X", UNKNOWN),
        ("postgresql:///shop?host=/cloudsql/live", UNKNOWN),
        ("postgresql:///shop_x?host=/cloudsql/live", UNKNOWN),
        ("postgresql://172.16.0.1/shop_x", UNKNOWN),
        ("postgresql://a.dev.example.com,b/any", UNKNOWN),
        ("postgresql://localhost/shop_x?service=live", UNKNOWN),
        ("cockroachdb://localhost/shop_x", UNKNOWN),
        ("postgresql://a.db.example.com/anything", LIVE),
        ("postgresql://a.db.example.com:6432/anything", LIVE),
        ("postgresql://localhost/shop_x?host=A.DB.example.com.", LIVE),
        ("postgresql:///shop_x?host=localhost,a.db.example.com", LIVE),
        ("postgresql://localhost/shop_live", LIVE),
        ("postgresql://localhost:5433/shop_live", LIVE),
        ("postgresql://[::ffff:10.0.0.9]/shop", LIVE),
        ("postgresql://0xa000009/shop", LIVE),
        ("postgresql://postgres.live@pool.example.com/postgres", LIVE),
        ("postgresql://admin@pool.example.com/postgres", LIVE),
        ("sqlite:////srv/shop/shop.db", LIVE),
        ("sqlite:////srv/x/../shop/./SHOP.db", LIVE),
        ("sqlite:///file:/srv/shop/shop.db?uri=true&mode=ro", LIVE),
    ],
)
def test_a_url_is_judged_by_where_it_leads(url: str, expected: Protection) -> None:
    found = protection_of(address_of(url, environ={}), CONTRACT, Path("/app"))

    assert found == expected


def test_a_link_to_a_protected_file_is_the_protected_file(
    application: Callable[..., Path],
) -> None:
    root = application()
    (root / "live").mkdir()
    (root / "live/shop.db").touch()
    (root / "dev.db").symlink_to("live/shop.db")
    (root / "folder").symlink_to("live")
    os.link(root / "live/shop.db", root / "hard.db")

    for name in "live/shop.db", "dev.db", "folder/shop.db", "./live//shop.db", "hard.db":
        assert protection_of(address_of(f"sqlite:///{name}"), CONTRACT, root).protected, name
    assert not protection_of(address_of("sqlite:///another.db"), CONTRACT, root).protected


def test_a_protected_folder_behind_a_link_is_protected(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "live").symlink_to("real")

    found = protection_of(address_of(f"sqlite:///{tmp_path}/real/shop.db"), CONTRACT, tmp_path)

    assert found == LIVE


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql://localhost/x", "mysql://h/x"])
def test_without_a_contract_everything_is_protected(url: str) -> None:
    assert protection_of(address_of(url), Contract(), Path("/")) == UNKNOWN


# --- no spelling of a protected address is taken for an unprotected one ---------------------

_HOST = "shop.db.example.com"
_OPEN = Contract(
    databases={
        "development": Database(
            urls=("postgresql://*:*/*", "sqlite:///*", "mysql://localhost/*"), protected=False
        ),
        "production": Database(
            urls=(f"postgresql://{_HOST}/shop", "postgresql://10.1.2.3", "sqlite:////srv/shop.db")
        ),
    }
)


def _cased(text: str) -> st.SearchStrategy[str]:
    return st.tuples(*(st.sampled_from([sign, sign.upper()]) for sign in text)).map("".join)


_NAMES = st.one_of(
    st.tuples(_cased(_HOST), st.sampled_from(["", ".", ".."])).map("".join),
    st.sampled_from(
        "10.1.2.3 167838211 0xA010203 0xa.1.2.3 012.1.2.3 10.1.515 10.66051 "
        "::ffff:10.1.2.3 ::ffff:a01:203 0:0:0:0:0:FFFF:0A01:0203 64:ff9b::10.1.2.3 "
        "2002:a01:203::1 ::10.1.2.3 ::ffff:10.1.2.3%eth0".split()
    ),
)


@given(
    name=_NAMES,
    way=st.sampled_from(["url", "query", "list", "hostaddr", "args", "environ", "environaddr"]),
    driver=st.sampled_from(["", "+psycopg", "+psycopg2", "+asyncpg"]),
    decoy=st.sampled_from(["localhost", "db.dev.example.com"]),
    port=st.sampled_from(["", ":5432", ":6432"]),
)
def test_no_spelling_of_a_protected_server_is_free(
    name: str, way: str, driver: str, decoy: str, port: str
) -> None:
    bare = f"[{name}]" if ":" in name else name
    head = f"postgresql{driver}://ada:pw@"
    environ: dict[str, str] = {}
    arguments: dict[str, str] = {}
    url = f"{head}{decoy}{port}/shop"
    match way:
        case "url":
            url = f"{head}{bare}{port}/shop"
        case "query":
            url += f"?host={name}"
        case "list":
            url += f"?host={decoy},{name}"
        case "hostaddr":
            url += f"?hostaddr={name}"
        case "args":
            arguments["host"] = name
        case "environ":
            url = f"{head}/shop"
            environ["PGHOST"] = name
        case _:
            environ["PGHOSTADDR"] = name

    assert protection_of(address_of(url, arguments, environ), _OPEN, Path("/")).protected


@given(
    start=st.sampled_from(["/", "//", "/./", "/srv/../", "/tmp/../"]),
    name=_cased("shop.db"),
    folder=st.sampled_from(["srv/", "srv//", "srv/./", "srv/a/../", "SRV/"]),
    way=st.sampled_from(["{}", "file:{}?uri=true", "file://{}?mode=ro&uri=true", "{}?timeout=5"]),
)
def test_no_spelling_of_a_protected_file_is_free(
    start: str, name: str, folder: str, way: str
) -> None:
    url = f"sqlite:///{way.format(start + folder + name)}"

    assert protection_of(address_of(url), _OPEN, Path("/")).protected
