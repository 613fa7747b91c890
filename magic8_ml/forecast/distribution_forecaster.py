"""The forecaster in service: a forecast of the remaining variance, and everything else from one distribution around it.

    rows ─> RemainingVariance ─> sigma ─> Residuals ─> direction, regime, quantiles, odds of the canonical structures
                                              └─> OddsModel ─> edges ─> ReferenceEdges ─> confidence ─> the choice

The variance model is fitted on all rows; residuals, odds and reference edges only on forecasts made before the
outcome: those of a walk-forward that is handed in, completed by one of its own where that is short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import xgboost as xgb
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE, TIE_ORDER
from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.confidence import ReferenceEdges
from magic8_ml.forecast.forecaster import Forecast, Past, Rows, concat_rows
from magic8_ml.forecast.labels import OUTCOMES
from magic8_ml.forecast.odds import OddsModel
from magic8_ml.forecast.remaining_variance import RemainingVariance
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.structures import select_strategies
from magic8_ml.forecast.symbol_families import match_symbol
from magic8_ml.forecast.terciles import Terciles

CALIBRATION_DAYS: Final = 500
ENOUGH_DAYS: Final = 120
"""A walk-forward of so many days needs no completion by one of our own."""

MODEL_NAME: Final = "distribution"
"""The published name of the model that answers with these forecasts."""

_INNER_BLOCKS: Final = 4
_INNER_FIRST_SHARE: Final = 0.4
_EMBARGO: Final = 1
_FEWEST_DAYS: Final = 10
_TIE_COLUMNS: Final = np.array([BASE_STRATEGIES.index(name) for name in TIE_ORDER])
_NO_TRADE: Final = OUTCOMES.index(NO_TRADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionForecaster:
    """Fits the distribution of the rest of the day."""

    boosting: BoostingSettings = field(default_factory=BoostingSettings)
    name: str = MODEL_NAME

    def fit(self, rows: Rows, past: Past | None = None) -> FittedDistribution:
        """Fit; ``past`` are walk-forward forecasts of this forecaster, of days before those to be forecast."""
        calibration, sigma = self._forecast_before(rows, past)
        residuals = Residuals.of(sigma, calibration.known, calibration.bucket)
        odds = OddsModel.fit(calibration, sigma, residuals)
        six = odds.six(calibration, sigma, residuals)
        score = odds.score(six.edge, calibration.bucket)
        references = ReferenceEdges.collect(
            select_strategies(score, odds.vertical(score)),
            calibration.symbols,
            calibration.symbol,
            calibration.day,
            calibration.bucket,
        )
        return FittedDistribution(
            variance=RemainingVariance.fit(rows, self.boosting),
            residuals=residuals,
            odds=odds,
            references=references,
            terciles=Terciles.after(rows),
        )

    def _forecast_before(self, rows: Rows, past: Past | None) -> tuple[Rows, Floats]:
        # rows of the last days with forecasts of their sigma that were made without them
        parts: list[tuple[Rows, Floats]] = []
        if past is None or len(np.unique(past.rows.day)) < ENOUGH_DAYS:
            earlier = rows if past is None else rows[rows.day < past.rows.day.min()]
            parts += self._own_walk_forward(earlier)
        if past is not None:
            parts.append((past.rows, past.forecast.sigma))
        every, sigma = concat_rows([part for part, _ in parts]), np.concatenate([sigmas for _, sigmas in parts])
        use = np.isfinite(sigma) & (every.day >= np.unique(every.day)[-CALIBRATION_DAYS:][0])
        return every[use], sigma[use]

    def _own_walk_forward(self, rows: Rows) -> list[tuple[Rows, Floats]]:
        days = np.unique(rows.day)
        first = max(_FEWEST_DAYS, round(_INNER_FIRST_SHARE * len(days)))
        edges = np.unique(np.linspace(first, len(days), _INNER_BLOCKS + 1).astype(int)).tolist()
        parts = []
        for start, end in pairwise(edges):
            train, test = rows[rows.day < days[start - _EMBARGO]], rows[np.isin(rows.day, days[start:end])]
            parts.append((test, RemainingVariance.fit(train, self.boosting).sigma(test.without_outcomes())))
        return parts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedDistribution:
    """The fitted parts; predicting changes no state, so any thread may call."""

    variance: RemainingVariance
    residuals: Residuals
    odds: OddsModel
    references: ReferenceEdges
    terciles: Terciles

    def predict(self, rows: Rows) -> Forecast:
        """Forecast rows, each by itself."""
        return self._around(rows, self.variance.sigma(rows))

    def explain(self, rows: Rows) -> tuple[Forecast, Floats]:
        """Return the same, and what each feature adds to the log of the forecast variance (n_rows, n_features)."""
        sigma, parts = self.variance.explain(rows)
        return self._around(rows, sigma), parts

    def _around(self, rows: Rows, sigma: Floats) -> Forecast:
        bucket, residuals = rows.bucket, self.residuals
        six = self.odds.six(rows, sigma, residuals)
        trades, scores = six.trades, self.odds.score(six.edge, bucket)
        vertical = self.odds.vertical(scores)
        value = trades.value(residuals.call_values(trades.strikes, sigma, bucket))
        touch = residuals.touched(*trades.barriers, sigma, bucket)
        of_six = np.stack((six.price, six.edge, scores, trades.fair_value, value, touch))
        price, edge, score, fair, value, touch = select_strategies(of_six, vertical)
        confidence, call_confidence = self._confidence(rows, score)
        unit = rows.sigma_vix[:, None]
        return Forecast(
            sigma=sigma,
            direction=_classes(residuals.below(rows.direction_terciles * unit, sigma, bucket)),
            regime=_classes(residuals.variance_below((rows.regime_terciles * unit) ** 2, sigma, bucket)),
            quantiles=residuals.quantiles(sigma, bucket),
            win=self.odds.shrunk_probability(price, edge),
            implied=expit(price),
            edge=edge,
            value=fair + self.odds.shrinkage * (value - fair),
            touch=touch,
            confidence=confidence,
            call_confidence=call_confidence,
            vertical=vertical,
            chosen=choose(confidence, edge),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the numbers that :meth:`from_json` reads; the booster is a file of its own."""
        return {
            "variance": self.variance.as_json(),
            "residuals": self.residuals.as_json(),
            "odds": self.odds.as_json(),
            "references": self.references.as_json(),
            "cuts": self.terciles.as_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], booster: xgb.Booster) -> FittedDistribution:
        """Put numbers and booster together; raises ValueError, KeyError or TypeError when something is missing."""
        return cls(
            variance=RemainingVariance.from_json(data["variance"], booster),
            residuals=Residuals.from_json(data["residuals"]),
            odds=OddsModel.from_json(data["odds"]),
            references=ReferenceEdges.from_json(data["references"]),
            terciles=Terciles.from_json(data["cuts"]),
        )

    def _confidence(self, rows: Rows, score: Floats) -> tuple[Floats, Floats]:
        ranks, highest = np.empty_like(score), np.empty(len(score))
        for number in sorted(set(rows.symbol.tolist())):
            mine = rows.symbol == number
            name = match_symbol(rows.symbols[number], self.references.edges)
            ranks[mine] = self.references.ranks(score[mine], name, rows.bucket[mine])
            highest[mine] = self.references.rank_of_highest(ranks[mine], name, rows.bucket[mine])
        return ranks, highest


def choose(confidence: Floats, edge: Floats) -> Integers:
    """Return the answer per row, an index of ``OUTCOMES``: the highest confidence, equals in the order of ties.

    No_Trade where no strategy has an edge above zero.

    >>> choose(np.array([[0.7, 0.9, 0.9], [0.7, 0.9, 0.9]]), np.array([[0.1, 0.1, 0.1], [-0.1, -0.1, -0.1]])).tolist()
    [1, 3]
    """
    best = _TIE_COLUMNS[confidence[:, _TIE_COLUMNS].argmax(axis=1)]  # argmax keeps the first of equals
    return np.where((edge > 0).any(axis=1), best, _NO_TRADE)


def _classes(below: Floats) -> Floats:
    return np.stack((below[:, 0], below[:, 1] - below[:, 0], 1 - below[:, 1]), axis=1)
