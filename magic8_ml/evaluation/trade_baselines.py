"""Whoever does not forecast: base rates, the majority, and prices, raw and recalibrated on the training days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats
from magic8_ml.evaluation.trade_walk_forward import WinEstimator
from magic8_ml.metrics.logistic import fit_platt, log_odds
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.terms import STRATEGIES

_PRIOR_DAYS: Final = 10.0
"""Weight of the unchanged price in its recalibration, in training days."""

_ENOUGH_ROWS: Final = 40_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothedWinRates:
    """Laplace-smoothed share of winners per pair (n_pairs,), by the names of symbol and strategy."""

    by_pair: Mapping[tuple[str, str], float]
    by_strategy: Mapping[str, float]

    def predict(self, rows: TradeRows) -> Floats:
        """Return the rate of each row's pair, that of its strategy where the pair never traded."""
        table = [self.by_pair.get(pair, self.by_strategy.get(pair[1], np.nan)) for pair in rows.pairs]
        return np.array(table, dtype=np.float64)[rows.pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRates:
    """Learns how often each strategy won on each symbol."""

    name: str = "B1 base rate"

    def fit(self, rows: TradeRows) -> SmoothedWinRates:
        """Count."""
        pairs = {
            pair: _smoothed(rows.won[mine])
            for place, pair in enumerate(rows.pairs)
            if (mine := rows.pair == place).any()
        }
        strategies: dict[str, float] = {
            name: _smoothed(rows.won[mine])
            for place, name in enumerate(STRATEGIES)
            if (mine := rows.strategy == place).any()
        }
        return SmoothedWinRates(by_pair=pairs, by_strategy=strategies)


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorityOutcome:
    """Predicts the most common outcome of a pair: the accuracy without skill."""

    name: str = "B8 majority"

    def fit(self, rows: TradeRows) -> SmoothedWinRates:
        """Count and round."""
        rates = BaseRates().fit(rows)
        return SmoothedWinRates(
            by_pair={pair: float(rate > _EVEN) for pair, rate in rates.by_pair.items()},
            by_strategy={name: float(rate > _EVEN) for name, rate in rates.by_strategy.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureProbability:
    """Repeats a feature that is a probability; nothing is fitted, so it is a model and its own fit."""

    name: str
    column: str

    def fit(self, rows: TradeRows) -> FeatureProbability:  # noqa: ARG002 - the face of every model; there is nothing to learn
        """Return itself."""
        return self

    def predict(self, rows: TradeRows) -> Floats:
        """Return the feature."""
        return rows.column(self.column)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedRecalibration:
    """Level and slope through log odds per strategy name."""

    column: str
    by_strategy: Mapping[str, tuple[float, float]]

    def predict(self, rows: TradeRows) -> Floats:
        """Return recalibrated probabilities, NaN of a strategy never seen."""
        lines = [self.by_strategy.get(name, (np.nan, np.nan)) for name in STRATEGIES]
        level, slope = np.array(lines, dtype=np.float64)[rows.strategy].T
        return np.asarray(expit(level + slope * log_odds(rows.column(self.column))))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalibratedFeature:
    """Learns a two-parameter line per strategy through the log odds of a feature that is a probability."""

    name: str
    column: str

    def fit(self, rows: TradeRows) -> FittedRecalibration:
        """Fit; each day weighs one, and of very many rows every second, third .. is looked at."""
        predicted, won = log_odds(rows.column(self.column)), rows.won.astype(np.float64)
        lines: dict[str, tuple[float, float]] = {}
        for place, name in enumerate(STRATEGIES):
            mine = np.flatnonzero((rows.strategy == place) & np.isfinite(predicted))
            if len(mine):
                seen = mine[:: -(-len(mine) // _ENOUGH_ROWS)]
                lines[name] = fit_platt(predicted[seen], won[seen], rows.day[seen], _PRIOR_DAYS)
        return FittedRecalibration(column=self.column, by_strategy=lines)


BASE_RATE: Final = BaseRates()
LOGNORMAL: Final = FeatureProbability(name="B2 lognormal at implied sigma", column="price_win")
RECALIBRATED_LOGNORMAL: Final = RecalibratedFeature(name="B2 recalibrated lognormal", column="price_win")
PREMIUM: Final = FeatureProbability(name="B7 premium-implied q*", column="implied_win")
RECALIBRATED_PREMIUM: Final = RecalibratedFeature(name="B7 recalibrated premium", column="implied_win")
MAJORITY: Final = MajorityOutcome()
FORECAST: Final = RecalibratedFeature(name="forecast distribution, recalibrated", column="forecast_win")

BASELINES: Final[tuple[WinEstimator, ...]] = (
    BASE_RATE,
    PREMIUM,
    RECALIBRATED_PREMIUM,
    LOGNORMAL,
    RECALIBRATED_LOGNORMAL,
    MAJORITY,
)
"""Printed with every model, on the same rows."""

_EVEN: Final = 0.5


def _smoothed(won: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return (float(won.sum()) + 1) / (len(won) + 2)
