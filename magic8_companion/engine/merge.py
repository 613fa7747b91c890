"""The merge: last checkpoint, last 5-minute result and publish context -> what is published; pure.

A 5-minute result counts while it lives and unless its slot lies before the checkpoint.  Every configured symbol is
always present, with its three base entries; an expired entry stays visible and is not tradable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from magic8_companion.domain.blockers import block
from magic8_companion.domain.codes import Blocker, DataStatus, EventsStatus, ReasonCode, Strategy
from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.entry_structure import require_side
from magic8_companion.domain.market_state import DELAYED, STATUS_ORDER, worst_status
from magic8_companion.domain.recommendation import (
    CheckpointResult,
    Entry,
    FiveMinuteResult,
    FiveMinuteSignal,
    RecommendationSet,
    SymbolRecommendation,
)
from magic8_companion.domain.strategy import BASE_STRATEGIES, FIVE_MINUTE_SUFFIX, NO_TRADE
from magic8_companion.domain.structure import sells_premium
from magic8_companion.domain.trading_day import market_session, new_york_day, new_york_label, session_on
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.decide import (
    best_of,
    blockers_of_best,
    blockers_of_data,
    no_trade,
    skipped_record,
    why_nothing,
)
from magic8_companion.engine.merge_modes import MODES, Case, Merged, answer_alone
from magic8_companion.events.calendar import DayEvents, EventPause, pause_at
from magic8_companion.plausibility import Implausible


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishContext:
    """The circumstances of a publication, in addition to the two results.

    ``data_source`` and ``data_status`` describe a symbol of which nothing is known.  ``halt_reason`` takes every
    entry's tradability away; ``volatility_pause`` that of the 5-minute answers and of the checkpoint entries that sell
    premium; ``implausible`` that of every entry of a symbol; ``events`` is None without a calendar.  What was decided
    from the source of ``connection`` is unknown while it has an outage, of a symbol or altogether.  Where the clock was
    set (``clock_was_set``), results of a later time are withdrawn.
    """

    now: datetime
    data_source: str
    data_status: DataStatus
    halt_reason: str | None = None
    volatility_pause: bool = False
    connection: ConnectionState | None = None
    implausible: Mapping[str, Implausible] = field(default_factory=dict)
    events: DayEvents | None = None
    clock_was_set: bool = False

    @property
    def close_at(self) -> datetime:
        """Return today's close; on a day without session ``now``, so that nothing outlives it."""
        session = session_on(new_york_day(self.now))
        return self.now if session is None else session.close_at

    def status_now(self, symbol: str, source: str, decided: DataStatus) -> DataStatus:
        """Return the data status of what was decided from ``source``: delayed at best while its prices come late."""
        state = self.connection
        delayed = state is not None and source == state.source and symbol in state.delayed
        return worst_status([decided, DELAYED]) if delayed else decided

    def is_past_of_today(self, at: datetime) -> bool:
        """Tell whether ``at`` has been, today: restored results of another day or a later time never happened."""
        return at <= self.now and new_york_day(at) == new_york_day(self.now)


def merge(
    checkpoint: CheckpointResult | None,
    five_minute: FiveMinuteResult | None,
    context: PublishContext,
    options: EngineConfig,
) -> RecommendationSet:
    """Return what is published in this context."""
    last = checkpoint if checkpoint is not None and context.is_past_of_today(checkpoint.checkpoint_at) else None
    slot = None if five_minute is None else _unexpired(five_minute, last, context, options)
    unknown = {} if context.connection is None else _unknown_symbols(last, context.connection, options.symbols)
    if context.connection is not None and slot is not None and slot.data_source == context.connection.source:
        slot = _without_outages(slot, context.connection)
    sources = _Sources(
        last=last,
        slot=slot,
        unknown=unknown,
        without_checkpoint=_why_no_checkpoint(checkpoint, five_minute, context),
        context=context,
        options=options,
    )
    records = {symbol: sources.record(symbol) for symbol in options.symbols}
    data_source, data_status = sources.worst(records)
    return RecommendationSet(
        published_at=context.now,
        valid_until=min(context.now + options.document_life, context.close_at),
        checkpoint_label=new_york_label(sources.nominal),
        checkpoint_at=None if last is None else last.checkpoint_at,
        system_mode=options.system_mode if last is None else last.system_mode,
        market_session=market_session(context.now),
        data_source=data_source,
        data_status=data_status,
        merge_strategy=options.merge_strategy,
        halt_reason=context.halt_reason,
        ml_enhanced=any(record.ml_enhanced for record in records.values()),
        ml_status=options.ml_status_without_scores(ReasonCode.NO_CHECKPOINT_YET) if last is None else last.ml_status,
        ml_5min_enhanced=slot is not None,
        last_5min_update=None if slot is None else slot.published_at,
        recommendations=records,
        skipped={symbol: why for symbol in records if (why := sources.skip_reason(symbol)) is not None},
        connection=context.connection,
        events=() if context.events is None else context.events.published,
        events_status=EventsStatus.KNOWN if context.events is None else context.events.status,
        limits=options.limits,
    )


