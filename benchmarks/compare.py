"""Time interlock on a checkout, beside Ruff and Semgrep asked for the same sinks.

All contenders run in turn, several rounds in one run (A B C A B C ...), on a private copy: so a
slow minute of the machine is shared by all, and ratios are worth more than seconds. One round
before them fills the system's file cache and measures memory; its times do not count. Semgrep runs
once.

Nothing of the checkout is written to, imported or executed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import interlock
import rules
from interlock_checks import catalogue
from interlock_checks.discover import Source, discover
from interlock_checks.facts.relevant import matters
from interlock_checks.tree import CACHE_FOLDER, WorkTree

BASE = "ruff --no-cache"
SEMGREP = "semgrep"
PARTS = (0.125, 0.25, 0.5, 1.0)
MEMORY_GOAL = 400  # MB, of all processes together
MB = 1_000_000
TINY = b"import subprocess\n\nsubprocess.run([])\n"  # relevant, so that all modules are loaded
PAUSE = 0.01  # seconds between two looks at memory
SHARE = 20  # a look may take 1/20 of the time: it must not slow down what it looks at


class Broken(Exception):
    """A contender failed, or contradicted itself: there is nothing to compare."""


@dataclass(frozen=True)
class Contender:
    """
    One way to look at the checkout.

    Attributes:
        prepare: Called with the number of the round before each run, untimed.
        goals: Contender -> highest wanted ratio to its median.
    """

    name: str
    command: Sequence[str]
    prepare: Callable[[int], object] = lambda number: None
    goals: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Result:
    """
    What was measured of one contender.

    Attributes:
        seconds: Of each round, on the wall clock.
        memory: Highest sum over its processes, in bytes; 0 where it cannot be measured.
        places: Findings reported.
        output: What it printed, as bytes.
    """

    seconds: list[float] = field(default_factory=list)
    memory: int = 0
    places: int = 0
    output: bytes = b""


# --- one run --------------------------------------------------------------------------------


def run(contender: Contender, result: Result, place: Path, *, watched: bool, timed: bool) -> None:
    """
    Run a contender once; place is an empty folder, so that `-m` finds nothing of the checkout.

    Raises:
        Broken: It could not look (exit status above 1).
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        with subprocess.Popen(
            contender.command,
            cwd=place,
            env=environment(place.parent),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=complaints,
        ) as process:
            if watched:
                ended = threading.Event()
                watcher = threading.Thread(target=watch, args=(process.pid, ended, result))
                watcher.start()
            try:
                status = process.wait()
            except BaseException:
                process.kill()
                raise
            finally:
                taken = time.perf_counter() - began
                if watched:
                    ended.set()
                    watcher.join()
        if status not in (0, 1):
            complaints.seek(0)
            tail = complaints.read()[-2000:].decode(errors="replace")
            raise Broken(f"{contender.name} ended with status {status}\n{tail}")
        out.seek(0)
        result.output = out.read()
    result.places = places(result.output)
    if timed:
        result.seconds.append(taken)


def places(output: bytes) -> int:
    """Count the findings in JSON, or in lines of text with one each."""
    if not output.startswith((b"[", b"{")):
        return output.count(b"\n")
    found = json.loads(output)
    return len(found["results"] if isinstance(found, dict) else found)


def environment(below: Path) -> dict[str, str]:
    """Give the caller's own, with all that contenders keep for themselves below one folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # Whoever installs a package has its modules compiled, and so have they here after one round.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    if "PYTHONPATH" in kept:
        paths = kept["PYTHONPATH"].split(os.pathsep)
        kept["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in paths)  # noqa: PTH100
    return kept | {
        "XDG_STATE_HOME": str(below / "state"),
        "LOCALAPPDATA": str(below / "state"),
        "SEMGREP_SETTINGS_FILE": str(below / "state" / "semgrep.yml"),
        "SEMGREP_LOG_FILE": str(below / "state" / "semgrep.log"),
    }


# --- memory ---------------------------------------------------------------------------------


def memory_measure() -> str:
    """Say which memory is summed up: PSS counts a page that n processes share as 1/n each."""
    if Path("/proc/self/smaps_rollup").exists():
        return "PSS"
    return "RSS" if Path("/proc/self/statm").exists() else "none"


def watch(pid: int, ended: threading.Event, result: Result) -> None:
    """Keep the highest sum of memory over a process and all below it."""
    measure = memory_measure()
    pause = 0.0
    while measure != "none" and not ended.wait(pause):
        began = time.perf_counter()
        result.memory = max(result.memory, sum(memory(one, measure) for one in family(pid)))
        pause = max(PAUSE, SHARE * (time.perf_counter() - began))


def family(pid: int) -> set[int]:
    """Find a process and its descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                # The name, in parentheses, may hold anything; the parent is the second behind it.
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def memory(pid: int, measure: str) -> int:
    """Give the memory of one process in bytes; 0 if it has just ended."""
    try:
        if measure == "RSS":
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf(
                "SC_PAGESIZE"
            )
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


