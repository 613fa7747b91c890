"""Check whether HIGH is what its name says: how many calls get it, how often they win, and which strategies are called.

The targets are those of the operator guide.  They are no goals of the model: each check that is not reached gives its
reason, and none of them is reached by moving a threshold.  Labels count before blockers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES, BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.reports.numbers import percent
from magic8_ml.evaluation.records import CheckRecord
from magic8_ml.forecast.called_trades import HIGH, CalledTrades
from magic8_ml.metrics.day_intervals import Interval, day_interval, day_sums, mean_interval, ratio_of_totals

REACHED: Final = "reached"
NOT_REACHED: Final = "not reached"
NOT_PROVEN: Final = "not proven"
NOT_KNOWN: Final = "not known"

SHARE_OF_HIGH: Final = (0.20, 0.30)
HIGH_WINS: Final = 0.70
MIX: Final = {IRON_CONDOR: (0.50, 0.60), VERTICAL: (0.30, 0.40), BUTTERFLY: (0.05, 0.15)}

_MIDDLE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """A measured figure with its target; ``proof``: the whole interval must lie above the floor."""

    name: str
    meaning: str
    found: Interval
    floor: float
    reason: str
    ceiling: float | None = None
    proof: bool = False

    @property
    def status(self) -> str:
        found = self.found
        if not np.isfinite(found.value):
            return NOT_KNOWN
        if found.value < self.floor or (self.ceiling is not None and found.value > self.ceiling):
            return NOT_REACHED
        return NOT_PROVEN if self.proof and not found.low > self.floor else REACHED

    def as_record(self) -> CheckRecord:
        found, status = self.found, self.status
        reason = {REACHED: "", NOT_KNOWN: "No such call was settled."}.get(status, self.reason)
        return {
            "name": self.name,
            "meaning": self.meaning,
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "floor": self.floor,
            "ceiling": self.ceiling,
            "n_days": found.n_days,
            "status": status,
            "reason": reason,
        }


def label_checks(calls: CalledTrades) -> list[CheckRecord]:
    """Check share and wins of HIGH, each strategy against its other calls and against prices, and the mix."""
    answered = calls[calls.answered]
    checks = [_share(answered), _wins(answered), *_against_prices(answered), *_against_rest(answered), *_mix(answered)]
    return [check.as_record() for check in checks]


def blend_checks(calls: CalledTrades) -> list[CheckRecord]:
    """Check the best strategies of the host's blend at checkpoints in the same way: share of HIGH, prices, the rest."""
    share = _Check(
        name="share_of_high",
        meaning="share of HIGH in the best strategies",
        found=mean_interval(calls.high.astype(np.float64), calls.day),
        floor=SHARE_OF_HIGH[0],
        ceiling=SHARE_OF_HIGH[1],
        reason=(
            f"HIGH is a blended score of {100 * calls.threshold:g} or more. The points of the rules are no rank, so the"
            " days decide how many reach it."
        ),
    )
    checks = [share, *_against_prices(calls), *_against_rest(calls)]
    return [
        replace(check, name=f"blend_{check.name}", meaning=f"checkpoints: {check.meaning}").as_record()
        for check in checks
    ]


def _share(calls: CalledTrades) -> _Check:
    return _Check(
        name="share_of_high",
        meaning="share of HIGH in all answers, No_Trade included, before blockers",
        found=mean_interval(calls.high.astype(np.float64), calls.day),
        floor=SHARE_OF_HIGH[0],
        ceiling=SHARE_OF_HIGH[1],
        reason=(
            f"HIGH is a rank of {HIGH:.2f} among the best scores of the last year: {percent(1 - HIGH, 0)} of the calls,"
            f" if days are like those of that year.{_other_threshold(calls)}"
        ),
    )


def _other_threshold(calls: CalledTrades) -> str:
    # what a threshold that gives the middle of the band would have meant
    ranks = np.where(np.isfinite(calls.confidence), calls.confidence, 0.0)
    if not len(ranks):
        return ""
    threshold = float(np.quantile(ranks, 1 - _MIDDLE))
    wins = mean_interval(calls.won[ranks >= threshold], calls.day[ranks >= threshold]).value
    return (
        f" A threshold of {threshold:.2f} would have given {percent(_MIDDLE, 0)}, and its calls won {percent(wins)}:"
        " it would be chosen on the days that it is tested on."
    )


def _wins(calls: CalledTrades) -> _Check:
    high = calls[calls.high]
    found = mean_interval(high.won, high.day)
    implied = _mean(high.implied)
    reach = [name for name, part in _by_strategy(high) if _mean(part.implied) >= HIGH_WINS]
    only = f"only {' and '.join(reach)} can win that often" if reach else "no strategy wins that often by design"
    return _Check(
        name="wins_of_high",
        meaning="share of HIGH calls that won",
        found=found,
        floor=HIGH_WINS,
        reason=(
            "HIGH compares a strategy with its own past, not with a chance of winning. Prices implied"
            f" {percent(implied)} for these calls, and {percent(found.value)} won: {only}."
        ),
    )


def _against_prices(calls: CalledTrades) -> Iterator[_Check]:
    high = calls[calls.high]
    for name, part in (("all", high), *_by_strategy(high)):
        found = mean_interval(part.won - part.implied, part.day)
        yield _Check(
            name=f"high_less_implied_{name.lower()}",
            meaning=f"wins of HIGH calls less the chance implied by prices: {name}",
            found=found,
            floor=0.0,
            proof=True,
            reason=_why_not(found, "HIGH calls won less often than prices implied"),
        )


def _against_rest(calls: CalledTrades) -> Iterator[_Check]:
    for name, part in _by_strategy(calls):
        found = _less_rest(part)
        yield _Check(
            name=f"high_less_rest_{name.lower()}",
            meaning=f"wins of HIGH calls less those of the other calls: {name}",
            found=found,
            floor=0.0,
            proof=True,
            reason=_why_not(found, "HIGH calls won less often than the others of the strategy"),
        )


def _less_rest(calls: CalledTrades) -> Interval:
    known = np.isfinite(calls.won)
    won, high, days = calls.won[known], calls.high[known].astype(np.float64), calls.day[known]
    sums = day_sums(np.stack((won * high, high, won * (1 - high), 1 - high), axis=1), days)
    return day_interval(sums, lambda totals: ratio_of_totals(totals[..., :2]) - ratio_of_totals(totals[..., 2:]))


def _mix(calls: CalledTrades) -> Iterator[_Check]:
    for name, (floor, ceiling) in MIX.items():
        called = calls.chosen == BASE_STRATEGIES.index(name)
        yield _Check(
            name=f"mix_{name.lower()}",
            meaning=f"share of {name} in all answers, before blockers",
            found=mean_interval(called.astype(np.float64), calls.day),
            floor=floor,
            ceiling=ceiling,
            reason=(
                "Each strategy is ranked among its own past scores, so that each leads about equally often. No rule"
                " prefers one, and a rule that did would call it on days on which another has the larger edge."
            ),
        )


def _why_not(found: Interval, worse: str) -> str:
    if found.value < 0:
        chance = "; the interval includes zero" if found.high > 0 else ""
        return f"{worse}, by {_points(-found.value)}{chance}."
    return f"The interval over {found.n_days} days includes zero: the difference can be chance."


def _by_strategy(calls: CalledTrades) -> list[tuple[str, CalledTrades]]:
    return [(str(name), calls[_called(calls, n)]) for n, name in enumerate(BASE_STRATEGIES)]


def _called(calls: CalledTrades, strategy: int) -> Mask:
    return np.asarray(calls.chosen == strategy)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"
