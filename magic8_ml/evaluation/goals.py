"""Goals that were set in advance, and one rule that judges a measured interval against them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

import numpy as np

from magic8_ml.metrics.day_intervals import Interval

ALL: Final = "ALL"
"""The symbol of a goal that is measured on all symbols together."""

Scored = TypeVar("Scored")


class GoalStatus(StrEnum):
    """Whether a goal is met.

    ``NOT_YET_TESTABLE``: there are fewer days than the power table requires, and the interval does not exclude the
    goal.  ``NOT_PROVEN``: the value reaches the floor, but its interval includes zero and no power table applies.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_YET_TESTABLE = "not yet testable"
    NOT_PROVEN = "not proven"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal(Generic[Scored]):
    """One goal: ``floor`` to reach and ``ceiling`` not to pass; ``above_zero``: the interval must exclude zero as well.

    ``needs_days``: days that the power table requires, None without such a table.  ``meaning`` explains it to readers.
    """

    name: str
    meaning: str
    measure: Callable[[Scored], Interval]
    floor: float
    ceiling: float | None = None
    above_zero: bool = False
    needs_days: int | None = None

    def status(self, found: Interval) -> GoalStatus:
        """Judge a measured interval."""
        tested = self.needs_days is not None
        if not np.isfinite(found.value):
            return GoalStatus.NOT_YET_TESTABLE if tested else GoalStatus.NOT_KNOWN
        if self.needs_days is not None and found.n_days < self.needs_days:
            refuted = found.high < self.floor or (self.ceiling is not None and found.low > self.ceiling)
            return GoalStatus.FAILED if refuted else GoalStatus.NOT_YET_TESTABLE
        if not self.floor <= found.value <= (np.inf if self.ceiling is None else self.ceiling):
            return GoalStatus.FAILED
        if self.above_zero and not found.low > 0:
            return GoalStatus.FAILED if tested else GoalStatus.NOT_PROVEN
        return GoalStatus.PASSED


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalResult:
    """A measured goal; ``symbol`` is None where a problem is not measured per symbol."""

    goal: Goal[Any]
    found: Interval
    symbol: str | None = None

    @property
    def status(self) -> GoalStatus:
        """Return whether the goal is met."""
        return self.goal.status(self.found)

    @property
    def passed(self) -> bool | None:
        """Return whether the goal is met, None where that is open."""
        return {GoalStatus.PASSED: True, GoalStatus.FAILED: False}.get(self.status)

    def as_json(self) -> dict[str, Any]:
        """Return the plain form of the reports; unknown values are null."""
        found, goal = self.found, self.goal
        record = {
            "name": goal.name,
            "meaning": goal.meaning,
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "floor": goal.floor,
            "ceiling": goal.ceiling,
            "status": str(self.status),
            "n_days": found.n_days,
        }
        if self.symbol is None:
            return record
        more = {"above_zero": goal.above_zero, "passed": self.passed, "needs_days": goal.needs_days}
        return {**record, "symbol": self.symbol, **more}


def measure(goal: Goal[Scored], scored: Scored, symbol: str | None = None) -> GoalResult:
    """Measure a goal on scored rows."""
    return GoalResult(goal=goal, found=goal.measure(scored), symbol=symbol)
