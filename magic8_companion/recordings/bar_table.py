"""Convert bars to parquet tables with the columns that ``bar_file`` reads."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from magic8_companion.domain.bars import Bars

_PRICES: Final = ("open", "high", "low", "close")


def intraday_table(bars: Bars, symbol: str, source: str) -> pa.Table:
    """Return ``ts_utc``, ``symbol``, prices, ``volume`` and ``source``, one row per bar."""
    return pa.table(
        {
            "ts_utc": pa.array(bars.starts, pa.timestamp("ns", tz="UTC")),
            "symbol": pa.array([symbol] * len(bars), pa.string()),
            **{name: getattr(bars, name) for name in _PRICES},
            "volume": bars.volume,
            "source": pa.array([source] * len(bars), pa.string()),
        }
    )


def daily_table(bars: Bars) -> pa.Table:
    """Return ``date`` and prices, one row per day."""
    days = pa.array(bars.starts, pa.timestamp("ns")).cast(pa.date32())
    return pa.table({"date": days, **{name: getattr(bars, name) for name in _PRICES}})
