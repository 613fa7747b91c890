"""Rules that every baseline obeys, and what each of them is known for."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from magic8_ml.evaluation.baselines import BASELINES, CLIMATOLOGY, HAR_TODAY, VIX_SHARE, Majority
from magic8_ml.evaluation.forecaster_scores import regime_rps, variance_qlike
from magic8_ml.evaluation.predict_out_of_sample import anchored_gross
from magic8_ml.evaluation.regressions import fit_logit, fit_ridge
from magic8_ml.evaluation.win_baselines import MAJORITY, RECALIBRATED_PRICE, RULES, CanonicalStructures, win_odds
from magic8_ml.forecast.forecaster import Forecast, Forecaster, Rows
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of, rows_of_folds
from tests.evaluation.rows import make_rows

every_baseline = pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Draw 160 days of two symbols."""
    return make_rows(160, symbols=("QQQ", "SPY"))


def sides(rows: Rows) -> tuple[Rows, Rows]:
    """Split by day."""
    early = rows.day < np.unique(rows.day)[120]
    return rows[early], rows[~early]


def same(one: Forecast, other: Forecast) -> bool:
    """Tell whether two forecasts are equal to the bit, unknown equalling unknown."""
    return all(
        np.array_equal(getattr(one, item.name), getattr(other, item.name), equal_nan=True) for item in fields(Forecast)
    )


@every_baseline
def test_the_same_rows_give_the_same_forecast(baseline: Forecaster, rows: Rows) -> None:
    """Nothing is left to chance."""
    learnt, asked = sides(rows)
    once, again = (baseline.fit(learnt).predict(asked.without_outcomes()) for _ in range(2))
    assert same(once, again)


@every_baseline
def test_a_row_is_forecast_by_itself(baseline: Forecaster, rows: Rows) -> None:
    """Its neighbours in the question change nothing."""
    learnt, asked = sides(rows)
    fitted, some = baseline.fit(learnt), np.arange(0, len(asked), 7)
    whole, part = fitted.predict(asked), fitted.predict(asked[some])
    for item in fields(Forecast):
        one, other = getattr(whole, item.name)[some], getattr(part, item.name)
        assert np.allclose(one, other, rtol=1e-12, equal_nan=True), item.name


@every_baseline
def test_what_comes_later_is_not_known(baseline: Forecaster, rows: Rows) -> None:
    """Forecasts hold without outcomes, and class probabilities add up to one."""
    learnt, asked = sides(rows)
    said = baseline.fit(learnt).predict(asked.without_outcomes())
    for classes in (said.regime, said.direction):
        known = np.isfinite(classes).all(axis=1)
        assert np.allclose(classes[known].sum(axis=1), 1)
        assert (classes[known] >= 0).all()


