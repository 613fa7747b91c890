"""Build Yahoo's JSON for charts and options, with the quirks that readers must handle.

Data are late; the running bar has an odd stamp; index options come without quotes and open interest; 5-minute bars end
after 60 days; volumes of zero are omitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np

from magic8_companion.domain.bar_lengths import daily_from
from magic8_companion.domain.bars import Bars, from_ns, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import (
    new_york_day,
    next_session,
    previous_session,
    session_on,
    sessions_between,
)
from magic8_companion.options.products import product
from magic8_companion.testing.market import GatewayMarket, seen_at

INDEX_NAMES: Final = {"^GSPC": "SPX", "^SPX": "SPX", "^XSP": "XSP", "^NDX": "NDX", "^RUT": "RUT", "^VIX": "VIX"}
KEPT_DAYS: Final = {"5m": 60, "15m": 60, "1d": 20_000}
_BAR_LISTS: Final = ("open", "high", "low", "close", "volume")
_LISTED_EXPIRIES: Final = 5


class YahooError(Exception):
    """Yahoo answers with an error: HTTP ``status``, and a code and a sentence in JSON."""

    def __init__(self, status: int, code: str, description: str) -> None:
        self.status, self.code, self.description = status, code, description
        super().__init__(description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """The quirks of the simulated Yahoo.

    ``delay`` is that of its data; ``index_quotes`` gives index options real quotes instead of zeros;
    ``running_bar_twice`` writes the running bar at its start and at its last trade; ``expired_first`` still lists the
    expiry of the day before.
    """

    delay: timedelta = timedelta(minutes=15)
    index_quotes: bool = False
    running_bar_twice: bool = False
    expired_first: bool = False


def chart_answer(market: GatewayMarket, name: str, query: Mapping[str, str], now: datetime, habits: Habits) -> Any:  # noqa: ANN401  # JSON
    """Return the answer to ``/v8/finance/chart/NAME``.

    Raises
    ------
    Refused
        404 for an unknown name, 422 for 5-minute bars older than 60 days.
    """
    seen = now - habits.delay
    interval = query.get("interval", "1d")
    start = _start(query, now)
    if interval not in KEPT_DAYS or now - start > timedelta(days=KEPT_DAYS[interval]):
        text = (
            f"{interval} data not available from {start:%Y-%m-%d}. The requested range must be within the last 60 days."
        )
        raise YahooError(422, "Unprocessable Entity", text)
    bars = _bars(market, name, start, seen)
    rows = seen_at(bars, seen)
    running = bool(len(rows)) and rows.last_end > seen
    if interval == "1d":
        stamps, rows = _daily(rows)
    else:
        stamps = (rows.starts // 1_000_000_000).tolist()
    lists = {key: getattr(rows, key).tolist() for key in _BAR_LISTS}
    if running:
        _run(stamps, lists, int(seen.timestamp()), twice=habits.running_bar_twice)
    meta = _meta(name, rows, start, seen, interval)
    indicators: dict[str, Any] = {"quote": [lists]}
    if interval == "1d":
        indicators["adjclose"] = [{"adjclose": lists["close"]}]
    result = {"meta": meta, "timestamp": stamps, "indicators": indicators}
    return {"chart": {"result": [result], "error": None}}


def options_answer(market: GatewayMarket, name: str, query: Mapping[str, str], now: datetime, habits: Habits) -> Any:  # noqa: ANN401  # JSON
    """Return the answer to ``/v7/finance/options/NAME``."""
    symbol, seen = INDEX_NAMES.get(name, name), now - habits.delay
    try:
        chain = market.chain(symbol, seen, 60)
    except DataUnavailable:
        return {"optionChain": {"result": [], "error": None}}
    days = [previous_session(chain.expiry).day] * habits.expired_first + [chain.expiry]
    while len(days) < _LISTED_EXPIRIES:
        days.append(next_session(days[-1]).day)
    expiries = [_midnight(day) for day in days]
    wanted = int(query.get("date", expiries[0]))
    expiry = datetime.fromtimestamp(wanted, UTC).date()
    quoted = habits.index_quotes or name == symbol
    quote = {"symbol": name, "regularMarketPrice": chain.spot, "regularMarketTime": int(seen.timestamp())}
    options = {
        "expirationDate": wanted,
        "calls": [_contract(chain, row, expiry, "call", quoted=quoted) for row in chain.rows],
        "puts": [_contract(chain, row, expiry, "put", quoted=quoted) for row in chain.rows],
    }
    strikes = [row.strike for row in chain.rows]
    result = {"underlyingSymbol": name, "expirationDates": expiries, "strikes": strikes, "quote": quote}
    return {"optionChain": {"result": [{**result, "options": [options]}], "error": None}}


def _start(query: Mapping[str, str], now: datetime) -> datetime:
    if "period1" in query:
        return datetime.fromtimestamp(int(query["period1"]), UTC)
    days = {"1d": 1, "5d": 5, "1mo": 31, "3mo": 92, "1y": 366, "2y": 731}.get(query.get("range", "1d"), 1)
    return now - timedelta(days=days)


def _bars(market: GatewayMarket, name: str, start: datetime, seen: datetime) -> Bars:
    symbol, first = INDEX_NAMES.get(name, name), new_york_day(start)
    try:
        return market.bars(symbol, first, max(first, new_york_day(seen)))
    except DataUnavailable as error:
        raise YahooError(404, "Not Found", "No data found, symbol may be delisted") from error


def _daily(rows: Bars) -> tuple[list[int], Bars]:
    # Yahoo stamps a day by its open
    days = daily_from(rows)
    sessions = [session_on(from_ns(int(stamp)).date()) for stamp in days.starts]
    return [int(session.open_at.timestamp()) for session in sessions if session is not None], days


def _run(stamps: list[int], lists: dict[str, list[float]], seen: int, *, twice: bool) -> None:
    # the running row carries the time of the last trade, sometimes beside a row at the start of its interval
    if not twice:
        stamps[-1] = seen
        return
    stamps.append(seen)
    for key, values in lists.items():
        values.append(0.0 if key == "volume" else lists["close"][-1])


def _meta(name: str, rows: Bars, start: datetime, seen: datetime, interval: str) -> dict[str, Any]:
    zone = "America/Chicago" if name == "^VIX" else "America/New_York"
    last = session_on(new_york_day(seen))
    traded = min(seen, last.close_at + timedelta(seconds=1)) if last and seen >= last.open_at else None
    if traded is None and len(rows):
        traded = rows.last_end if interval == "5m" else from_ns(int(rows.starts[-1])) + timedelta(hours=20)
    periods = [
        [{"timezone": "EST", "start": int(s.open_at.timestamp()), "end": int(s.close_at.timestamp()), "gmtoffset": 0}]
        for s in sessions_between(new_york_day(start), max(new_york_day(start), new_york_day(seen)))
    ]
    meta: dict[str, Any] = {
        "currency": "USD",
        "symbol": name,
        "instrumentType": "INDEX" if name.startswith("^") else "ETF",
        "exchangeTimezoneName": zone,
        "regularMarketTime": int((traded or start).timestamp()),
        "dataGranularity": interval,
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }
    if len(rows):
        meta["regularMarketPrice"] = float(rows.close[-1])
    return meta if interval == "1d" else {**meta, "tradingPeriods": periods}


def _contract(chain: OptionChain, row: OptionRow, expiry: date, right: str, *, quoted: bool) -> dict[str, Any]:
    figures = row.as_dict()
    name = f"{product(chain.symbol).option_class}{expiry:%y%m%d}{right[0].upper()}{round(row.strike * 1000):08d}"
    mid = ((figures[f"{right}_bid"] or 0) + (figures[f"{right}_ask"] or 0)) / 2
    contract = {
        "contractSymbol": name,
        "strike": row.strike,
        "currency": "USD",
        "lastPrice": round(mid, 2),
        "bid": figures[f"{right}_bid"] if quoted else 0.0,
        "ask": figures[f"{right}_ask"] if quoted else 0.0,
        "openInterest": figures[f"{right}_oi"] if quoted else 0,
        "impliedVolatility": figures[f"{right}_iv"] if quoted else 1e-05,
        "lastTradeDate": int(chain.as_of.timestamp()),
        "contractSize": "REGULAR",
        "expiration": _midnight(expiry),
        "inTheMoney": bool(np.sign(chain.spot - row.strike) == (1 if right == "call" else -1)),
    }
    volume = figures[f"{right}_volume"]
    return {**contract, "volume": volume} if volume else contract


def _midnight(day: date) -> int:
    return to_ns(datetime.combine(day, time(0), UTC)) // 1_000_000_000
