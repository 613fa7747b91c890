"""All candidates at once give what each gives alone, and what is ranked is what limits and costs leave."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.options.candidates import Limits, StructureType, enumerate_candidates
from magic8_companion.options.chain_quotes import ChainQuotes, LegFlag, clean_chain
from magic8_companion.options.costs import Fill, net_cost, opening_fees
from magic8_companion.options.distribution import Distribution, Lognormal, SmileImplied
from magic8_companion.options.odds import evaluate
from magic8_companion.options.outlier_quotes import flag_outliers
from magic8_companion.options.payoff import profile
from magic8_companion.options.products import product
from magic8_companion.options.ranking import Ranking, rank_candidates
from magic8_companion.options.smile import fit_smile
from tests.options.chains import real_chain, simulated_chain, with_row

LIMITS = Limits(max_width=30.0)
MODEL = Lognormal(mean=6244.43, total_vol=0.0028)


def ranked(quotes: ChainQuotes | None = None, limits: Limits = LIMITS, model: Distribution = MODEL) -> Ranking:
    """Rank the simulated chain under a model that expects a calmer day than the market."""
    return rank_candidates(quotes or clean_chain(simulated_chain()), model, limits, product("SPX").fees)


@pytest.mark.parametrize("broken_wings", [False, True])
def test_every_structure_within_the_widths_is_found_once(broken_wings: bool) -> None:
    """Counts equal those of plain loops over all strikes."""
    strikes = np.array([90.0, 92.5, 95, 97.5, 100, 105, 110, 115])
    limits = Limits(min_width=2.5, max_width=10.0, broken_wings=broken_wings)

    def fits(*wings: float) -> bool:
        return all(2.5 <= wing <= 10 for wing in wings) and (broken_wings or len(set(wings)) == 1)

    pairs = sum(fits(high - low) for low, high in combinations(strikes, 2))
    flies = sum(fits(b - a, c - b) for a, b, c in combinations(strikes, 3))
    condors = sum(fits(b - a, d - c) for a, b, c, d in combinations(strikes, 4) if b <= 99 <= c)
    found = enumerate_candidates(strikes, 99.0, limits)
    counts = {kind: int((found.kind == kind).sum()) for kind in StructureType}
    assert counts[StructureType.IRON_CONDOR] == condors
    assert {counts[kind] for kind in StructureType if kind.strategy == BUTTERFLY} == {flies}
    assert {counts[kind] for kind in StructureType if kind.strategy == VERTICAL} == {pairs}
    assert len({found.legs(i, strikes) for i in range(len(found.kind))}) == len(found.kind)


@pytest.mark.parametrize("model", [MODEL, None], ids=["lognormal", "implied"])
def test_the_table_equals_one_structure_at_a_time(model: Distribution | None) -> None:
    """Cost, fees, risk, probability, expected value and tail of 300 candidates agree with the plain functions."""
    quotes = clean_chain(simulated_chain())
    distribution = model or SmileImplied(smile=fit_smile(quotes))
    table = ranked(quotes, replace(LIMITS, broken_wings=True), distribution).evaluation
    for i in np.random.default_rng(2).choice(len(table.fees), 300, replace=False):
        legs = table.candidates.legs(int(i), quotes.strikes)
        cost, fees = net_cost(legs, quotes, Fill.NATURAL), opening_fees(legs, quotes, product("SPX").fees)
        odds, bounds = evaluate(legs, cost, distribution, fees=fees), profile(legs, cost + fees / 100)
        assert table.cost[Fill.NATURAL][i] == pytest.approx(cost)
        assert table.fees[i] == pytest.approx(fees)
        assert (table.max_profit[i], table.max_loss[i]) == pytest.approx(
            (100 * bounds.max_profit, 100 * bounds.max_loss), abs=1e-6
        )
        assert table.win_probability[i] == pytest.approx(odds.win_probability, abs=1e-4)
        assert table.expected_value[Fill.NATURAL][i] == pytest.approx(odds.expected_value)
        assert table.cvar[i] == pytest.approx(odds.cvar, rel=0.02, abs=3.0)


def test_a_model_of_a_wild_day_finds_the_structures_that_win_by_a_move() -> None:
    """Twice the market's deviation: the best butterflies and condors are sold and bought, not the other way round."""
    ranking = ranked(model=Lognormal(mean=6244.43, total_vol=0.007))
    for strategy in (BUTTERFLY, IRON_CONDOR):
        best = ranking.best(strategy)
        assert best is not None
        assert StructureType(int(ranking.evaluation.candidates.kind[best])).is_long_volatility


def test_costs_rise_and_expected_values_fall_with_the_share_of_the_spread() -> None:
    """Mid is never dearer than between, between never dearer than natural."""
    table = ranked().evaluation
    for better, worse in ((Fill.MID, Fill.BETWEEN), (Fill.BETWEEN, Fill.NATURAL)):
        assert (table.cost[better] <= table.cost[worse] + 1e-9).all()
        assert (table.expected_value[better] >= table.expected_value[worse] - 1e-9).all()


def test_what_passes_keeps_every_limit_and_is_sorted_by_executable_value() -> None:
    """A calm model finds trades; each of them keeps all limits."""
    limits = replace(LIMITS, max_margin=1500.0, min_win_probability=0.4, min_credit_share=0.1, max_spread_share=0.05)
    ranking = ranked(limits=limits)
    table, order = ranking.evaluation, ranking.order
    value, width = table.expected_value[Fill.NATURAL][order], (table.max_profit + table.max_loss)[order] / 100
    assert order.size > 50
    assert (np.diff(value) <= 1e-9).all()
    assert value.min() > 0
    assert table.max_loss[order].max() <= 1500
    assert table.win_probability[order].min() >= 0.4
    assert ((table.cost[Fill.NATURAL] - table.cost[Fill.MID])[order] / width).max() <= 0.05
    sold = np.isin(table.candidates.kind[order], [kind for kind in StructureType if kind.is_credit])
    assert (-table.cost[Fill.NATURAL][order] / width)[sold].min() >= 0.1


