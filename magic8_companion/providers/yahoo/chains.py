"""Build a 0DTE chain from Yahoo's option tables: real quotes only, and Greeks from their volatilities.

For most indices Yahoo sends zero quotes, zero open interest and an invented volatility.  A quote is valid when its ask
is positive; a volatility is valid with such a quote.  A count that is 0 in every row is missing.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import previous_session
from magic8_companion.options.black_scholes import CALL, PUT, greeks
from magic8_companion.options.products import product
from magic8_companion.providers.yahoo.library import OptionTables

SOURCE: Final = "yahoo"

_CONTRACT: Final = re.compile(r"([A-Z]+)(\d{6})[CP]\d{8}")
_LOWEST_VOL: Final = 0.001  # Yahoo's placeholder for a missing volatility


def chain_of(tables: OptionTables, symbol: str, day: date, now: datetime, strikes_each_side: int) -> OptionChain:
    """Return the chain of ``day``: up to 2 x ``strikes_each_side`` + 1 strikes around the money.

    Raises
    ------
    DataUnavailable
        ``no_0dte_chain`` when nothing expires on ``day``; ``no_quotes`` when Yahoo sends no quotes; ``bad_chain``
        when the price of the underlying is missing.
    """
    if tables.price is None or tables.traded_at is None:
        raise DataUnavailable("bad_chain", f"{tables.ticker}: Yahoo sends no price with the options")
    sides = {"call": _expiring(tables.calls, symbol, day), "put": _expiring(tables.puts, symbol, day)}
    strikes = sorted({strike for side in sides.values() for strike in side})
    if not strikes:
        nearest = tables.expiries[0] if tables.expiries else "none"
        raise DataUnavailable("no_0dte_chain", f"{symbol}: no option expires on {day}; Yahoo's nearest is {nearest}")
    as_of = min(tables.traded_at, now)
    years = product(symbol).years_left(day, as_of)
    columns: dict[str, list[Any]] = {"strike": _nearest(strikes, tables.price, strikes_each_side)}
    for name, right in (("call", CALL), ("put", PUT)):
        columns |= _side(name, sides[name], columns["strike"], tables.price, years, right)
    if not any(columns["call_ask"]) and not any(columns["put_ask"]):
        raise DataUnavailable("no_quotes", f"{symbol}: Yahoo sends no bid or ask of the options")
    table = zip(*columns.values(), strict=True)
    return OptionChain(
        symbol=symbol,
        spot=tables.price,
        rows=tuple(OptionRow(**dict(zip(columns, row, strict=True))) for row in table),
        expiry=day,
        as_of=as_of,
        source=SOURCE,
        status=DELAYED,
        oi_as_of=previous_session(day).day,
    )


def _expiring(table: pd.DataFrame, symbol: str, day: date) -> dict[float, dict[str, float]]:
    # Maps strike -> row of the contracts of the daily class; the monthly class of an index settles at the open.
    wanted = (product(symbol).option_class, f"{day:%y%m%d}")
    found = {}
    for row in table.to_dict("records"):
        contract = _CONTRACT.fullmatch(str(row["contractSymbol"]))
        if contract is not None and contract.groups() == wanted:
            found[float(row["strike"])] = {str(key): value for key, value in row.items()}
    return found


def _nearest(strikes: list[float], spot: float, each_side: int) -> list[float]:
    middle = int(np.abs(np.array(strikes) - spot).argmin())
    return strikes[max(0, middle - each_side) : middle + each_side + 1]


def _side(
    name: str, contracts: dict[float, dict[str, float]], strikes: list[float], spot: float, years: float, right: float
) -> dict[str, list[Any]]:
    rows = [contracts.get(strike, {}) for strike in strikes]
    asks = [_positive(row.get("ask")) for row in rows]
    bids = [_number(row.get("bid")) if ask is not None else None for row, ask in zip(rows, asks, strict=True)]
    vols = [
        vol if ask is not None and (vol := _number(row.get("impliedVolatility"))) and vol > _LOWEST_VOL else None
        for row, ask in zip(rows, asks, strict=True)
    ]
    sensitivities = greeks(spot, strikes, years, 0.0, [math.nan if vol is None else vol for vol in vols], right)
    return {
        f"{name}_bid": bids,
        f"{name}_ask": asks,
        f"{name}_iv": vols,
        f"{name}_delta": [_number(value) for value in sensitivities.delta.tolist()],
        f"{name}_gamma": [_number(value) for value in sensitivities.gamma.tolist()],
        f"{name}_oi": _counts([row.get("openInterest") for row in rows]),
        f"{name}_volume": _counts([row.get("volume") for row in rows]),
    }


def _counts(values: list[float | None]) -> list[int | None]:
    counts = [None if (number := _number(value)) is None or number < 0 else int(number) for value in values]
    return counts if any(counts) else [None] * len(counts)


def _positive(value: float | None) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
