"""A forecaster that says everything a report can show, in few lines: HAR, its residuals, ranks among its past edges."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from magic8_ml.evaluation.baselines import HAR_TODAY, FittedVariance
from magic8_ml.forecast.forecaster import Forecast, Past, Rows
from magic8_ml.forecast.labels import OUTCOMES
from magic8_ml.forecast.structures import price_structures, select_strategies


@dataclass(frozen=True)
class DemoModel:
    """HAR with today, and trades chosen by the rank of the edge."""

    name: str = "demo"

    def fit(self, rows: Rows, past: Past | None = None) -> FittedDemo:
        """Fit the regression; rank among the edges of the past."""
        edges = np.empty((0, 3)) if past is None else past.forecast.edge
        return FittedDemo(HAR_TODAY.fit(rows), np.sort(edges, axis=0))


@dataclass(frozen=True, eq=False)
class FittedDemo:
    """Fitted."""

    har: FittedVariance
    edges: np.ndarray

    def predict(self, rows: Rows) -> Forecast:
        """Say everything; calls begin once there is a past to rank in."""
        trades = price_structures(rows.sigma_today)
        vertical = np.argmax(self.har.odds(rows, trades)[:, 2:], axis=1)
        win = np.clip(select_strategies(self.har.odds(rows, trades), vertical), 0.01, 0.99)
        implied = select_strategies(trades.implied, vertical)
        edge = np.log(win / (1 - win)) - np.log(implied / (1 - implied))
        silent = np.full(len(rows), -1)
        said = replace(self.har.predict(rows), win=win, implied=implied, edge=edge, vertical=vertical)
        if not len(self.edges):
            return replace(said, chosen=silent)
        ranks = np.stack([np.searchsorted(self.edges[:, n], edge[:, n]) / len(self.edges) for n in range(3)], axis=1)
        best = np.argmax(ranks, axis=1)
        chosen = np.where(ranks.max(axis=1) < 0.2, OUTCOMES.index("No_Trade"), best)
        ranks = np.round(ranks, 4)
        return replace(said, confidence=ranks, call_confidence=ranks.max(axis=1), chosen=chosen)
