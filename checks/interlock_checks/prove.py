"""
From sources to a report: facts, link, checks, and again as long as linking asks for more.

Linking may need what no file was read for: the constant that a command is made of, the callers
of a function that starts what it is given, the takers of a sink that a module re-exports.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from interlock.contract import Contract
from interlock_checks import catalogue
from interlock_checks.catalogue import tampering
from interlock_checks.check import all_checks
from interlock_checks.discover import Source
from interlock_checks.documents import model as d
from interlock_checks.facts import model as m
from interlock_checks.finding import Finding
from interlock_checks.homes import Homes, resolve
from interlock_checks.link.documents import as_files, document_reaches, order_reaches
from interlock_checks.link.uses import Reach, Uses
from interlock_checks.link.world import NESTED, World
from interlock_checks.locations import script_locations
from interlock_checks.modules import ModuleIndex
from interlock_checks.pool import Job, read_all
from interlock_checks.project import Project
from interlock_checks.report.model import Assumed, Report
from interlock_checks.source import searchable
from interlock_checks.standins import stand_ins
from interlock_checks.weakening.model import Loosened

Progress = Callable[[int, int], None]

_ROUNDS = 12
"""Times that linking may ask for further files; a chain of re-exports needs one for each link."""


@dataclass(frozen=True, slots=True)
class Repository:
    """
    All input of a check. `paths` are all files, `sources` those of code; `loosened` is what the
    declarations no longer hold, against a base.
    """

    contract: Contract
    declared_in: str | None
    read: Callable[[str], bytes | None]
    sources: Mapping[str, Source]
    links: Mapping[str, str]
    paths: frozenset[str]
    loosened: Sequence[Loosened] = ()


@dataclass
class Reading:
    """The files of a repository and what was read of them so far."""

    sources: Mapping[str, Source]
    progress: Progress | None
    kept: Mapping[bytes, bytes]
    used: dict[bytes, bytes] = field(default_factory=dict)
    facts: dict[str, m.Facts] = field(default_factory=dict)
    documents: dict[str, d.Document] = field(default_factory=dict)
    extra: dict[str, frozenset[str] | None] = field(default_factory=dict)
    text: dict[str, bytes] = field(default_factory=dict)
    done: int = 0

    def hints(self) -> dict[str, frozenset[str] | None]:
        """Every file, with the names that were asked for in it in the last run."""
        known: dict[str, list[str]] = {}
        encoded = self.kept.get(_HINTS)
        if encoded is not None:
            known = msgspec.msgpack.decode(encoded, type=dict[str, list[str]])
        return {path: frozenset(known[path]) if path in known else None for path in self.sources}

    def to_keep(self) -> dict[bytes, bytes]:
        """The facts that this run needed, for the next one."""
        names = {path: sorted(extra) for path, extra in self.extra.items() if extra is not None}
        return {**self.used, _HINTS: msgspec.msgpack.encode(names)}

    def searchable(self, path: str) -> bytes:
        """The bytes in which identifiers can be searched."""
        found = self.text.get(path)
        if found is None:
            found = self.text[path] = searchable(self.sources[path].data)
        return found

    def read(self, wanted: Mapping[str, frozenset[str] | None]) -> bool:
        """
        Read files with further names in mind; False if there was nothing new to read.

        None asks for no more than the catalogue does.
        """
        jobs = []
        for path, names in wanted.items():
            known = self.extra.get(path)
            if names is None:
                fresh = path not in self.extra
            else:
                fresh = known is None or not names <= known
                names = names | (known or frozenset())
            if fresh:
                self.extra[path] = names
                jobs.append((self.sources[path], names, False))
        for path, encoded in self._run(jobs):
            if self.sources[path].kind == "document":
                self.documents[path] = d.DECODER.decode(encoded)
            else:
                self.facts[path] = m.DECODER.decode(encoded)
        return bool(jobs)

    def places(self, paths: Iterable[str]) -> dict[str, tuple[m.Span, ...]]:
        """Where the uses and imports of these files stand."""
        code = sorted({path for path in paths if path in self.facts})
        jobs = [(self.sources[path], self.extra[path], True) for path in code]
        return {path: m.DECODER.decode(encoded).spans for path, encoded in self._run(jobs)}

    def _run(self, jobs: Sequence[Job]) -> Iterator[tuple[str, bytes]]:
        total = self.done + len(jobs)

        def advance(count: int) -> None:
            self.done += count
            if self.progress is not None:
                self.progress(self.done, total)

        missing: list[Job] = []
        for job in jobs:
            key = _key(job)
            encoded = self.kept.get(key)
            if encoded is None:
                missing.append(job)
                continue
            self.used[key] = encoded
            yield job[0].path, encoded
        self.done += len(jobs) - len(missing)
        for job, encoded in read_all(missing, advance):
            self.used[_key(job)] = encoded
            yield job[0].path, encoded


_HINTS = b"hints"


def _key(job: Job) -> bytes:
    """By what the facts of a job are kept: all that they depend on, but for the version."""
    source, extra, places = job
    names = None if extra is None else sorted(extra)
    asked = repr((source.path, names, places, source.problem))
    return blake2b(source.digest + asked.encode("utf-8", "surrogatepass"), digest_size=20).digest()


def prove(
    repository: Repository, progress: Progress | None, kept: Mapping[bytes, bytes]
) -> tuple[Report, dict[bytes, bytes]]:
    """
    Check a repository.

    Args:
        repository: The files and the contract.
        progress: Told how many files are read, of how many.
        kept: Encoded facts of earlier runs, as this function returned them.

    Returns:
        The report, and the encoded facts to keep for the next run.
    """
    # Expressions may be nested as deeply as the parser allows; see facts.outline.LONGEST.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
    sources = repository.sources
    reading = Reading(sources, progress, kept)
    nothing: frozenset[str] = frozenset()
    reading.read(reading.hints())
    modules = ModuleIndex(
        [path for path, source in sources.items() if source.kind == "python"], repository.links
    )
    locations = script_locations(repository.contract, repository.read, repository.paths)
    homes = resolve(repository.contract, modules, locations)
    declared = repository.declared_in is not None
    for _ in range(_ROUNDS):
        world = World({**reading.facts, **as_files(reading.documents)}, modules)
        uses = Uses(world, _read_code, homes.is_test)
        uses.run()
        uses.reaches.extend(document_reaches(reading.documents, world, homes, declared=declared))
        lent = sorted({r.path for r in uses.reaches if homes.is_test(r.path)})
        wanted = _wanted(reading, world.wanted, uses.wanted_names, uses.lent(), modules)
        for path in _borrowers(reading, lent, homes):
            wanted.setdefault(path, nothing)
        if uses.concerned:
            for path in _setting(reading):
                wanted[path] = (wanted.get(path) or nothing) | tampering.ENVIRONMENT
        if not reading.read(wanted):
            break
    found = stand_ins(modules, sources, repository.paths, repository.links)
    uses.reaches = [
        r for r in uses.reaches if r.path not in found.genuine or not r.code.startswith("IL3")
    ]
    order = order_reaches(reading.documents, reading.facts, homes)
    project = Project(
        world.files,
        homes,
        [*uses.reaches, *_borrowed(world, uses, homes), *order],
        repository.loosened,
        stand_ins=frozenset(path for path in found.files if not homes.is_test(path)),
    )
    project.places = reading.places(
        [reach.path for reach in project.away()] + [one.path for one in uses.assumptions]
    )
    findings: list[Finding] = []
    for check in all_checks():
        findings.extend(check().run(project))
    report = Report(
        findings=tuple(sorted(findings)),
        files=len(sources),
        read=sum(facts.whole for facts in reading.facts.values()) + len(reading.documents),
        at_home=project.at_home(),
        assumptions=tuple(
            sorted(
                {
                    Assumed(a.path, a.row or project.places[a.path][a.number].row, a.text)
                    for a in uses.assumptions
                }
                | {
                    Assumed(path, row, text)
                    for path, document in reading.documents.items()
                    for row, text in document.assumptions
                },
                key=lambda a: (a.path, a.row),
            )
        ),
        contract=repository.declared_in,
        digests={},
    )
    return report, reading.to_keep()


def _read_code(text: str) -> m.Facts | None:
    # Loaded here because a run that finds all its facts in the cache needs no parser.
    from interlock_checks.facts.files import read_code

    return read_code(text)


def _wanted(
    reading: Reading,
    exported: Iterable[tuple[str, str]],
    asked: Mapping[str, set[str]],
    lent: Mapping[str, set[str]],
    modules: ModuleIndex,
) -> dict[str, frozenset[str] | None]:
    """
    The files to read (again), and the names to mind there.

    Args:
        reading: What was read so far.
        exported: Pairs of a file and a name in it of which a command or an import is made.
        asked: File -> functions in it of which every caller matters.
        lent: File -> names under which it gives a sink, or what leads to one, to others.
        modules: The files that imports mean.
    """
    wanted: dict[str, set[str]] = {}
    for path, name in exported:
        if path in reading.sources:
            wanted.setdefault(path, set()).add(name)
    giving = {path: set(names) for path, names in asked.items()}
    for path, names in asked.items():
        wanted.setdefault(path, set()).update(names)
    for path, names in lent.items():
        # A file that spells a name of the catalogue was read without being asked.
        giving.setdefault(path, set()).update(names - catalogue.IDENTIFIERS)
    by_module: dict[str, set[str]] = {}
    for path, names in giving.items():
        by_module.setdefault(_last_name(path), set()).update(names)
    for path, facts in reading.facts.items():
        if facts.whole:
            taken = _taken_exactly(path, facts, giving, modules, reading)
        else:
            words = frozenset(facts.imported)
            named = {name for module in words & by_module.keys() for name in by_module[module]}
            taken = _taken(named, words, reading.searchable(path)) if named else set()
        if taken:
            wanted.setdefault(path, set()).update(taken)
    return {path: frozenset(names) for path, names in wanted.items()}


def _taken_exactly(
    path: str,
    facts: m.Facts,
    giving: Mapping[str, set[str]],
    modules: ModuleIndex,
    reading: Reading,
) -> set[str]:
    """The asked or lent names that a file whose imports are known takes from their modules."""
    taken: set[str] = set()
    for one in facts.imports:
        for source in modules.resolve(path, one.module, one.level):
            names = giving.get(source, set())
            if one.name == "*" or "*" in names:
                taken |= names
            elif one.name in names:
                taken.add(one.name)
            elif not one.name and names:
                taken |= _taken(names, frozenset(), reading.searchable(path))
        if one.name and one.name != "*":
            inner = f"{one.module}.{one.name}".lstrip(".")
            for source in modules.resolve(path, inner, one.level):
                if lent_names := giving.get(source):
                    taken |= _taken(lent_names, frozenset(), reading.searchable(path))
    return taken


def _taken(names: set[str], words: frozenset[str], text: bytes) -> set[str]:
    """Those of the names that a file imports or takes from an imported module."""
    if "*" in names or _STAR_IMPORT.search(text):
        return names
    return {
        name
        for name in names
        if name in words
        or (
            name.encode() in text
            and re.search(rb"\.\s*" + re.escape(name.encode()) + rb"\b", text) is not None
        )
    }


_STAR_IMPORT = re.compile(rb"\bimport\s*\*")


def _last_name(path: str) -> str:
    """The last part of a module's name, by which an import has to call it."""
    parts = path.rpartition(".")[0].split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return parts[-1] if parts else ""


