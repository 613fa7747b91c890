"""Every setting, checked once at start: built-in default, then ``.env``, then the process environment (which wins).

All mistakes of a start are collected into one ``ConfigError`` that also names the nearest valid setting.  The attribute
of a setting is its name in lower case without the prefix ``M8C_``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from magic8_companion.domain.errors import ConfigError
from magic8_companion.paths import written_path
from magic8_companion.settings.sources import ALIASES, PREFIX, ROOT, given_values
from magic8_companion.settings.values import (
    Host,
    Interval,
    Lower,
    OptionalDate,
    OptionalPath,
    Provider,
    Republishing,
    Speed,
    Symbols,
    Thresholds,
    Times,
    Upper,
    Webhook,
    WrittenPath,
)

_OTHER_FILE: Final = "ml_predictions_5min.json"


def _setting(default: Any, meaning: str, **limits: Any) -> Any:  # noqa: ANN401  # pydantic's Field is typed so too
    return Field(default, description=meaning, **limits)


class Settings(BaseModel):
    """All settings, validated and frozen; nothing reads the environment later.

    ``Settings()`` is what :func:`load_settings` returns; with values, the others are the built-in defaults.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    magic8_path: WrittenPath = _setting(Path(), "root directory; relative paths start here")
    system_complexity: Annotated[Literal["simple", "standard", "enhanced"], Lower] = _setting(
        "standard", "simple: bars and VIX; standard: plus option chain; enhanced: plus adjustments"
    )
    supported_symbols: Symbols = _setting(("SPX", "SPY"), "symbols of checkpoints and slots")
    output_dir: WrittenPath = _setting(Path("data"), "folder of the published files, archive and state")
    output_file_path: OptionalPath = _setting(None, "published file; default OUTPUT_DIR/recommendations.json")
    nonlive_output_dir: OptionalPath = _setting(
        None, "where replayed or simulated runs write; default OUTPUT_DIR/PROVIDER"
    )
    replay_path: OptionalPath = _setting(None, "folder of recorded bars; needed by provider replay")
    replay_date: OptionalDate = _setting(
        None, "day to replay or simulate, YYYY-MM-DD; default: the last recorded day, or the last full session"
    )
    replay_speed: Speed = _setting("max", "virtual seconds per real second of a replayed or simulated day, or max")
    simulated_seed: int = _setting(8, "seed of the simulated market", ge=0, le=2**32 - 1)
    run_once: bool = _setting(default=False, meaning="live: run today's remaining checkpoints, then end")
    archive_retention_days: int = _setting(90, "age limit of archived files in days, 0 = keep", ge=0, le=3650)
    checkpoint_times: Times = _setting("10:30,11:00,12:30,14:45", "New York wall times")
    checkpoint_grace_minutes: int = _setting(5, "a later checkpoint is skipped with a reason", ge=0, le=30)
    checkpoint_valid_minutes: int = _setting(35, "lifetime of checkpoint entries", ge=5, le=240)
    republish_seconds: Republishing = _setting(
        240, "longest silence before a rewrite, 0 = only on change", ge=0, le=290
    )
    min_recommendation_score: float = _setting(65.0, "HIGH and tradable at or above", ge=0, le=100)
    medium_score: float = _setting(35.0, "MEDIUM at or above", ge=0, le=100)
    min_score_gap: float = _setting(0.0, "lead over the runner-up needed for HIGH", ge=0, le=100)
    kill_switch_file: OptionalPath = _setting(None, "while it exists nothing is tradable; default OUTPUT_DIR/KILL")
    enable_ml_integration: bool = _setting(
        default=False, meaning="ML at checkpoints (the simulated default turns it on)"
    )
    enable_ml_5min: bool = _setting(default=False, meaning="ML every 5 minutes (the simulated default turns it on)")
    ml_weight: float = _setting(0.35, "ML share of the blend; 0.20-0.35 advised", ge=0, le=1)
    ml_path: WrittenPath = _setting(Path("data/ml"), "folder that holds models/")
    ml_timeout_seconds: float = _setting(5.0, "limit per prediction", ge=0.5, le=60)
    ml_max_bar_age_minutes: int = _setting(10, "older newest bar: ML unavailable", ge=5, le=60)
    ml_max_vix_age_minutes: int = _setting(
        30, "older VIX: ML unavailable (the official open is fresh all day)", ge=5, le=480
    )
    ml_bar_history_days: int = _setting(30, "earlier trading days of bars handed to the ML", ge=0, le=59)
    ml_5min_interval: Interval = _setting(5, "minutes between slots: 5, 10, 15 or 30")
    ml_5min_confidence_threshold: float = _setting(0.65, "MEDIUM at or above", ge=0.5, le=0.8)
    ml_5min_merge_strategy: Annotated[Literal["overlay", "replace", "weighted"], Lower] = _setting(
        "overlay", "how 5-minute results enter the file: overlay, replace, weighted"
    )
    ml_5min_valid_minutes: int = _setting(10, "lifetime of a 5-minute entry", ge=5, le=60)
    ml_5min_half_life_minutes: int = _setting(30, "recency half-life of merge strategy weighted", ge=5, le=240)
    ml_5min_checkpoint_pause_minutes: int = _setting(5, "slots skipped after a checkpoint", ge=0, le=30)
    ml_retrain_bars_dir: OptionalPath = _setting(
        None, "live: retrain each week from these bars; needs M8C_ML_RETRAIN_VIX_FILE"
    )
    ml_retrain_vix_file: OptionalPath = _setting(None, "daily VIX rows for the weekly retraining")
    ml_retrain_weekday: int = _setting(4, "day of the weekly retraining, after the close: 0 Monday to 4", ge=0, le=4)
    bar_close_delay_seconds: int = _setting(
        5, "wait after a bar close before slots and checkpoints start", ge=0, le=120
    )
    pause_vix_level: float = _setting(40.0, "volatility pause at or above this VIX, 0 = off", ge=0, le=150)
    pause_vix_jump_pct: float = _setting(15.0, "volatility pause at this rise within 30 min, 0 = off", ge=0, le=100)
    market_data_provider: Provider = _setting("simulated", "ib, yahoo, replay (also: file) or simulated")
    ibkr_fallback_to_yahoo: bool = _setting(
        default=True, meaning="IB failure: Yahoo, stamped as such; never made-up data"
    )
    yahoo_server: Host = _setting("", "address of a server that plays Yahoo, for tests; empty: Yahoo itself")
    trade_on_delayed_data: bool = _setting(default=False, meaning="false: delayed data blocks should_trade")
    max_data_age_minutes: int = _setting(20, "older data is stale and the symbol is skipped", ge=5, le=60)
    ib_host: Host = _setting("127.0.0.1", "gateway host")
    ib_port: int = _setting(7497, "TWS 7496 live, 7497 paper; Gateway 4001 live, 4002 paper", ge=1, le=65535)
    ib_client_id: int = _setting(2, "client id of the only IB connection", ge=1, le=32767)
    ib_connect_timeout: float = _setting(10.0, "seconds per connect", ge=1, le=120)
    ib_request_timeout: float = _setting(15.0, "seconds per request", ge=1, le=120)
    ib_market_data_lines: int = _setting(100, "market-data line budget", ge=10, le=1000)
    ib_allow_delayed: bool = _setting(default=True, meaning="ask for delayed data when live is not subscribed")
    vix_ib_retry_count: int = _setting(1, "IB attempts for the VIX before Yahoo", ge=0, le=5)
    enable_oi_streaming: bool = _setting(default=True, meaning="stream open interest")
    oi_streaming_timeout: float = _setting(2.0, "seconds to wait per batch of open interest", ge=0.5, le=30)
    chain_strikes_each_side: int = _setting(20, "strikes around the money", ge=5, le=40)
    iv_min_history_days: int = _setting(60, "fewer own ATM closes: use the VIX", ge=20, le=252)
    enable_greeks: bool = _setting(default=True, meaning="Greeks adjustment, mode enhanced only")
    enable_enhanced_gex: bool = _setting(default=True, meaning="gamma adjustment, mode enhanced only")
    enable_volume_analysis: bool = _setting(default=True, meaning="volume adjustment, mode enhanced only")
    gamma_max_age_minutes: int = _setting(5, "gamma result cache, per symbol", ge=1, le=60)
    gamma_regime_thresholds: Thresholds = _setting(
        {"extreme": 0.60, "high": 0.35, "moderate": 0.15}, "bounds on abs(net)/gross"
    )
    ticket_max_width_pct: float = _setting(
        0.6, "widest wing of a ticket in % of the price, or a standard deviation", ge=0.05, le=10
    )
    ticket_max_margin: float = _setting(0.0, "most USD at risk per unit of a ticket, 0 = its widest wing", ge=0)
    ticket_min_credit_pct: float = _setting(5.0, "least credit of a ticket in % of its width", ge=0, le=100)
    ticket_max_spread_pct: float = _setting(10.0, "most half-spreads of a ticket in % of its width", gt=0, le=100)
    commission_per_contract: float = _setting(0.65, "USD of your broker per contract; exchange fees are added", ge=0)
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], Upper] = _setting(
        "INFO", "log level"
    )
    log_file_path: OptionalPath = _setting(Path("logs/magic8_companion.log"), "log file; empty = console only")
    log_file_max_size: int = _setting(10_485_760, "bytes before rotation", ge=65_536)
    log_file_backup_count: int = _setting(5, "rotated files kept", ge=0, le=100)
    discord_webhook: Webhook = _setting("", "https address for alerts, never logged; no alert is sent yet", repr=False)
    max_position_loss: float = _setting(2000.0, "USD; limit of loss exits; no position is watched yet", gt=0)
    max_daily_loss: float = _setting(5000.0, "USD; limit of loss exits; no position is watched yet", gt=0)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, values: Mapping[str, object]) -> Mapping[str, object]:
        return values or dict(load_settings())

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

    @field_validator("ml_retrain_vix_file")
    @classmethod
    def _comes_with_bars(cls, path: Path | None, others: ValidationInfo) -> Path | None:
        if (path is None) is not (others.data.get("ml_retrain_bars_dir", path) is None):
            raise ValueError("M8C_ML_RETRAIN_BARS_DIR and M8C_ML_RETRAIN_VIX_FILE are needed together")
        return path

    def get_scorer_mode(self) -> str:
        """Return the mode for ``create_scorer``: simple, standard or enhanced."""
        return self.system_complexity

    def path(self, value: Path) -> Path:
        """Return ``value`` made absolute from the root directory."""
        return value if value.is_absolute() else (self.magic8_path / value).absolute()

    @property
    def is_live(self) -> bool:
        """Tell whether the provider is a real feed."""
        return self.market_data_provider in {"ib", "yahoo"}

    @property
    def run_output_dir(self) -> Path:
        """Return the folder into which this run writes: live runs never share it with others by default."""
        if self.is_live:
            return self.path(self.output_dir)
        return self.path(self.nonlive_output_dir or self.output_dir / self.market_data_provider)

    @property
    def kill_switch(self) -> Path:
        """Return the absolute path of the kill switch file; one switch stops live, replayed and simulated runs."""
        return self.path(self.kill_switch_file or self.output_dir / "KILL")


