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
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.model_files import TrainedModel, load_model
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.duel import Duel, days_to_compare, duel
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.train import MODEL_FOLDER, learn, store
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.expiry import sessions_after, valid_until
from magic8_ml.registry.files import locked
from magic8_ml.registry.reloading import load_champion
from magic8_ml.registry.roles import RegistryRefused
from magic8_ml.registry.versions import Registry

LOCK: Final = "retrain.lock"
SESSIONS_OF_A_WEEK: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """The new version, whether it serves now, and why."""

    version: str
    promoted: bool
    why: str


def retrain(
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    out: Path,
    progress: Progress = silent,
    *,
    first_day: date | None = None,
) -> Retrained:
    """Learn from all bars and store a version; it serves at once if the champion cannot, or is not better.

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
            learnt = learn(bars, vix_daily, progress, first_day=first_day, challenge=False)
            return _settle(Registry(folder), store(learnt, folder), *_decision(folder, learnt.data.rows))
    except BlockingIOError as error:
        raise AlreadyRunning(folder, None) from error
    except RegistryRefused as refusal:
        raise TrainingRefused(str(refusal)) from refusal


def sessions_unseen(bars: Mapping[str, Bars], out: Path) -> int | None:
    """Count the sessions of the bars that the champion has not seen; None if there is no champion that can serve."""
    champion = _champion(out / MODEL_FOLDER)
    if isinstance(champion, str):
        return None
    table = session_table()
    newest = max(int(np.searchsorted(table.opens, series.starts[-1], side="right")) - 1 for series in bars.values())
    return max(0, newest - _frozen(champion))


def compare(champion: TrainedModel, rows: Rows) -> Duel:
    """Let the champion and the twin of today's recipe forecast what came after the freeze, of symbols both know."""
    frozen = _frozen(champion)
    known = [number for number, name in enumerate(rows.symbols) if name in champion.symbols]
    judged = days_to_compare(rows[np.isin(rows.symbol, known)], frozen)
    return duel(champion.forecaster, DistributionForecaster().fit(rows[rows.day <= frozen]), judged)


def decide(champion: TrainedModel, rows: Rows) -> tuple[bool, str]:
    """Tell whether a model learnt from ``rows`` takes over from the champion, and why.

    A champion that cannot serve for another week gives way undefeated: an older model is better than a newer one only
    as long as it may answer at all.
    """
    newest = session_table().sessions[int(rows.day.max())].day
    left = sessions_after(newest, valid_until(champion.manifest))
    if left < SESSIONS_OF_A_WEEK:
        return True, f"the champion may serve for {left} more sessions only"
    found = compare(champion, rows)
    return found.is_won, found.sentence()


def _decision(folder: Path, rows: Rows) -> tuple[bool, str]:
    champion = _champion(folder)
    if isinstance(champion, str):
        return True, f"there is no champion that can serve ({champion})"
    return decide(champion, rows)


def _settle(registry: Registry, version: str, is_won: bool, why: str) -> Retrained:
    if is_won:
        registry.promote(version, why)
    else:
        registry.challenge(version, why)
    return Retrained(version=version, promoted=is_won, why=why)


def _champion(folder: Path) -> TrainedModel | str:
    # the champion, or the reason why there is none
    try:
        return load_champion(folder, load_model).served
    except PluginUnavailable as error:
        return error.reason


def _frozen(champion: TrainedModel) -> int:
    return session_table().position(date.fromisoformat(champion.manifest["last_day"]))
