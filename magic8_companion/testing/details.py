"""Answer requests for contract details and option parameters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from magic8_companion.domain.trading_day import new_york_day, session_on
from magic8_companion.options.products import product
from magic8_companion.testing.codes import RequestRejected
from magic8_companion.testing.contracts import (
    CLASSES,
    INDEX,
    MULTIPLIER,
    SMART,
    UNDERLYINGS,
    Instrument,
    read_query,
)
from magic8_companion.testing.listing import expiries
from magic8_companion.testing.message_ids import Reply
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.wire import Field, FieldReader

_HOURS_DAYS: Final = 5
_ORDER_TYPES: Final = "ACTIVETIM,LMT,MKT"
_OPTION_EXCHANGES: Final = "SMART,CBOE"
_STOCK_EXCHANGES: Final = "SMART,AMEX,NYSE,CBOE,ARCA,NASDAQ,IEX"
_VERSION_WITHOUT_NUMBER: Final = 164  # since this version: no version field, and sizes have three fields
_VERSION_WITH_SIZE: Final = 163


def contract_details(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqContractDetails: one message per contract, then the end."""
    fields.skip(2)
    request_id = fields.integer()
    query = read_query(fields)
    now = session.world.now()
    hours = _trading_hours(new_york_day(now))
    for instrument in session.world.listing.find(query, now):
        session.send(*details_fields(instrument, request_id, session.version, hours))
    session.send(Reply.CONTRACT_DETAILS_END, 1, request_id)


def option_parameters(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqSecDefOptParams: one message per exchange and class, then the end."""
    fields.skip(1)
    request_id = fields.integer()
    symbol = fields.text().upper()
    fields.skip()
    sec_type, con_id = fields.text(), fields.integer()
    facts = UNDERLYINGS.get(symbol)
    if facts is None or (facts.sec_type, facts.con_id) != (sec_type, con_id):
        raise RequestRejected(321, f"Error validating request. Invalid contract id or symbol {symbol}")
    day = new_york_day(session.world.now())
    for option_class in CLASSES.values():
        if option_class.symbol != symbol:
            continue
        days = [f"{expiry:%Y%m%d}" for expiry in expiries(option_class, day)]
        strikes = session.world.listing.strikes(option_class, day)
        for exchange in _OPTION_EXCHANGES.split(","):
            head = (Reply.OPTION_PARAMETERS, request_id, exchange, con_id, option_class.name, MULTIPLIER)
            session.send(*head, len(days), *days, len(strikes), *strikes)
    session.send(Reply.OPTION_PARAMETERS_END, request_id)


def details_fields(instrument: Instrument, request_id: int, version: int, hours: str) -> Iterator[Field]:
    """Yield the fields of one contract-details message in the order of a server version."""
    old = version < _VERSION_WITHOUT_NUMBER
    yield Reply.CONTRACT_DETAILS
    if old:
        yield 8
    yield request_id
    yield from _contract_fields(instrument)
    if old:
        yield 1  # the retired size multiplier
    yield from _description_fields(instrument, hours)
    if version == _VERSION_WITH_SIZE:
        yield 1
    elif not old:
        yield from (1, 1, 1 if instrument.expiry else 100)


def _contract_fields(instrument: Instrument) -> Iterator[Field]:
    facts = instrument.underlying
    yield from (instrument.symbol, instrument.sec_type, _last_trade(instrument))
    yield from (instrument.strike, instrument.right)
    yield facts.exchange if instrument.sec_type == INDEX else SMART
    yield from ("USD", instrument.local_symbol, instrument.trading_class, instrument.trading_class)
    yield from (instrument.con_id, _tick(instrument))


def _description_fields(instrument: Instrument, hours: str) -> Iterator[Field]:
    facts = instrument.underlying
    option = instrument.expiry is not None
    places = _OPTION_EXCHANGES if option else facts.exchange if facts.sec_type == INDEX else _STOCK_EXCHANGES
    yield from (MULTIPLIER if option else "", _ORDER_TYPES, places, 1)
    yield from (facts.con_id if option else 0, facts.name, "" if option else facts.exchange)
    yield f"{instrument.expiry:%Y%m}" if option else ""
    yield from ("Indices" if facts.sec_type == INDEX else "", "", "")  # industry, category, subcategory
    yield from ("US/Eastern", hours, hours, "", "", 0)  # zone, trading and liquid hours, rule, multiplier, ids
    yield from (1, facts.symbol if option else "", facts.sec_type if option else "", "26")
    yield f"{instrument.expiry:%Y%m%d}" if option else ""
    yield "" if option else facts.stock_type


def _last_trade(instrument: Instrument) -> str:
    if instrument.expiry is None or instrument.option_class is None:
        return ""
    session = session_on(instrument.expiry)
    hour = "13:00:00" if session and session.is_half_day else "16:00:00"
    return f"{instrument.expiry:%Y%m%d} {'09:30:00' if instrument.option_class.monthly else hour} US/Eastern"


def _tick(instrument: Instrument) -> float:
    if instrument.option_class is None:
        return 0.01
    return product(instrument.symbol).tick


def _trading_hours(day: date) -> str:
    days = (day + timedelta(days=number) for number in range(_HOURS_DAYS))
    return ";".join(_hours_of(item) for item in days)


def _hours_of(day: date) -> str:
    session = session_on(day)
    if session is None:
        return f"{day:%Y%m%d}:CLOSED"
    closes = "1300" if session.is_half_day else "1600"
    return f"{day:%Y%m%d}:0930-{day:%Y%m%d}:{closes}"
