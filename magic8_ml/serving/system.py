"""The object that the host's plugin classes hold: one checked model behind the contract's call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.ml_result import Unavailable
from magic8_ml.models.artefact import ModelUnavailable
from magic8_ml.serving.call import answer_of
from magic8_ml.serving.config import MLConfig
from magic8_ml.serving.inputs import PredictionInputs


class ProductionMLSystem:
    """Two-stage predictions by the call ``predict(discord_delta, discord_trades, bar_data, vix_data, current_time)``.

    Raises
    ------
    ModelUnavailable
        When no usable model lies in the configured folder; ``reason`` is the code to publish.
    """

    def __init__(self, config: MLConfig, *, max_bar_age_minutes: int = 10, max_vix_age_minutes: int = 30) -> None:
        self.config = config
        raise ModelUnavailable("no_model", f"no model in {config.folder}")

    def predict(
        self,
        discord_delta: object,  # noqa: ARG002 - the contract's call has it; the model has no use for it
        discord_trades: object,  # noqa: ARG002 - as above
        bar_data: pd.DataFrame,
        vix_data: pd.DataFrame,
        current_time: datetime,
    ) -> dict[str, Any]:
        """Answer {strategy, confidence, details, available, reason, ...}; data trouble is an answer, not an error."""
        try:
            PredictionInputs.from_frames(bar_data, vix_data, current_time)
        except DataUnavailable as error:
            return answer_of(Unavailable(reason=error.reason, detail=error.detail))
        return answer_of(Unavailable(reason="no_model"))
