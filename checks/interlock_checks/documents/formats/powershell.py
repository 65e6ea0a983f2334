"""PowerShell scripts; see `batch`."""

from __future__ import annotations

from interlock_checks.documents.formats.batch import read

__all__ = ["read"]
