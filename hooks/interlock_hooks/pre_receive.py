"""
The hook of a server: what is pushed is proved before any branch takes it.

git starts it as `hooks/pre-receive` of a bare repository and hands it one line a branch or tag,
`OLD NEW REF`. The new objects lie in quarantine then, and go when the hook refuses. Nothing that
a client says has a part in it: `--no-verify` turns hooks off on the client only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from interlock_hooks.start import missing

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Check what is being pushed.

    Args:
        argv: At most one argument, the folder of the repository that holds the contract; None
            takes those of the process.

    Returns:
        0 all of it is proved, 1 findings, 2 could not look. git refuses the push unless it is 0.
    """
    problem = missing("pip install 'interlock[checks]' there")
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
        return 2
    from interlock_checks.receive import check_push

    words = sys.argv[1:] if argv is None else list(argv)
    if len(words) > 1 or any(word.startswith("-") for word in words):
        sys.stderr.write("interlock: at most one argument: the folder that holds the contract\n")
        return 2
    folder = words[0].strip("/") if words else ""
    lines = sys.stdin.buffer.read().splitlines()
    return check_push(Path(os.environ.get("GIT_DIR", ".")), lines, folder, sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
