"""Partial pooling: estimate the offset of each group in log odds and shrink it by its number of days.

    logit p = logit p_base + b_strategy + g_scale_group + a_symbol + c_pair

Each offset is estimated given the levels above and multiplied by the shrinkage weight n / (n + k).  Here n is the
group's number of days and k is ``prior_days``.  Trades of one day share one close, so each day of a group has weight
1, however many trades it holds.

s, ``variance_per_day``, is the variance of an offset estimated from one day, in log odds, clustered by day (Liang and
Zeger 1986).  With a normal prior of variance s / k around the level above, the posterior variance of the offset is
s / (n + k).  The variance of the level above counts in proportion to its remaining weight:

    V = (1 - weight)^2 V_above + s / (n + k)

An unseen group has weight 0 and variance V_above + s / k.  If the offsets of a level do not improve the out-of-sample
loss, they are not added, and their squares stay in the variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.logistic import log_likelihoods, maximize

PRIOR_DAYS_GRID: Final = (60.0, 120.0, 250.0)
"""Candidate prior strengths in days; the walk-forward selects one."""

_PRIOR_INFORMATION: Final = 0.25
"""Information of one prior day at offset 0; keeps the offset finite where every trade won."""

_LONGEST_STEP: Final = 2.0
_CLOSE: Final = 1e-10
_IDENTICAL: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupEffect:
    """Unshrunk offsets of the groups of one level, shape (n_groups,), with their sample sizes.

    ``variance_per_day`` is NaN for a group of fewer than two days.
    """

    raw: Floats
    variance_per_day: Floats
    days: Integers
    trades: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """Shrunken offset of one group in log odds, with its sample size.

    ``variance_per_day`` is shrunk towards that of the level above.  ``is_used``: whether the offset is added.
    """

    value: float
    weight: float
    variance_per_day: float
    days: int
    trades: int
    is_used: bool = True

    @property
    def effective(self) -> float:
        """Return the value added to the log odds, 0 if the offset is not used."""
        return self.value if self.is_used else 0.0

    def variance(self, above: float, prior_days: float) -> float:
        """Return the variance of the log odds including this group, given the variance ``above`` of the levels above.

        >>> Offset(value=0.1, weight=0.5, variance_per_day=8.0, days=60, trades=900).variance(0.04, prior_days=60)
        0.07666666666666666
        """
        unused = self.value - self.effective
        return (1 - self.weight) ** 2 * above + self.variance_per_day / (self.days + prior_days) + unused**2


def shrinkage_weight(days: Integers, prior_days: float) -> Floats:
    """Return the shrinkage weight n / (n + prior_days) of groups with n ``days``, shape (n_groups,).

    >>> shrinkage_weight(np.array([0, 60, 180]), 60.0).tolist()
    [0.0, 0.5, 0.75]
    """
    return np.asarray(days / (days + prior_days))


def unseen_offset(variance_per_day: float) -> Offset:
    """Return the offset of a group without trades."""
    return Offset(value=0.0, weight=0.0, variance_per_day=variance_per_day, days=0, trades=0)


def weigh_days(group: Integers, day: Integers, n_groups: int) -> tuple[Floats, Integers, Integers]:
    """Return row weights (n_rows,) that sum to 1 per group and day, the cell of each row, and the group of each cell.

    >>> weigh_days(np.array([0, 0, 0, 1]), np.array([5, 5, 6, 5]), 2)[0].tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    first = int(day.min()) if len(day) else 0
    width = int(day.max()) - first + 1 if len(day) else 1
    cell = group * width + (day - first)
    count = np.bincount(cell, minlength=n_groups * width)
    return 1.0 / count[cell], cell, np.repeat(np.arange(n_groups), width)


def count_days(group: Integers, day: Integers, n_groups: int) -> Integers:
    """Return the number of distinct days of each group, (n_groups,).

    >>> count_days(np.array([0, 0, 1]), np.array([7, 7, 7]), 3).tolist()
    [1, 1, 0]
    """
    _, cell, group_of_cell = weigh_days(group, day, n_groups)
    seen = np.bincount(cell, minlength=len(group_of_cell)) > 0
    return np.bincount(group_of_cell[seen], minlength=n_groups)


