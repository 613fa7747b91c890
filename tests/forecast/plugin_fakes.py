"""A host, a market and a model written by hand, for the tests of the two plugin classes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from magic8_companion.clocks import OneTime, ReplayClock
from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import LIVE, MarketState, VixReading
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.domain.scores import Evidence, RuleScore, ScoreCard
from magic8_companion.domain.trading_day import BAR, Session, new_york_day, require_session
from magic8_companion.market_view import MarketView
from magic8_companion.ports import Clock, Host, MarketData, Scorer
from magic8_ml import MLSchedulerExtension

FULL_DAY = date(2025, 6, 26)
HALF_DAY = date(2024, 11, 29)
LIMIT = 20.0
"""Seconds after which a wait that should have ended is a failure."""


def moment(wall: str, day: date = FULL_DAY) -> datetime:
    """Return the UTC instant of a New York wall time such as ``10:35`` or ``10:35:05``."""
    return require_session(day).at(time.fromisoformat(wall))


def day_bars(session: Session, level: float = 600.0) -> Bars:
    """Return a session of bars whose closes rise by one point each."""
    starts = to_ns(session.open_at) + np.arange(session.bar_count, dtype=np.int64) * int(BAR.total_seconds()) * 10**9
    closes = level + np.arange(session.bar_count, dtype=np.float64)
    return Bars(
        starts=starts, open=closes, high=closes + 1, low=closes - 1, close=closes, volume=np.full(len(starts), 1e3)
    )


def market_state(symbol: str, at: datetime, *, data_status: str = LIVE) -> MarketState:
    """Return what is known of ``symbol`` at ``at``: the day's complete bars and an intraday VIX."""
    session = require_session(new_york_day(at))
    bars, vix_bars = day_bars(session).known_at(at), day_bars(session, level=16.0).known_at(at)
    vix = None
    if len(vix_bars):
        vix = VixReading(value=float(vix_bars.close[-1]), as_of=vix_bars.last_end, kind="intraday", source="fake")
    return MarketState(
        symbol=symbol,
        as_of=at,
        session=session,
        spot=float(bars.close[-1]) if len(bars) else 600.0,
        bars=bars,
        history=Bars.empty(),
        vix=vix,
        vix_bars=vix_bars,
        vix_daily=Bars.empty(timedelta(days=1)),
        chain=None,
        data_source="fake",
        data_status=data_status,
        data_age_seconds=(at - bars.last_end).total_seconds() if len(bars) else 0.0,
    )


def market_view(state: MarketState) -> MarketView:
    """Return a view of ``state`` whose figures do not matter to the plugin."""
    return MarketView(
        state=state,
        implied_vol=16.0,
        implied_vol_source="vix",
        iv_percentile=40.0,
        iv_source="vix",
        expected_range_pct=0.006,
        range_source="vix",
        expected_range_day_pct=0.01,
        gamma_environment_code="range_bound",
    )


class FakeRules:
    """A rule scorer that always gives the same three values."""

    def __init__(self, butterfly: float = 55.0, iron_condor: float = 70.0, vertical: float = 45.0) -> None:
        self.values = {"Butterfly": butterfly, "Iron_Condor": iron_condor, "Vertical": vertical}

    def score(self, view: MarketView) -> ScoreCard:
        rules = {
            name: RuleScore(evidence=(Evidence(factor="test", value=None, points=value, why="fixed"),), rationale=name)
            for name, value in self.values.items()
        }
        return ScoreCard(symbol=view.state.symbol, rules=rules, scores=self.values)


def answer(strategy: str = "Iron_Condor", confidence: float = 0.84, **more: Any) -> dict[str, Any]:
    """Return an answer as a model gives it."""
    details = {"direction": "neutral", "volatility_regime": "normal", "model_version": "test"}
    return {"strategy": strategy, "confidence": confidence, "details": details} | more


class FakeModel:
    """A model that remembers its calls; ``reply`` is an answer or makes one."""

    def __init__(self, reply: object = None) -> None:
        self.reply = answer() if reply is None else reply
        self.calls: list[dict[str, Any]] = []

    def predict(
        self, discord_delta: Any, discord_trades: Any, bar_data: Any, vix_data: Any, current_time: datetime
    ) -> Any:
        call = dict(
            discord_delta=discord_delta,
            discord_trades=discord_trades,
            bar_data=bar_data,
            vix_data=vix_data,
            current_time=current_time,
        )
        self.calls.append(call)
        return self.reply() if callable(self.reply) else self.reply


