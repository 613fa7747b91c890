"""The same past with another future: cut off at a moment, or going on in a wild way that never happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import COLUMNS, Bars, from_ns
from magic8_ml.forecast.prediction_inputs import DAILY_OPEN, PredictionInputs
from magic8_ml.forecast.session_table import BAR_NS, DAY_NS, session_table

_SEED: Final = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
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
