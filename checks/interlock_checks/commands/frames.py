"""Where a shell is: the text that it reads, its options, and how a statement is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from interlock_checks.commands.model import Word
from interlock_checks.commands.pieces import Value


@dataclass(slots=True)
class Options:
    """Options of a running shell, as they are at this point of the walk."""

    errexit: bool = False
    pipefail: bool = False
    loosened: bool = False
    """`set +e` was run, and no `set -e` after it."""
    sourced: tuple[str, ...] = ()
    """Files that this shell has read since errexit was last switched."""


@dataclass(slots=True)
class Frame:
    """One text or function body: `positional` changes with `set --` and `shift`."""

    source: bytes
    positional: tuple[Value, ...]
    row: int = 0
    last_row: int = 1 << 60
    depth: int = 0
    chain: tuple[str, ...] = ()
    lines: list[str] | None = None
    local: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """Variables that were set for this text alone: `V=1 sh -c ...`."""
    shell: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Context:
    """
    How a statement is run. `weak`: it may not run, or runs in another process; `maybe`: it may
    not run.
    """

    frame: Frame
    weak: bool = False
    maybe: bool = False
    stdin: tuple[Word, int] | None = None
    loops: int = 0
    applied: bool = False
    """What is printed goes to a database's own client."""
