"""The three recorded chains, read as they are."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import new_york_day
from tests.real_data import real_data_dir

_COUNTS = ("call_oi", "put_oi", "call_volume", "put_volume", "dte")


def recorded_chains() -> dict[str, OptionChain]:
    """Return symbol and date -> chain; skips the calling test where the data is absent."""
    frame = pd.read_parquet(real_data_dir() / "chains_0dte_ib_3snapshots.parquet")
    chains = {}
    for (stamp, symbol, spot), rows in frame.groupby(["ts_utc", "symbol", "spot"], observed=True):
        at = stamp.to_pydatetime()
        records = rows.drop(columns=["ts_utc", "symbol", "spot"]).sort_values("strike").to_dict("records")
        chains[f"{symbol} {at:%Y-%m-%d}"] = OptionChain(
            symbol=symbol,
            spot=float(spot),
            rows=tuple(OptionRow(**{name: _value(name, item) for name, item in record.items()}) for record in records),
            expiry=new_york_day(at),
            as_of=at,
            source="ib",
            status="replay",
        )
    return chains


def _value(name: Any, item: float) -> float | int | None:
    if math.isnan(item):
        return None
    return int(item) if name in _COUNTS else float(item)
