"""What may be tuned, and between which bounds: the capacity of the boosted trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from magic8_ml.forecast.boosted_variance import BoostingSettings

MAX_TRIALS: Final = 40
"""Configurations of one family in one search: each further one makes the best look better than it is."""

SPACE: Final[Mapping[str, BaseDistribution]] = {
    "rounds": IntDistribution(50, 200, step=25),
    "max_leaves": IntDistribution(4, 15),
    "learning_rate": FloatDistribution(0.02, 0.08, log=True),
    "reg_lambda": FloatDistribution(5.0, 50.0, log=True),
    "colsample": FloatDistribution(0.5, 0.9),
    "day_share": FloatDistribution(0.5, 0.8),
}


def settings_of(parameters: Mapping[str, Any]) -> BoostingSettings:
    """Return the settings of one point of the space.

    >>> settings_of({"rounds": 50, "max_leaves": 4}).learning_rate
    0.05
    """
    return BoostingSettings(**parameters)


def shipped() -> dict[str, Any]:
    """Return the point of the space that is used without a search: the first configuration of every search."""
    return {name: getattr(BoostingSettings(), name) for name in SPACE}


def study(seed: int) -> optuna.Study:
    """Return an empty study that asks for the same points, whenever it is told the same losses."""
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=8, constant_liar=True)
    return optuna.create_study(sampler=sampler, direction="minimize")
