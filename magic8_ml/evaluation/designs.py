"""The models that are evaluated: the shipped design of each problem and its alternatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from magic8_ml.evaluation.trade_baselines import FORECAST, RECALIBRATED_LOGNORMAL
from magic8_ml.evaluation.trade_walk_forward import WinEstimator
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.forecaster import Forecaster
from magic8_ml.forecast.two_stage import TwoStageForecaster
from magic8_ml.trades.training.fit import PooledWinEstimator

TRIED_BEFORE: Final = 92
"""Configurations tried while the designs were made, before there was a log: docs/model.md lists them, 94 with both."""

DESIGNS: Final[Sequence[Forecaster]] = (DistributionForecaster(), TwoStageForecaster())

TRADE_DESIGNS: Final[Mapping[str, WinEstimator]] = {
    "pooled": PooledWinEstimator(),
    "forecast": FORECAST,
    "price": RECALIBRATED_LOGNORMAL,
}
DEFAULT_TRADE_DESIGN: Final = "pooled"
