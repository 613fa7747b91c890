"""The cache of contracts keeps only answers that fit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.ib.connection import Connection
from magic8_companion.providers.ib.contract_cache import ContractCache
from magic8_companion.providers.ib.contracts import Wanted
from magic8_companion.providers.ib.waiting import Deadline
from tests.providers.ib.fakes import DAY, OPTIONS, Openings, SteppedClock, listed, options, settle


@asynccontextmanager
async def cache(openings: Openings, clock: SteppedClock) -> AsyncIterator[ContractCache]:
    """Open a cache on a fake gateway."""
    connection = Connection(clock, OPTIONS, openings)
    connection.start()
    await settle()
    try:
        yield ContractCache(clock, connection)
    finally:
        await connection.close()


@pytest.mark.parametrize("answer", [(), (listed("SPY"), listed("SPY"))])
async def test_an_answer_that_does_not_fit_is_not_kept_for_the_day(answer: tuple[object, ...]) -> None:
    """No contract, or two for one underlying, is unknown for a minute and requested again."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with cache(openings, clock) as book:
        openings.newest.answer = lambda _: answer
        with pytest.raises(DataUnavailable, match="contract_unknown"):
            await book.underlying("SPY", Deadline(clock, 10))
        openings.newest.answer = openings.newest.default_answer
        with pytest.raises(DataUnavailable, match="contract_unknown"):
            await book.underlying("SPY", Deadline(clock, 10))
        await clock.advance(61)
        assert (await book.underlying("SPY", Deadline(clock, 10))).symbol == "SPY"


async def test_a_listing_without_todays_options_is_not_kept_for_the_day() -> None:
    """Options of another class only: no chain for a minute, then the complete listing is used and kept."""
    clock = SteppedClock()
    openings = Openings(clock)
    async with cache(openings, clock) as book:
        openings.newest.answer = lambda wanted: options("SPX", DAY, "SPX") if isinstance(wanted, Wanted) else None
        with pytest.raises(DataUnavailable, match="no_0dte_chain"):
            await book.options("SPX", DAY, Deadline(clock, 10))
        openings.newest.answer = openings.newest.default_answer
        await clock.advance(61)
        found = await book.options("SPX", DAY, Deadline(clock, 10))
        assert {item.trading_class for item in found} == {"SPXW"}
        assert await book.options("SPX", DAY, Deadline(clock, 10)) == found
        assert len(openings.newest.asked) == 2
