"""The values that a contract may hold, each with the mistakes that can be made in it."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple

from interlock.toml_lines import key_lines, line_of


class ContractError(Exception):
    """
    A contract that says nothing certain, and therefore counts for nothing.

    Attributes:
        filename: As given to the reader, relative to the root of the repository.
        line: From 1; the line of the key, or of the entry of a list.
        message: What is wrong.
        remedy: What to write instead.
    """

    def __init__(self, filename: str, line: int, message: str, remedy: str) -> None:
        super().__init__(filename, line, message, remedy)
        self.filename = filename
        self.line = line
        self.message = _printable(message)
        self.remedy = _printable(remedy)

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}: {self.message}: {self.remedy}"


class Place(NamedTuple):
    """A table, key or entry of a list that is being read."""

    filename: str
    text: str
    path: tuple[str | int, ...]

    def __truediv__(self, part: str | int) -> Place:
        return self._replace(path=(*self.path, part))

    @property
    def name(self) -> str:
        """The innermost key, as its reader wrote it."""
        names = [part for part in self.path if isinstance(part, str)]
        return names[-1] if names else PurePosixPath(self.filename).name

    def error(self, message: str, remedy: str) -> ContractError:
        return ContractError(
            self.filename, line_of(key_lines(self.text), self.path), message, remedy
        )


def strings(
    place: Place, value: object, what: str, read: Callable[[Place, str], str]
) -> tuple[str, ...]:
    """Read a string, or a list of strings, each of them with `read`."""
    if isinstance(value, str):
        return (read(place, value),)
    if not isinstance(value, list):
        raise place.error(f'"{place.name}" is {kind_of(value)}', f"write {what}, or a list of them")
    for index, entry in enumerate(value):
        if not isinstance(entry, str):
            raise (place / index).error(
                f'"{place.name}" holds {kind_of(entry)}', f"write {what}, or a list of them"
            )
    return tuple(read(place / index, entry) for index, entry in enumerate(value))


def modules(place: Place, value: object) -> tuple[str, ...]:
    return strings(place, value, "a module name", _module)


def _module(place: Place, value: str) -> str:
    if not _is_dotted_name(value):
        raise place.error(
            f'"{place.name}" holds "{value}", which is not a module name',
            _module_remedy(value),
        )
    return value


def _module_remedy(value: str) -> str:
    guess = value.removeprefix("./").removesuffix(".py").replace("/", ".")
    if guess != value and _is_dotted_name(guess):
        return f'write it as Python imports it, such as "{guess}"'
    return 'write one name as Python imports it, such as "shop.deploy"'


def factories(place: Place, value: object) -> tuple[str, ...]:
    return strings(place, value, "a factory such as shop.db:make_engine", _factory)


def _factory(place: Place, value: str) -> str:
    module, colon, name = value.partition(":")
    if not _is_dotted_name(module) or (colon and not _is_dotted_name(name)):
        raise place.error(
            f'"{place.name}" holds "{value}", which names no factory',
            'write "module:function", "module:Class.method" or "module"',
        )
    return value


def paths(place: Place, value: object) -> tuple[str, ...]:
    return strings(place, value, "a path", _path)


def _path(place: Place, value: str) -> str:
    """Return the path in its shortest form, without `./` and a slash at the end."""
    path = PurePosixPath(value)
    wrong = _wrong_path(value)
    if not wrong and not path.parts:
        wrong = "is the whole repository"
    if wrong:
        raise place.error(
            f'"{place.name}" holds "{value}", which {wrong}',
            "write one folder or file below the root of the repository",
        )
    return str(path)


def locations(place: Place, value: object) -> tuple[str, ...]:
    return strings(place, value, "a folder", _location)


def _location(place: Place, value: str) -> str:
    """Return a folder, or `package:folder`, where Alembic also takes a second colon for a slash."""
    package, colon, below = value.partition(":")
    if not colon or PureWindowsPath(value).drive:
        return _path(place, value)
    below = below.replace(":", "/")
    if not _is_dotted_name(package) or _wrong_path(below) or not PurePosixPath(below).parts:
        raise place.error(
            f'"{place.name}" holds "{value}", which names no folder',
            'write "folder/below/the/root" or "package:folder"',
        )
    return f"{package}:{PurePosixPath(below)}"


def _wrong_path(value: str) -> str | None:
    """Say what keeps a text from naming one place below the root of the repository."""
    if "\\" in value or PureWindowsPath(value).drive:
        return "is a Windows path (here the separator is / everywhere)"
    if value.startswith("/"):
        return "is absolute"
    if ".." in PurePosixPath(value).parts:
        return 'contains ".."'
    if any(sign in value for sign in "*?["):
        return "is a pattern"
    return None


def variable(place: Place, value: object) -> str:
    if not isinstance(value, str):
        raise place.error(f'"{place.name}" is {kind_of(value)}', "write the name of a variable")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise place.error(
            f'"{place.name}" is "{value}", which names no environment variable',
            'write letters, digits and underscores, such as "APP_ENV"',
        )
    return value


def alembic_section(place: Place, value: object) -> str:
    if not isinstance(value, str):
        raise place.error(f'"{place.name}" is {kind_of(value)}', 'write "alembic.ini"')
    file, colon, section = value.partition(":")
    if _wrong_path(file) or not file.endswith(".ini") or (colon and not section.strip()):
        raise place.error(
            f'"{place.name}" is "{value}", which names no Alembic configuration',
            'write a file below the root such as "alembic.ini", or "alembic.ini:section"',
        )
    return value


def environment(place: Place, value: str) -> str:
    if not value or value != value.strip() or "*" in value:
        raise place.error(
            f'"{place.name}" holds "{value}", which names no environment',
            'write the value of the variable as it is set, such as "production"',
        )
    return value


# None of these three repeats the value: a URL may hold a password, and a private key may
# have been pasted where the public one belongs.


def url(place: Place, value: str) -> str:
    if not re.match(r"[A-Za-z][A-Za-z0-9_+*.-]*://", value):
        raise place.error(
            '"urls" holds a text that is not a URL',
            'write it such as "postgresql://localhost/shop_*"',
        )
    return value


def public_key(place: Place, value: str) -> str:
    if not re.fullmatch(r"ed25519:\S+", value):
        raise place.error(
            '"keys" holds a text that is not a public key', 'write it as "ed25519:" and the key'
        )
    return value


def key_source(place: Place, value: object) -> str:
    named = value if isinstance(value, str) else ""
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\0]+|fd:\d{1,4}", named):
        raise place.error(
            f'"{place.name}" says nothing about where the private key is',
            'write "env:NAME", "file:/absolute/path" or "fd:NUMBER"',
        )
    return named


def _printable(text: str) -> str:
    """Escape what a terminal would obey or hide: the names in a message come from the file."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def _is_dotted_name(text: str) -> bool:
    return unicodedata.normalize("NFKC", text) == text and all(
        part.isidentifier() and not keyword.iskeyword(part) for part in text.split(".")
    )


def kind_of(value: object) -> str:
    """Name the type of a TOML value, with its article."""
    if value is None:
        return "missing"
    names = {bool: "a boolean", str: "a string", int: "an integer", float: "a float"}
    names |= {list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")
