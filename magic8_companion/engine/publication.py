"""The publication service: keeps the newest results, merges them and publishes, one at a time.

It publishes on a checkpoint, a 5-minute result, the expiry of an entry, a change of the kill switch, of the feed's
connection or of the volatility pause, and after a silence; nothing that was published is ever read back.  Between two
documents of a live run heartbeats keep the file alive.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol

from magic8_companion.domain.blockers import withdrawn
from magic8_companion.domain.codes import Blocker, ReasonCode
from magic8_companion.domain.connection import CONNECTED, ConnectionState
from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import CheckpointResult, FiveMinuteResult, RecommendationSet
from magic8_companion.domain.trading_day import new_york_day, require_session, session_on
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.kill_switch import why_set
from magic8_companion.engine.merge import PublishContext, merge, with_blockers, without_implausible
from magic8_companion.engine.merge_modes import five_minute_keys
from magic8_companion.engine.pipeline import CheckpointEvaluation, status_without_data
from magic8_companion.engine.plausibility_watch import PlausibilityWatch
from magic8_companion.engine.seen_inputs import SeenInputs
from magic8_companion.events.calendar import DayEvents, EventCalendar, next_pause_change
from magic8_companion.plausibility import Implausible
from magic8_companion.ports import Clock, MarketData, Monitored

_State = ConnectionState | None
"""The part of a connection's state whose change publishes a new document: all but its sentence and its start."""

_log = logging.getLogger(__name__)

RENEWAL: Final = timedelta(seconds=240)
"""Longest time between two documents of a session; heartbeats do not count."""

_NO_INPUTS: Final[Mapping[str, str]] = MappingProxyType({})


class DocumentWriter(Protocol):
    """The one writer of the output folder; any failure is a ``PublishError``.  It is called one at a time.

    ``inputs`` maps a symbol to the SHA-256 of what its decision was made from, for the journal.
    """

    def publish(
        self,
        recommendation_set: RecommendationSet,
        inputs: Mapping[str, str],
        slot: FiveMinuteResult | None = None,
        slot_inputs: Mapping[str, str] = _NO_INPUTS,
    ) -> int:
        """Replace ``recommendations.json``, archive and journal the document; return its ``seq``.

        With ``slot``, a new 5-minute result, ``ml_predictions_5min.json`` goes the same way, both in one step.
        """

    def heartbeat(self, at: datetime, valid_until: datetime) -> int:
        """Publish the last recommendations again with these times, not archived nor journalled; return its ``seq``."""

    def keep_halted(self, recommendation_set: RecommendationSet) -> None:
        """Keep a halted document ready for :meth:`halt`."""

    def halt(self) -> None:
        """Publish the halted document in a way that needs no space; never raises."""

    def require_held(self) -> None:
        """Check that this is still the only writer of the folder."""


