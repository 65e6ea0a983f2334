"""Where strings, brackets and comments begin and end in Python text, valid or not.

Follows Python 3.12 (PEP 701), which reads everything that older versions accept in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Scanner"]

_CODE = re.compile(
    r"""(?P<name>[^\W\d]\w*)|(?P<quote>'''|\"\"\"|'|")|(?P<comment>\#[^\n]*)|(?P<open>[(\[{])
    |(?P<close>[)\]}])|(?P<continued>\\\n)|(?P<space>[ \t\f\n]+)|(?P<number>\d\w*)|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_PREFIXES = frozenset({"r", "u", "b", "br", "rb", "f", "fr", "rf", "t", "tr", "rt"})
_SPECIAL = {
    quote: re.compile(r"\\|\n|" + quote) if len(quote) == 1 else re.compile(r"\\|" + quote)
    for quote in ("'", '"', "'''", '"""')
}
_IN_FORMAT = re.compile(r"""[\\{}\n'"]""")


@dataclass(frozen=True, slots=True)
class _Frame:
    kind: Literal["bracket", "string", "format", "field", "spec"]
    quote: str = ""
    raw: bool = False


_BRACKET = _Frame("bracket")


class Scanner:
    """
    Feed it text, whole or in lines with their `\\n`; it knows what is open at the end.

    Attributes:
        broken: A string in single quotes met the end of its line: Python refuses this text.
    """

    def __init__(self) -> None:
        self.broken = False
        self._continued = False
        self._stack: list[_Frame] = []

    @property
    def between_statements(self) -> bool:
        """No string and no bracket is open, and the last line was not continued by `\\`."""
        return not self._stack and not self._continued

    @property
    def depth(self) -> int:
        """How many strings and brackets are open."""
        return len(self._stack)

    def copy(self) -> Scanner:
        """Make another one in the same state, to try how text would be read."""
        other = Scanner()
        other.broken, other._continued = self.broken, self._continued
        other._stack = self._stack.copy()
        return other

    def feed(
        self,
        text: str,
        on_code: Callable[[str, str, int], None] | None = None,
        on_comment: Callable[[str, int], None] | None = None,
    ) -> None:
        """
        Read on.

        Args:
            on_code: Called with kind (name, number, open, close, space, quote or other), text and
                offset of each token outside of strings and comments.
            on_comment: Called with text, from its `#` on, and offset of each comment.
        """
        at = 0
        self._continued = self._continued and not text
        while at < len(text):
            frame = self._stack[-1] if self._stack else _BRACKET
            if frame.kind == "string":
                at = self._in_string(text, at, frame)
            elif frame.kind in ("format", "spec"):
                at = self._in_format(text, at, frame)
            else:
                at = self._in_code(text, at, on_code, on_comment)

    def _in_code(
        self,
        text: str,
        at: int,
        on_code: Callable[[str, str, int], None] | None,
        on_comment: Callable[[str, int], None] | None,
    ) -> int:
        stack = self._stack
        while at < len(text):
            token = _CODE.match(text, at)
            assert token is not None  # `other` takes any character
            kind, word = token.lastgroup or "", token.group()
            start, at = at, token.end()
            if kind == "comment":
                if on_comment is not None:
                    on_comment(word, start)
                continue
            if kind == "continued":
                self._continued = at == len(text)
                continue
            if on_code is not None:
                on_code(kind, word, start)
            if kind == "name" and text[at : at + 1] in ("'", '"') and word.lower() in _PREFIXES:
                quote = text[at : at + 3]
                quote = quote if quote in ("'''", '"""') else quote[0]
                self._open_string(quote, word.lower())
                return at + len(quote)
            if kind == "quote":
                self._open_string(word, "")
                return at
            if kind == "open":
                stack.append(_BRACKET)
            elif kind == "close" and stack:
                if stack[-1].kind == "bracket":
                    stack.pop()
                elif word == "}":
                    stack.pop()
                    return at
            elif word == ":" and stack and stack[-1].kind == "field":
                stack.append(_Frame("spec", stack[-1].quote, stack[-1].raw))
                return at
        return at

    def _open_string(self, quote: str, prefix: str) -> None:
        kind: Literal["format", "string"] = "format" if set("ft") & set(prefix) else "string"
        self._stack.append(_Frame(kind, quote, "r" in prefix))

    def _in_string(self, text: str, at: int, frame: _Frame) -> int:
        while special := _SPECIAL[frame.quote].search(text, at):
            at = special.end()
            if special.group() == "\\":
                at += 1
                continue
            self.broken |= special.group() == "\n"
            self._stack.pop()
            return at
        return len(text)

    def _in_format(self, text: str, at: int, frame: _Frame) -> int:
        special = _IN_FORMAT.search(text, at)
        if special is None:
            return len(text)
        at, sign = special.end(), special.group()
        if sign == "\\":
            if text.startswith("N{", at) and not frame.raw:
                return text.find("}", at) + 1 or len(text)
            return at + (text[at : at + 1] not in ("{", "}"))
        if sign == "{":
            if frame.kind == "format" and text.startswith("{", at):
                return at + 1
            self._stack.append(_Frame("field", frame.quote, frame.raw))
        elif sign == "}":
            if frame.kind == "spec":
                del self._stack[-2:]
        elif sign == "\n" and len(frame.quote) == 1:
            self.broken = True
            self._leave_format()
        elif sign == frame.quote[0] and text.startswith(frame.quote, at - 1):
            at += len(frame.quote) - 1
            self._leave_format()
        return at

    def _leave_format(self) -> None:
        while self._stack.pop().kind != "format":
            pass
