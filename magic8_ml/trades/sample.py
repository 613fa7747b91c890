"""Trades with known results, as the models learn from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask, Singles
from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.levels import STRATEGY, Nodes, TradeKey, nodes_of, trade_key
from magic8_ml.trades.rows import TradeRows, known_everywhere

OWN_TRADES: Final = 100
OWN_DAYS: Final = 60
OWN_DAYS_PER_CLASS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One row per trade; arrays have shape (n_rows,), ``features`` (n_rows, len(``names``)), NaN is missing.

    ``path`` indexes ``paths``; ``day`` is the session's position on the exchange calendar, ascending; ``implied`` and
    ``forecast`` are probabilities of a gain by the premium and by the forecast distribution; ``won`` is 0 or 1.
    ``shares`` of reward and risk are those of all trades, also in a part of the rows.
    """

    names: tuple[str, ...]
    paths: tuple[TradeKey, ...]
    path: Integers
    day: Integers
    features: Singles
    implied: Floats
    forecast: Floats
    won: Floats
    shares: RealisedFractions

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.day)

    def __getitem__(self, rows: Mask | Integers | slice) -> Sample:
        """Return some of the rows."""
        columns = ("path", "day", "features", "implied", "forecast", "won")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def nodes(self) -> tuple[Nodes, ...]:
        """Return the nodes of the rows on each level."""
        return nodes_of(self.paths, self.path)

    def strategy_nodes(self) -> Nodes:
        """Return the nodes of the rows on the level of strategies."""
        return nodes_of(self.paths, self.path, (STRATEGY,))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much a node has to learn from: trades, days, and days on which the rarer result came."""

    trades: int
    days: int
    rarer_days: int

    @classmethod
    def of(cls, day: Integers, won: Floats) -> Size:
        """Count."""
        sides = (len(np.unique(day[won > 0])), len(np.unique(day[won <= 0])))
        return cls(trades=len(day), days=len(np.unique(day)), rarer_days=min(sides))

    @property
    def shortage(self) -> str | None:
        """Return what is missing for an answer and trees of its own, or None if nothing is.

        >>> Size(trades=77, days=1, rarer_days=0).shortage
        '77 trades, 100 needed'
        """
        for have, need, what in (
            (self.trades, OWN_TRADES, "trades"),
            (self.days, OWN_DAYS, "days"),
            (self.rarer_days, OWN_DAYS_PER_CLASS, "days with the rarer result"),
        ):
            if have < need:
                return f"{have} {what}, {need} needed"
        return None


FORECAST_WIN: Final = "forecast_win"


def sample_of(rows: TradeRows) -> Sample:
    """Return the rows of which a price or a forecast is known, in the order of days.

    Columns whose presence would tell where a row came from are left out.
    """
    names = known_everywhere(rows)
    forecast = rows.column(FORECAST_WIN)
    known = np.flatnonzero(np.isfinite(rows.implied) | np.isfinite(forecast))
    order = known[np.argsort(rows.day[known], kind="stable")]
    pairs, path = np.unique(rows.pair[order], return_inverse=True)
    return Sample(
        names=names,
        paths=tuple(trade_key(*rows.pairs[pair]) for pair in pairs.tolist()),
        path=path,
        day=rows.day[order],
        features=rows.with_columns(names).features[order].astype(np.float32),
        implied=rows.implied[order],
        forecast=forecast[order],
        won=rows.won[order].astype(np.float64),
        shares=RealisedFractions.of(rows),
    )
