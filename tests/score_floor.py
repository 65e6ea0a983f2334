"""Score interlock on the case corpus, and fail unless every case is met.

A case is met when each of its expectations is, and nothing else is reported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parent / "cases"


def broken_promises(case: dict[str, Any]) -> list[str]:
    """Say what is wrong in one result of score.py."""
    broken = [f"crash: {case['crash']}"] if case["crash"] else []
    broken += [
        f"surplus: {one['path']}:{one['row']} {one['code']} {one['message']}"
        for one in case["surplus"]
    ]
    broken += [
        f"missing: {mark['path']}:{mark.get('lines')} {' or '.join(mark['codes'])}"
        for mark in case["missing"]
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
        print(f"\nnot met: {name}")
        for line in broken:
            print(f"  {line}")
    print(f"\n{len(cases) - len(failed)} of {len(cases)} cases are met")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    raise SystemExit(main())
