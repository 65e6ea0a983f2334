"""tox.toml."""

from __future__ import annotations

import re

from interlock_checks.documents.formats.tox import SYSTEM, read_tables
from interlock_checks.documents.model import Layout
from interlock_checks.documents.sheet import Sheet
from interlock_checks.documents.toml_nodes import read_toml

__all__ = ["read"]


def read(text: str, path: str) -> Layout:
    """What the environments of a file run."""
    documents, problems = read_toml(text)
    sheet = Sheet(re.compile(r"\{[^{}]*\}"), problems)
    for root in documents:
        read_tables(root, sheet)
    return sheet.layout(SYSTEM)
