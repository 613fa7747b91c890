"""Write simulated bars as files that the replay provider reads and a training run can use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from magic8_companion.domain.market_state import SIMULATED
from magic8_companion.domain.strategy import VIX
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.recordings.bar_table import daily_table, intraday_table


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
        pq.write_table(intraday_table(market.bars(symbol, first, last), symbol, SIMULATED), path)
        written.append(path)
    path = folder / "vix_daily.parquet"
    pq.write_table(daily_table(market.vix_daily(first, last)), path)
    return (*written, path)
