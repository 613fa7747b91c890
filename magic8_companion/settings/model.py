"""The names of all settings, each with the room that describes it, and what must hold between two of them.

The attribute of a setting is its name in lower case without the prefix ``M8C_``.  A setting takes default, meaning and
limits from a field of its room's configuration; only those that no room needs are described here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict

from magic8_companion.analysis import AnalysisConfig
from magic8_companion.domain.config import Described, FieldMeaning, SharedConfig, described, setting
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.engine.config import EngineConfig, TicketConfig
from magic8_companion.events.config import EventsConfig
from magic8_companion.plugins import PluginConfig
from magic8_companion.providers.config import ProviderConfig
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.registered import is_live_provider
from magic8_companion.publishing.config import PublishingConfig
from magic8_companion.scoring import Switches
from magic8_companion.settings.sources import PREFIX, ROOT, Texts, TextSource, read_texts
from magic8_companion.settings.values import (
    EventPauses,
    Host,
    Interval,
    Lower,
    OptionalDate,
    OptionalPath,
    Provider,
    ScorerName,
    Speed,
    StrategyTables,
    Symbols,
    Thresholds,
    Times,
    Upper,
    Webhook,
    WrittenPath,
)

_OTHER_FILE: Final = "ml_predictions_5min.json"

PRACTICE_SPEED: Final = 30.0
"""Virtual seconds per real second of a practice run at speed max: a bot sees a day in 13 minutes."""


def _field(of: Described, *, repr_: bool = True) -> Any:  # noqa: ANN401  # pydantic's Field is typed so too
    meaning, default = of.meaning, of.default
    extra: Any = {"meaning": meaning}
    limits: dict[str, Any] = dict(meaning.limits)
    return Field(
        dict(default) if isinstance(default, Mapping) else default,
        description=meaning.sentence,
        json_schema_extra=extra,
        repr=repr_,
        **limits,
    )


def _of(config: type[Any], name: str) -> Any:  # noqa: ANN401  # as above
    return _field(described(config, name))


def _own(default: object, sentence: str, *, secret: bool = False, **about: Any) -> Any:  # noqa: ANN401  # as above
    (meaning,) = setting(sentence, **about).values()
    return _field(Described(default=default, meaning=meaning), repr_=not secret)


class Settings(BaseSettings):
    """All settings, validated and frozen; nothing reads the environment later.

    ``Settings()`` is what :func:`load_settings` returns; a value that is given wins over environment and ``.env``.

    Raises
    ------
    ConfigError
        One message with every mistake.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True, env_prefix=PREFIX)

    magic8_path: WrittenPath = _of(MLPluginConfig, "root")
    system_complexity: Annotated[Literal["simple", "standard", "enhanced"], Lower] = _of(EngineConfig, "system_mode")
    supported_symbols: Symbols = _of(EngineConfig, "symbols")
    output_dir: WrittenPath = _of(PublishingConfig, "output_dir")
    output_file_path: OptionalPath = _of(PublishingConfig, "output_file_path")
    nonlive_output_dir: OptionalPath = _of(PublishingConfig, "nonlive_output_dir")
    replay_path: OptionalPath = _of(ProviderConfig, "replay_path")
    replay_date: OptionalDate = _own(
        None, "Day to replay or simulate, YYYY-MM-DD; default: the last recorded day, or the last full session."
    )
    replay_speed: Speed = _own(
        "max", f"Virtual seconds per real second of a played day, or max (in practice: {PRACTICE_SPEED:g})."
    )
    simulated_seed: int = _of(ProviderConfig, "seed")
    run_once: bool = _own(default=False, sentence="Whether a live run ends after today's remaining checkpoints.")
    archive_retention_days: int = _of(PublishingConfig, "archive_retention_days")
    chain_retention_days: int = _of(PublishingConfig, "chain_retention_days")
    checkpoint_times: Times = _of(EngineConfig, "checkpoint_times")
    checkpoint_grace_minutes: int = _of(EngineConfig, "checkpoint_grace_minutes")
    checkpoint_valid_minutes: int = _of(EngineConfig, "checkpoint_valid_minutes")
    heartbeat_seconds: int = _of(EngineConfig, "heartbeat_seconds")
    min_recommendation_score: float = _of(SharedConfig, "high_score")
    medium_score: float = _of(SharedConfig, "medium_score")
    min_score_gap: float = _of(SharedConfig, "min_score_gap")
    kill_switch_file: OptionalPath = _of(PublishingConfig, "kill_switch_file")
    enable_ml_integration: bool = _of(EngineConfig, "enable_ml_integration")
    enable_ml_5min: bool = _of(EngineConfig, "enable_ml_5min")
    ml_weight: float = _of(MLPluginConfig, "weight")
    ml_path: WrittenPath = _of(MLPluginConfig, "path")
    ml_timeout_seconds: float = _of(SharedConfig, "ml_timeout_seconds")
    ml_max_bar_age_minutes: int = _of(MLPluginConfig, "max_bar_age_minutes")
    ml_max_vix_age_minutes: int = _of(MLPluginConfig, "max_vix_age_minutes")
    ml_bar_history_days: int = _of(EngineConfig, "bar_history_days")
    ml_5min_interval: Interval = _of(MLPluginConfig, "interval_minutes")
    ml_5min_confidence_threshold: float = _of(MLPluginConfig, "confidence_threshold")
    ml_5min_merge_strategy: Annotated[Literal["overlay", "replace", "weighted"], Lower] = _of(
        EngineConfig, "merge_strategy"
    )
    ml_5min_valid_minutes: int = _of(MLPluginConfig, "valid_minutes")
    ml_5min_half_life_minutes: int = _of(EngineConfig, "half_life_minutes")
    ml_5min_checkpoint_pause_minutes: int = _of(MLPluginConfig, "checkpoint_pause_minutes")
    ml_retrain_bars_dir: OptionalPath = _of(MLPluginConfig, "retrain_bars_dir")
    ml_retrain_vix_file: OptionalPath = _of(MLPluginConfig, "retrain_vix_file")
    ml_retrain_weekday: int = _of(MLPluginConfig, "retrain_weekday")
    bar_close_delay_seconds: int = _of(SharedConfig, "bar_close_delay_seconds")
    pause_vix_level: float = _of(EngineConfig, "pause_vix_level")
    pause_vix_jump_pct: float = _of(EngineConfig, "pause_vix_jump_pct")
    pause_events: EventPauses = _of(EngineConfig, "pause_events")
    events_file: WrittenPath = _of(EventsConfig, "file")
    pause_checkpoints: bool = _of(EngineConfig, "pause_checkpoints")
    market_data_provider: Provider = _of(ProviderConfig, "name")
    ibkr_fallback_to_yahoo: bool = _of(ProviderConfig, "fallback_to_yahoo")
    practice: bool = _own(
        default=False,
        sentence="Whether a simulated day is published with today's times, so that order bots can practice on it.",
    )
    yahoo_server: Host = _of(ProviderConfig, "yahoo_server")
    trade_on_delayed_data: bool = _of(SharedConfig, "trade_on_delayed_data")
    max_data_age_minutes: int = _of(EngineConfig, "max_data_age_minutes")
    ib_host: Host = _of(IBConfig, "host")
    ib_port: int = _of(IBConfig, "port")
    ib_client_id: int = _of(IBConfig, "client_id")
    ib_connect_timeout: float = _of(IBConfig, "connect_timeout_seconds")
    ib_request_timeout: float = _of(SharedConfig, "request_timeout_seconds")
    ib_market_data_lines: int = _of(IBConfig, "market_data_lines")
    ib_allow_delayed: bool = _of(IBConfig, "allow_delayed")
    vix_ib_retry_count: int = _of(IBConfig, "vix_attempts")
    enable_oi_streaming: bool = _of(IBConfig, "stream_open_interest")
    oi_streaming_timeout: float = _of(IBConfig, "open_interest_timeout_seconds")
    chain_strikes_each_side: int = _of(ProviderConfig, "strikes_each_side")
    iv_min_history_days: int = _of(AnalysisConfig, "iv_min_history_days")
    scorer: ScorerName = _of(PluginConfig, "scorer")
    strategy_rules: StrategyTables = _of(PluginConfig, "strategy_rules")
    enable_greeks: bool = _of(Switches, "greeks")
    enable_enhanced_gex: bool = _of(Switches, "gamma")
    enable_volume_analysis: bool = _of(Switches, "volume")
    gamma_max_age_minutes: int = _of(AnalysisConfig, "gamma_max_age_minutes")
    gamma_regime_thresholds: Thresholds = _of(AnalysisConfig, "gamma_regime_thresholds")
    ticket_max_width_pct: float = _of(TicketConfig, "max_width_pct")
    ticket_max_margin: float = _of(TicketConfig, "max_margin")
    ticket_min_credit_pct: float = _of(TicketConfig, "min_credit_pct")
    ticket_max_spread_pct: float = _of(TicketConfig, "max_spread_pct")
    commission_per_contract: float = _of(TicketConfig, "commission")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], Upper] = _own(
        "INFO", "Least level of log records that are written: DEBUG, INFO, WARNING, ERROR or CRITICAL."
    )
    log_format: Annotated[Literal["text", "json"], Lower] = _own(
        "text", "Form of log records: text or json, a line each."
    )
    log_file_path: OptionalPath = _own(Path("logs/magic8_companion.log"), "Log file; empty logs to the console only.")
    log_file_max_size: int = _own(10_485_760, "Bytes of a log file before it is rotated.", advanced=True, ge=65_536)
    log_file_backup_count: int = _own(5, "Rotated log files that are kept.", advanced=True, ge=0, le=100)
    log_retention_days: int = _own(
        90, "Days that rotated log files are kept; 0 keeps them.", advanced=True, ge=0, le=3650
    )
    discord_webhook: Webhook = _own(
        "", "Address (https) for alerts; refused until alerts are sent.", secret=True, advanced=True
    )
    max_position_loss: float = _own(
        2000.0, "Loss limit of a position in USD; refused until positions are watched.", advanced=True, gt=0
    )
    max_daily_loss: float = _own(
        5000.0, "Loss limit of a day in USD; refused until positions are watched.", advanced=True, gt=0
    )

    def __init__(self, _texts: Texts | None = None, **values: Any) -> None:  # noqa: ANN401  # pydantic checks them
        texts = _texts or read_texts(setting_names(), os.environ, values.get("magic8_path"))
        sources = (
            InitSettingsSource(type(self), init_kwargs=values),
            TextSource(type(self), texts.environment),
            TextSource(type(self), texts.dotenv),
            InitSettingsSource(type(self), init_kwargs={"magic8_path": texts.root}),
        )
        problems = list(texts.problems)
        try:
            super().__init__(_build_sources=(sources, values))
        except ValidationError as error:
            problems += [_sentence(detail) for detail in error.errors()]
        if problems:
            raise ConfigError(problems)

    @field_validator("output_file_path")
    @classmethod
    def _lies_in_the_output_folder(cls, path: Path | None, others: ValidationInfo) -> Path | None:
        root, folder = others.data.get("magic8_path"), others.data.get("output_dir")
        if path is None or root is None or folder is None:
            return path
        file, folder = (root / path).resolve(), (root / folder).resolve()
        if folder not in file.parents or file == folder / _OTHER_FILE:
            raise ValueError("a file of its own inside M8C_OUTPUT_DIR is needed")
        return path

    @field_validator("medium_score")
    @classmethod
    def _lies_below_high(cls, medium: float, others: ValidationInfo) -> float:
        if medium >= others.data.get("min_recommendation_score", math.inf):
            raise ValueError("it must be below M8C_MIN_RECOMMENDATION_SCORE")
        return medium

    @field_validator("market_data_provider")
    @classmethod
    def _has_recordings(cls, provider: str, others: ValidationInfo) -> str:
        if provider == "replay" and others.data.get("replay_path", provider) is None:
            raise ValueError("M8C_REPLAY_PATH (or --replay-dir) is needed by provider replay")
        return provider

    @field_validator("practice")
    @classmethod
    def _plays_a_simulated_day(cls, practice: bool, others: ValidationInfo) -> bool:
        if practice and others.data.get("market_data_provider", "simulated") != "simulated":
            raise ValueError("practice plays a simulated day; provider simulated is needed")
        return practice

    @field_validator("ml_retrain_vix_file")
    @classmethod
    def _comes_with_bars(cls, path: Path | None, others: ValidationInfo) -> Path | None:
        if (path is None) is not (others.data.get("ml_retrain_bars_dir", path) is None):
            raise ValueError("M8C_ML_RETRAIN_BARS_DIR and M8C_ML_RETRAIN_VIX_FILE are needed together")
        return path

    @field_validator("discord_webhook", "max_position_loss", "max_daily_loss")
    @classmethod
    def _does_what_it_promises(cls, value: object, about: ValidationInfo) -> object:
        if value != cls.model_fields[str(about.field_name)].default:
            raise ValueError("nothing acts on this setting yet, so it would protect nobody; remove it")
        return value

    def get_scorer_mode(self) -> str:
        """Return the mode for ``create_scorer``: simple, standard or enhanced."""
        return self.system_complexity

    def path(self, value: Path) -> Path:
        """Return ``value`` made absolute from the root directory."""
        return value if value.is_absolute() else (self.magic8_path / value).absolute()

    @property
    def is_live(self) -> bool:
        """Tell whether the provider is a real feed."""
        return is_live_provider(self.market_data_provider)

    @property
    def run_output_dir(self) -> Path:
        """Return the folder into which this run writes: live runs never share it with others by default."""
        if self.is_live:
            return self.path(self.output_dir)
        own = "practice" if self.practice else self.market_data_provider
        return self.path(self.nonlive_output_dir or self.output_dir / own)

    @property
    def virtual_speed(self) -> float | None:
        """Return virtual seconds per real second of a played day; None is as fast as possible."""
        if self.replay_speed != "max":
            return self.replay_speed
        return PRACTICE_SPEED if self.practice else None

    @property
    def kill_switch(self) -> Path:
        """Return the absolute path of the kill switch file; one switch stops live, replayed and simulated runs."""
        return self.path(self.kill_switch_file or self.output_dir / "KILL")

    @property
    def events_path(self) -> Path:
        """Return the absolute path of the user's events."""
        return self.path(self.events_file)


