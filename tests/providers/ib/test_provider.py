"""The life of the provider: one loop, one connection, a health that tells, and an end."""

from __future__ import annotations

import asyncio

import pytest

from magic8_companion.domain.errors import DataUnavailable
from tests.providers.ib.chain_room import Room, room
from tests.providers.ib.fakes import MORNING, OPTIONS


async def test_the_provider_belongs_to_one_loop() -> None:
    """A call from another loop is refused while the first one runs; nothing of it is touched."""
    async with room() as here:
        assert await asyncio.wait_for(_spot(here), 5) == 600.2

        def from_elsewhere() -> str:
            with pytest.raises(DataUnavailable) as caught:
                asyncio.run(here.provider.get_spot_price("SPX"))
            return caught.value.reason

        assert await asyncio.to_thread(from_elsewhere) == "wrong_loop"


async def _spot(here: Room) -> float:
    task = asyncio.create_task(here.provider.get_spot_price("SPX"))
    await here.clock.advance(1)
    return await task


def test_a_new_loop_after_the_first_has_ended_gets_a_new_connection() -> None:
    """Scripts may run one loop after the other: each has its own connection."""
    here = Room(MORNING, OPTIONS)
    for _ in range(2):
        assert asyncio.run(_spot(here)) == 600.2
    assert len(here.openings.gateways) == 2
    assert here.openings.gateways[0].is_over


async def test_a_closed_provider_answers_nothing() -> None:
    """After closing every request is refused; closing twice is fine."""
    async with room() as here:
        await _spot(here)
        assert here.provider.is_connected()
        await here.provider.close()
        await here.provider.close()
        assert not here.provider.is_connected()
        with pytest.raises(DataUnavailable) as caught:
            await here.provider.get_spot_price("SPX")
        assert caught.value.reason == "closed"


async def test_health_tells_operators_what_they_need() -> None:
    """State, reason, sentence, lines, messages and the age of ticks can be read at any time."""
    async with room() as here:
        assert here.provider.health()["why"] == "not_connected"
        await _spot(here)
        health = here.provider.health()
        assert (health["state"], health["why"], health["data_status"]) == ("connected", None, "live")
        assert health["lines_allowed"] == 100
        assert health["tick_age_seconds"]["SPX"] <= 1
        here.openings.newest.on_error(-1, 1100, "Connectivity has been lost")
        health = here.provider.health()
        assert (health["state"], health["why"], health["since"]) == ("degraded", "link_lost", here.clock.now())
        assert "Connectivity has been lost" in health["sentence"]
        assert not here.provider.is_connected()
