"""What must be true of each state that is observed after a fault."""

from __future__ import annotations

import math
from datetime import timedelta

from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.option_chain import OptionChain


def chain_of(state: MarketState) -> OptionChain:
    """Return the chain of a state."""
    assert state.chain is not None, state.missing
    return state.chain


def no_bid_is_none(state: MarketState) -> None:
    """Check that a bid of -1 is no bid."""
    rows = chain_of(state).rows
    assert all(row.call_bid is None and row.put_bid is None for row in rows)
    assert all(row.call_ask is not None and row.put_ask is not None for row in rows)


def own_greeks(state: MarketState) -> None:
    """Check that what IB does not compute is computed from the quotes, differently for each strike."""
    rows = chain_of(state).rows
    figures = [value for row in rows for value in (row.call_iv, row.put_iv, row.call_gamma, row.put_delta)]
    assert sum(value is None for value in figures) < len(figures) / 4
    assert len({row.call_gamma for row in rows if row.call_gamma is not None}) > len(rows) / 2


def crossed_is_none(state: MarketState) -> None:
    """Check that a bid above its ask is blanked with it, and that no chain is made of such quotes alone."""
    assert state.chain is None
    assert state.missing["chain"] == "chain_incomplete"


def zero_interest_is_zero(state: MarketState) -> None:
    """Check that an open interest of zero is known, and is zero."""
    chain = chain_of(state)
    assert {row.call_oi for row in chain.rows} == {0}
    assert chain.oi_coverage == 1.0


def interest_unknown(state: MarketState) -> None:
    """Check that an open interest that never comes is unknown."""
    chain = chain_of(state)
    assert {row.call_oi for row in chain.rows} == {None}
    assert chain.oi_as_of is None
    assert all(row.call_bid is not None for row in chain.rows)


def some_strikes_empty(state: MarketState) -> None:
    """Check that silent strikes stay in the chain, empty."""
    rows = chain_of(state).rows
    silent = [row for row in rows if row.call_ask is None and row.put_ask is None]
    assert len(rows) == 41
    assert 5 <= len(silent) <= 10  # the money has moved since the fault struck those nearest to it
    assert all(row.call_iv is None and row.call_oi is None and row.put_gamma is None for row in silent)


def flagged_delayed(state: MarketState) -> None:
    """Check that late data are called late."""
    assert state.data_status == "delayed"


def vix_is_there(state: MarketState) -> None:
    """Check that the VIX was waited for."""
    assert state.vix is not None, state.missing


def vix_is_missing(state: MarketState) -> None:
    """Check that without the VIX the symbol is known all the same, with the reason beside it."""
    assert state.vix is None
    assert state.missing["vix"] == "timeout"


def last_bar_is_complete(state: MarketState) -> None:
    """Check that bars end at the newest full five minutes."""
    assert state.bars.last_end <= state.as_of < state.bars.last_end + timedelta(minutes=5)


def finite(state: MarketState) -> None:
    """Check that the spot is a number and the bars are as new as they can be."""
    assert math.isfinite(state.spot)
    last_bar_is_complete(state)
