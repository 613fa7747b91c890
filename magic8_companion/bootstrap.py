"""The composition root: settings become wired parts; the only file that names the real ones.

settings ─> clock, provider ─> observer ─┐
         ─> analysis, scorer ────────────┼─> pipeline ─┐
         ─> lock, publisher ─> publication ─┴─────────────┴─> engine, services ─> extension
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from magic8_companion.analysis import AnalysisConfig
from magic8_companion.clocks import ReplayClock, SystemClock
from magic8_companion.domain.bar_lengths import DAY, utc_midnight
from magic8_companion.domain.errors import ConfigError, DataUnavailable, PluginUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.domain.trading_day import Session, new_york_day, previous_session, require_session, session_on
from magic8_companion.durable import FolderLock
from magic8_companion.engine.caching_analyzer import CachingAnalyzer
from magic8_companion.engine.day import DayListener, RecommendationEngine
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.pipeline import CheckpointPipeline
from magic8_companion.engine.publication import PublicationService
from magic8_companion.engine.services import HostServices
from magic8_companion.engine.settler import SettledDay, Settler
from magic8_companion.engine.ticket_search import fees_under
from magic8_companion.events.user_file import user_calendar
from magic8_companion.paths import written_path
from magic8_companion.plugins import EXTENSIONS, ML_EXTENSION, ML_SCORER, SCORERS, STRATEGIES, load_plugin
from magic8_companion.ports import Clock, Extension, MarketData, Scorer
from magic8_companion.providers.catalogue import create_provider
from magic8_companion.providers.clocked import PlayableDays
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.registered import canonical_name
from magic8_companion.publishing.atm_closes import AtmCloses
from magic8_companion.publishing.chain_recorder import FOLDER as CHAINS_FOLDER
from magic8_companion.publishing.chain_recorder import ChainRecorder
from magic8_companion.publishing.outcome_book import AppendOutcomes, OutcomeBook
from magic8_companion.publishing.publisher import ARCHIVE_FOLDER, STATE_FOLDER, Publisher
from magic8_companion.publishing.script_writer import ScriptWriter
from magic8_companion.publishing.state import StateStore
from magic8_companion.scoring import Switches, create_scorer
from magic8_companion.settings.rooms import config_of, engine_config, ml_config
from magic8_companion.unified_config import Settings, load_settings

logger = logging.getLogger(__name__)

SCRIPT_TIME: Final = time(10, 36)
"""Where a replayed or simulated clock stands for scripts that use a part without the process: mid-session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The wired host of one run; ``extension`` is None when the 5-minute predictions are off or unavailable."""

    clock: Clock
    provider: MarketData
    engine: RecommendationEngine
    services: HostServices
    settler: Settler
    extension: Extension | None


def run_session(settings: Settings) -> Session:
    """Return the session that a replayed or simulated run plays.

    Raises
    ------
    DataUnavailable
        ``market_closed`` when the asked date is no session.
    """
    wanted = settings.replay_date
    if wanted is None and settings.market_data_provider == "replay":
        wanted = _last_recorded_day(settings)
    if wanted is not None:
        return require_session(wanted)
    now = SystemClock().now()
    today = session_on(new_york_day(now))
    if settings.practice and today is not None and not today.is_half_day:
        return today  # its options expire today, as an order bot expects
    return last_full_session(now)


def last_full_session(now: datetime) -> Session:
    """Return the newest session that has closed and was no half day: a simulated day shows all checkpoints.

    >>> from datetime import UTC
    >>> str(last_full_session(datetime(2026, 11, 30, 16, tzinfo=UTC)).day)  # the Friday before closed at 13:00
    '2026-11-25'
    """
    today = session_on(new_york_day(now))
    session = today if today is not None and today.close_at <= now else previous_session(new_york_day(now))
    while session.is_half_day:
        session = previous_session(session.day)
    return session


def check_recordings(settings: Settings, session: Session) -> list[str]:
    """Look at a recorded day before it is played, so that what is missing is named at once; return one sentence each.

    Raises
    ------
    DataUnavailable
        When no symbol of the run has usable bars on that day; a single bad symbol is skipped later, with its reason.
    """
    provider = create_configured_provider(settings, SystemClock())
    if settings.market_data_provider != "replay" or not isinstance(provider, PlayableDays):
        return []
    failures = [_refusal(provider, symbol, session.day) for symbol in settings.supported_symbols]
    if (first := failures[0]) is not None and None not in failures:
        raise first
    sentences = [failure.detail for failure in failures if failure is not None]
    if (vix := _refusal(provider, VIX, session.day)) is not None:
        sentences.append(f"{vix.detail}; without the VIX every symbol is skipped")
    return sentences


def _refusal(provider: PlayableDays, symbol: str, day: date) -> DataUnavailable | None:
    try:
        provider.check_day(symbol, day)
    except DataUnavailable as refusal:
        return refusal
    return None


def create_clock(settings: Settings) -> Clock:
    """Return the system clock for a real feed, else a replay clock five minutes before the open of the run's day."""
    if settings.is_live:
        return SystemClock()
    return ReplayClock(run_session(settings).open_at - timedelta(minutes=5), settings.virtual_speed)


