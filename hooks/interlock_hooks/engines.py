"""The hook `interlock-engines`: engines come from the factory. Not the whole proof."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from interlock_hooks.start import run


def main(argv: Sequence[str] | None = None) -> int:
    return run(argv, families=("IL2",))


if __name__ == "__main__":
    sys.exit(main())
