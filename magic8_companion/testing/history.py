"""Answer requests for bars: check limits, and send bars at once, late or as updates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from magic8_companion.domain.bars import from_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import NEW_YORK
from magic8_companion.testing.bar_rows import Row, rows_of, spoiled
from magic8_companion.testing.codes import RequestRejected
from magic8_companion.testing.contracts import Instrument
from magic8_companion.testing.history_request import DAILY, HistoricalDataRequest, read_history_request
from magic8_companion.testing.message_ids import Reply
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.subscription import BarUpdates
from magic8_companion.testing.wire import Field, FieldReader
from magic8_companion.testing.world import World

_MESSAGES: Final = "Historical Market Data Service error message: "
_SECOND: Final = 1_000_000_000


def historical_bars(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqHistoricalData, at once or late."""
    request = read_history_request(fields)
    world = session.world
    _keep_limits(session, request)
    instrument = world.listing.single(request.query, world.now())
    request.check(instrument)
    farm = world.active_faults.find("farm_broken")
    if world.active_faults.find("link_lost") or (farm and farm.fault.text("farm") == "history"):
        raise RequestRejected(162, f"{_MESSAGES}HMDS server disconnect occurred.")
    late = world.active_faults.find("late", instrument.symbol)
    if late is None:
        _answer(session, request, instrument)
        return
    world.history.open.add((session.number, request.request_id))
    due = world.now() + timedelta(seconds=late.fault.number("delay"))
    world.later(due, lambda: _answer_if_open(session, request, instrument))


def cancel_historical_bars(session: ClientSession, fields: FieldReader) -> None:
    """Handle cancelHistoricalData: stop updates and late answers, and confirm with 162."""
    fields.skip(2)
    request_id = fields.integer()
    key = (session.number, request_id)
    if key in session.world.history.open:
        session.world.history.open.discard(key)
        raise RequestRejected(162, f"{_MESSAGES}API historical data query cancelled: {request_id}")
    if session.bar_updates.pop(request_id, None) is None:
        raise RequestRejected(366)


def update_bars(session: ClientSession) -> None:
    """Send changes of the bars that stay up to date: the running bar and the end of the one before."""
    for request_id, updates in session.bar_updates.items():
        newest = updates.newest()
        for fields in newest:
            if fields not in updates.sent:
                session.send(Reply.HISTORICAL_UPDATE, request_id, *fields)
        updates.sent = newest


def _keep_limits(session: ClientSession, request: HistoricalDataRequest) -> None:
    world = session.world
    broken = world.history.problem(request.contract_key, request.key, world.now())
    if broken is not None:
        world.violate(broken, request.key, session.number)
        raise RequestRejected(162)


def _answer_if_open(session: ClientSession, request: HistoricalDataRequest, instrument: Instrument) -> None:
    key = (session.number, request.request_id)
    if key in session.world.history.open:
        session.world.history.open.discard(key)
        _answer(session, request, instrument)


def _answer(session: ClientSession, request: HistoricalDataRequest, instrument: Instrument) -> None:
    world = session.world
    try:
        rows = spoiled(rows_of(world, instrument, request), world.active_faults, instrument.symbol)
    except DataUnavailable:
        rows = []
    if not rows:
        text = f"{_MESSAGES}HMDS query returned no data: {instrument.local_symbol}"
        session.error(request.request_id, 162, text)
        return
    table: list[Field] = []
    for row in rows:
        prices = (row.open, row.high, row.low, row.close)
        table += [_stamp(row, request, world, instrument.symbol), *prices, *_trading(row)]
    span = (_local_text(row) for row in (rows[0], rows[-1]))
    session.send(Reply.HISTORICAL_BARS, request.request_id, *span, len(rows), *table)
    if request.keep_up_to_date:
        session.bar_updates[request.request_id] = BarUpdates(newest=lambda: _newest(world, instrument, request))


def _newest(world: World, instrument: Instrument, request: HistoricalDataRequest) -> list[tuple[Field, ...]]:
    try:
        rows = rows_of(world, instrument, replace(request, duration="1 D"))
    except DataUnavailable:
        return []
    return [_update(row, _stamp(row, request, world, instrument.symbol)) for row in rows[-2:]]


def _update(row: Row, stamp: str) -> tuple[Field, ...]:
    volume, average, count = _trading(row)
    return (count, stamp, row.open, row.close, row.high, row.low, average, volume)


def _stamp(row: Row, request: HistoricalDataRequest, world: World, symbol: str) -> str:
    if request.length == DAILY:
        return f"{from_ns(row.stamp):%Y%m%d}"
    if wrong := world.active_faults.find("wrong_zone", symbol):
        return _wrong_stamp(row, wrong.fault.text("zone"), as_text=wrong.fault.flag("as_text"))
    return str(row.stamp // _SECOND) if request.date_format == 2 else _local_text(row)


def _wrong_stamp(row: Row, zone: str, *, as_text: bool) -> str:
    there = from_ns(row.stamp).astimezone(ZoneInfo(zone))
    if as_text:
        return f"{there:%Y%m%d %H:%M:%S} {zone}"
    return str(int(there.replace(tzinfo=NEW_YORK).astimezone(UTC).timestamp()))


def _local_text(row: Row) -> str:
    return f"{from_ns(row.stamp).astimezone(NEW_YORK):%Y%m%d %H:%M:%S} US/Eastern"


def _trading(row: Row) -> Sequence[Field]:
    # an index has no trades: volume, average and count are 0, as on a real gateway
    if not row.volume:
        return (0, 0, 0)
    return (int(row.volume), round((row.high + row.low + row.close) / 3, 4), max(1, int(row.volume) // 100))
