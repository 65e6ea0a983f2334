"""A permit: in memory, for one block, in one process."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading

import pytest

from interlock.permits import Permit, current, holding

PERMIT = Permit("production", "identity", "plan", ("a1",), lambda _: "identity")


def test_a_permit_lasts_as_long_as_its_block() -> None:
    assert current() is None
    with holding(PERMIT) as held:
        assert held is PERMIT
        assert current() is PERMIT
    assert current() is None


def test_a_permit_is_gone_when_its_block_fails() -> None:
    with pytest.raises(KeyboardInterrupt), holding(PERMIT):
        raise KeyboardInterrupt
    assert current() is None


def test_a_copied_context_does_not_keep_it() -> None:
    with holding(PERMIT):
        copy = contextvars.copy_context()
        assert copy.run(current) is PERMIT
    assert copy.run(current) is None


def test_a_coroutine_inside_the_block_holds_it() -> None:
    async def inside() -> Permit | None:
        return current()

    with holding(PERMIT):
        assert asyncio.run(inside()) is PERMIT


@pytest.mark.parametrize("copied", [False, True])
def test_another_thread_does_not_hold_it(copied: bool) -> None:
    """Nor if it has a copy of the context, as each thread has where Python is told so."""
    seen: list[Permit | None] = []
    with holding(PERMIT):
        ask = contextvars.copy_context().run if copied else (lambda function: function())
        thread = threading.Thread(target=lambda: seen.append(ask(current)))
        thread.start()
        thread.join()
    assert seen == [None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_does_not_hold_it() -> None:
    with holding(PERMIT):
        child = os.fork()
        if not child:
            os._exit(0 if current() is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
