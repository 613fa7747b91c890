"""What the engine needs to know of the settings, frozen; the entry point maps the settings to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketConfig:
    """What a ticket may cost and risk; the defaults are those of the settings of the same meaning.

    ``max_width_pct`` in per cent of the price, the other percentages of the widest wing; ``max_margin`` in dollars per
    unit, 0 for as much as the widest wing; ``commission`` in dollars per contract and leg.
    """

    max_width_pct: float = 0.6
    max_margin: float = 0.0
    min_credit_pct: float = 5.0
    max_spread_pct: float = 10.0
    commission: float = 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Options of the engine; the defaults are those of the settings of the same meaning.

    ``checkpoint_times`` are New York wall times.  ``republish_seconds`` 0 means only on change.
    ``nonlive_in_live_dir`` tells that replayed or simulated data is written where live readers look: nothing is
    tradable then.  ``bar_wait_seconds`` limits how long a live source may take to deliver a bar that is just due.
    ``chain_timeout_seconds`` lets the chains of about 15 symbols be read one after the other.
    """

    symbols: tuple[str, ...]
    kill_switch_file: Path
    system_mode: str = "standard"
    checkpoint_times: tuple[time, ...] = (time(10, 30), time(11), time(12, 30), time(14, 45))
    checkpoint_grace_minutes: int = 5
    checkpoint_valid_minutes: int = 35
    republish_seconds: int = 240
    high_score: float = 65.0
    medium_score: float = 35.0
    min_score_gap: float = 0.0
    merge_strategy: str = "overlay"
    half_life_minutes: int = 30
    trade_on_delayed_data: bool = False
    nonlive_in_live_dir: bool = False
    max_data_age_minutes: int = 20
    bar_history_days: int = 30
    bar_close_delay_seconds: int = 5
    bar_wait_seconds: float = 15.0
    request_timeout_seconds: float = 15.0
    chain_timeout_seconds: float = 60.0
    ml_timeout_seconds: float = 5.0
    enable_ml_integration: bool = False
    enable_ml_5min: bool = False
    pause_vix_level: float = 40.0
    pause_vix_jump_pct: float = 15.0
    tickets: TicketConfig = TicketConfig()

    @property
    def with_chain(self) -> bool:
        """Tell whether checkpoints ask for the option chain: every mode but simple does."""
        return self.system_mode != "simple"

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
