"""One observed symbol as the row that training would have made of it."""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.feature_table import feature_matrix
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.history_cache import Histories
from magic8_ml.forecast.intraday import today_of
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.symbol_families import EVERYBODY, known_as
from magic8_ml.forecast.terciles import Terciles

_NOT_KNOWN_HERE: Final = np.full((1, 2), np.nan)


def serving_rows(inputs: PredictionInputs, bars: Bars, terciles: Terciles, histories: Histories) -> Rows:
    """Compute the row at the end of the newest of today's ``bars`` by the very functions that training uses.

    The VIX is today's first value, as in training, whatever the source delivers later in the day.

    Raises
    ------
    DataUnavailable
        ``missing_bars``, ``history_short``, ``market_closed``, ``no_movement`` when nothing is left to move, or
        ``abstained`` when the model has no terciles.
    """
    position = session_table().position(inputs.session.day)
    history = histories.before(inputs.symbol, position, inputs.history, inputs.vix_daily)
    today = today_of(bars, history, float(inputs.vix_today.open[0]))
    last = slice(len(bars) - 1, None)
    sigma = today.sigma_left()[last]
    if not sigma[0] > 0:
        raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
    bucket = bucket_of(today.minutes_to_close[last])
    name = EVERYBODY if inputs.symbol is None else known_as(inputs.symbol, terciles.regime)
    if np.isnan(terciles.regime[name]).any():
        raise DataUnavailable("abstained", "too few recent days were learnt to say what is low and high")
    return Rows(
        symbols=(inputs.symbol or EVERYBODY,),
        symbol=np.zeros(1, dtype=np.int64),
        day=np.array([position]),
        bucket=bucket,
        bars_done=np.array([len(bars)]),
        half_day=np.array([inputs.session.is_half_day]),
        features=feature_matrix(today)[last],
        spot=bars.close[last],
        sigma_vix=sigma,
        sigma_today=today.sigma_left(with_pace=True)[last],
        sigma_share=_NOT_KNOWN_HERE[:, 0],
        regime_terciles=terciles.regime[name][bucket],
        direction_terciles=terciles.direction[name][bucket],
        regime_terciles_today=_NOT_KNOWN_HERE,
    )
