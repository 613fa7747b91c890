"""The ordered catalogue of trade features: what each is and since when it is known.  Order is identity.

Columns outside it cannot enter a model: outcomes, price levels, dates and the presence of a sheet have no place here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.forecast.feature_catalogue import CATALOGUE as MARKET_CATALOGUE
from magic8_ml.trades import feature_formulas as f
from magic8_ml.trades.feature_inputs import FeatureInputs
from magic8_ml.trades.terms import DeltaRows, MarketContext, TradeTerms

TIME: Final = "time"
TERMS: Final = "terms"
SIGNAL: Final = "signal"
DELTA: Final = "delta"
MARKET: Final = "market"
FORECAST: Final = "forecast"

OPTIONAL_GROUPS: Final = (SIGNAL, DELTA)
"""Groups that exist for a part of the history: a model may use them only where every row has them."""

OUTCOME_COLUMNS: Final = frozenset(
    {
        *("profit", "raw", "managed", "stop", "closed", "closing", "expired", "total_profit", "ratio", "win", "won"),
        *(
            "closing_delta",
            "predicted_vs_closing",
            "target",
            "win_managed",
            "settlement",
            "gross",
            "net",
            "net_per_risk",
        ),
        *("touched_short", "path_low", "path_high", "pin_risk", "profit_recomputed", "low", "high", "date", "time"),
        *("timestamp", "trade_id", "source", "source_file", "format_year", "has_delta_data", "price", "symbol"),
        *("strike1", "strike2", "strike3", "strike4", "profit_low", "profit_high", "random_state", "max_risk"),
    }
)
"""Columns of the data sets that tell the outcome, the day or the sheet."""


class LeakingColumn(ValueError):
    """A column that no model may see: the rows are refused, nothing is trained."""


@dataclass(frozen=True, slots=True)
class TradeFeature:
    """One column.

    ``available_at`` says in words since when it is known, always at or before the decision; ``group`` what it is made
    from.  A changed formula takes a higher ``version``, so that no old model is ever fed with it.
    """

    name: str
    group: str
    available_at: str
    unit: str
    compute: Callable[[FeatureInputs], Floats]
    version: int = 1


_ENTRY: Final = "at entry"
_BAR: Final = "end of the newest complete bar"
_FORECAST: Final = "the same, by a model fitted on earlier days"
_SIGNAL: Final = "with the signal"
_WRITTEN: Final = "when the delta row was written, at most 4 minutes before"

_TIMES: Final = (
    TradeFeature("minutes_to_close", TIME, _ENTRY, "minutes", f.minutes_to_close),
    TradeFeature("session_fraction", TIME, _ENTRY, "0..1", f.session_fraction),
    TradeFeature("half_hours_left", TIME, _ENTRY, "half hours", f.half_hours_left),
    TradeFeature("weekday", TIME, _ENTRY, "0..4", f.weekday),
)
_TERMS: Final = (
    TradeFeature("is_credit", TERMS, _ENTRY, "0 or 1", f.is_credit),
    TradeFeature("premium_ratio", TERMS, _ENTRY, "widths", f.premium_ratio),
    TradeFeature("risk_reward_ratio", TERMS, _ENTRY, "ratio", f.risk_reward_ratio),
    TradeFeature("implied_win", TERMS, _ENTRY, "0..1", f.implied_win),
    TradeFeature("fee_share", TERMS, _ENTRY, "of the risk", f.fee_share),
    TradeFeature("width_sigma", TERMS, _BAR, "sigmas", f.width_sigma),
    TradeFeature("premium_sigma", TERMS, _BAR, "sigmas", f.premium_sigma),
    TradeFeature("win_above_sigma", TERMS, _BAR, "sigmas", f.win_above_sigma),
    TradeFeature("win_below_sigma", TERMS, _BAR, "sigmas", f.win_below_sigma),
    TradeFeature("short_low_sigma", TERMS, _BAR, "sigmas", f.short_low_sigma),
    TradeFeature("short_high_sigma", TERMS, _BAR, "sigmas", f.short_high_sigma),
    TradeFeature("price_win", TERMS, _BAR, "0..1", f.price_win),
)
_SIGNALS: Final = (
    TradeFeature("predicted_vs_price", SIGNAL, _SIGNAL, "of the price", f.predicted_vs_price),
    TradeFeature("predicted_sigma", SIGNAL, _SIGNAL, "sigmas", f.predicted_sigma),
    TradeFeature("predicted_wins", SIGNAL, _SIGNAL, "0 or 1", f.predicted_wins),
)
_DELTAS: Final = (
    TradeFeature("short_long_spread", DELTA, _WRITTEN, "of the price", f.short_long_spread),
    TradeFeature("short_long_ratio", DELTA, _WRITTEN, "ratio", f.short_long_ratio),
    TradeFeature("price_vs_short", DELTA, _WRITTEN, "% of the price", f.price_vs_short),
    TradeFeature("price_vs_long", DELTA, _WRITTEN, "% of the price", f.price_vs_long),
    TradeFeature("predicted_vs_short", DELTA, _WRITTEN, "of the price", f.predicted_vs_short),
    TradeFeature("predicted_vs_long", DELTA, _WRITTEN, "of the price", f.predicted_vs_long),
    TradeFeature("delta_convergence", DELTA, _WRITTEN, "of the price", f.delta_convergence),
    TradeFeature("predictions_aligned", DELTA, _WRITTEN, "0 or 1", f.predictions_aligned),
    TradeFeature("call_put_delta_spread", DELTA, _WRITTEN, "delta", f.call_put_delta_spread),
)
_OWN_CLOCK: Final = {feature.name for feature in _TIMES}
_MARKET: Final = tuple(
    TradeFeature(
        feature.name,
        MARKET,
        f"{_BAR}, {feature.available_at} minutes after the open at the earliest",
        feature.unit,
        f.market_column(index),
        feature.version,
    )
    for index, feature in enumerate(MARKET_CATALOGUE)
    if feature.name not in _OWN_CLOCK
)
_FORECASTS: Final = (
    TradeFeature("forecast_win", FORECAST, _FORECAST, "0..1", f.forecast_win),
    TradeFeature("forecast_value", FORECAST, _FORECAST, "of the risk", f.forecast_value),
    TradeFeature("forecast_sigma_ratio", FORECAST, _FORECAST, "log ratio", f.forecast_sigma_ratio),
)

CATALOGUE: Final = (*_TIMES, *_TERMS, *_SIGNALS, *_DELTAS, *_MARKET, *_FORECASTS)
TRADE_FEATURES: Final = tuple(feature.name for feature in CATALOGUE)
_BY_NAME: Final = {feature.name: feature for feature in CATALOGUE}


def feature_named(name: str) -> TradeFeature:
    """Return a feature.

    Raises
    ------
    LeakingColumn
        When the catalogue does not know it.
    """
    require_catalogued((name,))
    return _BY_NAME[name]


def require_catalogued(names: Sequence[str]) -> None:
    """Refuse columns that are none of the catalogue, or stand there twice.

    Raises
    ------
    LeakingColumn
        With the names; outcomes are called so.
    """
    if len(set(names)) != len(names):
        raise LeakingColumn("a feature column stands there twice")
    unknown = [name for name in names if name not in _BY_NAME]
    if outcomes := [name for name in unknown if name in OUTCOME_COLUMNS]:
        raise LeakingColumn(f"{', '.join(outcomes)}: no model may see outcomes, price levels, dates or sheets")
    if unknown:
        raise LeakingColumn(f"{', '.join(unknown)}: not in the catalogue of features, so nobody knows when it is known")


@lru_cache(maxsize=64)
def digest_of(names: tuple[str, ...] = TRADE_FEATURES) -> str:
    """Return the sha256 of ordered names and versions: what a model was fitted on, and may be fed with."""
    lines = "\n".join(f"{name} v{feature_named(name).version}" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def trade_features(
    terms: TradeTerms,
    market: MarketContext | None = None,
    delta: DeltaRows | None = None,
    names: Sequence[str] = TRADE_FEATURES,
) -> Floats:
    """Compute features of n trades, shape (n, n_names); each row depends on its own trade, market and delta row alone.

    Without a market or delta row their features are missing (NaN).

    Raises
    ------
    LookAhead
        When a market or delta row is younger than its trade.
    LeakingColumn
        When a name is none of the catalogue.
    """
    market = MarketContext.unknown(len(terms)) if market is None else market
    inputs = FeatureInputs.of(terms, market, DeltaRows.unknown(len(terms)) if delta is None else delta)
    return feature_table(inputs, names)


def feature_table(inputs: FeatureInputs, names: Sequence[str] = TRADE_FEATURES) -> Floats:
    """Compute the same from inputs that were already put together."""
    table = np.empty((len(inputs.terms), len(names)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for index, compute in enumerate(_formulas(tuple(names))):
            table[:, index] = compute(inputs)
    return table


@lru_cache(maxsize=64)
def _formulas(names: tuple[str, ...]) -> tuple[Callable[[FeatureInputs], Floats], ...]:
    return tuple(feature_named(name).compute for name in names)
