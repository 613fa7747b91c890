"""Trades that the host's blend of rules and model calls at checkpoints, settled: what HIGH has meant there.

The host labels a blended score, so the worth of the model's own label says nothing of it.  The blend is the host's
function, on rule scores that a file supplies for each row and on forecasts of models of earlier days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.blend import blend
from magic8_companion.domain.config import SharedConfig
from magic8_companion.domain.measured import MeasuredBlend
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast.called_trades import CalledTrades, measure_high, pick, settled_wins
from magic8_ml.forecast.forecaster import Forecast, Rows

CHECKPOINT_BARS: Final = (12, 18, 36, 63)
"""Complete bars at 10:30, 11:00, 12:30 and 14:45 New York, the default checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blending:
    """How the host blends and labels: the model's share of a score, and the score from which a strategy is HIGH."""

    weight: float = MLPluginConfig().weight
    high_score: float = SharedConfig().high_score


def blended_calls(
    rows: Rows, forecast: Forecast, points: Floats, blending: Blending, won: Floats | None = None
) -> CalledTrades:
    """Return the best strategy of each checkpoint by its blended score, which is ``confidence`` in hundredths.

    Rows that are no checkpoint, or lack a rule score or the model's answer, are left out.

    Parameters
    ----------
    points
        The rule scores at each row, (n_rows, 3), NaN where unknown.
    won
        1 for a win and 0 for a loss of each strategy, (n_rows, 3); by default from the outcomes of ``rows``.
    """
    is_call = forecast.chosen[:, None] == np.arange(len(BASE_STRATEGIES))
    votes = np.where(is_call, 100 * forecast.call_confidence[:, None], 0.0)
    known = np.isfinite(points).all(axis=1) & np.isfinite(votes).all(axis=1) & (forecast.chosen >= 0)
    use = known & np.isin(rows.bars_done, CHECKPOINT_BARS)
    scores = np.array([_blended(*pair, blending) for pair in zip(points[use], votes[use], strict=True)]).reshape(-1, 3)
    chosen = scores.argmax(axis=1) if len(scores) else np.zeros(0, dtype=np.int64)
    wins = settled_wins(rows, forecast) if won is None else won
    return CalledTrades(
        day=rows.day[use],
        chosen=chosen,
        confidence=pick(scores, chosen) / 100,
        won=pick(wins[use], chosen),
        implied=pick(forecast.implied[use], chosen),
        threshold=blending.high_score / 100,
    )


def measure_blend(calls: CalledTrades, blending: Blending) -> MeasuredBlend | None:
    """Compare the trades that the blend calls HIGH with its other best strategies; None without a call."""
    found = measure_high(calls)
    if found is None:
        return None
    return MeasuredBlend(high=found, weight=blending.weight, high_score=blending.high_score)


def _blended(rules: Floats, votes: Floats, blending: Blending) -> list[float]:
    names = [str(name) for name in BASE_STRATEGIES]
    points, vector = dict(zip(names, rules.tolist(), strict=True)), dict(zip(names, votes.tolist(), strict=True))
    return list(blend(points, vector, blending.weight).values())