def output_lock(settings: Settings) -> FolderLock:
    """Take the run's output folder; raises ``AlreadyRunning`` when another host has it."""
    return FolderLock(settings.run_output_dir)


def build_service(
    settings: Settings,
    stop: asyncio.Event,
    clock: Clock | None = None,
    listener: DayListener | None = None,
    lock: FolderLock | None = None,
) -> Service:
    """Wire the host; the caller holds ``lock``, the lock of the output folder.

    Raises
    ------
    ConfigError, PublishError
        When the provider is unknown or the output folder cannot be written.
    """
    clock = clock or create_clock(settings)
    provider = create_configured_provider(settings, clock)
    options = engine_config(settings)
    observer = MarketObserver(provider, clock, options)
    publisher = _publisher(settings, lock)
    publication = PublicationService(
        publisher, StateStore(settings.run_output_dir), clock, provider, options, user_calendar(settings.events_path)
    )
    services = _services(settings, clock, provider, observer, publication)
    scorer = create_checkpoint_scorer(settings)
    pipeline = CheckpointPipeline(
        observer,
        CachingAnalyzer(AtmCloses(settings.run_output_dir), options.system_mode, config_of(AnalysisConfig, settings)),
        scorer,
        provider,
        options,
        record=ChainRecorder(
            settings.run_output_dir, retention_days=settings.chain_retention_days if settings.is_live else 0
        ).record,
    )
    engine = RecommendationEngine(
        clock=clock,
        observer=observer,
        pipeline=pipeline,
        publication=publication,
        services=services,
        options=options,
        stop=stop,
        listener=listener,
    )
    extension = create_extension(services, scorer) if settings.enable_ml_5min else None
    settler = _settler(settings, clock, provider, publisher.record)
    return Service(
        clock=clock, provider=provider, engine=engine, services=services, settler=settler, extension=extension
    )


def outcome_book(settings: Settings, append: AppendOutcomes | None = None) -> OutcomeBook:
    """Return the decisions and outcomes of the run's output folder; to append, the caller holds its lock."""
    return OutcomeBook(settings.run_output_dir / ARCHIVE_FOLDER, settings.run_output_dir / STATE_FOLDER, append)


def _settler(settings: Settings, clock: Clock, provider: MarketData, append: AppendOutcomes | None = None) -> Settler:
    options = engine_config(settings).tickets
    return Settler(
        book=outcome_book(settings, append),
        provider=provider,
        clock=clock,
        chains=settings.run_output_dir / CHAINS_FOLDER,
        fees_of=lambda symbol: fees_under(options, symbol),
    )


async def settle_days(settings: Settings, days: Sequence[date] | None = None) -> tuple[SettledDay, ...]:
    """Settle days without a host, by default those that are due; the caller holds the lock of the output folder.

    A played day is settled at the end of its own day, when its daily row is complete.
    """
    if days is None:
        days = _settler(settings, SystemClock(), create_configured_provider(settings, SystemClock())).due_days()
    settled = []
    for day in days:
        clock = SystemClock() if settings.is_live else ReplayClock(utc_midnight(day) + DAY)
        provider = create_configured_provider(settings, clock)
        try:
            settled.append(await _settler(settings, clock, provider).settle(day))
        finally:
            await provider.close()
    return tuple(settled)


def create_checkpoint_scorer(settings: Settings) -> Scorer:
    """Return the rule scorer, with the configured scorer around it when that is enabled and can be loaded.

    Raises
    ------
    ConfigError
        When a scorer or rule table of another package cannot be used.
    """
    rules: Scorer = create_scorer(
        settings.get_scorer_mode(),
        high=settings.min_recommendation_score,
        medium=settings.medium_score,
        switches=config_of(Switches, settings),
        strategies=[load_plugin(STRATEGIES, name) for name in settings.strategy_rules],
    )
    for name in settings.strategy_rules:
        logger.info("Rule table %s replaces a built-in one", name)
    if not settings.enable_ml_integration:
        return rules
    try:
        enhanced: Scorer = load_plugin(SCORERS, settings.scorer)(rules, options=ml_config(settings))
    except PluginUnavailable as error:
        if settings.scorer != ML_SCORER:  # asked for by name: nothing takes its place
            raise ConfigError([f"scorer {settings.scorer}: {error.reason}"]) from error
        logger.warning("ML enhancement disabled. Using rule-based scoring only.")
        logger.warning("%s", error)
        return rules
    return enhanced


