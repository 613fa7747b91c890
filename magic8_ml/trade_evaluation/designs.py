"""The models that can be asked for by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from magic8_ml.trade_evaluation.baselines import FORECAST
from magic8_ml.trade_evaluation.protocol import WinModel

DESIGNS: Final[Mapping[str, WinModel]] = {"forecast": FORECAST}
DEFAULT: Final = "forecast"
