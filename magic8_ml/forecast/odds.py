"""From the forecast distribution and the price to odds, edges and shrunk probabilities.

    q     odds of a gain by the price: lognormal at the implied sigma, recalibrated by a line per structure
    p     odds of the same gain by the forecast distribution
    edge  ln odds of p less ln odds of q; its score is the edge in deviations from its own median at that half hour
    b     the share of past edges that was realized, per strategy; the published probability is
          logistic(ln odds of q + b x edge)

The vertical of a row is the one of the four whose score is highest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.structures import N_STRUCTURES, StructureTrades, price_structures, select_strategies
from magic8_ml.metrics.logistic import Slope, fit_platt, fit_slope, log_odds

_PRICE_PRIOR_DAYS: Final = 10.0
_EDGE_PRIOR_DAYS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StructureOdds:
    """All six structures at each row, shape (n_rows, 6): priced, and their log odds by the price and the forecast."""

    trades: StructureTrades
    price: Floats
    forecast: Floats

    @property
    def edge(self) -> Floats:
        """Return the log odds of the forecast less those of the price."""
        return np.asarray(self.forecast - self.price)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OddsModel:
    """The fitted odds.

    ``platt`` (6, 2): level and slope per structure; ``median`` and ``deviation`` (6, 13) of its edges per half hour;
    ``slopes``: b of the three strategies, each with its interval.
    """

    platt: Floats
    median: Floats
    deviation: Floats
    slopes: tuple[Slope, ...]

    @classmethod
    def fit(cls, rows: Rows, sigma: Floats, residuals: Residuals) -> OddsModel:
        """Fit on rows with outcomes and their earlier forecasts ``sigma`` (n_rows,)."""
        trades = price_structures(rows.sigma_today)
        won = trades.won(rows.known.move).astype(np.float64)
        price_logits = log_odds(trades.implied)
        lines = [fit_platt(price_logits[:, n], won[:, n], rows.day, _PRICE_PRIOR_DAYS) for n in range(N_STRUCTURES)]
        unscaled = cls(
            platt=np.array(lines),
            median=np.zeros((N_STRUCTURES, BUCKETS)),
            deviation=np.ones((N_STRUCTURES, BUCKETS)),
            slopes=(Slope(1.0, 1.0, 1.0),) * len(BASE_STRATEGIES),
        )
        six = unscaled.six(rows, sigma, residuals)
        median, deviation = _location(six.edge, rows.bucket)
        scaled = cls(platt=unscaled.platt, median=median, deviation=deviation, slopes=unscaled.slopes)
        chosen = scaled.vertical(scaled.score(six.edge, rows.bucket))
        edge, price, won_chosen = (select_strategies(columns, chosen) for columns in (six.edge, six.price, won))
        slopes = tuple(
            fit_slope(edge[:, n], won_chosen[:, n], rows.day, price[:, n], _EDGE_PRIOR_DAYS)
            for n in range(len(BASE_STRATEGIES))
        )
        return cls(platt=scaled.platt, median=median, deviation=deviation, slopes=slopes)

    def six(self, rows: Rows, sigma: Floats, residuals: Residuals) -> StructureOdds:
        """Return the odds of all six structures."""
        trades = price_structures(rows.sigma_today)
        inside = residuals.between(trades.low, trades.high, sigma, rows.bucket)
        return StructureOdds(
            trades=trades,
            price=self.platt[:, 0] + self.platt[:, 1] * log_odds(trades.implied),
            forecast=log_odds(inside),
        )

    def score(self, edge: Floats, bucket: Integers) -> Floats:
        """Return edges (n_rows, 6) in deviations from their medians."""
        return np.asarray((edge - self.median.T[bucket]) / self.deviation.T[bucket])

    @staticmethod
    def vertical(score: Floats) -> Integers:
        """Return the index of the chosen vertical, (n_rows,)."""
        return np.asarray(score[:, 2:].argmax(axis=1))

    @property
    def shrinkage(self) -> Floats:
        """Return b per strategy, kept within 0..1."""
        return np.clip([slope.value for slope in self.slopes], 0.0, 1.0)

    def shrunk_probability(self, price: Floats, edge: Floats) -> Floats:
        """Return the probabilities to publish, (n_rows, 3)."""
        return np.asarray(expit(price + self.shrinkage * edge))

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :meth:`from_json` reads."""
        arrays = {name: getattr(self, name).tolist() for name in ("platt", "median", "deviation")}
        return {**arrays, "slopes": [list(slope) for slope in self.slopes]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OddsModel:
        """Read the plain form; raises ValueError when its shapes are not those of the structures."""
        slopes: Sequence[Sequence[float]] = data["slopes"]
        model = cls(
            platt=np.array(data["platt"], dtype=np.float64),
            median=np.array(data["median"], dtype=np.float64),
            deviation=np.array(data["deviation"], dtype=np.float64),
            slopes=tuple(Slope(*map(float, slope)) for slope in slopes),
        )
        shapes = (model.platt.shape, model.median.shape, model.deviation.shape, len(slopes))
        if shapes != ((N_STRUCTURES, 2), (N_STRUCTURES, BUCKETS), (N_STRUCTURES, BUCKETS), len(BASE_STRATEGIES)):
            raise ValueError("the odds were fitted on other structures")
        return model


def _location(edge: Floats, bucket: Integers) -> tuple[Floats, Floats]:
    # per structure and half hour; an edge that never changes has the deviation 1
    median, deviation = np.zeros((N_STRUCTURES, BUCKETS)), np.ones((N_STRUCTURES, BUCKETS))
    for here in np.unique(bucket).tolist():
        past = edge[bucket == here]
        median[:, here] = np.median(past, axis=0)
        spread = np.sqrt(((past - median[:, here]) ** 2).mean(axis=0))
        deviation[:, here] = np.where(spread > 0, spread, 1.0)
    return median, deviation
