"""The outcome of a decision as a plain record, and which record must be written; pure.

A record repeats what was published, so that a report reads nothing else.  An outcome that cannot be known is a record
as well, with its reason, and is tried again.  A record is written only when it says something new: ``revision`` counts
the records of an entry, and the highest one is valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any, Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import require_session, utc_text
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.costs import Fill, net_cost, opening_fees
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

Record = dict[str, Any]

SETTLED: Final = "settled"
UNKNOWN: Final = "unknown"
TICKET: Final = "ticket"

_ABOUT_THE_RECORD: Final = frozenset(("revision", "settled_at"))
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMarket:
    """What is known of the market of a decision: its day's prices, or why there are none; fees; its quotes, if any."""

    prices: DayPrices | DataUnavailable
    fees: Fees
    quotes: ChainQuotes | None = None


def outcome_of(decision: PublishedEntry, market: EntryMarket) -> Record:
    """Return the record of a decision, as revision 0 and without a time of settlement."""
    record = _record_of(decision)
    try:
        record |= _found(decision, market)
    except DataUnavailable as error:
        record |= {"status": UNKNOWN, "reason": str(error.reason)}
    return record


def changed_records(new: Iterable[Record], known: Iterable[Mapping[str, Any]], at: datetime) -> tuple[Record, ...]:
    """Return the records that say something that the newest known record of their decision does not, numbered."""
    newest = newest_records(known)
    changed = []
    for record in new:
        old = newest.get(key_of(record))
        if old is None or any(old[name] != value for name, value in record.items() if name not in _ABOUT_THE_RECORD):
            revision = 0 if old is None else old["revision"] + 1
            changed.append({**record, "revision": revision, "settled_at": utc_text(at)})
    return tuple(changed)


def newest_records(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """Return the valid record of each decision: the one with the highest revision, the later one of equals."""
    newest: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for record in records:
        key = key_of(record)
        if key not in newest or record["revision"] >= newest[key]["revision"]:
            newest[key] = record
    return newest


def key_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what identifies the decision of a record."""
    return record["origin"], record["decided_at"], record["symbol"], record["strategy"]


def is_final(record: Mapping[str, Any]) -> bool:
    """Tell whether nothing better can be expected: without strikes nothing can be computed, and a daily row settles."""
    return bool(record["reason"] == Unknown.NO_STRIKES or record["settlement_source"] == PriceSource.DAILY_ROW)


def _record_of(decision: PublishedEntry) -> Record:
    return {
        "settled_at": None,
        "day": decision.day.isoformat(),
        "origin": str(decision.origin),
        "decided_at": utc_text(decision.decided_at),
        "symbol": decision.symbol,
        "strategy": decision.strategy,
        "revision": 0,
        "status": SETTLED,
        "reason": None,
        "seq": decision.seq,
        "source": decision.source,
        "data_status": decision.data_status,
        "is_best": decision.is_best,
        "blocked_by": list(decision.blocked_by),
        "events": list(decision.events),
        **decision.published,
        "expected_move": decision.expected_move,
        "spot": decision.spot,
        **_trade_record(decision.trade),
        **dict.fromkeys(("settlement", "settlement_source", "move", "realised", "move_inside", "realised_inside")),
        **dict.fromkeys(("payoff", "fees", "risk")),
        "results": {},
        **dict.fromkeys(("won", "touched", "worst", "pinned")),
    }


def _trade_record(trade: PublishedTrade | None) -> Record:
    if trade is None:
        return {"trade": None, "legs": [], "limit_price": None}
    legs = [
        {"action": leg.action, "right": leg.right, "strike": leg.strike, "quantity": abs(leg.quantity)}
        for leg in trade.legs
    ]
    return {"trade": trade.kind, "legs": legs, "limit_price": trade.price}


def _found(decision: PublishedEntry, market: EntryMarket) -> Record:
    if isinstance(market.prices, DataUnavailable):
        raise market.prices
    options = product(decision.symbol)
    settled = settlement_price(options, decision.day, market.prices)
    spot = decision.spot or price_at(decision.decided_at, market.prices)
    path = None
    if spot is not None:
        path = path_from(decision.decided_at, market.prices, require_session(decision.day), spot)
    found = {
        "spot": spot,
        "settlement": settled.value,
        "settlement_source": str(settled.source),
        **_movement(spot, settled, path, decision.expected_move),
    }
    if decision.trade is None:
        return found | {"status": UNKNOWN, "reason": str(Unknown.NO_STRIKES)}
    return found | _result(entered_trade(decision.trade, options, market), settled, path)


def _movement(spot: float | None, settled: SettlementPrice, path: PricePath | None, expected: float | None) -> Record:
    move = None if spot is None else round(log_move(spot, settled.value), _DIGITS)
    realised = None if path is None else round(path.realised, _DIGITS)
    return {
        "move": move,
        "realised": realised,
        "move_inside": None if move is None or expected is None else abs(move) <= expected,
        "realised_inside": None if realised is None or expected is None else realised <= expected,
    }


def _result(trade: EnteredTrade, settled: SettlementPrice, path: PricePath | None) -> Record:
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