def create_extension(services: HostServices, scorer: Scorer) -> Extension | None:
    """Return the 5-minute extension, or None when it cannot be loaded; the log says why.

    It shares the model that the scorer has loaded, if it has one.
    """
    try:
        extension: Extension = load_plugin(EXTENSIONS, ML_EXTENSION)(
            host=services, options=services.options, ml_system=getattr(scorer, "ml_system", None)
        )
    except PluginUnavailable as error:
        logger.error("Failed to start ML scheduler: %s", error)  # noqa: TRY400  # the sentence is the message
        logger.info("Continuing with checkpoint-only predictions")
        return None
    return extension


def standalone_host(
    *,
    provider: MarketData | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    symbols: Sequence[str] | None = None,
    output_dir: Path | None = None,
) -> HostServices:
    """Return a host for scripts that use a part without the process (``ports.standalone_host``).

    With a replayed or simulated provider its clock stands still at 10:36 New York of the run's day.
    """
    settings = load_settings()
    changes: dict[str, object] = {}
    if symbols is not None:
        changes["supported_symbols"] = tuple(symbols)
    if output_dir is not None:
        folder = written_path(output_dir)
        changes |= {"output_dir": folder, "nonlive_output_dir": folder}
    settings = settings.model_copy(update=changes)
    if provider is None:
        provider, clock = _script_parts(settings.market_data_provider)
    else:
        clock = _script_clock(settings)
    options = replace(engine_config(settings), has_heartbeat=False)  # a script publishes and ends
    writer = ScriptWriter(settings.run_output_dir, _named_kill_switch(settings))
    publication = PublicationService(writer, writer, clock, provider, options, user_calendar(settings.events_path))
    publication.restore()
    services = _services(settings, clock, provider, MarketObserver(provider, clock, options), publication)
    services.serve_on(loop)
    return services


def get_provider(name: str | None = None) -> MarketData:
    """Return the provider of that name (any case), the same instance at each call; default is the configured one.

    Raises
    ------
    ConfigError
        When the name is unknown; the message names the nearest one.
    """
    return _script_parts(canonical_name(name or load_settings().market_data_provider))[0]


def script_provider(settings: Settings, wall: time = SCRIPT_TIME) -> MarketData:
    """Return a new provider for a command: live ones answer now, all others as of ``wall`` New York of the run's day.

    Raises
    ------
    ConfigError, DataUnavailable
        When the provider cannot be had, or the asked day is no session.
    """
    clock = SystemClock() if settings.is_live else ReplayClock(run_session(settings).at(wall))
    return create_configured_provider(settings, clock)


@lru_cache(maxsize=8)
def _script_parts(name: str) -> tuple[MarketData, Clock]:
    settings = load_settings(overrides={"market_data_provider": name})
    clock = _script_clock(settings)
    return create_configured_provider(settings, clock), clock


def _script_clock(settings: Settings) -> Clock:
    return SystemClock() if settings.is_live else ReplayClock(run_session(settings).at(SCRIPT_TIME))


def create_configured_provider(settings: Settings, clock: Clock) -> MarketData:
    """Return a new provider as the settings describe it; raises ``ConfigError`` when it cannot be had."""
    return create_provider(
        settings.market_data_provider,
        clock,
        replay_path=None if settings.replay_path is None else settings.path(settings.replay_path),
        seed=settings.simulated_seed,
        strikes_each_side=settings.chain_strikes_each_side,
        yahoo_server=settings.yahoo_server or None,
        fallback_to_yahoo=settings.ibkr_fallback_to_yahoo,
        ib_options=config_of(IBConfig, settings),
    )


def _publisher(settings: Settings, lock: FolderLock | None) -> Publisher:
    return Publisher(
        settings.run_output_dir,
        recommendations_path=_published_file(settings),
        # replayed days are old by their own times
        retention_days=settings.archive_retention_days if settings.is_live else 0,
        kill_switch=_named_kill_switch(settings),
        lock=lock,
        practice_clock=SystemClock() if settings.practice else None,
    )


def _services(
    settings: Settings, clock: Clock, provider: MarketData, observer: MarketObserver, publication: PublicationService
) -> HostServices:
    return HostServices(
        clock=clock,
        provider=provider,
        observer=observer,
        publication=publication,
        options=engine_config(settings),
        ml_options=ml_config(settings),
        output_dir=settings.run_output_dir,
    )


def _published_file(settings: Settings) -> Path | None:
    # Only a live run may write where OUTPUT_FILE_PATH points: an order bot reads there.
    if settings.output_file_path is None or not settings.is_live:
        return None
    return settings.path(settings.output_file_path)


def _named_kill_switch(settings: Settings) -> Path | None:
    # A replayed day repeats to the byte wherever it is played, so it names no kill file that lies far from its folder.
    folder, kill_switch = settings.run_output_dir, settings.kill_switch
    return kill_switch if settings.is_live or kill_switch.parent in {folder, folder.parent} else None


def _last_recorded_day(settings: Settings) -> date | None:
    provider = create_configured_provider(settings, SystemClock())
    if not isinstance(provider, PlayableDays):
        return None
    spans = [provider.span(symbol) for symbol in settings.supported_symbols]
    return max((span[1] for span in spans if span is not None), default=None)
