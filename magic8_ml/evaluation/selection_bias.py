"""How much of the result is owed to having tried often: Sharpe ratio deflated by the trials, and overfitting (PBO)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.evaluation.forecaster_scores import LossOf, regime_rps, variance_qlike
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.metrics.day_intervals import day_sums
from magic8_ml.metrics.overfitting import deflated_sharpe, probability_of_overfitting, sharpe_facts


def daily_returns(out_of_sample: OutOfSample) -> Floats:
    """Return the mean net result of a day's HIGH calls, in units of the largest loss; 0 on days without one."""
    net = out_of_sample.of_call(out_of_sample.settlement.net)
    taken = out_of_sample.high & np.isfinite(net)
    sums = day_sums(np.stack((np.where(taken, net, 0.0), taken), axis=1), out_of_sample.rows.day)
    return np.asarray(sums[:, 0] / np.maximum(sums[:, 1], 1.0))


def selection_bias(
    out_of_sample: OutOfSample, designs: Mapping[str, Forecast], sharpes: Sequence[float], trials: int
) -> dict[str, Any]:
    """Return what the number of trials leaves of the figures.

    ``designs`` are the forecasts of every design tried on these rows; ``sharpes`` the daily ratios of all trials.
    """
    returns = daily_returns(out_of_sample)
    sharpe, skewness, kurtosis = sharpe_facts(returns)
    known = [value for value in sharpes if np.isfinite(value)]
    spread = float(np.var(known)) if known else 0.0
    if len(known) < trials:  # a trial whose ratio is not known counts as one without skill, independent of the others
        spread = max(spread, 1 / len(returns))
    deflated = float("nan")
    if np.isfinite(sharpe) and len(returns) > 1:
        deflated = deflated_sharpe(
            sharpe, trials=trials, trial_variance=spread, periods=len(returns), skewness=skewness, kurtosis=kurtosis
        )
    return {
        "sharpe_daily": sharpe,
        "deflated_sharpe": deflated,
        "trials": trials,
        "designs": list(designs),
        "pbo_regime": _overfitting(designs, out_of_sample.rows, regime_rps),
        "pbo_variance": _overfitting(designs, out_of_sample.rows, variance_qlike),
    }


def _overfitting(designs: Mapping[str, Forecast], rows: Rows, loss: LossOf) -> float:
    losses = [loss(forecast, rows) for forecast in designs.values()]
    answering = [one for one in losses if np.isfinite(one).any()]
    if len(answering) < 2:
        return float("nan")
    table = np.stack(answering, axis=1)
    known = np.isfinite(table).all(axis=1)
    return probability_of_overfitting(-day_sums(table[known], rows.day[known]))
