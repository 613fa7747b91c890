"""From newer bars to a new version, and to the decision who serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import AlreadyRunning, PluginUnavailable
from magic8_companion.durable import locked
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.forecaster import FittedForecaster, Rows
from magic8_ml.forecast.model_files import TrainedModel, load_model
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.train import MODEL_FOLDER, fit_model, store_model
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.proper_scores import ranked_probability_score
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.reloading import load_champion
from magic8_ml.registry.roles import RegistryRefused
from magic8_ml.registry.validity import sessions_after, valid_until
from magic8_ml.registry.versions import Registry

MIN_DAYS: Final = 3
"""Fewer days after the freeze decide nothing."""

EMBARGO_DAYS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedComparison:
    """Mean regime RPS by day of both; ``standard_error`` is that of the mean daily difference."""

    days: int
    champion: float
    challenger: float
    standard_error: float

    @property
    def is_not_worse(self) -> bool:
        """Tell whether the challenger is not worse: its mean loss exceeds the champion's by a standard error at most.

        >>> PairedComparison(days=5, champion=0.200, challenger=0.203, standard_error=0.004).is_not_worse
        True
        """
        return self.days >= MIN_DAYS and self.challenger - self.champion <= self.standard_error

    def summary(self) -> str:
        """Return its entry in the history."""
        if self.days < MIN_DAYS:
            return f"{self.days} new days to compare on, need {MIN_DAYS}"
        result = "not worse" if self.is_not_worse else "worse"
        return (
            f"{result}: regime RPS {self.challenger:.4f} against {self.champion:.4f} on {self.days} days that neither"
            f" had seen (standard error of the difference {self.standard_error:.4f})"
        )


def days_to_compare(rows: Rows, frozen: int) -> Rows:
    """Return the labelled rows of the sessions after the one at position ``frozen``, the first of them left out."""
    return rows[rows.labelled & (rows.day > frozen + EMBARGO_DAYS)]


def compare_paired(champion: FittedForecaster, twin: FittedForecaster, rows: Rows) -> PairedComparison:
    """Let both forecast ``rows``, labelled rows of days that neither has seen."""
    days, number = np.unique(rows.day, return_inverse=True)
    if len(days) < MIN_DAYS:
        return PairedComparison(
            days=len(days), champion=float("nan"), challenger=float("nan"), standard_error=float("nan")
        )
    losses = [
        np.bincount(number, ranked_probability_score(fitted.predict(rows.without_outcomes()).regime, rows.regime))
        / np.bincount(number)
        for fitted in (champion, twin)
    ]
    difference = losses[1] - losses[0]
    return PairedComparison(
        days=len(days),
        champion=float(losses[0].mean()),
        challenger=float(losses[1].mean()),
        standard_error=float(difference.std(ddof=1) / np.sqrt(len(days))),
    )


LOCK: Final = "retrain.lock"
SESSIONS_OF_A_WEEK: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingResult:
    """The new version, whether it serves now, and why."""

    version: str
    promoted: bool
    why: str


def retrain(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    out: Path,
    progress: ProgressCallback = no_progress,
    *,
    first_day: date | None = None,
) -> RetrainingResult:
    """Train on all bars and store a version; it serves at once if the champion cannot, or is not better.

    Raises
    ------
    TrainingRefused
        When the data cannot carry a model; nothing is changed then.
    AlreadyRunning
        When another retraining uses the folder.
    """
    folder = out / MODEL_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder / LOCK, wait=False):
            run = fit_model(bars, vix_daily, progress, first_day=first_day, challenge=False)
            return _settle(Registry(folder), store_model(run, folder), *_decision(folder, run.data.rows))
    except BlockingIOError as error:
        raise AlreadyRunning(folder, None) from error
    except RegistryRefused as refusal:
        raise TrainingRefused(str(refusal)) from refusal


def count_new_sessions(bars: Mapping[str, Bars], out: Path) -> int | None:
    """Count the sessions of the bars that the champion has not seen; None if there is no champion that can serve."""
    champion = _champion(out / MODEL_FOLDER)
    if isinstance(champion, str):
        return None
    table = session_table()
    newest = max(int(np.searchsorted(table.opens, series.starts[-1], side="right")) - 1 for series in bars.values())
    return max(0, newest - _frozen(champion))


def compare(champion: TrainedModel, rows: Rows) -> PairedComparison:
    """Compare the champion with the twin of today's configuration on days after the freeze, for symbols of both."""
    frozen = _frozen(champion)
    known = [number for number, name in enumerate(rows.symbols) if name in champion.symbols]
    test = days_to_compare(rows[np.isin(rows.symbol, known)], frozen)
    return compare_paired(champion.forecaster, DistributionForecaster().fit(rows[rows.day <= frozen]), test)


def decide(champion: TrainedModel, rows: Rows) -> tuple[bool, str]:
    """Tell whether a model trained on ``rows`` replaces the champion, and why.

    A champion that expires within a week is replaced without a comparison.
    """
    newest = session_table().sessions[int(rows.day.max())].day
    left = sessions_after(newest, valid_until(champion.manifest))
    if left < SESSIONS_OF_A_WEEK:
        return True, f"the champion may serve for {left} more sessions only"
    found = compare(champion, rows)
    return found.is_not_worse, found.summary()


def _decision(folder: Path, rows: Rows) -> tuple[bool, str]:
    champion = _champion(folder)
    if isinstance(champion, str):
        return True, f"there is no champion that can serve ({champion})"
    return decide(champion, rows)


def _settle(registry: Registry, version: str, is_not_worse: bool, why: str) -> RetrainingResult:
    if is_not_worse:
        registry.promote(version, why)
    else:
        registry.challenge(version, why)
    return RetrainingResult(version=version, promoted=is_not_worse, why=why)


def _champion(folder: Path) -> TrainedModel | str:
    # the champion, or the reason why there is none
    try:
        return load_champion(folder, load_model).served
    except PluginUnavailable as error:
        return error.reason


def _frozen(champion: TrainedModel) -> int:
    return session_table().position(date.fromisoformat(champion.manifest["last_day"]))
