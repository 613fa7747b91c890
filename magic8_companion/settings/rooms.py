"""The rooms' configurations, filled in from the settings.

A field of a room gets the setting that takes its default from that field; what depends on the run is given here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from magic8_companion.analysis import AnalysisConfig
from magic8_companion.domain.config import meanings
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.engine.config import EngineConfig, TicketConfig
from magic8_companion.events.config import EventsConfig
from magic8_companion.plugins import PluginConfig
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.scoring import Switches
from magic8_companion.settings.model import Settings, load_settings, meaning_of

Room = TypeVar("Room")

ROOMS: Final = (
    AnalysisConfig,
    EngineConfig,
    EventsConfig,
    IBConfig,
    MLPluginConfig,
    PluginConfig,
    Switches,
    TicketConfig,
)


def setting_of(room: type[Any]) -> dict[str, str]:
    """Return field -> setting, for the fields of a room's configuration that are settings.

    >>> setting_of(Switches)
    {'greeks': 'enable_greeks', 'gamma': 'enable_enhanced_gex', 'volume': 'enable_volume_analysis'}
    """
    by_meaning = {id(meaning_of(name)): name for name in Settings.model_fields}
    return {field: by_meaning[id(meaning)] for field, meaning in meanings(room).items() if id(meaning) in by_meaning}


def config_of(room: type[Room], settings: Settings, **of_the_run: object) -> Room:
    """Return a room's configuration; ``of_the_run`` are values that no single setting holds."""
    known = {field: getattr(settings, name) for field, name in setting_of(room).items()}
    return room(**known | of_the_run)


def engine_config(settings: Settings) -> EngineConfig:
    """Return the configuration of the engine."""
    live_folder = settings.path(settings.output_dir).resolve()
    return config_of(
        EngineConfig,
        settings,
        kill_switch_file=settings.kill_switch,
        has_heartbeat=settings.is_live,
        nonlive_in_live_dir=not settings.is_live and settings.run_output_dir.resolve() == live_folder,
        tickets=config_of(TicketConfig, settings),
    )


def ml_config(settings: Settings) -> MLPluginConfig:
    """Return the configuration that a run hands to the plugin."""
    return _plugin_config(settings, ml_folder(settings))


def ml_folder(settings: Settings) -> Path:
    """Return the folder that holds ``models/`` in a run.

    A simulated run has its own unless ML_PATH is set: a model of invented history must never meet a real market.
    """
    if settings.market_data_provider == "simulated" and "ml_path" not in settings.model_fields_set:
        return settings.run_output_dir / "ml"
    return settings.path(settings.ml_path)


def plugin_config() -> MLPluginConfig:
    """Return the configuration for the plugin's commands and script classes: ``ports.plugin_config``."""
    settings = load_settings()
    folder, of_a_run = settings.path(settings.ml_path), ml_folder(settings)
    return replace(_plugin_config(settings, folder), run_path=None if of_a_run == folder else of_a_run)


def _plugin_config(settings: Settings, folder: Path) -> MLPluginConfig:
    bars, vix = settings.ml_retrain_bars_dir, settings.ml_retrain_vix_file
    return config_of(
        MLPluginConfig,
        settings,
        path=folder,
        retrain_bars_dir=bars and settings.path(bars),
        retrain_vix_file=vix and settings.path(vix),
    )
