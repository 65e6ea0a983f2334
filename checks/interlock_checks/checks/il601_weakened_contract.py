"""IL601: the contract grants more, or holds less, than at the base revision."""

from __future__ import annotations

from collections.abc import Iterator

from interlock_checks.check import Check
from interlock_checks.finding import Finding
from interlock_checks.project import Project


class WeakenedContract(Check):
    """
    Whoever may widen the contract may do everything that it forbids. A change that moves a
    migration to a second place and names that place as a home, in one commit, proves itself. So
    the contract is held against the one at the base revision, and each grant that is new, each
    protection that is gone and each guard that no longer runs is a finding of its own.

    Compared are the contract, the clauses of `CONTRACT.md`, the hooks of interlock in
    `.pre-commit-config.yaml` and the steps of the pipelines that run interlock. The base is what
    `--base` names, what the pipeline says the change is meant for, or what a server had before a
    push. Moving what is unchanged and granting less are silent, and so is the first contract of
    a repository.
    """

    code = "IL601"
    name = "weakened-contract"
    clause = "C6"
    summary = "more is granted, or less is guarded, than at the base revision"
    remedy = (
        "keep the contract of the base, and do the work in the home that it names; where the team "
        "means to change the contract itself, propose that as a change of its own, for those who "
        "answer for the protected databases to decide"
    )
    path = "interlock.toml"

    bad = {
        "a second home of migrations": """
            # base: deploy-module = "shop.deploy"
            deploy-module = [
                "shop.deploy",
                "shop.admin",  # IL601
            ]
        """,
        "a module instead of a function": """
            # base: engine-factory = ["shop.db:make_engine"]
            engine-factory = ["shop.db"]  # IL601
        """,
        "a pattern that takes in every server": """
            # base: databases.development.urls = ["postgresql://localhost/shop_*"]
            # base: databases.development.protected = false
            databases.development.urls = ["postgresql://*/*"]  # IL601
            databases.development.protected = false
        """,
        "a database that is no longer protected": """
            # base: databases.staging.urls = ["postgresql://staging.example.com/shop"]
            [databases.staging]
            urls = ["postgresql://staging.example.com/shop"]
            protected = false  # IL601
        """,
    }
    good = {
        "a folder below one that was exempt": """
            # base: test-paths = ["tests"]
            test-paths = ["tests/unit"]
        """,
        "a function instead of a module": """
            # base: engine-factory = ["shop.db"]
            engine-factory = ["shop.db:make_engine"]
        """,
        "a first contract": """
            deploy-module = "shop.deploy"
        """,
    }

    def run(self, project: Project) -> Iterator[Finding]:
        for one in project.loosened:
            yield Finding(
                path=one.path,
                row=one.row,
                column=1,
                code=self.code,
                message=one.message,
                end_row=one.row,
                end_column=1,
            )
