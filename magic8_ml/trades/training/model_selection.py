"""Model selection by walk-forward on the training days: prior strength, groups with trees, levels with offsets.

All comparisons use out-of-fold predictions and mean losses by day.  The prior strength has the lowest log loss.  The
offsets of a level are used if they lower the loss at all, because they are shrunk.  The trees of a group are used only
if they lower the loss significantly: one-sided at 5 %, Bonferroni-corrected over all compared groups.  If nothing does,
only the base model is used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.trades.hierarchy import OutOfFold, TreeMask, fit_hierarchy
from magic8_ml.trades.levels import LEVELS, LevelGroups
from magic8_ml.trades.pooling import PRIOR_DAYS_GRID, weigh_days

SIGNIFICANCE: Final = 0.05
EMBARGO_DAYS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkForwardPredictions:
    """Out-of-fold predictions and the ``fold_index`` (n_rows,) of each, from 0."""

    out_of_fold: OutOfFold
    fold_index: Integers

    def logits(self, prior_days: float, uses_trees: TreeMask, levels: Collection[str], fold_range: range) -> Floats:
        """Return log odds of the rows in ``fold_range``, with offsets fitted on earlier days; NaN elsewhere.

        ``levels``: levels whose offsets are used.
        """
        logits = np.full(len(self.fold_index), np.nan)
        for number in fold_range:
            rows = self.fold_index == number
            start = int(self.out_of_fold.day[rows].min())
            earlier = self.out_of_fold[self.out_of_fold.day < start - EMBARGO_DAYS]
            hierarchy = fit_hierarchy(earlier, prior_days, uses_trees, levels)
            logits[rows] = hierarchy.logits(self.out_of_fold[rows])
        return logits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Mean daily log loss per group without and with a part of the model, shape (n_groups,), over ``days``.

    ``error``: standard error of the mean daily difference.
    """

    days: Integers
    without_part: Floats
    with_part: Floats
    error: Floats

    @property
    def improves(self) -> Mask:
        """Return a mask of the groups whose loss the part lowers."""
        return np.asarray(self.without_part > self.with_part)

    def is_significant(self, errors: float) -> Mask:
        """Return a mask of the groups whose loss the part lowers by more than ``errors`` standard errors."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.days > 1) & (self.without_part - self.with_part > errors * self.error))

    def at(self, code: int) -> dict[str, Any]:
        """Return the numbers of a group as JSON values."""
        return {
            "days": int(self.days[code]),
            "log_loss_without": _number(self.without_part[code]),
            "log_loss_with": _number(self.with_part[code]),
            "standard_error": _number(self.error[code]),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelectedParts:
    """Selected groups with trees and ``levels`` with offsets, and the comparisons behind them."""

    uses_trees: TreeMask
    levels: tuple[str, ...]
    trees: Mapping[str, Comparison]
    offsets: Mapping[str, Comparison]

    def facts(self) -> dict[str, Any]:
        """Return the selection of levels as JSON values."""
        losses = {level: compared.at(0) for level, compared in self.offsets.items()}
        return {"levels": list(self.levels), "log_loss_by_level": losses}


def choose_prior_days(walk_forward: WalkForwardPredictions, fold_range: range) -> tuple[float, Mapping[str, float]]:
    """Return the prior strength with the lowest daily log loss, the larger of equals, and all losses."""
    losses = {
        prior_days: _daily_loss(walk_forward, walk_forward.logits(prior_days, {}, LEVELS, fold_range))
        for prior_days in PRIOR_DAYS_GRID
    }
    best = min(reversed(PRIOR_DAYS_GRID), key=losses.__getitem__)
    return best, {f"{prior_days:g}": loss for prior_days, loss in losses.items()}


def select_parts(
    walk_forward: WalkForwardPredictions, prior_days: float, candidates: TreeMask, fold_range: range
) -> SelectedParts:
    """Select, level by level from the root, trees among ``candidates`` and then offsets that lower the loss."""
    uses_trees: dict[str, Mask] = {}
    levels: tuple[str, ...] = ()
    trees, offsets, errors = {}, {}, _required_errors(candidates)
    current = walk_forward.logits(prior_days, uses_trees, levels, fold_range)
    for groups in walk_forward.out_of_fold.groups:
        level = groups.level
        if level in candidates:
            with_trees = walk_forward.logits(prior_days, {**uses_trees, level: candidates[level]}, levels, fold_range)
            trees[level] = compare(walk_forward, groups, current, with_trees)
            uses_trees[level] = candidates[level] & trees[level].is_significant(errors)
            if uses_trees[level].any():
                current = walk_forward.logits(prior_days, uses_trees, levels, fold_range)
        with_offsets = walk_forward.logits(prior_days, uses_trees, (*levels, level), fold_range)
        offsets[level] = compare(walk_forward, walk_forward.out_of_fold.groups[0], current, with_offsets)
        if offsets[level].improves.all():
            current, levels = with_offsets, (*levels, level)
    return SelectedParts(uses_trees=uses_trees, levels=levels, trees=trees, offsets=offsets)


def _required_errors(candidates: TreeMask) -> float:
    compared = sum(int(groups.sum()) for groups in candidates.values())
    return NormalDist().inv_cdf(1 - SIGNIFICANCE / max(1, compared))


def compare(
    walk_forward: WalkForwardPredictions, groups: LevelGroups, without_part: Floats, with_part: Floats
) -> Comparison:
    """Compare two sets of log odds by group and day, on the rows that have both."""
    rows = np.isfinite(without_part) & np.isfinite(with_part)
    code, n_groups = groups.codes[rows], len(groups.keys)
    weight, cell, group_of_cell = weigh_days(code, walk_forward.out_of_fold.day[rows], n_groups)
    daily = [
        np.bincount(cell, weight * log_loss(logit[rows], walk_forward.out_of_fold.won[rows]), len(group_of_cell))
        for logit in (without_part, with_part)
    ]
    seen = np.bincount(cell, minlength=len(group_of_cell)) > 0
    group, before, after = group_of_cell[seen], daily[0][seen], daily[1][seen]
    days = np.bincount(group, minlength=n_groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, means = (np.bincount(group, loss, n_groups) / days for loss in (before, after))
        squares = np.bincount(group, (before - after) ** 2, n_groups) / days
        variance = (squares - (mean - means) ** 2) * days / (days - 1)
        error = np.sqrt(np.maximum(variance, 0.0) / days)
    return Comparison(days=days, without_part=mean, with_part=means, error=error)


def log_loss(logit: Floats, won: Floats) -> Floats:
    """Return the log loss of predictions in log odds, (n_rows,); ``won`` is 0 or 1.

    >>> log_loss(np.array([0.0, 2.0]), np.array([1.0, 0.0])).round(3).tolist()
    [0.693, 2.127]
    """
    return np.logaddexp(0.0, np.where(won > 0, -logit, logit))


def daily_mean(values: Floats, day: Integers) -> float:
    """Return the mean over days of the mean over each day's rows."""
    weight, _, _ = weigh_days(np.zeros(len(day), dtype=np.int64), day, 1)
    return float((weight * values).sum() / weight.sum())


def _daily_loss(walk_forward: WalkForwardPredictions, logit: Floats) -> float:
    rows = np.isfinite(logit)
    return daily_mean(log_loss(logit[rows], walk_forward.out_of_fold.won[rows]), walk_forward.out_of_fold.day[rows])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
