"""Trades of the tests: the orders of real messages and random structures, at one moment of one day."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import to_ns
from magic8_companion.options.structures import build
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.trades.orders import TradeUnit
from magic8_ml.trades.terms import DeltaRows, MarketContext

AT = to_ns(datetime(2025, 5, 22, 15, 0, tzinfo=UTC))
"""11:00 in New York, five hours before the close."""


def stamps(n: int, at: int = AT) -> Integers:
    """Return the same moment n times."""
    return np.full(n, at)


def prices(n: int, price: float = 5855.5) -> Floats:
    """Return the same price n times."""
    return np.full(n, price)


def ticket(strategy: str, strikes: list[float], premium: float, action: str = "BUY", right: str = "CALL") -> TradeUnit:
    """Return a ticket as an order would make it."""
    return TradeUnit(
        symbol="SPX",
        strategy=strategy,
        legs=build(strategy, strikes, action, right),
        net_premium=premium if action == "BUY" else -premium,
        predicted=5862.0,
    )


def market(n: int, sigma: float = 0.005, known_at: int = AT) -> MarketContext:
    """Return a market whose features are all one."""
    return MarketContext(
        known_at=np.full(n, known_at), sigma=np.full(n, sigma), features=np.ones((n, len(FEATURE_NAMES)))
    )


def delta(n: int, known_at: int = AT, short_term: float = 5860.0) -> DeltaRows:
    """Return the same delta row n times."""
    return DeltaRows(
        known_at=np.full(n, known_at),
        short_term=np.full(n, short_term),
        long_term=np.full(n, 5865.0),
        call_delta=np.full(n, 0.4),
        put_delta=np.full(n, -0.5),
    )


FLY = ticket("Butterfly", [5905, 5855, 5805], 24.82)
CONDOR = ticket("Iron_Condor", [5905, 5910, 5780, 5775], 0.43, "SELL")
PUT_CREDIT = ticket("Vertical", [5820, 5815], 0.9, "SELL", "PUT")


@st.composite
def tickets(draw: st.DrawFn) -> TradeUnit:
    """Draw a structure with unequal wings and a premium of any size."""
    strategy, count = draw(st.sampled_from([("Butterfly", 3), ("Iron_Condor", 4), ("Sonar", 4), ("Vertical", 2)]))
    steps = draw(st.lists(st.integers(1, 40), min_size=count, max_size=count))
    strikes = [5700.0 + 5 * sum(steps[: n + 1]) for n in range(count)]
    action, right = draw(st.sampled_from(["BUY", "SELL"])), draw(st.sampled_from(["CALL", "PUT"]))
    return ticket(strategy, strikes, draw(st.integers(5, 4000)) / 100, action, right)
