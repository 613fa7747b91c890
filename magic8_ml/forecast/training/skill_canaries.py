"""Canaries that measure skill where the answer is known: none with shuffled labels, more with a planted feature.

Labels exchanged between days cannot be predicted, so skill at predicting them shows a leak.  One feature taken from the
next session must help, or the skill measures something that the model does not predict.

Whole weeks alternate between training and test, so every day is tested and a change of the market over time cannot hide
what a leak adds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Forecaster, Outcomes, Rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.session_table import FULL_DAY_BARS
from magic8_ml.metrics.proper_scores import ranked_probability_score
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.canaries import CanaryLosses, SkillCanaries

DAYS: Final = 250
"""The newest days that the canaries use: labelled, and followed by a session with rows."""

FEWEST_DAYS: Final = 60
BLOCK_DAYS: Final = 5
"""Days that are trained on or tested together: neighbours share most of their features."""

SHIFTED_FEATURE: Final = "log_realised_1_day"
"""Taken from the next session, yesterday's variance is that of the day whose rest is to be predicted."""

_SEED: Final = 8


def skill_canaries(forecaster: Forecaster, rows: Rows, differing: int) -> SkillCanaries:
    """Measure the forecaster's regime skill three times on the same days.

    Raises
    ------
    TrainingRefused
        When too few labelled days are followed by a session with rows.
    """
    newest = _newest(rows)
    honest, shuffled, planted = (
        _losses(forecaster, some)
        for some in (rows[newest], with_shuffled_labels(rows[newest]), with_shifted_feature(rows)[newest])
    )
    return SkillCanaries(
        honest=honest, shuffled=shuffled, planted=planted, feature=SHIFTED_FEATURE, differing=differing
    )


def with_shuffled_labels(rows: Rows) -> Rows:
    """Exchange outcomes between days, within each symbol and entry time.

    Outcomes move in units of the row's own thresholds, so their class moves with them and keeps its base rate.
    """
    rng = np.random.default_rng(_SEED)
    source = np.arange(len(rows))
    orders: dict[int, Integers] = {}  # entry times of as many days share an order, so a day moves as a whole
    for symbol in np.unique(rows.symbol).tolist():
        for bars in np.unique(rows.bars_done).tolist():
            places = np.flatnonzero((rows.symbol == symbol) & (rows.bars_done == bars))
            order = orders.setdefault(len(places), rng.permutation(len(places)))
            source[places] = places[order]
    return replace(rows, outcomes=_moved(rows, source))


def with_shifted_feature(rows: Rows) -> Rows:
    """Give each row the next session's value of one feature, same symbol and entry time, if there is one."""
    column = FEATURE_NAMES.index(SHIFTED_FEATURE)
    follower = _followers(rows)
    followed = follower >= 0
    features = rows.features.copy()
    features[followed, column] = rows.features[follower[followed], column]
    return replace(rows, features=features)


def _newest(rows: Rows) -> Mask:
    usable = rows.labelled & (_followers(rows) >= 0)
    days = np.unique(rows.day[usable])
    if len(days) < FEWEST_DAYS:
        raise TrainingRefused(
            f"canary future_shifted_feature: {len(days)} labelled days are followed by a complete session,"
            f" need {FEWEST_DAYS}"
        )
    return np.asarray(usable & (rows.day >= days[-DAYS:][0]))


def _followers(rows: Rows) -> Integers:
    # the place of the next session's row of the same symbol and entry time, -1 where the next session has no rows
    entry = rows.symbol * (FULL_DAY_BARS + 1) + rows.bars_done
    keys = entry * (int(rows.day.max()) + 2) + rows.day
    order = np.argsort(keys)
    found = order[np.minimum(np.searchsorted(keys[order], keys + 1), len(keys) - 1)]
    return np.where(keys[found] == keys + 1, found, -1)


def _losses(forecaster: Forecaster, rows: Rows) -> CanaryLosses:
    predicted, baseline = np.empty(len(rows)), np.empty(len(rows))
    _, place = np.unique(rows.day, return_inverse=True)
    even = place // BLOCK_DAYS % 2 == 0
    for tested in (even, ~even):
        train, test = rows[~tested], rows[tested]
        forecast = forecaster.fit(train).predict(test.without_outcomes())
        predicted[tested] = ranked_probability_score(forecast.regime, test.regime)
        baseline[tested] = ranked_probability_score(_base_rates(train)[test.bucket], test.regime)
    return CanaryLosses(predicted=predicted, baseline=baseline, day=rows.day)


def _moved(rows: Rows, source: Integers) -> Outcomes:
    outcomes = rows.known
    u = _exchanged(np.sqrt(outcomes.realised) / rows.sigma_vix, rows.regime_terciles, source)
    z = _exchanged(outcomes.move / rows.sigma_vix, rows.direction_terciles, source)
    scale = rows.sigma_vix / rows.sigma_vix[source]
    return Outcomes(
        realised=(np.maximum(u, 0.0) * rows.sigma_vix) ** 2,
        move=z * rows.sigma_vix,
        highest=outcomes.highest[source] * scale,
        lowest=outcomes.lowest[source] * scale,
    )


def _exchanged(values: Floats, terciles: Floats, source: Integers) -> Floats:
    width = terciles[:, 1] - terciles[:, 0]
    place = (values - terciles[:, 0]) / width  # below 0 low, above 1 high
    return np.asarray(terciles[:, 0] + place[source] * width)


def _base_rates(rows: Rows) -> Floats:
    counts = np.ones((BUCKETS, 3))
    np.add.at(counts, (rows.bucket, rows.regime), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