def load_settings(
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    root: Path | None = None,
) -> Settings:
    """Read default, ``.env`` and environment, and return the settings.

    Parameters
    ----------
    environment
        The process environment by default.
    overrides
        Values from the command line by attribute name; they win over everything.
    root
        Where ``.env`` lies; default is ``MAGIC8_PATH`` of the environment, else the current folder.

    Raises
    ------
    ConfigError
        One message with every mistake.
    """
    texts = read_texts(setting_names(), os.environ if environment is None else environment, root)
    return Settings(texts, **(overrides or {}))


def setting_names() -> tuple[str, ...]:
    """Return every setting name as users write it, in the order of the documentation."""
    return tuple(written_name(name) for name in Settings.model_fields)


def written_name(attribute: str) -> str:
    """Return the name of a setting as users write it.

    >>> written_name("ib_port"), written_name("magic8_path")
    ('M8C_IB_PORT', 'MAGIC8_PATH')
    """
    return ROOT if attribute == ROOT.lower() else PREFIX + attribute.upper()


def meaning_of(attribute: str) -> FieldMeaning:
    """Return what a setting means, as its room describes it."""
    extra: Any = Settings.model_fields[attribute].json_schema_extra
    meaning: FieldMeaning = extra["meaning"]
    return meaning


def _sentence(detail: Mapping[str, Any]) -> str:
    attribute, message = str(detail["loc"][0]), str(detail["msg"]).removeprefix("Value error, ")
    known = Settings.model_fields.get(attribute)
    if known is None:
        return f"{attribute} is not a setting"
    value = repr(detail["input"]) if known.repr else "***"
    return f"{written_name(attribute)}={value}: {message}"
