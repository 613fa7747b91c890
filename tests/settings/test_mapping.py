"""Settings reach the part that they are for."""

from __future__ import annotations

from pathlib import Path

from magic8_companion.engine.config import EngineConfig, TicketConfig
from magic8_companion.settings.mapping import analysis_options, engine_options
from magic8_companion.unified_config import load_settings


def test_the_age_of_gamma_is_a_setting(tmp_path: Path) -> None:
    """An older chain gives no gamma; how old it may be is up to the operator."""
    settings = load_settings({"M8C_GAMMA_MAX_AGE_MINUTES": "12"}, root=tmp_path)
    assert analysis_options(settings).gamma_max_age_minutes == 12


def test_the_limits_of_tickets_are_settings(tmp_path: Path) -> None:
    """Width, margin, credit, spread and commission; without them the defaults of the engine hold."""
    chosen = {
        "M8C_TICKET_MAX_WIDTH_PCT": "0.3",
        "M8C_TICKET_MAX_MARGIN": "1500",
        "M8C_TICKET_MIN_CREDIT_PCT": "20",
        "M8C_TICKET_MAX_SPREAD_PCT": "4",
        "M8C_COMMISSION_PER_CONTRACT": "1.2",
    }
    assert engine_options(load_settings(chosen, root=tmp_path)).tickets == TicketConfig(
        max_width_pct=0.3, max_margin=1500.0, min_credit_pct=20.0, max_spread_pct=4.0, commission=1.2
    )
    usual = EngineConfig(symbols=("SPX",), kill_switch_file=tmp_path / "KILL").tickets
    assert engine_options(load_settings({}, root=tmp_path)).tickets == usual
