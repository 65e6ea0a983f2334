"""Which files are read for the order of what they do, because a guard is near."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from interlock_checks.catalogue.guards import INTERLOCK
from interlock_checks.homes import Homes
from interlock_checks.link.order import Order
from interlock_checks.link.relevance import names_a_guard
from interlock_checks.modules import ModuleIndex
from interlock_checks.reading import Reading
from interlock_checks.wanted import last_name

Asked = dict[str, frozenset[str] | None]


def near(reading: Reading, paths: Iterable[str]) -> Asked:
    """What to ask of files in which the order of things matters, without a guard's name."""
    return {path: (reading.extra.get(path) or frozenset()) | {INTERLOCK.name} for path in paths}


def followed(reading: Reading, homes: Homes) -> list[str]:
    """The files from which ways are followed: they can call a guard, or owe one."""
    return [
        path
        for path, summary in reading.summaries.items()
        if summary.near
        and (
            homes.is_env(path)
            or homes.is_deploy(path)
            or INTERLOCK.name in (reading.extra.get(path) or ())
            or names_a_guard(reading.facts[path])
        )
    ]


def for_order(reading: Reading, order: Order, modules: ModuleIndex) -> Asked:
    """The files of which the order of things, or what a name means, matters near a guard."""
    wanted = near(reading, {*order.wanted, *_calling(reading, order.refusing(), modules)})
    for path, name in order.world.wanted:
        if path in reading.sources and path not in reading.documents:
            known = wanted.get(path) or reading.extra.get(path) or frozenset()
            wanted[path] = known | {name}
    return wanted


def _calling(
    reading: Reading, refusing: Mapping[str, set[str]], modules: ModuleIndex
) -> Iterator[str]:
    """Files that import what may refuse, and do not name a guard themselves."""
    by_module: dict[str, set[str]] = {}
    for path, names in refusing.items():
        by_module.setdefault(last_name(path), set()).update(names)
    for path, summary in reading.summaries.items():
        if summary.near or not by_module:
            continue
        words = frozenset(summary.imported)
        if not summary.whole:
            if any(not by_module[word].isdisjoint(words) for word in words & by_module.keys()):
                yield path
            continue
        for one in summary.imports:
            meant = modules.resolve(path, one.module, one.level)
            names = {name for source in meant for name in refusing.get(source, ())}
            inner = modules.resolve(path, f"{one.module}.{one.name}".lstrip("."), one.level)
            if one.name in names or (names and one.name in {"", "*"}) or refusing.keys() & inner:
                yield path
                break
