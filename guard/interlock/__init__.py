"""interlock: default-deny for database migrations and engines of SQLAlchemy and Alembic.

Importing this package imports nothing else: its names are loaded when they are first used
(PEP 562), because every application and every test run that mentions interlock pays for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.approval import require_approval as require_approval
    from interlock.contract import Contract as Contract
    from interlock.contract import ContractError as ContractError
    from interlock.engines import async_engine_from_config as async_engine_from_config
    from interlock.engines import create_async_engine as create_async_engine
    from interlock.engines import create_engine as create_engine
    from interlock.engines import engine_from_config as engine_from_config
    from interlock.environment import validate_database_url as validate_database_url
    from interlock.refused import Refused as Refused
    from interlock.steps.actions import backup as backup
    from interlock.steps.actions import deploy as deploy
    from interlock.steps.actions import migrate as migrate
    from interlock.steps.actions import verify as verify
    from interlock.steps.permit import permit as permit
    from interlock.steps.receipts import Receipt as Receipt

__version__ = "0.1.0"
__all__ = [
    "Contract",
    "ContractError",
    "Receipt",
    "Refused",
    "__version__",
    "async_engine_from_config",
    "backup",
    "create_async_engine",
    "create_engine",
    "deploy",
    "engine_from_config",
    "migrate",
    "permit",
    "require_approval",
    "validate_database_url",
    "verify",
]

_HOMES = {
    "Contract": "interlock.contract",
    "ContractError": "interlock.contract",
    "Receipt": "interlock.steps.receipts",
    "Refused": "interlock.refused",
    "async_engine_from_config": "interlock.engines",
    "backup": "interlock.steps.actions",
    "create_async_engine": "interlock.engines",
    "create_engine": "interlock.engines",
    "deploy": "interlock.steps.actions",
    "engine_from_config": "interlock.engines",
    "migrate": "interlock.steps.actions",
    "permit": "interlock.steps.permit",
    "require_approval": "interlock.approval",
    "validate_database_url": "interlock.environment",
    "verify": "interlock.steps.actions",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
