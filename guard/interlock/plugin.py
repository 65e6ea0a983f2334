"""
Alembic's plugin, loaded by `import alembic` (1.18 and later) wherever interlock is installed.

Which env.py, ini file or section is used makes no difference. If this module cannot be loaded,
`import alembic` fails.
"""

from __future__ import annotations

from interlock.hooks import install

__all__ = ["setup"]


def setup(_plugin: object) -> None:
    """Put the guard in place; Alembic calls this while it is half imported."""
    install()
