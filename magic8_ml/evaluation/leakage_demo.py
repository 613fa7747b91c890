"""The leak exhibit: one and the same classifier under a random split of rows and under splits by day.

Rows of one day share its ending, so a random split lets a model of enough capacity look the answer up.  That is how
accuracies above 90 % came to be believed; none of the figures of the random split may ever be quoted as skill.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.win_baselines import CanonicalStructures
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.metrics.classification import auc
from magic8_ml.metrics.day_intervals import SEED

BLOCKS: Final = 3
_TEST_SHARE: Final = 0.2
_MOST_ROWS: Final = 40_000
ROUNDS: Final = 250
_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 8,
    "learning_rate": 0.2,
    "max_bin": 256,
    "nthread": 1,
    "seed": SEED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakageResult:
    """How good the classifier looks under one protocol; ``majority`` always names the commoner outcome.

    ``brier_skill`` is over the base rates of the training rows per structure.
    """

    protocol: str
    honest: bool
    accuracy: float
    majority: float
    auc: float
    brier_skill: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Examples:
    columns: Floats
    future: Floats  # the remaining move: what no honest column may hold
    won: Floats
    structure: Integers
    day: Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Protocol:
    name: str
    honest: bool
    columns: Floats
    folds: list[tuple[Mask, Mask]]  # (learnt, tested)


def demonstrate_leakage(rows: Rows, structures: CanonicalStructures, rounds: int = ROUNDS) -> list[LeakageResult]:
    """Fit the same boosted trees under four protocols, on the newest days when there are very many."""
    examples = _examples(rows, structures)
    plain, random = examples.columns, [random_split(len(examples.won))]
    leaked = np.concatenate((plain, examples.future[:, None]), axis=1)
    by_day, forward = list(day_folds(examples.day, BLOCKS)), list(_forward_folds(examples.day))
    purged = "walk-forward by day, purged, one day of embargo"
    protocols = (
        _Protocol(name="random 80/20 split of rows", honest=False, columns=plain, folds=random),
        _Protocol(name="the same with one column made from the close", honest=False, columns=leaked, folds=random),
        _Protocol(name="folds grouped by day", honest=True, columns=plain, folds=by_day),
        _Protocol(name=purged, honest=True, columns=plain, folds=forward),
    )
    return [_line(protocol, examples, rounds) for protocol in protocols]


def _examples(rows: Rows, structures: CanonicalStructures) -> _Examples:
    # whole days: what leaks is how much the rows of a day tell of each other
    count = structures.won.shape[1]
    days, size = np.unique(rows.day, return_counts=True)
    newest = days[np.cumsum(size[::-1])[::-1] * count <= _MOST_ROWS]
    keep = np.flatnonzero(np.isin(rows.day, newest))
    repeated = np.repeat(keep, count)
    structure = np.tile(np.arange(count), len(keep))
    scaled = rows.known.move / rows.sigma_vix
    told = (rows.features[repeated], np.eye(count)[structure], structures.implied[keep].reshape(-1, 1))
    return _Examples(
        columns=np.concatenate(told, axis=1),
        future=scaled[repeated],
        won=structures.won[keep].ravel(),
        structure=structure,
        day=rows.day[repeated],
    )


def random_split(n: int) -> tuple[Mask, Mask]:
    """Return who is learnt from and who is tested when rows are drawn by lot: the split that leaks."""
    test = np.random.default_rng(SEED).random(n) < _TEST_SHARE
    return ~test, test


def day_folds(day: Integers, blocks: int) -> Iterator[tuple[Mask, Mask]]:
    """Yield who is learnt from and who is tested when whole days are drawn by lot into ``blocks``."""
    unique = np.unique(day)
    fold = np.random.default_rng(SEED).permutation(np.arange(len(unique)) % blocks)
    for n in range(blocks):
        test = np.isin(day, unique[fold == n])
        yield ~test, test


def _forward_folds(day: Integers) -> Iterator[tuple[Mask, Mask]]:
    unique = np.unique(day)
    edges = np.linspace(len(unique) // 3, len(unique), BLOCKS + 1).astype(int)
    for start, end in pairwise(edges.tolist()):
        yield day < unique[start - 1], (day >= unique[start]) & (day <= unique[end - 1])


def _line(protocol: _Protocol, examples: _Examples, rounds: int) -> LeakageResult:
    predicted, base = np.full(len(examples.won), np.nan), np.full(len(examples.won), np.nan)
    for train, test in protocol.folds:
        learn = xgb.QuantileDMatrix(protocol.columns[train], examples.won[train], nthread=1)
        predicted[test] = xgb.train(_PARAMETERS, learn, rounds).inplace_predict(protocol.columns[test])
        base[test] = _base_rates(examples, train)[examples.structure[test]]
    known = np.isfinite(predicted)
    won, predicted, base = examples.won[known], predicted[known], base[known]
    return LeakageResult(
        protocol=protocol.name,
        honest=protocol.honest,
        accuracy=float(((predicted > 0.5) == (won > 0)).mean()),
        majority=float(((base > 0.5) == (won > 0)).mean()),
        auc=auc(predicted, won > 0),
        brier_skill=float(1 - ((predicted - won) ** 2).mean() / ((base - won) ** 2).mean()),
        rows=int(known.sum()),
    )


def _base_rates(examples: _Examples, train: Mask) -> Floats:
    structure, won = examples.structure[train], examples.won[train]
    return np.asarray(np.bincount(structure, won) / np.bincount(structure))
