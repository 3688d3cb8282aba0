"""What a signal does, wherever it strikes."""

import asyncio
import signal
import sys
from types import ModuleType

import pytest

from factory.cli.interrupts import Interrupted, Interrupts


@pytest.mark.parametrize("imported", [None, ModuleType("asyncio")], ids=["not at all", "half"])
def test_a_signal_ends_the_work_however_far_asyncio_is_imported(
    monkeypatch: pytest.MonkeyPatch, imported: ModuleType | None
) -> None:
    if imported is None:
        monkeypatch.delitem(sys.modules, "asyncio")
    else:
        monkeypatch.setitem(sys.modules, "asyncio", imported)
    interrupts = Interrupts()
    with pytest.raises(Interrupted):
        interrupts._handle(signal.SIGALRM, None)
    assert interrupts.time_is_over


async def test_in_an_event_loop_its_tasks_are_cancelled_and_a_second_signal_does_not_wait() -> None:
    interrupts, waiting = Interrupts(), asyncio.ensure_future(asyncio.sleep(60))

    async def work() -> None:
        await asyncio.sleep(0)
        interrupts._handle(signal.SIGINT, None)
        with pytest.raises(Interrupted):
            interrupts._handle(signal.SIGINT, None)
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await work()
    assert not interrupts.time_is_over
    assert waiting.cancelling()
