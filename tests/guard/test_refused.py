"""A refusal: no blanket handler swallows it, and it can be read by people and programs."""

from __future__ import annotations

import json
import pickle

import pytest

from interlock.refused import Refused

REFUSAL = Refused(
    "a migration of production",
    why="There is no permit.",
    missing="a receipt of the backup",
    next_step="interlock deploy production",
)


def test_a_blanket_handler_does_not_swallow_it() -> None:
    def blanket() -> None:
        try:
            raise REFUSAL
        except Exception:  # noqa: BLE001 (the handler that must not catch it)
            pytest.fail("swallowed")

    with pytest.raises(Refused):
        blanket()


def test_it_says_what_why_what_is_missing_and_what_to_do() -> None:
    assert str(REFUSAL).splitlines() == [
        "refused: a migration of production",
        "  why: There is no permit.",
        "  missing: a receipt of the backup",
        "  next: interlock deploy production",
    ]
    assert json.loads(REFUSAL.json()) == {
        "refused": "a migration of production",
        "why": "There is no permit.",
        "missing": "a receipt of the backup",
        "next": "interlock deploy production",
    }


def test_it_crosses_from_a_worker_process() -> None:
    assert str(pickle.loads(pickle.dumps(REFUSAL))) == str(REFUSAL)
