"""Bars as messages: within the limits, up to the moment of the clock, and spoiled where the faults say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from magic8_companion.domain.bar_lengths import daily_from, nanoseconds
from magic8_companion.domain.bars import Bars, from_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import NEW_YORK, new_york_day, session_on
from magic8_companion.testing.codes import Refused
from magic8_companion.testing.contracts import Instrument
from magic8_companion.testing.history_request import DAILY, HistoryRequest, read_history_request
from magic8_companion.testing.market import minute_bars, seen_at
from magic8_companion.testing.message_ids import Reply
from magic8_companion.testing.session import Session
from magic8_companion.testing.subscription import BarUpdates
from magic8_companion.testing.wire import Field, FieldReader
from magic8_companion.testing.world import World

_DISCONNECTED: Final = "Historical Market Data Service error message: HMDS server disconnect occurred."
_NO_DATA: Final = "Historical Market Data Service error message: HMDS query returned no data: {}"
_FIVE_MINUTES: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bar on its way to a client; ``complete`` is False for the running one."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    complete: bool = True


def historical_bars(session: Session, fields: FieldReader) -> None:
    """Answer reqHistoricalData, at once or late."""
    request = read_history_request(fields)
    world = session.world
    _keep_limits(session, request)
    instrument = world.listing.single(request.query, world.now())
    request.check(instrument)
    farm = world.troubles.find("farm_broken")
    if world.troubles.find("link_lost") or (farm and farm.fault.text("farm") == "history"):
        raise Refused(162, _DISCONNECTED)
    late = world.troubles.find("late", instrument.symbol)
    if late is None:
        _answer(session, request, instrument)
        return
    world.history.open.add((session.number, request.request_id))
    due = world.now() + timedelta(seconds=late.fault.number("delay"))
    world.later(due, lambda: _answer_if_open(session, request, instrument))


def cancel_historical_bars(session: Session, fields: FieldReader) -> None:
    """Take cancelHistoricalData: a late answer never comes, updates end."""
    fields.skip(2)
    request_id = fields.integer()
    known = session.bar_updates.pop(request_id, None) is not None
    if (session.number, request_id) in session.world.history.open:
        session.world.history.open.discard((session.number, request_id))
        known = True
    if not known:
        raise Refused(366)


def update_bars(session: Session) -> None:
    """Send the last bar of every request that stays up to date, if it has changed."""
    for request_id, updates in session.bar_updates.items():
        newest = updates.newest()
        if newest is not None and newest != updates.sent:
            updates.sent = newest
            session.send(Reply.HISTORICAL_UPDATE, request_id, *newest)


def rows_of(world: World, instrument: Instrument, request: HistoryRequest) -> list[Row]:
    """Return the bars of a request as the gateway knows them at its time; unspoiled.

    Raises
    ------
    DataUnavailable
        When the market knows nothing of the symbol in that time.
    """
    now = world.now()
    end = request.end_at(now)
    start = request.start_at(end)
    bars = world.market.bars(instrument.symbol, new_york_day(start), new_york_day(end))
    seen = minute_bars(bars, end) if request.length < _FIVE_MINUTES else seen_at(bars, end)
    seen = seen[int(np.searchsorted(seen.starts, round(start.timestamp()) * 10**9)) :]
    rows = _days(seen, end) if request.length == DAILY else _grouped(seen, request.length, end)
    running = world.troubles.find("running_bar")
    leave_out = running is not None and not running.fault.flag("included")
    return [row for row in rows if row.complete or not leave_out]


def _answer_if_open(session: Session, request: HistoryRequest, instrument: Instrument) -> None:
    waiting = session.world.history.open
    if (session.number, request.request_id) in waiting:
        waiting.discard((session.number, request.request_id))
        _answer(session, request, instrument)


def _answer(session: Session, request: HistoryRequest, instrument: Instrument) -> None:
    world = session.world
    try:
        rows = _spoiled(rows_of(world, instrument, request), world, instrument.symbol)
    except DataUnavailable:
        rows = []
    if not rows:
        session.error(request.request_id, 162, _NO_DATA.format(instrument.local_symbol))
        return
    table: list[Field] = []
    for row in rows:
        prices = (row.open, row.high, row.low, row.close)
        table += [_stamp(row, request, world, instrument.symbol), *prices, *_trading(row)]
    span = (f"{at.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} US/Eastern" for at in (rows[0].start, rows[-1].start))
    session.send(Reply.HISTORICAL_BARS, request.request_id, *span, len(rows), *table)
    if request.keep_up_to_date:
        session.bar_updates[request.request_id] = BarUpdates(newest=lambda: _newest(world, instrument, request))


def _newest(world: World, instrument: Instrument, request: HistoryRequest) -> tuple[Field, ...] | None:
    rows = rows_of(world, instrument, replace(request, duration="1 D"))
    if not rows or not rows[-1].start <= world.now() <= rows[-1].start + 2 * request.length:
        return None
    row = rows[-1]
    volume, average, count = _trading(row)
    stamp = _stamp(row, request, world, instrument.symbol)
    return (count, stamp, row.open, row.close, row.high, row.low, average, volume)


def _keep_limits(session: Session, request: HistoryRequest) -> None:
    world = session.world
    broken = world.history.problem(request.contract_key, request.key, world.now())
    if broken is not None:
        world.violate(broken, request.key, session.number)
        raise Refused(162)


def _grouped(bars: Bars, length: timedelta, end: datetime) -> list[Row]:
    # like a real gateway: bars begin at whole multiples of the hour, so the first hour of a session has 30 minutes
    if not len(bars):
        return []
    groups = bars.starts // nanoseconds(length)
    firsts = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
    lasts = np.append(firsts[1:], len(bars)) - 1
    highs, lows = np.maximum.reduceat(bars.high, firsts), np.minimum.reduceat(bars.low, firsts)
    volumes = np.add.reduceat(bars.volume, firsts)
    return [
        Row(
            start=from_ns(int(bars.starts[first])),
            open=float(bars.open[first]),
            high=float(highs[number]),
            low=float(lows[number]),
            close=float(bars.close[last]),
            volume=float(volumes[number]),
            complete=_is_over(int(groups[number]) + 1, length, end) or _session_over(bars, last, end),
        )
        for number, (first, last) in enumerate(zip(firsts.tolist(), lasts.tolist(), strict=True))
    ]


def _is_over(next_group: int, length: timedelta, end: datetime) -> bool:
    return from_ns(next_group * nanoseconds(length)) <= end


def _session_over(bars: Bars, index: int, end: datetime) -> bool:
    session = session_on(new_york_day(from_ns(int(bars.starts[index]))))
    return session is not None and session.close_at <= end


def _days(bars: Bars, end: datetime) -> list[Row]:
    daily = daily_from(bars)
    table = zip(daily.starts, daily.open, daily.high, daily.low, daily.close, daily.volume, strict=True)
    rows = []
    for stamp, opened, high, low, close, volume in table:
        start = from_ns(int(stamp))
        session = session_on(start.date())
        over = session is not None and session.close_at <= end
        prices = dict(open=float(opened), high=float(high), low=float(low), close=float(close))
        rows.append(Row(start=start, **prices, volume=float(volume), complete=over))
    return rows


def _spoiled(rows: list[Row], world: World, symbol: str) -> list[Row]:
    complete = [number for number, row in enumerate(rows) if row.complete]
    if not complete:
        return rows
    newest = complete[-1]
    troubles = world.troubles
    if troubles.find("bad_bar", symbol):
        bad = replace(rows[newest], high=rows[newest].low - 1.0)
        rows = [*rows[:newest], bad, *rows[newest + 1 :]]
    if troubles.find("repeated_bar", symbol):
        rows = [*rows[: newest + 1], *rows[newest:]]
    if gap := troubles.find("bars_gap", symbol):
        count = int(gap.fault.number("count"))
        rows = [*rows[: max(0, newest - count)], *rows[newest:]]
    return rows


def _stamp(row: Row, request: HistoryRequest, world: World, symbol: str) -> str:
    if request.length == DAILY:
        return f"{row.start:%Y%m%d}"
    wrong = world.troubles.find("wrong_zone", symbol)
    if wrong is None:
        if request.date_format == 2:
            return str(int(row.start.timestamp()))
        return f"{row.start.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} US/Eastern"
    there = row.start.astimezone(ZoneInfo(wrong.fault.text("zone")))
    if wrong.fault.flag("as_text"):
        return f"{there:%Y%m%d %H:%M:%S} {wrong.fault.text('zone')}"
    return str(int(there.replace(tzinfo=NEW_YORK).astimezone(UTC).timestamp()))


def _trading(row: Row) -> Sequence[Field]:
    # an index is not traded: volume, average and count are 0, as on a real gateway
    if not row.volume:
        return (0, 0, 0)
    return (int(row.volume), round((row.high + row.low + row.close) / 3, 4), max(1, int(row.volume) // 100))
