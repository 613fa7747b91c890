"""The champion as the plugin classes see it: changed over while they run, retired in time, refused without proof."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest

from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.ml_result import Prediction, Unavailable
from magic8_companion.domain.trading_day import Session
from magic8_ml import MLSchedulerExtension
from magic8_ml.forecast.guarded_predictor import GuardedPredictor
from magic8_ml.forecast.session_table import session_table
from magic8_ml.registry.manifest import MANIFEST
from magic8_ml.registry.reloading import PAUSE_SECONDS
from magic8_ml.registry.versions import Registry
from tests.forecast.markets import session_of, state_at
from tests.forecast.plugin_fakes import FakeHost
from tests.registry.made_registry import Retraining


@pytest.fixture
def registry(registry_of_two: Callable[[], Registry]) -> Registry:
    """Return a registry of two real versions, the older one champion."""
    return registry_of_two()


@pytest.fixture
def noon(retraining: Retraining) -> MarketState:
    """Observe the market at noon of its newest day."""
    row, session = session_of(retraining.market.bars["SPY"], -1)
    return state_at(retraining.market, "SPY", row, session.open_at + timedelta(hours=2, minutes=30, seconds=5))


def predictor_of(registry: Registry) -> GuardedPredictor:
    """Load the champion as both plugin classes do."""
    return GuardedPredictor.load(MLPluginConfig(path=registry.folder.parent, timeout_seconds=20))


def later() -> None:
    """Let the time pass in which the roles are not looked at again."""
    threading.Event().wait(PAUSE_SECONDS)


def test_the_next_prediction_after_a_promotion_is_the_new_models(
    registry: Registry, retraining: Retraining, noon: MarketState
) -> None:
    """And the one after a rollback the old model's; the health names who serves."""
    predictor = predictor_of(registry)
    versions = []
    for move in (
        lambda: None,
        lambda: registry.promote(retraining.decided.version, "t"),
        lambda: registry.rollback("t"),
    ):
        move()
        later()
        answer = predictor.ask(noon)
        assert isinstance(answer, Prediction), answer
        versions.append(answer.model_version)
        assert predictor.health()["model_version"] == answer.model_version
    assert versions == [retraining.first, retraining.decided.version, retraining.first]


def test_a_damaged_promotion_changes_nothing_but_the_health(
    registry: Registry, retraining: Retraining, noon: MarketState
) -> None:
    """A new champion whose trees were torn after its promotion is not used: the same answers, and the reason."""
    predictor = predictor_of(registry)
    before = predictor.ask(noon)
    trees = next(registry.folder_of(retraining.decided.version).glob("*.ubj"))
    registry.promote(retraining.decided.version, "test")
    trees.write_bytes(trees.read_bytes()[:1000])
    later()
    assert predictor.ask(noon) == before
    assert "model_hash_mismatch" in predictor.health()["reload_problem"]


@pytest.mark.parametrize(("sessions", "has_expired"), [(-20, False), (63, False), (64, True)])
def test_a_model_retires_after_its_last_session(
    registry: Registry, retraining: Retraining, noon: MarketState, sessions: int, has_expired: bool
) -> None:
    """On its last valid session it is asked, on the next it says model_expired; before its freeze it may be asked."""
    table = session_table()
    session = table.sessions[table.position(date.fromisoformat(retraining.first[:10])) + sessions]
    answer = predictor_of(registry).ask(moved(noon, session))
    expired = isinstance(answer, Unavailable) and answer.reason == "model_expired"
    assert expired == has_expired, answer


def moved(state: MarketState, session: Session) -> MarketState:
    """Return the state on another day; what it holds of earlier days does not fit, and need not."""
    by = session.open_at - state.session.open_at
    ns = int(by.total_seconds()) * 10**9
    bars, vix = (replace(series, starts=series.starts + ns) for series in (state.bars, state.vix_bars))
    return replace(state, as_of=state.as_of + by, session=session, bars=bars, vix_bars=vix)


