"""Simulated bars and VIX of ten months, two half days among them, and the ledger of their last months."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from magic8_companion.domain.bars import Bars
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.recordings.bar_table import daily_table, intraday_table
from magic8_ml.cli.ledger import make_ledger

FIRST, LAST = date(2023, 10, 2), date(2024, 7, 12)
HALF_DAY, EARLY_HALF_DAY = date(2024, 7, 3), date(2023, 11, 24)
MARKET = SimulatedMarket(seed=8)


@lru_cache(maxsize=8)
def bars(symbol: str) -> Bars:
    """Return the bars of a symbol."""
    return MARKET.bars(symbol, FIRST, LAST)


def vix() -> Bars:
    """Return the daily VIX."""
    return MARKET.vix_daily(FIRST, LAST)


def ledger(series: dict[str, Bars], vix_daily: Bars | None = None, **options: Any) -> pa.Table:
    """Return the rows of all days that have any."""
    asked = {"first_day": FIRST, "last_day": LAST, **options}
    return make_ledger(series, vix() if vix_daily is None else vix_daily, **asked)[0]


@lru_cache(maxsize=2)
def spy_ledger() -> pa.Table:
    """Return SPY's rows."""
    return ledger({"SPY": bars("SPY")})


def write_files(folder: Path, symbols: tuple[str, ...] = ("SPY", "QQQ")) -> tuple[Path, Path]:
    """Write bars and VIX as a collector would; return the folder of bars and the VIX file."""
    (folder / "bars").mkdir(parents=True)
    for symbol in symbols:
        table = intraday_table(bars(symbol), symbol, "simulated")
        pq.write_table(table, folder / "bars" / f"{symbol.lower()}_5m.parquet")
    pq.write_table(daily_table(vix()), folder / "vix_daily.parquet")
    return folder / "bars", folder / "vix_daily.parquet"
