"""Labelled trade rows as the sample that models learn from: columns every row can have, paths, single precision."""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.levels import trade_key
from magic8_ml.trades.rows import TradeRows, known_everywhere
from magic8_ml.trades.sample import Sample

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
