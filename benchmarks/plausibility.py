"""Measure how near real days come to the bounds of docs/plausible_data.md.

    python -m benchmarks.plausibility --data FOLDER [--simulated 50]

FOLDER holds the recorded bars (``*_5m_*.parquet``), daily VIX, chains and quotes.  Every rule sees every bar as the
host would see it: the bars before it, the prices that the next bar reaches, and later ones as between checkpoints.  The
table shows the largest share of a limit that was reached; a share above 1 is a false alarm.  The exit code says
whether there was one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from magic8_companion.domain.bars import Bars, from_ns
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.domain.trading_day import BAR, previous_session, require_session
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.paths import written_path
from magic8_companion.plausibility import (
    Implausible,
    PriceBounds,
    implausible_bars,
    implausible_quotes,
    implausible_ratios,
    implausible_vix,
    unusable_quotes,
)
from magic8_companion.plausibility.prices import MOST_JUMP, WIDEST_GAP, WILDEST
from magic8_companion.plausibility.quotes import SHARE_OF_JUMP
from magic8_companion.plausibility.ratios import LARGEST_DEVIATION
from magic8_companion.plausibility.vix import HIGHEST, LARGEST_CHANGE, LARGEST_STEP, LOWEST
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.providers.simulated_symbols import SYMBOLS

LATER: Final = (1, 2, 3, 6, 12, 27)
"""Bars from the newest known one to the price: 27 are the longest way between two checkpoints."""


@dataclass
class Tally:
    """The largest share of a limit, where it was, and every false alarm."""

    checked: int = 0
    share: float = 0.0
    where: str = ""
    alarms: list[str] = field(default_factory=list)

    def add(self, share: float, where: str, finding: Implausible | None) -> None:
        """Count one look."""
        self.checked += 1
        if share > self.share:
            self.share, self.where = share, where
        if finding is not None:
            self.alarms.append(f"{where}: {finding.sentence}")


def days_of(path: Path) -> Iterator[tuple[date, Bars, Bars]]:
    """Yield each day of a bar file with the bars of the 78 before it."""
    frame = pd.read_parquet(path).drop_duplicates("ts_utc").sort_values("ts_utc")
    index = pd.DatetimeIndex(pd.to_datetime(frame.ts_utc, utc=True), name="time")
    table = frame[["open", "high", "low", "close", "volume"]].fillna({"volume": 0.0}).set_index(index)
    bars, position = Bars.from_frame(table), 0
    days = index.tz_convert("America/New_York").date
    for day in dict.fromkeys(days):
        count = int((days == day).sum())
        yield day, bars[position : position + count], bars[max(0, position - 78) : position]
        position += count


def play_prices(name: str, today: Bars, history: Bars, jump: Tally, shape: Tally) -> None:
    """Look at every price of a day from every earlier bar."""
    earlier = np.concatenate((today.open[:1], today.close[:-1]))
    step = float(np.maximum(today.high / earlier - 1, 1 - today.low / earlier).max())
    gap = abs(today.open[0] / history.close[-1] - 1) if len(history) else 0.0
    shape.add(
        max(step / MOST_JUMP, gap / WIDEST_GAP),
        f"{name} {today.first_start:%Y-%m-%d}",
        implausible_bars(today, history),
    )
    for known in range(1, len(today)):
        bounds = PriceBounds.of(today[:known], history)
        for later in LATER:
            if known + later > len(today):
                break
            place = known + later - 1
            at = from_ns(int(today.starts[place])) + BAR
            allowed = min(bounds.limit * np.sqrt(max(1.0, (at - bounds.closed_at) / BAR)), WILDEST)
            for price in (float(today.low[place]), float(today.high[place])):
                share = abs(price / bounds.close - 1) / allowed
                jump.add(share, f"{name} {at:%Y-%m-%d %H:%M}Z", bounds.look(price, at))


def play_ratios(spy: Path, qqq: Path, tally: Tally) -> None:
    """Take SPY and QQQ for an ETF and its index: two indices part more than a pair of one index does."""
    others = {day: today for day, today, _ in days_of(qqq)}
    for day, today, _ in days_of(spy):
        if day not in others:
            continue
        pair = {"SPY": today, "SPX": others[day]}
        for known in range(3, min(map(len, pair.values()))):
            seen = {name: bars[:known] for name, bars in pair.items()}
            prices = {name: float(bars.close[known]) for name, bars in pair.items()}
            usual = np.median(seen["SPY"].close[-12:] / seen["SPX"].close[-12:])
            share = abs(prices["SPY"] / prices["SPX"] / usual - 1) / LARGEST_DEVIATION
            found = implausible_ratios(prices, seen)
            tally.add(float(share), f"SPY/QQQ {day} bar {known}", next(iter(found.values()), None))


def play_vix(path: Path, tally: Tally) -> list[str]:
    """Look at open, close and extremes of daily VIX bars; return the rows that the source got wrong."""
    frame = pd.read_parquet(path).sort_values("date")
    frame["date"] = pd.to_datetime(frame.date)
    frame["before"] = frame.close.shift().where(frame.date.diff().dt.days < 6)
    wrong = []
    for row in frame.dropna().itertuples():
        change = max(max(price / row.before, row.before / price) for price in (row.open, row.high, row.low, row.close))
        share = max(change / LARGEST_CHANGE, row.high / HIGHEST, LOWEST / row.low, LOWEST / row.open)
        if share > 1 and not (row.low <= row.open <= row.high and row.high < 2 * max(row.open, row.close)):
            wrong.append(
                f"{row.date:%Y-%m-%d}: open {row.open:g}, high {row.high:g}, low {row.low:g}, close {row.close:g}"
            )
            continue
        finding = (
            Implausible(reason=ReasonCode.IMPLAUSIBLE_VIX, sentence=f"changes by {change:.2f}") if share > 1 else None
        )
        tally.add(share, f"VIX {row.date:%Y-%m-%d}", finding)
    return wrong


def play_vix_bars(path: Path, tally: Tally) -> None:
    """Look at the steps of intraday VIX bars."""
    frame = pd.read_parquet(path).sort_values("ts_utc")
    index = pd.DatetimeIndex(pd.to_datetime(frame.ts_utc, utc=True), name="time")
    length = pd.Series(index).diff().min().to_pytimedelta()
    table = frame[["open", "high", "low", "close"]].assign(volume=0.0).set_index(index)
    for day in sorted(set(index.date)):
        bars = Bars.from_frame(table[index.date == day], length)
        prices = np.stack((bars.open, bars.close), axis=1).ravel()
        step = float(np.exp(np.abs(np.diff(np.log(prices))).max()))
        tally.add(step / LARGEST_STEP, f"VIX {day}", implausible_vix(bars))


def play_chains(path: Path, tally: Tally) -> None:
    """Look at the recorded chains in a quiet market, where the bound is narrowest."""
    frame = pd.read_parquet(path)
    for (symbol, at), rows in frame.groupby(["symbol", "ts_utc"]):
        names = OptionRow.__dataclass_fields__
        records = [
            {name: None if pd.isna(row[name]) else row[name] for name in names} for row in rows.to_dict("records")
        ]
        spot = float(rows.spot.iloc[0])
        chain = OptionChain(
            symbol=symbol,
            spot=spot,
            rows=tuple(OptionRow(**record) for record in records),
            expiry=at.date(),
            as_of=at.to_pydatetime(),
            source="ib",
            status="replay",
        )
        quotes = clean_chain(chain)
        bounds = PriceBounds(close=spot, closed_at=chain.as_of, low=spot, high=spot, limit=0.05)
        share = abs(quotes.parity_spot / spot - 1) / (SHARE_OF_JUMP * bounds.limit)
        finding = implausible_quotes(quotes, spot, bounds) or unusable_quotes(quotes)
        tally.add(share, f"{symbol} {at:%Y-%m-%d}", finding)


def play_index_quotes(quotes: Path, spy: Path, parity: Tally, ratio: Tally) -> None:
    """Compare SPX, as the parity of recorded SPXW quotes implies it, with SPY of the same minute."""
    frame = pd.read_parquet(quotes)
    frame["at"] = pd.to_datetime(frame.ts_utc, utc=True)
    frame = frame[(frame.strike == 3700) & (pd.to_datetime(frame.expiry).dt.date == frame["at"].dt.date)]
    frame["mid"] = (frame.bid + frame.ask) / 2
    mids = frame.pivot_table(index="at", columns="right", values="mid")
    index = (3700 + mids["C"] - mids["P"]).dropna()
    for day, today, _ in days_of(spy):
        ends = pd.DatetimeIndex(today.starts + 300 * 10**9 - 60 * 10**9, tz="UTC")
        known = [(place, float(index[at])) for place, at in enumerate(ends) if at in index.index]
        ratios = np.array([today.close[place] / level for place, level in known])
        for number in range(3, len(ratios)):
            off = abs(ratios[number] / np.median(ratios[max(0, number - 12) : number]) - 1)
            ratio.add(float(off / LARGEST_DEVIATION), f"SPY/SPX {day} {ends[known[number][0]]:%H:%M}Z", None)
            parity.add(float(off / (SHARE_OF_JUMP * 0.05)), f"SPX {day} {ends[known[number][0]]:%H:%M}Z", None)


def play_simulated(count: int, jump: Tally, shape: Tally) -> None:
    """Play simulated days of all symbols, so that a practice run has no false alarm either."""
    session = require_session(date(2025, 6, 26))
    for seed in range(count):
        market = SimulatedMarket(seed)
        for symbol in SYMBOLS:
            play_prices(f"simulated {symbol}", market.bars(symbol, session.day, session.day), Bars.empty(), jump, shape)
        session = previous_session(session.day)


def tallies(folder: Path) -> tuple[dict[str, Tally], list[str]]:
    """Play everything that the folder holds; return a tally by rule, and VIX rows that are wrong in the source."""
    found = {name: Tally() for name in _RULES}
    for path in sorted(folder.glob("*_5m_*.parquet")):
        if path.name.startswith("vix"):
            play_vix_bars(path, found["VIX, step"])
            continue
        for _, today, history in days_of(path):
            play_prices(path.name.split("_")[0].upper(), today, history, found["jump"], found["bars"])
    for path in folder.glob("vix_15m_*.parquet"):
        play_vix_bars(path, found["VIX, step"])
    year = "5m_2024-08_2025-08.parquet"
    play_ratios(folder / f"spy_{year}", folder / f"qqq_{year}", found["ratio, SPY/QQQ"])
    wrong = play_vix(folder / "vix_daily_1990-2021_2024-2025-08.parquet", found["VIX, change"])
    play_chains(folder / "chains_0dte_ib_3snapshots.parquet", found["parity, chains"])
    lean, good = folder / "spxw_quotes_1m_2021-01_lean.parquet", folder / "spy_5m_2021_gooddays.parquet"
    play_index_quotes(lean, good, found["parity, SPXW/SPY"], found["ratio, SPY/SPX"])
    return found, wrong


_RULES: Final = (
    "jump",
    "bars",
    "ratio, SPY/SPX",
    "ratio, SPY/QQQ",
    "VIX, change",
    "VIX, step",
    "parity, chains",
    "parity, SPXW/SPY",
    "jump, simulated",
    "bars, simulated",
)


def main() -> int:
    """Print the table; return 1 if any real day raised an alarm."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=written_path, required=True, help="folder of the recorded bars")
    words.add_argument("--simulated", type=int, default=0, help="simulated days of every symbol to play, too")
    given, begun = words.parse_args(), time.process_time()
    found, wrong = tallies(given.data)
    play_simulated(given.simulated, found["jump, simulated"], found["bars, simulated"])
    print("| rule | looks | largest share of the limit | where | false alarms |\n|---|---|---|---|---|")
    for name, tally in found.items():
        print(f"| {name} | {tally.checked:,} | {tally.share:.2f} | {tally.where} | {len(tally.alarms)} |")
    alarms = [alarm for tally in found.values() for alarm in tally.alarms]
    print(
        f"\n{time.process_time() - begun:.0f} s of CPU; VIX rows that the source got wrong:",
        *wrong,
        *alarms[:20],
        sep="\n",
    )
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
