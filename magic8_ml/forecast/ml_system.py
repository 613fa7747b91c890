"""The object that the host's plugin classes hold: the champion of a registry behind the contract's call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.ml_result import MLResult, Unavailable
from magic8_companion.ports import plugin_config
from magic8_ml.forecast.contract_call import to_answer
from magic8_ml.forecast.ml_config import MLConfig
from magic8_ml.forecast.model_files import load_model
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.predictor import Predictor
from magic8_ml.registry.manifest import ModelUnavailable
from magic8_ml.registry.reloading import ReloadingChampion


class ProductionMLSystem:
    """Two-stage predictions by the call ``predict(discord_delta, discord_trades, bar_data, vix_data, current_time)``.

    The champion of the configured folder answers; after a promotion it is the new one, without a restart.

    Parameters
    ----------
    max_bar_age_minutes, max_vix_age_minutes
        How old the newest bar and the VIX may be; default: the settings (``.env`` and environment).

    Raises
    ------
    PluginUnavailable
        When no usable model lies in the configured folder; ``reason`` is the code to publish.
    """

    def __init__(
        self, config: MLConfig, *, max_bar_age_minutes: int | None = None, max_vix_age_minutes: int | None = None
    ) -> None:
        if not config.enable_two_stage:
            raise ModelUnavailable("no_model", "the two-stage model is switched off (enable_two_stage)")
        self.config = config
        if max_bar_age_minutes is None or max_vix_age_minutes is None:
            configured = plugin_config()
            max_bar_age_minutes = max_bar_age_minutes or configured.max_bar_age_minutes
            max_vix_age_minutes = max_vix_age_minutes or configured.max_vix_age_minutes
        bar_age, vix_age = timedelta(minutes=max_bar_age_minutes), timedelta(minutes=max_vix_age_minutes)

        def load(folder: Path) -> Predictor:
            return Predictor(model=load_model(folder), max_bar_age=bar_age, max_vix_age=vix_age)

        self._champion = ReloadingChampion(config.folder, load)

    @property
    def predictor(self) -> Predictor:
        """Return the typed core that answers now."""
        return self._champion.current().served

    @property
    def model_version(self) -> str:
        """Return the version of the model that answers now, as published."""
        return self._champion.current().version

    def health(self) -> Mapping[str, Any]:
        """Return model_version, model_valid_until and reload_problem."""
        return self._champion.health()

    def predict(
        self,
        discord_delta: object,  # noqa: ARG002 - the contract's call has it; the model has no use for it
        discord_trades: object,  # noqa: ARG002 - as above
        bar_data: pd.DataFrame | None,
        vix_data: pd.DataFrame | None,
        current_time: datetime,
    ) -> dict[str, Any]:
        """Answer {strategy, confidence, details, available, reason, ...}; data trouble is an answer, not an error."""
        try:
            inputs = PredictionInputs.from_frames(bar_data, vix_data, current_time)
        except DataUnavailable as error:
            return to_answer(Unavailable(reason=error.reason, detail=error.detail))
        return to_answer(self.answer(inputs))

    def answer(self, inputs: PredictionInputs) -> MLResult:
        """Answer checked inputs; the very same as :meth:`predict` of their frames."""
        champion = self._champion.current()
        if inputs.session.day > champion.valid_until:
            return Unavailable(
                reason="model_expired",
                detail=f"{champion.version} could serve until {champion.valid_until}; train again",
            )
        return champion.served.predict(inputs)
