"""Which inputs are too old to predict from: the one check of every model."""

from __future__ import annotations

from datetime import timedelta

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.prediction_inputs import DAILY_OPEN, PredictionInputs


def fresh_bars(inputs: PredictionInputs, *, max_bar_age: timedelta, max_vix_age: timedelta) -> Bars:
    """Return the session's bars of inputs whose newest bar and VIX are young enough.

    The day's official VIX open is fresh all day.

    Raises
    ------
    DataUnavailable
        ``market_closed``, ``missing_bars``, ``stale_bars``, ``missing_vix`` or ``stale_vix``.
    """
    if inputs.as_of >= inputs.session.close_at:
        raise DataUnavailable(ReasonCode.MARKET_CLOSED, "nothing of the session is left to predict")
    bars = inputs.today.between(inputs.session.open_at, min(inputs.as_of, inputs.session.close_at))
    if not len(bars):
        raise DataUnavailable(ReasonCode.MISSING_BARS, "no complete 5-minute bar of today")
    if (age := inputs.as_of - bars.last_end) > max_bar_age:
        raise DataUnavailable(ReasonCode.STALE_BARS, f"the newest bar is {_minutes(age)} old")
    if not len(inputs.vix_today) or inputs.vix_today.first_start < inputs.session.open_at:
        raise DataUnavailable(ReasonCode.MISSING_VIX, "no VIX of today")
    age = inputs.as_of - inputs.vix_today.last_end
    if inputs.vix_kind != DAILY_OPEN and age > max_vix_age:
        raise DataUnavailable(ReasonCode.STALE_VIX, f"the newest VIX is {_minutes(age)} old")
    return bars


def _minutes(age: timedelta) -> str:
    return f"{age.total_seconds() / 60:.0f} minutes"
