"""Check on a sample of rows that every feature was known when it was used, by recomputing it without the future.

For each sampled row the bars end at the entry time and the daily VIX of the day has only its open.  The same functions
must return the same bits, and a feature has no value before the time at which it is declared available.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.day_history import DayHistory
from magic8_ml.forecast.feature_catalogue import AVAILABLE_AT, FEATURE_NAMES, FeatureTable, feature_matrix
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.intraday import today_of
from magic8_ml.forecast.session_table import DAY_NS, session_table
from magic8_ml.registry.canaries import AvailabilityAudit

SAMPLED_DAYS: Final = 24
"""Days audited per symbol, spread over its whole span; three entry times of each."""

_BAR_MINUTES: Final = 5
_SEED: Final = 8


def audit(
    bars: Mapping[str, Bars], vix_daily: Bars, rows: Rows, table: FeatureTable = feature_matrix
) -> AvailabilityAudit:
    """Recompute a sample of ``rows`` from what was known at their time."""
    late = np.zeros(len(FEATURE_NAMES), dtype=np.bool_)
    sample = _sample(rows)
    for place in sample.tolist():
        row = rows[place : place + 1]
        known = _recomputed(bars[rows.symbols[int(row.symbol[0])]], vix_daily, row, table)
        late |= ~((known == row.features[0]) | (np.isnan(known) & np.isnan(row.features[0])))
        late |= np.isfinite(row.features[0]) & (_BAR_MINUTES * row.bars_done[0] < AVAILABLE_AT)
    names = tuple(name for name, is_late in zip(FEATURE_NAMES, late.tolist(), strict=True) if is_late)
    return AvailabilityAudit(values=len(sample) * len(FEATURE_NAMES), late=names)


def _sample(rows: Rows) -> Integers:
    draws = np.random.default_rng(_SEED)
    found: list[int] = []
    for symbol in range(len(rows.symbols)):
        mine = np.flatnonzero(rows.symbol == symbol)
        days = np.unique(rows.day[mine])
        spread = np.unique(np.linspace(0, len(days) - 1, min(SAMPLED_DAYS, len(days))).astype(int))
        for day in days[spread].tolist():
            of_day = mine[rows.day[mine] == day]
            later = draws.choice(of_day[1:], size=min(2, len(of_day) - 1), replace=False)
            found += [int(of_day[0]), *later.tolist()]  # the first entry of a day knows least
    return np.array(found, dtype=np.int64)


def _recomputed(series: Bars, vix_daily: Bars, row: Rows, table: FeatureTable) -> Floats:
    day, done = int(row.day[0]), int(row.bars_done[0])
    begin = int(np.searchsorted(series.starts, session_table().opens[day]))
    before = int(np.searchsorted(vix_daily.starts, session_table().days[day] * DAY_NS))
    vix_open = float(vix_daily.open[before])
    history = DayHistory.before(day, series[:begin], vix_daily[:before])
    return np.asarray(table(today_of(series[begin : begin + done], history, vix_open))[-1])
