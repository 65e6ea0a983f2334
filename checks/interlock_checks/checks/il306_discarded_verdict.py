"""IL306: a verdict that nobody waits for, or a hook that is kept from giving one."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence


class DiscardedVerdict(Check):
    """
    On a command line a refusal is an exit status, and only that. A script that goes on after it
    rolls out code for a schema that is not there; a commit that no hook has seen carries what the
    hook would have refused.

    What becomes of the status is followed as the shell would: through lists, conditions, loops,
    functions, pipelines, traps and variables that keep it, with the options that are on at that
    place. It counts as seen where the text ends with a failure whenever the command does.

    In Python the status is followed as a value: through variables, attributes, lists, comparisons
    and functions, on each way. It counts as seen where each way with a failure ends in one.
    """

    code = "IL306"
    name = "discarded-verdict"
    clause = "C6"
    summary = "exit status of an interlock command thrown away, or a hook kept from running"
    remedy = (
        "let the failure end the script: `set -euo pipefail` at its top, and the command on a line "
        "of its own; where something has to happen first, keep the status and end with it"
    )
    path = "bin/release.sh"

    bad = {
        "a list that always succeeds": """
            set -euo pipefail
            interlock deploy production || true  # IL306
            kubectl set image deployment/shop web=shop:2
        """,
        "nothing stops": """
            interlock check  # IL306
            kubectl set image deployment/shop web=shop:2
        """,
        "the status of another command": """
            set -e
            interlock verify production | tee verify.log  # IL306
            interlock backup
        """,
        "a function that is asked for its status": """
            set -e
            prepare() {
                interlock verify production  # IL306
                interlock backup  # IL306
            }
            if prepare; then kubectl rollout restart deployment/shop; fi
        """,
        "nobody waits": """
            set -e
            interlock deploy production &  # IL306
            kubectl rollout restart deployment/shop
        """,
    }
    good = {
        "the script ends": """
            set -euo pipefail
            interlock deploy production
            kubectl set image deployment/shop web=shop:2
        """,
        "something else may fail": """
            set -e
            docker rm --force shop-smoke || true
            interlock deploy production
        """,
        "the status is kept": """
            interlock deploy production
            status=$?
            ./bin/notify "$status"
            exit "$status"
        """,
        "a failure that is handled": """
            interlock verify production || {
                echo "not verified" >&2
                exit 1
            }
            interlock backup
        """,
    }

    def message(self, offence: Offence) -> str:
        return f"{offence.sink} {offence.manner}"
