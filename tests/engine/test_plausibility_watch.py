"""What cannot be true blocks its symbol alone: at once between observations, and until it is true again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.pipeline import CheckpointEvaluation
from magic8_companion.engine.plausibility_watch import PlausibilityWatch
from magic8_companion.engine.publication import EngineHooks, PublicationService
from magic8_companion.ports import Quoted
from tests.engine.fake_plugin import signal_of, slot_of
from tests.engine.fakes import FULL_DAY, FakeMarket, FakeMemory, FakeWriter, House, bars_of, options
from tests.engine.stepping_clock import SteppingClock
from tests.engine.test_merge import checkpoint
from tests.engine.test_volatility_pause import vix

NOW = FULL_DAY.at(time(10, 30, 5))
NONE = Bars.empty()


@dataclass
class QuotedMarket(FakeMarket):
    """A market that pushes prices."""

    ticks: dict[str, float] = field(default_factory=dict)

    def prices(self) -> Mapping[str, float]:
        return dict(self.ticks)


class Desk:
    """A publication service after a checkpoint of SPX and SPY, on a market that pushes prices."""

    def __init__(self, market_type: type[FakeMarket] = QuotedMarket) -> None:
        self.clock, self.writer = SteppingClock(NOW), FakeWriter()
        self.market = market_type(self.clock)
        self.watch = PlausibilityWatch(self.market, self.clock)
        self.publication = PublicationService(self.writer, FakeMemory(), self.clock, self.market, options())
        hooks = EngineHooks(
            remind=lambda _: None, volatility_pause=lambda: None, published=lambda _: None, plausibility=self.watch
        )
        self.publication.connect(hooks)
        for symbol, price in (("SPX", 1000.0), ("SPY", 100.0)):
            self.watch.admit(symbol, price, bars_of(FULL_DAY, 12, price), NONE)
        record = checkpoint().recommendations["SPX"]
        result = checkpoint(recommendations={"SPX": record, "SPY": record})
        self.publication.publish_checkpoint(CheckpointEvaluation(result=result, inputs={}))

    def tick(self, seconds: float = 1.0, **prices: float) -> None:
        """Let time pass and prices arrive, and look."""
        self.clock.at += timedelta(seconds=seconds)
        self.market.ticks.update(prices)  # type: ignore[attr-defined]
        self.publication.poll()

    @property
    def tradable(self) -> set[str]:
        """Return the symbols of which the newest document allows something."""
        records = self.writer.bulletins[-1].recommendations
        return {name for name, record in records.items() if record.best_strategy != "No_Trade"}


def test_a_market_that_pushes_prices_is_watched_between_observations() -> None:
    """The port is a matter of form; a replayed market has nothing to push."""
    assert isinstance(QuotedMarket(SteppingClock(NOW)), Quoted)
    assert not isinstance(FakeMarket(SteppingClock(NOW)), Quoted)
    assert not PlausibilityWatch(FakeMarket(SteppingClock(NOW)), SteppingClock(NOW)).is_live


@pytest.mark.parametrize("price", [1e308, 1000.0, 10.0, 88.0, 5e-324])
def test_a_tick_that_cannot_be_blocks_what_was_published(price: float, caplog: pytest.LogCaptureFixture) -> None:
    """At the next look the symbol is blocked with reason and numbers; the other one is not."""
    desk = Desk()
    desk.tick(SPX=1001.0, SPY=100.1)
    assert (desk.tradable, len(desk.writer.bulletins)) == ({"SPX", "SPY"}, 1)
    with caplog.at_level(logging.WARNING):
        desk.tick(SPY=price)
    assert (desk.tradable, len(desk.writer.bulletins)) == ({"SPX"}, 2)
    record = desk.writer.bulletins[-1].recommendations["SPY"]
    assert all(
        entry.blocked_by[-1] in {"bad_spot", "price_jump"} for entry in record.strategies.values() if entry.blocked_by
    )
    assert f"is blocked: the price {price:g} is" in record.strategies["No_Trade"].rationale
    assert f"Implausible SPY ({record.strategies['Iron_Condor'].blocked_by[0]})" in caplog.text
    desk.tick()
    assert len(desk.writer.bulletins) == 2, "the same finding is published once"


def test_it_is_free_again_a_minute_after_the_last_bad_tick() -> None:
    """A price that comes and goes does not make the file flicker."""
    desk = Desk()
    for price in (200.0, 100.0, 200.0, 100.0):
        desk.tick(10, SPY=price)
        assert desk.tradable == {"SPX"}
    desk.tick(49, SPY=100.0)
    assert desk.tradable == {"SPX"}
    desk.tick(2)
    assert (desk.tradable, len(desk.writer.bulletins)) == ({"SPX", "SPY"}, 3)


def test_a_ratio_that_breaks_blocks_the_one_that_moved() -> None:
    """SPY leaves its index by 2 %, which is no jump by its own bars."""
    desk = Desk()
    desk.tick(SPX=1000.0, SPY=102.0)
    assert desk.tradable == {"SPX"}
    assert desk.writer.bulletins[-1].recommendations["SPY"].strategies["Vertical"].blocked_by == ("index_ratio",)


def test_a_five_minute_answer_does_not_get_around_it() -> None:
    """It is blocked in both files, and the plausible symbol's answer stands."""
    desk = Desk()
    desk.market.ticks = {"SPX": 1000.0, "SPY": 1000.0}  # type: ignore[attr-defined]
    desk.publication.submit(slot_of(NOW, {"SPX": signal_of(), "SPY": signal_of()}))
    assert desk.tradable == {"SPX"}
    entries = {name: signal.entry for name, signal in desk.writer.predictions[-1].signals.items()}
    assert entries["SPX"].should_trade
    assert entries["SPY"].blocked_by == ("bad_spot",)


