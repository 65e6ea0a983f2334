"""What README.md shows of a terminal is what these commands say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.suite.promises import PROMISES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```console\n\$ (?P<command>.*)\n(?P<said>(?:.*\n)+?)```")
# What differs from run to run: numbers of runs, commits, moments, places of the copy.
_OF_THIS_RUN = re.compile(
    r"\d{8}T\d+Z-[0-9a-f]+|(?<=commit  )[0-9a-f]+|(?<=sqlite:///)(/srv)?/shop"
)
_COUNTS = re.compile(r"\d+ files of code, \d+ of them parsed")


def blocks() -> list[tuple[str, str]]:
    return [(found["command"], found["said"]) for found in _BLOCK.finditer(README)]


def shown(command: str) -> list[str]:
    found = [said for what, said in blocks() if what == command]
    assert found, f"README shows no `{command}`"
    return found


def check(shop: str) -> str:
    done = subprocess.run(
        (sys.executable, "-m", "interlock", "check", shop),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_the_proved_shop_is_as_shown() -> None:
    [said] = shown("interlock check examples/shop")

    assert _COUNTS.sub("", said) == _COUNTS.sub("", check("examples/shop"))


def test_findings_of_the_shop_before_are_as_shown() -> None:
    [said] = shown("interlock check examples/shop-before")

    real = check("examples/shop-before").strip().split("\n\n")
    parts = said.strip().split("\n\n")
    assert set(parts) <= set(real)
    left_out = len(real) - len(parts)
    words = dict(zip(range(5, 11), "Five Six Seven Eight Nine Ten".split(), strict=True))
    assert f"{words[left_out]} of its {words[len(real) - 1].lower()} findings" in README


@pytest.fixture(scope="module")
def demonstration() -> str:
    done = subprocess.run(
        (sys.executable, ROOT / "tests/demo.py"), capture_output=True, text=True, check=True
    )
    return _OF_THIS_RUN.sub("", done.stdout)


@pytest.mark.parametrize("command", ["alembic upgrade head", "interlock deploy production"])
def test_what_the_demonstration_says_is_as_shown(command: str, demonstration: str) -> None:
    for said in shown(command):
        assert f"$ {command}\n{_OF_THIS_RUN.sub('', said)}" in demonstration


def test_a_receipt_that_is_used_twice_ends_as_shown(demonstration: str) -> None:
    [said] = shown("interlock migrate")

    assert demonstration.endswith(f"$ interlock migrate\n{_OF_THIS_RUN.sub('', said)}")


def test_the_promises_that_are_shown_and_left_out_are_all_there_are() -> None:
    [said] = shown("pytest --interlock -v")

    named = re.findall(r"interlock::(.*) PASSED", said)
    assert {*named} <= {one.sentence for one in PROMISES}
    assert "Sixteen more" in README and len(PROMISES) - len(named) == 16


def test_every_block_of_the_terminal_is_held_here() -> None:
    held = {"interlock check examples/shop", "interlock check examples/shop-before"}
    held |= {"alembic upgrade head", "interlock deploy production", "interlock migrate"}
    held |= {"pytest --interlock -v"}

    assert {command for command, _ in blocks()} == held
