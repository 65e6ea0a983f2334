"""Score interlock on the case corpus, and fail below what is promised today.

Promised: every expectation that lies in a Python file or a notebook is met in the families below,
and in no case at all is there a surplus finding or a crash. What lies in shell scripts, images,
manifests and workflows, and the other families, is scored and printed, not yet demanded.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

CASES = Path(__file__).resolve().parent / "cases"
FAMILIES = {"migration", "engine", "opaque", "clean", "order"}
PYTHON = {".py", ".pyi", ".pyw", ".ipynb"}


def broken_promises(case: dict[str, Any]) -> list[str]:
    """Say what in one result of score.py is below the floor."""
    broken = [f"crash: {case['crash']}"] if case["crash"] else []
    broken += [
        f"surplus: {one['path']}:{one['row']} {one['code']} {one['message']}"
        for one in case["surplus"]
    ]
    if case["family"] in FAMILIES:
        broken += [
            f"missing: {mark['path']}:{mark.get('lines')} {' or '.join(mark['codes'])}"
            for mark in case["missing"]
            if PurePosixPath(mark["path"]).suffix in PYTHON
        ]
    return broken


def main() -> int:
    interlock = Path(sys.executable).with_name("interlock")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "score.json")
        subprocess.run(
            [
                *(sys.executable, str(CASES / "score.py"), "--json", str(result), "--"),
                *(str(interlock), "check", "--output-format", "json", "."),
            ],
            check=True,
        )
        cases = json.loads(result.read_text(encoding="utf-8"))["cases"]
    failed = {case["case"]: broken for case in cases if (broken := broken_promises(case))}
    for name, broken in failed.items():
        print(f"\nbelow the floor: {name}")
        for line in broken:
            print(f"  {line}")
    print(f"\n{len(cases)} cases, {len(failed)} below the floor")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
