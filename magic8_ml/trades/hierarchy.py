"""The hierarchical model: each level in turn may blend in trees of its group and adds the group's offset.

    logit <- logit + weight x (base logit + trees - logit)      if the group uses trees of its own
    logit <- logit + offset                                     if the level uses offsets

Both use the shrinkage weight n / (n + prior_days), with n the group's number of days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.trades.levels import LEVELS, LevelGroups
from magic8_ml.trades.pooling import GroupEffect, Offset, count_days, fit_group_effects, shrink, shrinkage_weight

TreeMask = Mapping[str, Mask]
"""By level, the groups that use trees of their own, shape (n_groups,); other levels use none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfFold:
    """Out-of-fold predictions with outcomes, shape (n_rows,): every row was predicted by models of earlier days.

    ``base_logit``: log odds of the base model.  ``tree_sums``: by level, what the trees of the row's group add to it,
    NaN without trees.
    """

    groups: tuple[LevelGroups, ...]
    day: Integers
    won: Floats
    base_logit: Floats
    tree_sums: Mapping[str, Floats]

    def __getitem__(self, rows: Mask | Integers) -> OutOfFold:
        """Return some of the rows."""
        return OutOfFold(
            groups=tuple(groups[rows] for groups in self.groups),
            day=self.day[rows],
            won=self.won[rows],
            base_logit=self.base_logit[rows],
            tree_sums={level: values[rows] for level, values in self.tree_sums.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HierarchicalModel:
    """Fitted shrinkage ``weights`` and ``offsets`` of each group, both by level."""

    weights: Mapping[str, Floats]
    offsets: Mapping[str, tuple[Offset, ...]]
    uses_trees: TreeMask

    def logits(self, rows: OutOfFold) -> Floats:
        """Return the log odds after the last level, (n_rows,)."""
        logit = rows.base_logit
        for groups in rows.groups:
            logit = blend_trees(logit, rows, groups, self.weights[groups.level], self.uses_trees)
            if groups.level in self.offsets:
                logit = logit + _effective(self.offsets[groups.level])[groups.codes]
        return logit


def fit_hierarchy(
    rows: OutOfFold,
    prior_days: float,
    uses_trees: TreeMask,
    levels: Collection[str] = LEVELS,
    *,
    fit_unused: bool = False,
) -> HierarchicalModel:
    """Fit the offsets on out-of-fold predictions.

    Parameters
    ----------
    levels
        Levels whose offsets are used.
    fit_unused
        Also fit the offsets of the other levels, which are then not added.
    """
    logit, above, offsets, weights = rows.base_logit, np.zeros(0), {}, {}
    for groups in rows.groups:
        n_groups, is_used = len(groups.keys), groups.level in levels
        weights[groups.level] = shrinkage_weight(count_days(groups.codes, rows.day, n_groups), prior_days)
        logit = blend_trees(logit, rows, groups, weights[groups.level], uses_trees)
        if not is_used and not fit_unused:
            continue
        effects = fit_group_effects(logit, rows.won, groups.codes, rows.day, n_groups)
        if not len(above):
            above = _first_variance(effects)
        offsets[groups.level] = shrink(effects, prior_days, np.full(n_groups, above[0]), is_used=is_used)
        logit = logit + _effective(offsets[groups.level])[groups.codes]
    return HierarchicalModel(weights=weights, offsets=offsets, uses_trees=uses_trees)


def blend_trees(logit: Floats, rows: OutOfFold, groups: LevelGroups, weight: Floats, uses_trees: TreeMask) -> Floats:
    """Return log odds moved by ``weight`` (n_groups,) towards those of the trees, where a group uses its own."""
    if groups.level not in uses_trees:
        return logit
    with_trees = rows.base_logit + rows.tree_sums[groups.level]
    use = uses_trees[groups.level][groups.codes] & np.isfinite(with_trees)
    return np.where(use, logit + weight[groups.codes] * (with_trees - logit), logit)


def _effective(offsets: Sequence[Offset]) -> Floats:
    return np.array([offset.effective for offset in offsets])


def _first_variance(effects: GroupEffect) -> Floats:
    known = effects.variance_per_day[np.isfinite(effects.variance_per_day)]
    if not len(known):
        raise ValueError("no group has two days; offsets need at least two")
    return known[:1]
