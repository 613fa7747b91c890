"""A trading day on IB, held against the truth: every third slot, four chains, and a short restart at noon.

The whole host plays every slot in ``tests/rehearsal``.
"""

from __future__ import annotations

import asyncio
from datetime import time, timedelta
from pathlib import Path

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.trading_day import BAR, new_york_instant, require_session
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.server import SimulatedGateway
from tests.providers.ib.chaos import MARKET, untruths
from tests.providers.ib.fakes import DAY

SYMBOLS = ("SPX", "SPY")
SESSION = require_session(DAY)
SLOTS = [SESSION.open_at + number * BAR + timedelta(seconds=5) for number in range(3, 77, 3)]
CHECKPOINTS = {new_york_instant(DAY, time(*wall, 5)) for wall in ((10, 30), (11, 0), (12, 30), (14, 45))}
NOON = new_york_instant(DAY, time(12, 0, 5))
SPEED = 5.0


async def day() -> tuple[dict[tuple[str, int], MarketState | DataUnavailable], list[str]]:
    """Return what was seen at each slot by symbol and number, and what was untrue of it."""
    clock, seen, lies = ScaledClock(SESSION.open_at, SPEED), {}, []
    async with SimulatedGateway(MARKET, clock, tick_seconds=0.03) as gateway:
        provider = IBProvider(clock, IBConfig(port=gateway.port, strikes_each_side=5))
        options = EngineConfig(symbols=SYMBOLS, kill_switch_file=Path("none"), bar_history_days=5)
        observer = MarketObserver(provider, clock, options)
        for number, slot in enumerate(SLOTS, start=1):
            clock.jump_to(max(slot, clock.now()))
            if slot == NOON:
                await gateway.inject(Fault("restart", seconds=4))
            questions = [observer.observe(symbol, with_chain=slot in CHECKPOINTS) for symbol in SYMBOLS]
            answers = await asyncio.gather(*questions, return_exceptions=True)
            for symbol, answer in zip(SYMBOLS, answers, strict=True):
                assert isinstance(answer, MarketState | DataUnavailable), answer
                seen[symbol, number] = answer
                if isinstance(answer, MarketState):
                    lies += untruths(answer, clock.now(), delayed=False)
        await provider.close()
        assert not gateway.violations
    return seen, lies


def test_the_slots_of_a_day_are_observed_as_they_were() -> None:
    """At each of 25 slots both symbols are there, live and true, even at the restart; so are the four chains."""
    seen, lies = asyncio.run(day())
    assert not lies
    assert not {key: state for key, state in seen.items() if isinstance(state, DataUnavailable)}
    states = [state for state in seen.values() if isinstance(state, MarketState)]
    assert len(states) == len(SYMBOLS) * len(SLOTS)
    for state in states:
        assert (state.data_source, state.data_status) == ("ib", "live")
        assert state.bars.last_end > state.as_of - BAR
        assert state.vix is not None
        assert len(state.history) == 5 * 78
        assert set(state.missing) <= {"chain"}
    chains = [state.chain for state in states if state.chain is not None]
    assert len(chains) == len(SYMBOLS) * len(CHECKPOINTS)
    assert all(len(chain.rows) == 11 and chain.oi_coverage == 1.0 for chain in chains)
