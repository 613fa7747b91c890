"""Parse a request for bars: its fields, and its end, duration and bar size."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from magic8_companion.domain.trading_day import (
    FIRST_YEAR,
    NEW_YORK,
    new_york_day,
    new_york_instant,
    previous_session,
    session_on,
)
from magic8_companion.testing.codes import RequestRejected
from magic8_companion.testing.contracts import INDEX, ContractQuery, Instrument, read_query
from magic8_companion.testing.wire import FieldReader

DAILY: Final = timedelta(days=1)
BAR_SIZES: Final = {
    "1 min": timedelta(minutes=1),
    "5 mins": timedelta(minutes=5),
    "10 mins": timedelta(minutes=10),
    "15 mins": timedelta(minutes=15),
    "20 mins": timedelta(minutes=20),
    "30 mins": timedelta(minutes=30),
    "1 hour": timedelta(hours=1),
    "1 day": DAILY,
}
_END: Final = re.compile(r"(\d{8})[ -]+(\d{2}:\d{2}:\d{2})(?: +(\S+))?")
_DURATION: Final = re.compile(r"(\d{1,6}) ([SDWMY])")
_FIRST_DAY: Final = date(FIRST_YEAR, 1, 1)
_PRICES_OF_STOCKS: Final = ("TRADES", "MIDPOINT", "BID", "ASK", "ADJUSTED_LAST")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoricalDataRequest:
    """The fields of reqHistoricalData."""

    request_id: int
    query: ContractQuery
    end: str
    bar_size: str
    duration: str
    regular_hours: bool
    what: str
    date_format: int
    keep_up_to_date: bool

    @property
    def contract_key(self) -> str:
        """Return the key of IB's limit per contract: contract, exchange and kind of price."""
        return f"{self.query} {self.what}"

    @property
    def key(self) -> str:
        """Return the key that identical requests share."""
        return f"{self.contract_key} {self.end} {self.bar_size} {self.duration} {self.regular_hours}"

    @property
    def length(self) -> timedelta:
        """Return the length of a bar."""
        if self.bar_size not in BAR_SIZES:
            raise RequestRejected(321, f"Error validating request. Bar size {self.bar_size!r} is not known here.")
        return BAR_SIZES[self.bar_size]

    def end_at(self, now: datetime) -> datetime:
        """Return the instant before which bars begin; it is never later than now."""
        return min(now, _instant(self.end)) if self.end else now

    def start_at(self, end: datetime) -> datetime:
        """Return the instant of the first bar."""
        count, unit = self._duration()
        if unit == "S":
            return end - timedelta(seconds=count)
        return new_york_instant(max(_FIRST_DAY, _first_day(count, unit, end)), time(0))

    def check(self, instrument: Instrument) -> None:
        """Raise for requests that a gateway rejects regardless of limits.

        Raises
        ------
        Refused
            321 for fields that are not valid, 162 for prices that the contract does not have.
        """
        self._duration()
        if self.end:
            _instant(self.end)
        daily = self.length == DAILY
        if self.keep_up_to_date and (self.end or daily):
            raise RequestRejected(
                321, "Error validating request. Bars that stay up to date have no end and are intraday."
            )
        kinds = ("TRADES",) if instrument.underlying.sec_type == INDEX else _PRICES_OF_STOCKS
        if self.what not in kinds or instrument.expiry is not None:
            name = f"{instrument.local_symbol}@{instrument.underlying.exchange} {self.what.title()}"
            raise RequestRejected(
                162, f"Historical Market Data Service error message: HMDS query returned no data: {name}"
            )

    def _duration(self) -> tuple[int, str]:
        match = _DURATION.fullmatch(self.duration)
        if match is None:
            raise RequestRejected(321, f"Error validating request. Duration {self.duration!r} is not known.")
        count, unit = int(match[1]), match[2]
        if unit == "D" and count > 365:
            raise RequestRejected(
                321, "Error validating request. Durations longer than 365 days must be made in years."
            )
        return count, unit


def read_history_request(fields: FieldReader) -> HistoricalDataRequest:
    """Read the fields of reqHistoricalData."""
    fields.skip()
    request_id, query = fields.integer(), read_query(fields)
    fields.skip()  # expired contracts have no bars here
    return HistoricalDataRequest(
        request_id=request_id,
        query=query,
        end=fields.text(),
        bar_size=fields.text(),
        duration=fields.text(),
        regular_hours=fields.flag(),
        what=fields.text(),
        date_format=fields.integer(),
        keep_up_to_date=fields.flag(),
    )


def _instant(text: str) -> datetime:
    match = _END.fullmatch(text)
    if match is None:
        raise _bad_end(text)
    try:
        # without a zone a dash means UTC and a blank the zone of the login
        zone = ZoneInfo(match[3]) if match[3] else ZoneInfo("UTC") if "-" in text else NEW_YORK
        wall = datetime.strptime(match[1] + match[2], "%Y%m%d%H:%M:%S").replace(tzinfo=zone)
    except (ValueError, ZoneInfoNotFoundError):
        raise _bad_end(text) from None
    return wall.astimezone(UTC)


def _bad_end(text: str) -> RequestRejected:
    return RequestRejected(321, f"Error validating request. End date {text!r} is not valid.")


def _first_day(count: int, unit: str, end: datetime) -> date:
    day = new_york_day(end)
    if unit == "D":
        session = session_on(day)
        if session is None or session.open_at >= end:
            session = previous_session(day)
        for _ in range(count - 1):
            session = previous_session(session.day)
        return session.day
    if unit == "W":
        return day - timedelta(days=7 * count - 1)
    months = day.year * 12 + day.month - 1 - count * (12 if unit == "Y" else 1)
    year, month = divmod(months, 12)
    if year < FIRST_YEAR:
        return _FIRST_DAY
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) + timedelta(days=1)
