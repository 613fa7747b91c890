"""Build the ticks of a contract at one time, with the effects of faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day, session_on
from magic8_companion.testing.contracts import CALL, INDEX, Instrument
from magic8_companion.testing.market import Tape, tape_at
from magic8_companion.testing.message_ids import Reply
from magic8_companion.testing.option_prices import OptionQuote
from magic8_companion.testing.subscription import Subscription
from magic8_companion.testing.wire import Field
from magic8_companion.testing.world import World

OPTION_VOLUME: Final = 100
OPEN_INTEREST: Final = 101
IMPLIED_VOLATILITY: Final = 106

_BID, _ASK, _LAST, _HIGH, _LOW, _VOLUME, _CLOSE, _OPEN, _TIME = 1, 2, 4, 6, 7, 8, 9, 14, 45
_COMPUTATIONS: Final = (10, 11, 12, 13)  # at bid, ask, last, and by the model
_UNSET: Final[tuple[Field, ...]] = (-1, -2, -1, -1, -2, -2, -2, -1)
_DELAYED: Final = {1: 66, 2: 67, 4: 68, 6: 72, 7: 73, 8: 74, 9: 75, 14: 76, 45: 88, 10: 80, 11: 81, 12: 82, 13: 83}
_DELAY: Final = timedelta(minutes=15)
_SIZE: Final = 12
_HALF_SPREAD: Final = 0.01
_FROZEN_TYPES: Final = (2, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One value: the message that carries it, its tick type, and its fields."""

    message: Reply
    type: int
    values: tuple[Field, ...]

    def fields(self, request_id: int) -> tuple[Field, ...]:
        """Return the message for a request."""
        if self.message is Reply.OPTION_COMPUTATION:
            return (self.message, request_id, self.type, 0, *self.values)
        return (self.message, 6, request_id, self.type, *self.values)


def ticks_of(world: World, subscription: Subscription, data_type: int) -> list[Tick]:
    """Return every tick of a subscription as it is now; none for a contract that is not traded."""
    instrument = subscription.instrument
    at = _quote_time(world, instrument.symbol, subscription.delayed, data_type)
    try:
        if instrument.option_class is None:
            ticks = list(_underlying(world, subscription, at))
        else:
            ticks = list(_option(world, subscription, at))
    except DataUnavailable:
        return []
    if not subscription.delayed:
        return ticks
    return [
        Tick(message=item.message, type=_DELAYED[item.type], values=item.values)
        for item in ticks
        if item.type in _DELAYED
    ]


