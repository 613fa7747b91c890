"""The rules on simulated days with option chains: no strategy is silent, none is always HIGH."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import numpy as np
import pytest

from magic8_companion.analysis import analyse
from magic8_companion.domain.market_state import SIMULATED, MarketState, VixReading
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import BAR, previous_session, sessions_between
from magic8_companion.providers.simulated_chain import simulated_chain
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.scoring import create_scorer

CHECKPOINTS = (time(10, 30), time(11), time(12, 30), time(14, 45))


def simulated_states(market: SimulatedMarket, symbol: str, first: date, last: date) -> Iterator[MarketState]:
    """Yield the state at every checkpoint, with VIX and chain of that minute."""
    for session in sessions_between(first, last):
        start = session
        for _ in range(30):
            start = previous_session(start.day)
        history = market.history(symbol, BAR, start.open_at, session.open_at)
        daily = market.daily("VIX", session.day - timedelta(days=420), session.day - timedelta(days=1))
        for at in (session.at(wall) for wall in CHECKPOINTS):
            if at >= session.close_at:
                continue
            bars, vix = (market.today(name, BAR, session, at) for name in (symbol, "VIX"))
            reading = VixReading(value=float(vix.close[-1]), as_of=at, kind="intraday", source=SIMULATED)
            yield MarketState(
                symbol=symbol,
                as_of=at,
                session=session,
                spot=float(bars.close[-1]),
                bars=bars,
                history=history,
                vix=reading,
                vix_bars=vix,
                vix_daily=daily,
                chain=simulated_chain(market, symbol, at, 20),
                data_source=SIMULATED,
                data_status=SIMULATED,
                data_age_seconds=0.0,
            )


@pytest.fixture(scope="module")
def scores() -> dict[str, np.ndarray]:
    """Return strategy -> scores over four simulated months of SPX, chain included."""
    scorer = create_scorer("standard")
    states = simulated_states(SimulatedMarket(), "SPX", date(2025, 3, 3), date(2025, 6, 30))
    views = [analyse(state) for state in states]
    assert {view.range_source for view in views} == {"straddle"}
    assert all(view.tape["gamma_ratio"] is not None for view in views)
    cards = [scorer.score(view).scores for view in views]
    return {name: np.array([card[name] for card in cards]) for name in BASE_STRATEGIES}


@pytest.mark.parametrize("name", BASE_STRATEGIES)
def test_each_strategy_is_high_at_5_to_40_per_cent_of_checkpoints(scores: dict[str, np.ndarray], name: str) -> None:
    """The chain's gamma shifts single scores, not the shares."""
    assert len(scores[name]) > 60 * 4
    assert 0.05 <= (scores[name] >= 65.0).mean() <= 0.40
    assert scores[name].std() > 15
