"""The outcome of a decision as a record of the journal, and which record must be written; pure.

A record repeats what was published, so that a report reads nothing else.  An outcome that cannot be known is a record
as well, with its reason, and is tried again.  A record is written only when it says something new: ``revision`` counts
the records of an entry, and the highest one is valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import inf
from typing import Any, Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.ticket import TicketLeg
from magic8_companion.domain.trading_day import require_session
from magic8_companion.journal.records import OutcomeRecord
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.costs import Fill, net_cost, opening_fees
from magic8_companion.options.payoff import Leg
from magic8_companion.options.products import Fees, Product, product
from magic8_companion.settlement.decision import PublishedEntry, PublishedTrade
from magic8_companion.settlement.price import (
    DayPrices,
    PricePath,
    PriceSource,
    SettlementPrice,
    Unknown,
    log_move,
    path_from,
    price_at,
    settlement_price,
)
from magic8_companion.settlement.trade import MODELLED, EnteredTrade, trade_result

Fields = dict[str, Any]
Key = tuple[date, str, datetime, str, str]

SETTLED: Final = "settled"
UNKNOWN: Final = "unknown"
TICKET: Final = "ticket"

_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMarket:
    """What is known of the market of an entry: its day's prices, or why there are none; fees; its quotes, if any."""

    prices: DayPrices | DataUnavailable
    fees: Fees
    quotes: ChainQuotes | None = None


def outcome_of(entry: PublishedEntry, market: EntryMarket, at: datetime) -> OutcomeRecord:
    """Return the record of an entry as it is known at a time, as revision 0."""
    try:
        found = _found(entry, market)
    except DataUnavailable as error:
        found = {"status": UNKNOWN, "reason": str(error.reason)}
    trade = entry.trade
    fields: Fields = {
        "settled_at": at,
        "day": entry.day,
        "origin": str(entry.origin),
        "decided_at": entry.decided_at,
        "symbol": entry.symbol,
        "strategy": entry.strategy,
        "revision": 0,
        "status": SETTLED,
        "seq": entry.seq,
        "source": str(entry.source),
        "data_status": entry.data_status,
        "is_best": entry.is_best,
        "blocked_by": entry.blocked_by,
        "events": entry.events,
        "expected_move": entry.expected_move,
        "spot": entry.spot,
        "trade": None if trade is None else trade.kind,
        "legs": () if trade is None else tuple(map(_ticket_leg, trade.legs)),
        "limit_price": None if trade is None else trade.price,
    }
    return OutcomeRecord(**{**fields, **entry.published, **found})


def changed_records(new: Iterable[OutcomeRecord], known: Iterable[OutcomeRecord]) -> tuple[OutcomeRecord, ...]:
    """Return the records that say something that the valid record of their entry does not, with their revisions."""
    valid = valid_records(known)
    changed = []
    for record in new:
        old = valid.get(key_of(record))
        if old is None:
            changed.append(record)
        elif replace(old, revision=record.revision, settled_at=record.settled_at) != record:
            changed.append(replace(record, revision=old.revision + 1))
    return tuple(changed)


def valid_records(records: Iterable[OutcomeRecord]) -> dict[Key, OutcomeRecord]:
    """Return the valid record of each entry: the one with the highest revision, the later one of equals."""
    valid: dict[Key, OutcomeRecord] = {}
    for record in records:
        key = key_of(record)
        if key not in valid or record.revision >= valid[key].revision:
            valid[key] = record
    return valid


def key_of(record: OutcomeRecord) -> Key:
    """Return what identifies the entry of a record."""
    return record.day, record.origin, record.decided_at, record.symbol, record.strategy


def is_final(record: OutcomeRecord) -> bool:
    """Tell whether nothing better can be expected: without strikes nothing can be computed, and a daily row settles."""
    return record.reason == Unknown.NO_STRIKES or record.settlement_source == PriceSource.DAILY_ROW


def _ticket_leg(leg: Leg) -> TicketLeg:
    return TicketLeg(action=leg.action, right=leg.right, strike=leg.strike, quantity=abs(leg.quantity))


def _found(entry: PublishedEntry, market: EntryMarket) -> Fields:
    if isinstance(market.prices, DataUnavailable):
        raise market.prices
    options = product(entry.symbol)
    settled = settlement_price(options, entry.day, market.prices)
    spot = entry.spot or price_at(entry.decided_at, market.prices)
    path = None
    if spot is not None:
        path = path_from(entry.decided_at, market.prices, require_session(entry.day), spot)
    found = {
        "spot": spot,
        "settlement": settled.value,
        "settlement_source": str(settled.source),
        **_movement(spot, settled, path, entry.expected_move),
    }
    if entry.trade is None:
        return found | {"status": UNKNOWN, "reason": str(Unknown.NO_STRIKES)}
    return found | _result(entered_trade(entry.trade, options, market), settled, path)


def _movement(spot: float | None, settled: SettlementPrice, path: PricePath | None, expected: float | None) -> Fields:
    move = None if spot is None else round(log_move(spot, settled.value), _DIGITS)
    realised = None if path is None else round(path.realised, _DIGITS)
    return {
        "move": move,
        "realised": realised,
        "move_inside": None if move is None or expected is None else abs(move) <= expected,
        "realised_inside": None if realised is None or expected is None else realised <= expected,
    }


def _result(trade: EnteredTrade, settled: SettlementPrice, path: PricePath | None) -> Fields:
    result = trade_result(trade, settled.value, path)
    return {
        "payoff": result.payoff,
        "fees": trade.fees,
        "risk": trade.risk,
        "results": dict(result.results),
        "won": result.won,
        "touched": result.touched,
        "worst": result.worst,
        "pinned": result.pinned,
    }


def entered_trade(trade: PublishedTrade, options: Product, market: EntryMarket) -> EnteredTrade:
    """Return a published trade with its prices in each scenario that is known, and its fees.

    The natural price is the published limit.  Mid and between need the quotes of that time; without them the exchange
    fee is that of the dearer legs.
    """
    entered = EnteredTrade(
        legs=trade.legs,
        credits={MODELLED: trade.price},
        fees=0.0,
        multiplier=options.multiplier,
        assignment_risk=options.assignment_risk,
    )
    if trade.kind != TICKET:
        return entered
    try:
        quoted = {} if market.quotes is None else _quoted_prices(trade, market.quotes, market.fees)
    except DataUnavailable:
        quoted = {}
    contracts = sum(abs(leg.quantity) for leg in trade.legs)
    fees = quoted.pop("fees", contracts * float(market.fees.per_contract(inf)))
    return replace(entered, credits={**quoted, Fill.NATURAL.value: trade.price}, fees=round(fees, 2))


def _quoted_prices(trade: PublishedTrade, quotes: ChainQuotes, fees: Fees) -> dict[str, float]:
    prices = {fill.value: -net_cost(trade.legs, quotes, fill) for fill in (Fill.MID, Fill.BETWEEN)}
    return prices | {"fees": opening_fees(trade.legs, quotes, fees)}
