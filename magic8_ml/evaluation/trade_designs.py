"""The models that can be asked for by name: the shipped one, the forecast distribution and the price by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from magic8_ml.evaluation.trade_baselines import FORECAST, RECALIBRATED_LOGNORMAL
from magic8_ml.evaluation.trade_walk_forward import WinEstimator
from magic8_ml.trades.training.fit import PooledWins

DESIGNS: Final[Mapping[str, WinEstimator]] = {
    "pooled": PooledWins(),
    "forecast": FORECAST,
    "price": RECALIBRATED_LOGNORMAL,
}
DEFAULT: Final = "pooled"
