"""Real days stay within the bounds; benchmarks/plausibility.py looks at all of them, and at more."""

from __future__ import annotations

import pandas as pd
import pytest

from magic8_companion.domain.bars import Bars, from_ns
from magic8_companion.domain.trading_day import BAR
from magic8_companion.plausibility import PriceBounds, implausible_bars
from tests.real_data import real_data_dir


@pytest.mark.parametrize(
    ("file", "first", "last"),
    [
        ("spy_5m_2018_2020", "2020-03-02", "2020-04-01"),
        ("qqq_5m_2024-08_2025-08", "2025-04-02", "2025-04-12"),
        ("aapl_5m_2024-08_2025-08", "2025-04-02", "2025-04-12"),
    ],
)
def test_the_wildest_days_raise_no_alarm(file: str, first: str, last: str) -> None:
    """March 2020 and April 2025: every price of a bar, seen from the bar before it and from the open."""
    frame = pd.read_parquet(real_data_dir() / f"{file}.parquet")
    index = pd.DatetimeIndex(pd.to_datetime(frame.ts_utc, utc=True), name="time")
    table = frame[["open", "high", "low", "close", "volume"]].fillna({"volume": 0.0}).set_index(index)[first:last]
    history, looks = Bars.empty(), 0
    for _, part in table.groupby(table.index.date):
        today = Bars.from_frame(part)
        assert implausible_bars(today, history) is None
        for known in range(1, len(today)):
            bounds = PriceBounds.of(today[:known], history)
            at = from_ns(int(today.starts[known])) + BAR
            assert bounds.look(float(today.low[known]), at) is bounds.look(float(today.high[known]), at) is None
            looks += 1
        history = today
    assert looks > 400
