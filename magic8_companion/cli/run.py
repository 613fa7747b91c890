"""``magic8 run``: the host of a live day, or one replayed or simulated day.

A real feed runs session after session until it is stopped.  A replayed or simulated provider plays one whole day at
``--speed``; the table of its decisions grows with every checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from magic8_companion.command_line import FAILED, command, market_options
from magic8_companion.domain.errors import ConfigError, DataUnavailable, PluginUnavailable, PublishError

if TYPE_CHECKING:  # --help must not load numpy and pandas
    from datetime import date
    from pathlib import Path

    from magic8_companion.bootstrap import Service
    from magic8_companion.cli.console import DecisionTable
    from magic8_companion.cli.logs import MarketTime
    from magic8_companion.domain.trading_day import Session
    from magic8_companion.durable import FolderLock
    from magic8_companion.ports import Clock, Extension, MarketData
    from magic8_companion.unified_config import Settings

logger = logging.getLogger("magic8_companion.unified_main")

Result = TypeVar("Result")

STOP_SECONDS: Final = 4.0
"""Everything ends within this time after a signal; a supervisor may kill after 5 s."""

VERBOSE: Final = "verbose"

FILES: Final = ("recommendations.json", "ml_predictions_5min.json", "recommendations_archive")
"""The files that a run leaves in the output folder."""

ABOUT: Final = """Observe the market, score 0DTE strategies and publish the trades that are approved.

Without options: a simulated day with ML, no account and no network.  Every option is also a setting; see
`magic8 settings --example`.  --output-dir is the folder itself, for simulated and replayed days too.

