"""Which job, target or script a name in a document means, and from where each is called."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from interlock_checks.documents.model import WAVE, Document

__all__ = ["Callees", "Key", "Site"]

Key = tuple[str, int]
"""A unit: the path of its document, and its number there."""

PULLING = frozenset({"make", "just", "task", "pyproject"})
"""Systems in which a unit starts those that it names in `after`."""

_DEFAULT = {name: rank for rank, name in enumerate((".pre", "build", "test", "deploy", ".post"))}
"""The stages of GitLab, where a pipeline names none."""


@dataclass(frozen=True)
class Site:
    """
    A place where a unit is called.

    A `stage` of -1 is a dependency that the caller pulls; `ran` is then its number among them.
    `call` is the number of the call in a command that has several (`make verify backup`).
    """

    key: Key
    stage: int
    ran: int
    call: int = 0


@dataclass
class Callees:
    """Names and calls of all documents."""

    documents: Mapping[str, Document]
    _names: dict[tuple[str, str], list[Key]] = field(default_factory=dict)
    _systems: dict[tuple[str, str], list[Key]] = field(default_factory=dict)
    _groups: dict[str, str] = field(default_factory=dict)
    _members: dict[str, list[Key]] = field(default_factory=dict)
    _bases: dict[str, list[str]] = field(default_factory=dict)
    _sites: dict[Key, list[Site]] | None = None
    _ranks: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        waves: dict[str, str] = {}
        for path, document in self.documents.items():
            self._bases.setdefault(path.rpartition("/")[2], []).append(path)
            for included in document.includes:
                if included in self.documents:
                    self._union(path, included)
            if any(unit.stage.startswith(WAVE) for unit in document.units):
                # What is deployed together lies together.
                self._union(waves.setdefault(path.rpartition("/")[0], path), path)
        for path, document in self.documents.items():
            group = self._group(path)
            for number, unit in enumerate(document.units):
                key = (path, number)
                self._members.setdefault(group, []).append(key)
                if unit.name:
                    self._names.setdefault((group, unit.name), []).append(key)
                    self._systems.setdefault((document.system, unit.name), []).append(key)
                    prefix, slash, name = unit.name.partition("/")
                    if document.system == "pyproject" and slash:
                        self._systems.setdefault((prefix, name), []).append(key)
        for path, document in self.documents.items():
            if document.stages:
                names = (".pre", *document.stages, ".post")
                ranks = {name: rank for rank, name in enumerate(names)}
                self._ranks.setdefault(self._group(path), ranks)

    def _group(self, path: str) -> str:
        while (parent := self._groups.get(path, path)) != path:
            path = parent
        return path

    def _union(self, one: str, other: str) -> None:
        first, second = self._group(one), self._group(other)
        if first != second:
            self._groups[second] = first

    def named(self, key: Key, name: str) -> list[Key]:
        """The units of the same pipeline with a name."""
        return self._names.get((self._group(key[0]), name), [])

    def earlier(self, key: Key) -> Iterator[Key]:
        """The units of all stages before that of a unit."""
        group = self._group(key[0])
        own = self._rank(group, key)
        for other in self._members.get(group, ()):
            rank = self._rank(group, other)
            if own is not None and rank is not None and rank < own:
                yield other

    def _rank(self, group: str, key: Key) -> int | None:
        stage = self._stage(key)
        if stage.startswith(WAVE):
            return int(stage.removeprefix(WAVE))
        return self._ranks.get(group, _DEFAULT).get(stage)

    def _stage(self, key: Key) -> str:
        return self.documents[key[0]].units[key[1]].stage

    def called(self, key: Key, name: str) -> list[Key]:
        """The units that a call means: `make:deploy`, or all units of a file."""
        system, colon, target = name.partition(":")
        if colon and system.replace("-", "").isalpha():
            found = self._systems.get((system, target), [])
            here = [one for one in found if one[0] == key[0]]
            if here or not found:
                return here
            # The file nearest to the root is the one that is meant without a folder.
            return [min(found, key=lambda one: (one[0].count("/"), one))]
        path = self._path(key[0], name)
        if path is None or path == key[0]:
            return []
        return [(path, number) for number in range(len(self.documents[path].units))]

    def _path(self, caller: str, name: str) -> str | None:
        plain = name.lstrip("*")
        bare = posixpath.normpath(plain.lstrip("/"))
        folder = caller.rpartition("/")[0]
        for guess in (bare, posixpath.normpath(posixpath.join(folder, bare))):
            for one in (guess, f"{guess}/action.yml", f"{guess}/action.yaml"):
                if one in self.documents:
                    return one
        fitting = self._bases.get(bare.rpartition("/")[2], [])
        ends = [one for one in fitting if one.endswith(f"/{bare}")] or fitting
        return ends[0] if len(ends) == 1 else None

    def sites(self, key: Key) -> list[Site]:
        """Where a unit is called from, but for itself."""
        if self._sites is None:
            self._sites = {}
            for site, called in self._all_sites():
                self._sites.setdefault(called, []).append(site)
        return self._sites.get(key, [])

    def _all_sites(self) -> Iterator[tuple[Site, Key]]:
        for path, document in self.documents.items():
            for number, unit in enumerate(document.units):
                key = (path, number)
                if document.system in PULLING:
                    for place, name in enumerate(unit.after):
                        for called in self.named(key, name):
                            if called != key:
                                yield Site(key, -1, place), called
                for at, stage in enumerate(unit.stages):
                    for position, ran in enumerate(stage.ran):
                        for call, name in enumerate(ran.calls):
                            for called in self.called(key, name):
                                if called != key:
                                    yield Site(key, at, position, call), called
