"""Ask Ruff and Semgrep for the sinks of interlock's catalogue, each in its own language.

Both are given every spelling: neither knows that `flask_migrate.command.upgrade` is Alembic's.
Their rules are written from the catalogue at each run, so that all contenders of
benchmarks/compare.py always look for the same. To see them:

    python benchmarks/rules.py FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from interlock_checks import catalogue

RUFF = "banned-api.toml"  # not ruff.toml: Ruff would take that for the settings of the folder
SEMGREP = "semgrep.yml"

RUFF_HEAD = """\
exclude = [".git"]  # Ruff leaves out build, dist and others by itself; interlock reads them

[lint]
# Beside the rules that Ruff has by default: what a check of a whole repository costs its users.
extend-select = ["TID251"]

[lint.flake8-tidy-imports.banned-api]
"""
# What TID251 cannot be asked for: methods of what may be anything, and commands in literal form.
METHODS = {**catalogue.METHODS, "run_migrations": "IL103"}
COMMANDS = (
    'subprocess.$CALL([..., "alembic", ..., "$VERB", ...], ...)',
    'os.system("=~/alembic .*(upgrade|downgrade|stamp)/")',
    'subprocess.$CALL("=~/alembic .*(upgrade|downgrade|stamp)/", ...)',
)


def ruff() -> str:
    """Give the settings for Ruff: its default rules, and TID251 for each spelling of a sink."""
    names = sorted(catalogue.spellings().items())
    return RUFF_HEAD + "".join(f'"{name}".msg = "{code}"\n' for name, code in names)


def patterns() -> dict[str, list[str]]:
    """
    Give Semgrep's patterns, by code.

    Semgrep resolves imports and aliases in a file by itself, so a dotted name is the sink under
    each local name, called or not.
    """
    found: dict[str, list[str]] = {}
    for name, code in sorted(catalogue.spellings().items()):
        found.setdefault(code, []).append(name)
    for method, code in METHODS.items():
        found[code].append(f"$X.{method}(...)")
    return {**found, "IL102": list(COMMANDS)}


def semgrep() -> str:
    """Give the rules for Semgrep, one a code."""

    def lines() -> Iterator[str]:
        yield "rules:"
        for code, wanted in patterns().items():
            yield f"  - id: {code.lower()}"
            yield "    languages: [python]"
            yield "    severity: ERROR"
            yield f"    message: {code}"
            yield "    pattern-either:"
            yield from (f"      - pattern: {one}" for one in wanted)

    return "\n".join(lines()) + "\n"


def write(folder: Path) -> None:
    """Write both files into a folder."""
    (folder / RUFF).write_text(ruff(), encoding="utf-8")
    (folder / SEMGREP).write_text(semgrep(), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python benchmarks/rules.py FOLDER (one that exists)")
    write(Path(sys.argv[1]))
