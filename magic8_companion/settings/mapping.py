"""Settings in the words of each part: what the engine, the analysis, the plugin and the IB provider need to know."""

from __future__ import annotations

from pathlib import Path

from magic8_companion.analysis import AnalysisOptions
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.engine.config import EngineConfig, TicketConfig
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.unified_config import Settings


def engine_options(settings: Settings) -> EngineConfig:
    """Map the settings to what the engine needs to know."""
    live_folder = settings.path(settings.output_dir).resolve()
    return EngineConfig(
        symbols=settings.supported_symbols,
        kill_switch_file=settings.kill_switch,
        system_mode=settings.get_scorer_mode(),
        checkpoint_times=settings.checkpoint_times,
        checkpoint_grace_minutes=settings.checkpoint_grace_minutes,
        checkpoint_valid_minutes=settings.checkpoint_valid_minutes,
        republish_seconds=settings.republish_seconds,
        high_score=settings.min_recommendation_score,
        medium_score=settings.medium_score,
        min_score_gap=settings.min_score_gap,
        merge_strategy=settings.ml_5min_merge_strategy,
        half_life_minutes=settings.ml_5min_half_life_minutes,
        trade_on_delayed_data=settings.trade_on_delayed_data,
        nonlive_in_live_dir=not settings.is_live and settings.run_output_dir.resolve() == live_folder,
        max_data_age_minutes=settings.max_data_age_minutes,
        bar_history_days=settings.ml_bar_history_days,
        bar_close_delay_seconds=settings.bar_close_delay_seconds,
        request_timeout_seconds=settings.ib_request_timeout,
        ml_timeout_seconds=settings.ml_timeout_seconds,
        enable_ml_integration=settings.enable_ml_integration,
        enable_ml_5min=settings.enable_ml_5min,
        pause_vix_level=settings.pause_vix_level,
        pause_vix_jump_pct=settings.pause_vix_jump_pct,
        tickets=ticket_options(settings),
    )


def ticket_options(settings: Settings) -> TicketConfig:
    """Map the settings to what a ticket may cost and risk."""
    return TicketConfig(
        max_width_pct=settings.ticket_max_width_pct,
        max_margin=settings.ticket_max_margin,
        min_credit_pct=settings.ticket_min_credit_pct,
        max_spread_pct=settings.ticket_max_spread_pct,
        commission=settings.commission_per_contract,
    )


def analysis_options(settings: Settings) -> AnalysisOptions:
    """Map the settings to what the analysis needs to know."""
    return AnalysisOptions(
        iv_min_history_days=settings.iv_min_history_days,
        gamma_max_age_minutes=settings.gamma_max_age_minutes,
        gamma_regime_thresholds=settings.gamma_regime_thresholds,
    )


def ml_options(settings: Settings) -> MLPluginConfig:
    """Map the settings to what the plugin needs to know."""
    return MLPluginConfig(
        path=ml_folder(settings),
        weight=settings.ml_weight,
        timeout_seconds=settings.ml_timeout_seconds,
        max_bar_age_minutes=settings.ml_max_bar_age_minutes,
        max_vix_age_minutes=settings.ml_max_vix_age_minutes,
        interval_minutes=settings.ml_5min_interval,
        confidence_threshold=settings.ml_5min_confidence_threshold,
        valid_minutes=settings.ml_5min_valid_minutes,
        checkpoint_pause_minutes=settings.ml_5min_checkpoint_pause_minutes,
        bar_close_delay_seconds=settings.bar_close_delay_seconds,
        request_timeout_seconds=settings.ib_request_timeout,
        trade_on_delayed_data=settings.trade_on_delayed_data,
        retrain_bars_dir=settings.ml_retrain_bars_dir and settings.path(settings.ml_retrain_bars_dir),
        retrain_vix_file=settings.ml_retrain_vix_file and settings.path(settings.ml_retrain_vix_file),
        retrain_weekday=settings.ml_retrain_weekday,
    )


def ml_folder(settings: Settings) -> Path:
    """Return the folder that holds ``models/``.

    A simulated run has its own unless ML_PATH is set: a model of invented history must never meet a real market.
    """
    if settings.market_data_provider == "simulated" and "ml_path" not in settings.model_fields_set:
        return settings.run_output_dir / "ml"
    return settings.path(settings.ml_path)


def ib_options(settings: Settings) -> IBConfig:
    """Map the settings to what the IB provider needs to know."""
    return IBConfig(
        host=settings.ib_host,
        port=settings.ib_port,
        client_id=settings.ib_client_id,
        connect_timeout_seconds=settings.ib_connect_timeout,
        request_timeout_seconds=settings.ib_request_timeout,
        market_data_lines=settings.ib_market_data_lines,
        allow_delayed=settings.ib_allow_delayed,
        vix_attempts=settings.vix_ib_retry_count,
        stream_open_interest=settings.enable_oi_streaming,
        open_interest_timeout_seconds=settings.oi_streaming_timeout,
        strikes_each_side=settings.chain_strikes_each_side,
    )