# --- the copy -------------------------------------------------------------------------------


def copy_checkout(checkout: Path, target: Path) -> None:
    """
    Copy a checkout, but for git's objects: those are read where they are, as in a shared clone.

    Raises:
        Broken: It is a linked worktree, whose index lies elsewhere.
    """
    git = checkout / ".git"
    if git.is_file():
        raise Broken(
            f"{checkout} is a linked worktree or a submodule: clone it, then give the clone"
        )

    def unwanted(folder: str, names: list[str]) -> set[str]:
        here = Path(folder)
        if here == git / "objects":
            return set(names)
        return {
            name
            for name in names
            if name in (CACHE_FOLDER, ".ruff_cache")
            or not ((here / name).is_symlink() or (here / name).is_dir() or (here / name).is_file())
        }

    shutil.copytree(checkout, target, symlinks=True, ignore=unwanted)
    if git.is_dir():
        alternates = target / ".git" / "objects" / "info" / "alternates"
        alternates.parent.mkdir(parents=True)
        alternates.write_text(f"{git.resolve() / 'objects'}\n", encoding="utf-8")
    # Semgrep leaves out tests by itself, unless such a file says otherwise.
    ignore = target / ".semgrepignore"
    ignore.unlink(missing_ok=True)
    ignore.write_bytes(b"")


def relevant_files(sources: Sequence[Source]) -> list[Source]:
    """Those which interlock cannot leave out after a look at their words."""
    return [one for one in sources if one.kind != "python" or matters(one.data)]


