"""Canaries that change the future: every row and prediction of the past must stay as it was, to the bit.

Scrambled: the whole data set is built again from bars and VIX that go on, after some moment, as they never did.
Truncated: a sample of rows is made again by the code that serves, from bars and VIX that end at the row's moment.
Features, prices, thresholds and predictions are compared bit by bit with those of the training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.bars import COLUMNS, Bars, from_ns
from magic8_ml.forecast.day_history import DayHistoryCache
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.labels import BUCKETS, ENTRY_BARS
from magic8_ml.forecast.prediction_inputs import DAILY_OPEN, PredictionInputs
from magic8_ml.forecast.predictor import serving_rows
from magic8_ml.forecast.session_table import BAR_NS, DAY_NS, session_table
from magic8_ml.forecast.symbol_families import ALL_SYMBOLS
from magic8_ml.forecast.terciles import Terciles

_SEED: Final = 88

Build = Callable[[Mapping[str, Bars], Bars], Rows]
Predict = Callable[[Rows], Forecast]

MOMENTS: Final = 2
ROWS_PER_SYMBOL: Final = 40
PREDICTED_DAYS: Final = 10
"""So many days before a scrambled future are predicted again; of earlier days the rows are compared."""

_KEYS: Final = ("symbol", "day", "bars_done")
_VALUES: Final = tuple(
    item.name for item in fields(Rows) if item.name not in {*_KEYS, "symbols", "features", "outcomes"}
)


_SERVED: Final = ("day", "bucket", "bars_done", "half_day", "features", "spot", "sigma_vix", "sigma_today")
"""What serving computes of a row; its thresholds are those of the model, which knows later days."""

_ANY_TERCILES: Final = Terciles(
    regime={ALL_SYMBOLS: np.zeros((BUCKETS, 2))}, direction={ALL_SYMBOLS: np.zeros((BUCKETS, 2))}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the future changed in the past: how much was compared, how many rows differ, and the features to blame."""

    rows: int
    predictions: int
    differing: int
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rebuilt:
    """Rows as built with the real future and with another one; ``predicted`` marks those to be predicted from both."""

    reference: Rows
    changed: Rows
    predicted: Mask


def sampled(rows: Rows) -> Integers:
    """Return the places of a sample, spread evenly over the span of each symbol."""
    places = []
    for number in range(len(rows.symbols)):
        own = np.flatnonzero(rows.symbol == number)
        places.append(own[np.unique(np.linspace(0, len(own) - 1, ROWS_PER_SYMBOL).astype(int))])
    return np.concatenate(places)


def truncated_future(bars: Mapping[str, Bars], vix_daily: Bars, rows: Rows) -> Rebuilt:
    """Make a sample of the rows again as serving would have made them.

    Raises
    ------
    DataUnavailable
        When serving refuses a row that was trained on.
    """
    reference = rows[sampled(rows)]
    served = []
    for n in range(len(reference)):
        moment = EntryTime(day=int(reference.day[n]), bars_done=int(reference.bars_done[n]))
        symbol = rows.symbols[reference.symbol[n]]
        inputs = moment.inputs(symbol, bars[symbol], vix_daily)
        served.append(serving_rows(inputs, inputs.today, _ANY_TERCILES, DayHistoryCache()))
    changed: dict[str, Any] = {name: np.concatenate([getattr(row, name) for row in served]) for name in _SERVED}
    everything = np.ones(len(reference), dtype=np.bool_)
    return Rebuilt(reference=reference, changed=replace(reference, **changed), predicted=everything)


def scrambled_future(bars: Mapping[str, Bars], vix_daily: Bars, rows: Rows, build: Build) -> list[Rebuilt]:
    """Build the rows again with other prices after each moment."""
    rebuilt = []
    for moment in _moments(rows):
        wild = {symbol: moment.bars_scrambled(series) for symbol, series in bars.items()}
        changed = _renumbered(build(wild, moment.vix_scrambled(vix_daily)), rows.symbols)
        reference = _up_to(rows, moment)
        newest = reference.day >= np.unique(reference.day)[-PREDICTED_DAYS:][0]
        rebuilt.append(Rebuilt(reference=reference, changed=_up_to(changed, moment), predicted=newest))
    return rebuilt


def compare(rebuilt: Sequence[Rebuilt], predict: Predict | None = None) -> Difference:
    """Compare the rows, and with ``predict`` the predictions of those marked too."""
    parts = [_compared(pair, predict) for pair in rebuilt]
    named = {name for part in parts for name in part.features}
    return Difference(
        rows=sum(part.rows for part in parts),
        predictions=sum(part.predictions for part in parts),
        differing=sum(part.differing for part in parts),
        features=tuple(name for name in FEATURE_NAMES if name in named),
    )