def test_no_candidate_dominates_the_pareto_set() -> None:
    """A plain double loop over the passing candidates finds the same set."""
    ranking = ranked(limits=replace(LIMITS, max_width=15.0))
    table = ranking.evaluation
    score = np.stack([table.expected_value[Fill.NATURAL], -table.cvar, table.win_probability], axis=1)[ranking.order]
    undominated = [
        i for i in range(len(score)) if not ((score >= score[i]).all(axis=1) & (score > score[i]).any(axis=1)).any()
    ]
    assert 3 <= ranking.pareto.size < ranking.order.size
    assert {tuple(score[i]) for i in undominated} == {
        tuple(row) for row in score[np.isin(ranking.order, ranking.pareto)]
    }


def test_under_the_market_s_own_distribution_nothing_passes_and_the_nearest_miss_has_reasons() -> None:
    """A fair price cannot be earned after costs; each strategy has its own nearest miss."""
    quotes = clean_chain(simulated_chain())
    ranking = ranked(quotes, model=SmileImplied(smile=fit_smile(quotes)))
    for strategy in (BUTTERFLY, IRON_CONDOR, VERTICAL):
        assert ranking.best(strategy) is None
        miss = ranking.nearest_miss(strategy)
        assert miss is not None
        assert StructureType(int(ranking.evaluation.candidates.kind[miss.index])).strategy == strategy
        assert len(miss.reasons) == 1
        assert miss.reasons[0].startswith("expected value -")


def test_the_best_of_a_strategy_is_its_first_in_the_order() -> None:
    """Best of all is the first of the order; best of a strategy the first of its kind."""
    ranking = ranked()
    assert ranking.best() == ranking.order[0]
    place = ranking.best(IRON_CONDOR)
    kinds = ranking.evaluation.candidates.kind[ranking.order]
    assert place == ranking.order[np.flatnonzero(kinds == StructureType.IRON_CONDOR)[0]]


def test_bad_legs_never_enter_a_candidate() -> None:
    """A crossed, stale or bidless leg is bought or sold by nobody; a real zero bid may still be bought."""
    chain = with_row(simulated_chain(), 6245.0, call_bid=9.0, call_ask=8.0)
    chain = with_row(chain, 6300.0, call_bid=0.0, call_ask=0.05)
    table = ranked(clean_chain(chain)).evaluation
    legs = [leg for i in range(len(table.fees)) for leg in table.candidates.legs(i, clean_chain(chain).strikes)]
    assert not any(leg.strike == 6245.0 and leg.right == "C" for leg in legs)
    assert {leg.quantity > 0 for leg in legs if leg.strike == 6300.0 and leg.right == "C"} == {True}


def test_a_chain_that_cannot_be_priced_is_not_ranked() -> None:
    """The reason of the chain is the reason of the refusal."""
    with pytest.raises(DataUnavailable, match="spot_outside_strikes"):
        ranked(clean_chain(replace(simulated_chain(), spot=9999.0)))


def test_a_chain_without_candidates_has_no_miss() -> None:
    """Two strikes far apart: nothing to rank, nothing near."""
    chain = simulated_chain()
    ranking = ranked(clean_chain(chain), replace(LIMITS, min_width=1000.0, max_width=1001.0))
    assert (ranking.best(), ranking.nearest_miss(), ranking.order.size, ranking.pareto.size) == (None, None, 0, 0)


def test_what_costs_nothing_and_cannot_lose_is_a_wrong_quote() -> None:
    """Far wings at one price each make a butterfly for 0.00: fees alone are no risk, so it does not pass."""
    chain = simulated_chain()
    for strike in (6150.0, 6155.0, 6160.0):
        chain = with_row(chain, strike, put_bid=0.10, put_ask=0.10)
    ranking = ranked(clean_chain(chain), model=Lognormal(mean=6244.43, total_vol=0.02))
    at_risk = ranking.evaluation.max_loss - ranking.evaluation.fees
    free = (at_risk < 0.01) & (ranking.evaluation.expected_value[Fill.NATURAL] > 0)
    assert free.any()
    assert not free[ranking.order].any()


def test_an_outlier_is_flagged_before_it_looks_cheap() -> None:
    """A call and a put that moved together keep parity; the smile tells."""
    chain = simulated_chain()
    row = next(row for row in chain.rows if row.strike == 6225.0)
    up = {f"{name}_{side}": getattr(row, f"{name}_{side}") + 1.5 for name in ("call", "put") for side in ("bid", "ask")}
    quotes = clean_chain(with_row(chain, 6225.0, **up))
    assert quotes.parity.stale == ()
    flagged = flag_outliers(quotes, fit_smile(quotes))
    place = int(np.flatnonzero(quotes.strikes == 6225.0)[0])
    assert flagged.puts.flags[place] == LegFlag.OFF_SMILE
    assert flagged.calls.flags[place] == LegFlag.OFF_SMILE
    assert (flagged.puts.flags & LegFlag.OFF_SMILE).astype(bool).sum() == 1


@pytest.mark.real_data
def test_the_late_put_of_june_20_is_found_by_the_smile() -> None:
    """Parity names the 5970 call; its put is 0.4 points off as well and would sell itself as a butterfly's body."""
    quotes = clean_chain(real_chain("SPX", "2025-06-20"))
    flagged = flag_outliers(quotes, fit_smile(quotes))
    assert flagged.strikes[flagged.puts.flags == LegFlag.OFF_SMILE].tolist() == [5970.0]