def ordinary(files: Sequence[Source], root: Path) -> Source:
    """
    The relevant module of middle size.

    Raises:
        Broken: There is none.
    """
    modules = [
        one for one in files if one.path.endswith(".py") and not (root / one.path).is_symlink()
    ]
    if not modules:
        raise Broken("no Python file here names anything that interlock looks for")
    return sorted(modules, key=lambda one: (len(one.data), one.path))[len(modules) // 2]


def parts(files: Sequence[Source], below: Path) -> Iterator[tuple[Path, int, int]]:
    """Write growing parts of the relevant files: the folder, how many files, how many bytes."""
    shuffled = sorted(files, key=lambda one: one.path)
    random.Random(0).shuffle(shuffled)
    total = sum(len(one.data) for one in shuffled)
    for part in PARTS:
        folder = below / f"part-{part}"
        folder.mkdir()
        count = size = 0
        for one in shuffled:
            if size >= part * total:
                break
            path = folder / one.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(one.data)
            count, size = count + 1, size + len(one.data)
        yield folder, count, size


# --- the contenders -------------------------------------------------------------------------


def program(name: str) -> str | None:
    """Find a program beside this Python, else on the search path."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def check(folder: Path) -> list[str]:
    return [sys.executable, "-m", "interlock", "check", "--output-format", "json", str(folder)]


def without_cache(root: Path) -> Callable[[int], object]:
    return lambda number: shutil.rmtree(root / CACHE_FOLDER, ignore_errors=True)


def contenders(root: Path, changed: Source, ruff: str, asked: Path) -> list[Contender]:
    """In the order in which they run: each finds the cache as the one before left it."""
    path = root / changed.path
    path.chmod(0o644)

    def change(number: int) -> None:
        path.write_bytes(changed.data.rstrip() + f"\n# changed, round {number}\n".encode())

    look = [ruff, "check", "--config", str(asked / rules.RUFF)]
    # Its tersest output: to write thousands of findings as JSON takes as long as to find them.
    look += ["--output-format", "concise", "--quiet"]
    cache = str(root.parent / "ruff-cache")
    return [
        Contender("interlock, cold", check(root), without_cache(root), {BASE: 12, SEMGREP: 1 / 8}),
        Contender("interlock, warm", check(root), goals={BASE: 0.6}),
        Contender("interlock, one file changed", check(root), change, {BASE: 1.2}),
        Contender(BASE, [*look, "--no-cache", str(root)]),
        Contender("ruff, TID251 alone", [*look, "--select", "TID251", "--no-cache", str(root)]),
        Contender("ruff, warm", [*look, "--cache-dir", cache, str(root)]),
    ]


def semgrep(root: Path, found: str, asked: Path) -> Contender:
    options = ["--metrics=off", "--disable-version-check", "--quiet", "--json"]
    config = ["--config", str(asked / rules.SEMGREP), "--max-target-bytes", "0"]
    return Contender(SEMGREP, [found, "scan", *config, *options, str(root)])


# --- all together ---------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def compare(checkout: Path, rounds: int, leave_out: Sequence[str], below: Path) -> dict[str, Any]:
    """
    Measure everything; `below` is a folder of our own.

    Raises:
        Broken: See there.
    """
    ruff = program("ruff")
    if ruff is None:
        raise Broken("ruff is not installed: it is what everything is compared with")
    root, place, asked = below / "checkout", below / "empty", below / "rules"
    place.mkdir()
    asked.mkdir()
    rules.write(asked)
    (below / "state").mkdir()
    say("copying")
    copy_checkout(checkout, root)
    sources = discover(WorkTree(root))
    files = relevant_files(sources)
    changed = ordinary(files, root)

    entered = contenders(root, changed, ruff, asked)
    results = {one.name: Result() for one in entered}
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}" if number else "memory")
        for one in entered:
            one.prepare(number)
            run(one, results[one.name], place, watched=not number, timed=number > 0)
        same_verdict(results)

    found = program("semgrep")
    absent = "" if found else "not installed"
    if "semgrep" in leave_out:
        absent = "left out"
    elif found:
        say("semgrep, once")
        one = semgrep(root, found, asked)
        results[SEMGREP] = Result()
        run(one, results[SEMGREP], place, watched=True, timed=True)
        entered.append(one)

    growth = [] if "growth" in leave_out else grown(files, rounds, below, place)
    return {
        "checkout": {
            "name": checkout.name,
            "commit": commit(root),
            "files": len(sources),
            "bytes": sum(len(one.data) for one in sources),
            "relevant_files": len(files),
            "relevant_bytes": sum(len(one.data) for one in files),
            "changed": {"path": changed.path, "bytes": len(changed.data)},
        },
        "versions": {
            "interlock": interlock.__version__,
            "python": platform.python_version(),
            "ruff": version(ruff),
            "semgrep": version(found) if found and not absent else absent,
        },
        "cores": os.cpu_count(),
        "names": len(catalogue.spellings()),
        "rounds": rounds,
        "memory_measure": memory_measure(),
        "cache_kept": (root / CACHE_FOLDER / "facts.bin").exists(),
        "contenders": [row(one, results) for one in entered],
        "growth": growth,
    }


def same_verdict(results: Mapping[str, Result]) -> None:
    """Hold the promise that a cache costs or saves time, and never changes what is reported."""
    ours = {name: one for name, one in results.items() if name.startswith("interlock")}
    if len({one.output for one in ours.values()}) > 1:
        counts = ", ".join(f"{name}: {one.places}" for name, one in ours.items())
        raise Broken(f"cold, warm and changed do not report the same places ({counts})")


def grown(files: Sequence[Source], rounds: int, below: Path, place: Path) -> list[dict[str, float]]:
    """Time cold runs over one tiny file, which is start-up, and over growing parts of all."""
    start = below / "start"
    start.mkdir()
    (start / "tiny.py").write_bytes(TINY)
    folders = [(start, 1, len(TINY)), *parts(files, below)]
    results = [Result() for _ in folders]
    for number in range(rounds):
        say(f"growing parts, round {number + 1} of {rounds}")
        for (folder, *_), result in zip(folders, results, strict=True):
            without_cache(folder)(number)
            one = Contender("interlock on a part", check(folder))
            run(one, result, place, watched=False, timed=True)
    return [
        {"files": count, "bytes": size, "seconds": median(result.seconds)}
        for (_, count, size), result in zip(folders, results, strict=True)
    ]


def row(one: Contender, results: Mapping[str, Result]) -> dict[str, Any]:
    """Say of a contender what was measured, and how it stands to others."""
    result = results[one.name]
    middle = median(result.seconds)

    def ratio(other: str) -> float | None:
        return middle / median(results[other].seconds) if other in results else None

    goals = [
        {"to": other, "at_most": goal, "ratio": ratio(other)} for other, goal in one.goals.items()
    ]
    shown = {name: value for name, value in asdict(result).items() if name != "output"}
    return {"name": one.name, **shown, "median": middle, "ratio": ratio(BASE), "goals": goals}


def version(found: str) -> str:
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return (done.stdout.split() or ["unknown"])[-1]


def commit(root: Path) -> str:
    if not (root / ".git").is_dir():
        return ""
    git = ["git", f"--git-dir={root / '.git'}", "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(
        git, capture_output=True, text=True, check=False, env=environment(root.parent)
    )
    return done.stdout.strip()


# --- the tables -----------------------------------------------------------------------------


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines to print."""
    where, versions = found["checkout"], found["versions"]
    yield f"{where['name']} {where['commit']}".rstrip() + (
        f": {where['files']:,} files of code, {where['bytes'] / MB:.2f} MB; relevant by their"
        f" words: {where['relevant_files']:,} files, {where['relevant_bytes'] / MB:.2f} MB"
    )
    yield (
        ", ".join(f"{name} {text}" for name, text in versions.items()) + f"; {found['cores']} cores"
    )
    yield (
        f"all look for {found['names']} names; timed rounds: {found['rounds']} (medians), semgrep"
        f" once; memory: highest sum of {found['memory_measure']} over all processes"
    )
    if not found["cache_kept"]:
        yield "no cache was kept: warm is cold here"
    yield ""
    yield f"{'':28}{'seconds':>9}{'from':>8}{'to':>8}{'x base':>8}{'MB':>7}{'places':>8}"
    for one in found["contenders"]:
        seconds = one["seconds"]
        yield (
            f"{one['name']:28}{one['median']:9.3f}{min(seconds):8.3f}{max(seconds):8.3f}"
            f"{one['ratio']:8.2f}{shown_memory(one['memory']):>7}{one['places']:8,}"
        )
    if versions["semgrep"] in ("not installed", "left out"):
        yield f"{SEMGREP:28}{versions['semgrep']}"
    yield f"base: {BASE}, with its default rules and TID251"
    yield ""
    yield from goals(found["contenders"])
    if found["growth"]:
        yield ""
        yield from growth(found["growth"])


def shown_memory(size: int) -> str:
    return f"{size / MB:.0f}" if size else "-"


def goals(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Compare with what interlock wants to reach on openstack/nova."""
    yield "goals (set for openstack/nova)"
    for one in rows:
        for goal in one["goals"]:
            text = f"at most {goal['at_most']:g} x {goal['to']}"
            ratio = goal["ratio"]
            verdict = "not measured"
            if ratio is not None:
                reached = "reached" if ratio <= goal["at_most"] else "missed"
                verdict = f"{ratio:.3g} x: {reached}"
            yield f"  {one['name']:28}{text:32}{verdict}"
    highest = max(one["memory"] for one in rows if one["name"].startswith("interlock"))
    verdict = "not measured"
    if highest:
        reached = "reached" if highest < MEMORY_GOAL * MB else "missed"
        verdict = f"{shown_memory(highest)} MB: {reached}"
    yield f"  {'interlock, any':28}{f'less than {MEMORY_GOAL} MB':32}{verdict}"


def growth(rows: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """Linear means: the last column does not grow."""
    yield "interlock cold, over growing parts of the relevant files"
    yield f"{'files':>8}{'MB':>8}{'seconds':>9}  seconds per MB, start-up taken off"
    start = rows[0]
    for one in rows:
        size = one["bytes"] / MB
        more = (one["bytes"] - start["bytes"]) / MB
        each = f"{(one['seconds'] - start['seconds']) / more:8.3f}" if more > 0 else f"{'-':>8}"
        yield f"{one['files']:8,}{size:8.2f}{one['seconds']:9.3f}{each}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path, metavar="CHECKOUT", help="a git clone or a folder")
    parser.add_argument("--rounds", type=int, default=5, help="that are timed (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument(
        "--leave-out",
        action="append",
        default=[],
        choices=["semgrep", "growth"],
        help="the slow parts; may be given twice",
    )
    options = parser.parse_args()
    if options.rounds < 1 or not options.checkout.is_dir():
        parser.error("give a folder, and at least one round")
    try:
        with tempfile.TemporaryDirectory(prefix="interlock-benchmark-") as folder:
            found = compare(
                options.checkout.resolve(), options.rounds, options.leave_out, Path(folder)
            )
    except Broken as error:
        say(f"error: {error}")
        return 2
    print("\n".join(table(found)))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
