"""
Hooks of interlock whose filters leave nothing to them.

A hook without `always_run` runs for a commit only if one of its files passes the filters. It is
neutered where none of the files passes that the proof is about: Python outside of tests and of
what the contract allows.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from interlock_checks.documents.model import Document, Filter
from interlock_checks.link.reach import Reach

__all__ = ["filter_reaches"]

SECONDS = 5
"""Time for the patterns of all hooks; an honest one takes a millisecond."""
MOST_PATHS = 2_000
_USUAL = ("app/main.py", "src/app/main.py", "main.py")
"""What stands for a repository that has no Python yet."""
_TYPES = frozenset(
    {"file", "text", "python", "executable", "non-executable", "symlink", "directory"}
)

# Patterns are searched by another process: some take longer than the age of the universe.
_SEARCH = """
import json, re, sys
paths, filters = json.load(sys.stdin)
found = []
for wanted, refused in filters:
    try:
        wanted, refused = [re.compile(p) for p in wanted], [re.compile(p) for p in refused]
    except (re.error, OverflowError, RecursionError):
        found.append(False)
        continue
    found.append(any(
        all(p.search(path) for p in wanted) and not any(p.search(path) for p in refused)
        for path in paths
    ))
json.dump(found, sys.stdout)
"""


def filter_reaches(documents: Mapping[str, Document], paths: Sequence[str]) -> Iterator[Reach]:
    """A finding for each hook for which none of the paths, which are all Python, passes."""
    filters = [(path, one) for path, document in documents.items() for one in document.filters]
    if not filters:
        return
    searched = [one for _, one in filters if one.wanted or one.refused]
    passed = dict(zip(searched, _search(searched, paths[:MOST_PATHS] or _USUAL), strict=True))
    for path, one in filters:
        if not (passed.get(one, True) and _typed(one)):
            manner = "runs for none of the files that could break the proof"
            yield Reach(path, -1, 0, "IL502", one.name, manner, row=one.row)


def _search(filters: Sequence[Filter], paths: Sequence[str]) -> list[bool]:
    if not filters:
        return []
    asked = json.dumps([list(paths), [(one.wanted, one.refused) for one in filters]])
    try:
        shown = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH],
            input=asked,
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
        )
        return [bool(one) for one in json.loads(shown.stdout)]
    except (subprocess.SubprocessError, OSError, ValueError):
        # A pattern that cannot be searched lets nothing pass that anybody could rely on.
        return [False] * len(filters)


def _typed(one: Filter) -> bool:
    """Whether a Python file has the types that are asked for."""
    return (
        set(one.types) <= _TYPES
        and (not one.any_types or not _TYPES.isdisjoint(one.any_types))
        and {"file", "text", "python"}.isdisjoint(one.no_types)
    )
