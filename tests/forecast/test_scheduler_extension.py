"""MLSchedulerExtension: slots on time, gates in order, one result per slot, a thread that neither dies nor lingers."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from magic8_companion.domain.errors import DataUnavailable, PluginUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.recommendation import FiveMinuteResult
from magic8_companion.domain.trading_day import new_york_day, require_session
from magic8_companion.ports import Extension
from magic8_ml import MLSchedulerExtension
from tests.forecast.plugin_fakes import (
    FULL_DAY,
    HALF_DAY,
    LIMIT,
    FakeHost,
    FakeModel,
    FixedClock,
    advance,
    answer,
    extension,
    moment,
    refuse,
)

DELAY = timedelta(seconds=5)
DAY_CHECKPOINTS = ("10:30", "11:00", "12:30", "14:45")


def run_until(host: FakeHost, until: datetime, plugin: MLSchedulerExtension | None = None) -> MLSchedulerExtension:
    """Run the thread in replayed time, as the host does: start, let time pass, stop, join, leave."""
    plugin = plugin or extension(host)
    host.clock.enter("host")
    plugin.start(host)
    advance(host, until)
    plugin.stop()
    assert plugin.join(LIMIT)
    host.clock.leave("host")
    return plugin


def run_day(host: FakeHost) -> MLSchedulerExtension:
    """Run to one minute after the close."""
    close = require_session(new_york_day(host.clock.now())).close_at
    return run_until(host, close + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("day", "checkpoints", "slots", "last"),
    [
        (FULL_DAY, (), 76, "15:50"),
        (FULL_DAY, DAY_CHECKPOINTS, 72, "15:50"),
        (HALF_DAY, (), 40, "12:50"),
        (HALF_DAY, DAY_CHECKPOINTS[:3], 37, "12:50"),
    ],
)
def test_a_day_has_its_slots_and_no_drift(day: date, checkpoints: tuple[str, ...], slots: int, last: str) -> None:
    """Every slot runs once, 5 s after its nominal time, except those that coincide with a checkpoint."""
    host = FakeHost(moment("09:30", day), checkpoints=checkpoints)
    run_day(host)
    nominal = [result.slot_at for result in host.submitted]
    assert len(nominal) == len(set(nominal)) == slots
    assert nominal[0] == moment("09:35", day)
    assert nominal[-1] == moment(last, day)
    assert host.submitted_at == [slot + DELAY for slot in nominal]
    assert not set(nominal) & set(host.checkpoints)


def test_a_wider_interval_keeps_the_grid() -> None:
    """With 15 minutes the slots are 09:35, 09:50, ... and end before 15:55."""
    host = FakeHost(moment("09:30"), options=MLPluginConfig(interval_minutes=15))
    run_day(host)
    assert [f"{slot.slot_at:%H:%M}" for slot in host.submitted[:2]] == ["13:35", "13:50"]
    assert len(host.submitted) == 26


def test_two_runs_of_a_day_give_the_same_results() -> None:
    """The same day gives the same results, bit for bit."""

    def day() -> list[FiveMinuteResult]:
        host = FakeHost(moment("09:30"), checkpoints=DAY_CHECKPOINTS)
        run_day(host)
        return host.submitted

    assert day() == day()


def test_a_late_start_runs_the_slot_under_way_and_none_before() -> None:
    """Started at 10:37 the thread predicts slot 10:35 at once, then goes on with 10:40."""
    host = FakeHost(moment("10:37"))
    run_until(host, moment("10:41"))
    assert [result.slot_at for result in host.submitted] == [moment("10:35"), moment("10:40")]
    assert host.submitted_at == [moment("10:37"), moment("10:40") + DELAY]


def test_a_start_within_the_delay_waits_for_the_bar() -> None:
    """Started 2 s after a bar close the first slot waits for the remaining 3 s."""
    host = FakeHost(moment("10:35:02"))
    run_until(host, moment("10:36"))
    assert host.submitted_at == [moment("10:35:05")]


def test_overnight_the_thread_sleeps_to_the_next_session() -> None:
    """Started on Friday evening the first slot is Monday 09:35, and the heartbeat never stops."""
    friday = datetime(2025, 6, 27, 23, 0, tzinfo=UTC)
    host = FakeHost(friday)
    plugin = extension(host)
    host.clock.enter("host")
    plugin.start(host)
    for hours in range(1, 65):
        advance(host, friday + timedelta(hours=hours, minutes=1))
        assert host.clock.now() - plugin.health()["heartbeat"] <= timedelta(minutes=5)
    plugin.stop()
    host.clock.leave("host")
    assert plugin.join(LIMIT)
    assert host.submitted[0].slot_at == moment("09:35", date(2025, 6, 30))


def test_a_model_that_raises_costs_one_slot() -> None:
    """The slot of the failure has no signals, the ones before and after have."""
    model = FakeModel()
    model.reply = lambda: 1 / 0 if model.calls[-1]["current_time"].minute == 40 else answer()
    host = FakeHost(moment("09:34"), symbols=["SPX"])
    plugin = MLSchedulerExtension(host=host, ml_system=model)
    run_until(host, moment("09:46"), plugin)
    assert [result.ml_status for result in host.submitted] == ["ok", "unavailable:exception", "ok"]


def test_an_exception_ends_the_slot_and_not_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    """A publishing failure is visible in log and health; the next slot runs."""
    caplog.set_level(logging.INFO)

    class Failing(FakeHost):
        def submit(self, result: FiveMinuteResult) -> int:
            if result.slot_at == moment("09:40"):
                raise RuntimeError("disk full")
            return super().submit(result)

    host = Failing(moment("09:34"))
    plugin = run_until(host, moment("09:46"))
    assert [result.slot_at for result in host.submitted] == [moment("09:35"), moment("09:45")]
    assert plugin.health()["last_error"] == "RuntimeError: disk full"
    assert "5-minute ML prediction skipped: exception RuntimeError: disk full" in caplog.messages


def test_health_reports_the_state_of_the_thread() -> None:
    """Alive, heartbeat, last slot, number of predictions, last skip reason."""
    host = FakeHost(moment("10:34"))
    plugin = extension(host)
    assert plugin.health() == {
        "alive": False,
        "heartbeat": None,
        "last_slot": None,
        "predictions": 0,
        "last_skip_reason": None,
        "last_error": None,
    }
    host.clock.enter("host")
    plugin.start(host)
    advance(host, moment("10:37"))
    health = plugin.health()
    assert health["alive"] is True
    assert health["last_slot"] == moment("10:35")
    assert health["heartbeat"] == moment("10:35:05")
    plugin.stop()
    assert plugin.join(LIMIT)
    host.clock.leave("host")
    assert plugin.health()["alive"] is False


def test_the_thread_is_a_daemon_with_the_contracts_name_and_starts_once() -> None:
    """A second start returns the running thread; after a stop a new one takes over."""
    host = FakeHost(moment("09:34"))
    plugin = extension(host)
    host.clock.enter("host")
    first = plugin.start_scheduler()
    assert (first.name, first.daemon) == ("ml_scheduler", True)
    assert plugin.start_scheduler() is first
    plugin.stop()
    assert plugin.join(LIMIT)
    second = plugin.start_scheduler()
    assert second is not first
    advance(host, moment("09:36"))
    assert len(host.submitted) == 1
    plugin.stop()
    assert plugin.join(LIMIT)


def test_stop_ends_a_thread_that_waits_at_once() -> None:
    """The clock stands still, the thread waits for its slot, and stop ends it all the same."""
    host = FakeHost(moment("10:31"))
    plugin = extension(host)
    host.clock.enter("host")
    plugin.start(host)
    plugin.stop()
    assert plugin.join(LIMIT)
    assert host.submitted == []


def test_a_slot_that_is_stopped_submits_nothing() -> None:
    """Stopped while it observes, the slot ends without a result."""
    host = FakeHost(moment("09:34"))
    plugin = extension(host)

    def stop_on_sight(state: MarketState) -> MarketState:
        plugin.stop()
        return state

    host.watch = stop_on_sight
    host.clock.enter("host")
    plugin.start(host)
    advance(host, moment("09:36"))
    assert plugin.join(LIMIT)
    assert host.submitted == []
    assert {at for _, at in host.observed} == {moment("09:35:05")}
    assert plugin.last_skip_reason == "stopped"


def test_a_thread_that_hangs_can_be_replaced() -> None:
    """The host stops and starts again: the new thread runs the slot, the old one ends without a result."""
    host = FakeHost(moment("09:35:05"), symbols=["SPX"])
    host.clock = FixedClock(moment("09:35:05"))
    hanging, release, submitted = threading.Event(), threading.Event(), threading.Event()

    def hang_once(state: MarketState) -> MarketState:
        if not hanging.is_set():
            hanging.set()
            release.wait(LIMIT)
        return state

    host.watch = hang_once
    host.on_submit = submitted.set
    plugin = extension(host)
    first = plugin.start_scheduler()
    assert hanging.wait(LIMIT)
    plugin.stop()
    second = plugin.start_scheduler()
    assert second is not first
    assert submitted.wait(LIMIT)
    submitted.clear()
    plugin.stop()
    release.set()
    first.join(LIMIT)
    assert plugin.join(LIMIT)
    assert not first.is_alive()
    assert not submitted.is_set()


def test_built_without_a_host_it_takes_the_one_it_is_started_for() -> None:
    """No private services are built for a plugin that is made first and started for its host afterwards."""
    host = FakeHost(moment("09:34"), symbols=["QQQ"])
    plugin = MLSchedulerExtension(options=MLPluginConfig(), ml_system=FakeModel())
    run_until(host, moment("09:36"), plugin)
    assert list(host.submitted[0].signals) == ["QQQ"]
    assert plugin.symbols == ("QQQ",)


def test_without_a_model_the_start_is_refused_with_its_reason(tmp_path: Any) -> None:
    """``start`` raises PluginUnavailable, so that the host can say it goes on with checkpoints alone."""
    host = FakeHost(moment("09:34"), options=MLPluginConfig(path=tmp_path))
    plugin = MLSchedulerExtension(host=host)
    with pytest.raises(PluginUnavailable) as refusal:
        plugin.start(host)
    assert refusal.value.reason == "no_model"
    assert refusal.value.detail.startswith("no readable model in")  # one sentence, not one error inside another
    late = MLSchedulerExtension(host=FakeHost(moment("10:35:05"), options=MLPluginConfig(path=tmp_path)))
    result = late.run_ml_prediction()
    assert result is not None
    assert result.ml_status == "unavailable:no_model"


def test_a_failed_fetch_keeps_the_old_state_whose_age_then_decides() -> None:
    """One bar behind is delayed and still predicted; beyond 10 minutes it is stale_bars."""
    host = FakeHost(moment("09:34"), symbols=["SPX"])
    host.watch = lambda state: state if host.clock.now() < moment("09:36") else refuse("no_data")(state)
    run_until(host, moment("09:51"))
    statuses = [(result.data_status, result.ml_status) for result in host.submitted]
    assert statuses == [
        ("live", "ok"),
        ("delayed", "ok"),
        ("delayed", "unavailable:stale_bars"),
        ("delayed", "unavailable:stale_bars"),
    ]
    assert not host.submitted[1].signals["SPX"].entry.should_trade


def test_cleanup_runs_every_ten_predictions_and_shortens_no_feature() -> None:
    """After the tenth slot the cache is short, and the model still sees the whole day."""
    model = FakeModel()
    host = FakeHost(moment("09:34"), symbols=["SPX"])
    plugin = MLSchedulerExtension(host=host, ml_system=model)
    host.clock.enter("host")
    plugin.start(host)
    advance(host, moment("10:21"))
    assert len(plugin.bar_data_cache["SPX"]) == 5
    advance(host, moment("10:26"))
    plugin.stop()
    assert plugin.join(LIMIT)
    assert len(model.calls[-1]["bar_data"]) == 11


class LoopBoundHost(FakeHost):
    """A host whose provider lives on one loop: observing waits for that loop, unless called on it."""

    loop: asyncio.AbstractEventLoop

    def observe(self, symbol: str) -> MarketState:
        try:
            if asyncio.get_running_loop() is self.loop:
                raise DataUnavailable("called_on_provider_loop")
        except RuntimeError:
            pass

        async def on_loop() -> MarketState:
            return FakeHost.observe(self, symbol)

        return asyncio.run_coroutine_threadsafe(on_loop(), self.loop).result(LIMIT)


async def test_calls_on_the_providers_own_loop_do_not_deadlock(caplog: pytest.LogCaptureFixture) -> None:
    """Called from a coroutine they return at once: first without data, later with what was seen before."""
    host = LoopBoundHost(moment("10:35:05"))
    host.loop = asyncio.get_running_loop()
    plugin = extension(host)
    plugin.update_market_data()
    assert any("called on provider loop" in message for message in caplog.messages)
    first = plugin.run_ml_prediction()
    assert first is not None
    assert first.skipped == {"SPX": "called_on_provider_loop", "SPY": "called_on_provider_loop"}
    await asyncio.wait_for(asyncio.to_thread(plugin.update_market_data), LIMIT)
    plugin.last_update = None
    second = plugin.run_ml_prediction(force=True)
    assert second is not None
    assert set(second.signals) == {"SPX", "SPY"}


async def test_a_second_call_does_not_wait_for_the_first() -> None:
    """While the thread's slot needs the loop, a call on the loop returns busy instead of waiting for it."""
    host = LoopBoundHost(moment("10:35:05"))
    host.loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    host.watch = lambda state: (seen.set(), state)[1]
    plugin = extension(host)
    task = asyncio.create_task(asyncio.to_thread(plugin.run_ml_prediction))
    await asyncio.wait_for(seen.wait(), LIMIT)
    assert plugin.run_ml_prediction() is None
    assert plugin.last_skip_reason == "busy"
    assert await asyncio.wait_for(task, LIMIT) is not None


def test_log_lines_are_those_operators_search_for(caplog: pytest.LogCaptureFixture) -> None:
    """Every line of the contract appears word for word."""
    caplog.set_level(logging.INFO)
    host = FakeHost(moment("09:34"), symbols=["SPX"])
    run_until(host, moment("09:36"), extension(host, answer("Butterfly", 0.825)))
    for line in (
        "ML Scheduler Extension initialized",
        "ML 5-minute scheduler started",
        "5-minute ML prediction skipped: before_first_slot",
        "Running 5-minute ML prediction",
        "Updated 1 bars for SPX",
        "Updated 1 VIX bars",
        "5-min ML: SPX - Butterfly: confidence 0.825; HIGH: not measured - HIGH",
    ):
        assert line in caplog.messages


def fits(plugin: MLSchedulerExtension) -> Extension:
    """Prove by typing that the class fits its port."""
    return plugin
