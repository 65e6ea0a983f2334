"""Where words stand in a text, without a look at every character of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_SEPARATED = bytes(c if c < 128 and (chr(c).isalnum() or c == 95) else 32 for c in range(256))
_DIGITS = b"0123456789"
_NAME = re.compile(r"[^\W\d]\w*")

_FEW = 64
"""Words that are searched one by one; of more, each word of the text is looked up."""


def words_of(text: bytes) -> set[bytes]:
    """All words of ASCII letters, and numbers; splitting takes a fifth of what a pattern does."""
    words = set(text.translate(_SEPARATED).split())
    # A keyword may follow a number without a blank: `1or x`.
    words.update([word.lstrip(_DIGITS) for word in words if word[0] < 58])
    return words


def text_words(text: str) -> set[str]:
    """All words of a text that may be names."""
    if not text.isascii():
        return set(_NAME.findall(text))
    return {word.decode() for word in words_of(text.encode())}


def occurrences(words: Collection[str], text: str) -> Iterator[int]:
    """Where any of the words stands as a whole word, in any order."""
    if len(words) > _FEW:
        wanted = frozenset(words)
        yield from (match.start() for match in _NAME.finditer(text) if match.group() in wanted)
        return
    for word in words:
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            if not (at and _is_inside(text[at - 1])) and not _is_inside(text[end : end + 1]):
                yield at
            at = text.find(word, end)


def is_behind_dot(text: str, at: int) -> bool:
    """Whether a dot stands before what begins there, with any blanks between."""
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return text[at - 1 : at] == "."


def _is_inside(character: str) -> bool:
    return character.isalnum() or character == "_"