@every_baseline
def test_a_symbol_never_seen_and_a_day_without_class_are_borne(baseline: Forecaster) -> None:
    """Training rows of one symbol and without thresholds still teach what they can."""
    rows = make_rows(80, symbols=("QQQ", "SPY"))
    rows.regime_terciles[: len(rows) // 4] = np.nan
    rows.direction_terciles[: len(rows) // 4] = np.nan
    said = baseline.fit(rows[rows.symbol == 0]).predict(rows[rows.symbol == 1])
    assert len(said) == len(rows) // 2


def test_each_step_of_the_ladder_knows_more() -> None:
    """Where today's variance tells the rest of the day, HAR with today beats HAR, and HAR the price."""
    rows = make_rows(320, symbols=("SPY",))
    learnt, asked = rows[rows.day < rows.day[0] + 200], rows[rows.day >= rows.day[0] + 200]
    names = ("B3 HAR-RV", HAR_TODAY.name, VIX_SHARE.name)
    fitted = {one.name: one.fit(learnt).predict(asked) for one in BASELINES}
    loss = {name: float(variance_qlike(fitted[name], asked).mean()) for name in names}
    assert loss[HAR_TODAY.name] < loss["B3 HAR-RV"] < loss[VIX_SHARE.name]
    rps = {name: float(regime_rps(fitted[name], asked).mean()) for name in (HAR_TODAY.name, CLIMATOLOGY.name)}
    assert rps[HAR_TODAY.name] < 0.8 * rps[CLIMATOLOGY.name]


def test_climatology_is_the_share_of_what_came(rows: Rows) -> None:
    """Laplace-smoothed class shares per half hour, mean variance per symbol and half hour."""
    said = CLIMATOLOGY.fit(rows).predict(rows)
    here = (rows.bucket == 5) & (rows.symbol == 1)
    assert np.isclose(said.sigma[here][0] ** 2, rows.known.realised[here].mean())
    pooled = rows[rows.bucket == 5].regime
    assert np.allclose(said.regime[here][0], (np.bincount(pooled, minlength=3) + 1) / (len(pooled) + 3))


def test_the_majority_is_certain(rows: Rows) -> None:
    """It names one class with probability one."""
    said = Majority().fit(rows).predict(rows[:3])
    assert sorted(said.regime[0].tolist()) == [0.0, 0.0, 1.0]


def test_linear_fits_find_what_was_put_in_and_bear_missing_values() -> None:
    """Ridge recovers a slope, the logit its sign; NaN counts as average, a constant column as nothing."""
    rng = np.random.default_rng(8)
    x = np.stack((rng.standard_normal(4000), np.ones(4000), rng.standard_normal(4000)), axis=1)
    x[::10, 2] = np.nan
    ridge = fit_ridge(x, 3 + 2 * x[:, 0])
    assert np.allclose(ridge.predict(np.array([[0.0, 1.0, np.nan], [1.0, 1.0, np.nan]])), [3, 5], atol=0.01)
    logit = fit_logit(x, (x[:, 0] + 0.5 * rng.standard_normal(4000) > 0).astype(np.int64))
    low, high = logit.predict(np.array([[-1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]))[:, 1]
    assert low < 0.2
    assert high > 0.8


@pytest.mark.parametrize("classes", [[], [2, 2, 2], [0, 2, 0, 2]])
def test_a_logit_of_few_classes_stays_a_distribution(classes: list[int]) -> None:
    """None, one or two of three classes: probabilities add up to one, a class that never came is rare."""
    fit = fit_logit(np.arange(len(classes), dtype=np.float64)[:, None], np.array(classes, dtype=np.int64))
    said = fit.predict(np.zeros((1, 1)))[0]
    assert np.isclose(said.sum(), 1)
    if classes:
        assert said[1] < 0.2


def test_win_baselines_learn_from_training_days_alone(rows: Rows) -> None:
    """Other results on tested days change no odds; results on training days do."""
    folds = folds_of(rows.day, WalkForwardConfig(training_days=80, refit_days=40))
    structures = CanonicalStructures.of(rows)
    tested = rows_of_folds(rows, folds)
    last = np.isin(rows.day, folds[-1].test)
    changed = replace(structures, won=np.where(last[:, None], 1 - structures.won, structures.won))
    before, after = (win_odds(rows, one, folds) for one in (structures, changed))
    for name, odds in before.items():
        assert odds.shape == (tested.sum(), 6)
        assert np.array_equal(odds, after[name]), name
    assert RULES not in before


def test_rule_scores_become_odds_where_they_were_supplied(rows: Rows) -> None:
    """A line per strategy from points to odds; rows without points stay unknown."""
    folds = folds_of(rows.day, WalkForwardConfig(training_days=120, refit_days=40))
    structures = CanonicalStructures.of(rows)
    points = np.clip(
        50 + 30 * (structures.won[:, :3] - 0.5) + np.random.default_rng(8).normal(0, 20, (len(rows), 3)), 0, 100
    )
    points[::9] = np.nan
    odds = win_odds(rows, CanonicalStructures.of(rows, points), folds)
    tested = rows_of_folds(rows, folds)
    assert np.isnan(odds[RULES][::1][np.isnan(points[tested][:, 0])]).all()
    known = np.isfinite(odds[RULES][:, 0])
    won = structures.won[tested][known, 0]
    assert ((odds[RULES][known, 0] - won) ** 2).mean() < ((odds[RECALIBRATED_PRICE][known, 0] - won) ** 2).mean()
    assert set(np.unique(odds[MAJORITY])) <= {0.0, 1.0}


def test_anchored_results_paid_nothing_on_the_training_days(rows: Rows) -> None:
    """A premium that is off by a constant is taken off; later results never change earlier anchors."""
    folds = folds_of(rows.day, WalkForwardConfig(training_days=80, refit_days=40))
    structures = CanonicalStructures.of(rows)
    generous = replace(structures, gross=structures.gross + 0.2)
    tested = rows_of_folds(rows, folds)
    plain, anchored = (anchored_gross(rows, one, folds) for one in (structures, generous))
    assert np.allclose(plain[tested], anchored[tested])
    assert np.isnan(plain[~tested]).all()
    last = np.isin(rows.day, folds[-1].test)
    later = replace(structures, gross=np.where(last[:, None], 9.0, structures.gross))
    before = tested & ~last
    assert np.array_equal(anchored_gross(rows, later, folds)[before], plain[before])
