"""Hand-written parts around the engine: a market with faults on demand, a scorer, a writer that remembers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.recommendation import (
    CheckpointResult,
    FiveMinuteResult,
    RecommendationSet,
)
from magic8_companion.domain.scores import Evidence, RuleScore, ScoreCard
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import (
    BAR,
    Session,
    new_york_day,
    previous_session,
    require_session,
    sessions_between,
)
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.day import CheckpointOutcome, RecommendationEngine
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.pipeline import CheckpointPipeline
from magic8_companion.engine.publication import PublicationService
from magic8_companion.engine.services import HostServices
from magic8_companion.market_view import MarketView
from magic8_companion.options.fitted_chain import fit_chain
from magic8_companion.ports import Clock
from magic8_companion.testing.settable_clock import SettableClock
from tests.engine.fake_plugin import FakeExtension

FULL_DAY = require_session(date(2025, 6, 26))
HALF_DAY = require_session(date(2024, 11, 29))
NO_KILL_SWITCH = Path("/nowhere/KILL")
BAR_NS = 300_000_000_000


def options(**changes: Any) -> EngineConfig:
    """Return engine options for two symbols, changed as asked."""
    return replace(EngineConfig(symbols=("SPX", "SPY"), kill_switch_file=NO_KILL_SWITCH), **changes)


def bars_of(session: Session, count: int, price: float = 100.0) -> Bars:
    """Return the first ``count`` bars of a session: a small wave around ``price``."""
    starts = to_ns(session.open_at) + BAR_NS * np.arange(count, dtype=np.int64)
    close = price * (1 + 0.001 * np.sin(np.arange(count)))
    open_ = np.concatenate(([price], close[:-1])) if count else close.copy()
    high, low = np.maximum(open_, close) * 1.0005, np.minimum(open_, close) * 0.9995
    return Bars(starts=starts, open=open_, high=high, low=low, close=close, volume=np.full(count, 1000.0))


def joined(parts: list[Bars]) -> Bars:
    """Return consecutive series as one."""
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("starts", "open", "high", "low", "close", "volume")
    }
    return Bars(**columns)


def chain_of(symbol: str, at: datetime, spot: float = 100.0) -> OptionChain:
    """Return a chain of three strikes without Greeks."""
    rows = tuple(
        OptionRow(strike=spot + step, call_bid=1.0, call_ask=1.1, put_bid=1.0, put_ask=1.1) for step in (-1, 0, 1)
    )
    day = new_york_day(at)
    return OptionChain(symbol=symbol, spot=spot, rows=rows, expiry=day, as_of=at, source="fake", status="live")


@dataclass
class FakeMarket:
    """A market that is always up to date unless told otherwise; ``requests`` names everything it was asked for."""

    clock: Clock
    name: str = "fake"
    status: str = "live"
    loop_bound: bool = False
    faults: dict[tuple[str, str], Exception] = field(default_factory=dict)
    behind: dict[str, int] = field(default_factory=dict)
    holes: dict[str, int] = field(default_factory=dict)
    spot: float = 100.0
    vix: Bars | None = None
    chain_age: timedelta = timedelta(0)
    pause: Callable[[], Any] | None = None
    requests: list[tuple[str, ...]] = field(default_factory=list)

    async def get_spot_price(self, symbol: str) -> float:
        await self._asked("spot", symbol)
        return self.spot

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        await self._asked("bars", symbol, interval, period)
        now = self.clock.now()
        session = require_session(new_york_day(now))
        if interval == "1d":
            return _daily(session).frame()
        if period != "1d":
            first = previous_session(previous_session(session.day).day)
            days = sessions_between(first.day, previous_session(session.day).day)
            return joined([bars_of(day, day.bar_count) for day in days]).frame()
        if symbol == "VIX" and self.vix is not None:
            known = self.vix if len(self.vix) == 1 else self.vix.known_at(now)
            return known.frame()
        due = (min(now, session.close_at) - session.open_at) // BAR
        frame = bars_of(session, max(0, due - self.behind.get(symbol, 0)), 20.0 if symbol == "VIX" else 100.0).frame()
        return frame.drop(frame.index[self.holes[symbol]]) if symbol in self.holes else frame

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        await self._asked("chain", symbol)
        return chain_of(symbol, self.clock.now() - self.chain_age).as_envelope()

    def is_connected(self) -> bool:
        return True

    async def close(self) -> None:
        return None

    async def _asked(self, kind: str, symbol: str, *rest: str) -> None:
        self.requests.append((kind, symbol, *rest))
        if self.pause is not None:
            await self.pause()
        if (fault := self.faults.get((kind, symbol))) is not None:
            raise fault


def _daily(session: Session) -> Bars:
    days = sessions_between(session.day - timedelta(days=500), session.day - timedelta(days=1))
    starts = np.array([to_ns(datetime(d.day.year, d.day.month, d.day.day, tzinfo=UTC)) for d in days], dtype=np.int64)
    level = 20.0 + np.sin(np.arange(len(days)))
    return Bars(
        starts=starts,
        open=level,
        high=level.copy(),
        low=level.copy(),
        close=level.copy(),
        volume=np.zeros(len(days)),
        length=timedelta(days=1),
    )


def view_of(state: MarketState) -> MarketView:
    """Return a view as an analysis would make it."""
    return MarketView(
        state=state,
        implied_vol=20.0,
        implied_vol_source="vix",
        iv_percentile=40.0,
        iv_source="vix",
        expected_range_pct=0.006,
        range_source="vix",
        expected_range_day_pct=0.012,
        gamma_environment_code="range_bound",
        fitted_chain=None if state.chain is None else fit_chain(state.chain),
    )


DEFAULT_SCORES = {"Butterfly": 31.2, "Iron_Condor": 74.9, "Vertical": 40.3}


def card_of(symbol: str, scores: Mapping[str, float] | None = None, **changes: Any) -> ScoreCard:
    """Return a score card of the rules alone."""
    scores = scores or DEFAULT_SCORES
    rules = {
        name: RuleScore(
            evidence=(Evidence(factor="fixed", value=None, points=scores[name], why="a test says so"),),
            rationale=f"{name} by decree",
        )
        for name in BASE_STRATEGIES
    }
    return ScoreCard(symbol=symbol, rules=rules, scores=dict(scores), **changes)


@dataclass
class FakeScorer:
    """Gives fixed scores; a symbol in ``faults`` raises."""

    scores: Mapping[str, float] = field(default_factory=lambda: DEFAULT_SCORES)
    faults: dict[str, Exception] = field(default_factory=dict)
    block: threading.Event | None = None

    def score(self, view: MarketView) -> ScoreCard:
        symbol = view.state.symbol
        if self.block is not None:
            self.block.wait(5)
        if symbol in self.faults:
            raise self.faults[symbol]
        return card_of(symbol, self.scores)


@dataclass
class FakeWriter:
    """Remembers what was published; ``fails`` makes every write a ``PublishError``."""

    bulletins: list[RecommendationSet] = field(default_factory=list)
    inputs: list[Mapping[str, str]] = field(default_factory=list)
    predictions: list[FiveMinuteResult] = field(default_factory=list)
    prediction_inputs: list[Mapping[str, str]] = field(default_factory=list)
    beats: list[tuple[datetime, datetime]] = field(default_factory=list)
    halted: list[RecommendationSet] = field(default_factory=list)
    has_halted: bool = False
    fails: bool = False
    is_foreign: bool = False

    def publish(
        self,
        bulletin: RecommendationSet,
        inputs: Mapping[str, str],
        slot: FiveMinuteResult | None = None,
        slot_inputs: Mapping[str, str] | None = None,
    ) -> int:
        if self.fails:
            raise PublishError("the disk is full")
        if slot is not None:
            self.predictions.append(slot)
            self.prediction_inputs.append(slot_inputs or {})
        self.bulletins.append(bulletin)
        self.inputs.append(inputs)
        return len(self.bulletins)

    def heartbeat(self, at: datetime, valid_until: datetime) -> int:
        if self.fails:
            raise PublishError("the disk is full")
        self.beats.append((at, valid_until))
        return len(self.bulletins) + len(self.beats)

    def keep_halted(self, bulletin: RecommendationSet) -> None:
        self.halted.append(bulletin)

    def halt(self) -> None:
        self.has_halted = True

    def require_held(self) -> None:
        if self.is_foreign:
            raise PublishError("the folder was replaced")


@dataclass
class FakeMemory:
    """A state store without disk."""

    checkpoint: CheckpointResult | None = None
    five_minute: FiveMinuteResult | None = None

    def save_checkpoint(self, result: CheckpointResult) -> None:
        self.checkpoint = result

    def save_five_minute(self, result: FiveMinuteResult) -> None:
        self.five_minute = result

    def load_checkpoint(self, now: datetime) -> CheckpointResult | None:
        return self.checkpoint

    def load_five_minute(self, now: datetime) -> FiveMinuteResult | None:
        return self.five_minute


@dataclass
class House:
    """A wired engine on a replayed clock, with every part at hand."""

    options: EngineConfig
    start: datetime
    scorer: FakeScorer = field(default_factory=FakeScorer)
    memory: FakeMemory = field(default_factory=FakeMemory)
    writer: FakeWriter = field(default_factory=FakeWriter)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    extension: FakeExtension | None = None
    told: list[tuple[datetime, str]] = field(default_factory=list)
    decisions: list[tuple[CheckpointOutcome, int]] = field(default_factory=list)
    on_progress: Callable[[datetime, str], object] | None = None
    market_type: type[FakeMarket] = FakeMarket
    clock: ReplayClock | SettableClock = field(init=False)
    is_settable: bool = False

    def __post_init__(self) -> None:
        self.clock = SettableClock(self.start) if self.is_settable else ReplayClock(self.start)
        self.market = self.market_type(self.clock)
        self.observer = MarketObserver(self.market, self.clock, self.options)
        self.publication = PublicationService(self.writer, self.memory, self.clock, self.market, self.options)
        self.services = HostServices(
            clock=self.clock,
            provider=self.market,
            observer=self.observer,
            publication=self.publication,
            options=self.options,
            ml_options=MLPluginConfig(),
            output_dir=Path("unused"),
        )
        self.engine = RecommendationEngine(
            clock=self.clock,
            observer=self.observer,
            pipeline=CheckpointPipeline(self.observer, view_of, self.scorer, self.market, self.options),
            publication=self.publication,
            services=self.services,
            options=self.options,
            stop=self.stop,
            listener=self,
        )
        if self.is_settable:
            self.engine.poll_pause = self._poll_pause
            self.clock.enter("poll")

    async def _poll_pause(self) -> None:
        await self.clock.sleep(timedelta(seconds=0.5), "poll")

    def reached(self, at: datetime, doing: str) -> None:
        """Keep what the engine reports."""
        self.told.append((at, doing))
        if self.on_progress is not None:
            self.on_progress(at, doing)

    def decided(self, outcome: CheckpointOutcome) -> None:
        """Keep how many documents were published when the outcome of a checkpoint was reported."""
        self.decisions.append((outcome, len(self.writer.bulletins)))

    async def run_day(self, session: Session) -> Any:
        """Run a day with the extension, if there is one, as the entry point does."""
        try:
            async with self.engine:
                if self.extension is not None:
                    self.extension.start(self.services)
                try:
                    return await asyncio.wait_for(self.engine.run_day(session), 60)
                finally:
                    if self.extension is not None:
                        self.extension.stop()
                        await asyncio.to_thread(self.extension.join, 5)
        finally:
            self.services.close()
