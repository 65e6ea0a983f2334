"""
Which files, and which functions in them, may matter: from their words alone, before any parse.

Sound, so that the rest needs no reading: what is left out cannot name a sink, a process or a
reflection of the catalogue. `interlock_checks.catalogue.names` has the argument; a name that
another module of the repository gives to a sink is asked for later, when that is known.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import AnyStr

from interlock_checks import catalogue
from interlock_checks.catalogue import processes
from interlock_checks.facts.words import is_behind_dot, occurrences, text_words, words_of
from interlock_checks.source import searchable


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words))


def _bytes(words: Iterable[str]) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words)


_WORD = re.compile(rb"[A-Za-z_]\w*")
_TEXT_WORD = re.compile(r"[^\W\d]\w*")
_ANYWHERE = _bytes(catalogue.IDENTIFIERS)
_BARE = _bytes(catalogue.BARE_NAMES)
_ROOTS = _bytes(catalogue.IMPORT_ROOTS)
_READERS = _bytes(catalogue.READERS)
_QUALIFIED = {module.encode(): _bytes(names) for module, names in catalogue.QUALIFIED.items()}
_TASK = processes.DOIT_TASK_PREFIX.encode()


@cache
def _bare() -> re.Pattern[bytes]:
    names = _either(catalogue.BARE_NAMES)
    # A string that is just the name needs `builtins` as well, as it does behind a dot.
    return re.compile(
        rf"(?<![.\w])(?!(?<=[\"'])(?:{names})[\"'])(?:{names})\b(?!\s*=[^=])".encode()
    )


_IMPORT = re.compile(rb"\b(?:import|from)\b(?:[^\n(]*\([^)]*\)|[^\n]*(?:(?<=\\)\r?\n[^\n]*)*)")
_MODULES = b"|".join(map(re.escape, sorted(_QUALIFIED)))
_RENAMED = re.compile(rb"import\s+(?:" + _MODULES + rb")\s+as\b")


@cache
def _read_by_name(reader: bytes) -> re.Pattern[bytes]:
    if reader == b"__dict__":
        return re.compile(rb"\b(?:" + _MODULES + rb")\s*\.\s*__dict__\b")
    # It begins with a word and not with its edge: only then the search leaps from word to word.
    return re.compile(re.escape(reader) + rb"\s*\(\s*(?:" + _MODULES + rb")\b")


def _statements(
    text: AnyStr, pattern: re.Pattern[AnyStr], words: tuple[AnyStr, AnyStr]
) -> Iterator[re.Match[AnyStr]]:
    """
    What looks like an import, by the words that it begins with; behind the last `import` is none.

    To find a word is many times faster than to search for the pattern.
    """
    imported, source = words
    at = 0
    while (ahead := text.find(imported, at)) >= 0:
        before = text.find(source, at, ahead)
        at = ahead if before < 0 else before
        found = pattern.match(text, at)
        if found is None:
            at += 1
        else:
            yield found
            at = found.end()


@cache
def _attribute(module: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"\.\s*(?:" + b"|".join(map(re.escape, sorted(_QUALIFIED[module]))) + rb")\b"
    )


def imported_words(data: bytes) -> tuple[str, ...]:
    """All words in the import statements of a file, or in what looks like one."""
    found: set[bytes] = set()
    for statement in _statements(searchable(data), _IMPORT, (b"import", b"from")):
        found.update(_WORD.findall(statement.group()))
    return tuple(sorted(word.decode() for word in found))


def imported_names(text: bytes, minded: Collection[str]) -> set[tuple[str, int, str]] | None:
    """
    The imports in the `searchable` bytes of a file that may mean a module of a `minded` last name.

    Each is module, level and name, as a syntax tree would have them: the name is empty for
    `import x`, and "*" for a star. None where a statement that spells such a module is in doubt.
    """
    found: set[tuple[str, int, str]] = set()
    for statement in _statements(text, _IMPORT, (b"import", b"from")):
        words = {word.decode() for word in _WORD.findall(statement.group())}
        if words.isdisjoint(minded):
            continue
        try:
            tree = ast.parse(statement.group())
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        for node in tree.body:
            match node:
                case ast.Import(names=names):
                    found.update((one.name, 0, "") for one in names)
                case ast.ImportFrom(module=module, level=level, names=names):
                    found.update((module or "", level, one.name) for one in names)
    return found


def matters(data: bytes) -> bool:
    """Whether a Python file of these bytes may name anything of the catalogue."""
    text = searchable(data)
    words = words_of(text)
    if not words.isdisjoint(_ANYWHERE):
        return True
    if not words.isdisjoint(_BARE) and _bare().search(text):
        return True
    if b"actions" in words and any(word.startswith(_TASK) for word in words):
        return True
    modules = [module for module in _QUALIFIED if module in words]
    named = [module for module in modules if not words.isdisjoint(_QUALIFIED[module])]
    if named or not words.isdisjoint(_ROOTS):
        for statement in _statements(text, _IMPORT, (b"import", b"from")):
            found = set(_WORD.findall(statement.group()))
            if not found.isdisjoint(_ROOTS):
                return True
            if any(
                module in found
                and (b"(" in statement.group() or not found.isdisjoint(_QUALIFIED[module]))
                for module in named
            ):
                return True
    if any(_attribute(module).search(text) for module in named):
        return True
    if not modules:
        return False
    if any(_read_by_name(reader).search(text) for reader in words & _READERS):
        return True
    return b"as" in words and _RENAMED.search(text) is not None


_PLAIN_GETATTR = r"""\s*[\w.\[\]()]+\s*,\s*(?:b?r?)["']\w+["']\s*[,)]"""
_COMPUTED = re.compile(rf"(?<![.\w])getattr\s*\((?!\s*(?:self|cls)\b)(?!{_PLAIN_GETATTR})")


_QUOTED = re.compile(r"""(["'])\w+\1""")
_BY_NAME = frozenset({"builtins", "__builtins__", "__builtin__"})
_IMPORT_TEXT = re.compile(r"\b(?:import|from)\b[^\n]*(?:(?<=\\)\r?\n[^\n]*)*")


@dataclass(frozen=True, slots=True)
class Interest:
    """
    What may matter in a module; `extra` are names to mind beside those of the catalogue.

    One with a dot before it is that of a method, each call of which matters.
    """

    extra: frozenset[str] = frozenset()

    @property
    def methods(self) -> frozenset[str]:
        """The names of such methods."""
        return frozenset(name[1:] for name in self.extra if name.startswith("."))

    def marks(self, text: str) -> list[int]:
        """Where something may matter, in order."""
        spelled = text_words(text)
        qualified = {m: names for m, names in catalogue.QUALIFIED.items() if m in spelled}
        anywhere = spelled & (catalogue.IDENTIFIERS | self.extra)
        dotted = spelled & frozenset().union(*qualified.values())
        bare = spelled & catalogue.BARE_NAMES
        found: list[int] = []
        found += occurrences(anywhere, text)
        found += (at for at in occurrences(dotted, text) if is_behind_dot(text, at))
        by_name = not spelled.isdisjoint(_BY_NAME)
        found += (
            at
            for at in occurrences(bare, text)
            if text[at - 1 : at] != "." and (by_name or not _QUOTED.match(text, max(at - 1, 0)))
        )
        for statement in _statements(text, _IMPORT_TEXT, ("import", "from")):
            words = frozenset(_TEXT_WORD.findall(statement.group()))
            if not words.isdisjoint(catalogue.IMPORT_ROOTS) or any(
                module in words and not words.isdisjoint(inner)
                for module, inner in qualified.items()
            ):
                found.append(statement.start())
        found += (at for at in occurrences(("getattr",), text) if _COMPUTED.match(text, at))
        return sorted(found)

    def ends(self, attributes: Collection[str]) -> bool:
        """Whether attributes, of a module of CLOSED and of each other, lead to nothing here."""
        return catalogue.LEADING_ON.isdisjoint(attributes) and self.extra.isdisjoint(attributes)
