"""A whole fit: it finds what is there, looks at no later day, and does not depend on who does the work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.fit import LearntWins, learn_wins
from magic8_ml.trades.training.model_selection import daily_mean, log_loss
from magic8_ml.trades.training.out_of_fold_scores import check_skill, figures_of
from magic8_ml.trades.training.tree_tasks import in_this_process
from tests.trades.made_trades import THIN, made_sample


def _learn(sample: Sample) -> LearntWins:
    return learn_wins(sample, in_this_process)


def test_predictions_beat_the_price_and_the_base_rate(learnt: LearntWins) -> None:
    """There is a feature to learn: predictions made before their days are better than either baseline."""
    told, rows = learnt.walk.told, np.isfinite(learnt.margins)
    day, won = told.day[rows], told.won[rows]
    model = daily_mean(log_loss(learnt.margins[rows], won), day)
    price = daily_mean(log_loss(told.line[rows], won), day)
    base = daily_mean(log_loss(np.full(len(won), np.log(won.mean() / (1 - won.mean()))), won), day)
    assert model < price < base


def test_predictions_are_calibrated(learnt: LearntWins) -> None:
    """Of trades said to win so often, so many win."""
    rows = np.isfinite(learnt.margins)
    said, won = expit(learnt.margins[rows]), learnt.walk.told.won[rows]
    for low, high in ((0.2, 0.5), (0.5, 0.7), (0.7, 0.95)):
        here = (said >= low) & (said < high)
        assert won[here].mean() == pytest.approx(said[here].mean(), abs=0.06)


def test_trees_ship_only_where_they_save(learnt: LearntWins) -> None:
    """Those of all trades, which see the feature, ship; a record without enough trades has none of its own."""
    by_name = {record.name: record for record in learnt.records}
    assert by_name["default-default"].ships
    assert not by_name[f"symbol_strategy-{THIN.key('symbol_strategy')}"].ships
    assert set(learnt.boosters) == {record.name for record in learnt.records if record.ships}


def test_offsets_count_on_the_levels_where_they_save() -> None:
    """Symbols differ: their offsets are added.  The lines know the strategies: theirs are found, and not added."""
    learnt = _learn(made_sample(160, per_day=3, feature_effect=0.0, forecast=False))
    levels, losses = learnt.facts["levels"], learnt.facts["log_loss_by_level"]
    assert "symbol" in levels
    assert "strategy" not in levels
    assert losses["symbol"]["log_loss_with"] < losses["symbol"]["log_loss_without"]
    by_name = {record.name: record for record in learnt.records}
    symbol, strategy = by_name["symbol-SPX"].offset, by_name["strategy-Butterfly"].offset
    assert symbol.added == symbol.value > 0.05
    assert strategy.added == 0.0 != strategy.value


def test_nothing_to_learn_leaves_the_base_member_alone() -> None:
    """Features and symbols without any effect: no offset counts, and at most one of seventeen nodes is fooled."""
    learnt = _learn(made_sample(160, per_day=3, feature_effect=0.0, forecast=False, offsets=0.0))
    assert learnt.facts["levels"] == []
    assert len(learnt.boosters) <= 1


def test_no_prediction_looks_at_a_later_day(sample: Sample, learnt: LearntWins) -> None:
    """Other results and features from the last block on: what was said of earlier days stays, to the bit."""
    start = learnt.folds[-1].test[0]
    later = sample.day >= start
    rng = np.random.default_rng(1)
    features = sample.features.copy()
    features[later] = rng.permutation(features[later])
    other = replace(
        sample, won=np.where(later, 1 - sample.won, sample.won), features=features, implied=sample.implied.copy()
    )
    again = _learn(other)
    earlier = learnt.walk.told.day < start
    for level in ("default", "symbol_strategy"):
        one, two = learnt.walk.told.sums[level][earlier], again.walk.told.sums[level][earlier]
        assert np.array_equal(one, two, equal_nan=True)
    assert np.array_equal(learnt.margins[earlier], again.margins[earlier], equal_nan=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"won": 1.0}, "same result"),
        ({"implied": np.nan}, "neither premium nor forecast"),
    ],
)
def test_samples_without_substance_are_refused(sample: Sample, change: dict[str, float], sentence: str) -> None:
    """One result only, or no probability to begin with: refused in one sentence."""
    values = {name: np.full(len(sample), value) for name, value in change.items()}
    with pytest.raises(TrainingRefused, match=sentence):
        _learn(replace(sample, **values))


def test_coin_flips_at_confident_prices_are_answered_as_coin_flips() -> None:
    """Prices of 90..99.9 % whose trades win by chance: every answer is near one half, with an interval."""
    rng, made = np.random.default_rng(1), made_sample(150, per_day=3, seed=1, forecast=False)
    sample = replace(
        made, implied=rng.uniform(0.9, 0.999, len(made)), won=(rng.random(len(made)) < 0.5).astype(np.float64)
    )
    learnt = _learn(sample)
    check_skill(figures_of(learnt))
    paths = [sample.paths[place] for place in sample.path.tolist()]
    answers = learnt.model().estimate(paths, sample.features, sample.implied, sample.forecast)
    assert max(abs(answer.probability - 0.5) for answer in answers) < 0.1
    assert min(answer.high - answer.low for answer in answers) > 0.02


@pytest.mark.parametrize(
    ("overall", "sentence"),
    [
        ({"skill_over_base_rate": -0.001}, "worse than the base rates, skill -0.1% over 900 trades of 60 days"),
        ({"skill_over_base_rate": float("nan")}, "worse than the base rates, skill \\+nan%"),
        ({}, "60 days have predictions, need 20 to compare"),
    ],
)
def test_a_model_that_is_worse_than_the_base_rates_is_refused(overall: dict[str, float], sentence: str) -> None:
    """Negative, missing and undefined skill: nothing is stored, and the sentence has the figures."""
    with pytest.raises(TrainingRefused, match=sentence):
        check_skill({"overall": {"trades": 900, "days": 60, **overall}})


def test_short_histories_are_refused(sample: Sample) -> None:
    """Ninety days cannot be learnt from and tested on."""
    with pytest.raises(TrainingRefused, match="90 days"):
        _learn(sample[sample.day < sample.day.min() + 90])
