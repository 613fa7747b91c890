"""Files of simulated bars: the columns that recorded files have."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.simulated_market import SimulatedMarket


def test_files_look_like_recorded_ones(tmp_path: Path) -> None:
    """One file per symbol, the intraday and the daily VIX, marked as simulated."""
    days = date(2024, 11, 27), date(2024, 11, 29)
    written = write_bar_files(tmp_path / "new", SimulatedMarket(), ("SPX", "SPY"), *days)
    assert [path.name for path in written] == [
        "spx_5m.parquet",
        "spy_5m.parquet",
        "vix_5m.parquet",
        "vix_daily.parquet",
    ]
    spy, daily = pd.read_parquet(written[1]), pd.read_parquet(written[3])
    assert list(spy.columns) == ["ts_utc", "symbol", "open", "high", "low", "close", "volume", "source"]
    assert (len(spy), str(spy["ts_utc"].dt.tz), set(spy["symbol"]), set(spy["source"])) == (
        120,
        "UTC",
        {"SPY"},
        {"simulated"},
    )
    assert list(daily.columns) == ["date", "open", "high", "low", "close"]
    assert daily["date"].tolist() == list(days)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    """Two runs write equal files, so that a model trained on them can be rebuilt."""
    for name in ("a", "b"):
        write_bar_files(tmp_path / name, SimulatedMarket(), ("SPX",), date(2025, 4, 1), date(2025, 4, 9))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
