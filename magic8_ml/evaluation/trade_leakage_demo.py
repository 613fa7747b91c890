"""The leakage demo on trades: two recipes, each under a random split and by day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask
from magic8_ml.evaluation.leakage_demo import (
    FitPredict,
    LeakageResult,
    SplitProtocol,
    boosted_trees,
    newest_rows,
    predict_splits,
    score_protocol,
    split_protocols,
)
from magic8_ml.evaluation.trade_baselines import BASE_RATE, RECALIBRATED_PREMIUM
from magic8_ml.evaluation.trade_walk_forward import WinEstimator
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.proper_scores import brier, skill
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeLeakage(LeakageResult):
    """How good a recipe looks under one protocol.

    Base rates are per symbol and strategy; ``price_skill`` is over the premium recalibrated on the training rows.
    """

    recipe: str
    price_skill: float


def demonstrate_trade_leakage(
    rows: TradeRows, progress: ProgressCallback = no_progress, rounds: int = ROUNDS
) -> list[RecipeLeakage]:
    """Predict which trades win, with every recipe under every protocol."""
    kept = rows[newest_rows(rows.day, MOST_ROWS)]
    first_days = round(_FIRST_SHARE * kept.n_days)
    protocols = split_protocols(kept.day, blocks=_BLOCKS, first_days=first_days)
    results: list[RecipeLeakage] = []
    for recipe, depth in RECIPES.items():
        for protocol in protocols:
            trees = boosted_trees(
                _columns(kept, protocol), kept.won.astype(np.float64), {**_PARAMETERS, "max_depth": depth}, rounds
            )
            results.append(_scored(recipe, trees, protocol, kept))
            progress("leakage demo", len(results), len(RECIPES) * len(protocols), len(kept))
    return results


def _columns(rows: TradeRows, protocol: SplitProtocol) -> Floats:
    columns = [rows.features, rows.symbol[:, None], rows.strategy[:, None]]
    if protocol.shows_result:
        columns.append((rows.profit / rows.max_risk)[:, None])
    return np.concatenate(columns, axis=1)


def _scored(recipe: str, trees: FitPredict, protocol: SplitProtocol, rows: TradeRows) -> RecipeLeakage:
    forecasters = (trees, _fit_predict(BASE_RATE, rows), _fit_predict(RECALIBRATED_PREMIUM, rows))
    predicted, base, price = (predict_splits(protocol.splits, len(rows), one) for one in forecasters)
    known = np.isfinite(predicted) & np.isfinite(price)
    won, predicted, price = rows.won[known].astype(np.float64), predicted[known], price[known]
    result = score_protocol(protocol, predicted, base[known], won)
    return RecipeLeakage(recipe=recipe, price_skill=skill(brier(predicted, won), brier(price, won)), **asdict(result))


def _fit_predict(model: WinEstimator, rows: TradeRows) -> FitPredict:
    def fit_predict(train: Mask, test: Mask) -> Floats:
        return model.fit(rows[train]).predict(rows[test])

    return fit_predict
