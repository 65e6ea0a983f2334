"""The files of a repository and what is read of them, from the cache or by the parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from interlock_checks.catalogue.guards import INTERLOCK
from interlock_checks.discover import Source
from interlock_checks.documents import model as d
from interlock_checks.facts import model as m
from interlock_checks.facts.decoded import Decoded
from interlock_checks.facts.placed import PLACED, functions, spans_by_number
from interlock_checks.link.documents import as_files
from interlock_checks.link.world import NESTED
from interlock_checks.source import searchable
from interlock_checks.worker import Job, Workers

Progress = Callable[[int, int], None]


@dataclass
class Reading:
    """The files of a repository and what was read of them so far."""

    sources: Mapping[str, Source]
    progress: Progress | None
    kept: Mapping[bytes, bytes]
    workers: Workers
    used: dict[bytes, bytes] = field(default_factory=dict)
    stems: dict[bytes, bytes] = field(default_factory=dict)
    facts: Decoded = field(default_factory=Decoded)
    summaries: dict[str, m.Summary] = field(default_factory=dict)
    inner: dict[str, m.Summary] = field(default_factory=dict)
    documents: dict[str, d.Document] = field(default_factory=dict)
    extra: dict[str, frozenset[str] | None] = field(default_factory=dict)
    text: dict[str, bytes] = field(default_factory=dict)
    stars: dict[str, bool] = field(default_factory=dict)
    dotted: dict[tuple[str, str], bool] = field(default_factory=dict)
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
        jobs: list[Job] = []
        for path, names in wanted.items():
            known = self.extra.get(path)
            if names is None:
                fresh = path not in self.extra
            else:
                fresh = known is None or not names <= known
                names = names | (known or frozenset())
            if fresh:
                self.extra[path] = names
            if fresh and not self._answers(path, names):
                jobs.append((path, names, False, None))
        for path, encoded in self._run(jobs):
            if self.sources[path].kind != "document":
                self._put(path, encoded)
                continue
            document = self.documents[path] = d.DECODER.decode(encoded)
            for inner, facts in as_files({path: document}).items():
                self._put(inner, m.ENCODER.encode(facts))
        return bool(jobs)

    def put_off(self) -> dict[str, frozenset[str] | None]:
        """What to ask of the files that were put off."""
        found = [path for path, summary in self.summaries.items() if summary.put_off]
        return dict.fromkeys(found, frozenset())

    def _answers(self, path: str, names: frozenset[str] | None) -> bool:
        """Whether what was read of a file says all there is to say of these names."""
        summary = self.summaries.get(path)
        if summary is None or not summary.complete:
            return False
        if names is not None and any(name.startswith(".") for name in names):
            return False
        return summary.near or names is None or INTERLOCK.name not in names

    def _put(self, path: str, encoded: bytes) -> None:
        self.facts.put(path, encoded)
        summary = m.SUMMARY.decode(encoded)
        (self.inner if NESTED in path else self.summaries)[path] = summary

    def judged(self, paths: Sequence[str], guarded: bool) -> Iterator[tuple[str, bytes]]:
        """Encoded judgements of those of these files that are worth it in other processes."""
        return self.workers.judge_all(paths, self.facts, guarded=guarded)

    def imports(self, root: str) -> bool:
        """Whether any file, or Python in a document, imports the package of that name."""
        return any(True for _ in self.importers(root))

    def importers(self, root: str) -> Iterator[str]:
        """The files, and the Python in documents, that import the package of that name."""
        for path, summary in (*self.summaries.items(), *self.inner.items()):
            if any(o.level == 0 and o.module.partition(".")[0] == root for o in summary.imports):
                yield path

    def to_judge(self) -> list[str]:
        """The files with facts to judge by, and the Python in documents."""
        return [path for path in self.facts if NESTED in path or self.summaries[path].whole]

    def places(self, wanted: Iterable[tuple[str, int]]) -> dict[str, Mapping[int, m.Span]]:
        """Where uses and imports stand: by files, those of these numbers and perhaps others."""
        numbers: dict[str, set[int]] = {}
        for path, number in wanted:
            numbers.setdefault(path, set()).add(number)
        inside = {path: functions(self.facts[path], some) for path, some in numbers.items()}
        found = self._placed(inside)
        found |= self._placed(dict.fromkeys(path for path in inside if path not in found))
        for path, some in numbers.items():
            if path not in found:
                # It could be read once and not again: reported as a whole.
                found[path] = dict.fromkeys(some, m.Span(1, 1, 1, 1))
        return found

    def _placed(
        self, inside: Mapping[str, frozenset[str] | None]
    ) -> dict[str, Mapping[int, m.Span]]:
        """The places in these files, where they fit their facts."""
        jobs = [(path, self.extra[path], True, inside[path]) for path in sorted(inside)]
        found: dict[str, Mapping[int, m.Span]] = {}
        for path, encoded in self._run(jobs):
            spans = spans_by_number(self.facts[path], PLACED.decode(encoded), inside[path])
            if spans is not None:
                found[path] = spans
        return found

    def _run(self, jobs: Sequence[Job]) -> Iterator[tuple[str, bytes]]:
        total = self.done + len(jobs)
        missing: dict[Job, bytes] = {}
        for job in jobs:
            key = self._key(job)
            encoded = self.kept.get(key)
            if encoded is None:
                missing[job] = key
                continue
            self.used[key] = encoded
            yield job[0], encoded
        self.done += len(jobs) - len(missing)
        for job, (encoded, stem) in self.workers.read_all(list(missing)):
            key = missing[job]
            self.used[key] = encoded
            if stem:
                self.stems[stem] = key
            yield job[0], encoded
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, total)

    def _key(self, job: Job) -> bytes:
        """By what the facts of a job are kept: all that they depend on, but for the version."""
        path, extra, places, inside = job
        source = self.sources[path]
        names = None if extra is None else sorted(extra)
        some = None if inside is None else sorted(inside)
        text = repr((path, names, places, some, source.problem)).encode("utf-8", "surrogatepass")
        return blake2b(source.digest + text, digest_size=20).digest()

    def to_keep(self) -> dict[bytes, bytes]:
        """What was read, by keys, and the keys of what is still used by the stems of its facts."""
        stems = {stem: key for stem, key in self.kept.items() if key in self.used}
        return {**self.used, **stems, **self.stems}


_STAR_IMPORT = re.compile(rb"import\s*\*")
