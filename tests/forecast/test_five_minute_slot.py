"""One 5-minute slot: its gates, what it sees, what it says."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from magic8_companion.domain.market_state import DELAYED, REPLAY, MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_ml import MLSchedulerExtension
from magic8_ml.forecast.observation_cache import Observations
from tests.forecast.plugin_fakes import (
    HALF_DAY,
    LIMIT,
    FakeHost,
    FakeModel,
    Watching,
    answer,
    extension,
    market_state,
    moment,
    refuse,
    without_vix,
)


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("09:34:59", "before_first_slot"),
        ("09:35", None),
        ("10:34:59", "checkpoint_pause"),
        ("10:35", None),
        ("15:54:59", None),
        ("15:55", "after_last_slot"),
    ],
)
def test_gates_open_and_close_on_the_second(at: str, reason: str | None) -> None:
    """09:35 <= New York < 15:55, and a slot pauses within 5 minutes after a checkpoint's nominal time."""
    plugin = extension(FakeHost(moment(at), checkpoints=["10:30"]))
    assert plugin.should_run_prediction() is (reason is None)
    assert plugin.last_skip_reason == reason


def test_a_half_day_ends_its_slots_before_12_55() -> None:
    """On a half day 12:54:59 is open and 12:55 is not."""
    assert extension(FakeHost(moment("12:54:59", HALF_DAY))).should_run_prediction()
    assert not extension(FakeHost(moment("12:55", HALF_DAY))).should_run_prediction()


def test_the_first_closed_gate_gives_the_reason() -> None:
    """Kill switch, hours, checkpoint pause, volatility pause, slot done: the first closed gate is named."""
    host = FakeHost(moment("10:31"), checkpoints=["10:30"])
    plugin = extension(host)
    host.halt_reason, host.volatility_pause = "kill_switch", "vix 41"
    assert plugin.run_ml_prediction(force=True) is None
    assert plugin.last_skip_reason == "kill_switch"
    host.halt_reason = None
    assert plugin.run_ml_prediction(force=True) is None
    assert plugin.last_skip_reason == "checkpoint_pause"
    host.checkpoints.clear()
    assert plugin.run_ml_prediction(force=True) is None
    assert plugin.last_skip_reason == "volatility_pause"
    host.volatility_pause = None
    assert plugin.run_ml_prediction() is not None
    assert plugin.run_ml_prediction() is None
    assert plugin.last_skip_reason == "slot_done"
    assert plugin.run_ml_prediction(force=True) is not None


def test_holidays_are_named() -> None:
    """On a holiday nothing runs whatever the hour."""
    plugin = extension(FakeHost(datetime(2025, 7, 4, 15, tzinfo=UTC)))
    assert plugin.run_ml_prediction(force=True) is None
    assert plugin.last_skip_reason == "market_closed"


def test_a_closed_gate_costs_nothing_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is fetched, nothing published; the log gives the reason."""
    caplog.set_level(logging.INFO)
    host = FakeHost(moment("10:40"))
    host.halt_reason = "kill_switch"
    plugin = extension(host)
    plugin.run_ml_prediction()
    assert host.observed == []
    assert host.submitted == []
    assert "5-minute ML prediction skipped: kill_switch" in caplog.messages
    assert "Running 5-minute ML prediction" not in caplog.messages


def test_last_checkpoint_can_be_set_by_hand() -> None:
    """The newest of the host's and the given checkpoint counts."""
    plugin = extension(FakeHost(moment("11:02"), checkpoints=["10:30"]))
    assert plugin.last_checkpoint == moment("10:30")
    plugin.last_checkpoint = moment("11:00")
    assert plugin.last_checkpoint == moment("11:00")
    assert not plugin.should_run_prediction()


