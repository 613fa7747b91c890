"""The exhibit: one recipe, one set of rows, and what it seems to be worth under a random split and by day.

Trades of a day share its close, so a random split lets a model look up in its training rows how the day ended.  The
figures of the random split are shown because they were once believed; none of them may be quoted as skill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Mask
from magic8_ml.evaluation.leakage_demo import day_folds, random_split
from magic8_ml.evaluation.trade_baselines import BASE_RATE, RECALIBRATED_PREMIUM
from magic8_ml.evaluation.trade_walk_forward import WinEstimator
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.walk_forward import EMBARGO_DAYS
from magic8_ml.metrics.classification import auc
from magic8_ml.trades.rows import TradeRows

ROUNDS: Final = 200
RECIPES: Final = {"the predecessor's recipe: 200 trees of depth 4": 4, "the same with trees of depth 8": 8}
MOST_ROWS: Final = 120_000
_BLOCKS: Final = 4
_FIRST_SHARE: Final = 0.4
_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "learning_rate": 0.1,
    "nthread": 1,
    "seed": 42,
}
_Splits = Sequence[tuple[Mask, Mask]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeLeakage:
    """How good a recipe looks under one protocol.

    ``majority`` always names the commoner outcome; ``brier_skill`` is over the base rates per symbol and strategy of
    the same training rows, ``price_skill`` over the premium recalibrated on them.
    """

    recipe: str
    protocol: str
    honest: bool
    accuracy: float
    majority: float
    auc: float
    brier_skill: float
    price_skill: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Protocol:
    name: str
    honest: bool
    splits: _Splits  # (learnt, tested)
    told: bool = False  # whether the recipe is shown a column made from the result


def demonstrate_trade_leakage(
    rows: TradeRows, progress: Progress = silent, rounds: int = ROUNDS
) -> list[RecipeLeakage]:
    """Fit each recipe under four protocols; of very many days the newest are taken."""
    kept = _newest(rows)
    random, by_day, forward = [random_split(len(kept))], list(day_folds(kept.day, _BLOCKS)), list(_forward(kept))
    protocols = (
        _Protocol(name="random 80/20 split of rows", honest=False, splits=random),
        _Protocol(name="the same with one column made from the close", honest=False, splits=random, told=True),
        _Protocol(name="folds grouped by day", honest=True, splits=by_day),
        _Protocol(name="walk-forward by day, purged, one day of embargo", honest=True, splits=forward),
    )
    lines = []
    for recipe, depth in RECIPES.items():
        for protocol in protocols:
            lines.append(_line(recipe, {**_PARAMETERS, "max_depth": depth}, rounds, protocol, kept))
            progress("exhibit", len(lines), len(RECIPES) * len(protocols), len(kept))
    return lines


def _newest(rows: TradeRows) -> TradeRows:
    # whole days: what leaks is how much the rows of a day tell of each other
    days, size = np.unique(rows.day, return_counts=True)
    newest = days[np.cumsum(size[::-1])[::-1] <= MOST_ROWS]
    return rows[np.isin(rows.day, newest)]


def _forward(rows: TradeRows) -> Iterator[tuple[Mask, Mask]]:
    unique = np.unique(rows.day)
    edges = np.linspace(round(_FIRST_SHARE * len(unique)), len(unique), _BLOCKS + 1).astype(int)
    for start, end in pairwise(edges.tolist()):
        yield np.isin(rows.day, unique[: start - EMBARGO_DAYS]), np.isin(rows.day, unique[start:end])


def _line(
    recipe: str, parameters: Mapping[str, Any], rounds: int, protocol: _Protocol, rows: TradeRows
) -> RecipeLeakage:
    columns = [rows.features, rows.symbol[:, None], rows.strategy[:, None]]
    if protocol.told:
        columns.append((rows.profit / rows.max_risk)[:, None])
    table, won = np.concatenate(columns, axis=1), rows.won.astype(np.float64)
    predicted = np.full(len(rows), np.nan)
    for train, test in protocol.splits:
        learn = xgb.QuantileDMatrix(table[train], won[train], nthread=1)
        predicted[test] = xgb.train(dict(parameters), learn, rounds).inplace_predict(table[test])
    base, price = (_predict(model, protocol.splits, rows) for model in (BASE_RATE, RECALIBRATED_PREMIUM))
    known = np.isfinite(predicted) & np.isfinite(price)
    won, predicted, base, price = won[known], predicted[known], base[known], price[known]
    return RecipeLeakage(
        recipe=recipe,
        protocol=protocol.name,
        honest=protocol.honest,
        accuracy=float(((predicted > _EVEN) == (won > 0)).mean()),
        majority=float(((base > _EVEN) == (won > 0)).mean()),
        auc=auc(predicted, won > 0),
        brier_skill=_skill(predicted, base, won),
        price_skill=_skill(predicted, price, won),
        rows=int(known.sum()),
    )


def _predict(model: WinEstimator, splits: _Splits, rows: TradeRows) -> Floats:
    predicted = np.full(len(rows), np.nan)
    for train, test in splits:
        predicted[test] = model.fit(rows[train]).predict(rows[test])
    return predicted


def _skill(predicted: Floats, other: Floats, won: Floats) -> float:
    return float(1 - ((predicted - won) ** 2).mean() / ((other - won) ** 2).mean())


_EVEN: Final = 0.5
