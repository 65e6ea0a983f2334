"""An application under a contract, for the tests of the guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CONTRACT = """
[databases.development]
urls = ["sqlite:///*", "postgresql://localhost/shop_*", "mysql://localhost/shop_*"]
protected = false

[databases.production]
urls = [
    "sqlite:///live/shop.db",
    "postgresql://*.db.example.com/shop",
    "postgresql://10.1.2.3/shop",
    "mysql://db.example.com/shop",
]
"""

# What a driver or interlock would read, and a developer's shell may hold.
_READ = ("APP_ENV", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write a contract and go to where it lies; returns the folder."""
    for name in _READ:
        monkeypatch.delenv(name, raising=False)

    def write(contract: str = CONTRACT) -> Path:
        (tmp_path / "interlock.toml").write_text(contract, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write
