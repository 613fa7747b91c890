"""The rule scorer's points at every moment that an evaluation scores, as a file: the baseline B6.

The plugin does not know the host's rules, so whoever has both writes their points down.  No chain is used.

    python -m benchmarks.rule_baseline --bars-dir DIR --vix FILE --symbols SPY --out rules.parquet
    python -m magic8_ml evaluate ... --rule-scores rules.parquet
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd
from rich.progress import track

from benchmarks.rule_scores import HISTORY_DAYS, state_at
from magic8_companion.analysis.view import analyse
from magic8_companion.domain.bars import Bars, from_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import BAR, Session, previous_session, sessions_between
from magic8_companion.paths import written_path
from magic8_companion.recordings.bar_folder import BarFolder, read_daily
from magic8_companion.scoring import create_scorer
from magic8_ml.forecast.labels import ENTRY_BARS

Row = dict[str, str | datetime | float]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars-dir", type=written_path, required=True, help="folder of 5-minute bars")
    parser.add_argument("--vix", type=written_path, required=True, help="file of daily VIX bars")
    parser.add_argument("--symbols", required=True, help="comma-separated")
    parser.add_argument("--out", type=written_path, required=True, help="parquet file to write")
    args = parser.parse_args()
    folder, vix = BarFolder(args.bars_dir), read_daily(args.vix).bars
    rows = [row for symbol in args.symbols.split(",") for row in rows_of(folder, vix, symbol)]
    pd.DataFrame(rows).to_parquet(args.out, index=False)


def rows_of(folder: BarFolder, vix: Bars, symbol: str) -> Iterator[Row]:
    """Yield the points of every moment of a symbol's days that can be scored."""
    starts = folder.series(symbol)[BAR].bars.starts
    first, last = (from_ns(int(starts[n])).date() for n in (0, -1))
    for session in track(sessions_between(first, last), description=symbol):
        yield from rows_of_day(folder, vix, symbol, session)


def rows_of_day(folder: BarFolder, vix: Bars, symbol: str, session: Session) -> Iterator[Row]:
    """Yield the points of one day; what the host would not score is left out."""
    scorer = create_scorer("simple")
    try:
        day = folder.today(symbol, BAR, session, session.close_at)
    except DataUnavailable:
        return
    first = session
    for _ in range(HISTORY_DAYS):
        first = previous_session(first.day)
    history = folder.history(symbol, BAR, first.open_at, session.open_at)
    for minutes in (5 * ENTRY_BARS).tolist():
        at = session.open_at + timedelta(minutes=minutes)
        try:
            scores = scorer.score(
                analyse(state_at(symbol, session, at, day.known_at(at), history, vix), "simple")
            ).scores
        except DataUnavailable:
            continue
        yield {"symbol": symbol, "time": at, **scores}


if __name__ == "__main__":
    main()
