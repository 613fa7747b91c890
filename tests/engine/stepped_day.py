"""A session whose wall time is set, or whose machine sleeps, at given true times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.market_view import MarketView
from magic8_companion.testing.settable_clock import SettableClock
from tests.engine.fakes import FULL_DAY, FakeScorer, House, options

HIGH_SCORES = {"Butterfly": 31.2, "Iron_Condor": 88.0, "Vertical": 40.3}
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """Return a time of the day in New York."""
    return FULL_DAY.at(time(hour, minute, second))


@dataclass
class RecordingScorer(FakeScorer):
    """Gives fixed scores, and tells somebody that it was called."""

    on_score: Callable[[], None] = lambda: None

    def score(self, view: MarketView) -> ScoreCard:
        """Return the scores."""
        self.on_score()
        return super().score(view)


class SteppedDay:
    """A session whose wall time is set at given true times; remembers when in truth was scored and published."""

    def __init__(self, steps: Sequence[tuple[datetime, timedelta]], start: datetime, end: datetime) -> None:
        scorer = RecordingScorer(HIGH_SCORES, on_score=lambda: self.scored.append(self.clock.true_now()))
        self.scored: list[datetime] = []
        self.house = House(options=options(), start=start, scorer=scorer, is_settable=True)
        assert isinstance(self.house.clock, SettableClock)
        self.clock, self.steps, self.end = self.house.clock, steps, end
        self.published: list[tuple[datetime, RecommendationSet]] = []
        self.house.on_progress = lambda *_: self._remember()

    async def run(self) -> dict[str, str | None]:
        """Run to the end and return label -> None, or why it was skipped, of each checkpoint reached."""
        self.clock.enter("driver")
        driver = asyncio.create_task(self._drive())
        outcomes: Any = await self.house.run_day(FULL_DAY)
        await driver
        return {outcome.label: outcome.skipped for outcome in outcomes}

    def document(self, true_time: datetime) -> RecommendationSet:
        """Return what was in the file at a true time."""
        return [document for at, document in self.published if at <= true_time][-1]

    async def suspend_at(self, true_time: datetime, length: timedelta) -> None:
        """Let the machine sleep from a true time on."""
        self.clock.enter("sleeper")
        await self.clock.sleep(true_time - self.clock.true_now(), "sleeper")
        self.clock.suspend(length)
        self.clock.leave("sleeper")

    async def _drive(self) -> None:
        for true_time, step in self.steps:
            await self.clock.sleep(true_time - self.clock.true_now(), "driver")
            self.clock.set_by(step)
        await self.clock.sleep(self.end - self.clock.true_now(), "driver")
        self.house.stop.set()
        self.clock.leave("driver")
        self.clock.leave("poll")

    def _remember(self) -> None:
        if (last := self.house.publication.last_published) is not None:
            self.published.append((self.clock.true_now(), last))


def tradable(document: RecommendationSet) -> bool:
    """Return whether anything may be traded."""
    return any(
        entry.should_trade for record in document.recommendations.values() for entry in record.strategies.values()
    )


def blockers(document: RecommendationSet) -> set[bool]:
    """Return whether entries are blocked because the clock was set."""
    return {
        "clock_changed" in entry.blocked_by
        for record in document.recommendations.values()
        for entry in record.strategies.values()
    }
