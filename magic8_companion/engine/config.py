"""The configuration of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

from magic8_companion.domain.config import SharedConfig, same_as, setting
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.recommendation import DocumentLimits
from magic8_companion.options.products import Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketConfig:
    """What a ticket may cost and risk."""

    max_width_pct: float = field(
        default=0.6,
        metadata=setting(
            "Widest wing of a ticket in % of the price, where a standard deviation is not wider.", ge=0.05, le=10
        ),
    )
    max_margin: float = field(
        default=0.0, metadata=setting("Most USD at risk per unit of a ticket; 0 allows its widest wing.", ge=0)
    )
    min_credit_pct: float = field(
        default=5.0, metadata=setting("Least credit of a ticket in % of its width.", ge=0, le=100)
    )
    max_spread_pct: float = field(
        default=10.0,
        metadata=setting("Most half-spreads of a ticket, together, in % of its width.", gt=0, le=100),
    )
    commission: float = field(
        default=Fees().commission,
        metadata=setting("USD that your broker charges per contract and leg; exchange fees are added.", ge=0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig(SharedConfig):
    """Configuration of the engine."""

    symbols: tuple[str, ...] = field(default=("SPX", "SPY"), metadata=setting("Symbols of checkpoints and slots."))
    kill_switch_file: Path = field(metadata=setting("Absolute path of the file whose existence forbids every trade."))
    system_mode: str = field(
        default="standard",
        metadata=setting("Mode: simple (bars and VIX), standard (and option chain) or enhanced (and adjustments)."),
    )
    checkpoint_times: tuple[time, ...] = field(
        default=(time(10, 30), time(11), time(12, 30), time(14, 45)),
        metadata=setting("New York wall times of the checkpoints."),
    )
    checkpoint_grace_minutes: int = field(
        default=5,
        metadata=setting(
            "Minutes that a checkpoint may start late, at most until 20 s before the next one; then it is skipped.",
            advanced=True,
            ge=0,
            le=30,
        ),
    )
    checkpoint_valid_minutes: int = field(
        default=35,
        metadata=setting("Minutes that the entries of a checkpoint stay valid.", advanced=True, ge=5, le=240),
    )
    five_minute_valid_minutes: int = same_as(MLPluginConfig, "valid_minutes")
    heartbeat_seconds: int = field(
        default=20,
        metadata=setting(
            "Seconds between heartbeats of a live run: each lets recommendations.json live for 60 s.",
            advanced=True,
            ge=1,
            le=30,
        ),
    )
    has_heartbeat: bool = field(
        default=False, metadata=setting("Whether heartbeats keep the file alive: in live runs they do.")
    )
    merge_strategy: str = field(
        default="overlay", metadata=setting("How 5-minute results enter the file: overlay, replace or weighted.")
    )
    half_life_minutes: int = field(
        default=30,
        metadata=setting("Minutes in which merge strategy weighted halves a weight.", advanced=True, ge=5, le=240),
    )
    nonlive_in_live_dir: bool = field(
        default=False,
        metadata=setting("Whether replayed or simulated data is written where live readers look: then nothing trades."),
    )
    max_data_age_minutes: int = field(
        default=20,
        metadata=setting(
            "Age in minutes beyond which data is stale and its symbol skipped.", advanced=True, ge=5, le=60
        ),
    )
    bar_history_days: int = field(
        default=30, metadata=setting("Earlier trading days of bars that the ML gets.", advanced=True, ge=0, le=59)
    )
    bar_wait_seconds: float = field(
        default=15.0, metadata=setting("Seconds that a live source may take to deliver a bar that is just due.")
    )
    chain_timeout_seconds: float = field(
        default=60.0, metadata=setting("Seconds to read the chains of about 15 symbols one after the other.")
    )
    enable_ml_integration: bool = field(
        default=False, metadata=setting("Whether the ML scores checkpoints; a simulated run turns it on by itself.")
    )
    enable_ml_5min: bool = field(
        default=False, metadata=setting("Whether the ML predicts in slots; a simulated run turns it on by itself.")
    )
    pause_vix_level: float = field(
        default=40.0, metadata=setting("VIX from which trading pauses; 0 switches this off.", ge=0, le=150)
    )
    pause_vix_jump_pct: float = field(
        default=15.0,
        metadata=setting("Rise of the VIX in % within 30 minutes from which trading pauses; 0 is off.", ge=0, le=100),
    )
    pause_events: Mapping[str, float] = field(
        default_factory=dict,
        metadata=setting(
            'Events around which no entry is made, with minutes before and after, such as {"fomc_statement": 30}.'
        ),
    )
    pause_checkpoints: bool = field(
        default=True,
        metadata=setting("Whether a volatility pause also blocks checkpoint entries that sell premium."),
    )
    tickets: TicketConfig = field(default=TicketConfig(), metadata=setting("What a ticket may cost and risk."))

    @property
    def with_chain(self) -> bool:
        """Tell whether checkpoints ask for the option chain: every mode but simple does."""
        return self.system_mode != "simple"

    @property
    def document_life(self) -> timedelta:
        """Return how long a document lives when nothing follows it."""
        return timedelta(seconds=60 if self.has_heartbeat else 300)

    @property
    def limits(self) -> DocumentLimits:
        """Return what a document states of its settings."""
        return DocumentLimits(
            document_seconds=int(self.document_life.total_seconds()),
            checkpoint_minutes=self.checkpoint_valid_minutes,
            ml_5min_minutes=self.five_minute_valid_minutes,
            high_score=self.high_score,
        )

    @property
    def grace(self) -> timedelta:
        """Return how late a checkpoint may start."""
        return timedelta(minutes=self.checkpoint_grace_minutes)

    @property
    def bar_close_delay(self) -> timedelta:
        """Return the wait between a bar close and the work that needs the bar."""
        return timedelta(seconds=self.bar_close_delay_seconds)

    def ml_status_without_scores(self, reason: str) -> str:
        """Return the ML status of a symbol, or a document, without scores."""
        return f"unavailable:{reason}" if self.enable_ml_integration else "disabled"
