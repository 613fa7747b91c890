"""How the rules score real days, and what came of it: the replay report behind docs/rule_scores.md.

Every checkpoint of every day is analysed and scored by the product's own functions from the bars known then; the rest
of the day is looked at afterwards, for the outcome alone.  No chain is used: rules from bars and VIX.

    python benchmarks/rule_scores.py --bars-dir DIR --vix FILE --symbols SPY,QQQ --start-date D --end-date D
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from time import perf_counter

import numpy as np

from magic8_companion.analysis.view import analyse
from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.blend import label
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import BAR, Session, previous_session, sessions_between
from magic8_companion.paths import written_path
from magic8_companion.recordings.bar_folder import BarFolder, read_daily
from magic8_companion.recordings.past_states import state_at
from magic8_companion.scoring import create_scorer

CHECKPOINTS = (time(10, 30), time(11, 0), time(12, 30), time(14, 45))
HISTORY_DAYS = 30
HIGH, MEDIUM = 65.0, 35.0
RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredDay:
    """One scored checkpoint; moves in units of the range expected from there to the close."""

    day: date
    checkpoint: str
    scores: dict[str, float]
    move: float
    excursion: float
    continuation: float
    seconds: float


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars-dir", type=written_path, required=True, help="folder of 5-minute bars")
    parser.add_argument("--vix", type=written_path, required=True, help="file of daily VIX bars")
    parser.add_argument("--symbols", default="SPY,QQQ")
    parser.add_argument("--start-date", type=date.fromisoformat, required=True)
    parser.add_argument("--end-date", type=date.fromisoformat, required=True)
    args = parser.parse_args()
    folder, vix = BarFolder(args.bars_dir), read_daily(args.vix).bars
    sessions = sessions_between(args.start_date, args.end_date)
    for symbol in args.symbols.split(","):
        skipped: dict[str, int] = {}
        judged = [item for session in sessions for item in score_day(folder, vix, symbol, session, skipped)]
        if judged:
            report(symbol, judged, skipped)
        else:
            print(f"\n### {symbol}: no checkpoint could be scored: {skipped}")


def score_day(
    folder: BarFolder, vix: Bars, symbol: str, session: Session, skipped: dict[str, int]
) -> Iterator[ScoredDay]:
    """Yield the checkpoints of one day; a day or checkpoint that cannot be scored is counted by its reason."""
    scorer = create_scorer("simple")
    try:
        day = folder.today(symbol, BAR, session, session.close_at)
    except DataUnavailable as refusal:
        skipped[refusal.reason] = skipped.get(refusal.reason, 0) + 1
        return
    first = session
    for _ in range(HISTORY_DAYS):
        first = previous_session(first.day)
    history = folder.history(symbol, BAR, first.open_at, session.open_at)
    for wall in CHECKPOINTS:
        at = session.at(wall)
        if at >= session.close_at:
            continue
        try:
            state = state_at(symbol, session, at, day.known_at(at), history, vix)
            began = perf_counter()
            view = analyse(state, "simple")
            card = scorer.score(view)
            took = perf_counter() - began
        except DataUnavailable as refusal:
            skipped[refusal.reason] = skipped.get(refusal.reason, 0) + 1
            continue
        rest = day.between(at, session.close_at)
        ahead = np.log(rest.close[-1] / state.spot)
        furthest = max(np.log(rest.high.max() / state.spot), -np.log(rest.low.min() / state.spot))
        yield ScoredDay(
            day=session.day,
            checkpoint=f"{wall:%H:%M}",
            scores=dict(card.scores),
            move=abs(ahead) / view.expected_range_pct,
            excursion=furthest / view.expected_range_pct,
            continuation=float(np.sign(view.tape["net_move"] or 0.0) * ahead) / view.expected_range_pct,
            seconds=took,
        )


def report(symbol: str, judged: list[ScoredDay], skipped: dict[str, int]) -> None:
    """Print the tables of one symbol."""
    days = sorted({item.day for item in judged})
    print(f"\n### {symbol}, {len(days)} days {days[0]} to {days[-1]}, {len(judged)} checkpoints\n")
    print("| strategy | HIGH | " + " | ".join(f"HIGH {wall:%H:%M}" for wall in CHECKPOINTS), end="")
    print(" | MEDIUM | LOW | mean | sd | 5 % | 95 % | HIGH in 60-day windows |")
    print("|---|" + "---|" * (len(CHECKPOINTS) + 8))
    for name in BASE_STRATEGIES:
        print(shares(name, judged))
    print("\n| outcome (HIGH / the others, 95 % interval of the difference) | " + " | ".join(BASE_STRATEGIES) + " |")
    print("|---|---|---|---|")
    outcomes: tuple[tuple[str, Callable[[ScoredDay], float]], ...] = (
        ("abs(move to the close) / expected", lambda item: item.move),
        ("share that leaves the expected range on the way", lambda item: float(item.excursion > 1)),
        ("share that closes inside half the expected range", lambda item: float(item.move < 0.5)),
        ("move to the close in the direction of the day so far", lambda item: item.continuation),
    )
    for title, outcome in outcomes:
        cells = [contrast(name, judged, outcome) for name in BASE_STRATEGIES]
        print(f"| {title} | " + " | ".join(cells) + " |")
    without = np.mean([max(item.scores.values()) < HIGH for item in judged])
    speed = 1e3 * float(np.median([item.seconds for item in judged]))
    print(f"\nWithout any HIGH: {without:.0%}. Skipped: {skipped or 'none'}. Analyse and score: median {speed:.2f} ms.")


def shares(name: str, judged: list[ScoredDay]) -> str:
    """Return the row of one strategy: shares of the labels, spread of the scores, extremes over 60 days."""
    scores = np.array([item.scores[name] for item in judged])
    labels = np.array([label(score, HIGH, MEDIUM) for score in scores])
    high = labels == "HIGH"
    walls = np.array([item.checkpoint for item in judged])
    low, top = np.quantile(scores, [0.05, 0.95])
    cells = [
        f"**{high.mean():.1%}**",
        *(f"{high[walls == f'{wall:%H:%M}'].mean():.0%}" for wall in CHECKPOINTS),
        f"{(labels == 'MEDIUM').mean():.0%}",
        f"{(labels == 'LOW').mean():.0%}",
        *(f"{number:.0f}" for number in (scores.mean(), scores.std(), low, top)),
        "{:.0%} .. {:.0%}".format(*sixty_days(judged, name)),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def sixty_days(judged: list[ScoredDay], name: str) -> tuple[float, float]:
    """Return the lowest and highest share of HIGH over any 60 consecutive days, or over all days if there are fewer."""
    _, position = np.unique([item.day.toordinal() for item in judged], return_inverse=True)
    hits = np.bincount(position, weights=[item.scores[name] >= HIGH for item in judged])
    counts = np.bincount(position)
    window = np.ones(min(60, len(counts)))
    rolling = np.convolve(hits, window, "valid") / np.convolve(counts, window, "valid")
    return float(rolling.min()), float(rolling.max())


def contrast(name: str, judged: list[ScoredDay], outcome: Callable[[ScoredDay], float]) -> str:
    """Return mean under HIGH / mean of the others, with the interval of a bootstrap that draws whole days."""
    _, position = np.unique([item.day.toordinal() for item in judged], return_inverse=True)
    high = np.array([item.scores[name] >= HIGH for item in judged])
    values = np.array([outcome(item) for item in judged])
    columns = (values * high, 1.0 * high, values * ~high, 1.0 * ~high)
    per_day = np.stack([np.bincount(position, weights=column) for column in columns], axis=1)
    draw = np.random.default_rng(8).integers(0, len(per_day), (RESAMPLES, len(per_day)))
    low, top = np.quantile(_difference(per_day[draw].sum(axis=1)), [0.025, 0.975])
    return f"{values[high].mean():.2f} / {values[~high].mean():.2f} [{low:+.2f}, {top:+.2f}]"


def _difference(sums: Floats) -> Floats:
    with_high, without = np.maximum(sums[:, 1], 1), np.maximum(sums[:, 3], 1)
    return np.asarray(sums[:, 0] / with_high - sums[:, 2] / without)


if __name__ == "__main__":
    main()
