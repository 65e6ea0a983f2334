"""
From sources to a report: facts, link, checks, and again as long as linking asks for more.

Linking may need what no file was read for: the constant that a command is made of, the callers
of a function that starts what it is given, the takers of a sink that a module re-exports.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
from interlock_checks.link.judgements import Judgements
from interlock_checks.link.uses import Reach
from interlock_checks.link.world import NESTED
from interlock_checks.locations import script_locations
from interlock_checks.modules import ModuleIndex
from interlock_checks.pool import Job, read_all
from interlock_checks.project import Project
from interlock_checks.report.model import Assumed, Report
from interlock_checks.source import searchable
from interlock_checks.standins import stand_ins
from interlock_checks.weakening.model import Loosened

Progress = Callable[[int, int], None]

_ROUNDS = 13
"""Times that linking may ask for further files; a chain of re-exports needs one for each link."""

_LIKE_A_TEST = re.compile(r"(?:^|/)tests?(?:/|_|\.py$)")
"""
Files that are judged from the second round on. They are many, and seldom wrap what starts a
process, so that a first round without them asks for most of what the others need. Only the order
depends on this: the last round judges every file.
"""


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


class Decoded(Mapping[str, m.Facts]):
    """The facts of files, decoded when they are first asked for."""

    def __init__(self) -> None:
        self._encoded: dict[str, bytes] = {}
        self._decoded: dict[str, m.Facts] = {}

    def put(self, path: str, encoded: bytes) -> None:
        self._encoded[path] = encoded
        self._decoded.pop(path, None)

    def __getitem__(self, path: str) -> m.Facts:
        found = self._decoded.get(path)
        if found is None:
            found = self._decoded[path] = m.DECODER.decode(self._encoded[path])
        return found

    def __contains__(self, path: object) -> bool:
        return path in self._encoded

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


@dataclass
class Reading:
    """The files of a repository and what was read of them so far."""

    sources: Mapping[str, Source]
    progress: Progress | None
    kept: Mapping[bytes, bytes]
    used: dict[bytes, bytes] = field(default_factory=dict)
    facts: Decoded = field(default_factory=lambda: Decoded())
    summaries: dict[str, m.Summary] = field(default_factory=dict)
    inner: dict[str, m.Summary] = field(default_factory=dict)
    documents: dict[str, d.Document] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)
    extra: dict[str, frozenset[str] | None] = field(default_factory=dict)
    text: dict[str, bytes] = field(default_factory=dict)
    stars: dict[str, bool] = field(default_factory=dict)
    done: int = 0

    def searchable(self, path: str) -> bytes:
        """The bytes in which identifiers can be searched."""
        found = self.text.get(path)
        if found is None:
            found = self.text[path] = searchable(self.sources[path].data)
        return found

    def has_star(self, path: str) -> bool:
        """Whether a file imports all names of some module."""
        found = self.stars.get(path)
        if found is None:
            text = self.searchable(path)
            found = self.stars[path] = _STAR_IMPORT.search(text) is not None
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
            if self.sources[path].kind != "document":
                self._put(path, encoded)
                continue
            document = self.documents[path] = d.DECODER.decode(encoded)
            for inner, facts in as_files({path: document}).items():
                self._put(inner, m.ENCODER.encode(facts))
        return bool(jobs)

    def _put(self, path: str, encoded: bytes) -> None:
        self.facts.put(path, encoded)
        self.digests[path] = blake2b(encoded, digest_size=20).digest()
        summary = m.SUMMARY.decode(encoded)
        (self.inner if NESTED in path else self.summaries)[path] = summary

    def imports(self, root: str) -> bool:
        """Whether any file, or Python in a document, imports the package of that name."""
        return any(
            one.level == 0 and one.module.partition(".")[0] == root
            for summary in (*self.summaries.values(), *self.inner.values())
            for one in summary.imports
        )

    def to_judge(self, *, first: bool) -> list[str]:
        """The files with facts to judge by, and the Python in documents; not all of them first."""
        return [
            path
            for path in self.facts
            if NESTED in path
            or (self.summaries[path].whole and not (first and _LIKE_A_TEST.search(path)))
        ]

    def places(self, paths: Iterable[str]) -> dict[str, tuple[m.Span, ...]]:
        """Where the uses and imports of these files stand."""
        code = sorted({path for path in paths if self.sources[path].kind != "document"})
        jobs = [(self.sources[path], self.extra[path], True) for path in code]
        found = {path: m.SPANS.decode(encoded) for path, encoded in self._run(jobs)}
        for path, spans in found.items():
            if not spans:
                # It could be read once and not again: reported as a whole.
                facts = self.facts[path]
                count = facts.first_place + sum(len(marks) for marks in facts.control.values())
                found[path] = (m.Span(1, 1, 1, 1),) * count
        return found

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
    reading.read(dict.fromkeys(sources))
    modules = ModuleIndex(
        [path for path, source in sources.items() if source.kind == "python"], repository.links
    )
    locations = script_locations(repository.contract, repository.read, repository.paths)
    homes = resolve(repository.contract, modules, locations)
    tree = _tree(repository)
    judgements = Judgements(
        reading.facts, reading.digests, modules, _read_code, homes.is_test, tree, kept
    )
    declared = repository.declared_in is not None
    # Each round is recalled by itself: a run with a cache takes the steps of one without.
    for number in range(_ROUNDS):
        guarded = reading.imports(tampering.ROOT)
        judgements.judge(number, reading.to_judge(first=number == 0), guarded=guarded)
        wanted = _wanted(reading, judgements, modules, tree)
        if guarded or judgements.starting():
            for path in _setting(reading):
                wanted[path] = (wanted.get(path) or nothing) | tampering.ENVIRONMENT
        if (reading.read(wanted) or number == 0) and number < _ROUNDS - 1:
            continue
        # What guards are changed, and what tests lend, is asked when nothing else is open.
        judgements.settle_changes(number)
        reaches = judgements.reaches(reading.summaries)
        world = judgements.world()
        reaches += document_reaches(reading.documents, world, homes, declared=declared)
        lent = {reach.path for reach in reaches if homes.is_test(reach.path)}
        if not reading.read(dict.fromkeys(_borrowers(reading, lent, homes), nothing)):
            break
    found = stand_ins(modules, sources, repository.paths, repository.links)
    reaches = [r for r in reaches if r.path not in found.genuine or not r.code.startswith("IL3")]
    if not (declared or guarded or judgements.starting()):
        reaches = [reach for reach in reaches if not reach.hooked]
    reaches += _borrowed(reading, reaches, modules, homes)
    code = [path for path in reading.summaries if path not in reading.documents]
    reaches += order_reaches(reading.documents, code, homes)
    assumptions = list(judgements.assumptions())
    project = Project(
        reading.facts,
        reading.summaries,
        homes,
        reaches,
        repository.loosened,
        stand_ins=frozenset(path for path in found.files if not homes.is_test(path)),
    )
    project.places = reading.places(
        [reach.path for reach in project.away()] + [one.path for one in assumptions]
    )
    findings: list[Finding] = []
    for check in all_checks():
        findings.extend(check().run(project))
    report = Report(
        findings=tuple(sorted(findings)),
        files=len(sources),
        read=sum(one.whole for one in reading.summaries.values()),
        at_home=project.at_home(),
        assumptions=tuple(
            sorted(
                {
                    Assumed(a.path, a.row or project.places[a.path][a.number].row, a.text)
                    for a in assumptions
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
    return report, {**reading.used, **judgements.used}


def _read_code(text: str) -> m.Facts | None:
    # Loaded here because a run that finds all its facts in the cache needs no parser.
    from interlock_checks.facts.files import read_code

    return read_code(text)


def _tree(repository: Repository) -> bytes:
    """A digest of the names of files and links, by which imports are resolved."""
    names = sorted((path, one.kind) for path, one in repository.sources.items())
    text = repr((names, sorted(repository.links.items())))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).digest()


def _wanted(
    reading: Reading, judgements: Judgements, modules: ModuleIndex, tree: bytes
) -> dict[str, frozenset[str] | None]:
    """The files to read (again), and the names to mind there."""
    wanted: dict[str, set[str]] = {}
    for path, name in judgements.wanted():
        if path in reading.sources and path not in reading.documents:
            wanted.setdefault(path, set()).add(name)
    giving: dict[str, set[str]] = {}
    for path, one in judgements.by_path.items():
        for asked, name in one.asked:
            if asked in reading.documents:
                continue
            giving.setdefault(asked, set()).add(name)
            wanted.setdefault(asked, set()).add(name)
        # A file that spells a name of the catalogue was read without being asked.
        if lent := set(one.lent) - catalogue.IDENTIFIERS:
            giving.setdefault(path, set()).update(lent)
    for path, taken in _all_taken(reading, giving, modules, tree):
        wanted.setdefault(path, set()).update(taken)
    return {path: frozenset(names) for path, names in wanted.items()}


_TAKEN = msgspec.msgpack.Decoder(dict[str, tuple[bytes, tuple[str, ...]]])


def _all_taken(
    reading: Reading, giving: Mapping[str, set[str]], modules: ModuleIndex, tree: bytes
) -> Iterator[tuple[str, Sequence[str]]]:
    """
    Each file with the asked or lent names that it takes, if any.

    Of a file in which nothing has changed it is recalled, for as long as the same names are given.
    """
    given = repr(("taken", tree, sorted((path, sorted(names)) for path, names in giving.items())))
    key = blake2b(given.encode("utf-8", "surrogatepass"), digest_size=20).digest()
    encoded = reading.kept.get(key)
    known = {} if encoded is None else _TAKEN.decode(encoded)
    by_module: dict[str, set[str]] = {}
    for path, names in giving.items():
        by_module.setdefault(_last_name(path), set()).update(names)
    found: dict[str, tuple[bytes, tuple[str, ...]]] = {}
    for path, summary in reading.summaries.items():
        stamp = reading.sources[path].digest + reading.digests[path]
        before = known.get(path)
        if before is not None and before[0] == stamp:
            found[path] = before
        elif summary.whole:
            taken = _taken_exactly(path, summary, giving, modules, reading)
            found[path] = stamp, tuple(sorted(taken))
        else:
            words = frozenset(summary.imported)
            named = {name for module in words & by_module.keys() for name in by_module[module]}
            taken = _taken(named, words, reading, path) if named else set()
            found[path] = stamp, tuple(sorted(taken))
        if found[path][1]:
            yield path, found[path][1]
    reading.used[key] = msgspec.msgpack.encode(found)


def _taken_exactly(
    path: str,
    summary: m.Summary,
    giving: Mapping[str, set[str]],
    modules: ModuleIndex,
    reading: Reading,
) -> set[str]:
    """The asked or lent names that a file whose imports are known takes from their modules."""
    taken: set[str] = set()
    for module, level, name in {(one.module, one.level, one.name) for one in summary.imports}:
        for source in modules.resolve(path, module, level):
            names = giving.get(source)
            if not names:
                continue
            if name == "*" or "*" in names:
                taken |= names
            elif name in names:
                taken.add(name)
            elif not name:
                taken |= _taken(names, frozenset(), reading, path)
        if name and name != "*":
            for source in modules.resolve(path, f"{module}.{name}".lstrip("."), level):
                if lent_names := giving.get(source):
                    taken |= _taken(lent_names, frozenset(), reading, path)
    return taken


def _taken(names: set[str], words: frozenset[str], reading: Reading, path: str) -> set[str]:
    """Those of the names that a file imports or takes from an imported module."""
    if "*" in names or reading.has_star(path):
        return names
    text = reading.searchable(path)
    return {name for name in names if name in words or _is_taken(name.encode(), text)}


def _is_taken(name: bytes, text: bytes) -> bool:
    """Whether a name stands behind a dot."""
    at = text.find(name)
    while at >= 0:
        before, end = at - 1, at + len(name)
        while before >= 0 and text[before : before + 1].isspace():
            before -= 1
        if text[before : before + 1] == b"." and not _WORD.match(text, end):
            return True
        at = text.find(name, end)
    return False


_STAR_IMPORT = re.compile(rb"import\s*\*")
_WORD = re.compile(rb"\w")


def _last_name(path: str) -> str:
    """The last part of a module's name, by which an import has to call it."""
    parts = path.rpartition(".")[0].split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return parts[-1] if parts else ""


