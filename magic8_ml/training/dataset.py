"""Bars and VIX -> one labelled row per symbol and entry time, by the functions that serve live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.bars import Bars, Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.features.catalogue import FEATURE_NAMES
from magic8_ml.features.day_history import DayHistory
from magic8_ml.features.labels import (
    ENTRY_BARS,
    ENTRY_BUCKETS,
    NO_CLASS,
    Classes,
    Outcome,
    outcome_of,
    trailing_classes,
)
from magic8_ml.features.sessions import complete_days, session_table, values_on
from magic8_ml.features.table import feature_matrix
from magic8_ml.features.today import today_of
from magic8_ml.training.progress import Progress, silent

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolDays:
    """One symbol's full days: session rows (n_days,), features (n_days, n_entries, n_features), u and z per entry.

    ``dropped`` counts the days of the span that could not be used, by reason.
    """

    days: Rows
    features: Floats
    u: Floats
    z: Floats
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Labelled rows of all symbols, by symbol and time; ``days`` are positions on the exchange calendar.

    ``symbols`` names whose bars were seen, also those too short for labels; ``symbol`` indexes it; ``seen`` holds the
    features of every usable row, labelled or not, and ``last_seen`` is the newest usable day.
    """

    symbols: tuple[str, ...]
    features: Floats
    direction: Classes
    regime: Classes
    days: Rows
    bucket: Rows
    symbol: Rows
    seen: Floats
    last_seen: int
    dropped: Mapping[str, Mapping[str, int]]

    def __len__(self) -> int:
        """Count the labelled rows."""
        return len(self.days)


def symbol_days(symbol: str, bars: Bars, vix_daily: Bars, progress: Progress = silent) -> SymbolDays:
    """Compute features and outcomes of every full day; half, incomplete and historyless days are dropped and counted.

    ``vix_daily``: stamps at 00:00 UTC of the trading date; of a day itself only the open is used.
    """
    first, last = _span(bars)
    days, positions = complete_days(bars, first, last)
    vix_open = values_on(vix_daily.starts, vix_daily.open, first, last)[days - first]
    dropped = _incomplete(bars, first, last, days)
    kept: list[int] = []
    features: list[Floats] = []
    outcomes: list[Outcome] = []
    for n, (day, at, vix) in enumerate(zip(days.tolist(), positions[:, 0].tolist(), vix_open.tolist(), strict=True)):
        progress(f"features {symbol}", n + 1, len(days), len(kept) * len(ENTRY_BARS))
        if np.isnan(vix):
            dropped["missing_vix"] += 1
            continue
        try:
            today = today_of(bars[at : at + positions.shape[1]], DayHistory.before(day, bars, vix_daily), vix)
            outcome = outcome_of(today)
        except DataUnavailable as error:
            dropped[error.reason] += 1
            continue
        kept.append(day)
        features.append(feature_matrix(today)[ENTRY_BARS - 1])
        outcomes.append(outcome)
    n_entries, n_features = len(ENTRY_BARS), len(FEATURE_NAMES)
    return SymbolDays(
        days=np.array(kept, dtype=np.int64),
        features=np.array(features, dtype=np.float64).reshape(-1, n_entries, n_features),
        u=np.array([outcome.u for outcome in outcomes]).reshape(-1, n_entries),
        z=np.array([outcome.z for outcome in outcomes]).reshape(-1, n_entries),
        dropped=dict(dropped),
    )


def dataset_of(by_symbol: Mapping[str, SymbolDays], first_day: int = 0) -> Dataset:
    """Label and stack the days of all symbols from session row ``first_day`` on; earlier days serve as references."""
    symbols = tuple(sorted(name for name, data in by_symbol.items() if len(data.days)))
    used = symbols or tuple(by_symbol)[:1]  # without any day the arrays are empty, but of the right shape
    parts = [_labelled(n, by_symbol[name], first_day) for n, name in enumerate(used)]
    seen = [by_symbol[name].features.reshape(-1, len(FEATURE_NAMES)) for name in used]
    return Dataset(
        symbols=symbols,
        features=np.concatenate([part.features for part in parts]),
        direction=np.concatenate([part.direction for part in parts]),
        regime=np.concatenate([part.regime for part in parts]),
        days=np.concatenate([part.days for part in parts]),
        bucket=np.concatenate([part.bucket for part in parts]),
        symbol=np.concatenate([part.symbol for part in parts]),
        seen=np.concatenate(seen),
        last_seen=max((int(by_symbol[name].days[-1]) for name in symbols), default=-1),
        dropped={name: data.dropped for name, data in sorted(by_symbol.items())},
    )


class _Labelled(NamedTuple):
    features: Floats
    direction: Classes
    regime: Classes
    days: Rows
    bucket: Rows
    symbol: Rows


def _labelled(number: int, data: SymbolDays, first_day: int) -> _Labelled:
    direction = trailing_classes(data.days, data.z)
    regime = trailing_classes(data.days, data.u)
    use = (direction != NO_CLASS) & (regime != NO_CLASS) & (data.days >= first_day)[:, None]
    days = np.broadcast_to(data.days[:, None], use.shape)[use]
    bucket = np.broadcast_to(ENTRY_BUCKETS, use.shape)[use]
    return _Labelled(data.features[use], direction[use], regime[use], days, bucket, np.full(len(days), number))


def _span(bars: Bars) -> tuple[int, int]:
    opens = session_table().opens
    if not len(bars):
        return 0, 0
    last = int(np.searchsorted(opens, bars.starts[-1], side="right"))
    return max(0, int(np.searchsorted(opens, bars.starts[0], side="right")) - 1), last


def _incomplete(bars: Bars, first: int, last: int, complete: Rows) -> Counter[str]:
    table = session_table()
    begin, end = (np.searchsorted(bars.starts, edge[first:last]) for edge in (table.opens, table.closes))
    traded = np.flatnonzero(end > begin) + first
    missed = np.setdiff1d(traded, complete)
    return Counter("half_day" if table.sessions[day].is_half_day else "incomplete_day" for day in missed.tolist())
