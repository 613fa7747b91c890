"""What settings are judged by: forecasts of days that the fit had not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training.tuning_objective import judged_folds, loss


def test_the_same_settings_have_the_same_loss(tuning_rows: Rows) -> None:
    """To the bit, or no search could be repeated."""
    assert loss(tuning_rows, BoostingSettings(rounds=20)) == loss(tuning_rows, BoostingSettings(rounds=20))


def test_who_is_told_the_outcome_comes_closer(tuning_rows: Rows) -> None:
    """A column made of the outcome lowers the loss by far; it stays above nought."""
    features = tuning_rows.features.copy()
    features[:, FEATURE_NAMES.index("jump_share")] = np.log(tuning_rows.known.realised / tuning_rows.sigma_vix**2)
    told = loss(replace(tuning_rows, features=features), BoostingSettings(rounds=60, learning_rate=0.1))
    assert 0 < told < 0.7 * loss(tuning_rows, BoostingSettings(rounds=60, learning_rate=0.1))


def test_the_later_half_is_judged_in_three_blocks(tuning_rows: Rows) -> None:
    """The first half only teaches, and no block learns from itself or from the day before it."""
    days = np.unique(tuning_rows.day).tolist()
    folds = judged_folds(tuning_rows)
    assert len(folds) == 3
    assert folds[0].test[0] == days[round(0.5 * len(days)) + 1]
    assert folds[-1].test[-1] == days[-1]
    assert all(days.index(fold.test[0]) - days.index(fold.train[-1]) == 2 for fold in folds)


def test_rows_without_movement_are_no_infinity(tuning_rows: Rows) -> None:
    """Where no price moved after the last entry, the loss still exists."""
    realised = np.where(tuning_rows.bars_done == tuning_rows.bars_done.max(), 0.0, tuning_rows.known.realised)
    assert np.isfinite(
        loss(replace(tuning_rows, outcomes=replace(tuning_rows.known, realised=realised)), BoostingSettings(rounds=5))
    )
