"""How good the out-of-fold predictions were: both stages against the base rates, and what would have been chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_ml.features.labels import Classes
from magic8_ml.models.confidence import REFERENCE_SESSIONS, ReferenceRanks
from magic8_ml.models.strategy_view import DIRECTIONS, OUTCOMES, REGIMES, choose, strategy_probabilities
from magic8_ml.training.dataset import Dataset
from magic8_ml.training.scores import log_loss, ranked_probability_score, skill
from magic8_ml.training.walk_forward import Mask, OutOfFold

THRESHOLD: Final = 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEvaluation:
    """One stage out of fold: class shares, log loss of model and climatology by half hour, skill in RPS."""

    shares: Mapping[str, float]
    log_loss: float
    log_loss_climatology: float
    rpss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Both stages, and the shares of the outcomes chosen over the reference sessions."""

    tested_days: int
    direction: StageEvaluation
    volatility: StageEvaluation
    chosen: Mapping[str, float]


def references_of(data: Dataset, tested: OutOfFold) -> ReferenceRanks:
    """Collect the strategy probabilities of the last 252 sessions predicted out of fold."""
    last = _last_sessions(data, tested)
    return ReferenceRanks.collect(strategy_probabilities(tested.joint[last]), data.bucket[tested.tested][last])


def evaluate(data: Dataset, tested: OutOfFold, references: ReferenceRanks) -> Evaluation:
    """Score the tested rows."""
    direction, regime = data.direction[tested.tested], data.regime[tested.tested]
    return Evaluation(
        tested_days=len(np.unique(data.days[tested.tested])),
        direction=_stage(tested.joint.sum(axis=2), tested.direction_climatology, direction, DIRECTIONS),
        volatility=_stage(tested.joint.sum(axis=1), tested.regime_climatology, regime, REGIMES),
        chosen=_chosen(data, tested, references),
    )


def _stage(probabilities: Floats, climatology: Floats, classes: Classes, names: Sequence[str]) -> StageEvaluation:
    shares = np.bincount(classes, minlength=len(names)) / len(classes)
    losses, baseline = (ranked_probability_score(p, classes) for p in (probabilities, climatology))
    return StageEvaluation(
        shares=_rounded(dict(zip(names, shares.tolist(), strict=True))),
        log_loss=round(float(log_loss(probabilities, classes).mean()), 4),
        log_loss_climatology=round(float(log_loss(climatology, classes).mean()), 4),
        rpss=round(skill(losses, baseline), 4),
    )


def _chosen(data: Dataset, tested: OutOfFold, references: ReferenceRanks) -> dict[str, float]:
    last = _last_sessions(data, tested)
    joint, buckets = tested.joint[last], data.bucket[tested.tested][last]
    outcomes = choose(joint, references.ranks(strategy_probabilities(joint), buckets), THRESHOLD)
    shares = np.bincount(outcomes, minlength=len(OUTCOMES)) / len(outcomes)
    return _rounded(dict(zip(OUTCOMES, shares.tolist(), strict=True)))


def _last_sessions(data: Dataset, tested: OutOfFold) -> Mask:
    days = data.days[tested.tested]
    return np.asarray(days >= np.unique(days)[-REFERENCE_SESSIONS:][0])


def _rounded(shares: Mapping[str, float]) -> dict[str, float]:
    return {name: round(share, 4) for name, share in shares.items()}
