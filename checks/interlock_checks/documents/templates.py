"""Marks of templates in files that are something else once they are filled in."""

from __future__ import annotations

import re

__all__ = ["MARK", "PLACEHOLDER", "filled"]

PLACEHOLDER = "__template__"
"""What stands for a mark of a template whose text is no YAML before it is filled in."""

MARK = re.compile(
    r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}|\{#(?:(?!\{#).)*?#\}|<%(?:(?!<%).)*?%>", re.S
)


def filled(text: str) -> str:
    """The text with a word for each mark; a line that holds nothing else is left empty."""
    text = MARK.sub(lambda mark: "\n" * mark.group().count("\n") or mark.group(), text)
    lines = []
    for line in text.split("\n"):
        if "{" not in line and "<%" not in line:
            lines.append(line)
        elif MARK.sub("", line).strip() in ("", "-"):
            lines.append("")
        else:
            lines.append(MARK.sub(_word, line))
    return "\n".join(lines)


def _word(mark: re.Match[str]) -> str:
    return PLACEHOLDER if mark.group().startswith(("{{", "<%=")) else ""
