"""How the predictions made before their days did, and the thresholds that are computed beside for comparison.

Choices were made on all blocks but the last; thresholds are those of the last block alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Mask
from magic8_ml.metrics.logistic import fit_platt
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.thresholds import best_f1, recall_threshold
from magic8_ml.trades.training.fit import LearntWins
from magic8_ml.trades.training.model_selection import daily_mean, log_loss

_HARDLY_A_BELIEF: Final = 1e-3
_FEWEST_DAYS: Final = 20


def figures_of(learnt: LearntWins) -> dict[str, Any]:
    """Return figures over all trades and of every symbol and strategy, JSON values; losses are means over days."""
    said = np.isfinite(learnt.margins)
    sample = learnt.sample
    path = sample.path[learnt.rows]
    by_pair = {item.key("symbol_strategy"): path == place for place, item in enumerate(sample.paths)}
    return {
        "overall": _figures(learnt, said),
        "by_symbol_strategy": {name: _figures(learnt, said & mine) for name, mine in sorted(by_pair.items())},
    }


def check_skill(figures: Mapping[str, Any]) -> None:
    """Check the figures of :func:`figures_of`: over all trades the model must not lose against the base rates.

    Raises
    ------
    TrainingRefused
        When its Brier loss is larger than that of the base rates, or its days are too few to compare.
    """
    overall = figures["overall"]
    skill = overall.get("skill_over_base_rate")
    if skill is None:
        raise TrainingRefused(
            f"walk-forward: {overall['days']} days have predictions, need {_FEWEST_DAYS} to compare with the base"
            " rates; add days with trades"
        )
    if not skill >= 0:
        raise TrainingRefused(
            f"walk-forward: the model is worse than the base rates, skill {skill:+.1%} over {overall['trades']} trades"
            f" of {overall['days']} days; no model is stored, add trades or use the base rates"
        )


def thresholds_of(learnt: LearntWins) -> dict[str, Any]:
    """Return ``individual`` {SYMBOL: {strategy: threshold}} and ``grouped`` {group: ..} by F1, and by recall 0.80."""
    said = np.isfinite(learnt.margins) & (learnt.walk.block == int(learnt.walk.block.max()))
    chance, won = expit(learnt.margins), learnt.walk.told.won > 0
    path, paths = learnt.sample.path[learnt.rows], learnt.sample.paths
    symbol = np.array([item.symbol for item in paths])[path]
    group = np.array([item.scale_group for item in paths])[path]
    strategy = np.array([item.strategy for item in paths])[path]

    def by(owner: np.ndarray[Any, Any], rule: Any) -> dict[str, dict[str, float]]:  # noqa: ANN401 - one of two rules
        table: dict[str, dict[str, float]] = {}
        for name in np.unique(owner[said]).tolist():
            for kind in np.unique(strategy[said]).tolist():
                mine = said & (owner == name) & (strategy == kind)
                if (threshold := rule(chance[mine], won[mine])) is not None:
                    table.setdefault(name, {})[kind] = threshold
        return table

    return {
        "window": _window(learnt, said),
        "individual": by(symbol, best_f1),
        "grouped": by(group, best_f1),
        "individual_recall80": by(symbol, recall_threshold),
        "grouped_recall80": by(group, recall_threshold),
    }


def _window(learnt: LearntWins, rows: Mask) -> Mapping[str, int]:
    return {"days": len(np.unique(learnt.walk.told.day[rows])), "trades": int(rows.sum())}


def _figures(learnt: LearntWins, rows: Mask) -> dict[str, Any]:
    told = learnt.walk.told
    day, won, margin = told.day[rows], told.won[rows], learnt.margins[rows]
    days = len(np.unique(day))
    answer: dict[str, Any] = {"trades": int(rows.sum()), "days": days}
    if days < _FEWEST_DAYS:
        return answer
    model = daily_mean((expit(margin) - won) ** 2, day)
    base = _base_rates(learnt)[rows]
    intercept, slope = fit_platt(margin, won, day, _HARDLY_A_BELIEF)
    answer |= {
        "base_rate": daily_mean(won, day),
        "brier": model,
        "log_loss": daily_mean(log_loss(margin, won), day),
        "skill_over_base_rate": 1 - model / daily_mean((base - won) ** 2, day),
        "reliability_slope": slope,
        "reliability_intercept": intercept,
    }
    priced = np.isfinite(learnt.prices[rows])
    if priced.all():
        answer["skill_over_price"] = 1 - model / daily_mean((expit(learnt.prices[rows]) - won) ** 2, day)
    return answer


def _base_rates(learnt: LearntWins) -> Floats:
    # of each symbol and strategy on the days before the first block
    sample, n_paths = learnt.sample, len(learnt.sample.paths)
    before = sample.day <= learnt.folds[0].train[-1]
    wins, count = (np.bincount(sample.path[before], part, n_paths) for part in (sample.won[before], None))
    return np.asarray(((wins + 1) / (count + 2))[sample.path[learnt.rows]])
