"""What a check is: one class in one file, from which its page, its tests and its help follow."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import ClassVar

from interlock_checks import checks
from interlock_checks.finding import Finding
from interlock_checks.project import Offence, Project

DOCUMENTATION = "https://interlock.example/checks"


class Check:
    """
    A clause of the contract, looked at from one side.

    Subclasses define what they find, why it matters and what to do, with examples. In an
    example of `bad`, every line that must be reported ends in `# CODE`; no other may be. Examples
    stand for the file `path`; a line `# base: ...` is what that file said at the base.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    clause: ClassVar[str]
    summary: ClassVar[str]
    remedy: ClassVar[str]
    path: ClassVar[str] = "app/example.py"
    bad: ClassVar[Mapping[str, str]]
    good: ClassVar[Mapping[str, str]]

    def run(self, project: Project) -> Iterator[Finding]:
        """The findings of this check in a linked project."""
        for offence in project.offences(self.code):
            yield self.finding(offence, self.message(offence))

    def message(self, offence: Offence) -> str:
        """What is wrong at one place, in a sentence without full stop."""
        return f"`{offence.sink}` {offence.manner}"

    def finding(self, offence: Offence, message: str) -> Finding:
        """A finding of this check at the place of an offence."""
        span = offence.span
        return Finding(
            path=offence.path,
            row=span.row,
            column=span.column,
            code=self.code,
            message=message,
            end_row=span.end_row,
            end_column=span.end_column,
        )

    @classmethod
    def why(cls) -> str:
        """The reason, which is the class's docstring."""
        lines = (cls.__doc__ or "").strip().splitlines()
        return "\n".join(line.strip() for line in lines)

    @classmethod
    def url(cls) -> str:
        """The page of this check below the project's documentation."""
        return f"docs/checks/{cls.code}.md"


@cache
def all_checks() -> tuple[type[Check], ...]:
    """Every check, in the order of the codes: the modules beside `checks/__init__.py`."""
    found: list[type[Check]] = []
    for module in pkgutil.iter_modules(checks.__path__):
        loaded = importlib.import_module(f"{checks.__name__}.{module.name}")
        found.extend(
            value
            for value in vars(loaded).values()
            if isinstance(value, type) and issubclass(value, Check) and value is not Check
        )
    return tuple(sorted(found, key=lambda check: check.code))