def fit_group_effects(logit: Floats, won: Floats, group: Integers, day: Integers, n_groups: int) -> GroupEffect:
    """Estimate the offset of each group given ``logit`` (n_rows,), the log odds of the levels above; ``won`` is 0 or 1.

    Each day of a group has weight 1 in the likelihood.  Groups are estimated independently.

    >>> logit, day = np.zeros(400), np.arange(400)
    >>> effects = fit_group_effects(logit, (day % 4 > 0).astype(float), np.zeros(400, dtype=int), day, 1)
    >>> effects.raw.round(2).tolist(), effects.days.tolist()
    ([1.09], [400])
    """
    weight, cell, group_of_cell = weigh_days(group, day, n_groups)
    offset, curvature = _offsets(logit, won, group, weight, n_groups)
    chance = expit(logit + offset[group])
    score = np.bincount(cell, weight * (won - chance), len(group_of_cell))
    seen = np.bincount(cell, minlength=len(group_of_cell)) > 0
    days = np.bincount(group_of_cell[seen], minlength=n_groups)
    squares, total = (np.bincount(group_of_cell, values, n_groups) for values in (score**2, score))
    # identical days carry no information on the variance between days: use the likelihood's
    identical = days * squares - total**2 <= _IDENTICAL * days * squares
    with np.errstate(divide="ignore", invalid="ignore"):
        sandwich = squares / curvature**2 * days * days / (days - 1)
        variance_per_day = np.where(days > 1, np.where(identical, days / curvature, sandwich), np.nan)
    return GroupEffect(
        raw=offset, variance_per_day=variance_per_day, days=days, trades=np.bincount(group, minlength=n_groups)
    )


def _offsets(logit: Floats, won: Floats, group: Integers, weight: Floats, n_groups: int) -> tuple[Floats, Floats]:
    # offsets and curvatures, (n_groups,) each
    def curvature(chance: Floats) -> Floats:
        return np.asarray(
            np.bincount(group, weight * chance * (1 - chance), n_groups) + _PRIOR_INFORMATION, dtype=np.float64
        )

    def newton(offset: Floats) -> tuple[Floats, Floats]:
        chance = expit(logit + offset[group])
        gradient = np.bincount(group, weight * (won - chance), n_groups) - _PRIOR_INFORMATION * offset
        curved = curvature(chance)
        return np.clip(gradient / curved, -_LONGEST_STEP, _LONGEST_STEP), curved

    def log_likelihood(offset: Floats) -> Floats:
        fitted = weight * log_likelihoods(logit + offset[group], won)
        return np.asarray(np.bincount(group, fitted, n_groups) - _PRIOR_INFORMATION / 2 * offset**2)

    what = f"the fit of the offsets of {n_groups} groups"
    value = maximize(np.zeros(n_groups), log_likelihood, newton, close=_CLOSE, what=what).value
    return value, curvature(expit(logit + value[group]))


def shrink(
    effects: GroupEffect, prior_days: float, variance_above: Floats, *, is_used: bool = True
) -> tuple[Offset, ...]:
    """Return shrunken offsets; ``variance_above`` (n_groups,) replaces the variance of groups with fewer than two days.

    >>> sizes = {"days": np.array([60]), "trades": np.array([900])}
    >>> effects = GroupEffect(raw=np.array([1.0]), variance_per_day=np.array([8.0]), **sizes)
    >>> shrink(effects, 120.0, np.array([5.0]))[0]
    Offset(value=0.3333333333333333, weight=0.3333333333333333, variance_per_day=6.0, days=60, trades=900, is_used=True)
    """
    weight = shrinkage_weight(effects.days, prior_days)
    own = np.where(np.isnan(effects.variance_per_day), variance_above, effects.variance_per_day)
    variance_per_day = weight * own + (1 - weight) * variance_above
    columns = (weight * effects.raw, weight, variance_per_day, effects.days, effects.trades)
    return tuple(
        Offset(
            value=float(value),
            weight=float(weight_of_group),
            variance_per_day=float(variance),
            days=int(days),
            trades=int(trades),
            is_used=is_used,
        )
        for value, weight_of_group, variance, days, trades in zip(*columns, strict=True)
    )
