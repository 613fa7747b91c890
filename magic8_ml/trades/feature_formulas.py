"""One function per trade feature: (inputs) -> an array of shape (n,), NaN where something is missing.

Distances are in sigmas: the standard deviation of the log return to the close that the market implies at entry.  No
strike, no price level and no date survives into a feature.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import ndtr

from magic8_companion.domain.arrays import Floats
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.variance import ratio_or_nan
from magic8_ml.trades.feature_inputs import FeatureInputs

_MINUTE_NS: Final = 60 * 1_000_000_000
_SCORE: Final = 0.05  # a short or long term below this share of the price is a score, no level


def minutes_to_close(row: FeatureInputs) -> Floats:
    """Return minutes from entry to the close, half-day aware."""
    return np.asarray((session_table().closes[row.session] - row.terms.at) / _MINUTE_NS)


def session_fraction(row: FeatureInputs) -> Floats:
    """Return the share of the session that is over."""
    opens, closes = session_table().opens[row.session], session_table().closes[row.session]
    return np.asarray((row.terms.at - opens) / (closes - opens))


def half_hours_left(row: FeatureInputs) -> Floats:
    """Return the started half hours until the close."""
    return np.ceil(minutes_to_close(row) / 30)


def weekday(row: FeatureInputs) -> Floats:
    """Return 0 for Monday to 4 for Friday."""
    return ((session_table().days[row.session] + 3) % 7).astype(np.float64)  # 1970-01-01 was a Thursday


def is_credit(row: FeatureInputs) -> Floats:
    """Return 1 where the premium is received, 0 where it is paid."""
    paid = row.terms.net_premium
    return np.where(np.isnan(paid), np.nan, paid < 0)


def premium_ratio(row: FeatureInputs) -> Floats:
    """Return premium over width, the distance between best and worst result."""
    return ratio_or_nan(np.abs(row.terms.net_premium), row.payoffs.best - row.payoffs.worst)


def risk_reward_ratio(row: FeatureInputs) -> Floats:
    """Return the most that can be won over the most that can be lost."""
    return ratio_or_nan(row.payoffs.best, -row.payoffs.worst)


def implied_win(row: FeatureInputs) -> Floats:
    """Return q*: risk over risk plus reward."""
    return row.payoffs.implied


def fee_share(row: FeatureInputs) -> Floats:
    """Return fees over the most that can be lost."""
    return ratio_or_nan(row.terms.fees / MULTIPLIER, -row.payoffs.worst)


def width_sigma(row: FeatureInputs) -> Floats:
    """Return the distance between best and worst result in sigmas."""
    return ratio_or_nan(row.payoffs.best - row.payoffs.worst, row.unit)


def premium_sigma(row: FeatureInputs) -> Floats:
    """Return the premium in sigmas, a credit is negative."""
    return ratio_or_nan(row.terms.net_premium, row.unit)


def win_above_sigma(row: FeatureInputs) -> Floats:
    """Return the distance of the break-even above which the trade wins; missing where there is none."""
    return row.sigmas(_turn(row, 1.0))


def win_below_sigma(row: FeatureInputs) -> Floats:
    """Return the distance of the break-even below which the trade wins; missing where there is none."""
    return row.sigmas(_turn(row, -1.0))


def short_low_sigma(row: FeatureInputs) -> Floats:
    """Return the distance of the lowest short strike."""
    terms = row.terms
    lowest = np.where(terms.quantity < 0, terms.strikes, np.inf).min(axis=1)
    return row.sigmas(np.where(np.isinf(lowest), np.nan, lowest))


def short_high_sigma(row: FeatureInputs) -> Floats:
    """Return the distance of the highest short strike."""
    terms = row.terms
    highest = np.where(terms.quantity < 0, terms.strikes, 0.0).max(axis=1)
    return row.sigmas(np.where(highest == 0, np.nan, highest))


def price_win(row: FeatureInputs) -> Floats:
    """Return the probability of a gain under the lognormal at the implied sigma, without drift."""
    sigma = row.market.sigma[:, None]
    away = np.log(row.payoffs.breakevens / row.terms.price[:, None])
    probability = row.payoffs.win_probability(ndtr(away / sigma + sigma / 2))
    return np.where(np.isnan(row.market.sigma), np.nan, probability)


def predicted_vs_price(row: FeatureInputs) -> Floats:
    """Return predicted close over price, less 1."""
    return row.terms.predicted / row.terms.price - 1


def predicted_sigma(row: FeatureInputs) -> Floats:
    """Return the predicted move in sigmas."""
    return row.sigmas(row.terms.predicted)


def predicted_wins(row: FeatureInputs) -> Floats:
    """Return 1 where the trade would win at the predicted close, else 0."""
    predicted = row.terms.predicted
    wins = row.payoffs.win_probability((predicted[:, None] < row.payoffs.breakevens).astype(np.float64))
    return np.where(np.isnan(predicted), np.nan, wins)


def short_long_spread(row: FeatureInputs) -> Floats:
    """Return short term less long term, over price."""
    return (_short(row) - _long(row)) / row.terms.price


def short_long_ratio(row: FeatureInputs) -> Floats:
    """Return short term over long term."""
    return ratio_or_nan(_short(row), _long(row))


def price_vs_short(row: FeatureInputs) -> Floats:
    """Return price less short term, in per cent of the price."""
    return 100 * (1 - _short(row) / row.terms.price)


def price_vs_long(row: FeatureInputs) -> Floats:
    """Return price less long term, in per cent of the price."""
    return 100 * (1 - _long(row) / row.terms.price)


def predicted_vs_short(row: FeatureInputs) -> Floats:
    """Return predicted close less short term, over price."""
    return (row.terms.predicted - _short(row)) / row.terms.price


def predicted_vs_long(row: FeatureInputs) -> Floats:
    """Return predicted close less long term, over price."""
    return (row.terms.predicted - _long(row)) / row.terms.price


def delta_convergence(row: FeatureInputs) -> Floats:
    """Return the distance of short and long term, over price."""
    return np.abs(short_long_spread(row))


def predictions_aligned(row: FeatureInputs) -> Floats:
    """Return 1 where short and long term lie on the same side of the price, 0 where not."""
    short, long = _short(row) - row.terms.price, _long(row) - row.terms.price
    return np.where(np.isnan(short) | np.isnan(long), np.nan, short * long > 0)


def call_put_delta_spread(row: FeatureInputs) -> Floats:
    """Return call delta less the size of the put delta."""
    return row.delta.call_delta - np.abs(row.delta.put_delta)


def market_column(index: int) -> Callable[[FeatureInputs], Floats]:
    """Return the formula that takes a column of the five-minute model's features."""

    def column(row: FeatureInputs) -> Floats:
        return row.market.features[:, index]

    return column


