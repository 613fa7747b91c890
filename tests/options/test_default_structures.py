"""Default tickets without a model: the cheapest default structure, or the reason for none."""

from __future__ import annotations

import pytest

from magic8_companion.domain.strategy import BASE_STRATEGIES, BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.options.candidates import Limits
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.default_structures import default_tickets
from magic8_companion.options.smile import fit_smile
from tests.options.chains import real_chain, simulated_chain

QUOTES = clean_chain(simulated_chain())
SMILE = fit_smile(QUOTES)
DEVIATION = QUOTES.forward * SMILE.atm_total_vol
LIMITS = Limits(min_width=4.0, max_width=40.0)


def test_every_strategy_has_its_default_shape() -> None:
    """The body near the forward, shorts about a deviation away, a premium worth its width."""
    tickets = {name: item.ticket for name, item in default_tickets(QUOTES, SMILE, limits=LIMITS).items()}
    butterfly, condor, vertical = (tickets[name] for name in (BUTTERFLY, IRON_CONDOR, VERTICAL))
    assert butterfly is not None
    assert condor is not None
    assert vertical is not None
    body = next(leg.strike for leg in butterfly.ticket.legs if leg.action == "SELL")
    assert abs(body - QUOTES.forward) <= 0.35 * DEVIATION
    for leg in condor.ticket.legs:
        away = abs(leg.strike - QUOTES.forward) / DEVIATION
        assert leg.action == "BUY" or 0.6 <= away <= 1.6
    width = vertical.ticket.max_profit + vertical.ticket.max_loss
    assert 0.19 < abs(100 * vertical.ticket.limit_price) / width < 0.71


def test_the_odds_are_the_markets_and_promise_nothing() -> None:
    """Win and implied probability are the same number, and no natural expected value is positive on clean quotes."""
    for item in default_tickets(QUOTES, SMILE, limits=LIMITS).values():
        assert item.ticket is not None
        assert item.ticket.win_probability == item.ticket.implied_probability
        assert item.ticket.expected_value["natural"] < 0


def test_the_reason_names_the_broken_limits() -> None:
    """A margin that nothing fits is named; impossible widths leave no candidate."""
    found = default_tickets(QUOTES, SMILE, limits=Limits(min_width=4.0, max_width=40.0, max_margin=1.0))
    assert all(item.ticket is None and "is above 1 $" in item.reason and item.quoted for item in found.values())
    empty = default_tickets(QUOTES, SMILE, limits=Limits(min_width=999, max_width=1000))
    assert {(item.ticket, item.quoted) for item in empty.values()} == {(None, False)}


def test_coarse_strikes_still_give_a_butterfly() -> None:
    """The nearest strike may be the body, however far it lies."""
    quotes = clean_chain(simulated_chain(step=15.0))
    proposal = default_tickets(quotes, fit_smile(quotes), limits=Limits(min_width=4.0, max_width=40.0))[BUTTERFLY]
    assert proposal.ticket is not None


@pytest.mark.real_data
@pytest.mark.parametrize(("symbol", "day"), [("SPY", "2025-06-18"), ("SPX", "2025-06-20"), ("SPX", "2025-07-09")])
def test_every_recorded_chain_gets_default_tickets(symbol: str, day: str) -> None:
    """Real spreads leave at least the condor and the vertical tradable."""
    quotes = clean_chain(real_chain(symbol, day))
    found = default_tickets(
        quotes, fit_smile(quotes), limits=Limits(min_width=0.0005 * quotes.spot, max_width=0.006 * quotes.spot)
    )
    assert tuple(found) == BASE_STRATEGIES
    assert all(item.ticket is not None or item.reason for item in found.values())
    assert found[VERTICAL].ticket is not None