class Memory(Protocol):
    """What must survive a restart within a trading day."""

    def save_checkpoint(self, result: CheckpointResult) -> None:
        """Remember a checkpoint."""

    def save_five_minute(self, result: FiveMinuteResult) -> None:
        """Remember a 5-minute result."""

    def load_checkpoint(self, now: datetime) -> CheckpointResult | None:
        """Return the remembered checkpoint of today, None when there is none."""

    def load_five_minute(self, now: datetime) -> FiveMinuteResult | None:
        """Return the remembered 5-minute result of today, None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineHooks:
    """What a running engine connects: a timer, the volatility pause, a listener, and what is implausible."""

    remind: Callable[[datetime], None]
    volatility_pause: Callable[[], str | None]
    published: Callable[[RecommendationSet], None]
    plausibility: PlausibilityWatch | None = None


class PublicationService:
    """Merge and publish.  Any thread may call a method, which waits for its turn within the request time-out.

    Without :meth:`connect` (scripts) it publishes what it is given and sets no timer.
    """

    def __init__(
        self,
        writer: DocumentWriter,
        memory: Memory,
        clock: Clock,
        provider: MarketData,
        options: EngineConfig,
        calendar: EventCalendar | None = None,
    ) -> None:
        self._writer = writer
        self._memory = memory
        self._clock = clock
        self._provider = provider
        self._options = options
        self._calendar = calendar or EventCalendar()
        self._turn = threading.Lock()
        self._hooks: EngineHooks | None = None
        self._stopped = False
        self._begun: datetime | None = None
        self._checkpoint: CheckpointResult | None = None
        self._five_minute: FiveMinuteResult | None = None
        self._checkpoint_inputs: Mapping[str, str] = {}
        self._slot_inputs: Mapping[str, str] = {}
        self._seen = SeenInputs()
        self._clock_steps = clock.steps
        self._last_published: RecommendationSet | None = None
        self._implausible: Mapping[str, Implausible] = {}
        self._due: datetime | None = None
        self._beat_due: datetime | None = None
        self._logged_state: tuple[str, str | None] | None = None

    @property
    def halt_reason(self) -> str | None:
        """Return why nothing may be traded (``stopped``, ``kill_switch``), or None."""
        if self._stopped:
            return ReasonCode.STOPPED
        return None if why_set(self._options.kill_switch_file) is None else ReasonCode.KILL_SWITCH

    @property
    def last_checkpoint(self) -> datetime | None:
        """Return the nominal time of the last checkpoint that was begun."""
        return self._begun

    @property
    def events(self) -> DayEvents:
        """Return the events of today as they are known now."""
        return self._calendar.today(self._clock.now())

    @property
    def last_published(self) -> RecommendationSet | None:
        """Return what this publication published last."""
        return self._last_published

    def connect(self, hooks: EngineHooks) -> None:
        """Connect a running engine."""
        self._hooks = hooks

    def restore(self) -> None:
        """Take up what was known when an earlier process of today ended; keep a halted document ready."""
        now = self._clock.now()
        with self._in_turn():
            self._checkpoint = self._memory.load_checkpoint(now)
            self._five_minute = self._memory.load_five_minute(now)
            self._begun = None if self._checkpoint is None else self._checkpoint.checkpoint_at
            if self._hooks is not None:
                halted = replace(self._context(), halt_reason=ReasonCode.CANNOT_PUBLISH)
                self._writer.keep_halted(merge(None, None, halted, self._options))

    def begin_checkpoint(self, at: datetime) -> None:
        """Note that the checkpoint of ``at`` is under way: a slot of the same time leaves it the field."""
        self._begun = at

    def note_inputs(self, symbol: str, digest: str, clock_steps: int) -> None:
        """Note what a plugin saw of a symbol last, and after how many steps of the wall time it began to look."""
        self._seen.note(symbol, digest, clock_steps)

    def publish_checkpoint(self, evaluation: CheckpointEvaluation, clock_steps: int | None = None) -> int:
        """Publish a checkpoint; return the ``seq`` of the document.

        What was decided before the wall time was set, after another number of ``clock_steps``, is published withdrawn.
        """
        with self._in_turn():
            self._notice_clock()
            result, is_old = evaluation.result, clock_steps not in {None, self._clock_steps}
            self._checkpoint = withdrawn(result, Blocker.CLOCK_CHANGED) if is_old else result
            self._checkpoint_inputs = evaluation.inputs
            self._memory.save_checkpoint(self._checkpoint)
            return self._publish()

    def submit(self, result: FiveMinuteResult) -> int:
        """Publish a 5-minute result and, in the same step, the merged document; return the ``seq`` of the latter."""
        with self._in_turn():
            self._notice_clock()
            is_old = self._seen.is_of_another_clock(result.signals, self._clock_steps)
            result = with_blockers(result, self._options, *(Blocker.CLOCK_CHANGED,) * is_old)
            result = without_implausible(result, self._findings())
            self._five_minute = result
            self._slot_inputs = self._seen.digests(result.signals)
            self._memory.save_five_minute(result)
            before = five_minute_keys(self._last_published)
            seq = self._publish(result)
            after = five_minute_keys(self._last_published)
            mode, withdrawn = self._options.merge_strategy, len(before - after)
            _log.info("5-min ML merge: %s, %d added, %d withdrawn, seq %d", mode, len(after), withdrawn, seq)
            return seq

    def refresh(self) -> int:
        """Publish what holds now; return the ``seq`` of the document."""
        with self._in_turn():
            return self._publish()

    def on_timer(self) -> None:
        """Publish if an expiry, the longest silence or a heartbeat is due; else set the timer again."""
        with self._in_turn():
            now = self._clock.now()
            if self._due is not None and now >= self._due:
                self._publish()
            elif self._beat_due is not None and now >= self._beat_due:
                self._beat(now)
            else:
                self._set_timer()

    def poll(self) -> None:
        """Publish if the kill switch or, in a session, the feed or what is implausible has changed.

        Raises
        ------
        PublishError
            When the document cannot be written, or the output folder is no longer this host's.
        """
        self._writer.require_held()
        connection = self._connection()
        if connection is not None and (connection.state, connection.why) != self._logged_state:
            self._logged_state = connection.state, connection.why
            _log_connection(connection)
        if self._is_outdated(connection):
            self.refresh()

    def stop(self) -> None:
        """Publish the last document, with nothing tradable, unless nothing was published at all."""
        with self._in_turn():
            self._stopped = True
            self._hooks = None
            if self._last_published is not None:
                self._publish()

    def _is_outdated(self, connection: ConnectionState | None) -> bool:
        last = self._last_published
        if last is None:
            return False
        changed = _state(connection) != _state(last.connection) or self._is_news()
        was_set = self._clock.steps != self._clock_steps
        return (changed and self._is_open()) or was_set or self.halt_reason != last.halt_reason

    def _context(self) -> PublishContext:
        pause = None if self._hooks is None else self._hooks.volatility_pause()
        self._implausible = self._findings()
        return PublishContext(
            now=self._clock.now(),
            data_source=self._provider.name,
            data_status=status_without_data(self._provider.status),
            halt_reason=self.halt_reason,
            volatility_pause=pause is not None,
            connection=self._connection(),
            implausible=self._implausible,
            events=self.events,
            clock_was_set=self._clock_steps > 0,
        )

    def _publish(self, slot: FiveMinuteResult | None = None) -> int:
        self._notice_clock()
        recommendation_set = merge(self._checkpoint, self._five_minute, self._context(), self._options)
        seq = self._writer.publish(recommendation_set, self._inputs(recommendation_set), slot, self._slot_inputs)
        self._last_published = recommendation_set
        self._due = self._next_due(recommendation_set)
        self._beat_due = self._next_beat(recommendation_set.published_at)
        if self._hooks is not None:
            self._hooks.published(recommendation_set)
        self._set_timer()
        return seq

    def _beat(self, now: datetime) -> None:
        if self._is_outdated(self._connection()):  # what no longer holds gets no longer life
            self._publish()
            return
        session = require_session(new_york_day(now))
        self._writer.heartbeat(now, min(now + self._options.document_life, session.close_at))
        self._beat_due = self._next_beat(now)
        self._set_timer()

    def _notice_clock(self) -> None:
        # What was decided before the wall time was set is withdrawn for good, also for a later process.
        steps = self._clock.steps
        if steps == self._clock_steps:
            return
        self._clock_steps = steps
        _log.warning("The wall time was set: what was decided before is withdrawn")
        if self._checkpoint is not None:
            self._checkpoint = withdrawn(self._checkpoint, Blocker.CLOCK_CHANGED)
            self._memory.save_checkpoint(self._checkpoint)
        if self._five_minute is not None:
            self._five_minute = with_blockers(self._five_minute, self._options, Blocker.CLOCK_CHANGED)
            self._memory.save_five_minute(self._five_minute)

    def _findings(self) -> Mapping[str, Implausible]:
        watch = None if self._hooks is None else self._hooks.plausibility
        return {} if watch is None else watch.findings()

    def _is_news(self) -> bool:
        # only a source that pushes prices changes between publications; a replayed day must not depend on real time
        watch = None if self._hooks is None else self._hooks.plausibility
        return watch is not None and watch.is_live and _reasons(watch.findings()) != _reasons(self._implausible)

    def _connection(self) -> ConnectionState | None:
        return self._provider.connection() if isinstance(self._provider, Monitored) else None

    def _is_open(self) -> bool:
        now = self._clock.now()
        session = session_on(new_york_day(now))
        return session is not None and session.contains(now)

    def _inputs(self, recommendation_set: RecommendationSet) -> dict[str, str]:
        # A record that a 5-minute answer had a part in was decided from what its slot saw.
        seen = {
            symbol: (self._slot_inputs if record.ml_5min_metadata else self._checkpoint_inputs).get(symbol)
            for symbol, record in recommendation_set.recommendations.items()
        }
        return {symbol: digest for symbol, digest in seen.items() if digest is not None}

    def _next_due(self, recommendation_set: RecommendationSet) -> datetime | None:
        now, session = recommendation_set.published_at, session_on(new_york_day(recommendation_set.published_at))
        if session is None or not session.contains(now):
            return None
        dues = [at for at in self._expiries(recommendation_set) if at > now]
        if (change := next_pause_change(self.events, now, self._options.pause_events)) is not None:
            dues.append(change)
        due = min(*dues, now + RENEWAL, session.close_at)
        return due if due < session.close_at else None  # the close is the engine's own appointment

    def _next_beat(self, now: datetime) -> datetime | None:
        due = now + timedelta(seconds=self._options.heartbeat_seconds)
        session = session_on(new_york_day(now))
        is_due = self._options.has_heartbeat and session is not None and session.contains(now)
        return due if is_due and session is not None and due < session.close_at else None

    def _expiries(self, recommendation_set: RecommendationSet) -> Iterator[datetime]:
        for record in recommendation_set.recommendations.values():
            yield from (entry.valid_until for entry in record.strategies.values() if entry.valid_until is not None)
        if self._five_minute is not None and recommendation_set.ml_5min_enhanced:
            yield self._five_minute.valid_until

    def _set_timer(self) -> None:
        due = min((at for at in (self._due, self._beat_due) if at is not None), default=None)
        if self._hooks is not None and due is not None:
            self._hooks.remind(due)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        limit = self._options.request_timeout_seconds
        if not self._turn.acquire(timeout=limit):
            raise PublishError(f"the writer has been busy for {limit:g} s")
        try:
            yield
        except PublishError:
            self._stopped = self._stopped or self._hooks is not None  # a host ends with its first failure
            self._writer.halt()
            raise
        finally:
            self._turn.release()


def _state(connection: ConnectionState | None) -> _State:
    return None if connection is None else replace(connection, sentence="", since=None)


def _reasons(findings: Mapping[str, Implausible]) -> dict[str, str]:
    return {symbol: finding.reason for symbol, finding in findings.items()}


def _log_connection(connection: ConnectionState) -> None:
    level = logging.INFO if connection.state == CONNECTED else logging.WARNING
    what = ": ".join(filter(None, (connection.why, connection.sentence)))
    _log.log(level, "Feed %s is %s%s", connection.source, connection.state, f" ({what})" if what else "")
