"""How a file names the shell that runs its texts: `bash -euo pipefail -c`, `python`, `pwsh`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from interlock_checks.commands.argv import is_python, tail, unholed
from interlock_checks.commands.model import Argument, word
from interlock_checks.documents.model import Form, Script

_INPUT = re.compile(r"args|entrypoint|inlinescript|(?:.*[-_ ])?(?:run|scripts?|commands?|cmds?)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def takes_command(name: str) -> bool:
    """
    Whether an input of an action, component or reusable workflow is shell text in many of them.

    The last word of its name says so.
    """
    return bool(_INPUT.fullmatch(_CAMEL.sub("-", name).lower()))


@dataclass(frozen=True, slots=True)
class Shell:
    """What runs a text, and the options that are on when it starts."""

    form: Form = "shell"
    errexit: bool = False
    pipefail: bool = False

    def script(
        self,
        text: str,
        rows: tuple[int, ...],
        discarded: str | None = None,
        *,
        environment: tuple[tuple[str, tuple[str | None, ...]], ...] = (),
        arguments: tuple[Argument, ...] = (),
    ) -> Script:
        """A script for it; holes in the text are unknown parts."""
        return Script(
            self.form,
            unholed(text),
            rows=rows,
            environment=environment,
            arguments=arguments,
            errexit=self.errexit,
            pipefail=self.pipefail,
            discarded=discarded,
        )


def options_of(words: Sequence[str]) -> Shell:
    """The shell that a command line starts, such as `/bin/bash -euo pipefail -c`."""
    plain = [one for one in words if one]
    while plain and (tail(word(plain[0])) in ("env", "exec", "sudo") or "=" in plain[0]):
        plain = plain[1:]
    if not plain:
        return Shell()
    name = tail(word(plain[0])) or ""
    if is_python(name):
        return Shell("python")
    errexit = pipefail = False
    for index, one in enumerate(plain[1:], 1):
        if one[:1] == "-" and one[:2] != "--":
            errexit |= "e" in one[1:]
            if one.endswith("o") and index + 1 < len(plain):
                pipefail |= plain[index + 1] == "pipefail"
                errexit |= plain[index + 1] == "errexit"
    return Shell("shell", errexit, pipefail)
