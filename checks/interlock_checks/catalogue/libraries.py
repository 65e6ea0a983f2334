"""All libraries of the catalogue. A new one goes into its family's module."""

from __future__ import annotations

from typing import Final

from interlock_checks.catalogue.drivers import DRIVERS
from interlock_checks.catalogue.engines import ENGINE_LIBRARIES
from interlock_checks.catalogue.frames import FRAME_LIBRARIES
from interlock_checks.catalogue.guards import INTERLOCK
from interlock_checks.catalogue.migrations import MIGRATION_LIBRARIES
from interlock_checks.catalogue.model import Library

LIBRARIES: Final[tuple[Library, ...]] = (
    *MIGRATION_LIBRARIES,
    *ENGINE_LIBRARIES,
    *DRIVERS,
    *FRAME_LIBRARIES,
    INTERLOCK,
)
