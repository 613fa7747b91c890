"""``magic8 run``: the host of a live day, or one replayed or simulated day.

A real feed runs session after session until it is stopped.  A replayed or simulated provider plays one whole day at
``--speed`` and ends with the table of its decisions.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from magic8_companion.command_line import FAILED, command, market_options
from magic8_companion.domain.errors import ConfigError, DataUnavailable, PluginUnavailable, PublishError

if TYPE_CHECKING:  # --help must not load numpy and pandas
    from pathlib import Path

    from magic8_companion.bootstrap import Service
    from magic8_companion.durable import FolderLock
    from magic8_companion.ports import Clock, Extension, MarketData
    from magic8_companion.unified_config import Settings

logger = logging.getLogger("magic8_companion.unified_main")

Result = TypeVar("Result")

STOP_SECONDS: Final = 4.0
"""Everything ends within this time after a signal; a supervisor may kill after 5 s."""

FILES: Final = ("recommendations.json", "ml_predictions_5min.json", "recommendations_archive")
"""The files that a run leaves in the output folder."""

ABOUT: Final = """Observe the market, score 0DTE strategies and publish the trades that are approved.

Without options: a simulated day with ML, no account and no network.  Every option is also a setting; see
`magic8 settings --example`.

Exit code 0: done, or no session on that day.  1: no data, or a file cannot be written.  2: wrong options or settings.
3: another host uses the output folder.
"""


@command("run", ABOUT)
@market_options
@click.option("--speed", "replay_speed", metavar="N", help="virtual seconds per real second, or max")
@click.option("--once", "run_once", is_flag=True, default=None, help="live: end after today")
def run(**given: object) -> int:
    """Run the host on a new event loop."""
    return asyncio.run(run_host(given))


async def run_host(given: Mapping[str, object], clock: Clock | None = None) -> int:
    """Run the host and return 0, or 1 when it had to end because a file cannot be written.

    Parameters
    ----------
    given
        Settings by attribute name; a value of None means that it is not given.
    clock
        The clock of a live run, for rehearsals; by default the machine's.

    Raises
    ------
    ConfigError, AlreadyRunning, DataUnavailable
        Before anything is published.
    """
    stop = _stop_on_signals()
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # after --help

    try:
        settings = load_settings(overrides={name: value for name, value in given.items() if value is not None})
        return await _run(_with_embedded_ml(settings), stop, clock)
    except DataUnavailable as error:
        if error.reason != "market_closed":
            raise
        print(error.detail, file=sys.stderr)
        return 0
    except PublishError as error:
        logger.critical("Ended: %s", error)
        return FAILED


def configure_logging(settings: Settings) -> None:
    """Send log records to the console and, unless the path is empty, to a rotating file.

    A replayed or simulated day shows its progress on the console instead, so only warnings appear there.
    """
    formatter = logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s")
    console = logging.StreamHandler()
    console.setLevel(settings.log_level if settings.is_live else "WARNING")
    handlers = [console] if settings.log_file_path is None else [console, _log_file(settings, settings.log_file_path)]
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(level=settings.log_level, handlers=handlers, force=True)
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)  # the provider tells the same, once and with the remedy


def _log_file(settings: Settings, relative: Path) -> logging.Handler:
    path = settings.path(relative)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return RotatingFileHandler(
            path,
            maxBytes=settings.log_file_max_size,
            backupCount=settings.log_file_backup_count,
            encoding="utf-8",
        )
    except OSError as error:
        why = error.strerror or error
        sentence = f"the log file {path} cannot be written ({why}); choose another with M8C_LOG_FILE_PATH"
        raise ConfigError([sentence]) from error


def _stop_on_signals() -> asyncio.Event:
    # From the first moment on: what follows imports for a second, and a signal must not tear that apart.
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, *_signals_of_a_terminal()):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _signals_of_a_terminal() -> list[signal.Signals]:
    # A closed terminal or Ctrl-\ must not leave an approval behind; under nohup a closed terminal stays ignored.
    return [number for number in (signal.SIGHUP, signal.SIGQUIT) if signal.getsignal(number) != signal.SIG_IGN]


def _with_embedded_ml(settings: Settings) -> Settings:
    # The embedded default shows the whole product: a simulated run has the ML on unless a setting says otherwise.
    if settings.market_data_provider != "simulated":
        return settings
    switches = {"enable_ml_integration", "enable_ml_5min"} - settings.model_fields_set
    return settings.model_copy(update=dict.fromkeys(switches, True))


async def _run(settings: Settings, stop: asyncio.Event, clock: Clock | None) -> int:
    from magic8_companion import bootstrap  # noqa: PLC0415  # after --help and the check of the settings
    from magic8_companion.domain.trading_day import new_york_day  # noqa: PLC0415  # as above

    if settings.is_live and settings.replay_date is not None and clock is None:
        provider = settings.market_data_provider
        raise ConfigError([f"M8C_REPLAY_DATE (or --date) plays a past day, but provider {provider} is live"])
    configure_logging(settings)
    with bootstrap.output_lock(settings) as lock:
        if not settings.is_live:
            return await _play(settings, stop, lock)
        logger.info("Starting Magic8-Companion...")
        service = bootstrap.build_service(settings, stop, clock, lock=lock)
        days = service.engine.run_date(new_york_day(service.clock.now())) if settings.run_once else None
        probe = asyncio.get_running_loop().create_task(_probe_feed(service.provider, settings.supported_symbols))
        try:
            await _drive(service, days or service.engine.run_forever())
        finally:
            probe.cancel()
        return 0


async def _probe_feed(provider: MarketData, symbols: Sequence[str]) -> None:
    # A feed that is not there is known, logged and published from the start, not from the first checkpoint on.
    for symbol in symbols:
        with suppress(DataUnavailable):
            await provider.get_spot_price(symbol)


async def _play(settings: Settings, stop: asyncio.Event, lock: FolderLock) -> int:
    # Plays one replayed or simulated day and shows what was decided.
    from magic8_companion import bootstrap  # noqa: PLC0415  # see _run
    from magic8_companion.cli import first_use  # noqa: PLC0415  # see _run
    from magic8_companion.cli.console import DayProgress, print_decisions  # noqa: PLC0415  # see _run

    session = bootstrap.run_session(settings)
    for sentence in bootstrap.check_recordings(settings, session):
        print(sentence, file=sys.stderr)
    await first_use.ensure_model(settings, session, stop)
    if stop.is_set():
        print("stopped before the day began", file=sys.stderr)
        return 0
    logger.info("Starting Magic8-Companion...")
    with DayProgress(session, f"{settings.market_data_provider} {session.day}") as progress:
        service = bootstrap.build_service(settings, stop, progress=progress.reached, lock=lock)
        outcomes = await _drive(service, service.engine.run_day(session))
    executed = [item.result for item in outcomes if item.result is not None]
    skipped = {item.label: item.skipped for item in outcomes if item.skipped is not None}
    print(f"{settings.market_data_provider} day {session.day}, data is {service.provider.status}, not live\n")
    print_decisions(executed, skipped)
    if stop.is_set():
        print("stopped before the close")
    folder = settings.run_output_dir
    print(f"\nfiles in {folder}: {', '.join(name for name in FILES if (folder / name).exists())}")
    return 0


async def _drive(service: Service, work: Coroutine[Any, Any, Result]) -> Result:
    # Runs the engine with its extension; the end is the same for a finished day, a signal and a failure.
    from magic8_companion.engine.supervisor import Supervisor  # noqa: PLC0415  # see _run

    try:
        async with service.engine:
            extension = service.extension
            if extension is None or not _started(extension, service):
                return await work
            interval = timedelta(minutes=service.services.options.interval_minutes)
            supervisor = Supervisor(extension, service.services, service.clock, interval)
            supervisor.start()
            try:
                return await work
            finally:
                await supervisor.close()
                extension.stop()
                await asyncio.to_thread(extension.join, STOP_SECONDS)
    finally:
        service.services.close()
        await service.provider.close()


def _started(extension: Extension, service: Service) -> bool:
    try:
        extension.start(service.services)
    except PluginUnavailable as error:
        logger.error("Failed to start ML scheduler: %s", error)  # noqa: TRY400  # the sentence is the message
        logger.info("Continuing with checkpoint-only predictions")
        return False
    logger.info("Phase 2: ML 5-minute scheduler started")
    return True
