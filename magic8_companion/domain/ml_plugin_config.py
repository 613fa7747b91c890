"""The settings that the host hands to its ML plugin, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class MLPluginConfig:
    """Options of the plugin; the defaults are those of the settings of the same names (``M8C_ML_*``)."""

    path: Path = Path("data/ml")
    weight: float = 0.35
    timeout_seconds: float = 5.0
    max_bar_age_minutes: int = 10
    max_vix_age_minutes: int = 30
    interval_minutes: int = 5
    confidence_threshold: float = 0.65
    valid_minutes: int = 10
    checkpoint_pause_minutes: int = 5
    bar_close_delay_seconds: int = 5
    request_timeout_seconds: float = 15.0
    trade_on_delayed_data: bool = False
    retrain_bars_dir: Path | None = None
    retrain_vix_file: Path | None = None
    retrain_weekday: int = 4
