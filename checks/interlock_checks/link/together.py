"""
Which files may be loaded into a process that uses interlock.

A process that starts with one file loads what that file imports, and so on. So two files can meet
in one process where some file leads to both. `sitecustomize` is loaded into every process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from interlock_checks.catalogue import tampering
from interlock_checks.facts import model as m
from interlock_checks.link.world import NESTED, Modules

_ALWAYS = frozenset({"sitecustomize.py", "usercustomize.py"})
_HOSTS = frozenset({tampering.ROOT, "alembic"})
"""Modules whose import brings the guard into a process: Alembic loads it as a plugin."""


def together(files: Mapping[str, m.Summary], modules: Modules, starting: Iterable[str]) -> set[str]:
    """
    The files that can be loaded together with interlock; none if no file names it.

    Args:
        files: All that was read.
        modules: What imports mean.
        starting: Files that start one of interlock's commands as a process.
    """
    own = {path for path in files if NESTED not in path}
    using = {p for p in own if tampering.ROOT in _roots(files[p])} | set(starting)
    if not using:
        return set()
    using |= {path for path in own if not _HOSTS.isdisjoint(_roots(files[path]))}
    imported = {path: set(_targets(path, files, modules)) for path in own}
    importers: dict[str, set[str]] = {}
    for path, targets in imported.items():
        for target in targets:
            importers.setdefault(target, set()).add(path)
    found = _reachable(_reachable(using, importers), imported)
    found |= {p for p in own if p.rpartition("/")[2] in _ALWAYS or p.endswith(".pth")}
    return found


def _reachable(start: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    found = set(start)
    todo = list(found)
    while todo:
        for target in edges.get(todo.pop(), ()):
            if target not in found:
                found.add(target)
                todo.append(target)
    return found


def _roots(facts: m.Summary) -> set[str]:
    if not facts.whole:
        return set()
    return {one.module.partition(".")[0] for one in facts.imports if one.level == 0}


def _targets(path: str, files: Mapping[str, m.Summary], modules: Modules) -> Iterator[str]:
    facts = files[path]
    if facts.whole:
        names = {(one.module, one.level) for one in facts.imports}
        names |= {
            (f"{one.module}.{one.name}".lstrip("."), one.level)
            for one in facts.imports
            if one.name and one.name != "*"
        }
    else:
        # Only the words of its import statements are known: each may be a module.
        names = {(word, level) for word in facts.imported for level in (0, 1)}
    yield from _packages(path, files)
    for name, level in names:
        for target in modules.resolve(path, name, level):
            yield target
            yield from _packages(target, files)


def _packages(path: str, files: Mapping[str, m.Summary]) -> Iterator[str]:
    """The `__init__.py` files that are loaded before a module."""
    folder = path.rpartition("/")[0]
    while folder:
        if f"{folder}/__init__.py" in files:
            yield f"{folder}/__init__.py"
        folder = folder.rpartition("/")[0]
