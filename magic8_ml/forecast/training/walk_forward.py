"""Purged walk-forward: every day is forecast by models that were trained on earlier days only, of any symbol.

A fold is a block of calendar days over ALL symbols, so rows of one day are never on two sides.  An embargo lies
between the last training day and the first test day.  The training window only grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Integers, Mask
from magic8_ml.forecast.forecaster import Forecast, Forecaster, Past, Rows
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress

TRAINING_DAYS: Final = 250
REFIT_DAYS: Final = 20
EMBARGO_DAYS: Final = 1
_FIRST_SHARE: Final = 0.2
_FEWEST_TRAINING_DAYS: Final = 40
_MOST_TRAINING_DAYS: Final = 125
_FEWEST_REFITS: Final = 8
_MOST_REFITS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForwardConfig:
    """Lengths of a walk-forward in days; only days that have rows are counted."""

    training_days: int = TRAINING_DAYS
    refit_days: int = REFIT_DAYS
    embargo_days: int = EMBARGO_DAYS

    @classmethod
    def of(cls, days: Integers) -> WalkForwardConfig:
        """Return the configuration of a training: a fifth of the days, 40 to 125, then 8 to 24 refits.

        >>> WalkForwardConfig.of(np.arange(1000)), WalkForwardConfig.of(np.arange(140)).refit_days
        (WalkForwardConfig(training_days=125, refit_days=37, embargo_days=1), 13)
        """
        count = len(np.unique(days))
        first = min(_MOST_TRAINING_DAYS, max(_FEWEST_TRAINING_DAYS, round(_FIRST_SHARE * count)))
        test = max(1, count - first - EMBARGO_DAYS)
        refit = min(max(REFIT_DAYS, -(-test // _MOST_REFITS)), -(-test // _FEWEST_REFITS))
        return cls(training_days=first, refit_days=refit)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """One block: ``train`` and ``test`` are ascending session positions on the exchange calendar."""

    train: Integers
    test: Integers


def folds_of(days: Integers, config: WalkForwardConfig) -> tuple[Fold, ...]:
    """Cut the days of rows into folds; none when there are too few days.

    >>> fold = folds_of(np.arange(7), WalkForwardConfig(training_days=3, refit_days=2))[0]
    >>> fold.train.tolist(), fold.test.tolist()
    ([0, 1, 2], [4, 5])
    """
    unique = np.unique(days)
    first = config.training_days + config.embargo_days
    return tuple(
        Fold(train=unique[: start - config.embargo_days], test=unique[start : start + config.refit_days])
        for start in range(first, len(unique), config.refit_days)
    )


def rows_of_folds(rows: Rows, folds: Sequence[Fold]) -> Mask:
    """Tell which rows the folds forecast."""
    return np.isin(rows.day, np.concatenate([fold.test for fold in folds]))


def walk_forward(
    forecaster: Forecaster, rows: Rows, folds: Sequence[Fold], progress: ProgressCallback = no_progress
) -> Forecast:
    """Forecast the tested rows, in their order, fold by fold.

    ``rows`` have outcomes and are handed over without them when they are forecast.  Each fit also gets the forecasts
    of training days that were themselves made out of fold.

    Raises
    ------
    ValueError
        When there is no fold, a side of one is empty, or a day lies on both sides.
    """
    if not folds:
        raise ValueError("there is no fold to test")
    parts: list[Forecast] = []
    places = np.empty(0, dtype=np.int64)
    for n, fold in enumerate(folds):
        _require_purged(fold)
        train, test = np.isin(rows.day, fold.train), np.isin(rows.day, fold.test)
        fitted = forecaster.fit(rows[train], _past(rows, places, parts, fold))
        parts.append(fitted.predict(rows[test].without_outcomes()))
        places = np.concatenate((places, np.flatnonzero(test)))
        progress(f"walk-forward {forecaster.name}", n + 1, len(folds), int(train.sum()))
    return Forecast.concat(parts)[np.argsort(places)]


def _require_purged(fold: Fold) -> None:
    if not len(fold.train) or not len(fold.test):
        raise ValueError("a side of a fold is empty")
    if fold.train.max() >= fold.test.min():
        raise ValueError("a fold trains on a day that is not before all of its test days")


def _past(rows: Rows, places: Integers, parts: list[Forecast], fold: Fold) -> Past | None:
    if not parts:
        return None
    forecast, made = Forecast.concat(parts), rows[places]
    known = made.day <= fold.train.max()  # the embargo holds for what calibrates, too
    return Past(rows=made[known], forecast=forecast[known])