@pytest.mark.parametrize(
    ("strategy", "confidence", "label", "score", "trade"),
    [
        ("Butterfly", 0.825, "HIGH", 82.5, True),
        ("Butterfly", 0.8, "HIGH", 80.0, True),
        ("Butterfly", 0.79996, "HIGH", 80.0, True),
        ("Vertical", 0.9, "HIGH", 90.0, False),
        ("Iron_Condor", 0.7999, "MEDIUM", 80.0, False),
        ("Iron_Condor", 0.725, "MEDIUM", 72.5, False),
        ("Iron_Condor", 0.6499, "LOW", 65.0, False),
        ("No_Trade", 0.9, "LOW", 90.0, False),
    ],
)
def test_labels_follow_the_published_confidence(
    strategy: str, confidence: float, label: str, score: float, trade: bool
) -> None:
    """HIGH at 0.80, MEDIUM at the threshold, on 4 decimals; only HIGH trades, a Vertical only with a side."""
    host = FakeHost(moment("10:35:05"), symbols=["SPX"])
    result = extension(host, answer(strategy, confidence)).run_ml_prediction()
    assert result is not None
    signal = result.signals["SPX"]
    entry = signal.entry
    assert (signal.strategy, entry.confidence, entry.score, entry.should_trade) == (strategy, label, score, trade)
    assert entry.ml_confidence == round(confidence, 4)
    assert entry.rationale.startswith(f"5-min ML: {strategy}: confidence ")
    assert (entry.source, entry.direction, entry.volatility_regime) == ("ml_5min", "neutral", "normal")


def test_a_result_names_its_slot_source_and_lifetime() -> None:
    """Valid for 10 minutes after the nominal slot, at most to the close; prediction time and version are kept."""
    host = FakeHost(moment("10:35:05"))
    result = extension(host).run_ml_prediction()
    assert result is not None
    assert result.slot_at == moment("10:35")
    assert result.published_at == moment("10:35:05")
    assert result.valid_until == moment("10:45")
    assert (result.data_source, result.data_status, result.ml_status) == ("fake", "live", "ok")
    assert result.signals["SPY"].prediction_time == moment("10:35:05")
    assert result.signals["SPY"].model_version == "test"
    assert result.signals["SPY"].entry.valid_until == moment("10:45")
    late = FakeHost(moment("15:50:05"), options=MLPluginConfig(valid_minutes=30))
    last = extension(late).run_ml_prediction()
    assert last is not None
    assert last.valid_until == moment("15:59:59") + timedelta(seconds=1)


def test_delayed_data_blocks_unless_allowed() -> None:
    """A HIGH prediction from delayed data stays HIGH, names its blocker and does not trade."""
    delayed = {"watch": lambda state: replace(state, data_status=DELAYED), "symbols": ["SPX"]}
    host = FakeHost(moment("10:35:05"), **delayed)
    result = extension(host).run_ml_prediction()
    assert result is not None
    entry = result.signals["SPX"].entry
    assert (entry.confidence, entry.should_trade, entry.blocked_by) == ("HIGH", False, ("delayed_data",))
    allowed = FakeHost(moment("10:35:05"), options=MLPluginConfig(trade_on_delayed_data=True), **delayed)
    result = extension(allowed).run_ml_prediction()
    assert result is not None
    assert result.signals["SPX"].entry.should_trade


def test_what_the_model_blocks_is_blocked() -> None:
    """A blocker of the prediction reaches the entry."""
    details = {"direction": "neutral", "volatility_regime": "low", "blocked_by": ["no_net_edge"]}
    result = extension(FakeHost(moment("10:35:05")), answer(details=details)).run_ml_prediction()
    assert result is not None
    assert result.signals["SPX"].entry.blocked_by == ("no_net_edge",)
    assert not result.signals["SPX"].entry.should_trade


@pytest.mark.parametrize(
    ("watch", "reason"),
    [
        (refuse("stale_bars", "SPX"), "stale_bars"),
        (lambda state: without_vix(state) if state.symbol == "SPX" else state, "ok"),
        (lambda state: state if state.symbol == "SPY" else 1 / 0, "exception"),
    ],
)
def test_one_symbol_cannot_block_another(watch: Callable[[MarketState], MarketState], reason: str) -> None:
    """SPX fails in one way or another, SPY is predicted; a VIX seen beside SPX serves both."""
    host = FakeHost(moment("10:35:05"), watch=watch)
    result = extension(host).run_ml_prediction()
    assert result is not None
    assert "SPY" in result.signals
    assert result.skipped == ({} if reason == "ok" else {"SPX": reason})
    assert result.ml_status == ("ok" if reason == "ok" else "partial")


