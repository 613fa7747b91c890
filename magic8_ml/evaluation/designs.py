"""The designs that are evaluated side by side: the one that ships, and those that had the same chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.forecaster import Forecaster
from magic8_ml.forecast.two_stage import TwoStageForecaster

TRIED_BEFORE: Final = 58
"""Configurations tried while the designs were made, before there was a log: docs/model.md lists them, 60 with both."""

DESIGNS: Final[Sequence[Forecaster]] = (DistributionForecaster(), TwoStageForecaster())
