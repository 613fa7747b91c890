"""Canaries that measure skill where the answer is known: there must be none, or a suspicious lot of it.

Labels exchanged between days cannot be predicted: a skill at predicting them shows that the answer is told somewhere.
One feature taken from the next session must help, or the skill would be measured on something that it does not predict.

This is no forecast: whole weeks take turns at being learnt and tested, so every day is tested, and a change of the
market between an older and a newer part cannot hide what a leak adds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Forecaster, Outcomes, Rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.session_table import FULL_DAY_BARS
from magic8_ml.metrics.proper_scores import ranked_probability_score
from magic8_ml.metrics.refusal import TrainingRefused

DAYS: Final = 250
"""The newest days that the canaries live on: labelled, and followed by a session with rows."""

FEWEST_DAYS: Final = 60
BLOCK_DAYS: Final = 5
"""Days that are learnt or tested together: neighbours share most of their features."""

SHIFTED_FEATURE: Final = "log_realised_1_day"
"""Taken from the next session, yesterday's variance is that of the day whose rest is to be predicted."""

_SEED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Share of the loss of the half hour's base rates that is saved, with its standard error by day."""

    skill: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillCanaries:
    """The regime skill with honest labels, with labels exchanged between days, and with one feature from tomorrow.

    ``gain`` is what the feature from tomorrow adds to the honest skill, paired day by day.
    """

    honest: Skill
    shuffled: Skill
    shifted: Skill
    gain: Skill


def skill_canaries(forecaster: Forecaster, rows: Rows) -> SkillCanaries:
    """Measure the forecaster's regime skill three times on the same days.

    Raises
    ------
    TrainingRefused
        When too few labelled days are followed by a session with rows.
    """
    mine = _newest(rows)
    honest, shuffled, shifted = (
        _losses(forecaster, some)
        for some in (rows[mine], with_shuffled_labels(rows[mine]), with_shifted_feature(rows)[mine])
    )
    day = rows.day[mine]
    return SkillCanaries(
        honest=_saved(honest.baseline, honest.said, honest.baseline, day),
        shuffled=_saved(shuffled.baseline, shuffled.said, shuffled.baseline, day),
        shifted=_saved(shifted.baseline, shifted.said, shifted.baseline, day),
        gain=_saved(honest.said, shifted.said, honest.baseline, day),
    )


def with_shuffled_labels(rows: Rows) -> Rows:
    """Exchange what came between days, each symbol and entry time for itself.

    What is exchanged is the outcome in units of the row's own thresholds: its class moves along with it and stays, to
    whoever knows the thresholds, as likely as it was.
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Losses:
    """RPS per row of what was said and of the base rates learnt with it, shape (n_rows,)."""

    said: Floats
    baseline: Floats


def _losses(forecaster: Forecaster, rows: Rows) -> _Losses:
    said, baseline = np.empty(len(rows)), np.empty(len(rows))
    _, place = np.unique(rows.day, return_inverse=True)
    even = place // BLOCK_DAYS % 2 == 0
    for tested in (even, ~even):
        learnt, asked = rows[~tested], rows[tested]
        forecast = forecaster.fit(learnt).predict(asked.without_outcomes())
        said[tested] = ranked_probability_score(forecast.regime, asked.regime)
        baseline[tested] = ranked_probability_score(_base_rates(learnt)[asked.bucket], asked.regime)
    return _Losses(said=said, baseline=baseline)


def _moved(rows: Rows, source: Integers) -> Outcomes:
    came = rows.known
    u = _exchanged(np.sqrt(came.realised) / rows.sigma_vix, rows.regime_terciles, source)
    z = _exchanged(came.move / rows.sigma_vix, rows.direction_terciles, source)
    scale = rows.sigma_vix / rows.sigma_vix[source]
    return Outcomes(
        realised=(np.maximum(u, 0.0) * rows.sigma_vix) ** 2,
        move=z * rows.sigma_vix,
        highest=came.highest[source] * scale,
        lowest=came.lowest[source] * scale,
    )


def _exchanged(values: Floats, terciles: Floats, source: Integers) -> Floats:
    width = terciles[:, 1] - terciles[:, 0]
    place = (values - terciles[:, 0]) / width  # below 0 low, above 1 high
    return np.asarray(terciles[:, 0] + place[source] * width)


def _base_rates(rows: Rows) -> Floats:
    counts = np.ones((BUCKETS, 3))
    np.add.at(counts, (rows.bucket, rows.regime), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _saved(worse: Floats, better: Floats, baseline: Floats, day: Integers) -> Skill:
    _, number = np.unique(day, return_inverse=True)
    weight = np.bincount(number)
    saved, base = np.bincount(number, worse - better) / weight, np.bincount(number, baseline) / weight
    skill = float(saved.mean() / base.mean())
    spread = (saved - skill * base).std(ddof=1)  # of the ratio of two means
    return Skill(skill=skill, standard_error=float(spread / base.mean() / np.sqrt(len(base))))