@pytest.mark.parametrize("part", ["data", "folds", "frozen", "availability", "canaries", "seal", None])
def test_without_a_whole_passport_there_is_no_model(registry: Registry, part: str | None) -> None:
    """Each part taken away, or all of it: no_passport, and a sentence that says what to do."""
    path = registry.folder_of("champion") / MANIFEST
    manifest = orjson.loads(path.read_bytes())
    if part is None:
        del manifest["passport"]
    else:
        del manifest["passport"][part]
    path.write_bytes(orjson.dumps(manifest))
    predictor = predictor_of(registry)
    assert predictor.ml_system is None
    assert predictor.why_not.reason == "no_passport"
    assert "train again" in predictor.why_not.detail


def test_a_single_model_without_versions_serves(registry: Registry, retraining: Retraining, noon: MarketState) -> None:
    """The folder of one model, put where models/ is expected, is loaded as it is."""
    single = registry.folder.parent / "single"
    single.mkdir()
    registry.folder_of("champion").rename(single / "models")
    answer = GuardedPredictor.load(MLPluginConfig(path=single, timeout_seconds=20)).ask(noon)
    assert isinstance(answer, Prediction)
    assert answer.model_version == retraining.first


def test_a_champion_that_is_incomplete_at_the_start_serves_when_it_is_complete(
    registry: Registry, retraining: Retraining, noon: MarketState
) -> None:
    """Each missing or half-copied file is a reason until it is whole; then the next prediction is a prediction."""
    champion = registry.folder_of("champion")
    for name in [file.name for file in champion.iterdir()]:
        content = (champion / name).read_bytes()
        (champion / name).unlink()
        predictor = predictor_of(registry)
        assert isinstance(predictor.ask(noon), Unavailable)
        assert predictor.awaits_files
        assert predictor.health()["reload_problem"]
        (champion / name).write_bytes(content[: len(content) // 2])
        assert isinstance(predictor.ask(noon), Unavailable)
        (champion / name).write_bytes(content)
        answer = predictor.ask(noon)
        assert isinstance(answer, Prediction), answer
        assert answer.model_version == retraining.first
        assert predictor.health()["reload_problem"] is None


def test_a_registry_that_arrives_after_the_start_serves(registry: Registry, noon: MarketState, tmp_path: Path) -> None:
    """Without any file the answer is no_model; a folder that is copied there later is loaded at the next prediction."""
    home = tmp_path / "late"
    predictor = GuardedPredictor.load(MLPluginConfig(path=home, timeout_seconds=20))
    assert predictor.ask(noon) == predictor.why_not
    assert not predictor.awaits_files
    shutil.copytree(registry.folder, home / "models")
    assert isinstance(predictor.ask(noon), Prediction)


def test_a_refused_champion_is_read_again_only_when_its_files_change(
    registry: Registry, noon: MarketState, caplog: pytest.LogCaptureFixture
) -> None:
    """The same files are refused once, however often the predictor is asked."""
    (registry.folder_of("champion") / "numbers.json").unlink()
    predictor = predictor_of(registry)
    for _ in range(3):
        assert predictor.ask(noon) is predictor.why_not
    assert "cannot be used yet" not in caplog.text
    (registry.folder_of("champion") / "numbers.json").write_bytes(b"{")
    for _ in range(3):
        predictor.ask(noon)
    assert caplog.text.count("cannot be used yet") == 1


def test_both_plugin_classes_use_a_champion_that_is_completed_after_their_start(
    registry: Registry, noon: MarketState
) -> None:
    """The scheduler runs meanwhile and each slot publishes the reason; the next slot predicts."""
    numbers = registry.folder_of("champion") / "numbers.json"
    content = numbers.read_bytes()
    numbers.unlink()
    options = MLPluginConfig(path=registry.folder.parent, timeout_seconds=20)
    host = FakeHost(noon.as_of, symbols=["SPY"], options=options)
    host.watch = lambda _: noon
    plugin = MLSchedulerExtension(host=host)
    plugin.start(host)
    plugin.stop()
    assert plugin.join(20)
    first = plugin.run_ml_prediction()
    assert first is not None
    assert first.ml_status == "unavailable:model_corrupt"
    numbers.write_bytes(content)
    second = plugin.run_ml_prediction(force=True)
    assert second is not None
    assert second.ml_status == "ok"