def setting_names() -> tuple[str, ...]:
    """Return every setting name as users write it, in the order of the documentation."""
    return tuple(_name(field) for field in Settings.model_fields)


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
    process = os.environ if environment is None else environment
    named = next((text for name, text in process.items() if name.upper() == ROOT), "")
    problems: list[str] = []
    try:
        root = written_path(root or named or ".")
    except ValueError:  # the setting's own check below says so; its .env is not looked for in a wrong folder
        root = Path(root or named)
    given = given_values(process, root / ".env", setting_names(), problems)
    values: dict[str, object] = {"magic8_path": root, **{_field(name): text for name, text in given.items()}}
    try:
        settings = Settings.model_validate(values | dict(overrides or {}))
    except ValidationError as error:
        problems += [_sentence(detail) for detail in error.errors()]
    if problems:
        raise ConfigError(problems)
    return settings


def env_example() -> str:
    """Return the text of ``.env.example``: every setting with its default and meaning."""
    lines = ["# Every setting of Magic8 with its default.  Copy to .env and change what you need.", ""]
    dumped = Settings(magic8_path=Path()).model_dump(mode="json")
    aliases = {target: name for name, target in ALIASES.items()}
    for field, info in Settings.model_fields.items():
        name = _name(field)
        older = f" (older name: {aliases[name]})" if name in aliases else ""
        lines += [f"# {info.description}{older}", f"#{name}={_example_value(dumped[field])}"]
    return "\n".join(lines) + "\n"


def masked_settings(settings: Settings) -> dict[str, str]:
    """Return every setting as text, with secrets replaced by stars."""
    dumped = settings.model_dump(mode="json")
    secrets = {field for field, info in Settings.model_fields.items() if not info.repr}
    return {
        _name(field): "***" if field in secrets and value else _example_value(value) for field, value in dumped.items()
    }


def _name(field: str) -> str:
    return ROOT if field == ROOT.lower() else PREFIX + field.upper()


def _field(name: str) -> str:
    return name.removeprefix(PREFIX).lower()


def _example_value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _sentence(detail: Mapping[str, Any]) -> str:
    field, message = str(detail["loc"][0]), str(detail["msg"]).removeprefix("Value error, ")
    value = repr(detail["input"]) if Settings.model_fields[field].repr else "***"
    return f"{_name(field)}={value}: {message}"