def _borrowers(reading: Reading, lent: Sequence[str], homes: Homes) -> Iterable[str]:
    """Files outside the test paths that may import a test module which holds a sink."""
    names = {_last_name(path) for path in lent}
    for path, facts in reading.facts.items():
        if not homes.is_test(path) and not names.isdisjoint(facts.imported):
            yield path


def _setting(reading: Reading) -> Iterable[str]:
    """Files that were only looked over, and may set a variable of their process."""
    for path, facts in reading.facts.items():
        if not facts.whole and _ENVIRONMENT.search(reading.searchable(path)):
            yield path


_ENVIRONMENT = re.compile(b"|".join(name.encode() for name in sorted(tampering.ENVIRONMENT)))


def _borrowed(world: World, uses: Uses, homes: Homes) -> Iterable[Reach]:
    """Imports of a test module that holds a sink: the exemption of tests ends at their path."""
    lent: dict[str, dict[str, Reach]] = {}
    for reach in uses.reaches:
        if homes.is_test(reach.path):
            lent.setdefault(reach.path, {}).setdefault(reach.code[:3], reach)
    for path, facts in world.files.items():
        if homes.is_test(path) or NESTED in path:
            continue
        for one in facts.imports:
            found = set(world.modules.resolve(path, one.module, one.level))
            if one.name:
                inner = f"{one.module}.{one.name}".lstrip(".")
                found.update(world.modules.resolve(path, inner, one.level))
            for test in sorted(found & lent.keys()):
                manner = f"borrowed from {test}, below test-paths"
                for reach in lent[test].values():
                    yield Reach(path, one.place, 0, reach.code, reach.sink, manner)
