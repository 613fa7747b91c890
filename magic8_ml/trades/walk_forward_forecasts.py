"""What the five-minute model would have forecast at every trade's moment, fitted on earlier days alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.forecaster import Forecast, Past, concatenated
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.trades.moves import ResidualMoves
from magic8_ml.trades.trade_markets import Moments


def walk_forward_moves(
    moments: Moments,
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    progress: Progress = silent,
    *,
    forecaster: DistributionForecaster | None = None,
) -> ResidualMoves | None:
    """Return the forecast distribution of each trade, None where there are too few days to learn from.

    The days are cut as in the training of the five-minute model; moments before its first fold have no forecast.
    """
    rows = dataset_of(bars, vix_daily, progress).rows
    folds = folds_of(rows.day, WalkForwardConfig.of(rows.day)) if len(rows) else ()
    if not folds or not len(moments):
        return None
    asked, design = moments.rows(), forecaster or DistributionForecaster()
    sigma = np.full(len(moments), np.nan)
    parts: list[tuple[Residuals, Integers]] = []
    trade_session = np.append(moments.session, -1)[moments.of_trade]
    made: list[Past] = []
    for n, fold in enumerate(folds):
        fitted = design.fit(rows[np.isin(rows.day, fold.train)], _before(made, fold))
        tested = rows[np.isin(rows.day, fold.test)]
        made.append(Past(rows=tested, forecast=fitted.predict(tested.without_outcomes())))
        # days without rows of their own (half days) belong to the fold in whose span they lie
        until = np.inf if n + 1 == len(folds) else folds[n + 1].test[0]
        here = (moments.session >= fold.test[0]) & (moments.session < until) & np.isfinite(moments.sigma_vix)
        if here.any():
            sigma[here] = fitted.variance.sigma(asked[here])
        parts.append((fitted.residuals, np.flatnonzero((trade_session >= fold.test[0]) & (trade_session < until))))
        progress("forecasts of trades", n + 1, len(folds), int(here.sum()))
    bucket = np.append(bucket_of(moments.minutes_to_close), 0)[moments.of_trade]
    return ResidualMoves(sigma=np.append(sigma, np.nan)[moments.of_trade], bucket=bucket, parts=tuple(parts))


def _before(made: list[Past], fold: Fold) -> Past | None:
    # what calibrates a forecast was itself forecast before its outcome; the embargo holds for it, too
    if not made:
        return None
    rows, forecast = concatenated([past.rows for past in made]), Forecast.joined([past.forecast for past in made])
    known = rows.day <= fold.train.max()
    return Past(rows=rows[known], forecast=forecast[known])
