"""Tickets carry what a trader types in, and their numbers agree with the calculators."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import BASE_STRATEGIES, IRON_CONDOR, VERTICAL
from magic8_companion.options.candidates import Limits
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.costs import Fill, net_cost
from magic8_companion.options.distribution import Lognormal, SmileImplied
from magic8_companion.options.payoff import payoff
from magic8_companion.options.products import Fees
from magic8_companion.options.risk_reward import calculate_risk_reward
from magic8_companion.options.scenarios import leg_vols, scenario_grid
from magic8_companion.options.smile import fit_smile
from magic8_companion.options.structures import butterfly, iron_condor
from magic8_companion.options.tickets import best_tickets, price_ticket
from tests.options.chains import real_chain, simulated_chain

QUOTES = clean_chain(simulated_chain())
SMILE = fit_smile(QUOTES)
CALM = Lognormal(mean=QUOTES.forward, total_vol=0.75 * SMILE.atm_total_vol)
LIMITS = Limits(max_width=30.0)


def test_a_calm_model_gets_a_ticket_for_every_strategy() -> None:
    """Each is positive at its executed price, better at the middle, and likelier to win than the market thinks."""
    proposals = best_tickets(QUOTES, SMILE, limits=LIMITS, model=CALM)
    assert tuple(proposals) == BASE_STRATEGIES
    for strategy, proposal in proposals.items():
        priced = proposal.ticket
        assert priced is not None
        assert priced.strategy == strategy
        assert 0 < priced.expected_value["natural"] <= priced.expected_value["between"] <= priced.expected_value["mid"]
        assert priced.warnings == ()
        assert priced.ticket.expiry == QUOTES.expiry
    condor = proposals[IRON_CONDOR].ticket
    assert condor is not None
    assert condor.win_probability > condor.implied_probability


def test_the_ticket_agrees_with_the_risk_calculator() -> None:
    """Limit price, maximum profit and loss and break-evens are those of ``calculate_risk_reward``."""
    strikes = [6200, 6210, 6280, 6290]
    priced = price_ticket(
        IRON_CONDOR, iron_condor(strikes), QUOTES, implied=SmileImplied(smile=SMILE), model=CALM, fees=Fees()
    )
    ticket = priced.ticket
    assert ticket.limit_price == pytest.approx(-net_cost(iron_condor(strikes), QUOTES, Fill.NATURAL))
    answer = calculate_risk_reward("Iron Condor", strikes, ticket.limit_price, "SELL")
    assert (ticket.max_profit, ticket.max_loss) == (answer.max_profit, answer.max_loss)
    assert ticket.breakevens == pytest.approx(answer.breakevens)
    assert [(leg.action, leg.right, leg.strike, leg.quantity) for leg in ticket.legs] == [
        ("BUY", "P", 6200.0, 1),
        ("SELL", "P", 6210.0, 1),
        ("SELL", "C", 6280.0, 1),
        ("BUY", "C", 6290.0, 1),
    ]
    assert priced.fees == 2.6
    assert (
        priced.order_line
        == f"SELL -1 Iron Condor SPX 100 9 Jul 25 6280/6290/6210/6200 CALL/PUT @{ticket.limit_price:g} LMT"
    )


def test_a_limit_between_mid_and_natural_is_rounded_towards_the_certain_fill() -> None:
    """A credit is rounded down and a debit up to the tick of the product."""
    fly, condor = butterfly([6220, 6245, 6270], "C"), iron_condor([6200, 6210, 6280, 6290])
    for legs in (fly, condor):
        priced = price_ticket(VERTICAL, legs, QUOTES, implied=CALM, model=CALM, fees=Fees(), fill=Fill.BETWEEN)
        exact = -net_cost(legs, QUOTES, Fill.BETWEEN)
        assert exact - 0.05 < priced.ticket.limit_price <= exact + 1e-6
        assert priced.ticket.limit_price / 0.05 == pytest.approx(round(priced.ticket.limit_price / 0.05))


def test_without_an_edge_the_reason_names_the_nearest_miss() -> None:
    """Under the market's own distribution there is no ticket, but an order line and what it lacks."""
    for proposal in best_tickets(QUOTES, SMILE, limits=LIMITS).values():
        assert proposal.ticket is None
        assert proposal.reason.startswith("none passes; nearest is ")
        assert proposal.reason.endswith("is not above 0")
        assert " SPX 100 9 Jul 25 " in proposal.reason


def test_without_candidates_the_reason_is_missing_quotes() -> None:
    """No structure fits impossible widths."""
    proposals = best_tickets(QUOTES, SMILE, limits=Limits(min_width=999, max_width=1000))
    assert {proposal.reason for proposal in proposals.values()} == {"none passes: no candidate has quotes on all legs"}


def test_a_chain_after_the_close_gives_no_ticket() -> None:
    """Quotes of a settled expiry are not priced."""
    late = replace(simulated_chain(), as_of=simulated_chain().as_of + timedelta(hours=5))
    with pytest.raises(DataUnavailable, match="after_close"):
        best_tickets(clean_chain(late), SMILE)


@pytest.mark.real_data
@pytest.mark.parametrize(("symbol", "day"), [("SPY", "2025-06-18"), ("SPX", "2025-06-20"), ("SPX", "2025-07-09")])
def test_every_recorded_chain_gets_tickets(symbol: str, day: str) -> None:
    """A model a tenth calmer than the market finds one of each; shares come with a warning, cash does not."""
    quotes = clean_chain(real_chain(symbol, day))
    smile = fit_smile(quotes)
    model = Lognormal(mean=quotes.forward, total_vol=0.9 * smile.atm_total_vol)
    limits = Limits(max_width=quotes.spot * 0.006, min_win_probability=0.3)
    for proposal in best_tickets(quotes, smile, limits=limits, model=model).values():
        assert proposal.ticket is not None
        assert proposal.ticket.expected_value["natural"] > 0
        assert bool(proposal.ticket.warnings) == (symbol == "SPY")


def test_the_grid_ends_in_the_payoff_and_starts_at_the_price() -> None:
    """Time zero is settlement; today's corner is what the smile says the position is worth."""
    legs = iron_condor([6200, 6210, 6280, 6290])
    spots = np.array([6195.0, 6205.0, QUOTES.forward, 6285.0])
    grid = scenario_grid(legs, leg_vols(legs, SMILE), spots=spots, vol_factors=[1.0, 1.3], years=[0.0, SMILE.years])
    np.testing.assert_allclose(grid[:, 0, 0], payoff(legs, spots))
    np.testing.assert_allclose(grid[:, 0, 0], grid[:, 1, 0])
    calls = {leg.strike: float(SMILE.expected_call(leg.strike)) for leg in legs}
    fair = sum(
        leg.quantity * (calls[leg.strike] - (0 if leg.right == "C" else SMILE.forward - leg.strike)) for leg in legs
    )
    assert grid[2, 0, 1] == pytest.approx(fair, abs=1e-6)
    assert grid[2, 1, 1] < grid[2, 0, 1] < grid[2, 0, 0]
