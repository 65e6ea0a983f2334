"""IL304: approval or evidence that nobody gave."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence


class ForgedApproval(Check):
    """
    A variable that only CI sets, and a receipt below `.interlock/`, are evidence of something that
    happened: a job ran, a verification passed, a backup was restored. A program that sets the one
    or writes the other has made the evidence without the event.

    Setting such a variable counts where interlock could read it: in a file that can be loaded into
    the same process as interlock or Alembic, or for a child that is one of interlock's commands.
    Reading either is innocent.
    """

    code = "IL304"
    name = "forged-approval"
    clause = "C6"
    summary = "a CI variable set, or a receipt written, by a program"
    remedy = (
        "deploy from the CI job that has the approval; receipts are written by `interlock verify` "
        "and `interlock backup`, and are moved between jobs as artefacts"
    )

    bad = {
        "a variable of this process": """
            import os

            import interlock

            def deploy(target):
                os.environ["CI"] = "true"  # IL304
                os.environ.setdefault("GITHUB_ACTIONS", "true")  # IL304
                os.environ |= {"GITLAB_CI": "true"}  # IL304
                interlock.deploy(target)
        """,
        "through a helper": """
            import os

            import interlock

            def put(name, value):
                os.environ[name] = value

            put("BUILDKITE", "true")  # IL304
            interlock.deploy("production")
        """,
        "the environment of a child": """
            import os
            import subprocess

            def deploy(target):
                env = {**os.environ, "CI": "true"}
                subprocess.run(["interlock", "deploy", target], env=env, check=True)  # IL304
        """,
        "a receipt": """
            import json
            from pathlib import Path

            STATE = Path(__file__).resolve().parent / ".interlock"

            def prepare(target):
                path = STATE / "receipts" / f"{target}.json"
                path.parent.mkdir(exist_ok=True)
                path.write_text(json.dumps({"target": target}))  # IL304
                with open(STATE / "verified", "w") as file:  # IL304
                    file.write("yes")
        """,
        "another day's receipts": """
            import shutil

            def restore(folder):
                shutil.copytree(folder, ".interlock/receipts", dirs_exist_ok=True)  # IL304
        """,
    }
    good = {
        "reading": """
            import json
            import os
            from pathlib import Path

            import interlock

            def status():
                if os.environ.get("CI") == "true":
                    print("in CI")
                with open(".interlock/receipts/verify.json") as file:
                    return json.load(file), sorted(Path(".interlock").iterdir())

            interlock.require_approval()
        """,
        "a child that has nothing to do with it": """
            import os
            import subprocess

            def build():
                env = os.environ | {"CI": "1"}
                subprocess.run(["npm", "ci"], env=env, check=True)
        """,
        "a process without interlock": """
            import os

            os.environ["CI"] = "1"
        """,
        "other files": """
            from pathlib import Path

            def prepare():
                Path("notes.txt").write_text(".interlock/ is written by interlock")
                Path(".interlock_cache/seen").touch()
        """,
        "a test": """
            # pyproject.toml: test-paths = ["app"]
            import os

            import interlock

            def test_deploy(tmp_path):
                os.environ["CI"] = "true"
                (tmp_path / ".interlock" / "receipt.json").write_text("{}")
        """,
    }

    def message(self, offence: Offence) -> str:
        return f"`{offence.sink}` {offence.manner}: evidence is made by what it is evidence of"
