"""The engine: drives trading days on a clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable, PublishError
from magic8_companion.domain.recommendation import CheckpointResult
from magic8_companion.domain.trading_day import (
    Session,
    new_york_day,
    next_session,
    require_session,
    session_on,
    utc_text,
)
from magic8_companion.engine.checkpoints import Checkpoint, day_schedule
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.pipeline import CheckpointEvaluation, CheckpointPipeline
from magic8_companion.engine.publication import EngineHooks, PublicationService
from magic8_companion.engine.services import HostServices
from magic8_companion.engine.timer import Timer
from magic8_companion.engine.volatility_watch import VolatilityWatch
from magic8_companion.ports import Clock, Monitored

NAME: Final = "engine"
KILL_SWITCH_POLL_SECONDS: Final = 0.5

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointOutcome:
    """What became of one scheduled checkpoint: a result, or the reason why there is none."""

    checkpoint_at: datetime
    label: str
    result: CheckpointResult | None = None
    skipped: str | None = None


class DayListener(Protocol):
    """Follows a day as it is played."""

    def reached(self, at: datetime, doing: str) -> None:
        """Take the clock's time and, in a few words, what happens there; called from any thread."""

    def decided(self, outcome: CheckpointOutcome) -> None:
        """Take what became of a checkpoint as soon as it is published; called on the engine's loop."""


class _ClockSet(Exception):  # no error: the day is planned anew
    """The wall time was set while the engine waited."""


class _Stopped(Exception):  # no error: the way out of a day that was asked to end
    """The stop event was set while the engine waited."""


async def _half_a_second() -> None:
    await asyncio.sleep(KILL_SWITCH_POLL_SECONDS)


