"""Which files linking asks to be read (again), and for which names in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from interlock_checks import catalogue
from interlock_checks.catalogue import tampering
from interlock_checks.facts import model as m
from interlock_checks.facts.relevant import imported_names
from interlock_checks.homes import Homes
from interlock_checks.keeping import encoded
from interlock_checks.link.judgements import Judgements
from interlock_checks.link.reach import Reach
from interlock_checks.modules import ModuleIndex
from interlock_checks.reading import Reading


def wanted_by(
    reading: Reading, judgements: Judgements, modules: ModuleIndex, tree: bytes
) -> dict[str, frozenset[str] | None]:
    """The files to read (again), and the names to mind there."""
    wanted: dict[str, set[str]] = {}
    for path, name in judgements.wanted():
        if path in reading.sources and path not in reading.documents:
            wanted.setdefault(path, set()).add(name)
    giving: dict[str, set[str]] = {}
    for asked, name in judgements.asked():
        if asked not in reading.documents:
            giving.setdefault(asked, set()).add(name)
            wanted.setdefault(asked, set()).add(name)
    for path, one in judgements.by_path.items():
        # A file that spells a name of the catalogue was read without being asked.
        if lent := set(one.lent) - catalogue.IDENTIFIERS:
            giving.setdefault(path, set()).update(lent)
    for name in sorted(judgements.methods):
        for path in spelling(reading, name):
            wanted.setdefault(path, set()).update((name, f".{name}"))
    for path, taken in _all_taken(reading, giving, modules, tree):
        wanted.setdefault(path, set()).update(taken)
    return {path: frozenset(names) for path, names in wanted.items()}


def spelling(reading: Reading, name: str) -> list[str]:
    """The files of Python that spell a name behind a dot."""
    paths = (path for path in reading.summaries if path not in reading.documents)
    return [path for path in paths if _is_taken(name, reading, path)]


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
    kept = reading.kept.get(key)
    known = {} if kept is None else _TAKEN.decode(kept)
    by_module: dict[str, set[str]] = {}
    for path, names in giving.items():
        by_module.setdefault(last_name(path), set()).update(names)
    found: dict[str, tuple[bytes, tuple[str, ...]]] = {}
    for path, summary in reading.summaries.items():
        stamp = reading.sources[path].digest + reading.facts.digests[path]
        before = known.get(path)
        if before is not None and before[0] == stamp:
            found[path] = before
        elif summary.whole:
            taken = _taken_exactly(path, summary, giving, modules, reading)
            found[path] = stamp, tuple(sorted(taken))
        else:
            words = frozenset(summary.imported)
            spelled = words & by_module.keys()
            named = {name for module in spelled for name in by_module[module]}
            taken = _taken(named, words, reading, path) if named else set()
            imports = imported_names(reading.searchable(path), spelled) if taken else None
            if imports is not None:
                meant = {source for one in imports for source in _meant(path, *one, modules)}
                taken &= {name for source in meant for name in giving.get(source, ())}
            found[path] = stamp, tuple(sorted(taken))
        if found[path][1]:
            yield path, found[path][1]
    if (kept := encoded(found)) is not None:
        reading.used[key] = kept


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


def _meant(path: str, module: str, level: int, name: str, modules: ModuleIndex) -> Iterator[str]:
    """The files that an import may mean: that of the module, or of a module of that name in it."""
    yield from modules.resolve(path, module, level)
    if name and name != "*":
        yield from modules.resolve(path, f"{module}.{name}".lstrip("."), level)


def _taken(names: set[str], words: frozenset[str], reading: Reading, path: str) -> set[str]:
    """Those of the names that a file imports or takes from an imported module."""
    if "*" in names or reading.has_star(path):
        return names
    return {name for name in names if name in words or _is_taken(name, reading, path)}


def _is_taken(name: str, reading: Reading, path: str) -> bool:
    """Whether a name stands behind a dot: asked in every round, and looked for once."""
    known = reading.dotted.get((path, name))
    if known is None:
        found = _is_dotted(name.encode(), reading.searchable(path))
        known = reading.dotted[path, name] = found
    return known


def _is_dotted(name: bytes, text: bytes) -> bool:
    at = text.find(name)
    while at >= 0:
        before, end = at - 1, at + len(name)
        while before >= 0 and text[before : before + 1].isspace():
            before -= 1
        if text[before : before + 1] == b"." and not _WORD.match(text, end):
            return True
        at = text.find(name, end)
    return False


_WORD = re.compile(rb"\w")


def last_name(path: str) -> str:
    """The last part of a module's name, by which an import has to call it."""
    parts = path.rpartition(".")[0].split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return parts[-1] if parts else ""


def borrowers(reading: Reading, lent: Collection[str], homes: Homes) -> Iterable[str]:
    """Files outside the test paths that may import a test module which holds a sink."""
    names = {last_name(path) for path in lent}
    for path, summary in reading.summaries.items():
        if not homes.is_test(path) and not names.isdisjoint(summary.imported):
            yield path


def setting(reading: Reading) -> Iterable[str]:
    """Files that were only looked over, and may set a variable of their process."""
    for path, summary in reading.summaries.items():
        if not summary.whole and _ENVIRONMENT.search(reading.searchable(path)):
            yield path


_ENVIRONMENT = re.compile(b"|".join(name.encode() for name in sorted(tampering.ENVIRONMENT)))


def borrowed(
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
            meant = set(_meant(path, one.module, one.level, one.name, modules))
            for test in sorted(meant & lent.keys()):
                manner = f"borrowed from {test}, below test-paths"
                for reach in lent[test].values():
                    found.append(Reach(path, one.place, 0, reach.code, reach.sink, manner))
    return found