def test_steps_within_the_bound_are_a_fast_market() -> None:
    """The next step counts from the newest plausible price; a crash of both is true."""
    desk = Desk()
    for share in (0.97, 0.94, 0.92):
        desk.tick(5, SPX=1000 * share, SPY=100 * share)
    assert (desk.tradable, len(desk.writer.bulletins)) == ({"SPX", "SPY"}, 1)


def test_yesterdays_bounds_say_nothing_of_today() -> None:
    """Before the first observation of a day there is nothing to compare with."""
    desk = Desk()
    desk.tick(20 * 3600, SPY=150.0)
    assert desk.watch.findings() == {}


def test_an_observation_that_cannot_be_is_refused_and_blocks_until_a_good_one() -> None:
    """Without pushed prices, too: the entries of the checkpoint before do not outlive the doubt."""
    desk = Desk(FakeMarket)
    desk.clock.at += timedelta(minutes=5)
    with pytest.raises(DataUnavailable) as refusal:
        desk.watch.admit("SPY", 90.0, bars_of(FULL_DAY, 13), NONE)
    assert refusal.value.reason == "price_jump"
    desk.clock.at += timedelta(minutes=4)
    desk.publication.refresh()
    assert desk.tradable == {"SPX"}
    desk.watch.admit("SPY", 100.0, bars_of(FULL_DAY, 14), NONE)
    desk.publication.refresh()
    assert desk.tradable == {"SPX", "SPY"}


def test_a_replayed_day_does_not_depend_on_when_somebody_looks() -> None:
    """A look in real time publishes no finding of a market that pushes nothing."""
    desk = Desk(FakeMarket)
    with pytest.raises(DataUnavailable):
        desk.watch.admit("SPY", 90.0, bars_of(FULL_DAY, 12), NONE)
    desk.publication.poll()
    assert len(desk.writer.bulletins) == 1


@pytest.mark.parametrize(("spot", "reason"), [(90.0, "price_jump"), (1000.0, "bad_spot")])
async def test_the_observer_refuses_a_jump(spot: float, reason: str) -> None:
    """Beyond 5 % of the newest bar of a quiet symbol; what a fifth cannot be is no price at all."""
    clock = SteppingClock(NOW)
    market = FakeMarket(clock, spot=spot)
    observer = MarketObserver(market, clock, options())
    with pytest.raises(DataUnavailable) as refusal:
        await observer.observe("SPX", with_chain=False)
    assert refusal.value.reason == reason
    assert set(observer.plausibility.findings()) == {"SPX"}


@pytest.mark.parametrize("closes", [[20.0] * 11 + [900.0], [900.0] * 12, [0.2] * 12, [70.0] * 12])
async def test_a_vix_that_cannot_be_is_missing(closes: list[float]) -> None:
    """Outside its range, by its own change, or against yesterday's close of 20; nothing is put in its place."""
    clock = SteppingClock(NOW)
    market = FakeMarket(clock, vix=vix(closes))
    state = await MarketObserver(market, clock, options()).observe("SPX", with_chain=False)
    assert (state.vix, len(state.vix_bars), state.missing["vix"]) == (None, 0, "implausible_vix")


async def test_an_implausible_vix_is_a_volatility_pause() -> None:
    """A condor of 10:30 is blocked from the bar at which nothing is known of the VIX, and free after it."""
    house = House(options=options(), start=FULL_DAY.at(time(10, 20)))
    true, wrong = [20.0] * 78, [20.0] * 14 + [900.0] + [20.0] * 63
    house.market.vix = vix(wrong)

    def correct(_: Any, doing: str) -> None:
        if house.clock.now() >= FULL_DAY.at(time(10, 50)):
            house.market.vix = vix(true)

    house.on_progress = correct
    await house.run_day(FULL_DAY)
    best = {item.published_at: item.recommendations["SPX"].best_strategy for item in house.writer.bulletins}
    assert best[FULL_DAY.at(time(10, 30, 5))] == "Iron_Condor"
    assert best[FULL_DAY.at(time(10, 45, 5))] == "No_Trade"
    assert best[FULL_DAY.at(time(11, 0, 5))] == "Iron_Condor"


def test_bars_of_a_wrong_level_are_refused_whatever_the_price_says() -> None:
    """A tenfold bar in the morning; the newest bar and the price agree."""
    desk = Desk()
    bars = bars_of(FULL_DAY, 12)
    high = np.where(np.arange(12) == 3, 1000.0, bars.high)
    spoilt = Bars(starts=bars.starts, open=bars.open, high=high, low=bars.low, close=bars.close, volume=bars.volume)
    with pytest.raises(DataUnavailable, match="the bar of 13:45Z moves by"):
        desk.watch.admit("SPY", 100.0, spoilt, NONE)
