"""The values of literals, computed as Python computes them."""

from __future__ import annotations

import ast
import warnings

Constant = None | bool | int | float | str | bytes


def constant(text: str) -> tuple[bool, Constant]:
    """Whether the value of a string or number literal is known, and the value."""
    if text[-1] in "'\"":
        if "\\" not in text:
            return _plain(text)
    elif len(text) > 40:
        # CPython refuses to convert very long integers, and nothing of ours needs one.
        return False, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError):
            return False, None
    if isinstance(value, str):
        return not any("\ud800" <= char <= "\udfff" for char in value), value
    return isinstance(value, int | float | bytes), value


def _plain(text: str) -> tuple[bool, Constant]:
    quote = min(index for index in (text.find("'"), text.find('"')) if index >= 0)
    prefix, body = text[:quote].lower(), text[quote:]
    width = 3 if body[:3] in {'"""', "'''"} else 1
    inner = body[width:-width]
    if "b" in prefix:
        return inner.isascii(), inner.encode("ascii", "replace")
    return not any("\ud800" <= char <= "\udfff" for char in inner), inner
