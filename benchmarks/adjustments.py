"""What each group of adjustments changes on simulated chains, as the table of docs/options.md.

    python benchmarks/adjustments.py [--days 40]

Rule scores alone, SPX and SPY, four checkpoints a day; simulated chains show size and direction, never an edge.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from statistics import fmean
from typing import Final

from magic8_companion.analysis import analyse
from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import next_session
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.market_view import MarketView
from magic8_companion.providers.simulated import SimulatedProvider
from magic8_companion.scoring import Switches, create_scorer

SYMBOLS: Final = ("SPX", "SPY")
CHECKPOINTS: Final = (time(10, 30), time(11), time(12, 30), time(14, 45))
OFF: Final = Switches(greeks=False, gamma=False, volume=False)
CASES: Final = {
    "none": OFF,
    "Greeks": Switches(greeks=True, gamma=False, volume=False),
    "gamma": Switches(greeks=False, gamma=True, volume=False),
    "volume": Switches(greeks=False, gamma=False, volume=True),
    "all": Switches(),
}


def views(first: date, days: int) -> Iterator[MarketView]:
    """Yield every checkpoint of some simulated days."""
    session = next_session(first)
    for _ in range(days):
        for wall in CHECKPOINTS:
            clock = ReplayClock(session.at(wall) + timedelta(seconds=5))
            options = EngineConfig(symbols=SYMBOLS, kill_switch_file=Path("KILL"))
            observer = MarketObserver(SimulatedProvider(clock), clock, options)
            for symbol in SYMBOLS:
                yield analyse(asyncio.run(observer.observe(symbol, with_chain=True)), "enhanced")
        session = next_session(session.day)


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--days", type=int, default=40)
    words.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2025, 5, 1))
    given = words.parse_args()
    seen = list(views(given.first, given.days))
    scores = {
        case: [create_scorer("enhanced", switches=switches).score(view).scores for view in seen]
        for case, switches in CASES.items()
    }
    print(f"{len(seen)} checkpoints, {given.days} simulated days after {given.first}\n")
    print("| switched on | strategy | mean change | smallest .. largest | HIGH before | HIGH after | best changes |")
    print("|---|---|---|---|---|---|---|")
    for case in list(CASES)[1:]:
        swapped = fmean(_best(a) != _best(b) for a, b in zip(scores["none"], scores[case], strict=True))
        for name in BASE_STRATEGIES:
            before, after = ([row[name] for row in scores[key]] for key in ("none", case))
            change = [b - a for a, b in zip(before, after, strict=True)]
            high = [fmean(score >= 65 for score in row) for row in (before, after)]
            print(
                f"| {case} | {name} | {fmean(change):+.1f} | {min(change):+.1f} .. {max(change):+.1f} |"
                f" {high[0]:.0%} | {high[1]:.0%} | {swapped:.0%} |"
            )


def _best(scores: dict[str, float]) -> str:
    return max(scores, key=scores.__getitem__)


if __name__ == "__main__":
    main()
