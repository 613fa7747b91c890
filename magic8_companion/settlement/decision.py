"""Read the decisions of a day from its published documents; pure.

A document is written again every few minutes, and a checkpoint stays in it until the next one.  An entry counts once,
as it was published first: for a symbol and a checkpoint from ``recommendations.json``, for a symbol and a slot from
``ml_predictions_5min.json``.  When the time of the documents goes back, the day was played again, and the newer run
replaces the older one.  Documents of practice runs carry moved times and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from magic8_companion.domain.codes import Blocker, Code, EntrySource
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import new_york_day, parse_utc
from magic8_companion.options.payoff import Leg

Document = Mapping[str, Any]

COPIED: Final = (
    *("score", "confidence", "should_trade", "rule_score", "ml_score", "agreement"),
    *("win_probability", "implied_probability", "expected_value", "structure"),
)
"""Fields of a published entry that its outcome repeats, so that a report needs no archive."""


class Origin(Code):
    """When a decision was made: at a checkpoint, or at a 5-minute slot."""

    CHECKPOINT = "checkpoint"
    SLOT = "slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTrade:
    """The trade of an entry: ``kind`` ticket or modelled, and its price in points per unit (a debit is negative)."""

    kind: str
    legs: tuple[Leg, ...]
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEntry:
    """One published entry.

    ``decided_at`` is the nominal time of its checkpoint or slot, ``published_at`` when the document ``seq`` was
    written.  ``published`` are the fields of :data:`COPIED`.  ``expected_move`` is one standard deviation of the
    logarithm of the change to the close.  ``trade`` is None without strikes.
    """

    origin: Origin
    decided_at: datetime
    published_at: datetime
    seq: int
    symbol: str
    strategy: str
    source: str
    data_status: str
    is_best: bool
    published: Mapping[str, Any]
    blocked_by: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    spot: float | None = None
    expected_move: float | None = None
    trade: PublishedTrade | None = None

    @property
    def day(self) -> date:
        """Return the New York day."""
        return new_york_day(self.decided_at)

    @property
    def key(self) -> tuple[str, datetime, str, str]:
        """Return what identifies a decision."""
        return self.origin, self.decided_at, self.symbol, self.strategy


def decisions_of(recommendations: Iterable[Document], predictions: Iterable[Document]) -> tuple[PublishedEntry, ...]:
    """Return the decisions of documents that are in the order of their numbers, ordered by time."""
    checkpoints = _first_published(recommendations, _checkpoint_decisions)
    events = {item.day: item.events for item in checkpoints}
    slots = _first_published(predictions, lambda document: _slot_decisions(document, events))
    return tuple(sorted((*checkpoints, *slots), key=lambda item: (item.decided_at, item.origin, item.symbol)))


def _first_published(documents: Iterable[Document], read: Any) -> list[PublishedEntry]:  # noqa: ANN401  # one of the two below
    found: dict[tuple[str, datetime, str, str], PublishedEntry] = {}
    last: datetime | None = None
    for document in documents:
        if document.get("practice"):
            continue
        at = parse_utc(document["timestamp"])
        if last is not None and at < last:
            found = {key: item for key, item in found.items() if item.day != new_york_day(at)}
        last = at
        for decision in read(document):
            found.setdefault(decision.key, decision)
    return list(found.values())


def _checkpoint_decisions(document: Document) -> Iterator[PublishedEntry]:
    if document["checkpoint_timestamp"] is None:
        return
    for symbol, record in document["recommendations"].items():
        conditions = record.get("market_conditions") or {}
        for strategy, entry in record["strategies"].items():
            if strategy not in BASE_STRATEGIES or Blocker.SKIPPED in entry["blocked_by"]:
                continue
            yield PublishedEntry(
                origin=Origin.CHECKPOINT,
                decided_at=parse_utc(document["checkpoint_timestamp"]),
                published_at=parse_utc(document["timestamp"]),
                seq=document["seq"],
                symbol=symbol,
                strategy=strategy,
                source=entry["source"],
                data_status=record.get("data_status", document["data_status"]),
                is_best=record["best_strategy_key"] == strategy,
                published=_published_fields(entry),
                blocked_by=tuple(entry["blocked_by"]),
                events=tuple(event["event"] for event in document.get("events", ())),
                spot=conditions.get("spot"),
                expected_move=conditions.get("range_expectation"),
                trade=_trade(entry),
            )


def _slot_decisions(document: Document, events: Mapping[Any, tuple[str, ...]]) -> Iterator[PublishedEntry]:
    at = parse_utc(document["slot_time"])
    for symbol, record in document["recommendations"].items():
        for strategy, entry in record["strategies"].items():
            if strategy not in BASE_STRATEGIES:
                continue
            yield PublishedEntry(
                origin=Origin.SLOT,
                decided_at=at,
                published_at=parse_utc(document["timestamp"]),
                seq=document["seq"],
                symbol=symbol,
                strategy=strategy,
                source=EntrySource.FIVE_MINUTE,
                data_status=document["data_status"],
                is_best=record["best_strategy"] == strategy,
                published=_published_fields(entry),
                blocked_by=tuple(entry["blocked_by"]),
                events=events.get(new_york_day(at), ()),
                trade=_trade(entry),
            )


def _published_fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry.get(name) for name in COPIED}


def _trade(entry: Mapping[str, Any]) -> PublishedTrade | None:
    for kind, price in (("ticket", "limit_price"), ("modelled", "price")):
        trade = entry.get(kind)
        if trade is not None:
            legs = tuple(
                Leg(
                    right=leg["right"],
                    strike=leg["strike"],
                    quantity=leg["quantity"] if leg["action"] == "BUY" else -leg["quantity"],
                )
                for leg in trade["legs"]
            )
            return PublishedTrade(kind=kind, legs=legs, price=trade[price])
    return None
