"""How a hook starts: it refuses where it could not look."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

# What the checks cannot do without. They import these late, and a warm cache may never ask for
# them: whether they are there has to be asked before, or a broken installation would pass.
_NEEDED = ("libcst", "tree_sitter", "tree_sitter_bash", "yaml")


def missing(remedy: str) -> str | None:
    """Say which parts a hook lacks, with the remedy; None where it has all of them."""
    names = [name for name in _NEEDED if find_spec(name) is None]
    if not names:
        return None
    lacking = ", ".join(names)
    return f"interlock: cannot look: {lacking} not installed beside this hook: {remedy}"


def run(argv: Sequence[str] | None, families: tuple[str, ...] | None) -> int:
    """
    Check the whole repository.

    Args:
        argv: The arguments after the name of the hook; None takes those of the process.
        families: Prefixes of the codes to report, such as `("IL1",)`; None for the whole proof.

    Returns:
        0 proved, 1 findings, 2 could not look.
    """
    problem = missing(
        'add ".[checks]" to its additional_dependencies '
        "(elsewhere: pip install 'interlock[checks]')"
    )
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    from interlock_checks.run import hook_main

    return hook_main(sys.argv[1:] if argv is None else argv, families=families)
