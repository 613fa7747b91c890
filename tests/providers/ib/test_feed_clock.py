"""The feed's ages and waits are true lengths of time, whatever happens to the wall time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.providers.ib.feed_room import room, ticks_once

STEPS = [timedelta(hours=-1), timedelta(seconds=-120), timedelta(seconds=5), timedelta(hours=1)]


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_silence_is_noticed_as_soon_as_ever_after_a_step(step: timedelta) -> None:
    """A feed that falls silent when the wall time is set is an outage after 20 s, not later by the step."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        await here.tick_for(5)
        here.clock.set_by = step
        here.gateway.speaks = lambda _: None
        await here.clock.advance(20)
        assert here.connection.health.outage(here.instant) == "feed_silent"


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_feed_that_ticks_stays_known_through_a_step(step: timedelta) -> None:
    """Prices that go on arriving are neither old nor from the future because the wall time was set."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        await here.tick_for(5)
        here.clock.set_by = step
        for _ in range(30):
            await here.tick_for(1)
            assert here.feed.outages == {}
            assert here.connection.health.outage(here.instant) is None
        assert here.feed.age_seconds("SPY") == 1.0


async def test_a_step_is_compared_with_the_time_of_ib_at_the_next_heartbeat() -> None:
    """A wall time that is more than five seconds off IB's is an outage within eleven seconds."""
    async with room(prepare=ticks_once) as here:
        await here.spot()
        here.clock.set_by = timedelta(minutes=-2)
        here.gateway.skew = timedelta(minutes=2)
        await here.tick_for(11)
        assert here.connection.health.outage(here.instant) == "clock_skew"
