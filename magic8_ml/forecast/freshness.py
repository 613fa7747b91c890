"""Which inputs are too old to predict from."""

from __future__ import annotations

from datetime import timedelta

from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.prediction_inputs import DAILY_OPEN, PredictionInputs


def require_fresh(inputs: PredictionInputs, *, max_bar_age: timedelta, max_vix_age: timedelta) -> None:
    """Let inputs pass whose newest bar and VIX are young enough; the day's official VIX open is fresh all day.

    Raises
    ------
    DataUnavailable
        ``market_closed``, ``missing_bars``, ``stale_bars``, ``missing_vix`` or ``stale_vix``.
    """
    if inputs.as_of >= inputs.session.close_at:
        raise DataUnavailable("market_closed", "nothing of the session is left to predict")
    if not len(inputs.today):
        raise DataUnavailable("missing_bars", "no complete 5-minute bar of today")
    if (age := inputs.as_of - inputs.today.last_end) > max_bar_age:
        raise DataUnavailable("stale_bars", f"the newest bar is {_minutes(age)} old")
    if not len(inputs.vix_today) or inputs.vix_today.first_start < inputs.session.open_at:
        raise DataUnavailable("missing_vix", "no VIX of today")
    age = inputs.as_of - inputs.vix_today.last_end
    if inputs.vix_kind != DAILY_OPEN and age > max_vix_age:
        raise DataUnavailable("stale_vix", f"the newest VIX is {_minutes(age)} old")


def _minutes(age: timedelta) -> str:
    return f"{age.total_seconds() / 60:.0f} minutes"
