"""Shell scripts: one text, called with any arguments."""

from __future__ import annotations

import re

from interlock_checks.commands.argv import unholed
from interlock_checks.commands.model import REST
from interlock_checks.documents.model import PROFILE, Job, Layout, Part, Script

_PROFILE = re.compile(
    r"(?:^|/)(?:\.envrc|\.?(?:profile|\w+_profile|bashrc|zshrc|zshenv|zprofile))\Z"
)
_SHEBANG_OPTIONS = re.compile(r"#![^\n]*?\s-(\w*)e\w*(?:\s|\Z)")


def read(text: str, path: str) -> Layout:
    """The whole text; `#!/bin/sh -e` switches errexit on."""
    rows = tuple(range(1, text.count("\n") + 2))
    # husky starts its hooks with `sh -e`.
    errexit = shebang_errexit(text) or "/.husky/" in f"/{path}"
    script = Script("shell", unholed(text), rows=rows, arguments=(REST,), errexit=errexit)
    # What such a file sets holds for all that is started afterwards.
    system = PROFILE if _PROFILE.search(path.lower()) else "shell"
    return Layout((script,), system, (Job("", 1, (Part(1, (0,)),)),))


def shebang_errexit(text: str) -> bool:
    """Whether the `#!` line of a text gives its shell the option `-e`."""
    return bool(_SHEBANG_OPTIONS.match(text)) and "env -" not in text.partition("\n")[0]