def forecast_win(row: FeatureInputs) -> Floats:
    """Return the probability of a gain under the forecast distribution."""
    moves = row.market.moves
    if moves is None:
        return np.full(len(row.terms), np.nan)
    below = moves.below(np.log(row.payoffs.breakevens / row.terms.price[:, None]))
    return np.where(np.isnan(moves.sigma), np.nan, row.payoffs.win_probability(below))


def forecast_value(row: FeatureInputs) -> Floats:
    """Return the expected result under the forecast distribution, over the most that can be lost."""
    terms, moves = row.terms, row.market.moves
    if moves is None:
        return np.full(len(terms), np.nan)
    strikes = terms.strikes / terms.price[:, None]
    calls = moves.calls(strikes)
    puts = calls + strikes - 1  # the forecast has no drift
    price_value = (terms.quantity * np.where(terms.is_call, calls, puts)).sum(axis=1) * terms.price
    return ratio_or_nan(price_value - row.payoffs.cost, -row.payoffs.worst)


def forecast_sigma_ratio(row: FeatureInputs) -> Floats:
    """Return ln(forecast sigma / implied sigma)."""
    moves = row.market.moves
    return np.full(len(row.terms), np.nan) if moves is None else np.log(moves.sigma / row.market.sigma)


def _turn(row: FeatureInputs, direction: float) -> Floats:
    # the lowest level at which the trade starts to win, the highest at which it stops
    level = np.where(row.payoffs.direction == direction, row.payoffs.breakevens, np.nan)
    at = level[:, 0]
    for index in range(1, level.shape[1]):
        at = np.where(np.isnan(at), level[:, index], at)
    return at


def _short(row: FeatureInputs) -> Floats:
    return _level(row.delta.short_term, row)


def _long(row: FeatureInputs) -> Floats:
    return _level(row.delta.long_term, row)


def _level(values: Floats, row: FeatureInputs) -> Floats:
    return np.where(values > _SCORE * row.terms.price, values, np.nan)
