"""
The regression suite: each clause of the contract, tried in a copy of the user's repository.

`pytest --interlock` shows each promise as a test item; see `interlock.pytest_plugin`.
"""

from __future__ import annotations

ASKED = 4
"""The exit status of an attempt in which SQLAlchemy was asked for an engine."""