def test_without_a_vix_every_symbol_is_skipped() -> None:
    """No VIX at all: a result without signals and with the reason, so that an older signal does not live on."""
    host = FakeHost(moment("10:35:05"), watch=without_vix)
    result = extension(host).run_ml_prediction()
    assert host.submitted == [result]
    assert result is not None
    assert result.signals == {}
    assert result.skipped == {"SPX": "missing_vix", "SPY": "missing_vix"}
    assert result.ml_status == "unavailable:missing_vix"


def test_data_is_fetched_at_most_once_per_minute() -> None:
    """Two updates within a minute observe once; the prediction that follows uses what was seen."""
    host = FakeHost(moment("10:35:05"))
    plugin = extension(host)
    plugin.update_market_data()
    plugin.update_market_data()
    assert plugin.run_ml_prediction() is not None
    assert len(host.observed) == 2
    assert plugin.last_update == moment("10:35:05")


def test_caches_hold_canonical_frames() -> None:
    """Bars by symbol and the VIX, as the guide's scripts look at them."""
    plugin = extension(FakeHost(moment("10:35:05")))
    plugin.update_market_data()
    assert list(plugin.bar_data_cache) == ["SPX", "SPY"]
    assert list(plugin.bar_data_cache["SPX"].columns) == ["open", "high", "low", "close", "volume"]
    assert len(plugin.bar_data_cache["SPX"]) == 13
    assert plugin.vix_data_cache is not None
    assert str(plugin.bar_data_cache["SPX"].index.tz) == "UTC"


def test_a_symbol_that_hangs_costs_itself_alone() -> None:
    """The whole fetch has a limit; who has not answered by then is fetch_timeout, the others are seen."""
    release = threading.Event()

    def observe(symbol: str) -> MarketState:
        if symbol == "SPX":
            release.wait(LIMIT)
        return market_state(symbol, moment("10:35:05"))

    observations = Observations(limit_seconds=2)
    seen = observations.refresh(Watching(observe), ["SPX", "SPY", "QQQ"], threading.Event())
    release.set()
    assert list(seen) == ["SPY", "QQQ"]
    assert observations.problems == {"SPX": "fetch_timeout"}
    assert observations.known_at("SPX", moment("10:35:06")) is None


def test_a_fetch_ends_with_stop() -> None:
    """Stopped while a symbol hangs, the fetch ends at once."""
    release, stop = threading.Event(), threading.Event()

    def observe(symbol: str) -> MarketState:
        stop.set()
        release.wait(LIMIT)
        return market_state(symbol, moment("10:35:05"))

    assert Observations(limit_seconds=LIMIT).refresh(Watching(observe), ["SPX"], stop) == {}
    assert not release.is_set()
    release.set()


def test_frames_of_the_caller_are_predicted_on_too() -> None:
    """Frames put into the caches by hand are used when nothing was observed, and never trade as live data."""
    host = FakeHost(moment("10:35:05"), symbols=["SPX"])
    plugin = extension(host)
    state = market_state("SPX", moment("10:35:05"))
    plugin.bar_data_cache = {"SPX": state.bars.frame()}
    plugin.vix_data_cache = state.vix_bars.frame()
    plugin.last_update = moment("10:35:05")
    result = plugin.run_ml_prediction()
    assert result is not None
    assert host.observed == []
    assert result.signals["SPX"].entry.blocked_by == ("delayed_data",)


def test_the_model_is_called_exactly_as_at_checkpoints() -> None:
    """Five arguments by name, naive UTC time, one row of delta proxies, no trades."""
    model = FakeModel()
    MLSchedulerExtension(host=FakeHost(moment("10:35:05"), symbols=["SPX"]), ml_system=model).run_ml_prediction()
    (call,) = model.calls
    assert call["current_time"] == datetime(2025, 6, 26, 14, 35, 5)  # noqa: DTZ001  # naive by contract
    assert call["bar_data"].attrs["symbol"] == "SPX"
    assert len(call["bar_data"]) == len(call["vix_data"]) == 13
    assert list(call["discord_delta"].index) == [call["bar_data"].index[-1]]
    assert call["discord_trades"].empty


