"""The plugin's script classes read default, ``.env`` and environment as the host does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from shutil import copytree

import pytest

from magic8_companion.domain.errors import ConfigError
from magic8_companion.ports import plugin_config
from magic8_ml.enhanced_scoring import MLEnhancedScoring
from magic8_ml.forecast.ml_config import MLConfig
from magic8_ml.forecast.ml_system import ProductionMLSystem
from magic8_ml.scheduler_extension import MLSchedulerExtension
from tests.forecast.plugin_fakes import FakeModel, FakeRules


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the ``.env`` of the root directory, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def test_the_configuration_of_the_plugin_is_that_of_the_host(dotenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment wins over .env, older names work, and relative paths start at the root directory."""
    dotenv.write_text("M8C_ML_WEIGHT=0.2  # careful\nML_PATH=models\nM8C_ML_5MIN_INTERVAL=10\n")
    monkeypatch.setenv("M8C_ML_5MIN_INTERVAL", "15")
    found = plugin_config()
    assert (found.weight, found.interval_minutes, found.path) == (0.2, 15, dotenv.parent / "models")


def test_a_mistake_in_dotenv_is_named_to_the_plugin_too(dotenv: Path) -> None:
    """It is the host's message, with the nearest name."""
    dotenv.write_text("M8C_ML_WIEGHT=0.2\n")
    with pytest.raises(ConfigError, match="did you mean M8C_ML_WEIGHT"):
        plugin_config()


def test_enhanced_scoring_without_options_reads_dotenv(dotenv: Path) -> None:
    """Weight and folder come from there; a relative folder starts at MAGIC8_PATH of .env."""
    dotenv.write_text("M8C_ML_WEIGHT=0.2\nM8C_ML_PATH=mine\n")
    scorer = MLEnhancedScoring(FakeRules(), ml_system=FakeModel())
    assert (scorer.ml_weight, scorer.ml_path) == (0.2, dotenv.parent / "mine")
    dotenv.write_text(f"MAGIC8_PATH={dotenv.parent / 'root'}\n")
    assert MLEnhancedScoring(FakeRules(), "ml", ml_system=FakeModel()).ml_path == dotenv.parent / "root" / "ml"


def test_enhanced_scoring_with_wrong_settings_warns_of_all_of_them(
    dotenv: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The rules go on with the built-in weight, and the log names every mistake."""
    dotenv.write_text("M8C_ML_WEIGHT=much\nM8C_IB_PRT=1\n")
    assert MLEnhancedScoring(FakeRules(), ml_system=FakeModel()).ml_weight == 0.35
    assert "M8C_ML_WEIGHT" in caplog.text
    assert "did you mean M8C_IB_PORT" in caplog.text


def test_ml_config_defaults_to_the_settings(dotenv: Path) -> None:
    """Threshold and folder; what a caller gives wins."""
    dotenv.write_text("M8C_ML_5MIN_CONFIDENCE_THRESHOLD=0.7\nM8C_ML_PATH=mine\n")
    assert MLConfig().confidence_threshold == 0.7
    assert MLConfig().folder == dotenv.parent / "mine" / "models"
    given = MLConfig(confidence_threshold=0.5, direction_model_path="m/d.ubj", volatility_model_path="m/v.ubj")
    assert (given.confidence_threshold, given.folder) == (0.5, Path("m"))


def test_the_ml_system_takes_the_ages_of_the_settings(dotenv: Path, models: Path) -> None:
    """How old bars and VIX may be comes from .env unless the caller says."""
    copytree(models, dotenv.parent / "models")
    dotenv.write_text("M8C_ML_PATH=.\nM8C_ML_MAX_BAR_AGE_MINUTES=7\nM8C_ML_MAX_VIX_AGE_MINUTES=40\n")
    assert ProductionMLSystem(MLConfig()).predictor.max_bar_age == timedelta(minutes=7)
    system = ProductionMLSystem(MLConfig(), max_bar_age_minutes=20)
    assert system.predictor.max_bar_age == timedelta(minutes=20)
    assert system.predictor.max_vix_age == timedelta(minutes=40)


def test_the_scheduler_extension_without_host_reads_dotenv(dotenv: Path) -> None:
    """Symbols and folder of its private services are those of .env."""
    dotenv.write_text("M8C_SYMBOLS=QQQ\nM8C_NONLIVE_OUTPUT_DIR=mine\n")
    extension = MLSchedulerExtension(ml_system=FakeModel())
    assert extension.symbols == ("QQQ",)
    assert extension.output_dir == dotenv.parent / "mine"