def is_missing(world: World, instrument: Instrument) -> bool:
    """Return whether a fault silences the strike of an option."""
    active_fault = world.active_faults.find("missing_strikes", instrument.symbol)
    if active_fault is None or instrument.option_class is None:
        return False
    count, nearest = (int(active_fault.fault.number(key)) for key in ("count", "nearest"))
    middle = tape_at(world.market, instrument.symbol, active_fault.since).last
    strikes = world.listing.strikes(instrument.option_class, new_york_day(active_fault.since))
    near = sorted(sorted(strikes, key=lambda strike: abs(strike - middle))[:nearest])
    silent = {near[(2 * number + 1) * len(near) // (2 * count)] for number in range(min(count, len(near)))}
    return instrument.strike in silent


def _quote_time(world: World, symbol: str, delayed: bool, data_type: int) -> datetime:
    now = world.now()
    stale = world.active_faults.find("stale_quotes", symbol)
    if stale:
        return stale.since - timedelta(minutes=stale.fault.number("minutes"))
    if delayed:
        now -= _DELAY
    session = session_on(new_york_day(now))
    if data_type in _FROZEN_TYPES and session and now >= session.close_at:
        return session.close_at - timedelta(seconds=1)
    return now


def _underlying(world: World, subscription: Subscription, at: datetime) -> Iterator[Tick]:
    instrument = subscription.instrument
    tape = tape_at(world.market, instrument.symbol, at)
    if world.active_faults.find("no_ticks", instrument.symbol):
        return
    bad = world.active_faults.find("bad_price", instrument.symbol)
    if bad:
        yield from (_price(kind, bad.fault.text("value"), _SIZE) for kind in (_BID, _ASK, _LAST))
        return
    if instrument.sec_type != INDEX:
        yield from _two_sides(tape, crossed=_is_crossed(world, instrument.symbol, "underlyings"))
        yield _size(_VOLUME, int(tape.volume))
    yield _price(_LAST, tape.last, 0 if instrument.sec_type == INDEX else _SIZE)
    levels = ((_HIGH, tape.high), (_LOW, tape.low), (_OPEN, tape.open), (_CLOSE, tape.previous_close))
    yield from (_price(kind, value, 0) for kind, value in levels if value is not None)
    yield Tick(message=Reply.TICK_STRING, type=_TIME, values=(int(tape.last_at.timestamp()),))
    if IMPLIED_VOLATILITY in subscription.generic_ticks and instrument.symbol != "VIX":
        yield _generic(24, round(tape_at(world.market, "VIX", at).last / 100, 4))


def _is_crossed(world: World, symbol: str, of: str) -> bool:
    active_fault = world.active_faults.find("crossed_quotes", symbol)
    return active_fault is not None and active_fault.fault.text("of") == of


def _two_sides(tape: Tape, *, crossed: bool) -> Iterator[Tick]:
    half = -_HALF_SPREAD if crossed else _HALF_SPREAD
    if tape.trading:
        yield _price(_BID, round(tape.last - half, 2), _SIZE)
        yield _price(_ASK, round(tape.last + half, 2), _SIZE)
    else:
        yield from (_price(kind, -1, 0) for kind in (_BID, _ASK))


def _option(world: World, subscription: Subscription, at: datetime) -> Iterator[Tick]:
    instrument = subscription.instrument
    quote = world.prices.quote(instrument, at)
    if quote is None or is_missing(world, instrument):
        return
    yield from _option_sides(world, instrument.symbol, quote)
    yield _price(_LAST, max(round(quote.price, 2), 0.01), 1)
    yield _size(_VOLUME, quote.volume)
    yield Tick(message=Reply.TICK_STRING, type=_TIME, values=(int(at.timestamp()),))
    yield from _generics(world, subscription, quote)
    if not subscription.without_greeks:
        unset = world.active_faults.find("no_greeks", instrument.symbol) is not None
        yield from (_computation(kind, quote, unset) for kind in _COMPUTATIONS)


def _option_sides(world: World, symbol: str, quote: OptionQuote) -> Iterator[Tick]:
    bid, ask = quote.bid, quote.ask
    if _is_crossed(world, symbol, "options"):
        bid, ask = ask + 0.05, bid
    bid_size = _SIZE if bid > 0 else 0
    if world.active_faults.find("no_bid", symbol):
        bid, bid_size = -1.0, 0
    yield _price(_BID, bid, bid_size)
    yield _price(_ASK, ask, _SIZE)


def _generics(world: World, subscription: Subscription, quote: OptionQuote) -> Iterator[Tick]:
    requested, call = subscription.generic_ticks, subscription.instrument.right == CALL
    if OPTION_VOLUME in requested:
        yield _size(29 if call else 30, quote.volume)
    if OPEN_INTEREST in requested:
        active_fault = world.active_faults.find("open_interest", subscription.instrument.symbol)
        if active_fault is None:
            yield _size(27 if call else 28, quote.open_interest)
        elif active_fault.fault.text("value") == "zero":
            yield _size(27 if call else 28, 0)
    if IMPLIED_VOLATILITY in requested:
        yield _generic(24, round(quote.volatility, 6))


def _computation(kind: int, quote: OptionQuote, unset: bool) -> Tick:
    price = {10: quote.bid, 11: quote.ask}.get(kind, quote.price)
    model = (quote.volatility, quote.delta, price, 0.0, quote.gamma, quote.vega, quote.theta, quote.spot)
    values: tuple[Field, ...] = tuple(round(value, 8) for value in model)
    return Tick(message=Reply.OPTION_COMPUTATION, type=kind, values=_UNSET if unset else values)


def _price(kind: int, value: Field, size: int) -> Tick:
    return Tick(message=Reply.TICK_PRICE, type=kind, values=(value, size, 0))


def _size(kind: int, size: int) -> Tick:
    return Tick(message=Reply.TICK_SIZE, type=kind, values=(size,))


def _generic(kind: int, value: float) -> Tick:
    return Tick(message=Reply.TICK_GENERIC, type=kind, values=(value,))
