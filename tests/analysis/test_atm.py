"""The at-the-money quotes of a chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from magic8_companion.analysis.atm import (
    StrikeQuote,
    atm_volatility,
    parity_forward,
    straddle_range,
    strike_quotes,
)
from tests.analysis.recorded import recorded_chains
from tests.analysis.states import made_chain

AT = datetime(2025, 7, 9, 16, 30, tzinfo=UTC)


def test_a_made_chain_gives_back_what_it_was_made_of() -> None:
    """Forward = spot without interest, the smile's volatility, and the range sigma * sqrt(T) to the close."""
    chain = made_chain(AT, spot=600.3, vol=0.16)
    quotes = strike_quotes(chain)
    forward = parity_forward(quotes, chain.spot)
    assert forward == pytest.approx(600.3, abs=0.01)
    assert atm_volatility(quotes, 600.3) == pytest.approx(0.16)
    years = 210 / 525_600
    assert straddle_range(quotes, 600.3, 600.3) == pytest.approx(0.16 * years**0.5, rel=0.02)


def test_a_bid_of_zero_is_no_quote() -> None:
    """Far strikes whose out-of-the-money side has no bid are left out."""
    quotes = strike_quotes(made_chain(AT))
    assert 0 < len(quotes) < 41
    assert all(quote.call > 0 and quote.put > 0 for quote in quotes)


def test_a_stale_leg_does_not_move_the_forward() -> None:
    """The median of seven strikes ignores one that is two points off."""
    chain = made_chain(AT)
    rows = tuple(
        replace(row, call_bid=row.call_bid + 2, call_ask=row.call_ask + 2) if row.strike == 600 else row
        for row in chain.rows
    )
    assert parity_forward(strike_quotes(replace(chain, rows=rows)), 600.0) == pytest.approx(600.0, abs=0.011)


def test_volatility_is_linear_between_the_strikes() -> None:
    """A quarter of the way from 0.20 to 0.24."""
    low = StrikeQuote(strike=100.0, call=1.0, put=1.0, volatility=0.20)
    high = StrikeQuote(strike=104.0, call=0.5, put=3.0, volatility=0.24)
    assert atm_volatility([low, high], 101.0) == pytest.approx(0.21)


def test_what_is_not_quoted_is_unknown() -> None:
    """No quotes, a forward outside them, or a side without volatility: None, never a guess."""
    alone = StrikeQuote(strike=100.0, call=9.0, put=1.0, volatility=0.2)
    assert parity_forward([], 100.0) is None
    assert parity_forward([alone], 100.0) is None
    blind = replace(alone, strike=110.0, volatility=None)
    assert atm_volatility([alone, blind], 105.0) is None


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "forward", "vol", "move"),
    [
        ("SPX 2025-06-20", 5971.1, 0.222, 0.00246),
        ("SPX 2025-07-09", 6244.4, 0.150, 0.00280),
        ("SPY 2025-06-18", 598.2, 0.379, 0.00388),
    ],
)
def test_recorded_chains(name: str, forward: float, vol: float, move: float) -> None:
    """Parity is right within a tick although two chains hold a stale leg; the 06-20 spot lies 2.5 points below it."""
    chain = recorded_chains()[name]
    quotes = strike_quotes(chain)
    found = parity_forward(quotes, chain.spot)
    assert found == pytest.approx(forward, abs=0.1)
    assert atm_volatility(quotes, found) == pytest.approx(vol, abs=0.001)
    assert straddle_range(quotes, found, chain.spot) == pytest.approx(move, abs=0.00001)
