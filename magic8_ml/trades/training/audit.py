"""Check on a sample of trades that every feature was known at entry, by recomputing it without later data.

Forecasts are not recomputed: they come from a walk-forward that fits on earlier days only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.bars import COLUMNS, Bars, from_ns
from magic8_ml.forecast.session_table import DAY_NS
from magic8_ml.registry.canaries import AvailabilityAudit
from magic8_ml.trades.dataset import TradeData
from magic8_ml.trades.feature_catalogue import FORECAST, feature_named, trade_features
from magic8_ml.trades.terms import DeltaRows
from magic8_ml.trades.trade_markets import market_snapshots

TRADES: Final = 40


def audit_features(data: TradeData, names: tuple[str, ...]) -> AvailabilityAudit:
    """Compute ``names`` of 40 trades, spread over the data, with everything and with what was known at their time."""
    checked = tuple(name for name in names if feature_named(name).group != FORECAST)
    places = np.unique(np.linspace(0, len(data.settled) - 1, TRADES).astype(np.int64))
    differs = np.zeros(len(checked), dtype=np.bool_)
    for place in places.tolist():
        row = np.array([place])
        whole = _features(data, row, checked, data.bars, data.vix_daily)
        at = int(data.settled.terms.at[place])
        bars = {symbol: series.known_at(from_ns(at)) for symbol, series in data.bars.items()}
        known = _features(data, row, checked, bars, _vix_until(data.vix_daily, at))
        differs |= (whole != known) & ~(np.isnan(whole) & np.isnan(known))
    late = tuple(name for name, late in zip(checked, differs.tolist(), strict=True) if late)
    return AvailabilityAudit(values=len(places) * len(checked), late=late)


def _features(
    data: TradeData, row: Integers, names: tuple[str, ...], bars: Mapping[str, Bars], vix_daily: Bars
) -> np.ndarray[Any, np.dtype[np.float64]]:
    terms, delta = data.settled.terms[row], data.settled.delta
    delta_rows = DeltaRows(**{item.name: getattr(delta, item.name)[row] for item in fields(DeltaRows)})
    return np.asarray(trade_features(terms, market_snapshots(terms, bars, vix_daily).contexts(), delta_rows, names)[0])


def _vix_until(vix_daily: Bars, at: int) -> Bars:
    # of its day the open is known, nothing else
    until = vix_daily[: int(np.searchsorted(vix_daily.starts, at, side="right"))]
    if not len(until) or until.starts[-1] < at // DAY_NS * DAY_NS:
        return until
    values = {name: getattr(until, name).copy() for name in COLUMNS if name not in {"open", "volume"}}
    for column in values.values():
        column[-1] = until.open[-1]
    return replace(until, **values)
