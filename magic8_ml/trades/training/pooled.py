"""The shipped way of learning behind the face that evaluation knows: labelled rows in, probabilities out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats
from magic8_ml.trades.levels import trade_key
from magic8_ml.trades.model import WinModel
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.training.fit import Run, learn_wins
from magic8_ml.trades.training.training_sample import FORECAST_WIN, sample_of
from magic8_ml.trades.training.tree_workers import in_this_process
from magic8_ml.trades.trees import TreeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledWins:
    """Partial pooling over the levels, with the trees that ship; ``run`` does the work."""

    run: Run = in_this_process
    settings: TreeSettings = field(default_factory=TreeSettings)
    name: str = "pooled"

    def fit(self, rows: TradeRows) -> FittedPooledWins:
        """Learn; the same rows give the same model to the bit, whoever runs it."""
        return FittedPooledWins(model=learn_wins(sample_of(rows), self.run, self.settings).model())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedPooledWins:
    """What was learnt."""

    model: WinModel

    def predict(self, rows: TradeRows) -> Floats:
        """Return the probability that each row wins, (n_rows,), NaN where nothing can be said."""
        pairs, path = np.unique(rows.pair, return_inverse=True)
        paths = [trade_key(*rows.pairs[pair]) for pair in pairs.tolist()]
        features = rows.with_columns(self.model.names).features.astype(np.float32)
        return np.asarray(expit(self.model.margins(paths, path, features, rows.implied, rows.column(FORECAST_WIN))[0]))
