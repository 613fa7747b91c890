"""The forecaster that ships: one distribution behind every number, and nothing of the outcome before it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from magic8_companion.options.distribution import ScaledResiduals
from magic8_companion.options.odds import expected_payoff
from magic8_companion.options.payoff import Leg
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster, FittedDistribution, choose
from magic8_ml.forecast.forecaster import LEVELS, Forecast, Outcomes, Past, Rows
from magic8_ml.forecast.labels import GROUPS, OUTCOMES
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.structures import price_structures, select_strategies
from magic8_ml.forecast.symbol_families import match_symbol
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of, rows_of_folds, walk_forward
from magic8_ml.metrics.logistic import fit_platt, fit_slope, log_odds
from tests.forecast.markets import Market


@pytest.fixture(scope="module")
def rows(market: Market) -> Rows:
    """Compute all rows of the market."""
    return dataset_of(market.bars, market.vix).rows


@pytest.fixture(scope="module")
def past(rows: Rows) -> Past:
    """Walk forward over them."""
    folds = folds_of(rows.day, WalkForwardConfig.of(rows.day))
    return Past(rows=rows[rows_of_folds(rows, folds)], forecast=walk_forward(DistributionForecaster(), rows, folds))


@pytest.fixture(scope="module")
def fitted(rows: Rows, past: Past) -> FittedDistribution:
    """Fit all rows."""
    return DistributionForecaster().fit(rows, past)


@pytest.fixture(scope="module")
def forecast(fitted: FittedDistribution, rows: Rows) -> Forecast:
    """Forecast all rows."""
    return fitted.predict(rows.without_outcomes())


def equal(one: Forecast, other: Forecast) -> bool:
    """Tell whether two forecasts are the same bits."""
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan=True) for f in fields(one))


def test_classes_are_distributions(forecast: Forecast, rows: Rows) -> None:
    """Probabilities of a stage are positive and sum to one wherever terciles are known."""
    for stage, terciles in ((forecast.direction, rows.direction_terciles), (forecast.regime, rows.regime_terciles)):
        known = np.isfinite(terciles).all(axis=1)
        assert (stage[known] > 0).all()
        np.testing.assert_allclose(stage[known].sum(axis=1), 1, atol=1e-12)


def test_quantiles_and_classes_agree_with_one_distribution(
    forecast: Forecast, rows: Rows, fitted: FittedDistribution
) -> None:
    """The probability below a quantile is its level, and the median lies in the class that holds half."""
    below = fitted.residuals.below(forecast.quantiles, forecast.sigma, rows.bucket)
    np.testing.assert_allclose(below, np.tile(LEVELS, (len(rows), 1)), atol=2e-3)
    assert (np.diff(forecast.quantiles, axis=1) > 0).all()


def test_odds_of_a_trade_are_those_of_the_distribution(
    forecast: Forecast, rows: Rows, fitted: FittedDistribution
) -> None:
    """Counting the points of the pool inside the winning interval gives the forecast's odds of a gain."""
    trades = price_structures(rows.sigma_today)
    price = log_odds(forecast.implied)
    odds = 1 / (1 + np.exp(-(price + forecast.edge)))  # before the edge is shrunk
    low, high = select_strategies(np.stack((trades.low, trades.high)), forecast.vertical)
    for n in range(0, len(rows), 997):
        moves = fitted.residuals.move[GROUPS[rows.bucket[n]]] * forecast.sigma[n]
        counted = np.clip([((moves > low[n, k]) & (moves < high[n, k])).mean() for k in range(3)], 0.01, 0.99)
        np.testing.assert_allclose(odds[n], counted, atol=3e-3)


def test_expected_values_are_those_of_the_option_mathematics(
    rows: Rows, forecast: Forecast, fitted: FittedDistribution
) -> None:
    """A call's expected value under the pool equals the slow one, strike by strike."""
    n = 1234
    strikes = 1 + rows.sigma_today[n] * np.array([-1.5, -0.4, 0.0, 0.7, 2.0])
    fast = fitted.residuals.call_values(strikes[None, :], forecast.sigma[n : n + 1], rows.bucket[n : n + 1])[0]
    pool = fitted.residuals.points_at(int(rows.bucket[n]))
    slow = ScaledResiduals(mean=1.0, scale=float(forecast.sigma[n]), residuals=pool)
    values = [expected_payoff([Leg(right="C", strike=strike, quantity=1)], slow) for strike in strikes]
    np.testing.assert_allclose(fast, values, rtol=1e-4, atol=1e-9)


def test_a_row_is_forecast_by_itself(forecast: Forecast, rows: Rows, fitted: FittedDistribution) -> None:
    """One row alone gives the bits it gives among others, in any order, with or without its outcome."""
    some = np.random.default_rng(9).permutation(len(rows))[:300]
    assert equal(fitted.predict(rows[some]), forecast[some])
    for n in some[:40].tolist():
        assert equal(fitted.predict(rows[n : n + 1].without_outcomes()), forecast[n : n + 1])


def test_the_explanation_adds_up_to_the_forecast(rows: Rows, fitted: FittedDistribution) -> None:
    """Effects are exact: two rows of one half hour, unguarded, differ in log variance by the sum of their effects."""
    forecast, effects = fitted.explain(rows)
    assert equal(forecast, fitted.predict(rows))
    log_ratio = 2 * np.log(forecast.sigma / rows.sigma_vix)
    unguarded = (rows.bucket == 5) & (np.abs(log_ratio) < 1)
    away = log_ratio[unguarded] - effects[unguarded].sum(axis=1)
    assert np.ptp(away) < 1e-5


