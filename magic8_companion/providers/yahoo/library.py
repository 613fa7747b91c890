"""Wrap yfinance: its errors become reasons, its frames become plain arrays."""

from __future__ import annotations

import atexit
import logging
import tempfile
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
import yfinance
from curl_cffi.requests.exceptions import RequestException, Timeout
from yfinance.data import YfData
from yfinance.exceptions import YFPricesMissingError, YFRateLimitError, YFTzMissingError

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.providers.yahoo.patience import BackOff
from magic8_companion.providers.yahoo.session import BoundedSession

T = TypeVar("T")

_PRICES: Final = ("Open", "High", "Low", "Close")
_NOTHING: Final = (YFPricesMissingError, YFTzMissingError)
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class YahooChart:
    """The bars of one ticker as Yahoo sends them, including the running bar and empty rows.

    ``starts`` are nanoseconds since the epoch, UTC (daily bars: 00:00 of their date), ``prices`` has shape (4, n_bars);
    ``traded_at`` is the time of Yahoo's newest data, ``price`` the last price in points.
    """

    ticker: str
    starts: Integers
    prices: Floats
    volume: Floats
    traded_at: datetime
    price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTables:
    """Calls and puts of one expiry as Yahoo sends them, with the price of the underlying and its time."""

    ticker: str
    calls: pd.DataFrame
    puts: pd.DataFrame
    price: float | None
    traded_at: datetime | None
    expiries: tuple[date, ...]


class Library:
    """Blocking requests to Yahoo; thread-safe, with a limit on simultaneous requests.

    All requests raise ``DataUnavailable``: ``rate_limited``, ``timeout``, ``source_down``, ``bad_answer`` or
    ``no_data``.
    """

    def __init__(self, session: BoundedSession, back_off: BackOff) -> None:
        _configure()
        self._session, self._back_off = session, back_off
        self._places = threading.Semaphore(_AT_ONCE)

    def chart(self, ticker: str, interval: str, start: datetime) -> YahooChart:
        """Return the bars from ``start`` to now; ``interval`` is 5m or 1d."""
        return self._call(ticker, lambda: self._chart(ticker, interval, start))

    def options(self, ticker: str, day: date) -> OptionTables:
        """Return the options that expire on ``day``, else those of the nearest expiry."""
        return self._call(ticker, lambda: self._options(ticker, day))

    def close(self) -> None:
        """Reject all further requests."""
        self._session.end()

    def _chart(self, ticker: str, interval: str, start: datetime) -> YahooChart:
        source = yfinance.Ticker(ticker, session=self._session)
        frame = source.history(start=start, interval=interval, actions=False, auto_adjust=False, keepna=True)
        index = pd.DatetimeIndex(frame.index)
        if interval == "1d":
            index = index.tz_localize(None).normalize().tz_localize("UTC")
        facts = source.get_history_metadata()
        return YahooChart(
            ticker=ticker,
            starts=index.tz_convert("UTC").as_unit("ns").asi8.copy(),
            prices=frame[list(_PRICES)].to_numpy(dtype=np.float64).T.copy(),
            volume=frame["Volume"].to_numpy(dtype=np.float64).copy(),
            traded_at=_instant(facts["regularMarketTime"]),
            price=_number(facts.get("regularMarketPrice")),
        )

    def _options(self, ticker: str, day: date) -> OptionTables:
        source = yfinance.Ticker(ticker, session=self._session)
        calls, puts, underlying = source.option_chain()  # of the nearest expiry
        if calls is None:
            raise DataUnavailable("no_chain", f"Yahoo lists no options of {ticker}")
        expiries = source.options
        if day.isoformat() in expiries[1:]:
            calls, puts, underlying = source.option_chain(day.isoformat())
        traded_at = underlying.get("regularMarketTime")
        return OptionTables(
            ticker=ticker,
            calls=calls,
            puts=puts,
            price=_number(underlying.get("regularMarketPrice")),
            traded_at=None if traded_at is None else _instant(traded_at),
            expiries=tuple(date.fromisoformat(text) for text in expiries),
        )

    def _call(self, ticker: str, request: Callable[[], T]) -> T:
        with self._places:
            self._back_off.require_over()
            try:
                answer = request()
            except Exception as error:  # the host publishes any library error as a reason
                YfData.cache_get.cache_clear()  # yfinance would repeat a broken response until the process ends
                raise self._reason(ticker, error) from error
            self._back_off.answered()
            return answer

    def _reason(self, ticker: str, error: Exception) -> DataUnavailable:
        seen = self._session.seen
        if isinstance(error, YFRateLimitError) or seen.status == 429:
            self._back_off.refused(seen.retry_after_seconds)
            return DataUnavailable("rate_limited", f"{ticker}: Yahoo rejects the request: too many requests")
        if isinstance(error, Timeout):
            return DataUnavailable("timeout", f"{ticker}: Yahoo did not answer in time")
        yahoo_reason = getattr(error, "yahoo_reason", None)
        if seen.status == 404 or (seen.status in {200, 422} and (yahoo_reason or isinstance(error, _NOTHING))):
            return DataUnavailable("no_data", f"{ticker}: Yahoo has no data: {yahoo_reason or 'nothing was found'}")
        if seen.status >= 400:
            return DataUnavailable("source_down", f"{ticker}: Yahoo answered with HTTP {seen.status}")
        if isinstance(error, RequestException):
            return DataUnavailable("source_down", f"Yahoo cannot be reached: {_first_line(error)}")
        if isinstance(error, DataUnavailable):
            return error
        what = f"{type(error).__name__} {_first_line(error)}"
        return DataUnavailable("bad_answer", f"{ticker}: Yahoo's answer is not readable ({what})")


@lru_cache(maxsize=1)
def _configure() -> None:
    # yfinance has global settings: raise errors, write nothing into the home directory
    yfinance.config.debug.hide_exceptions = False
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # the host publishes the reason instead of yfinance's log
    warnings.filterwarnings("ignore", category=pd.errors.Pandas4Warning, module=r"yfinance\.")
    folder = tempfile.TemporaryDirectory(prefix="magic8-yahoo-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    yfinance.set_tz_cache_location(folder.name)


def _instant(value: Any) -> datetime:  # noqa: ANN401  # seconds since the epoch, or what yfinance made of them
    if isinstance(value, pd.Timestamp):
        stamped: datetime = value.tz_convert("UTC").to_pydatetime(warn=False)
        return stamped
    return datetime.fromtimestamp(int(value), UTC)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and np.isfinite(value) and value > 0 else None


def _first_line(error: Exception) -> str:
    sentence = (str(error).splitlines() or [type(error).__name__])[0]
    return sentence.split(" See https://curl.se")[0][:200]
