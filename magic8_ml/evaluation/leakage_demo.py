"""The leakage demo: the same classifier under a random split of rows and under splits by day.

Rows of one day share its close, so under a random split a model with enough capacity looks the result up in its
training rows.  That is where published accuracies above 90 % come from; never quote the random split as skill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.win_baselines import CanonicalStructures
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training.walk_forward import EMBARGO_DAYS
from magic8_ml.metrics.classification import auc
from magic8_ml.metrics.day_intervals import SEED
from magic8_ml.metrics.proper_scores import brier, skill

BLOCKS: Final = 3
ROUNDS: Final = 250
_TEST_SHARE: Final = 0.2
_MOST_ROWS: Final = 40_000
_EVEN: Final = 0.5
_PARAMETERS: Final[Mapping[str, Any]] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 8,
    "learning_rate": 0.2,
    "max_bin": 256,
    "nthread": 1,
    "seed": SEED,
}

Split = tuple[Mask, Mask]
"""The rows to train on, and the rows to test."""

FitPredict = Callable[[Mask, Mask], Floats]
"""Train on the first rows and return the probabilities of the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakageResult:
    """How good a classifier looks under one protocol; ``majority`` always predicts the more frequent outcome.

    ``brier_skill`` is over the base rates of the training rows.
    """

    protocol: str
    is_out_of_sample: bool
    accuracy: float
    majority: float
    auc: float
    brier_skill: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitProtocol:
    """A way to split rows; ``shows_result``: the classifier also gets a column made from the result."""

    name: str
    is_out_of_sample: bool
    splits: Sequence[Split]
    shows_result: bool = False


def split_protocols(day: Integers, *, blocks: int, first_days: int) -> tuple[SplitProtocol, ...]:
    """Return the four protocols; the walk-forward trains on at least ``first_days`` days less the embargo."""
    random, by_day = [random_split(len(day))], list(day_folds(day, blocks))
    forward = list(forward_folds(day, blocks, first_days))
    result = "the same with one column made from the close"
    return (
        SplitProtocol(name="random 80/20 split of rows", is_out_of_sample=False, splits=random),
        SplitProtocol(name=result, is_out_of_sample=False, splits=random, shows_result=True),
        SplitProtocol(name="folds grouped by day", is_out_of_sample=True, splits=by_day),
        SplitProtocol(name="walk-forward by day, purged, one day of embargo", is_out_of_sample=True, splits=forward),
    )


def random_split(n: int) -> Split:
    """Return the split of rows drawn at random, the one that leaks."""
    test = np.random.default_rng(SEED).random(n) < _TEST_SHARE
    return ~test, test


def day_folds(day: Integers, blocks: int) -> Iterator[Split]:
    """Yield splits of whole days, drawn at random into ``blocks``."""
    unique = np.unique(day)
    fold = np.random.default_rng(SEED).permutation(np.arange(len(unique)) % blocks)
    for n in range(blocks):
        test = np.isin(day, unique[fold == n])
        yield ~test, test


def forward_folds(day: Integers, blocks: int, first_days: int) -> Iterator[Split]:
    """Yield splits that test later days than they train on, with an embargo between them."""
    unique = np.unique(day)
    edges = np.linspace(first_days, len(unique), blocks + 1).astype(int)
    for start, end in pairwise(edges.tolist()):
        yield np.isin(day, unique[: start - EMBARGO_DAYS]), np.isin(day, unique[start:end])


def newest_rows(day: Integers, most_rows: int) -> Mask:
    """Select the newest whole days that hold at most ``most_rows`` rows; parts of a day would hide the leak."""
    days, size = np.unique(day, return_counts=True)
    return np.isin(day, days[np.cumsum(size[::-1])[::-1] <= most_rows])


def predict_splits(splits: Sequence[Split], n_rows: int, fit_predict: FitPredict) -> Floats:
    """Return the probabilities of all tested rows, (n_rows,), NaN for the others."""
    predicted = np.full(n_rows, np.nan)
    for train, test in splits:
        predicted[test] = fit_predict(train, test)
    return predicted


def boosted_trees(columns: Floats, won: Floats, parameters: Mapping[str, Any], rounds: int) -> FitPredict:
    """Return the classifier of the demo: ``rounds`` boosted trees on ``columns``."""

    def fit_predict(train: Mask, test: Mask) -> Floats:
        matrix = xgb.QuantileDMatrix(columns[train], won[train], nthread=1)
        return np.asarray(xgb.train(dict(parameters), matrix, rounds).inplace_predict(columns[test]))

    return fit_predict


def score_protocol(protocol: SplitProtocol, predicted: Floats, base: Floats, won: Floats) -> LeakageResult:
    """Score probabilities (n_rows,) without NaN against the base rates of the same splits."""
    return LeakageResult(
        protocol=protocol.name,
        is_out_of_sample=protocol.is_out_of_sample,
        accuracy=float(((predicted > _EVEN) == (won > 0)).mean()),
        majority=float(((base > _EVEN) == (won > 0)).mean()),
        auc=auc(predicted, won > 0),
        brier_skill=skill(brier(predicted, won), brier(base, won)),
        rows=len(won),
    )


def demonstrate_leakage(rows: Rows, structures: CanonicalStructures, rounds: int = ROUNDS) -> list[LeakageResult]:
    """Predict which canonical structures win, under every protocol."""
    count = structures.won.shape[1]
    keep = np.flatnonzero(newest_rows(rows.day, _MOST_ROWS // count))
    repeated, structure = np.repeat(keep, count), np.tile(np.arange(count), len(keep))
    won, day = structures.won[keep].ravel(), rows.day[repeated]
    plain = (rows.features[repeated], np.eye(count)[structure], structures.implied[keep].reshape(-1, 1))
    result = (rows.known.move / rows.sigma_vix)[repeated, None]

    def base_rates(train: Mask, test: Mask) -> Floats:
        rates = np.bincount(structure[train], won[train]) / np.bincount(structure[train])
        return np.asarray(rates[structure[test]])

    results = []
    for protocol in split_protocols(day, blocks=BLOCKS, first_days=len(np.unique(day)) // 3):
        columns = np.concatenate((*plain, result) if protocol.shows_result else plain, axis=1)
        trees = boosted_trees(columns, won, _PARAMETERS, rounds)
        predicted, base = (predict_splits(protocol.splits, len(won), one) for one in (trees, base_rates))
        known = np.isfinite(predicted)
        results.append(score_protocol(protocol, predicted[known], base[known], won[known]))
    return results
