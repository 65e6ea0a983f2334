"""Which file a module name means: as Python finds it, from every folder it may start in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

__all__ = ["ModuleIndex"]

_FEW = 16  # roots that are worth ordering
_LINKS = 40  # as many as Linux follows in one path

# Folders that are put on the path by packaging tools (the src layout) and by habit.
_SOURCE_FOLDERS = frozenset({"src", "lib", "python", "src/python", "src/py", "lib/python"})


class ModuleIndex:
    """
    The modules of a tree. Only `.py` files are modules; a script without suffix is none.

    Args:
        paths: Files from the root of the tree, with `/`.
        links: Links in the tree, to files or folders, with where they lead (`""`: the root).
    """

    def __init__(self, paths: Iterable[str], links: Mapping[str, str]) -> None:
        self._files = frozenset(path for path in paths if path.endswith(".py"))
        self._links = dict(links)
        self._below: dict[str, str | None] = {}
        self._linked_from: dict[str, list[str]] = {}
        for link, target in links.items():
            self._linked_from.setdefault(target, []).append(link)
        self._roots_of: dict[str, list[str]] = {}
        self._candidates: dict[str, tuple[tuple[str, str], ...]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._resolved: dict[tuple[str, str, int], tuple[str, ...]] = {}
        self._index_roots()

    def names(self, path: str) -> tuple[str, ...]:
        """
        List the dotted names under which a file may be imported, best first.

        First the one from the root of its packages, then those through folders above, which Python
        takes for namespace packages, then those from within a package.
        """
        known = self._names.get(path)
        if known is None:
            found: dict[str, None] = {}
            for place in self._places(path):
                found.update(dict.fromkeys(self._names_at(place)))
            known = self._names[path] = tuple(found)
        return known

    def home(self, name: str) -> str | None:
        """
        Find the one file that a contract means by a module name.

        The root of the tree comes before `src`, `lib` and `python`, these before other folders,
        and of those the one nearest to the root. A regular package comes before a namespace
        package in folders that are equally likely. Folders within packages are no roots.

        Returns:
            None if there is no such module, or two that are equally good.
        """
        best: list[tuple[tuple[int, int, int], str]] = []
        for root, path in self._everywhere(name):
            if (root and self._is_package(root)) or self._is_shadowed(root, name):
                continue
            rank = _rank(root)
            plain = not self._is_package(_join(root, name.partition(".")[0])) and "." in name
            # Of the likely roots Python takes a regular package first, wherever it lies.
            order = (0, int(plain), rank) if rank <= 1 else (1, rank, int(plain))
            best.append((order, path))
        if not best:
            return None
        first = min(order for order, _ in best)
        homes = {path for order, path in best if order == first}
        return homes.pop() if len(homes) == 1 else None

    def resolve(self, importer: str, name: str, level: int) -> tuple[str, ...]:
        """
        Find the files that an import executed in `importer` may mean, the likeliest first.

        An absolute import is looked for from the root of the importer's packages and, as for a
        script, in its own folder; where the first has not even the top of the name, from every
        other folder too. So a name that an installed package has as well (`alembic`) may still
        mean that one.

        Args:
            name: The dotted name behind the dots; empty in `from . import x`.
            level: The number of leading dots.

        Returns:
            Nothing if the project holds no such module; a namespace package has no file.
        """
        # Without links an import means the same in all files of a folder.
        key = (importer if self._linked_from else _folder(importer), name, level)
        known = self._resolved.get(key)
        if known is None:
            known = self._resolved[key] = self._resolve(importer, name, level)
        return known

    def _resolve(self, importer: str, name: str, level: int) -> tuple[str, ...]:
        found: dict[str, None] = {}
        places = self._places(importer)
        if level:
            for place in places:
                base = _up(_folder(place), level - 1)
                if base is not None and (path := self._module(_join(base, name))):
                    found[path] = None
            return tuple(found)
        if not name:
            return ()
        decided = True
        for place in places:
            root = self._package_root(_folder(place))
            if path := self._module(_join(root, name)):
                found[path] = None
            decided &= self._module(_join(root, name.partition(".")[0])) is not None
        for place in places:
            if path := self._module(_join(_folder(place), name)):
                found[path] = None
        if not decided:
            for _, path in self._nearest(name, importer):
                found[path] = None
        return tuple(found)

    def _index_roots(self) -> None:
        """Note for each module, folder and link the folders in which it lies."""
        folders: set[str] = set()
        for path in (*self._files, *self._links):
            folder, _, name = path.rpartition("/")
            if name != "__init__.py":
                self._roots_of.setdefault(name.removesuffix(".py"), []).append(folder)
            while folder and folder not in folders:
                folders.add(folder)
                above, _, last = folder.rpartition("/")
                self._roots_of.setdefault(last, []).append(above)
                folder = above

    def _everywhere(self, name: str) -> tuple[tuple[str, str], ...]:
        """List the roots from which a module is found, with its file, the likeliest root first."""
        known = self._candidates.get(name)
        if known is None:
            found: dict[str, str] = {}
            for root in self._roots_of.get(name.partition(".")[0], ()):
                for place in self._places(root):
                    if path := self._module(_join(place, name)):
                        found[place] = path
            # From within a package a module is found only by code that changes sys.path.
            outside = {place for place in found if not place or not self._is_package(place)}
            ordered = sorted(outside or found, key=lambda place: (_rank(place), place))
            known = self._candidates[name] = tuple((place, found[place]) for place in ordered)
        return known

    def _nearest(self, name: str, importer: str) -> Iterable[tuple[str, str]]:
        """Order the roots of a module by what they have in common with the importer's folder."""
        candidates = self._everywhere(name)
        if not 1 < len(candidates) <= _FEW:
            return candidates
        parts = _folder(importer).split("/")

        def common(candidate: tuple[str, str]) -> int:
            pairs = zip(candidate[0].split("/"), parts, strict=False)
            return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

        return sorted(candidates, key=common, reverse=True)

    def _module(self, base: str) -> str | None:
        """Find the file of `folder/package/module`; a package comes before a module."""
        if not base:
            return self._real("__init__.py")
        return self._real(f"{base}/__init__.py") or self._real(f"{base}.py")

    def _is_package(self, folder: str) -> bool:
        return self._real(f"{folder}/__init__.py" if folder else "__init__.py") is not None

    def _is_shadowed(self, root: str, name: str) -> bool:
        """Say whether a module stands where a name wants a package: then Python finds nothing."""
        parts = name.split(".")
        for count in range(1, len(parts)):
            base = _join(root, ".".join(parts[:count]))
            if not self._is_package(base) and self._real(f"{base}.py"):
                return True
        return False

    def _package_root(self, folder: str) -> str:
        while folder and self._is_package(folder):
            folder = _folder(folder)
        return folder

    def _names_at(self, path: str) -> Iterator[str]:
        if not path.endswith(".py"):
            return
        top = self._package_root(_folder(path))
        start = top.count("/") + 1 if top else 0
        parts = path.removesuffix(".py").split("/")
        if parts[-1] == "__init__":
            parts.pop()
        # Nothing above a folder with a dot in its name can be part of a dotted name.
        lowest = max((i + 1 for i, part in enumerate(parts) if "." in part), default=0)
        for first in (start, *range(start - 1, -1, -1), *range(start + 1, len(parts))):
            if lowest <= first < len(parts):
                yield ".".join(parts[first:])

    def _places(self, path: str) -> list[str]:
        """List a path and its other names, through links that lead to it or to a folder above."""
        if not self._linked_from:
            return [path]
        places = [path]
        above = path
        while True:
            for link in self._linked_from.get(above, ()):
                places.append(link + path[len(above) :] if above else _slash(link, path))
            if not above:
                return list(dict.fromkeys(places))
            above = _folder(above)

    def _real(self, path: str) -> str | None:
        """Follow links in a path; None if no file of the tree is there."""
        if path in self._files:
            return path
        for _ in range(_LINKS if self._links else 0):
            link = self._link_above(path)
            if link is None:
                return None
            path = _slash(self._links[link], path[len(link) + 1 :])
            if path in self._files:
                return path
        return None

    def _link_above(self, path: str) -> str | None:
        """The link that a path is, or that it lies below."""
        if path in self._links:
            return path
        folder = _folder(path)
        if folder and folder not in self._below:
            self._below[folder] = self._link_above(folder)
        return self._below.get(folder)


def _rank(root: str) -> int:
    """Order roots: the tree's own, those of source layouts, then by depth."""
    if not root:
        return 0
    return 1 if root in _SOURCE_FOLDERS else 2 + root.count("/")


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _up(folder: str, count: int) -> str | None:
    for _ in range(count):
        if not folder:
            return None
        folder = _folder(folder)
    return folder


def _join(folder: str, name: str) -> str:
    return _slash(folder, name.replace(".", "/"))


def _slash(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder and path else folder or path
