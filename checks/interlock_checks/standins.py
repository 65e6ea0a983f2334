"""
Files that Python would take in place of interlock: its modules, and its metadata.

The repository that interlock itself is made in has such files too. A name could not tell it from
an impostor, since anybody can write a name; so the bytes do: a file that is byte for byte the one
of the running interlock stands in for nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from interlock_checks.catalogue.tampering import ROOT
from interlock_checks.discover import Source
from interlock_checks.modules import ModuleIndex

_COMPILED = (".so", ".pyd", ".pyc")

# As importlib.metadata reads the names of what lies in a folder of `sys.path`.
_METADATA = re.compile(rf"(?:.*/)?{ROOT}(?:-[^/]*)?\.(?:dist-info|egg-info|egg)(?=/|$)", re.I)
_PLUGIN = re.compile(
    rb"^\[alembic\.plugins\][^\[]*^%b\s*=\s*%b\.plugin\s*$" % ((ROOT.encode(),) * 2), re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class StandIns:
    """`files` would be imported as interlock or a part of it; `genuine` are its own files."""

    files: frozenset[str]
    genuine: frozenset[str]


def stand_ins(
    modules: ModuleIndex,
    sources: Mapping[str, Source],
    paths: Collection[str],
    links: Collection[str],
    read: Callable[[str], bytes | None],
) -> StandIns:
    """The files of a repository that Python would take for interlock's, by what they are."""
    found: set[str] = set()
    genuine: set[str] = set()
    for path, source in sources.items():
        if f"/{ROOT}" not in f"/{path}" or source.kind != "python":
            continue
        names = modules.names(path)
        name = names[0] if names else ""
        if name == ROOT or name.startswith(f"{ROOT}."):
            own = _own(path)
            same = own is not None and own.is_file() and own.read_bytes() == source.data
            (genuine if same else found).add(path)
    found |= {path for path in paths if path.endswith(_COMPILED) and _is_top(path, paths)}
    found |= {link for link in links if _is_top(link, paths)}
    found |= _metadata({*paths, *links}, read)
    return StandIns(frozenset(found), frozenset(genuine))


def _metadata(paths: Collection[str], read: Callable[[str], bytes | None]) -> set[str]:
    """
    The first file of each folder that calls itself an installed interlock, and names no plugin.

    Of several distributions of one name only the first that Python finds has entry points: without
    the plugin among them, Alembic loads none.
    """
    places: dict[str, str] = {}
    for path in sorted(paths):
        if (place := _METADATA.match(path)) is not None:
            places.setdefault(place[0], path)
    return {
        path
        for place, path in places.items()
        if not _PLUGIN.search(read(f"{place}/entry_points.txt") or b"")
    }


def _own(path: str) -> Path | None:
    """The file of the running interlock that a path of that package corresponds to."""
    folders = f"/{path}".split("/")
    file = sys.modules[ROOT].__file__
    if file is None or ROOT not in folders:
        return None
    inner = folders[len(folders) - folders[::-1].index(ROOT) :]
    return Path(file).parent.joinpath(*inner)


def _is_top(path: str, paths: Collection[str]) -> bool:
    """Whether a compiled module or a link has the name, in a folder that is no package."""
    folder, _, base = path.rpartition("/")
    if base.partition(".")[0] != ROOT:
        parent, _, inner = folder.rpartition("/")
        if inner != ROOT or base.partition(".")[0] != "__init__":
            return False
        folder = parent
    return f"{folder}/__init__.py".lstrip("/") not in paths
