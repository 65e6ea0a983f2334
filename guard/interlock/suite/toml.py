"""Writing TOML: each value on one line, tables inline. The standard library only reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time

__all__ = ["rendered"]


def rendered(document: Mapping[str, object]) -> str:
    """Return a document that `tomllib` reads as the same."""
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in document.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(key)} = {_value(part)}' for key, part in value.items())}}}"
    raise TypeError(f"{type(value).__name__} is no value of TOML")


def _text(value: str) -> str:
    # A string of JSON is one of TOML, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
