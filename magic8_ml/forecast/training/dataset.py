"""Bars and VIX -> one row per symbol and entry time, by the functions that serve live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.day_history import LARGEST_RETURN, DayHistory
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES, FeatureTable, feature_matrix
from magic8_ml.forecast.forecaster import Outcomes, Rows, concat_rows
from magic8_ml.forecast.intraday import Today, today_of
from magic8_ml.forecast.labels import ENTRY_BARS, ENTRY_BUCKETS, trailing_terciles
from magic8_ml.forecast.session_table import FULL_DAY_BARS, complete_days, session_table, values_on
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress


def outcomes_of(today: Today, bars_done: Integers) -> Outcomes:
    """Measure a finished full day after so many bars, shape (n_entries,).

    Raises
    ------
    DataUnavailable
        ``no_movement`` when the days before moved at no time after an entry: nothing to compare with.
    """
    if len(today.bars) != FULL_DAY_BARS:
        raise DataUnavailable("incomplete_day", f"{len(today.bars)} bars of {FULL_DAY_BARS}")
    at = bars_done - 1
    if not (today.sigma_left()[at] > 0).all():
        raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
    return Outcomes(
        realised=np.maximum(today.realised[-1] - today.realised[at], 0.0),
        move=today.log_close[-1] - today.log_close[at],
        highest=_to_the_close(np.maximum, np.log(today.bars.high))[bars_done] - today.log_close[at],
        lowest=_to_the_close(np.minimum, np.log(today.bars.low))[bars_done] - today.log_close[at],
    )


def _to_the_close(extreme: np.ufunc, values: Floats) -> Floats:
    return np.asarray(extreme.accumulate(values[::-1])[::-1])


LARGEST_GAP: Final = 0.35
"""An overnight log return beyond it is taken for an unadjusted split."""

SHARE_SESSIONS: Final = 120
SHARE_MIN_DAYS: Final = 60
_AT: Final = ENTRY_BARS - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The rows of all symbols, by symbol and time.

    ``dropped`` counts per symbol the days of its span that could not be used, by reason.
    """

    rows: Rows
    dropped: Mapping[str, Mapping[str, int]]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)


def describe_dropped(dropped: Mapping[str, Mapping[str, int]]) -> str:
    """Return the days that could not be used in words.

    >>> describe_dropped({"SPY": {"half_day": 3, "missing_vix": 1}, "QQQ": {}})
    'days left out: SPY 3 half_day, 1 missing_vix'
    """
    found = {name: ", ".join(f"{n} {why}" for why, n in drops.items()) for name, drops in dropped.items()}
    return "days left out: " + ("; ".join(f"{name} {counts}" for name, counts in found.items() if counts) or "none")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolSamples:
    """One symbol's full days: session positions (n_days,) and, per entry time, features, prices and outcomes.

    ``features`` has shape (n_days, n_entries, n_features), the other arrays (n_days, n_entries); ``implied_day``
    (n_days,) is the variance that the VIX open implied for each session.
    """

    days: Integers
    implied_day: Floats
    features: Floats
    spot: Floats
    sigma_vix: Floats
    sigma_today: Floats
    outcomes: Outcomes
    dropped: Mapping[str, int]


def dataset_of(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    progress: ProgressCallback = no_progress,
    table: FeatureTable = feature_matrix,
) -> Dataset:
    """Compute the rows of every symbol.

    ``vix_daily``: stamps at 00:00 UTC of the trading date; of a day itself only the open is used.
    """
    parts = {name: symbol_days(name, series, vix_daily, progress, table) for name, series in sorted(bars.items())}
    symbols = tuple(name for name, days in parts.items() if len(days.days)) or tuple(parts)[:1]
    return Dataset(
        rows=concat_rows([_rows_of(parts[name], symbols, n) for n, name in enumerate(symbols)]),
        dropped={name: days.dropped for name, days in parts.items()},
    )


def symbol_days(
    symbol: str,
    bars: Bars,
    vix_daily: Bars,
    progress: ProgressCallback = no_progress,
    table: FeatureTable = feature_matrix,
) -> SymbolSamples:
    """Compute features and outcomes of every full day; half, incomplete and historyless days are counted as dropped."""
    first, last = _span(bars)
    days, positions = complete_days(bars, first, last)
    vix_open = values_on(vix_daily.starts, vix_daily.open, first, last)[days - first]
    dropped = _incomplete(bars, first, last, days)
    kept: list[_Day] = []
    for n, (day, at, vix) in enumerate(zip(days.tolist(), positions[:, 0].tolist(), vix_open.tolist(), strict=True)):
        progress(f"features {symbol}", n + 1, len(days), len(kept) * len(ENTRY_BARS))
        if np.isnan(vix):
            dropped["missing_vix"] += 1
            continue
        try:
            today = today_of(bars[at : at + FULL_DAY_BARS], DayHistory.before(day, bars, vix_daily), vix)
            _require_no_jump(today)
            kept.append(_day(today, table))
        except DataUnavailable as error:
            dropped[error.reason] += 1
    return _stacked(kept, dropped)