Exit code 0: done, or no session on that day.  1: no data, or a file cannot be written.  2: wrong options or settings.
3: another host uses the output folder.
"""


@command("run", ABOUT)
@market_options
@click.option("--speed", "replay_speed", metavar="N", help="virtual seconds per real second, or max")
@click.option("--practice", is_flag=True, default=None, help="simulated: publish with today's times, for order bots")
@click.option("--once", "run_once", is_flag=True, default=None, help="live: end after today")
@click.option("-v", "--verbose", is_flag=True, default=None, help="simulated: show the details of the first training")
def run(**given: object) -> int:
    """Run the host on a new event loop."""
    return asyncio.run(run_host(given))


async def run_host(given: Mapping[str, object], clock: Clock | None = None) -> int:
    """Run the host and return 0, or 1 when it had to end because a file cannot be written.

    Parameters
    ----------
    given
        Settings by attribute name, and ``verbose``; a value of None means that it is not given.
    clock
        The clock of a live run, for rehearsals; by default the machine's.

    Raises
    ------
    ConfigError, AlreadyRunning, DataUnavailable
        Before anything is published.
    """
    stop = _stop_on_signals()
    from magic8_companion.settings.given import command_settings  # noqa: PLC0415  # after --help

    chosen = {name: value for name, value in given.items() if name != VERBOSE}
    try:
        settings = _with_embedded_ml(command_settings(chosen))
        return await _run(settings, stop, clock, verbose=bool(given.get(VERBOSE)))
    except DataUnavailable as error:
        if error.reason != "market_closed":
            raise
        print(error.detail, file=sys.stderr)
        return 0
    except PublishError as error:
        logger.critical("Ended: %s", error)
        return FAILED


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
    # Who turns one switch off wants no model: the other one stays as it is given, and nothing is trained for it.
    given = {"enable_ml_integration", "enable_ml_5min"} & settings.model_fields_set
    if settings.market_data_provider != "simulated" or not all(getattr(settings, name) for name in given):
        return settings
    return settings.model_copy(update=dict.fromkeys(("enable_ml_integration", "enable_ml_5min"), True))


async def _run(settings: Settings, stop: asyncio.Event, clock: Clock | None, *, verbose: bool) -> int:
    from magic8_companion import bootstrap  # noqa: PLC0415  # after --help and the check of the settings
    from magic8_companion.cli.console import DecisionTable  # noqa: PLC0415  # as above
    from magic8_companion.cli.logs import configure_logging  # noqa: PLC0415  # as above
    from magic8_companion.domain.trading_day import new_york_day  # noqa: PLC0415  # as above

    if settings.is_live and settings.replay_date is not None and clock is None:
        provider = settings.market_data_provider
        raise ConfigError([f"M8C_REPLAY_DATE (or --date) plays a past day, but provider {provider} is live"])
    market_time = configure_logging(settings)
    with bootstrap.output_lock(settings) as lock:
        if not settings.is_live:
            return await _play(settings, stop, lock, market_time, verbose=verbose)
        logger.info("Starting Magic8-Companion...")
        table = None
        if clock is not None:
            print(_rehearsal_heading(settings.market_data_provider, new_york_day(clock.now())), flush=True)
            table = DecisionTable()
        service = bootstrap.build_service(settings, stop, clock, table, lock)
        today = new_york_day(service.clock.now())
        days = service.engine.run_date(today) if settings.run_once else None
        beside = [_probe_feed(service.provider, settings.supported_symbols)]
        if clock is None:
            beside.append(service.settler.run())
        tasks = [asyncio.get_running_loop().create_task(work) for work in beside]
        try:
            await _drive(service, days or service.engine.run_forever())
        finally:
            for task in tasks:
                task.cancel()
        if table is not None:
            _end_day(settings, stop, table)
        return 0


async def _probe_feed(provider: MarketData, symbols: Sequence[str]) -> None:
    # A feed that is not there is known, logged and published from the start, not from the first checkpoint on.
    for symbol in symbols:
        with suppress(DataUnavailable):
            await provider.get_spot_price(symbol)


async def _play(
    settings: Settings, stop: asyncio.Event, lock: FolderLock, market_time: MarketTime, *, verbose: bool
) -> int:
    # Plays one replayed or simulated day and shows what was decided.
    from magic8_companion import bootstrap  # noqa: PLC0415  # see _run
    from magic8_companion.cli import first_use  # noqa: PLC0415  # see _run
    from magic8_companion.cli.console import DayProgress, DecisionTable  # noqa: PLC0415  # see _run

    session = bootstrap.run_session(settings)
    for sentence in (*bootstrap.check_recordings(settings, session), *_earlier_run(settings.run_output_dir, session)):
        print(sentence, file=sys.stderr)
    if settings.practice:
        folder, speed = settings.run_output_dir, settings.virtual_speed
        print(f"Practice: simulated day {session.day} at speed {speed:g} with today's times in {folder}. Not real.")
    await first_use.ensure_model(settings, session, stop, verbose=verbose)
    if stop.is_set():
        print("stopped before the day began", file=sys.stderr)
        return 0
    logger.info("Starting Magic8-Companion...")
    table = DecisionTable()
    with DayProgress(session, f"{settings.market_data_provider} {session.day}", table) as progress:
        service = bootstrap.build_service(settings, stop, listener=progress, lock=lock)
        market_time.clock = service.clock
        with progress.paused():
            print(_heading(settings.market_data_provider, session, service.provider.status), flush=True)
        await _drive(service, service.engine.run_day(session))
    if not stop.is_set():
        await bootstrap.settle_days(settings, [session.day])
    _end_day(settings, stop, table)
    return 0


def _end_day(settings: Settings, stop: asyncio.Event, table: DecisionTable) -> None:
    table.close()
    if stop.is_set():
        print("stopped before the close")
    folder = settings.run_output_dir
    print(f"\nfiles in {folder}: {', '.join(name for name in FILES if (folder / name).exists())}")


def _rehearsal_heading(provider: str, day: date) -> str:
    from magic8_companion.domain.market_state import SIMULATED_NOTE  # noqa: PLC0415  # see _run

    return f"rehearsal of {provider} day {day}, the market is simulated, not live\n{SIMULATED_NOTE}\n"


def _heading(provider: str, session: Session, status: str) -> str:
    from magic8_companion.domain.market_state import SIMULATED, SIMULATED_NOTE  # noqa: PLC0415  # see _run

    note = f"{SIMULATED_NOTE}\n" if status == SIMULATED else ""
    return f"{provider} day {session.day}, data is {status}, not live\n{note}"


def _earlier_run(folder: Path, session: Session) -> list[str]:
    archive = folder / "recommendations_archive"
    if not any(archive.glob(f"recommendations_{session.open_at:%Y%m%d}T*.json")):
        return []
    sentence = (
        f"{session.day} was played into {folder} before: this run replaces the published files and appends its"
        " documents to the archive and the journal, with higher seq"
    )
    return [sentence]


async def _drive(service: Service, work: Coroutine[Any, Any, Result]) -> Result:
    # Runs the engine with its extension; the end is the same for a finished day, a signal and a failure.
    from magic8_companion.engine.supervisor import Supervisor  # noqa: PLC0415  # see _run

    try:
        async with service.engine:
            extension = service.extension
            if extension is None:
                return await work
            refusal = _start(extension, service)
            interval = timedelta(minutes=service.services.options.interval_minutes)
            supervisor = Supervisor(extension, service.services, service.clock, interval)
            supervisor.start(refusal)
            try:
                return await work
            finally:
                await supervisor.close()
                extension.stop()
                await asyncio.to_thread(extension.join, STOP_SECONDS)
    finally:
        service.services.close()
        await service.provider.close()


def _start(extension: Extension, service: Service) -> str | None:
    # Returns why the extension cannot be started yet.
    try:
        extension.start(service.services)
    except PluginUnavailable as error:
        logger.error("Failed to start ML scheduler: %s", error)  # noqa: TRY400  # the sentence is the message
        logger.info("Continuing with checkpoint-only predictions")
        return str(error)
    logger.info("Phase 2: ML 5-minute scheduler started")
    return None
