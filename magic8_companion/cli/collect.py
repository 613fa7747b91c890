"""``python -m magic8_companion collect``: fill a folder of daily bars for replay and training."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tqdm import tqdm

from magic8_companion.collect.collector import Collector
from magic8_companion.collect.day_files import DayFiles
from magic8_companion.collect.history import BarHistory
from magic8_companion.collect.questions import Question, collectable_days, questions
from magic8_companion.collect.report import NAME, report_of, write_report
from magic8_companion.command_line import as_path, day
from magic8_companion.domain.errors import AlreadyRunning, ConfigError, PublishError
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import FIRST_YEAR, LAST_YEAR
from magic8_companion.ports import Clock, MarketData
from magic8_companion.publishing.lock import FolderLock

DONE: Final = 0
INCOMPLETE: Final = 1
WRONG: Final = 2
BUSY: Final = 3
STOPPED: Final = 130


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    words = argparse.ArgumentParser(
        prog="python -m magic8_companion collect",
        description="Fetch 5-minute bars of past sessions into daily parquet files that replay and training read.  "
        "Stop it whenever you like: the same command goes on where it stopped.",
    )
    words.add_argument("--provider", help="ib, yahoo or simulated; default is the setting MARKET_DATA_PROVIDER")
    words.add_argument("--symbols", required=True, help="comma-separated, such as SPX,SPY,VIX")
    words.add_argument("--since", type=_day, required=True, help="first day, YYYY-MM-DD")
    words.add_argument("--until", type=_day, help="last day; default is the last session that is over")
    words.add_argument("--out", type=as_path, default=Path("data/bars"), help="folder to fill (default data/bars)")
    words.add_argument("--repair", action="store_true", help="ask again for days with gaps or without bars")
    return words


def collect(argv: Sequence[str]) -> int:
    """Collect; exit code 0 all there, 1 something is missing, 2 wrong arguments or settings, 3 folder in use."""
    options = parser().parse_args(argv)
    logging.basicConfig(level=logging.CRITICAL)  # the table and the sentences above the bar are the output
    try:
        return asyncio.run(_run(options))
    except (ConfigError, PublishError) as error:
        print(error, file=sys.stderr)
        return WRONG
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return BUSY
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return STOPPED


async def collect_into(
    provider: MarketData,
    clock: Clock,
    folder: Path,
    symbols: Sequence[str],
    since: date,
    until: date | None = None,
    *,
    repair: bool = False,
) -> int:
    """Collect from a provider and print what came of it; return the exit code.

    Raises
    ------
    ConfigError, AlreadyRunning, PublishError
        When the provider has no history, or the folder is in use or cannot be written.
    """
    if not isinstance(provider, BarHistory):
        raise ConfigError([f"provider {provider.name} has no history to collect"])
    days = collectable_days(since, until, clock.now(), provider.history_reach_days)
    if not days:
        raise ConfigError([f"there is no session to collect: none since {since} is over and still remembered"])
    if days[0] > since and provider.history_reach_days is not None:
        print(f"{provider.name} remembers {provider.history_reach_days} days: collecting from {days[0]}")
    files = DayFiles(folder)
    with FolderLock(folder):
        files.remove_leftovers()

        def is_open(symbol: str, day: date) -> bool:
            return not files.is_done(symbol, day) or (repair and files.has_notes(symbol, day))

        asked = questions(symbols, days, provider.history_days, is_open)
        with CollectProgress(len(symbols) * len(days), asked) as progress:
            given_up = await Collector(provider, files, clock, progress).collect(asked)
        reports = report_of(files, symbols, days)
        print(write_report(files, reports, days))
    for symbol, reason in given_up.items():
        print(f"{symbol} was given up: {reason}", file=sys.stderr)
    wrong = sum(len(report.notes) for report in reports)
    if wrong:
        print(f"days with faults: {wrong}, listed in {folder / NAME}; --repair asks for them again")
    return DONE if not given_up and not any(report.open for report in reports) else INCOMPLETE


class CollectProgress:
    """A progress bar over days, with rate and time left; silent where standard error is no terminal."""

    def __init__(self, total: int, asked: Sequence[Question]) -> None:
        left = sum(len(question.days) for question in asked)
        self._bar = tqdm(total=total, initial=total - left, unit=" days", desc="collect", file=sys.stderr, disable=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def done(self, symbol: str, days: Sequence[date]) -> None:
        """Show finished days."""
        self._bar.set_postfix_str(f"{symbol} {days[-1]}", refresh=False)
        self._bar.update(len(days))

    def say(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._bar.write(sentence, file=sys.stderr)


async def _run(options: argparse.Namespace) -> int:
    from magic8_companion.bootstrap import create_configured_provider  # noqa: PLC0415  # after --help
    from magic8_companion.clocks import SystemClock  # noqa: PLC0415  # as above
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above

    overrides: dict[str, object] = {"ibkr_fallback_to_yahoo": False}  # two sources must not meet in one folder unseen
    if options.provider:
        overrides["market_data_provider"] = options.provider
    settings, clock = load_settings(overrides=overrides), SystemClock()
    symbols = tuple(dict.fromkeys(canonical_symbol(name) for name in options.symbols.split(",") if name.strip()))
    if not symbols:
        raise ConfigError(["--symbols names no symbol"])
    provider = create_configured_provider(settings, clock)
    try:
        return await collect_into(
            provider,
            clock,
            settings.path(options.out),
            symbols,
            options.since,
            options.until,
            repair=options.repair,
        )
    finally:
        await provider.close()


def _day(text: str) -> date:
    read = day(text)
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text} lies outside {FIRST_YEAR}..{LAST_YEAR}")
    return read