class FakeProvider:
    """A provider nobody calls: the fake host observes by itself."""

    name = "fake"
    status = LIVE
    loop_bound = False

    async def get_spot_price(self, symbol: str) -> float:
        raise DataUnavailable("not_here", symbol)

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        raise DataUnavailable("not_here", symbol)

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        raise DataUnavailable("not_here", symbol)

    def is_connected(self) -> bool:
        return True

    async def close(self) -> None:
        return


class FixedClock(OneTime):
    """A clock that stands at one moment: whoever waits for a later one waits until stopped."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def enter(self, participant: str) -> None:
        return

    def leave(self, participant: str) -> None:
        return

    async def sleep_until(self, instant: datetime, participant: str) -> None:
        return

    def wait_until(self, instant: datetime, participant: str, stop: threading.Event) -> bool:
        return not stop.is_set() if instant <= self.at else not stop.wait(LIMIT)


class FakeHost:
    """A host on a replay clock; ``watch`` may change or refuse what is observed."""

    def __init__(
        self,
        start: datetime,
        *,
        symbols: Sequence[str] = ("SPX", "SPY"),
        checkpoints: Sequence[str] = (),
        options: MLPluginConfig | None = None,
        watch: Callable[[MarketState], MarketState] = lambda state: state,
    ) -> None:
        self.clock: Clock = ReplayClock(start)
        self.provider: MarketData = FakeProvider()
        self.symbols = tuple(symbols)
        self.output_dir = Path("unused")
        self.options = options or MLPluginConfig()
        self.checkpoints = [moment(wall, new_york_day(start)) for wall in checkpoints]
        self.watch = watch
        self.halt_reason: str | None = None
        self.volatility_pause: str | None = None
        self.observed: list[tuple[str, datetime]] = []
        self.on_submit: Callable[[], object] = lambda: None
        self.submitted: list[FiveMinuteResult] = []
        self.submitted_at: list[datetime] = []

    @property
    def last_checkpoint(self) -> datetime | None:
        return max((at for at in self.checkpoints if at <= self.clock.now()), default=None)

    def observing(self, symbol: str) -> Future[MarketState]:
        return begun(self.observe, symbol)

    def observe(self, symbol: str) -> MarketState:
        self.observed.append((symbol, self.clock.now()))
        return self.watch(market_state(symbol, self.clock.now()))

    def submit(self, result: FiveMinuteResult) -> int:
        self.on_submit()
        self.submitted.append(result)
        self.submitted_at.append(self.clock.now())
        return len(self.submitted)


def begun(observe: Callable[[str], MarketState], symbol: str) -> Future[MarketState]:
    """Observe on a thread of its own and return the future."""
    future: Future[MarketState] = Future()

    def answer() -> None:
        try:
            state = observe(symbol)
        except Exception as error:  # noqa: BLE001  # the caller sees it through the future
            future.set_exception(error)
        else:
            if future.set_running_or_notify_cancel():
                future.set_result(state)

    threading.Thread(target=answer, daemon=True).start()
    return future


class Watching:
    """The observing part of a host around one function."""

    def __init__(self, observe: Callable[[str], MarketState]) -> None:
        self.observe = observe

    def observing(self, symbol: str) -> Future[MarketState]:
        return begun(self.observe, symbol)


def extension(host: FakeHost, reply: object = None) -> MLSchedulerExtension:
    """Return the class under test on a fake host with a fake model."""
    return MLSchedulerExtension(host=host, ml_system=FakeModel(reply))


def refuse(reason: str, *symbols: str) -> Callable[[MarketState], MarketState]:
    """Return a watch that refuses ``symbols`` (all without names) with ``reason``."""

    def watch(state: MarketState) -> MarketState:
        if not symbols or state.symbol in symbols:
            raise DataUnavailable(reason)
        return state

    return watch


def without_vix(state: MarketState) -> MarketState:
    """Return the state without any VIX."""
    return replace(state, vix=None, vix_bars=Bars.empty())


def advance(host: FakeHost, until: datetime) -> None:
    """Let replayed time pass until ``until``, as the host does between its checkpoints."""
    host.clock.wait_until(until, "host", threading.Event())


def fits() -> tuple[Callable[[FakeHost], Host], Callable[[FakeRules], Scorer]]:
    """Prove by typing that the fakes fit their ports."""
    return (lambda host: host), (lambda rules: rules)
