"""Odds of the same trades by those who do not forecast, each learning from the training days of the model.

=====  ==============================================================================
B1     base rate of structure and half hour
B2     the odds that the modelled premium implies
B4     HAR with today, times what it missed by in the past
B5     logistic regression on all features
B6     the rule scorer's points, turned into odds by one line per strategy; only where they are supplied
B7     the odds of the premium, recalibrated
B8     always the most common outcome
=====  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.baselines import CLIMATOLOGY, HAR_TODAY
from magic8_ml.evaluation.regressions import fit_logit
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.structures import StructureTrades, price_structures
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.calibration import apply_line, fit_line

PRICE: Final = "B2 price"
LOGISTIC: Final = "B5 logistic regression"
RULES: Final = "B6 rule scorer"
RECALIBRATED_PRICE: Final = "B7 recalibrated price"
MAJORITY: Final = "B8 majority"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CanonicalStructures:
    """Every canonical structure at every row, shape (n_rows, 6): Butterfly, Iron_Condor and the four verticals.

    ``won`` 0 or 1; ``gross`` result before costs and ``cost`` of trading, in units of the largest loss; ``trades`` has
    the premium and what it implies.
    ``points`` (n_rows, 3): the rule scorer's 0..100 per strategy, None where there are none.
    """

    trades: StructureTrades
    won: Floats
    gross: Floats
    cost: Floats
    points: Floats | None = None

    @classmethod
    def of(cls, rows: Rows, points: Floats | None = None) -> CanonicalStructures:
        """Price the structures at the sigma that knows today's pace, and settle them."""
        trades, move = price_structures(rows.sigma_today), rows.known.move
        cost = trades.trading_cost
        won, gross = trades.won(move).astype(np.float64), trades.net(move) + cost
        return cls(trades=trades, won=won, gross=gross, cost=cost, points=points)

    def __getitem__(self, rows: Mask) -> CanonicalStructures:
        """Return some of the rows."""
        trades = StructureTrades(
            **{item.name: getattr(self.trades, item.name)[rows] for item in fields(StructureTrades)}
        )
        points = None if self.points is None else self.points[rows]
        return CanonicalStructures(
            trades=trades, won=self.won[rows], gross=self.gross[rows], cost=self.cost[rows], points=points
        )

    @property
    def implied(self) -> Floats:
        """Return the odds of the modelled premium."""
        return self.trades.implied


def win_odds(
    rows: Rows, structures: CanonicalStructures, folds: Sequence[Fold], progress: ProgressCallback = no_progress
) -> dict[str, Floats]:
    """Return each baseline's odds of all six structures on the tested rows, in their order."""
    tested = np.isin(rows.day, np.concatenate([fold.test for fold in folds]))
    predicted: dict[str, Floats] = {}
    for n, fold in enumerate(folds):
        train, test = np.isin(rows.day, fold.train), np.isin(rows.day, fold.test)
        for name, odds in _odds(rows, structures, train, test).items():
            predicted.setdefault(name, np.full(structures.won.shape, np.nan))[test] = odds
        progress("odds of the baselines", n + 1, len(folds), int(train.sum()))
    return {name: odds[tested] for name, odds in predicted.items()}


def _odds(rows: Rows, structures: CanonicalStructures, train: Mask, test: Mask) -> Mapping[str, Floats]:
    won, implied = structures.won[train], structures.implied[train]
    har = HAR_TODAY.fit(rows[train])
    shares = _shares(won, rows.bucket[train])[rows.bucket[test]]
    odds = {
        CLIMATOLOGY.name: shares,
        PRICE: structures.implied[test],
        HAR_TODAY.name: har.odds(rows[test], price_structures(rows.sigma_today[test])),
        LOGISTIC: _by_column(won, rows.features[train], rows.features[test]),
        RECALIBRATED_PRICE: _recalibrated(won, implied, structures.implied[test]),
        MAJORITY: np.tile(np.round(won.mean(axis=0)), (int(test.sum()), 1)),
    }
    if structures.points is not None:
        odds[RULES] = _recalibrated(won, _of_six(structures.points[train]), _of_six(structures.points[test]))
    return odds


def _shares(won: Floats, bucket: Integers) -> Floats:
    # Laplace-smoothed
    hits, count = np.ones((BUCKETS, won.shape[1])), np.full(BUCKETS, 2.0)
    np.add.at(hits, bucket, won)
    np.add.at(count, bucket, 1)
    return np.asarray(hits / count[:, None])


def _by_column(won: Floats, features: Floats, test: Floats) -> Floats:
    fits = [fit_logit(features, outcome.astype(np.int64)) for outcome in won.T]
    return np.stack([fit.predict(test)[:, 1] for fit in fits], axis=1)


def _recalibrated(won: Floats, predicted: Floats, test: Floats) -> Floats:
    answer = np.full(test.shape, np.nan)
    for column in range(won.shape[1]):
        known, wanted = np.isfinite(predicted[:, column]), np.isfinite(test[:, column])
        if known.any():
            fit = fit_line(predicted[known, column], won[known, column])
            answer[wanted, column] = apply_line(fit, test[wanted, column])
    return answer


def _of_six(points: Floats) -> Floats:
    # points as odds: a line through their log odds is all that is fitted
    share = np.clip(points, 1, 99) / 100
    return np.concatenate((share, share[:, 2:], share[:, 2:], share[:, 2:]), axis=1)
