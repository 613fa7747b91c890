"""A trading day on Yahoo as the host observes it: every slot, four chains, and an outage at noon."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.trading_day import BAR, require_session
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.providers.yahoo.provider import YahooProvider
from magic8_companion.testing.yahoo_answers import Habits
from magic8_companion.testing.yahoo_server import YahooServer
from tests.providers.makers import DAY, new_york
from tests.providers.yahoo.servers import DELAY, provider, put, yahoo

SYMBOLS = ("SPX", "SPY")
SESSION = require_session(DAY)
SLOTS = [SESSION.open_at + n * BAR + timedelta(seconds=5) for n in range(1, 77)]
CHECKPOINTS = [new_york(DAY, *wall, 5) for wall in ((10, 30), (11, 0), (12, 30), (14, 45))]
OUTAGE = (new_york(DAY, 12), new_york(DAY, 12, 30))

Seen = MarketState | DataUnavailable


async def observed(
    server: YahooServer, source: YahooProvider, breaks: str, numbers: Iterable[int]
) -> dict[tuple[str, int], Seen]:
    """Observe some slots of the day; Yahoo breaks for half an hour."""
    options = EngineConfig(symbols=SYMBOLS, kill_switch_file=Path("none"))
    observer = MarketObserver(source, server.clock, options)
    seen: dict[tuple[str, int], Seen] = {}
    for number in numbers:
        slot = SLOTS[number - 1]
        put(server, slot)
        server.heal()
        if breaks and OUTAGE[0] <= slot < OUTAGE[1]:
            server.fault(breaks)
        questions = [observer.observe(symbol, with_chain=slot in CHECKPOINTS) for symbol in SYMBOLS]
        answers = await asyncio.gather(*questions, return_exceptions=True)
        for symbol, answer in zip(SYMBOLS, answers, strict=True):
            assert isinstance(answer, MarketState | DataUnavailable), answer
            seen[symbol, number] = answer
    return seen


def day(breaks: str = "", numbers: Iterable[int] = range(1, 77)) -> dict[tuple[str, int], Seen]:
    """Return what was seen at each slot by symbol and number."""
    with yahoo(Habits(index_quotes=True)) as server:
        return asyncio.run(observed(server, provider(server), breaks, numbers))


def test_every_slot_of_a_day_is_observed() -> None:
    """From Yahoo's first bar to the last slot each symbol is there, delayed and never too old, with chains on time."""
    seen = day()
    first = 1 + DELAY // BAR
    assert {number for (_, number), state in seen.items() if isinstance(state, DataUnavailable)} == set(range(1, first))
    states = [state for state in seen.values() if isinstance(state, MarketState)]
    assert len(states) == len(SYMBOLS) * (76 - first + 1)
    for state in states:
        assert (state.data_source, state.data_status) == ("yahoo", "delayed")
        assert timedelta(seconds=state.data_age_seconds) < DELAY + BAR
        assert state.bars.last_end <= state.as_of - DELAY
        assert state.vix is not None
        assert set(state.missing) <= {"chain"}
    chains = [state for state in states if state.chain is not None]
    assert len(chains) == len(SYMBOLS) * len(CHECKPOINTS)
    assert all(state.chain and state.chain.source == "yahoo" and len(state.chain.rows) == 41 for state in chains)


@pytest.mark.parametrize(
    ("breaks", "reason"), [("server_error", "source_down"), ("rate_limit", "rate_limited"), ("html", "bad_answer")]
)
def test_an_outage_is_named_while_it_lasts_and_forgotten_after(breaks: str, reason: str) -> None:
    """No state is made of old answers: each slot of the outage has the reason, the first one after it has data."""
    seen = day(breaks, range(28, 42))
    for (symbol, number), state in seen.items():
        out = OUTAGE[0] <= SLOTS[number - 1] < OUTAGE[1]
        if out:
            assert isinstance(state, DataUnavailable), (symbol, number)
            assert state.reason == reason
        else:
            back = SLOTS[number - 1] - OUTAGE[1]
            pausing = breaks == "rate_limit" and timedelta(0) <= back < timedelta(minutes=15)
            assert isinstance(state, MarketState) or pausing, (symbol, number, state)