def with_blockers(slot: FiveMinuteResult, options: EngineConfig, *reasons: str) -> FiveMinuteResult:
    """Return a 5-minute result whose answers are blocked by what forbids their data, and by ``reasons``."""
    signals = {
        symbol: replace(
            signal,
            entry=block(
                require_side(signal.strategy, signal.entry), *blockers_of_data(signal.data_status, options), *reasons
            ),
        )
        for symbol, signal in slot.signals.items()
    }
    return replace(slot, signals=signals)


def without_implausible(slot: FiveMinuteResult, implausible: Mapping[str, Implausible]) -> FiveMinuteResult:
    """Return a 5-minute result whose answers of symbols with implausible data are blocked."""
    signals = {
        symbol: replace(signal, entry=block(signal.entry, implausible[symbol].reason))
        for symbol, signal in slot.signals.items()
        if symbol in implausible
    }
    return replace(slot, signals={**slot.signals, **signals}) if signals else slot


def _why_no_checkpoint(
    checkpoint: CheckpointResult | None, five_minute: FiveMinuteResult | None, context: PublishContext
) -> ReasonCode:
    # What was decided at a later time than now was decided before the wall time was set back.
    decided_at = [
        *([] if checkpoint is None else [checkpoint.checkpoint_at]),
        *([] if five_minute is None else [five_minute.slot_at]),
    ]
    is_later = context.clock_was_set and any(at > context.now for at in decided_at)
    return ReasonCode.CLOCK_CHANGED if is_later else ReasonCode.NO_CHECKPOINT_YET


def _unknown_symbols(
    last: CheckpointResult | None, connection: ConnectionState, symbols: Sequence[str]
) -> dict[str, str]:
    # What was decided from a source that is deaf now is neither true nor false: it is unknown until it hears again.
    decided = {} if last is None else last.recommendations
    return {
        symbol: reason
        for symbol in symbols
        if (reason := connection.outage_of(symbol)) is not None
        and (symbol not in decided or decided[symbol].data_source == connection.source)
    }


def _without_outages(slot: FiveMinuteResult, connection: ConnectionState) -> FiveMinuteResult | None:
    signals = {symbol: signal for symbol, signal in slot.signals.items() if connection.outage_of(symbol) is None}
    return replace(slot, signals=signals) if signals else None


