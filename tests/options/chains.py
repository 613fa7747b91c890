"""Chains for the tests of this room: simulated ones with a known smile, and the recorded ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.options.black_scholes import CALL, PUT, price
from magic8_companion.options.products import product
from tests.real_data import real_data_dir

DAY = date(2025, 7, 9)
NOON = datetime(2025, 7, 9, 16, 0, tzinfo=UTC)


def smile_vol(strike: np.ndarray, spot: float, atm: float = 0.15, years: float = 4 / (24 * 365)) -> np.ndarray:
    """Return a 0DTE-like smile: skewed, convex in standard deviations."""
    z = np.log(strike / spot) / (atm * np.sqrt(years))
    return atm * np.sqrt(1 - 0.08 * z + 0.05 * z * z)


def simulated_chain(
    *, symbol: str = "SPX", spot: float = 6244.43, step: float = 5.0, each_side: int = 20, at: datetime = NOON
) -> OptionChain:
    """Return a chain with clean quotes, one tick of 5 cents wide near zero and 2 % of the price further up."""
    strikes = np.round(spot / step) * step + step * np.arange(-each_side, each_side + 1)
    years = product(symbol).years_left(at.date(), at)
    vol = smile_vol(strikes, spot)
    columns: dict[str, list[float]] = {"strike": strikes.tolist()}
    for name, right in (("call", CALL), ("put", PUT)):
        mid = price(spot, strikes, years, 0.0, vol, right)
        half = np.maximum(0.025, 0.01 * mid)
        columns[f"{name}_bid"] = np.maximum(0.0, np.floor((mid - half) * 20) / 20).tolist()
        columns[f"{name}_ask"] = (np.ceil((mid + half) * 20) / 20).tolist()
    rows = tuple(OptionRow(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True))
    return OptionChain(
        symbol=symbol, spot=spot, rows=rows, expiry=at.date(), as_of=at, source="simulated", status="simulated"
    )


def with_row(chain: OptionChain, strike: float, **changes: float | None) -> OptionChain:
    """Return the chain with one row changed."""
    rows = tuple(replace(row, **changes) if row.strike == strike else row for row in chain.rows)
    return replace(chain, rows=rows)


def real_chain(symbol: str, day: str) -> OptionChain:
    """Read one of the three recorded chains, or skip."""
    frame = pd.read_parquet(real_data_dir() / "chains_0dte_ib_3snapshots.parquet")
    frame = frame[(frame.symbol == symbol) & (frame.ts_utc.dt.strftime("%Y-%m-%d") == day)]
    names = OptionRow.__dataclass_fields__
    rows = tuple(
        OptionRow(**{name: None if pd.isna(record[name]) else record[name] for name in names})
        for record in frame.to_dict("records")
    )
    at = frame.ts_utc.iloc[0].to_pydatetime()
    return OptionChain(
        symbol=symbol,
        spot=float(frame.spot.iloc[0]),
        rows=rows,
        expiry=at.date(),
        as_of=at,
        source="ib",
        status="replay",
    )
