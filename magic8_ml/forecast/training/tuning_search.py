"""The search: points are asked for and judged in rounds of fixed size, so that it goes the same way on any machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.tuning_space import SPACE, settings_of, shipped, study
from magic8_ml.forecast.training.tuning_workers import Evaluate

ROUND: Final = 4
"""Points per round.  A number of the search, not of the workers: more workers than this find nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One configuration and its loss."""

    parameters: Mapping[str, Any]
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Everything that was tried, the shipped configuration first."""

    tried: Sequence[Tried]

    @property
    def shipped(self) -> Tried:
        """Return the configuration that is used without a search."""
        return self.tried[0]

    @property
    def best(self) -> Tried:
        """Return the configuration of the smallest loss, the first of equals."""
        return min(self.tried, key=lambda tried: tried.loss)


def search(evaluate: Evaluate, n_trials: int, seed: int, progress: Progress = silent) -> SearchResult:
    """Try ``n_trials`` configurations, the shipped one among them; the same seed tries the same ones."""
    points = study(seed)
    points.enqueue_trial(shipped())
    tried: list[Tried] = []
    while len(tried) < n_trials:
        asked = [points.ask(dict(SPACE)) for _ in range(min(ROUND, n_trials - len(tried)))]
        losses = evaluate([settings_of(trial.params) for trial in asked])
        for trial, value in zip(asked, losses, strict=True):
            points.tell(trial, value)
            tried.append(Tried(parameters=trial.params, loss=value))
        progress("trials", len(tried), n_trials, 0)
    return SearchResult(tried=tried)
