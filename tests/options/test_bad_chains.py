"""Whatever a chain looks like, the way from quotes to tickets ends in numbers or in a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.options.candidates import Limits
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.expected_move import smile_move, straddle_move
from magic8_companion.options.smile import fit_smile
from magic8_companion.options.tickets import best_tickets
from tests.options.chains import simulated_chain

KNOWN = {"bad_chain", "wrong_expiry", "after_close", "spot_outside_strikes", "no_quotes", "too_few_quotes"}


def corrupted(seed: int) -> OptionChain:
    """Return a simulated chain in which a share of all numbers, and perhaps the spot, has been spoilt."""
    random = np.random.default_rng(seed)
    chain = simulated_chain(each_side=int(random.integers(1, 25)))
    share = random.choice([0.02, 0.2, 0.7])

    def spoil(value: float | None) -> float | None:
        if random.random() > share or value is None:
            return value
        return random.choice([None, 0.0, -1.0, float("nan"), float("inf"), 1e-9, 1e6, value * 10, value / 3, value + 1])

    names = ("call_bid", "call_ask", "put_bid", "put_ask")
    rows = tuple(replace(row, **{name: spoil(getattr(row, name)) for name in names}) for row in chain.rows)
    rows = tuple(row for row in rows if random.random() > share / 4) or rows
    return replace(chain, rows=rows, spot=random.choice([chain.spot] * 8 + [0.0, -5.0, float("nan"), 5.0]))


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_a_spoilt_chain_ends_in_numbers_or_in_a_reason(start: int) -> None:
    """200 chains: no exception but a reason, no warning, and every published number is finite."""
    reasons = set()
    for seed in range(start, start + 50):
        try:
            quotes = clean_chain(corrupted(seed))
            smile = fit_smile(quotes)
            moves = [smile_move(smile), straddle_move(quotes)]
            proposals = best_tickets(quotes, smile, limits=Limits(max_width=15.0))
        except DataUnavailable as error:
            reasons.add(error.reason)
            continue
        assert all(np.isfinite([move.total_vol, move.absolute]).all() for move in moves)
        for proposal in proposals.values():
            assert proposal.reason
            if proposal.ticket is not None:
                priced = proposal.ticket
                numbers = [priced.win_probability, priced.cvar, priced.ticket.limit_price, priced.ticket.max_loss]
                assert np.isfinite([*numbers, *priced.expected_value.values()]).all()
    assert reasons <= KNOWN | {"smile_arbitrage"}
    assert len(reasons) >= 2
