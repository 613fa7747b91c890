"""The configuration that the host hands to its ML plugin."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from magic8_companion.domain.config import SharedConfig, same_as, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class MLPluginConfig:
    """Configuration of the plugin; paths are absolute when the settings fill it in."""

    root: Path = field(default=Path(), metadata=setting("Root directory, where relative paths start."))
    path: Path = field(default=Path("data/ml"), metadata=setting("Folder that holds models/."))
    run_path: Path | None = field(
        default=None, metadata=setting("Folder of the models of a run of the configured provider, where it differs.")
    )
    weight: float = field(
        default=0.35, metadata=setting("ML share of the blended score; 0.20 to 0.35 is advised.", ge=0, le=1)
    )
    timeout_seconds: float = same_as(SharedConfig, "ml_timeout_seconds")
    max_bar_age_minutes: int = field(
        default=10,
        metadata=setting(
            "Age in minutes beyond which the newest bar makes the ML unavailable.", advanced=True, ge=5, le=60
        ),
    )
    max_vix_age_minutes: int = field(
        default=30,
        metadata=setting(
            "Age in minutes beyond which the VIX makes the ML unavailable; the official open is fresh all day.",
            advanced=True,
            ge=5,
            le=480,
        ),
    )
    interval_minutes: int = field(default=5, metadata=setting("Minutes between ML slots: 5, 10, 15 or 30."))
    confidence_threshold: float = field(
        default=0.65, metadata=setting("Confidence from which a 5-minute prediction is MEDIUM.", ge=0.5, le=0.8)
    )
    valid_minutes: int = field(
        default=10, metadata=setting("Minutes that a 5-minute entry stays valid.", advanced=True, ge=5, le=60)
    )
    checkpoint_pause_minutes: int = field(
        default=5, metadata=setting("Minutes after a checkpoint without slots.", advanced=True, ge=0, le=30)
    )
    bar_close_delay_seconds: int = same_as(SharedConfig, "bar_close_delay_seconds")
    request_timeout_seconds: float = same_as(SharedConfig, "request_timeout_seconds")
    trade_on_delayed_data: bool = same_as(SharedConfig, "trade_on_delayed_data")
    retrain_bars_dir: Path | None = field(
        default=None,
        metadata=setting("Folder of bars for the weekly retraining of a live run; needs M8C_ML_RETRAIN_VIX_FILE."),
    )
    retrain_vix_file: Path | None = field(
        default=None,
        metadata=setting("File of daily VIX rows for the weekly retraining; needs M8C_ML_RETRAIN_BARS_DIR."),
    )
    retrain_weekday: int = field(
        default=4,
        metadata=setting(
            "Weekday of the retraining, after the close: 0 is Monday, 4 is Friday.", advanced=True, ge=0, le=4
        ),
    )


DEFAULTS: Final = MLPluginConfig()
