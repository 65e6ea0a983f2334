"""IL305: a comment that asks interlock to look away."""

from __future__ import annotations

from collections.abc import Iterator

from interlock_checks.check import Check
from interlock_checks.finding import Finding
from interlock_checks.project import Offence, Project


class SuppressionComment(Check):
    """
    A checker that its subject can talk out of a finding gives the authority back to the subject.
    interlock has no such comments: one that is written all the same changes no verdict, and is
    reported because somebody believed that it would. That holds below `test-paths` as well.

    Comments for other tools, for their codes, are no concern of interlock.
    """

    code = "IL305"
    name = "suppression-comment"
    clause = "C6"
    summary = "a comment that asks interlock to look away"
    remedy = (
        "take the comment out and follow what the finding beside it says; what is rightly done "
        "there can be declared in the contract, where a reviewer sees it"
    )

    bad = {
        "after a line": """
            from alembic import command

            def install(config):
                command.upgrade(config, "head")  # noqa: IL101  # IL305
                command.stamp(config, "head")  # NOQA : E501,il101  # IL305
        """,
        "for the whole file": """
            # ruff: noqa: IL  # IL305
            # interlock: disable  # IL305
            VERSION = 1
        """,
        "in the way of other tools": """
            import subprocess

            subprocess.run(["true"])  # nosec IL102  # IL305
            ready = True  # pylint: disable=line-too-long,interlock  # IL305
            value = 1  # type: ignore[interlock]  # IL305
            # lint-ignore: IL201: a legacy engine  # IL305
            # pragma: no interlock  # IL305
        """,
    }
    good = {
        "for another tool": """
            import json  # noqa: F401, ISC001
            import os  # noqa

            value = 1  # type: ignore[assignment]
            other = 2  # pylint: disable=invalid-name
        """,
        "prose": """
            # interlock: the factory lives in db.py
            # IL101 is what this rule is called; see docs/checks.
            # To skip nothing, interlock reads every file.
            NOTE = "# noqa: IL101 has no effect"
        """,
    }

    def run(self, project: Project) -> Iterator[Finding]:
        yield from super().run(project)
        for path, summary in project.summaries.items():
            for remark in summary.remarks:
                offence = Offence(path, remark.span, remark.text, "")
                yield self.finding(offence, self.message(offence))

    def message(self, offence: Offence) -> str:
        said = "".join(c if c.isprintable() else " " for c in offence.sink)
        return f"`{said}` has no effect: no comment leaves a finding out"
