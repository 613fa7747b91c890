"""Champion against challenger, paired by day, on days that neither has seen.

The challenger itself has learnt from every day there is, so it cannot be judged on any.  Its *twin* can: the same
recipe, fitted on the same data up to the day on which the champion was frozen.  Both then forecast the days after that,
and the losses of each day are compared with one another, because good and bad days are the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_ml.forecast.forecaster import FittedForecaster, Rows
from magic8_ml.metrics.proper_scores import ranked_probability_score

MIN_DAYS: Final = 3
"""Fewer days after the freeze decide nothing."""

EMBARGO_DAYS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """Mean regime RPS by day of both; ``standard_error`` is that of the mean daily difference."""

    days: int
    champion: float
    challenger: float
    standard_error: float

    @property
    def is_won(self) -> bool:
        """Tell whether the challenger is not worse: its mean loss exceeds the champion's by a standard error at most.

        >>> Duel(days=5, champion=0.200, challenger=0.203, standard_error=0.004).is_won
        True
        """
        return self.days >= MIN_DAYS and self.challenger - self.champion <= self.standard_error

    def sentence(self) -> str:
        """Return what the history says about it."""
        if self.days < MIN_DAYS:
            return f"{self.days} new days to compare on, need {MIN_DAYS}"
        verdict = "not worse" if self.is_won else "worse"
        return (
            f"{verdict}: regime RPS {self.challenger:.4f} against {self.champion:.4f} on {self.days} days that neither"
            f" had seen (standard error of the difference {self.standard_error:.4f})"
        )


def days_to_compare(rows: Rows, frozen: int) -> Rows:
    """Return the labelled rows of the sessions after the one at position ``frozen``, the first of them left out."""
    return rows[rows.labelled & (rows.day > frozen + EMBARGO_DAYS)]


def duel(champion: FittedForecaster, twin: FittedForecaster, rows: Rows) -> Duel:
    """Let both forecast ``rows``, labelled rows of days that neither has seen."""
    days, number = np.unique(rows.day, return_inverse=True)
    if len(days) < MIN_DAYS:
        return Duel(days=len(days), champion=float("nan"), challenger=float("nan"), standard_error=float("nan"))
    losses = [
        np.bincount(number, ranked_probability_score(fitted.predict(rows.without_outcomes()).regime, rows.regime))
        / np.bincount(number)
        for fitted in (champion, twin)
    ]
    difference = losses[1] - losses[0]
    return Duel(
        days=len(days),
        champion=float(losses[0].mean()),
        challenger=float(losses[1].mean()),
        standard_error=float(difference.std(ddof=1) / np.sqrt(len(days))),
    )
