"""Out-of-fold predictions: every day is predicted by a model that saw only earlier days, of any symbol.

Expanding window, refitted a fixed number of times; one day of embargo between the last day learnt and the first
predicted.  A fold is a block of calendar days over ALL symbols: rows of one day are never on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.bars import Floats
from magic8_ml.features.labels import BUCKETS, Classes
from magic8_ml.models.two_stage import fit_two_stage
from magic8_ml.training.dataset import Dataset
from magic8_ml.training.progress import Progress

REFITS: Final = 8
FIRST_FIT_SHARE: Final = 0.4
MIN_FIRST_FIT_DAYS: Final = 40
EMBARGO_DAYS: Final = 1

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfFold:
    """Predictions of the tested rows.

    ``tested`` (n_rows,) marks them; ``joint`` (n_tested, 3, 3) is the model's; ``direction_climatology`` and
    ``regime_climatology`` (n_tested, 3) are the class shares of the same training days and half hour.
    """

    tested: Mask
    joint: Floats
    direction_climatology: Floats
    regime_climatology: Floats


def folds(days: npt.NDArray[np.int64]) -> Iterator[tuple[Mask, Mask]]:
    """Yield (train, test) masks over rows whose session positions are ``days``."""
    unique = np.unique(days)
    first = max(MIN_FIRST_FIT_DAYS, round(FIRST_FIT_SHARE * len(unique)))
    edges = np.unique(np.linspace(first, len(unique), REFITS + 1).astype(int)).tolist()
    for start, end in pairwise(edges):
        yield days < unique[start - EMBARGO_DAYS], (days >= unique[start]) & (days <= unique[end - 1])


def out_of_fold(data: Dataset, progress: Progress) -> OutOfFold:
    """Predict each test block with a model fitted on the days before it."""
    joint = np.full((len(data), 3, 3), np.nan)
    direction, regime = np.full((len(data), 3), np.nan), np.full((len(data), 3), np.nan)
    for n, (train, test) in enumerate(folds(data.days)):
        model = fit_two_stage(data.features[train], data.direction[train], data.regime[train])
        joint[test] = model.joint(data.features[test])
        direction[test] = _climatology(data.direction[train], data.bucket[train])[data.bucket[test]]
        regime[test] = _climatology(data.regime[train], data.bucket[train])[data.bucket[test]]
        progress("walk-forward", n + 1, REFITS, int(train.sum()))
    tested = np.isfinite(joint[:, 0, 0])
    return OutOfFold(
        tested=tested,
        joint=joint[tested],
        direction_climatology=direction[tested],
        regime_climatology=regime[tested],
    )


def _climatology(classes: Classes, bucket: npt.NDArray[np.int64]) -> Floats:
    # class shares per half hour, Laplace-smoothed
    counts = np.ones((BUCKETS, 3))
    np.add.at(counts, (bucket, classes), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
