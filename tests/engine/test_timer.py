"""The alarm rings in time, once, and never outlives its owner."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta

from magic8_companion.clocks import ReplayClock
from magic8_companion.engine.timer import Timer
from tests.engine.fakes import FULL_DAY

START = FULL_DAY.open_at


def after(minutes: int) -> datetime:
    """Return an instant some minutes after the start."""
    return START + timedelta(minutes=minutes)


class Callback:
    """Remembers when it rang, and what failed."""

    def __init__(self) -> None:
        self.clock = ReplayClock(START)
        self.rung: list[datetime] = []
        self.failures: list[BaseException] = []
        self.breaks = False
        self.timer = Timer(self.clock, asyncio.get_running_loop(), self.ring, self.failures.append)
        self.clock.enter("test")

    def ring(self) -> None:
        """Ring."""
        self.rung.append(self.clock.now())
        if self.breaks:
            raise OSError("the bell is broken")

    async def sleep_until(self, minutes: int) -> None:
        """Let replayed time pass."""
        await asyncio.wait_for(self.clock.sleep_until(after(minutes), "test"), 5)


async def test_it_rings_at_its_instant() -> None:
    """Set once, it rings once."""
    callback = Callback()
    callback.timer.at_latest(after(4))
    await callback.sleep_until(10)
    assert callback.rung == [after(4)]


async def test_a_later_wish_is_covered_an_earlier_one_rings_first() -> None:
    """Nobody is woken later than wished; a wish after a pending alarm is left to who is woken by it."""
    callback = Callback()
    callback.timer.at_latest(after(4))
    callback.timer.at_latest(after(6))
    callback.timer.at_latest(after(2))
    await callback.sleep_until(10)
    assert callback.rung == [after(2), after(4)]


async def test_replayed_time_cannot_run_past_a_timer_set_in_a_thread() -> None:
    """Whoever sets it from a thread and then waits long is still overtaken by it."""
    callback = Callback()
    waited = []

    def plugin() -> None:
        callback.timer.at_latest(after(1))
        waited.append(callback.clock.wait_until(after(3), "plugin", threading.Event()))
        callback.rung.append(callback.clock.now())
        callback.clock.leave("plugin")

    callback.clock.enter("plugin")
    thread = threading.Thread(target=plugin, daemon=True)
    thread.start()
    await callback.sleep_until(10)
    await asyncio.to_thread(thread.join, 5)
    assert (waited, callback.rung) == ([True], [after(1), after(3)])


async def test_closing_silences_it() -> None:
    """After close nothing rings, nothing is set, and the clock does not wait for it."""
    callback = Callback()
    callback.timer.at_latest(after(4))
    await callback.timer.close()
    callback.timer.at_latest(after(5))
    await callback.sleep_until(10)
    assert callback.rung == []


async def test_a_failing_callback_is_reported() -> None:
    """An error while ringing reaches whoever runs the host, and time goes on."""
    callback = Callback()
    callback.breaks = True
    callback.timer.at_latest(after(4))
    await callback.sleep_until(10)
    assert [str(error) for error in callback.failures] == ["the bell is broken"]