def test_the_same_rows_give_the_same_forecaster(rows: Rows, past: Past, fitted: FittedDistribution) -> None:
    """A second fit writes the same numbers and the same trees, and changes no row."""
    before = rows.features.copy()
    again = DistributionForecaster().fit(rows, past)
    assert again.as_json() == fitted.as_json()
    assert again.variance.booster.save_raw("ubj") == fitted.variance.booster.save_raw("ubj")
    assert np.array_equal(rows.features, before, equal_nan=True)


def test_later_outcomes_change_no_forecast(rows: Rows, past: Past) -> None:
    """Outcomes of the later half exchanged for nonsense leave every forecast of the earlier half as it was."""
    folds = folds_of(rows.day, WalkForwardConfig.of(rows.day))[:3]
    later = rows.day > folds[-1].train[-1]
    outcomes = rows.known
    nonsense = replace(
        outcomes, realised=np.where(later, 1.0, outcomes.realised), move=np.where(later, 0.5, outcomes.move)
    )
    forecast = walk_forward(DistributionForecaster(), replace(rows, outcomes=nonsense), folds)
    same = np.isin(past.rows.day, np.concatenate([fold.test for fold in folds]))
    assert equal(forecast, past.forecast[same])


def test_no_edge_of_the_same_day_is_a_reference(rows: Rows, past: Past) -> None:
    """What is forecast on a day is ranked among edges of days learnt before it: its own are not there."""
    fold = folds_of(rows.day, WalkForwardConfig.of(rows.day))[-1]
    known = past.rows.day <= fold.train[-1]
    fitted = DistributionForecaster().fit(
        rows[np.isin(rows.day, fold.train)], Past(rows=past.rows[known], forecast=past.forecast[known])
    )
    tested = rows[np.isin(rows.day, fold.test)]
    forecast = fitted.predict(tested.without_outcomes())
    for n in range(0, len(tested), 101):
        own = match_symbol(tested.symbols[tested.symbol[n]], fitted.references.edges)
        references = fitted.references.edges[own][0][tested.bucket[n]]
        six = fitted.odds.six(tested[n : n + 1], forecast.sigma[n : n + 1], fitted.residuals)
        score = fitted.odds.score(six.edge, tested.bucket[n : n + 1])[0, 0]
        assert round(float(score), 6) not in references


def test_without_a_past_the_forecaster_makes_its_own(rows: Rows) -> None:
    """A fit on its own walks forward inside: its odds and references come from forecasts made before the outcome."""
    alone = DistributionForecaster().fit(rows)
    assert np.isfinite(alone.predict(rows[-50:]).confidence).all()
    assert alone.references.pools["SPY"] == "own"


def test_the_highest_confidence_is_chosen_and_nothing_without_an_edge() -> None:
    """Ranks decide, equals follow the order of ties; where every edge is against us the answer is No_Trade."""
    confidence = np.array([[0.9, 0.9, 0.9], [0.2, 0.1, 0.3], [0.9, 0.8, 0.7]])
    edge = np.array([[0.1, 0.1, 0.1], [-0.2, 0.1, -0.3], [-0.1, -0.2, 0.0]])
    assert [OUTCOMES[n] for n in choose(confidence, edge)] == ["Iron_Condor", "Vertical", "No_Trade"]


def test_a_pool_is_shifted_to_no_drift_and_keeps_its_tails() -> None:
    """Residuals of a rising market have mean 0; their spread is that of the past."""
    rng = np.random.default_rng(2)
    n = 4000
    sigma, bucket = np.full(n, 0.01), rng.integers(0, 13, n)
    move = sigma * (0.3 + rng.standard_t(4, n))
    realised = sigma**2 * rng.lognormal(0, 0.4, n)
    outcomes = Outcomes(realised=realised, move=move, highest=np.abs(move), lowest=-np.abs(move))
    pool = Residuals.of(sigma, outcomes, bucket)
    np.testing.assert_allclose(pool.move.mean(axis=1), 0, atol=1e-6)
    assert (pool.move[:, -1] > 3.5).all()


def test_lines_find_what_is_there_and_believe_little_evidence_little() -> None:
    """A miscalibrated price is corrected, a half-true edge is found half true, and three days change hardly a thing."""
    rng = np.random.default_rng(3)
    forecast = rng.normal(0, 1, 30_000)
    day = np.repeat(np.arange(3000), 10)
    outcomes = (rng.random(30_000) < 1 / (1 + np.exp(-(0.4 + 0.6 * forecast)))).astype(float)
    level, slope = fit_platt(forecast, outcomes, day, 10.0)
    assert (level, slope) == (pytest.approx(0.4, abs=0.08), pytest.approx(0.6, abs=0.08))
    found = fit_slope(forecast, outcomes, day, np.full(30_000, 0.4), 5.0)
    assert found.low < 0.6 < found.high
    assert found.proven
    few = day < 3
    assert fit_platt(forecast[few], outcomes[few], day[few], 100.0)[1] == pytest.approx(1.0, abs=0.1)
