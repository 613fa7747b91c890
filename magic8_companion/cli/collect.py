"""``magic8 collect``: fill a folder of daily bars for replay and training."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import click

from magic8_companion.collect.collector import GIVE_UP_AFTER, Collector
from magic8_companion.collect.day_files import DayFiles
from magic8_companion.collect.history import BarHistory
from magic8_companion.collect.questions import Question, collectable_days, questions
from magic8_companion.collect.report import NAME, report_of, write_report
from magic8_companion.command_line import (
    DIR,
    DONE,
    FAILED,
    INTERRUPTED,
    TextType,
    command,
    echo,
    new_progress,
    read_day,
)
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import FIRST_YEAR, LAST_YEAR
from magic8_companion.durable import FolderLock
from magic8_companion.ports import Clock, MarketData

ABOUT: Final = """Fetch 5-minute bars of past sessions into daily parquet files that replay and training read.

Stop it at any time: the same command continues where it stopped.

Exit code 0: every session is there.  1: something is missing, or a file cannot be written.  2: wrong options or
settings.  3: another process fills the folder.
"""


def _session_day(text: str) -> date:
    found = read_day(text)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"{text} is outside {FIRST_YEAR} to {LAST_YEAR}")
    return found


_MINUTES: Final = click.FloatRange(min=0, min_open=True)
_GIVE_UP_HELP: Final = "minutes without an answer of the source after which the collection ends"
_SESSION_DAY: Final = TextType("day", _session_day)


@command("collect", ABOUT)
@click.option("--provider", metavar="NAME", help="ib, yahoo or simulated; default: the setting MARKET_DATA_PROVIDER")
@click.option("--symbols", metavar="LIST", required=True, help="comma-separated, such as SPX,SPY,VIX")
@click.option("--from", "--since", "since", type=_SESSION_DAY, required=True, help="first day, YYYY-MM-DD")
@click.option("--to", "--until", "until", type=_SESSION_DAY, help="last day; default: the last session that is over")
@click.option("--out", type=DIR, default="data/bars", show_default=True, help="folder to fill")
@click.option("--give-up-after", type=_MINUTES, default=15.0, show_default=True, help=_GIVE_UP_HELP)
@click.option("--repair", is_flag=True, help="fetch days with gaps or without bars again")
def collect(**given: Any) -> int:  # noqa: ANN401  # the options of _run
    """Collect bars."""
    logging.basicConfig(level=logging.CRITICAL)  # the table and the sentences above the bar are the output
    try:
        return asyncio.run(_run(**given))
    except KeyboardInterrupt:
        echo("stopped; the same command continues from here", err=True)
        return INTERRUPTED


async def collect_into(
    provider: MarketData,
    clock: Clock,
    folder: Path,
    symbols: Sequence[str],
    since: date,
    until: date | None = None,
    *,
    repair: bool = False,
    give_up_after: timedelta = GIVE_UP_AFTER,
) -> int:
    """Collect from a provider and print the report; return the exit code.

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
        echo(f"{provider.name} remembers {provider.history_reach_days} days: collecting from {days[0]}")
    files = DayFiles(folder)
    with FolderLock(folder):
        files.remove_leftovers()

        def is_open(symbol: str, day: date) -> bool:
            return not files.is_done(symbol, day) or (repair and files.has_notes(symbol, day))

        asked = questions(symbols, days, provider.history_days, is_open)
        with CollectProgress(len(symbols) * len(days), asked) as progress:
            given_up = await Collector(provider, files, clock, progress, give_up_after).collect(asked)
        reports = report_of(files, symbols, days)
        echo(write_report(files, reports, days))
    for symbol, reason in given_up.items():
        echo(f"{symbol}: stopped asking: {reason}", err=True)
    wrong = sum(len(report.notes) for report in reports)
    if wrong:
        echo(f"days with faults: {wrong}, listed in {folder / NAME}; --repair fetches them again")
    return DONE if not given_up and not any(report.open for report in reports) else FAILED


_LINE_EVERY_SECONDS: Final = 60


class CollectProgress:
    """A progress bar over days; silent where standard error is no terminal."""

    def __init__(self, total: int, asked: Sequence[Question]) -> None:
        left = sum(len(question.days) for question in asked)
        self._bar = new_progress("days")
        self._shown_seconds = 0.0
        self._task = self._bar.add_task("collect", total=total, completed=total - left, note="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def done(self, symbol: str, days: Sequence[date]) -> None:
        """Show finished days."""
        self._bar.update(self._task, advance=len(days), note=f"{symbol} {days[-1]}")

    def waiting(self, symbol: str, seconds: float, why: str) -> None:
        """Show the wait next to the bar; without a terminal, print a line once a minute."""
        note = f"{symbol}: waiting for {why}" + (f", {seconds:.0f} s" if seconds else "")
        if not self._bar.disable:
            self._bar.update(self._task, note=note)
            return
        self._shown_seconds = min(self._shown_seconds, seconds)  # a new wait starts at 0
        if seconds - self._shown_seconds >= _LINE_EVERY_SECONDS:
            self._shown_seconds = seconds
            echo(note, err=True)

    def warn(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        if self._bar.disable:
            echo(sentence, err=True)
        else:
            self._bar.console.print(sentence)


async def _run(  # one argument per option
    *,
    provider: str | None,
    symbols: str,
    since: date,
    until: date | None,
    out: Path,
    give_up_after: float,
    repair: bool,
) -> int:
    from magic8_companion.bootstrap import create_configured_provider  # noqa: PLC0415  # after --help
    from magic8_companion.clocks import SystemClock  # noqa: PLC0415  # as above
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # as above

    overrides: dict[str, object] = {"ibkr_fallback_to_yahoo": False}  # one folder must not mix two sources
    if provider:
        overrides["market_data_provider"] = provider
    settings, clock = load_settings(overrides=overrides), SystemClock()
    names = tuple(dict.fromkeys(canonical_symbol(name) for name in symbols.split(",") if name.strip()))
    if not names:
        raise click.BadParameter("name at least one symbol", param_hint="--symbols")
    source = create_configured_provider(settings, clock)
    try:
        patience = timedelta(minutes=give_up_after)
        where = settings.path(out)
        return await collect_into(source, clock, where, names, since, until, repair=repair, give_up_after=patience)
    finally:
        await source.close()