def _borrowers(reading: Reading, lent: Collection[str], homes: Homes) -> Iterable[str]:
    """Files outside the test paths that may import a test module which holds a sink."""
    names = {_last_name(path) for path in lent}
    for path, summary in reading.summaries.items():
        if not homes.is_test(path) and not names.isdisjoint(summary.imported):
            yield path


def _setting(reading: Reading) -> Iterable[str]:
    """Files that were only looked over, and may set a variable of their process."""
    for path, summary in reading.summaries.items():
        if not summary.whole and _ENVIRONMENT.search(reading.searchable(path)):
            yield path


_ENVIRONMENT = re.compile(b"|".join(name.encode() for name in sorted(tampering.ENVIRONMENT)))


def _borrowed(
    reading: Reading, reaches: Sequence[Reach], modules: ModuleIndex, homes: Homes
) -> Sequence[Reach]:
    """Imports of a test module that holds a sink: the exemption of tests ends at their path."""
    lent: dict[str, dict[str, Reach]] = {}
    for reach in reaches:
        if homes.is_test(reach.path):
            lent.setdefault(reach.path, {}).setdefault(reach.code[:3], reach)
    found: list[Reach] = []
    for path, summary in reading.summaries.items():
        if homes.is_test(path) or not lent:
            continue
        for one in summary.imports:
            meant = set(modules.resolve(path, one.module, one.level))
            if one.name:
                inner = f"{one.module}.{one.name}".lstrip(".")
                meant.update(modules.resolve(path, inner, one.level))
            for test in sorted(meant & lent.keys()):
                manner = f"borrowed from {test}, below test-paths"
                for reach in lent[test].values():
                    found.append(Reach(path, one.place, 0, reach.code, reach.sink, manner))
    return found