class RecommendationEngine:
    """Run checkpoints on time and keep the published file fresh.

    Use it as ``async with engine:`` on the loop that owns the provider; extensions start inside the block and are
    stopped and joined inside it too, because replayed time goes on for them when the engine has left.  Leaving the
    block publishes the last document, with nothing tradable.  A document that cannot be written ends the day, whoever
    wanted to write it: ``run_day`` raises the ``PublishError``.

    ``poll_pause`` waits between two looks at kill switch, feed and clock, in real time on every clock, because the
    operator does not live in replayed time.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        observer: MarketObserver,
        pipeline: CheckpointPipeline,
        publication: PublicationService,
        services: HostServices,
        options: EngineConfig,
        stop: asyncio.Event,
        listener: DayListener | None = None,
    ) -> None:
        self._clock = clock
        self._clock_steps = clock.steps
        self._observer = observer
        self._pipeline = pipeline
        self._publication = publication
        self._services = services
        self._options = options
        self._stop = stop
        self._listener = listener
        self.poll_pause: Callable[[], Awaitable[None]] = _half_a_second
        self._plausibility = observer.plausibility
        self._failure: BaseException | None = None
        self._watch = VolatilityWatch(clock, observer, lambda: services.volatility_pause, self._refresh, options)

    async def __aenter__(self) -> Self:
        """Join the clock, restore today's state, watch the feed and the kill switch."""
        loop = asyncio.get_running_loop()
        self._clock.enter(NAME)
        self._timer = Timer(self._clock, loop, self._publication.on_timer, self._fail)
        self._services.serve_on(loop, lambda error: loop.call_soon_threadsafe(self._fail, error))
        self._publication.connect(
            EngineHooks(
                remind=self._timer.at_latest,
                volatility_pause=lambda: self._services.volatility_pause,
                published=lambda last_published: self._report(last_published.published_at, "published"),
                plausibility=self._plausibility,
            )
        )
        if isinstance(self._services.provider, Monitored):
            await self._services.provider.watch(self._services.symbols)  # before anything of an earlier process counts
        await asyncio.to_thread(self._publication.restore)
        self._stopping = loop.create_task(self._stop.wait(), name="stop")
        self._kill_switch = self._guarded(loop.create_task(self._watch_kill_switch(), name="kill switch"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish the last document, with nothing tradable, and leave the clock."""
        await _cancel(self._kill_switch, self._stopping)
        await self._timer.close()
        self._services.serve_on(None)
        try:
            await asyncio.to_thread(self._publication.stop)
        except PublishError:
            if error is None:
                raise
            _log.exception("The last document could not be written either")
        finally:
            self._clock.leave(NAME)

    async def run_day(self, session: Session) -> tuple[CheckpointOutcome, ...]:
        """Run one session to its close or until ``stop``; return what became of each checkpoint.

        Raises
        ------
        PublishError
            When a document cannot be written.
        """
        outcomes: dict[datetime, CheckpointOutcome] = {}
        watches = [self._guarded(self._watch.start(session))] if self._watch.is_needed else []
        try:
            with suppress(_Stopped):
                await self._run_session(session, outcomes)
        finally:
            await _cancel(*watches)
        if self._failure is not None:
            raise self._failure
        return tuple(outcomes[at] for at in sorted(outcomes))

    async def run_date(self, day: date) -> tuple[CheckpointOutcome, ...]:
        """Run the session of a date; when the exchange is shut, say so in one sentence and do nothing else."""
        try:
            session = require_session(day)
        except DataUnavailable as refusal:
            _log.info("Nothing to do: %s", refusal.detail)
            return ()
        return await self.run_day(session)

    async def run_forever(self) -> None:
        """Run session after session until ``stop``."""
        while not self._stop.is_set():
            today = new_york_day(self._clock.now())
            session = session_on(today)
            if session is None or self._clock.now() >= session.close_at:
                session = next_session(today)
                _log.info("The NYSE is shut; the next session opens %s", utc_text(session.open_at))
            await self.run_day(session)

    async def _run_session(self, session: Session, outcomes: dict[datetime, CheckpointOutcome]) -> None:
        begun = self._clock.now()
        while True:
            self._clock_steps = self._clock.steps
            try:
                return await self._follow_plan(session, begun, outcomes)
            except _ClockSet:
                now = self._clock.now()
                _log.warning("The wall time was set: it is %s now, and the day is planned anew", utc_text(now))
                self._observer.forget()
                if new_york_day(now) != session.day:
                    return None

    async def _follow_plan(
        self, session: Session, begun: datetime, outcomes: dict[datetime, CheckpointOutcome]
    ) -> None:
        await self._sleep_until(session.open_at)
        _log.info("Events of %s: %s", session.day, self._publication.events.summary)
        if self._clock.now() < session.close_at:
            await self._refresh()
        for checkpoint in day_schedule(session, self._options):
            outcome = await self._attend(checkpoint)
            if outcome.skipped is None or checkpoint.at not in outcomes:  # else another clock's outcome stands
                outcomes[checkpoint.at] = outcome
                if outcome.skipped is not None and checkpoint.impossible is None and checkpoint.latest >= begun:
                    await self._publish(self._pipeline.skip(checkpoint, ReasonCode.CHECKPOINT_MISSED))
                if self._listener is not None:
                    self._listener.decided(outcome)
        await self._sleep_until(session.close_at)
        if self._publication.last_published is not None:
            await self._refresh()

    async def _attend(self, checkpoint: Checkpoint) -> CheckpointOutcome:
        refusal = checkpoint.refusal(self._clock.now())
        if refusal is None:
            await self._sleep_until(checkpoint.at)
            self._publication.begin_checkpoint(checkpoint.at)
            await self._sleep_until(checkpoint.due_at)
            refusal = checkpoint.refusal(self._clock.now())  # a machine may have slept through it
        if refusal is not None:
            _log.info("Checkpoint %s skipped: %s", checkpoint.label, refusal)
            return CheckpointOutcome(checkpoint_at=checkpoint.at, label=checkpoint.label, skipped=refusal)
        self._report(self._clock.now(), f"checkpoint {checkpoint.label}")
        evaluation = await self._evaluate(checkpoint)
        await self._publish(evaluation)
        evaluation = await self._retry_skipped(checkpoint, evaluation)
        return CheckpointOutcome(checkpoint_at=checkpoint.at, label=checkpoint.label, result=evaluation.result)

    async def _retry_skipped(self, checkpoint: Checkpoint, evaluation: CheckpointEvaluation) -> CheckpointEvaluation:
        # Within the grace one refusal of the source costs no symbol; what is decided is published at once and kept.
        while (again := checkpoint.retry_at(evaluation.result.skipped.values(), self._clock.now())) is not None:
            why = ", ".join(f"{symbol} ({reason})" for symbol, reason in evaluation.result.skipped.items())
            _log.info("Checkpoint %s: skipped %s; next attempt at %s", checkpoint.label, why, utc_text(again))
            await self._sleep_until(again)
            before, evaluation = evaluation, await self._evaluate(checkpoint, evaluation)
            if evaluation.result != before.result:
                await self._publish(evaluation)
        return evaluation

    async def _evaluate(
        self, checkpoint: Checkpoint, earlier: CheckpointEvaluation | None = None
    ) -> CheckpointEvaluation:
        evaluation = await self._unless_stopped(self._pipeline.run(checkpoint, earlier))
        self._require_same_clock()
        return evaluation

    async def _publish(self, evaluation: CheckpointEvaluation) -> None:
        await asyncio.to_thread(self._publication.publish_checkpoint, evaluation, self._clock_steps)

    async def _refresh(self) -> None:
        await asyncio.to_thread(self._publication.refresh)

    async def _sleep_until(self, instant: datetime) -> None:
        await self._unless_stopped(self._clock.sleep_until(instant, NAME))
        self._require_same_clock()

    def _require_same_clock(self) -> None:
        if self._clock.steps != self._clock_steps:
            raise _ClockSet

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.get_running_loop().create_task(work)
        try:
            await asyncio.wait({task, self._stopping}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.done():
                raise _Stopped
            return task.result()
        finally:
            await _cancel(task)

    async def _watch_kill_switch(self) -> None:
        while True:
            await self.poll_pause()
            await asyncio.to_thread(self._publication.poll)

    def _guarded(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        def look(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._fail(error)

        task.add_done_callback(look)
        return task

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._stop.set()

    def _report(self, at: datetime, doing: str) -> None:
        if self._listener is not None:
            self._listener.reached(at, doing)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