class _Day(NamedTuple):
    day: int
    implied: float
    features: Floats
    spot: Floats
    sigma_vix: Floats
    sigma_today: Floats
    outcomes: Outcomes


def _require_no_jump(today: Today) -> None:
    # a model trained on an unadjusted split would treat the next one as an ordinary day
    overnight = abs(today.log_open - float(np.log(today.history.previous_close)))
    if overnight > LARGEST_GAP or np.abs(today.returns).max() > LARGEST_RETURN:
        raise DataUnavailable("price_jump", "prices jumped as they do at a split")


def _day(today: Today, table: FeatureTable) -> _Day:
    return _Day(
        day=today.history.row,
        implied=today.implied_day,
        features=table(today)[_AT],
        spot=today.bars.close[_AT],
        sigma_vix=today.sigma_left()[_AT],
        sigma_today=today.sigma_left(with_pace=True)[_AT],
        outcomes=outcomes_of(today, ENTRY_BARS),
    )


def _stacked(kept: list[_Day], dropped: Mapping[str, int]) -> SymbolSamples:
    n_entries = len(ENTRY_BARS)

    def per_entry(values: list[Floats]) -> Floats:
        return np.array(values, dtype=np.float64).reshape(-1, n_entries)

    outcomes = {item.name: per_entry([getattr(day.outcomes, item.name) for day in kept]) for item in fields(Outcomes)}
    return SymbolSamples(
        days=np.array([day.day for day in kept], dtype=np.int64),
        implied_day=np.array([day.implied for day in kept], dtype=np.float64),
        features=np.array([day.features for day in kept], dtype=np.float64).reshape(-1, n_entries, len(FEATURE_NAMES)),
        spot=per_entry([day.spot for day in kept]),
        sigma_vix=per_entry([day.sigma_vix for day in kept]),
        sigma_today=per_entry([day.sigma_today for day in kept]),
        outcomes=Outcomes(**outcomes),
        dropped=dict(dropped),
    )


def _rows_of(data: SymbolSamples, symbols: tuple[str, ...], number: int) -> Rows:
    n_days, n_entries = data.spot.shape
    outcomes, share = data.outcomes, _share_sigma(data)
    per_row: dict[str, Any] = {name: getattr(data, name).ravel() for name in ("spot", "sigma_vix", "sigma_today")}
    root = np.sqrt(outcomes.realised)
    return Rows(
        symbols=symbols,
        symbol=np.full(n_days * n_entries, number),
        day=np.repeat(data.days, n_entries),
        bucket=np.tile(ENTRY_BUCKETS, n_days),
        bars_done=np.tile(ENTRY_BARS, n_days),
        half_day=np.zeros(n_days * n_entries, dtype=np.bool_),
        features=data.features.reshape(n_days * n_entries, len(FEATURE_NAMES)),
        sigma_share=share.ravel(),
        regime_terciles=_terciles(data.days, root / data.sigma_vix),
        direction_terciles=_terciles(data.days, outcomes.move / data.sigma_vix),
        regime_terciles_today=_terciles(data.days, root / data.sigma_today),
        outcomes=Outcomes(**{item.name: getattr(outcomes, item.name).ravel() for item in fields(Outcomes)}),
        **per_row,
    )


def _terciles(days: Integers, values: Floats) -> Floats:
    return trailing_terciles(days, values)[:, ENTRY_BUCKETS].reshape(-1, 2)


def _share_sigma(data: SymbolSamples) -> Floats:
    # mean share of the implied day that was still realised at this time of day, over the last 120 sessions
    share = data.outcomes.realised / data.implied_day[:, None]
    answer = np.full(share.shape, np.nan)
    for n, day in enumerate(data.days.tolist()):
        first = int(np.searchsorted(data.days, day - SHARE_SESSIONS))
        if n - first >= SHARE_MIN_DAYS:
            answer[n] = np.sqrt(share[first:n].mean(axis=0) * data.implied_day[n])
    return answer


def _span(bars: Bars) -> tuple[int, int]:
    opens = session_table().opens
    if not len(bars):
        return 0, 0
    last = int(np.searchsorted(opens, bars.starts[-1], side="right"))
    return max(0, int(np.searchsorted(opens, bars.starts[0], side="right")) - 1), last


def _incomplete(bars: Bars, first: int, last: int, complete: Integers) -> Counter[str]:
    table = session_table()
    begin, end = (np.searchsorted(bars.starts, edge[first:last]) for edge in (table.opens, table.closes))
    traded = np.flatnonzero(end > begin) + first
    missed = np.setdiff1d(traded, complete)
    return Counter("half_day" if table.sessions[day].is_half_day else "incomplete_day" for day in missed.tolist())
