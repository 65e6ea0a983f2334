"""interlock: default-deny for database migrations and engines of SQLAlchemy and Alembic.

Importing this package imports nothing else: its names are loaded when they are first used
(PEP 562), because every application and every test run that mentions interlock pays for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.contract import Contract as Contract
    from interlock.contract import ContractError as ContractError

__version__ = "0.1.0"
__all__ = ["Contract", "ContractError", "__version__"]

_HOMES = {"Contract": "interlock.contract", "ContractError": "interlock.contract"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
