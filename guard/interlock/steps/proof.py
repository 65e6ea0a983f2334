"""The first evidence of a run: the static half has proved this commit."""

from __future__ import annotations

from pathlib import Path

from interlock.refused import Refused
from interlock.steps.receipts import Verified
from interlock.steps.site import Misuse

__all__ = ["prove"]


def prove(root: Path, what: str) -> Verified:
    """
    Check the repository as `interlock check` does.

    Raises:
        Refused: There are findings.
        Misuse: The static half is not installed here.
    """
    try:
        from interlock_checks.run import check_repository
    except ModuleNotFoundError as error:
        raise Misuse(
            f"{error.name} is not installed here: pip install 'interlock[deploy]'"
        ) from error
    report = check_repository(root)
    if report.findings:
        first = report.findings[0]
        count = len(report.findings)
        raise Refused(
            what,
            why=f"the static proof of this commit fails in {count} "
            f"place{'s' if count > 1 else ''}, the first is {first.code} in {first.path}",
            missing="the proof that only the deploy module can migrate",
            next_step="run `interlock check`, which says for each place what to write instead",
        )
    return Verified(report.files, sum(report.at_home.values()), len(report.assumptions))
