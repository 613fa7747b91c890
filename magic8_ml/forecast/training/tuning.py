"""Search the capacity of the boosted trees: the space, the loss and the search.

The loss is the QLIKE of the remaining variance, walking forward over days that the fit has not seen.  Optuna suggests
the points in rounds of fixed size, so the search takes the same course on any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.remaining_variance import RemainingVariance
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.proper_scores import floored_qlike

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

MAX_TRIALS: Final = 40
"""Configurations of one family in one search: each further one makes the best look better than it is."""

TRIALS_PER_ROUND: Final = 4
"""A constant of the search, not of the workers: more workers than this stay idle."""

BLOCKS: Final = 3
FIRST_SHARE: Final = 0.5

Evaluate = Callable[[Sequence[BoostingSettings]], list[float]]
"""Settings -> their losses, in the same order."""


def search_space() -> dict[str, BaseDistribution]:
    """Return the bounds of each tuned parameter."""
    from optuna.distributions import FloatDistribution, IntDistribution  # noqa: PLC0415 - an extra that may be absent

    return {
        "rounds": IntDistribution(50, 200, step=25),
        "max_leaves": IntDistribution(4, 15),
        "learning_rate": FloatDistribution(0.02, 0.08, log=True),
        "reg_lambda": FloatDistribution(5.0, 50.0, log=True),
        "colsample": FloatDistribution(0.5, 0.9),
        "day_share": FloatDistribution(0.5, 0.8),
    }


def default_parameters() -> dict[str, Any]:
    """Return the point of the space that is used without a search: the first configuration of every search."""
    return {name: getattr(BoostingSettings(), name) for name in search_space()}


def tuning_loss(rows: Rows, settings: BoostingSettings) -> float:
    """Return the mean QLIKE by day over three blocks, each forecast by a fit on the days before it."""
    losses = []
    for fold in tuning_folds(rows):
        test = rows[np.isin(rows.day, fold.test)]
        variance = RemainingVariance.fit(rows[np.isin(rows.day, fold.train)], settings)
        by_row = floored_qlike(variance.sigma(test.without_outcomes()) ** 2, test.known.realised)
        _, day = np.unique(test.day, return_inverse=True)
        losses.append(np.bincount(day, by_row) / np.bincount(day))
    return float(np.concatenate(losses).mean())


def tuning_folds(rows: Rows) -> tuple[Fold, ...]:
    """Split the later half of the days into test blocks; the first half is only trained on."""
    count = len(np.unique(rows.day))
    first = round(FIRST_SHARE * count)
    return folds_of(rows.day, WalkForwardConfig(training_days=first, refit_days=-(-(count - first) // BLOCKS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningTrial:
    """One configuration and its loss."""

    parameters: Mapping[str, Any]
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """All trials of a search, the default configuration first."""

    trials: Sequence[TuningTrial]

    @property
    def default(self) -> TuningTrial:
        """Return the trial of the configuration that is used without a search."""
        return self.trials[0]

    @property
    def best(self) -> TuningTrial:
        """Return the trial of the smallest loss, the first of equals."""
        return min(self.trials, key=lambda trial: trial.loss)


def search(evaluate: Evaluate, n_trials: int, seed: int, progress: ProgressCallback = no_progress) -> SearchResult:
    """Try ``n_trials`` configurations, the default one among them; the same seed tries the same ones."""
    study, space = _study(seed), search_space()
    study.enqueue_trial(default_parameters())
    trials: list[TuningTrial] = []
    while len(trials) < n_trials:
        suggested = [study.ask(space) for _ in range(min(TRIALS_PER_ROUND, n_trials - len(trials)))]
        losses = evaluate([BoostingSettings(**trial.params) for trial in suggested])
        for trial, value in zip(suggested, losses, strict=True):
            study.tell(trial, value)
            trials.append(TuningTrial(parameters=trial.params, loss=value))
        progress("trials", len(trials), n_trials, 0)
    return SearchResult(trials=trials)


def _study(seed: int) -> Study:
    from optuna import create_study  # noqa: PLC0415 - an extra that may be absent
    from optuna.samplers import TPESampler  # noqa: PLC0415 - as above

    sampler = TPESampler(seed=seed, n_startup_trials=8, constant_liar=True)
    return create_study(sampler=sampler, direction="minimize")