@pytest.mark.parametrize(
    ("closes", "call", "put", "ratio", "price_vs_predicted"),
    [
        ([100.0, 101.0], 0.6, -0.4, 1.5, -0.01),
        ([100.0, 99.0], 0.4, -0.6, 2 / 3, 0.01),
        ([100.0, 110.0], 0.9, -0.1, 9.0, -0.1),
        ([100.0, 50.0], 0.1, -0.9, 1 / 9, 0.5),
        ([100.0], 0.5, -0.5, 1.0, 0.0),
        ([float("nan"), 100.0], 0.5, -0.5, 1.0, 0.0),
    ],
)
def test_delta_features_follow_the_last_change(
    closes: list[float], call: float, put: float, ratio: float, price_vs_predicted: float
) -> None:
    """0.5 + clip(10 ret, -0.4, 0.4), and what follows from it; one bar or a missing close count as no change."""
    index = pd.date_range("2025-06-26 14:30", periods=len(closes), freq="5min", tz="UTC")
    frame = extension(FakeHost(moment("10:40"))).create_delta_features(
        "SPX", pd.DataFrame({"close": closes}, index=index)
    )
    assert list(frame.index) == [index[-1]]
    row = frame.iloc[0]
    assert row["CallDelta"] == pytest.approx(call)
    assert row["PutDelta"] == pytest.approx(put)
    assert row["delta_spread"] == pytest.approx(call + put)
    assert row["call_put_ratio"] == pytest.approx(ratio)
    assert row["Price"] == closes[-1]
    assert row["Predicted"] == pytest.approx(closes[-1] * (1 - price_vs_predicted))
    assert row["price_vs_predicted"] == pytest.approx(price_vs_predicted)


def test_no_bars_give_no_delta_features() -> None:
    """An empty frame stays empty."""
    assert extension(FakeHost(moment("10:40"))).create_delta_features("SPX", pd.DataFrame()).empty


def test_cleanup_drops_old_rows_and_odd_frames(caplog: pytest.LogCaptureFixture) -> None:
    """Rows older than 30 minutes go; a frame without aware time index goes with a warning, never an exception."""
    plugin = extension(FakeHost(moment("10:35:05")))
    plugin.update_market_data()
    plugin.bar_data_cache["ODD"] = pd.DataFrame({"close": [1.0]})
    plugin.cleanup_cache()
    assert len(plugin.bar_data_cache["SPX"]) == 5
    assert "ODD" not in plugin.bar_data_cache
    assert any(record.levelno == logging.WARNING for record in caplog.records)


def test_a_frame_put_into_the_cache_is_kept_until_newer_bars_arrive() -> None:
    """Callers share one dict with the plugin, which adds what it has seen since whenever somebody looks."""
    plugin = extension(FakeHost(moment("10:35:05")))
    plugin.update_market_data()
    frames = plugin.bar_data_cache
    frames["SPX"] = frames["SPX"][-1:]
    assert len(plugin.bar_data_cache["SPX"]) == 1
    plugin.last_update = None
    plugin.update_market_data()
    assert plugin.bar_data_cache is frames
    assert len(frames["SPX"]) == 13


def test_replayed_data_is_stamped_as_such() -> None:
    """The worst data status of the symbols is the status of the result."""
    host = FakeHost(moment("10:35:05"))
    host.watch = lambda state: replace(state, data_status=REPLAY) if state.symbol == "SPY" else state
    result = extension(host).run_ml_prediction()
    assert result is not None
    assert result.data_status == REPLAY


def test_attributes_of_the_guide_can_be_read_and_set() -> None:
    """Symbols, folder, provider, zones, caches and limits are there, with the contract's defaults."""
    host = FakeHost(moment("10:35:05"))
    plugin = extension(host)
    assert (plugin.symbols, plugin.output_dir, plugin.data_provider) == (("SPX", "SPY"), host.output_dir, host.provider)
    assert str(plugin.est) == "America/New_York"
    assert plugin.utc is UTC
    assert plugin.max_cache_age == timedelta(minutes=30)
    assert plugin.cache_cleanup_interval == 10
    assert plugin.bar_data_cache == {}
    assert plugin.vix_data_cache is None
    assert plugin.last_update is None
    plugin.symbols = ("QQQ",)
    plugin.output_dir = host.output_dir / "other"
    plugin.ml_system = model = FakeModel()
    result = plugin.run_ml_prediction()
    assert result is not None
    assert list(result.signals) == ["QQQ"]
    assert len(model.calls) == 1
