"""One function per feature: (today) -> an array of shape (n_bars,), or one number for the whole day.

Variances are taken relative to what the VIX implied, so that one model serves calm and wild years and every symbol.
The unit "day sigma" is VIX/100/sqrt(252).  No formula may look at a later bar; the truncation test holds them to it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.events.rules import is_month_end
from magic8_companion.options.expiry import monthly_expiry
from magic8_ml.forecast.intraday import Today
from magic8_ml.forecast.session_table import BAR_NS, session_table
from magic8_ml.forecast.statement_times import is_calendar_known
from magic8_ml.forecast.statement_times import minutes_to_statement as minutes_from
from magic8_ml.forecast.variance import log_or_nan, ratio_or_nan

_QUARTER_HOUR: Final = 3
_HALF_HOUR: Final = 6
_HOUR: Final = 12
_TWO_HOURS: Final = 24
_QUARTER_MONTHS: Final = (3, 6, 9, 12)
_BIPOWER: Final = np.pi / 2


def minutes_to_close(today: Today) -> Floats:
    """Return minutes from the end of the bar to the close, half-day aware."""
    return today.minutes_to_close


def half_hours_left(today: Today) -> Floats:
    """Return the started half hours until the close: the bucket, counted from the end of the day."""
    return np.ceil(today.minutes_to_close / 30)


def weekday(today: Today) -> float:
    """Return 0 for Monday to 4 for Friday."""
    return float(session_table().sessions[today.history.row].day.weekday())


def share_left(today: Today) -> Floats:
    """Return the expected share of a full day's variance still to come."""
    return today.share_left


def log_realised_so_far(today: Today) -> Floats:
    """Return ln(realised variance since the open / implied variance of the day)."""
    return log_or_nan(today.realised / today.implied_day)


def log_pace(today: Today) -> Floats:
    """Return ln(realised so far / expected so far); from the second bar."""
    pace = log_or_nan(today.pace)
    pace[:1] = np.nan
    return pace


def log_pace_half_hour(today: Today) -> Floats:
    """Return ln(realised / expected) of the last six bars."""
    return _log_pace(today, today.realised, _HALF_HOUR)


def log_realised_1_day(today: Today) -> float:
    """Return ln(yesterday's realised variance / implied variance of today)."""
    return _relative(today.history.level_1_day, today)


def log_realised_5_days(today: Today) -> float:
    """Return ln(mean realised variance of 5 sessions / implied variance of today)."""
    return _relative(today.history.level_5_days, today)


def variance_premium(today: Today) -> float:
    """Return ln(mean realised variance of 22 sessions / implied variance of today)."""
    return _relative(today.history.level_22_days, today)


def trailing_u(today: Today) -> float:
    """Return the mean of realised over implied sigma of the last 22 sessions."""
    return today.history.trailing_u


def downside_share(today: Today) -> Floats:
    """Return the share of negative returns in today's realised variance; from the second bar."""
    down = np.cumsum(np.where(today.returns < 0, today.returns**2, 0.0))
    share = ratio_or_nan(down, today.realised)
    share[:1] = np.nan
    return share


def jump_share(today: Today) -> Floats:
    """Return max(realised - bipower, 0) / realised; from the sixth bar."""
    size = np.abs(today.returns)
    products = np.concatenate(([0.0], size[1:] * size[:-1]))
    done = np.arange(1, len(size) + 1)
    bipower = _BIPOWER * np.cumsum(products) * done / np.maximum(done - 1, 1)
    share = ratio_or_nan(np.maximum(today.realised - bipower, 0.0), today.realised)
    share[: _HALF_HOUR - 1] = np.nan
    return share


def log_vix(today: Today) -> float:
    """Return ln of today's VIX open."""
    return float(np.log(today.vix_open))


def vix_change(today: Today) -> float:
    """Return ln(today's VIX open / yesterday's close)."""
    return float(np.log(today.vix_open / today.history.vix_closes[-1]))


def vix_rank(today: Today) -> float:
    """Return the mid-rank of today's VIX open among the closes of 252 sessions, 0..1; needs 60 of them."""
    closes = today.history.vix_closes
    known = closes[~np.isnan(closes)]
    if len(known) < 60:
        return float("nan")
    return float(((known < today.vix_open).sum() + 0.5 * (known == today.vix_open).sum()) / len(known))


def gap(today: Today) -> float:
    """Return ln(open / previous session's last price) in day sigmas."""
    return float(np.log(today.bars.open[0] / today.history.previous_close)) / today.sigma_day


def abs_gap(today: Today) -> float:
    """Return the size of the gap in day sigmas."""
    return abs(gap(today))


def return_since_open(today: Today) -> Floats:
    """Return ln(last / open) in day sigmas."""
    return (today.log_close - today.log_open) / today.sigma_day


def return_half_hour(today: Today) -> Floats:
    """Return the log return of the last six bars in day sigmas."""
    return _window_return(today, _HALF_HOUR)


