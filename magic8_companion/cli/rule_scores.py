"""``magic8 rule-scores``: the rule scores of past days as a file, for commands that compare rules and model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from magic8_companion.command_line import DAY, DIR, FILE, command, echo, new_progress, write_file

if TYPE_CHECKING:  # --help must not load numpy and pandas
    from magic8_companion.domain.bars import Bars
    from magic8_companion.domain.trading_day import Session
    from magic8_companion.recordings.bar_folder import BarFolder
    from magic8_companion.scoring import RuleScorer

ABOUT: Final = """Score past days by the rules and write symbol, time and the three scores as a parquet file.

The file is for --rule-scores of train and evaluate. The rules read bars and the VIX; no option chain is used. Times are
every 15 minutes from 09:45 to 15:45 New York.

Exit code 0: done.  1: no moment could be scored, or a file cannot be read or written.  2: wrong options.
"""

HISTORY_DAYS: Final = 30
"""Sessions of bars before a day that the rules see."""

_EVERY: Final = timedelta(minutes=15)

Row = dict[str, str | datetime | float]


@command("rule-scores", ABOUT)
@click.option("--bars-dir", type=DIR, required=True, help="folder of 5-minute bars")
@click.option("--vix", "vix_file", type=FILE, required=True, help="daily VIX file: date, open, high, low, close")
@click.option("--symbols", required=True, metavar="LIST", help="comma-separated, such as SPX,SPY")
@click.option("--from", "first_day", type=DAY, help="first day, YYYY-MM-DD; default: the first of the bars")
@click.option("--to", "last_day", type=DAY, help="last day, YYYY-MM-DD; default: the last of the bars")
@click.option("--out", type=FILE, required=True, help="parquet file to write")
def rule_scores(
    bars_dir: Path, vix_file: Path, symbols: str, first_day: date | None, last_day: date | None, out: Path
) -> None:
    """Write the file."""
    from io import BytesIO  # noqa: PLC0415  # after --help

    import pandas as pd  # noqa: PLC0415  # as above

    from magic8_companion.domain.trading_day import sessions_between  # noqa: PLC0415  # as above
    from magic8_companion.recordings.bar_folder import BarFolder, read_daily  # noqa: PLC0415  # as above
    from magic8_companion.scoring import create_scorer  # noqa: PLC0415  # as above

    folder, vix, scorer = BarFolder(bars_dir), read_daily(vix_file).bars, create_scorer("simple")
    rows: list[Row] = []
    with new_progress("days", transient=True) as progress:
        for symbol in dict.fromkeys(name.strip().upper() for name in symbols.split(",") if name.strip()):
            first, last = _span(folder, symbol)
            sessions = sessions_between(max(first, first_day or first), min(last, last_day or last))
            task = progress.add_task(symbol, total=len(sessions), note="")
            for session in sessions:
                rows += rows_of_day(folder, vix, symbol, session, scorer)
                progress.advance(task)
    if not rows:
        raise click.ClickException(f"no moment of {symbols} in {bars_dir} could be scored")
    frame, stream = pd.DataFrame(rows), BytesIO()
    frame.to_parquet(stream, index=False)
    write_file(out, stream.getvalue())
    days = len({(row["symbol"], str(row["time"])[:10]) for row in rows})
    echo(f"{len(rows):,} moments of {days:,} days of {', '.join(dict.fromkeys(map(str, frame.symbol)))} in {out}")


def rows_of_day(folder: BarFolder, vix: Bars, symbol: str, session: Session, scorer: RuleScorer) -> Iterator[Row]:
    """Yield the scores of one day; moments that the host would not score are left out."""
    from magic8_companion.analysis.view import analyse  # noqa: PLC0415  # after --help
    from magic8_companion.domain.errors import DataUnavailable  # noqa: PLC0415  # as above
    from magic8_companion.domain.trading_day import BAR, previous_session  # noqa: PLC0415  # as above
    from magic8_companion.recordings.past_states import state_at  # noqa: PLC0415  # as above

    try:
        day = folder.today(symbol, BAR, session, session.close_at)
    except DataUnavailable:
        return
    first = session
    for _ in range(HISTORY_DAYS):
        first = previous_session(first.day)
    history = folder.history(symbol, BAR, first.open_at, session.open_at)
    at = session.open_at + _EVERY
    while at < session.close_at:
        try:
            state = state_at(symbol, session, at, day.known_at(at), history, vix)
            scores = scorer.score(analyse(state, "simple")).scores
        except DataUnavailable:
            pass
        else:
            yield {"symbol": symbol, "time": at, **scores}
        at += _EVERY


def _span(folder: BarFolder, symbol: str) -> tuple[date, date]:
    from magic8_companion.domain.bars import from_ns  # noqa: PLC0415  # after --help
    from magic8_companion.domain.trading_day import BAR  # noqa: PLC0415  # as above

    known = folder.series(symbol).get(BAR)
    if known is None:
        raise click.ClickException(f"{symbol}: no 5-minute bars in the folder")
    starts = known.bars.starts
    return from_ns(int(starts[0])).date(), from_ns(int(starts[-1])).date()
