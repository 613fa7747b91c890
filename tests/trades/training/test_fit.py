"""A whole fit: it finds what is there, looks at no later day, and does not depend on who does the work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.fit import WinModelFit, fit_win_model
from magic8_ml.trades.training.model_selection import daily_mean, log_loss
from magic8_ml.trades.training.out_of_fold_scores import WinMetrics, WinScores, check_skill, out_of_fold_metrics
from magic8_ml.trades.training.tree_tasks import run_in_process
from tests.trades.made_trades import THIN, made_sample


def _scores(skill: float | None) -> WinScores | None:
    if skill is None:
        return None
    return WinScores(
        base_rate=0.5,
        brier=0.25,
        log_loss=0.7,
        skill_over_base_rate=skill,
        reliability_slope=1.0,
        reliability_intercept=0.0,
        skill_over_price=None,
    )


def _fit(sample: Sample) -> WinModelFit:
    return fit_win_model(sample, run_in_process)


def test_predictions_beat_the_price_and_the_base_rate(fitted: WinModelFit) -> None:
    """One feature is informative: out-of-fold predictions beat both baselines."""
    out_of_fold, rows = fitted.walk_forward.out_of_fold, np.isfinite(fitted.logits)
    day, won = out_of_fold.day[rows], out_of_fold.won[rows]
    model = daily_mean(log_loss(fitted.logits[rows], won), day)
    price = daily_mean(log_loss(out_of_fold.base_logit[rows], won), day)
    base_rate = daily_mean(log_loss(np.full(len(won), np.log(won.mean() / (1 - won.mean()))), won), day)
    assert model < price < base_rate


def test_predictions_are_calibrated(fitted: WinModelFit) -> None:
    """Win rates agree with the predicted probabilities."""
    rows = np.isfinite(fitted.logits)
    predicted, won = expit(fitted.logits[rows]), fitted.walk_forward.out_of_fold.won[rows]
    for low, high in ((0.2, 0.5), (0.5, 0.7), (0.7, 0.95)):
        in_bin = (predicted >= low) & (predicted < high)
        assert won[in_bin].mean() == pytest.approx(predicted[in_bin].mean(), abs=0.06)


def test_trees_are_used_only_where_they_lower_the_loss(fitted: WinModelFit) -> None:
    """The trees of all trades use the informative feature; a group with too few trades has no trees."""
    by_name = {record.name: record for record in fitted.records}
    assert by_name["default-default"].uses_trees
    assert not by_name[f"symbol_strategy-{THIN.group('symbol_strategy')}"].uses_trees
    assert set(fitted.boosters) == {record.name for record in fitted.records if record.uses_trees}


def test_offsets_are_used_on_levels_where_they_lower_the_loss() -> None:
    """Symbols differ, so their offsets are added; the base models already cover strategies, so theirs are not."""
    fitted = _fit(made_sample(160, per_day=3, feature_effect=0.0, forecast=False))
    levels, losses = fitted.facts["levels"], fitted.facts["log_loss_by_level"]
    assert "symbol" in levels
    assert "strategy" not in levels
    assert losses["symbol"]["log_loss_with"] < losses["symbol"]["log_loss_without"]
    by_name = {record.name: record for record in fitted.records}
    symbol, strategy = by_name["symbol-SPX"].offset, by_name["strategy-Butterfly"].offset
    assert symbol.effective == symbol.value > 0.05
    assert strategy.effective == 0.0 != strategy.value


def test_without_any_effect_only_the_base_model_remains() -> None:
    """No offset is used, and at most one of seventeen groups uses trees by chance."""
    fitted = _fit(made_sample(160, per_day=3, feature_effect=0.0, forecast=False, offsets=0.0))
    assert fitted.facts["levels"] == []
    assert len(fitted.boosters) <= 1


def test_predictions_do_not_depend_on_later_days(sample: Sample, fitted: WinModelFit) -> None:
    """Changing results and features of the last fold leaves earlier predictions unchanged, to the bit."""
    start = fitted.folds[-1].test[0]
    later = sample.day >= start
    rng = np.random.default_rng(1)
    features = sample.features.copy()
    features[later] = rng.permutation(features[later])
    other = replace(
        sample, won=np.where(later, 1 - sample.won, sample.won), features=features, implied=sample.implied.copy()
    )
    again = _fit(other)
    earlier = fitted.walk_forward.out_of_fold.day < start
    for level in ("default", "symbol_strategy"):
        one, two = (
            fitted.walk_forward.out_of_fold.tree_sums[level][earlier],
            again.walk_forward.out_of_fold.tree_sums[level][earlier],
        )
        assert np.array_equal(one, two, equal_nan=True)
    assert np.array_equal(fitted.logits[earlier], again.logits[earlier], equal_nan=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"won": 1.0}, "same result"),
        ({"implied": np.nan}, "too few trades have a premium or a forecast"),
    ],
)
def test_degenerate_samples_are_refused(sample: Sample, change: dict[str, float], sentence: str) -> None:
    """One outcome only, or no base probability."""
    values = {name: np.full(len(sample), value) for name, value in change.items()}
    with pytest.raises(TrainingRefused, match=sentence):
        _fit(replace(sample, **values))


def test_coin_flips_at_confident_prices_get_even_probabilities() -> None:
    """Prices imply 90 to 99.9 %, trades win by chance: every estimate is near one half, with an interval."""
    rng, made = np.random.default_rng(1), made_sample(150, per_day=3, seed=1, forecast=False)
    sample = replace(
        made, implied=rng.uniform(0.9, 0.999, len(made)), won=(rng.random(len(made)) < 0.5).astype(np.float64)
    )
    fitted = _fit(sample)
    check_skill(out_of_fold_metrics(fitted).overall)
    trade_keys = [sample.trade_keys[code] for code in sample.key_code.tolist()]
    estimates = fitted.model().estimate(trade_keys, sample.features, sample.implied, sample.forecast)
    assert max(abs(estimate.probability - 0.5) for estimate in estimates) < 0.1
    assert min(estimate.high - estimate.low for estimate in estimates) > 0.02


@pytest.mark.parametrize(
    ("skill", "sentence"),
    [
        (-0.001, "worse than the base rates, skill -0.1% over 900 trades of 60 days"),
        (float("nan"), "worse than the base rates, skill \\+nan%"),
        (None, "60 days have predictions, need 20 to compare"),
    ],
)
def test_a_model_that_is_worse_than_the_base_rates_is_refused(skill: float | None, sentence: str) -> None:
    """Negative, undefined and missing skill are refused, and the error has the numbers."""
    with pytest.raises(TrainingRefused, match=sentence):
        check_skill(WinMetrics(trades=900, days=60, scores=_scores(skill)))


def test_short_histories_are_refused(sample: Sample) -> None:
    """Ninety days are too few to train and test."""
    with pytest.raises(TrainingRefused, match="90 days"):
        _fit(sample[sample.day < sample.day.min() + 90])
