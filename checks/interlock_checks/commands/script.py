"""The commands of a shell text, and what becomes of each: its status, its order, its conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interlock_checks.commands.argv import holed
from interlock_checks.commands.forgetting import forgotten
from interlock_checks.commands.gates import switched
from interlock_checks.commands.grammar import open_quote
from interlock_checks.commands.lost import lost
from interlock_checks.commands.model import REST, Argument, Command, Word, identity
from interlock_checks.commands.order import passed_over
from interlock_checks.commands.shell import Walk


@dataclass(frozen=True, slots=True)
class Script:
    """
    The commands of a shell text.

    incomplete: the text has syntax errors, or more nesting and repetition than is followed;
        commands may be missing.
    """

    commands: tuple[Command, ...]
    incomplete: bool
    walk: Walk
    open_row: int | None = None
    """Where a quote is opened that nothing closes, before words that matter."""

    def lost(self, command: Command) -> str | None:
        """What throws the command's exit status away; None where somebody sees it."""
        program = forgotten(command.words)
        if program is not None:
            return program
        for node, frame, shell in self.walk.origins.get(identity(command), []):
            found = lost(self.walk, node, frame, shell.errexit, shell.pipefail)
            if found is not None:
                return found
        return None

    def loosened(self, command: Command) -> tuple[str, ...]:
        """The files that are read before it, of which one would have to switch errexit off."""
        for node, frame, shell in self.walk.origins.get(identity(command), []):
            if shell.sourced and shell.errexit:
                found = lost(self.walk, node, frame, False, shell.pipefail)
                if found is not None:
                    return shell.sourced
        return ()

    def passed_over(self, first: Command, second: Command, same: Sequence[Command] = ()) -> bool:
        """
        Whether the second can run after a path that leads past the first.

        `same` are commands that do as well as the first.
        """
        places = self.walk.origins
        others = [(node, frame) for one in same for node, frame, _ in places.get(identity(one), [])]
        return any(
            passed_over(self.walk, (a, b), (c, d), others)
            for a, b, _ in places.get(identity(first), [])
            for c, d, _ in places.get(identity(second), [])
        )

    def switched(self, command: Command) -> list[int]:
        """The rows of conditions on the surroundings that keep the command from running."""
        return [
            row
            for node, frame, _ in self.walk.origins.get(identity(command), [])
            for row in switched(self.walk, node, frame)
        ]


def shell_commands(script: Word | str, *, arguments: Sequence[Argument] = (REST,)) -> list[Command]:
    """Every command that the text may run. `arguments` are its `$1`, `$2`, ..."""
    return list(read_script(script, arguments=arguments).commands)


def read_script(
    script: Word | str,
    *,
    arguments: Sequence[Argument] = (REST,),
    environment: Sequence[tuple[str, Word]] = (),
    errexit: bool = False,
    pipefail: bool = False,
    stdin: Word | None = None,
) -> Script:
    """As `shell_commands`, and whether everything could be followed. Never raises."""
    source = script if isinstance(script, str) else holed(script)
    walk = Walk(source, tuple(arguments), stdin)
    for name, value in environment:
        walk.variables.put(name, [(value,)], weak=False)
    walk.top.shell.errexit, walk.top.shell.pipefail = errexit, pipefail
    walk.run()
    opened = open_quote(walk.trees[0].root_node, walk.top.source)
    return Script(tuple(walk.found.values()), walk.incomplete, walk, opened)
