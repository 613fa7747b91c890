"""Canaries that measure skill where the answer is known: there must be none, or a suspicious lot of it.

Labels exchanged between days cannot be predicted: a skill at predicting them shows that the answer is told somewhere.
One feature taken from tomorrow must help, or the skill would be measured on something that it does not predict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_ml.features.catalogue import FEATURE_NAMES
from magic8_ml.features.labels import BUCKETS
from magic8_ml.models.forecast import Forecaster, Integers, Outcomes, Rows
from magic8_ml.training.scores import ranked_probability_score

DAYS: Final = 250
"""The newest labelled days that the canaries live on."""

LEARNT_SHARE: Final = 0.6
SHIFTED_FEATURE: Final = "log_realised_1_day"
"""Taken from tomorrow, yesterday's variance is that of the day whose rest is to be predicted."""

_SEED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Skill of the regime probabilities over the base rates of the half hour, with its standard error by day."""

    skill: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillCanaries:
    """The regime skill with honest labels, with labels exchanged between days, and with one feature from tomorrow."""

    honest: Skill
    shuffled: Skill
    shifted: Skill


def skill_canaries(forecaster: Forecaster, rows: Rows) -> SkillCanaries:
    """Fit the forecaster three times on the older part of the newest labelled days and measure it on the rest."""
    labelled = rows[rows.labelled]
    recent = labelled[labelled.day >= np.unique(labelled.day)[-DAYS:][0]]
    return SkillCanaries(
        honest=regime_skill(forecaster, recent),
        shuffled=regime_skill(forecaster, with_shuffled_labels(recent)),
        shifted=regime_skill(forecaster, with_shifted_feature(recent)),
    )


def regime_skill(forecaster: Forecaster, rows: Rows) -> Skill:
    """Learn from the first days, leave one out, and measure the regime skill on the days after it."""
    days = np.unique(rows.day)
    border = int(LEARNT_SHARE * len(days))
    learnt, tested = rows[rows.day < days[border]], rows[rows.day > days[border]]
    said = forecaster.fit(learnt).predict(tested.without_outcomes()).regime
    losses = ranked_probability_score(said, tested.regime)
    baseline = ranked_probability_score(_base_rates(learnt)[tested.bucket], tested.regime)
    return _by_day(losses, baseline, tested.day)


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
    """Give each row the next day's value of one feature, same symbol and entry time; the last day keeps its own."""
    column = FEATURE_NAMES.index(SHIFTED_FEATURE)
    features = rows.features.copy()
    for symbol in np.unique(rows.symbol).tolist():
        for bars in np.unique(rows.bars_done).tolist():
            places = np.flatnonzero((rows.symbol == symbol) & (rows.bars_done == bars))
            features[places[:-1], column] = rows.features[places[1:], column]
    return replace(rows, features=features)


def _moved(rows: Rows, source: Integers) -> Outcomes:
    came = rows.known
    u = _exchanged(np.sqrt(came.realised) / rows.sigma_vix, rows.regime_cuts, source)
    z = _exchanged(came.move / rows.sigma_vix, rows.direction_cuts, source)
    scale = rows.sigma_vix / rows.sigma_vix[source]
    return Outcomes(
        realised=(np.maximum(u, 0.0) * rows.sigma_vix) ** 2,
        move=z * rows.sigma_vix,
        highest=came.highest[source] * scale,
        lowest=came.lowest[source] * scale,
    )


def _exchanged(values: Floats, cuts: Floats, source: Integers) -> Floats:
    width = cuts[:, 1] - cuts[:, 0]
    place = (values - cuts[:, 0]) / width  # below 0 low, above 1 high
    return np.asarray(cuts[:, 0] + place[source] * width)


def _base_rates(rows: Rows) -> Floats:
    counts = np.ones((BUCKETS, 3))
    np.add.at(counts, (rows.bucket, rows.regime), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _by_day(losses: Floats, baseline: Floats, day: Integers) -> Skill:
    _, number = np.unique(day, return_inverse=True)
    weight = np.bincount(number)
    loss, base = np.bincount(number, losses) / weight, np.bincount(number, baseline) / weight
    skill = float(1 - loss.mean() / base.mean())
    spread = (loss - (1 - skill) * base).std(ddof=1)  # of the ratio of two means
    return Skill(skill=skill, standard_error=float(spread / base.mean() / np.sqrt(len(loss))))