def _moments(rows: Rows) -> tuple[EntryTime, ...]:
    # in the later half of the days, each at another time of the day
    days = np.unique(rows.day)
    places = np.linspace(len(days) // 2, len(days) - 1, MOMENTS).astype(int)
    done = ENTRY_BARS[np.linspace(2, len(ENTRY_BARS) - 3, MOMENTS).astype(int)]
    return tuple(
        EntryTime(day=day, bars_done=bars) for day, bars in zip(days[places].tolist(), done.tolist(), strict=True)
    )


def _renumbered(rows: Rows, symbols: tuple[str, ...]) -> Rows:
    number = np.array([symbols.index(name) for name in rows.symbols])
    return replace(rows, symbols=symbols, symbol=number[rows.symbol])


def _up_to(rows: Rows, moment: EntryTime) -> Rows:
    return rows[(rows.day < moment.day) | ((rows.day == moment.day) & (rows.bars_done <= moment.bars_done))]


def _compared(pair: Rebuilt, predict: Predict | None) -> Difference:
    reference, changed = pair.reference, pair.changed
    if not all(np.array_equal(getattr(reference, name), getattr(changed, name)) for name in _KEYS):
        # the future decided which rows there are
        count = max(len(reference), len(changed))
        return Difference(rows=count, predictions=0, differing=count, features=())
    by_feature = different(reference.features, changed.features)
    differs = by_feature.any(axis=1) | _differing(reference, changed, _VALUES)
    if predict is not None:
        one, other = (predict(rows[pair.predicted].without_outcomes()) for rows in (reference, changed))
        differs[pair.predicted] |= _differing(one, other, [item.name for item in fields(Forecast)])
    return Difference(
        rows=len(reference),
        predictions=0 if predict is None else int(pair.predicted.sum()),
        differing=int(differs.sum()),
        features=tuple(np.array(FEATURE_NAMES)[by_feature.any(axis=0)].tolist()),
    )


def different(one: Floats, other: Floats) -> Mask:
    """Tell which values are not the same to the bit; missing equals missing.

    >>> different(np.array([0.0, np.nan, 1.0]), np.array([-0.0, np.nan, 1.0])).tolist()
    [True, False, False]
    """
    bits = np.ascontiguousarray(one).view(np.int64) != np.ascontiguousarray(other).view(np.int64)
    return np.asarray(bits & ~(np.isnan(one) & np.isnan(other)))


def _differing(one: object, other: object, names: Sequence[str]) -> Mask:
    columns = []
    for name in names:
        values = [np.asarray(getattr(side, name), dtype=np.float64) for side in (one, other)]
        columns.append(different(*values).reshape(len(values[0]), -1).any(axis=1))
    return np.asarray(np.any(columns, axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTime:
    """``bars_done`` bars after the open of the session at position ``day`` of the exchange calendar."""

    day: int
    bars_done: int

    @property
    def stamp(self) -> int:
        """Return the instant in nanoseconds UTC; bars that start at it are not known at it."""
        return int(session_table().opens[self.day]) + self.bars_done * BAR_NS

    def inputs(self, symbol: str, bars: Bars, vix_daily: Bars) -> PredictionInputs:
        """Return what serving is handed at this moment: nothing later, and of the day's VIX its open alone."""
        session = session_table().sessions[self.day]
        at = self._vix_row(vix_daily)
        opened = vix_daily.open[at : at + 1]
        columns: dict[str, Any] = {**dict.fromkeys(COLUMNS[:4], opened), "volume": np.zeros(1)}
        return PredictionInputs(
            symbol=symbol,
            as_of=from_ns(self.stamp),
            session=session,
            today=bars.between(session.open_at, from_ns(self.stamp)),
            history=bars[: int(np.searchsorted(bars.starts, session_table().opens[self.day]))],
            vix_today=Bars(starts=session_table().opens[self.day : self.day + 1].copy(), **columns),
            vix_daily=vix_daily[:at],
            vix_kind=DAILY_OPEN,
        )

    def bars_scrambled(self, bars: Bars) -> Bars:
        """Return the same bars up to the moment, and then prices that leap about."""
        at = int(np.searchsorted(bars.starts, self.stamp))
        return _with_future(bars, at, _wild(len(bars) - at, scale=float(bars.close[max(0, at - 1)]), leap=0.02))

    def vix_scrambled(self, vix_daily: Bars) -> Bars:
        """Return the same VIX up to the open of the day, and then one that leaps about."""
        at = self._vix_row(vix_daily)
        future = _wild(len(vix_daily) - at, scale=20.0, leap=0.2)
        opened = vix_daily.open[at]
        future["open"][0] = opened
        future["high"][0] = max(opened, future["high"][0])
        future["low"][0] = min(opened, future["low"][0])
        return _with_future(vix_daily, at, future)

    def _vix_row(self, vix_daily: Bars) -> int:
        return int(np.searchsorted(vix_daily.starts, session_table().days[self.day] * DAY_NS))


def _wild(n: int, *, scale: float, leap: float) -> dict[str, Floats]:
    rng = np.random.default_rng(_SEED)
    close = scale * np.exp(leap * rng.standard_normal(n))
    opened = scale * np.exp(leap * rng.standard_normal(n))
    return {
        "open": opened,
        "high": np.maximum(opened, close) * (1 + leap),
        "low": np.minimum(opened, close) / (1 + leap),
        "close": close,
        "volume": rng.uniform(1.0, 1e6, n),
    }


def _with_future(bars: Bars, at: int, future: dict[str, Floats]) -> Bars:
    # the bars before position ``at``, and from there on the columns given
    columns: dict[str, Any] = {name: getattr(bars, name) for name in COLUMNS}
    for name, values in future.items():
        columns[name] = np.concatenate((columns[name][:at], values))
    return Bars(starts=bars.starts, length=bars.length, **columns)
