"""Taking passwords out of text that others wrote: drivers, SQLAlchemy, env.py."""

from __future__ import annotations

import re

__all__ = ["redacted"]

# A password may hold an @ or a slash that should have been percent-encoded: up to the last @.
_IN_URL = r"(//[^\s/:@]*:)\S*@"
_NAMED = (
    r"\b((?:ssl|db|database)?_?(?:pass(?:word|wd|phrase)?|pwd|secret|token))"
    r"(\s*=\s*|'\s*:\s*|\"\s*:\s*)"
    r"('[^']*'|\"[^\"]*\"|[^\s&;,]+)"
)


def redacted(text: str) -> str:
    """Return a text with `***` for the passwords of URLs and of options that are named so."""
    text = re.sub(_IN_URL, r"\1***@", text)
    return re.sub(_NAMED, r"\1\2***", text, flags=re.IGNORECASE)
