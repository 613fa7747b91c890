"""Align forecasts, baselines and results on the same rows and the same trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.options.costs import BASE, SPREAD_MODELS
from magic8_ml.evaluation.baselines import BASELINES, Price, class_shares, classes_below
from magic8_ml.evaluation.out_of_sample import OutOfSample, PaceLosses, Settlement
from magic8_ml.evaluation.win_baselines import PRICE, CanonicalStructures, win_odds
from magic8_ml.forecast.forecaster import Forecast, Rows, concat_rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.structures import select_strategies
from magic8_ml.forecast.training.walk_forward import Fold, rows_of_folds, walk_forward
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.proper_scores import ranked_probability_score

FEWEST_DAYS: Final = 60
SCENARIOS: Final[Mapping[str, float]] = {model.name: model.basis_points / BASE.basis_points for model in SPREAD_MODELS}
"""Costs as multiples of the base scenario: 0.25, 0.75 and 3 bp of spot for four legs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmark:
    """The test rows with the forecasts of every baseline and the results of all six structures, for any model.

    ``won``, ``gross``, ``cost`` and each of ``odds`` have shape (n_rows, 6).
    """

    rows: Rows
    folds: Sequence[Fold]
    baselines: Mapping[str, Forecast]
    won: Floats
    gross: Floats
    cost: Floats
    odds: Mapping[str, Floats]

    def compare(self, model: Forecast, designs: Mapping[str, Forecast] | None = None) -> OutOfSample:
        """Return the model with the baselines and other ``designs``, settling the verticals that the model means.

        Where another design means another vertical, it has no forecast of this one.
        """
        others = designs or {}
        odds = {name: select_strategies(predicted, model.vertical) for name, predicted in self.odds.items()}
        return OutOfSample(
            rows=self.rows,
            model=model,
            baselines={**self.baselines, **others},
            settlement=Settlement(
                won=select_strategies(self.won, model.vertical),
                gross=select_strategies(self.gross, model.vertical),
                cost=select_strategies(self.cost, model.vertical),
                odds={**odds, **{name: _same_trades(other, model) for name, other in others.items()}},
            ),
            pace=pace_losses(model.sigma, self.rows, self.folds),
        )


def _same_trades(other: Forecast, model: Forecast) -> Floats:
    odds = other.win.copy()
    odds[other.vertical != model.vertical, -1] = np.nan
    return odds


def build_benchmark(
    rows: Rows, structures: CanonicalStructures, folds: Sequence[Fold], progress: ProgressCallback = no_progress
) -> Benchmark:
    """Let every baseline learn and answer fold by fold.

    Parameters
    ----------
    rows
        All rows with outcomes: training and test rows.
    structures
        The canonical structures at all rows.
    folds
        Blocks of days; the baselines are trained on ``train`` and predict ``test``.
    """
    tested = rows_of_folds(rows, folds)
    return Benchmark(
        rows=rows[tested],
        folds=folds,
        baselines={one.name: walk_forward(one, rows, folds, progress) for one in BASELINES},
        won=structures.won[tested],
        gross=anchored_gross(rows, structures, folds)[tested],
        cost=structures.cost[tested],
        odds=win_odds(rows, structures, folds, progress),
    )


def with_earlier_rows(bench: Benchmark, rows: Rows, structures: CanonicalStructures) -> Benchmark:
    """Put rows of earlier days in front, for which only the prices have enough history."""
    count = len(rows)
    early = {one.name: one.predict(rows) if isinstance(one, Price) else Forecast.partial(count) for one in BASELINES}
    unknown = np.full(structures.won.shape, np.nan)
    return Benchmark(
        rows=concat_rows([rows, bench.rows]),
        folds=bench.folds,
        baselines={name: Forecast.concat([early[name], late]) for name, late in bench.baselines.items()},
        won=np.concatenate((structures.won, bench.won)),
        gross=np.concatenate((unknown, bench.gross)),
        cost=np.concatenate((structures.cost, bench.cost)),
        odds={
            name: np.concatenate((structures.implied if name == PRICE else unknown, late))
            for name, late in bench.odds.items()
        },
    )


def pace_losses(sigma: Floats, rows: Rows, folds: Sequence[Fold]) -> PaceLosses:
    """Score forecasts ``sigma`` (n_rows,) that were each made before their day; ``rows`` have outcomes."""
    usable = np.isfinite(sigma) & np.isfinite(rows.regime_terciles_today).all(axis=1)
    model, climatology = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for fold in folds:
        before, test = usable & (rows.day <= fold.train.max()), usable & np.isin(rows.day, fold.test)
        if len(np.unique(rows.day[before])) < FEWEST_DAYS or not test.any():
            continue
        past, here = rows[before], rows[test]
        residuals = Residuals.of(sigma[before], past.known, past.bucket)
        edges = (here.regime_terciles_today * here.sigma_today[:, None]) ** 2
        predicted = classes_below(residuals.variance_below(edges, sigma[test], here.bucket))
        shares = class_shares(past.regime_today, past.bucket)[here.bucket]
        model[test], climatology[test] = (ranked_probability_score(p, here.regime_today) for p in (predicted, shares))
    return PaceLosses(model=model, climatology=climatology)


def anchored_gross(rows: Rows, structures: CanonicalStructures, folds: Sequence[Fold]) -> Floats:
    """Return the gross result of each structure at every row, (n_rows, 6), less its past mean; NaN where not tested."""
    gross = structures.gross
    answer = np.full(gross.shape, np.nan)
    for fold in folds:
        train, test = np.isin(rows.day, fold.train), np.isin(rows.day, fold.test)
        usual = _mean_by_bucket(gross[train], rows.bucket[train])
        answer[test] = gross[test] - usual[rows.bucket[test]]
    return answer


def _mean_by_bucket(gross: Floats, bucket: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Floats:
    # a half hour without a past takes the mean of all
    sums, count = np.zeros((BUCKETS, gross.shape[1])), np.zeros((BUCKETS, 1))
    np.add.at(sums, bucket, gross)
    np.add.at(count, bucket, 1)
    return np.where(count > 0, sums / np.maximum(count, 1), gross.mean(axis=0))
