"""The weekly retraining in a host: a live one starts the real command and serves what it decides, a replay does not."""

from __future__ import annotations

import shutil
from datetime import date, time
from pathlib import Path

import pytest

from magic8_companion.domain.market_state import DELAYED, LIVE, REPLAY, SIMULATED
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.trading_day import new_york_instant
from magic8_ml import MLSchedulerExtension
from magic8_ml.registry.versions import Registry
from magic8_ml.registry.weekly import LOG_FILE
from tests.forecast.plugin_fakes import LIMIT, FakeHost, FakeModel, advance
from tests.registry.made_registry import Retraining
from tests.registry.market_files import files_of

FRIDAY = date(2025, 3, 7)


def after_the_close(options: MLPluginConfig, status: str) -> tuple[FakeHost, MLSchedulerExtension]:
    """Start the extension at 16:00 on a Friday, with a model of the folder or else a fake one."""
    host = FakeHost(new_york_instant(FRIDAY, time(16)), options=options)
    host.provider.status = status
    real = (options.path / "models").is_dir()
    return host, MLSchedulerExtension(host=host) if real else MLSchedulerExtension(host=host, ml_system=FakeModel())


def run_until(host: FakeHost, plugin: MLSchedulerExtension, wall: time) -> None:
    """Let replayed time pass; a retraining that runs holds it up."""
    host.clock.enter("host")
    plugin.start(host)
    advance(host, new_york_instant(FRIDAY, wall))
    plugin.stop()
    host.clock.leave("host")
    assert plugin.join(LIMIT)


def test_a_live_host_starts_the_real_command(tmp_path: Path) -> None:
    """Half an hour after Friday's close, in a process; what it says stands in its log, its exit code in the health."""
    (tmp_path / "bars").mkdir()
    options = MLPluginConfig(path=tmp_path, retrain_bars_dir=tmp_path / "bars", retrain_vix_file=tmp_path / "vix.csv")
    host, plugin = after_the_close(options, LIVE)
    run_until(host, plugin, time(16, 31))
    assert plugin.health()["retraining_started"] == new_york_instant(FRIDAY, time(16, 30))
    assert plugin.health()["retraining_exit_code"] == 1
    assert "Retraining refused:" in (tmp_path / LOG_FILE).read_text()


@pytest.mark.slow
@pytest.mark.timeout(1800)  # at the lowest priority a busy machine takes its time
def test_a_live_host_serves_what_its_retraining_decides(retraining: Retraining, tmp_path: Path) -> None:
    """A whole retraining: the decision in its log, the decided champion in the registry and at work in the host."""
    out = Path(shutil.copytree(retraining.out, tmp_path / "ml"))
    Registry(out / "models").promote(retraining.first, "test")
    _, bars_dir, _, vix_file = files_of(retraining.market, tmp_path)
    options = MLPluginConfig(path=out, retrain_bars_dir=Path(bars_dir), retrain_vix_file=Path(vix_file))
    host, plugin = after_the_close(options, LIVE)
    run_until(host, plugin, time(16, 31))
    log = (out / LOG_FILE).read_text()
    assert plugin.health()["retraining_exit_code"] == 0, log
    assert retraining.decided.why in log
    champion = retraining.decided.version if retraining.decided.promoted else retraining.first
    assert plugin.ml_system.predictor.model.version == champion  # type: ignore[union-attr]  # a real system


@pytest.mark.parametrize(("status", "starts"), [(LIVE, True), (DELAYED, True), (REPLAY, False), (SIMULATED, False)])
def test_only_a_live_host_retrains(tmp_path: Path, status: str, starts: bool) -> None:
    """Live or delayed data may be learnt from; a replayed or simulated day starts nothing."""
    options = MLPluginConfig(path=tmp_path, retrain_bars_dir=tmp_path, retrain_vix_file=tmp_path / "vix.csv")
    host, plugin = after_the_close(options, status)
    run_until(host, plugin, time(16, 10))
    assert ("retraining_due" in plugin.health()) is starts


def test_without_files_to_learn_from_nothing_is_planned(tmp_path: Path) -> None:
    """The settings name none: a live host goes on as it is."""
    host, plugin = after_the_close(MLPluginConfig(path=tmp_path), LIVE)
    run_until(host, plugin, time(16, 31))
    assert "retraining_due" not in plugin.health()
