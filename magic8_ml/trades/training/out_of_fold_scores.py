"""Metrics of the out-of-fold predictions, and thresholds by F1 and recall for comparison.

The model was selected on all folds but the last, so the thresholds come from the last fold alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Mask
from magic8_ml.metrics.logistic import fit_platt
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.levels import SYMBOL_STRATEGY
from magic8_ml.trades.thresholds import best_f1, recall_threshold
from magic8_ml.trades.training.fit import WinModelFit
from magic8_ml.trades.training.model_selection import daily_mean, log_loss

_WEAK_PRIOR_DAYS: Final = 1e-3
_MIN_DAYS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WinScores:
    """Scores of enough days; losses are means over days, skills are relative to the baseline's Brier loss.

    ``skill_over_price`` is None where some premiums are unknown.
    """

    base_rate: float
    brier: float
    log_loss: float
    skill_over_base_rate: float
    reliability_slope: float
    reliability_intercept: float
    skill_over_price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WinMetrics:
    """Sample size and, with at least 20 days, scores."""

    trades: int
    days: int
    scores: WinScores | None

    def as_json(self) -> dict[str, Any]:
        """Return the known numbers as flat JSON values."""
        scores = {} if self.scores is None else asdict(self.scores)
        return {
            "trades": self.trades,
            "days": self.days,
            **{name: value for name, value in scores.items() if value is not None},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfFoldMetrics:
    """Metrics of all trades and of every symbol and strategy."""

    overall: WinMetrics
    by_symbol_strategy: Mapping[str, WinMetrics]

    def as_json(self) -> dict[str, Any]:
        """Return JSON values."""
        by_pair = {name: metrics.as_json() for name, metrics in self.by_symbol_strategy.items()}
        return {"overall": self.overall.as_json(), "by_symbol_strategy": by_pair}


def out_of_fold_metrics(fitted: WinModelFit) -> OutOfFoldMetrics:
    """Return metrics of the out-of-fold predictions."""
    predicted = np.isfinite(fitted.logits)
    sample = fitted.sample
    key_code = sample.key_code[fitted.rows]
    by_pair = {key.group(SYMBOL_STRATEGY): key_code == code for code, key in enumerate(sample.trade_keys)}
    return OutOfFoldMetrics(
        overall=_metrics(fitted, predicted),
        by_symbol_strategy={name: _metrics(fitted, predicted & of_pair) for name, of_pair in sorted(by_pair.items())},
    )


def check_skill(overall: WinMetrics) -> None:
    """Check that the model is not worse than the base rates over all trades.

    Raises
    ------
    TrainingRefused
        When its Brier loss is larger than that of the base rates, or there are too few days to compare.
    """
    if overall.scores is None:
        raise TrainingRefused(
            f"walk-forward: {overall.days} days have predictions, need {_MIN_DAYS} to compare with the base"
            " rates; add days with trades"
        )
    if not (skill := overall.scores.skill_over_base_rate) >= 0:
        raise TrainingRefused(
            f"walk-forward: the model is worse than the base rates, skill {skill:+.1%} over {overall.trades} trades"
            f" of {overall.days} days; no model is stored, add trades or use the base rates"
        )


def thresholds_of(fitted: WinModelFit) -> dict[str, Any]:
    """Return ``individual`` {SYMBOL: {strategy: threshold}} and ``grouped`` {group: ..} by F1, and by recall 0.80."""
    fold_index = fitted.walk_forward.fold_index
    predicted = np.isfinite(fitted.logits) & (fold_index == int(fold_index.max()))
    probability, won = expit(fitted.logits), fitted.walk_forward.out_of_fold.won > 0
    key_code, trade_keys = fitted.sample.key_code[fitted.rows], fitted.sample.trade_keys
    symbol = np.array([key.symbol for key in trade_keys])[key_code]
    group = np.array([key.scale_group for key in trade_keys])[key_code]
    strategy = np.array([key.strategy for key in trade_keys])[key_code]

    def by(label: np.ndarray[Any, Any], rule: Any) -> dict[str, dict[str, float]]:  # noqa: ANN401 - one of two rules
        table: dict[str, dict[str, float]] = {}
        for name in np.unique(label[predicted]).tolist():
            for kind in np.unique(strategy[predicted]).tolist():
                selected = predicted & (label == name) & (strategy == kind)
                if (threshold := rule(probability[selected], won[selected])) is not None:
                    table.setdefault(name, {})[kind] = threshold
        return table

    return {
        "window": _window(fitted, predicted),
        "individual": by(symbol, best_f1),
        "grouped": by(group, best_f1),
        "individual_recall80": by(symbol, recall_threshold),
        "grouped_recall80": by(group, recall_threshold),
    }


def _window(fitted: WinModelFit, rows: Mask) -> Mapping[str, int]:
    return {"days": len(np.unique(fitted.walk_forward.out_of_fold.day[rows])), "trades": int(rows.sum())}


def _metrics(fitted: WinModelFit, rows: Mask) -> WinMetrics:
    out_of_fold = fitted.walk_forward.out_of_fold
    day, won, logit = out_of_fold.day[rows], out_of_fold.won[rows], fitted.logits[rows]
    days = len(np.unique(day))
    if days < _MIN_DAYS:
        return WinMetrics(trades=int(rows.sum()), days=days, scores=None)
    brier = daily_mean((expit(logit) - won) ** 2, day)
    base_rates, prices = _base_rates(fitted)[rows], fitted.prices[rows]
    intercept, slope = fit_platt(logit, won, day, _WEAK_PRIOR_DAYS)
    scores = WinScores(
        base_rate=daily_mean(won, day),
        brier=brier,
        log_loss=daily_mean(log_loss(logit, won), day),
        skill_over_base_rate=1 - brier / daily_mean((base_rates - won) ** 2, day),
        reliability_slope=slope,
        reliability_intercept=intercept,
        skill_over_price=1 - brier / daily_mean((expit(prices) - won) ** 2, day) if np.isfinite(prices).all() else None,
    )
    return WinMetrics(trades=int(rows.sum()), days=days, scores=scores)


def _base_rates(fitted: WinModelFit) -> Floats:
    # of each symbol and strategy on the days before the first test fold
    sample, n_keys = fitted.sample, len(fitted.sample.trade_keys)
    before = sample.day <= fitted.folds[0].train[-1]
    wins, count = (np.bincount(sample.key_code[before], part, n_keys) for part in (sample.won[before], None))
    return np.asarray(((wins + 1) / (count + 2))[sample.key_code[fitted.rows]])
