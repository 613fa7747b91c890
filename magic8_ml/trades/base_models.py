"""Base models, which need no features: recalibrated market price, recalibrated forecast, and a blend of the two.

========  =============================================================================
price     recalibrated log odds of the premium: intercept + slope x log odds
forecast  recalibrated log odds of the forecast distribution
both      price + w x (forecast - price), with w in 0..1 fitted on past outcomes
========  =============================================================================

Each strategy has its own recalibration, because the same premium implies different probabilities in a butterfly and
in a condor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.logistic import fit_platt, fit_slope, log_odds
from magic8_ml.trades.levels import LevelGroups

PRICE: Final = "price"
FORECAST: Final = "forecast"
BOTH: Final = "both"
KINDS: Final = (PRICE, FORECAST, BOTH)

_PRIOR_DAYS: Final = 10.0
"""Strength of the prior on the identity recalibration, in training days."""

_MIN_DAYS: Final = 20


class RecalibrationParameters(NamedTuple):
    """Parameters of one strategy: intercept and slope of price and forecast, and the weight of the forecast."""

    price_intercept: float = 0.0
    price_slope: float = 1.0
    forecast_intercept: float = 0.0
    forecast_slope: float = 1.0
    forecast_weight: float = 0.0


IDENTITY: Final = RecalibrationParameters()
"""Recalibration that leaves probabilities unchanged; the prior mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """One base model; strategies without parameters of their own use ``default``, fitted on all trades."""

    kind: str
    default: RecalibrationParameters = IDENTITY
    strategies: Mapping[str, RecalibrationParameters]

    def logit(self, implied: Floats, forecast: Floats, strategy: LevelGroups) -> Floats:
        """Return log odds (n_rows,), NaN where a required probability is missing.

        >>> fly = LevelGroups(level="strategy", keys=("Butterfly",), codes=np.array([0, 0]))
        >>> base_model = Recalibration(kind="both", default=RecalibrationParameters(forecast_weight=0.5), strategies={})
        >>> base_model.logit(np.array([0.5, 0.5]), np.array([0.8, np.nan]), fly).round(3).tolist()
        [0.693, nan]
        """
        table = np.array([self.strategies.get(key, self.default) for key in strategy.keys])
        of_row = RecalibrationParameters(*table[strategy.codes].T)
        price = of_row.price_intercept + of_row.price_slope * log_odds(implied)
        if self.kind == PRICE:
            return np.asarray(price)
        forecast_logit = of_row.forecast_intercept + of_row.forecast_slope * log_odds(forecast)
        if self.kind == FORECAST:
            return np.asarray(forecast_logit)
        return np.asarray(price + of_row.forecast_weight * (forecast_logit - price))

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values for :meth:`from_json`."""
        strategies = {key: list(numbers) for key, numbers in self.strategies.items()}
        return {"kind": self.kind, "every": list(self.default), "strategies": strategies}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recalibration:
        """Read plain JSON values; raise ValueError for an unknown kind."""
        if data["kind"] not in KINDS:
            raise ValueError(f"base model {data['kind']!r} is unknown; kinds: {', '.join(KINDS)}")
        strategies = {str(key): _numbers(numbers) for key, numbers in data["strategies"].items()}
        return cls(kind=str(data["kind"]), default=_numbers(data["every"]), strategies=strategies)


def fit_base_models(
    implied: Floats, forecast: Floats, strategy: LevelGroups, won: Floats, day: Integers
) -> tuple[Recalibration, ...]:
    """Fit every base model that has enough days; each day has weight 1, and rows without its inputs are skipped."""
    default = _recalibrate(IDENTITY, implied, forecast, won, day)
    strategies = {}
    for index, key in enumerate(strategy.keys):
        mine = strategy.codes == index
        strategies[key] = _recalibrate(default, implied[mine], forecast[mine], won[mine], day[mine])
    known = {PRICE: np.isfinite(implied), FORECAST: np.isfinite(forecast)}
    known[BOTH] = known[PRICE] & known[FORECAST]
    kinds = [kind for kind in KINDS if _has_enough_days(day[known[kind]])]
    return tuple(Recalibration(kind=kind, default=default, strategies=strategies) for kind in kinds)


def first_known(
    base_models: Sequence[Recalibration], implied: Floats, forecast: Floats, strategy: LevelGroups
) -> tuple[Floats, Integers]:
    """Return per row the log odds of the first of ``base_models`` that has its inputs, and its index; -1 for none.

    >>> price = Recalibration(kind="price", strategies={})
    >>> both = Recalibration(kind="both", default=RecalibrationParameters(forecast_weight=1), strategies={})
    >>> fly = LevelGroups(level="strategy", keys=("Butterfly",), codes=np.array([0, 0]))
    >>> logit, index = first_known([both, price], np.array([0.5, 0.5]), np.array([0.8, np.nan]), fly)
    >>> logit.round(3).tolist(), index.tolist()
    ([1.386, 0.0], [0, 1])
    """
    logit, index = np.full(len(implied), np.nan), np.full(len(implied), -1, dtype=np.int64)
    for number, base_model in enumerate(base_models):
        candidate = base_model.logit(implied, forecast, strategy)
        take = (index < 0) & np.isfinite(candidate)
        logit[take], index[take] = candidate[take], number
    return logit, index


def _recalibrate(
    prior: RecalibrationParameters, implied: Floats, forecast: Floats, won: Floats, day: Integers
) -> RecalibrationParameters:
    # parameters without enough days keep their prior values
    fitted = prior
    priced, forecasted = np.isfinite(implied), np.isfinite(forecast)
    if _has_enough_days(day[priced]):
        intercept, slope = fit_platt(log_odds(implied[priced]), won[priced], day[priced], _PRIOR_DAYS)
        fitted = fitted._replace(price_intercept=intercept, price_slope=slope)
    if _has_enough_days(day[forecasted]):
        intercept, slope = fit_platt(log_odds(forecast[forecasted]), won[forecasted], day[forecasted], _PRIOR_DAYS)
        fitted = fitted._replace(forecast_intercept=intercept, forecast_slope=slope)
    both = priced & forecasted
    if _has_enough_days(day[both]):
        offset = fitted.price_intercept + fitted.price_slope * log_odds(implied[both])
        difference = fitted.forecast_intercept + fitted.forecast_slope * log_odds(forecast[both]) - offset
        forecast_weight = fit_slope(difference, won[both], day[both], offset, _PRIOR_DAYS).value
        fitted = fitted._replace(forecast_weight=float(np.clip(forecast_weight, 0.0, 1.0)))
    return fitted


def _has_enough_days(day: Integers) -> bool:
    return len(np.unique(day)) >= _MIN_DAYS


def _numbers(values: Sequence[float]) -> RecalibrationParameters:
    return RecalibrationParameters(*map(float, values))
