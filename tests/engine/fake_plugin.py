"""A plugin by hand: 5-minute answers and results as the plugin submits them, and a thread that submits them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from magic8_companion.domain.blend import label
from magic8_companion.domain.codes import Direction, EntrySource
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.recommendation import Entry, FiveMinuteResult, FiveMinuteSignal
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import BAR, new_york_day, require_session
from magic8_companion.ports import Host

OPEN_AT = require_session(date(2025, 6, 26)).open_at


def signal_of(strategy: str = "Butterfly", confidence: float = 0.825, **changes: Any) -> FiveMinuteSignal:
    """Return a 5-minute answer labelled as the plugin labels it."""
    tradable = strategy != "No_Trade" and confidence >= 0.8
    entry = Entry(
        score=round(100 * confidence, 1),
        confidence=label(confidence, 0.8, 0.65) if strategy != "No_Trade" else "LOW",
        should_trade=tradable,
        source=EntrySource.FIVE_MINUTE,
        rationale=f"5-min ML: {strategy}: confidence {confidence}",
        ml_confidence=confidence,
        direction=Direction.NEUTRAL,
        volatility_regime="low",
    )
    given: dict[str, Any] = {
        "strategy": strategy,
        "entry": entry,
        "prediction_time": OPEN_AT,
        "model": "test model",
        "model_version": "test",
        "data_status": "live",
    }
    return FiveMinuteSignal(**(given | changes))


def slot_of(slot: datetime, signals: Mapping[str, FiveMinuteSignal], **changes: Any) -> FiveMinuteResult:
    """Return a 5-minute result that lives for ten minutes."""
    given: dict[str, Any] = {
        "slot_at": slot,
        "published_at": slot + timedelta(seconds=5),
        "valid_until": slot + timedelta(minutes=10),
        "data_source": "fake",
        "data_status": "live",
        "ml_status": "ok",
        "signals": signals,
    }
    return FiveMinuteResult(**(given | changes))


@dataclass
class FakeExtension:
    """A plugin thread: at each slot it observes every symbol and submits the strategy whose turn it is."""

    name: str = "ml_5min"
    slots: list[datetime] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self, host: Host) -> None:
        host.clock.enter(self.name)
        self.thread = threading.Thread(target=self._run, args=(host,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()

    def join(self, timeout: float) -> bool:
        if self.thread is not None:
            self.thread.join(timeout)
        return self.thread is None or not self.thread.is_alive()

    def _run(self, host: Host) -> None:
        session = require_session(new_york_day(host.clock.now()))
        at = session.open_at
        try:
            while (at := at + BAR) < session.close_at - BAR:
                if not host.clock.wait_until(at + timedelta(seconds=5), self.name, self.stopping):
                    return
                self._slot(host, at)
            host.clock.wait_until(session.close_at + timedelta(hours=17), self.name, self.stopping)
        finally:
            host.clock.leave(self.name)

    def _slot(self, host: Host, at: datetime) -> None:
        if host.halt_reason or host.volatility_pause or host.last_checkpoint == at:
            return
        self.slots.append(at)
        signals, skipped = {}, {}
        for symbol in host.symbols:
            try:
                host.observe(symbol)
            except DataUnavailable as refusal:
                skipped[symbol] = refusal.reason
            else:
                strategy = BASE_STRATEGIES[len(self.slots) % 3]
                signals[symbol] = signal_of(strategy, 0.7 + 0.05 * (len(self.slots) % 5))
        host.submit(slot_of(at, signals, skipped=skipped, published_at=host.clock.now()))
