"""IL502: an interlock hook that never runs or never fails."""

from __future__ import annotations

from interlock_checks.check import Check


class NeuteredHook(Check):
    """
    A hook that is listed is not yet a hook that runs: a filter that leaves it no file, a stage
    that no commit meets, a list of hooks to leave out, or an entry that runs something else, and
    it guards nothing, while everybody believes that it does.

    The hook proves the whole repository, whatever a commit changes, so it needs no filter at all.
    """

    code = "IL502"
    name = "neutered-hook"
    clause = "C5"
    path = ".pre-commit-config.yaml"
    summary = "interlock hook that is set up so that it never runs or never fails"
    remedy = (
        "list the hook as it comes, with `pass_filenames: false` and `always_run: true`, and "
        "without filters, stages, or an entry of its own"
    )

    bad = {
        "no file is left to it": """
            repos:
              - repo: local
                hooks:
                  - id: interlock-check
                    name: interlock check
                    entry: interlock check
                    language: system
                    exclude: .*  # IL502
        """,
        "no commit meets it": """
            repos:
              - repo: local
                hooks:
                  - id: interlock-check
                    name: interlock check
                    entry: interlock check
                    language: system
                    always_run: true
                    stages: [manual]  # IL502
        """,
        "it runs something else": """
            repos:
              - repo: https://git.example.com/interlock
                rev: v1.0.0
                hooks:
                  - id: interlock-check
                    entry: echo  # IL502
        """,
        "it only shows its help": """
            repos:
              - repo: https://git.example.com/interlock
                rev: v1.0.0
                hooks:
                  - id: interlock-check
                    args: [--help]  # IL502
        """,
    }
    good = {
        "as it comes": """
            repos:
              - repo: https://git.example.com/interlock
                rev: v1.0.0
                hooks:
                  - id: interlock-check
        """,
        "filters on other hooks": """
            exclude: ^vendor/
            repos:
              - repo: local
                hooks:
                  - id: links
                    name: links
                    entry: lychee docs
                    language: system
                    stages: [manual]
                  - id: interlock-check
                    name: interlock check
                    entry: interlock check
                    language: system
                    pass_filenames: false
                    verbose: true
        """,
    }
