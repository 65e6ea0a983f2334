"""Where Alembic's environments and migration scripts lie, by what the repository configures."""

from __future__ import annotations

import configparser
import posixpath
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from interlock.contract import Contract

__all__ = ["is_env", "is_migration_script", "script_locations"]

Read = Callable[[str], bytes | None]

_REFERENCE = re.compile(r"%\((\w+)\)s")
_HERE = "\0"  # stands for the folder of the file, until the whole value is known
_REVISION = re.compile(rb"(?m)^down_revision\b[^=\n]*=")
_LONGEST = 4096  # characters of a path, however often it refers to other options
_SEPARATORS = {
    "space": " ",
    "newline": "\n",
    "os": ":",  # as on the machines that deploy; a Windows drive is no folder of the repository
    ":": ":",
    ";": ";",
}


@dataclass(frozen=True, slots=True)
class _Settings:
    """One section: the folder of its file, and the values with `%(here)s` and others filled in."""

    folder: str
    script: str
    versions: tuple[str, ...]


def script_locations(contract: Contract, read: Read, paths: Collection[str]) -> frozenset[str]:
    """
    Find the folders that hold an env.py or migration scripts.

    Args:
        contract: Where it says `migrations`, nothing else counts.
        read: Returns the bytes of a file, None where it cannot be read.
        paths: All files of the tree, from its root, with `/`.

    Returns:
        Folders from the root; `""` where env.py lies at the root itself.
    """
    folders = _Folders(paths)
    if contract.migrations is not None:
        declared = (folders.find(place, "", "") for place in contract.migrations)
        return frozenset(place for place in declared if place is not None)
    found: set[str] = set()
    for settings in _all_settings(read, paths):
        script = folders.find(settings.script, settings.folder, "env.py")
        if script is None:
            # Declared is declared; but the whole repository is no home without an env.py.
            script = folders.find(settings.script, settings.folder, "") or None
        if script is not None:
            found.add(script)
        for place in settings.versions:
            versions = folders.find(place, settings.folder, "")
            if versions:
                found.add(versions)
    # Flask-Migrate configures all this in code, and always writes these two files; Flask-Alembic
    # has an env.py of its own, and the scripts lie beside the template.
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name == "script.py.mako" and (
            folders.holds(folder, "env.py")
            or (folder and any(_is_revision(read(one)) for one in folders.modules(folder)))
        ):
            found.add(folder)
    return frozenset(found)


def is_env(path: str, locations: Collection[str]) -> bool:
    """Say whether a file is the env.py of one of the locations."""
    folder, _, name = path.rpartition("/")
    return name == "env.py" and folder in locations


def is_migration_script(path: str, locations: Collection[str]) -> bool:
    """
    Say whether a file is a migration script or a helper that lies among them.

    Everything below a location counts, but where that is the whole repository: there `versions`.
    """
    if not path.endswith(".py") or is_env(path, locations):
        return False
    folder = path.rpartition("/")[0]
    while folder:
        if folder in locations or (folder == "versions" and "" in locations):
            return True
        folder = folder.rpartition("/")[0]
    return False


class _Folders:
    """The folders of a tree, to be found under the many names that Alembic takes."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._folders: set[str] = {""}
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]

    def holds(self, folder: str, name: str) -> bool:
        return (f"{folder}/{name}" if folder else name) in self._paths

    def modules(self, folder: str) -> list[str]:
        """The Python files that lie in a folder itself."""
        return sorted(
            path
            for path in self._paths
            if path.endswith(".py") and path.rpartition("/")[0] == folder
        )

    def find(self, place: str, base: str, name: str) -> str | None:
        """
        Find a folder that holds the file `name` (`""`: any).

        Args:
            place: A path from `base` or from the root of the repository, or `package:path`.
        """
        for folder in self._meant(place, base):
            if folder in self._folders and (not name or self.holds(folder, name)):
                return folder
        return None

    def _meant(self, place: str, base: str) -> Iterator[str]:
        place = place.strip()
        if not place:
            return
        if place.startswith(_HERE):
            base, place = "", place.removeprefix(_HERE) or "."
        elif posixpath.isabs(place):
            return
        if ":" not in place:
            for start in dict.fromkeys((base, "")):
                folder = _inside(posixpath.join(start, place))
                if folder is not None:
                    yield folder
            return
        package, *rest = place.split(":")
        path = _inside("/".join((package.replace(".", "/"), *rest)))
        if not path:
            return
        for start in dict.fromkeys((base, "", posixpath.join(base, "src"), "src", "lib")):
            yield posixpath.join(start, path)
        elsewhere = [folder for folder in self._folders if folder.endswith(f"/{path}")]
        if len(elsewhere) == 1:
            yield elsewhere[0]


def _inside(path: str) -> str | None:
    """Simplify a path from the root; None if it leads out of it."""
    path = posixpath.normpath(path)
    if path == ".." or path.startswith(("../", "/")):
        return None
    return "" if path == "." else path


def _all_settings(read: Read, paths: Collection[str]) -> Iterator[_Settings]:
    by_ini: set[str] = set()
    for path in sorted(paths):
        if path.endswith((".ini", ".cfg")):
            for settings in _of_ini(path, read(path)):
                by_ini.add(settings.folder)
                yield settings
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        if name == "pyproject.toml" and folder not in by_ini:
            yield from _of_pyproject(path, read(path))


def _of_ini(path: str, data: bytes | None) -> Iterator[_Settings]:
    if data is None or b"script_location" not in data:
        return
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(data.decode("utf-8-sig", "replace"))
    except configparser.Error:
        return
    for section in parser.sections():
        values = {key: value or "" for key, value in parser.items(section)}
        if values.get("script_location"):
            yield _settings(path, values, _versions(values))


def _versions(values: Mapping[str, str]) -> Iterable[str]:
    """Split `version_locations` as Alembic does: by the separator named, else by `,` and space."""
    locations = values.get("version_locations", "")
    named = values.get("path_separator") or values.get("version_path_separator") or ""
    separator = _SEPARATORS.get(named.strip())
    return locations.split(separator) if separator else re.split(r"[,\s]+", locations)


def _of_pyproject(path: str, data: bytes | None) -> Iterator[_Settings]:
    if data is None or b"script_location" not in data:
        return
    try:
        document = tomllib.loads(data.decode())
        table = document.get("tool", {}).get("alembic", {})
        script, versions = table.get("script_location"), table.get("version_locations", [])
    except (ValueError, AttributeError, RecursionError):
        return
    if isinstance(script, str) and isinstance(versions, list):
        places = [place for place in versions if isinstance(place, str)]
        yield _settings(path, {"script_location": script}, places)


def _is_revision(data: bytes | None) -> bool:
    """Whether a file says which migration it follows, as each migration script does."""
    return data is not None and _REVISION.search(data) is not None


def _settings(path: str, values: Mapping[str, str], versions: Iterable[str]) -> _Settings:
    folder = path.rpartition("/")[0]

    def filled(value: str) -> str:
        for _ in range(10):
            filled_in = _REFERENCE.sub(lambda name: known(name[1]), value)[:_LONGEST]
            if filled_in == value:
                break
            value = filled_in
        value = value.strip().replace("%%", "%")
        if not value.startswith(_HERE):
            return value.replace(_HERE, "")
        # An absolute path, so from the root of the repository and from nowhere else.
        return _HERE + posixpath.join(folder, value.removeprefix(_HERE).lstrip("/"))

    def known(name: str) -> str:
        return _HERE if name == "here" else values.get(name.lower(), "")

    places = (filled(place) for place in versions)
    return _Settings(folder, filled(values["script_location"]), tuple(filter(None, places)))