def return_two_hours(today: Today) -> Floats:
    """Return the log return of the last 24 bars in day sigmas."""
    return _window_return(today, _TWO_HOURS)


def day_range(today: Today) -> Floats:
    """Return ln(high so far / low so far) in day sigmas."""
    high, low = _extremes(today)
    return np.asarray(np.log(high / low) / today.sigma_day)


def position_in_range(today: Today) -> Floats:
    """Return (last - low) / (high - low) of the day so far, 0..1; missing while nothing moved."""
    high, low = _extremes(today)
    return ratio_or_nan(today.bars.close - low, high - low)


def distance_to_vwap(today: Today) -> Floats:
    """Return ln(last / volume-weighted average price) in day sigmas; missing without volume."""
    bars = today.bars
    typical = (bars.high + bars.low + bars.close) / 3
    vwap = ratio_or_nan(np.cumsum(typical * bars.volume), np.cumsum(bars.volume))
    return (today.log_close - log_or_nan(vwap)) / today.sigma_day


def minutes_to_statement(today: Today) -> Floats:
    """Return minutes to the Federal Reserve's statement of the day, negative after it; missing without one."""
    return minutes_from(today.history.row, today.bars.starts + BAR_NS)


def statement_ahead(today: Today) -> Floats:
    """Return 1 while a known statement of the day is ahead, else 0; missing beyond the calendar."""
    return _flag(today, minutes_to_statement(today) > 0)


def statement_passed(today: Today) -> Floats:
    """Return 1 from the statement of the day on, else 0; missing beyond the calendar."""
    return _flag(today, minutes_to_statement(today) <= 0)


def monthly_expiry_day(today: Today) -> float:
    """Return 1 on the day of the monthly expiry, else 0."""
    day = session_table().sessions[today.history.row].day
    return float(day == monthly_expiry(day.year, day.month))


def month_end(today: Today) -> float:
    """Return 1 on the last session of a month, else 0."""
    return float(is_month_end(session_table().sessions[today.history.row].day))


def quarter_end(today: Today) -> float:
    """Return 1 on the last session of a quarter, else 0."""
    day = session_table().sessions[today.history.row].day
    return float(is_month_end(day) and day.month in _QUARTER_MONTHS)


def log_range_pace(today: Today) -> Floats:
    """Return ln(variance by ranges so far (Parkinson 1980) / expected so far); from the second bar."""
    pace = log_or_nan(ratio_or_nan(today.range_variance, today.expected_day * today.share_done))
    pace[:1] = np.nan
    return pace


def log_range_pace_half_hour(today: Today) -> Floats:
    """Return ln(variance by ranges / expected) of the last six bars."""
    return _log_pace(today, today.range_variance, _HALF_HOUR)


def downside_half_hour(today: Today) -> Floats:
    """Return the root of downside semivariance over expected variance of the last six bars."""
    down = np.cumsum(np.where(today.returns < 0, today.returns**2, 0.0))
    return np.sqrt(np.maximum(_pace(today, down, _HALF_HOUR), 0.0))


def log_pace_quarter_hour(today: Today) -> Floats:
    """Return ln(realised / expected) of the last three bars."""
    return _log_pace(today, today.realised, _QUARTER_HOUR)


def log_pace_hour(today: Today) -> Floats:
    """Return ln(realised / expected) of the last twelve bars."""
    return _log_pace(today, today.realised, _HOUR)


def squared_gap(today: Today) -> float:
    """Return the square of the gap in day variances."""
    return gap(today) ** 2


def log_last_hour(today: Today) -> float:
    """Return ln(variance of yesterday's last hour / implied variance of today's)."""
    history = today.history
    expected = history.share_left[-1 - _HOUR] * today.implied_day
    return math.log(history.last_hour / expected) if history.last_hour > 0 and expected > 0 else math.nan


def _flag(today: Today, is_set: Mask) -> Floats:
    return np.where(is_calendar_known(today.history.row), is_set.astype(np.float64), np.nan)


def _log_pace(today: Today, running: Floats, bars: int) -> Floats:
    return log_or_nan(_pace(today, running, bars))


def _pace(today: Today, running: Floats, bars: int) -> Floats:
    expected = today.expected_day * _lagged_difference(today.share_done, bars)
    return ratio_or_nan(_lagged_difference(running, bars), expected)


def _relative(level: float, today: Today) -> float:
    return math.log(level / today.implied_day) if level > 0 else math.nan


def _lagged_difference(running: Floats, bars: int) -> Floats:
    # a window that reaches back before the open is not full: missing
    answer = np.full_like(running, np.nan)
    if len(running) >= bars:
        answer[bars - 1] = running[bars - 1]
        answer[bars:] = running[bars:] - running[:-bars]
    return answer


def _window_return(today: Today, bars: int) -> Floats:
    return _lagged_difference(today.log_close - today.log_open, bars) / today.sigma_day


def _extremes(today: Today) -> tuple[Floats, Floats]:
    return np.maximum.accumulate(today.bars.high), np.minimum.accumulate(today.bars.low)
