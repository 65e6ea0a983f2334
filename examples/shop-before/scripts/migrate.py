"""Called by the release job."""

from __future__ import annotations

import subprocess
import sys

ALEMBIC = [sys.executable, "-m", "alembic"]


def main() -> int:
    target = sys.argv[1] if len(sys.argv) > 1 else "head"
    return subprocess.run([*ALEMBIC, "upgrade", target], check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
