"""The training sample: settled trades with their features, base probabilities and group keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask, Singles
from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.levels import STRATEGY, LevelGroups, TradeKey, level_groups, trade_key
from magic8_ml.trades.rows import TradeRows, complete_columns

MIN_TRADES: Final = 100
MIN_DAYS: Final = 60
MIN_DAYS_PER_CLASS: Final = 20
FORECAST_WIN: Final = "forecast_win"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One row per trade; arrays have shape (n_rows,), ``features`` (n_rows, len(``names``)), NaN is missing.

    ``key_code`` indexes ``trade_keys``.  ``day``: index of the session on the exchange calendar, ascending.
    ``implied`` and ``forecast``: win probability by the premium and by the forecast distribution.  ``won``: 0 or 1.
    ``realised_fractions`` are those of all trades; selecting rows does not change them.
    """

    names: tuple[str, ...]
    trade_keys: tuple[TradeKey, ...]
    key_code: Integers
    day: Integers
    features: Singles
    implied: Floats
    forecast: Floats
    won: Floats
    realised_fractions: RealisedFractions

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.day)

    def __getitem__(self, rows: Mask | Integers | slice) -> Sample:
        """Return some of the rows."""
        columns = ("key_code", "day", "features", "implied", "forecast", "won")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def groups(self) -> tuple[LevelGroups, ...]:
        """Return the groups of the rows on each level."""
        return level_groups(self.trade_keys, self.key_code)

    def strategy_groups(self) -> LevelGroups:
        """Return the strategies of the rows as groups."""
        return level_groups(self.trade_keys, self.key_code, (STRATEGY,))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSize:
    """Sample size of a group: trades, days, and days with the rarer outcome."""

    trades: int
    days: int
    rarer_days: int

    @classmethod
    def of(cls, day: Integers, won: Floats) -> SampleSize:
        """Count."""
        sides = (len(np.unique(day[won > 0])), len(np.unique(day[won <= 0])))
        return cls(trades=len(day), days=len(np.unique(day)), rarer_days=min(sides))

    @property
    def shortage(self) -> str | None:
        """Return what is missing for estimates and trees of the group's own, None if nothing is.

        >>> SampleSize(trades=77, days=1, rarer_days=0).shortage
        '77 trades, 100 needed'
        """
        for have, need, what in (
            (self.trades, MIN_TRADES, "trades"),
            (self.days, MIN_DAYS, "days"),
            (self.rarer_days, MIN_DAYS_PER_CLASS, "days with the rarer result"),
        ):
            if have < need:
                return f"{have} {what}, {need} needed"
        return None


def make_sample(rows: TradeRows) -> Sample:
    """Return the rows with a price or a forecast, sorted by day.

    Columns whose presence would reveal the source of a row are dropped.
    """
    names = complete_columns(rows)
    forecast = rows.column(FORECAST_WIN)
    known = np.flatnonzero(np.isfinite(rows.implied) | np.isfinite(forecast))
    order = known[np.argsort(rows.day[known], kind="stable")]
    pairs, key_code = np.unique(rows.pair[order], return_inverse=True)
    return Sample(
        names=names,
        trade_keys=tuple(trade_key(*rows.pairs[pair]) for pair in pairs.tolist()),
        key_code=key_code,
        day=rows.day[order],
        features=rows.with_columns(names).features[order].astype(np.float32),
        implied=rows.implied[order],
        forecast=forecast[order],
        won=rows.won[order].astype(np.float64),
        realised_fractions=RealisedFractions.of(rows),
    )
