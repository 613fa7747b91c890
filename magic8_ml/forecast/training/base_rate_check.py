"""Reject a model whose walk-forward forecasts are worse than the base rates of its own training days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Mask
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.forecast.training.walk_forward_scores import base_rates
from magic8_ml.metrics.proper_scores import ranked_probability_score
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.canaries import CanaryLosses, DaySkill

LARGEST_ERRORS: Final = {"regime": 0.0, "direction": 2.0}
"""How many standard errors (by day) each skill may be below 0.  Volatility can be forecast, so its skill must not be
negative.  Direction hardly can, so a negative skill within noise is allowed."""

STAGES: Final = {"regime": "volatility", "direction": "direction"}


def check_base_rates(rows: Rows, test: Mask, folds: Sequence[Fold], forecast: Forecast) -> None:
    """Check that the forecasts of ``rows[test]`` are not worse than the base rates, over all tested days.

    Raises
    ------
    TrainingRefused
        When the RPS of a stage is larger than that of the base rates; the error gives both skill and error.
    """
    base, tested = base_rates(rows, folds, fewest_days=0), rows[test]
    for name, errors in LARGEST_ERRORS.items():
        found = _skill_over_base(tested, base, forecast, name)
        if not found.skill >= -errors * found.standard_error:
            raise TrainingRefused(
                f"walk-forward: the {STAGES[name]} forecasts are worse than the base rates, skill {found.skill:+.1%} +-"
                f" {found.standard_error:.1%} over {len(np.unique(tested.day[tested.labelled]))} days; no model is"
                " stored, add days or check the bars and the VIX rows"
            )


def _skill_over_base(rows: Rows, base: Forecast, forecast: Forecast, name: str) -> DaySkill:
    scored = rows.labelled
    outcomes = getattr(rows[scored], name)
    predicted, baseline = (ranked_probability_score(getattr(f[scored], name), outcomes) for f in (forecast, base))
    return CanaryLosses(predicted=predicted, baseline=baseline, day=rows.day[scored]).skill