def _unexpired(
    slot: FiveMinuteResult, last: CheckpointResult | None, context: PublishContext, options: EngineConfig
) -> FiveMinuteResult | None:
    # Returns the slot with its answers as they count now, or None when none does.
    own = slot.slot_at + timedelta(minutes=options.five_minute_valid_minutes)
    expires = min(slot.valid_until, own, context.close_at)
    overtaken = last is not None and slot.slot_at < last.checkpoint_at
    if overtaken or context.now >= expires or not context.is_past_of_today(slot.slot_at):
        return None
    signals = {}
    for symbol in (symbol for symbol in options.symbols if symbol in slot.signals):
        signal = slot.signals[symbol]
        status = context.status_now(symbol, slot.data_source, signal.data_status)
        signals[symbol] = replace(signal, data_status=status, entry=replace(signal.entry, valid_until=expires))
    pause = (Blocker.VOLATILITY_PAUSE,) * context.volatility_pause
    return with_blockers(replace(slot, signals=signals), options, *pause) if signals else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """What counts now: today's last checkpoint and the unexpired slot, each if there is one.

    ``unknown`` are the symbols whose checkpoint does not count, and why; ``without_checkpoint`` is the reason for all
    when there is no last checkpoint.
    """

    last: CheckpointResult | None
    slot: FiveMinuteResult | None
    unknown: Mapping[str, str]
    without_checkpoint: ReasonCode
    context: PublishContext
    options: EngineConfig

    @property
    def nominal(self) -> datetime:
        """Return the time that the document is about."""
        if self.last is not None:
            return self.last.checkpoint_at
        return self.context.now if self.slot is None else self.slot.slot_at

    def skip_reason(self, symbol: str) -> str | None:
        """Return why nothing is known of a symbol, None when either source knows it."""
        if self._scored(symbol) is not None or self._signal(symbol) is not None:
            return None
        return self._gap(symbol)

    def record(self, symbol: str) -> SymbolRecommendation:
        """Return what is published about a symbol."""
        signal = self._signal(symbol)
        base = self._scored(symbol) or self._blank(symbol)
        merged = self._merged(base, signal, scored=self._scored(symbol) is not None)
        if (pause := self._event_pause) is not None:
            merged = _blocked(merged, Blocker.EVENT_PAUSE, pause.sentence)
        if (finding := self.context.implausible.get(symbol)) is not None:
            merged = _blocked(merged, finding.reason, finding.sentence)
        if self.context.halt_reason is not None:
            merged = _halted(merged, self.context.halt_reason)
        record = _decided(base, merged)
        return record if signal is None else _with_metadata(record, signal)

    def worst(self, records: Mapping[str, SymbolRecommendation]) -> tuple[str, DataStatus]:
        """Return source and status of the worst data behind the document; a skipped symbol has no say."""
        known = [record for symbol, record in records.items() if self.skip_reason(symbol) is None]
        if not known:
            return self.context.data_source, self.context.data_status
        worst = max(known, key=lambda record: STATUS_ORDER.index(record.data_status))
        return worst.data_source, worst.data_status

    @property
    def _event_pause(self) -> EventPause | None:
        events = self.context.events
        return None if events is None else pause_at(events, self.context.now, self.options.pause_events)

    def _scored(self, symbol: str) -> SymbolRecommendation | None:
        if self.last is None or symbol in self.unknown:
            return None
        record = self.last.recommendations.get(symbol)
        if record is None:
            return None
        status = self.context.status_now(symbol, record.data_source, record.data_status)
        blocked_by = blockers_of_data(status, self.options)
        entries = {key: block(entry, *blocked_by) for key, entry in record.strategies.items()}
        return replace(record, data_status=status, strategies=entries)

    def _signal(self, symbol: str) -> FiveMinuteSignal | None:
        return None if self.slot is None else self.slot.signals.get(symbol)

    def _gap(self, symbol: str) -> str:
        otherwise = (
            self.without_checkpoint if self.last is None else self.last.skipped.get(symbol, ReasonCode.NOT_OBSERVED)
        )
        return self.unknown.get(symbol, otherwise)

    def _blank(self, symbol: str) -> SymbolRecommendation:
        reason, source, status = self._gap(symbol), self.context.data_source, self.context.data_status
        if self.slot is not None and symbol in self.slot.signals:
            source, status = self.slot.data_source, self.slot.signals[symbol].data_status
        return skipped_record(
            reason,
            valid_until=self.context.close_at,
            data_source=source,
            data_status=status,
            ml_status=self.options.ml_status_without_scores(reason),
            blocked_by=(Blocker.CLOCK_CHANGED,) * (reason == ReasonCode.CLOCK_CHANGED),
        )

    def _merged(self, base: SymbolRecommendation, signal: FiveMinuteSignal | None, *, scored: bool) -> Merged:
        entries: dict[str, Entry] = {name: _expire(base.strategies[name], self.context.now) for name in BASE_STRATEGIES}
        if scored and self.context.volatility_pause and self.options.pause_checkpoints:
            entries = {name: _without_premium(entry) for name, entry in entries.items()}
        nothing = base.strategies.get(NO_TRADE) or no_trade(
            why_nothing(entries, self.options), blocked_by=blockers_of_best(entries, self.options)
        )
        if signal is None:
            return Merged(entries=entries, best_key=best_of(entries), nothing=nothing)
        if not scored:
            return answer_alone(entries, signal.strategy, signal.entry)
        lag = timedelta() if self.last is None or self.slot is None else self.slot.slot_at - self.last.checkpoint_at
        case = Case(entries=entries, nothing=nothing, strategy=signal.strategy, entry=signal.entry, lag=lag)
        return MODES[self.options.merge_strategy](case, self.options)


def _expire(entry: Entry, now: datetime) -> Entry:
    expired = entry.valid_until is not None and now >= entry.valid_until
    return block(entry, Blocker.EXPIRED) if expired else entry


def _blocked(merged: Merged, reason: str, sentence: str) -> Merged:
    entries = {key: block(entry, reason) for key, entry in merged.entries.items()}
    if merged.best_key is None:
        return Merged(entries=entries, best_key=None, nothing=merged.nothing)
    nothing = no_trade(f"{merged.best_key} is blocked: {sentence}", blocked_by=(reason,))
    return Merged(entries=entries, best_key=None, nothing=nothing)


def _without_premium(entry: Entry) -> Entry:
    return block(entry, Blocker.VOLATILITY_PAUSE) if sells_premium(entry.structure) else entry


def _halted(merged: Merged, reason: str) -> Merged:
    # A stop is no blocker, but nothing outlives it either.
    blocked_by = (Blocker.KILL_SWITCH,) if reason == ReasonCode.KILL_SWITCH else ()
    entries = {key: replace(block(entry, *blocked_by), should_trade=False) for key, entry in merged.entries.items()}
    return Merged(entries=entries, best_key=None, nothing=no_trade(f"halted: {reason}", blocked_by=blocked_by))


def _decided(base: SymbolRecommendation, merged: Merged) -> SymbolRecommendation:
    # A No_Trade entry stands in the record only when it is the decision.
    entries = dict(merged.entries)
    key = merged.best_key
    if key is None:
        key, entries[NO_TRADE] = NO_TRADE, merged.nothing
    return replace(
        base,
        strategies=entries,
        best_strategy=Strategy(key.removesuffix(FIVE_MINUTE_SUFFIX)),
        best_strategy_source=entries[key].source,
        best_strategy_key=key,
    )


def _with_metadata(record: SymbolRecommendation, signal: FiveMinuteSignal) -> SymbolRecommendation:
    return replace(
        record,
        data_status=worst_status([record.data_status, signal.data_status]),
        ml_5min_metadata=signal.metadata,
    )
