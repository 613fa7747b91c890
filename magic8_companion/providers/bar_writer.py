"""Write simulated bars as files that the replay provider reads and a training run can use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.market_state import SIMULATED
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.providers.simulated_symbols import VIX

_PRICES: Final = ("open", "high", "low", "close")


def write_bar_files(
    folder: Path, market: SimulatedMarket, symbols: Sequence[str], first: date, last: date
) -> tuple[Path, ...]:
    """Write ``spy_5m.parquet`` per symbol, ``vix_5m.parquet`` and ``vix_daily.parquet`` of [first, last].

    Returns
    -------
    tuple of Path
        The written files; the last one is the daily VIX.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for symbol in dict.fromkeys((*symbols, VIX)):
        path = folder / f"{symbol.lower()}_5m.parquet"
        pq.write_table(_intraday(market.bars(symbol, first, last), symbol), path)
        written.append(path)
    path = folder / "vix_daily.parquet"
    pq.write_table(_daily(market.vix_daily(first, last)), path)
    return (*written, path)


def _intraday(bars: Bars, symbol: str) -> pa.Table:
    constant = {
        name: pa.array([value] * len(bars), pa.string()) for name, value in (("symbol", symbol), ("source", SIMULATED))
    }
    return pa.table(
        {
            "ts_utc": pa.array(bars.starts, pa.timestamp("ns", tz="UTC")),
            "symbol": constant["symbol"],
            **{name: getattr(bars, name) for name in _PRICES},
            "volume": bars.volume,
            "source": constant["source"],
        }
    )


def _daily(bars: Bars) -> pa.Table:
    days = pa.array(bars.starts, pa.timestamp("ns")).cast(pa.date32())
    return pa.table({"date": days, **{name: getattr(bars, name) for name in _PRICES}})
