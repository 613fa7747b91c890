"""What a forecast has to beat, each learning from the very training days of the model.

==  ================================================================================================
B1  climatology: the outcomes of the training days at the same half hour
B2  the price: VIX x time-of-day share, lognormal
B3  HAR-RV: yesterday's, the week's and the month's realised variance
B4  HAR with today: B3 with the VIX, today's variance so far and of the last half hour, the gap and the day's events
B5  logistic regression on all features
B8  always the most common class
B9  gradient-boosted trees on all features, each tree grown on a draw of rows
==  ================================================================================================

B6, the rule scorer, and B7, the recalibrated price, speak of trades alone: :mod:`magic8_ml.evaluation.win_baselines`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xgboost as xgb
from scipy.special import ndtr, ndtri

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.evaluation.regressions import Logit, fit_logit, fit_ridge
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import LEVELS, FittedForecaster, Forecast, Forecaster, Past, Rows
from magic8_ml.forecast.labels import BUCKETS
from magic8_ml.forecast.residuals import Residuals
from magic8_ml.forecast.structures import StructureTrades
from magic8_ml.forecast.substitutes import with_substitutes
from magic8_ml.forecast.variance import implied_day_variance

HAR_WINDOW_DAYS: Final = 750
_GUARD: Final = (0.2, 5.0)
_HAR: Final = ("log_realised_1_day", "log_realised_5_days", "variance_premium")
_EVENTS: Final = ("statement_ahead", "statement_passed", "monthly_expiry", "month_end", "quarter_end")
_TODAY: Final = (*_HAR, "log_realised_so_far", "log_pace_half_hour", "abs_gap", "log_vix", *_EVENTS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FittedClimatology:
    # one line per half hour, and what the rows at hand add to it
    regime: Floats
    direction: Floats
    variance: Floats
    quantiles: Floats

    def predict(self, rows: Rows) -> Forecast:
        at = (rows.symbol, rows.bucket)
        return Forecast.partial(
            len(rows),
            sigma=np.sqrt(self.variance[at]),
            regime=self.regime[rows.bucket],
            direction=self.direction[rows.bucket],
            quantiles=self.quantiles[at],
        )


@dataclass(frozen=True, slots=True)
class Climatology:
    """B1: class shares per half hour, mean variance and quantiles of the move per symbol and half hour."""

    name: str = "B1 climatology"

    def fit(self, rows: Rows, past: Past | None = None) -> FittedForecaster:  # noqa: ARG002 - nothing to calibrate
        """Count."""
        labelled = rows[rows.labelled]
        variance = np.empty((len(rows.symbols), BUCKETS))
        quantiles = np.empty((len(rows.symbols), BUCKETS, len(LEVELS)))
        for bucket in range(BUCKETS):
            here = rows.bucket == bucket
            for symbol in range(len(rows.symbols)):
                mine = here & (rows.symbol == symbol)
                outcomes = rows.known[mine if mine.any() else here]
                variance[symbol, bucket] = outcomes.realised.mean() if len(outcomes.realised) else np.nan
                quantiles[symbol, bucket] = np.quantile(outcomes.move, LEVELS) if len(outcomes.move) else np.nan
        return _FittedClimatology(
            regime=class_shares(labelled.regime, labelled.bucket),
            direction=class_shares(labelled.direction, labelled.bucket),
            variance=variance,
            quantiles=quantiles,
        )


def class_shares(classes: Integers, bucket: Integers) -> Floats:
    """Return the share of each of three classes per half hour, Laplace-smoothed, shape (13, 3).

    >>> class_shares(np.array([0, 0, 2]), np.array([4, 4, 4]))[4].tolist()
    [0.5, 0.16666666666666666, 0.3333333333333333]
    """
    counts = np.ones((BUCKETS, 3))
    np.add.at(counts, (bucket, classes), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Majority:
    """B8: the most common class, with certainty; the baseline of accuracies, not of probabilities."""

    name: str = "B8 majority"

    def fit(self, rows: Rows, past: Past | None = None) -> FittedForecaster:  # noqa: ARG002 - nothing to calibrate
        """Count."""
        labelled = rows[rows.labelled]
        return _FittedMajority(
            *(int(np.bincount(c, minlength=3).argmax()) for c in (labelled.regime, labelled.direction))
        )


@dataclass(frozen=True, slots=True)
class _FittedMajority:
    regime: int
    direction: int

    def predict(self, rows: Rows) -> Forecast:
        one = np.eye(3)
        regime, direction = (np.tile(one[c], (len(rows), 1)) for c in (self.regime, self.direction))
        return Forecast.partial(len(rows), regime=regime, direction=direction)


@dataclass(frozen=True, slots=True)
class Price:
    """B2: the lognormal at one of the prices of the rest of the day, ``sigma_vix``, ``sigma_today`` or ``sigma_share``.

    It has no opinion on the regime: realised over implied is 1 to it.
    """

    name: str
    column: str

    def fit(self, rows: Rows, past: Past | None = None) -> FittedForecaster:  # noqa: ARG002 - a price learns nothing
        """Learn nothing."""
        return self

    def predict(self, rows: Rows) -> Forecast:
        """Read the price."""
        sigma: Floats = getattr(rows, self.column)
        below = ndtr(rows.direction_terciles * (rows.sigma_vix / sigma)[:, None])
        return Forecast.partial(
            len(rows),
            sigma=sigma,
            direction=classes_below(below),
            quantiles=sigma[:, None] * ndtri(np.array(LEVELS)),
        )


@dataclass(frozen=True, slots=True)
class Har:
    """B3 and B4: ridge on the log of the remaining variance, corrected for its bias, kept near the price."""

    name: str
    columns: tuple[str, ...]
    absolute: bool = False
    window_days: int | None = None

    def fit(self, rows: Rows, past: Past | None = None) -> FittedVariance:  # noqa: ARG002 - calibrated on its own rows
        """Fit all days, or the last ``window_days``."""
        days = np.unique(rows.day)
        recent = rows if self.window_days is None else rows[rows.day >= days[-self.window_days :][0]]
        usable = recent[recent.known.realised > 0]
        ridge = fit_ridge(self.design(usable), np.log(usable.known.realised))
        return FittedVariance.of(lambda rows: ridge.predict(self.design(rows)), usable)

    def design(self, rows: Rows) -> Floats:
        """Return its columns and one per half hour."""
        columns = with_substitutes(rows.features)[:, [FEATURE_NAMES.index(name) for name in self.columns]]
        if self.absolute:  # features are relative to the VIX; a HAR without options does not know it
            vix = np.exp(rows.features[:, FEATURE_NAMES.index("log_vix")])
            columns = columns + np.log(implied_day_variance(vix))[:, None]
        return np.concatenate((columns, np.eye(BUCKETS)[rows.bucket]), axis=1)


@dataclass(frozen=True, slots=True)
class BoostedTrees:
    """B9: boosted trees of a common capacity on the log of remaining over implied variance."""

    name: str = "B9 boosted trees"

    def fit(self, rows: Rows, past: Past | None = None) -> FittedVariance:  # noqa: ARG002 - calibrated on its own rows
        """Fit all days."""
        usable = rows[rows.known.realised > 0]
        target = np.log(usable.known.realised / usable.sigma_vix**2)
        matrix = xgb.QuantileDMatrix(usable.features, target, nthread=1)
        booster = xgb.train({**_TREES, "base_score": float(target.mean())}, matrix, _ROUNDS)

        def log_variance(rows: Rows) -> Floats:
            return np.asarray(booster.inplace_predict(rows.features) + np.log(rows.sigma_vix**2), dtype=np.float64)

        return FittedVariance.of(log_variance, usable)


_ROUNDS: Final = 200
_TREES: Final = {"max_depth": 4, "learning_rate": 0.05, "subsample": 0.7, "seed": 8, "nthread": 1}


@dataclass(frozen=True, slots=True, eq=False)
class FittedVariance:
    """A forecast of the remaining variance, and all that follows from it and from its errors on the training days."""

    log_variance: Callable[[Rows], Floats]
    scale: float
    residuals: Residuals

    @classmethod
    def of(cls, log_variance: Callable[[Rows], Floats], rows: Rows) -> FittedVariance:
        """Correct the bias of a fitted logarithm on its training rows, and collect what it missed by."""
        raw = np.exp(log_variance(rows))
        scale = float((rows.known.realised / raw).mean())
        sigma = np.sqrt(_guarded(scale * raw, rows))
        return cls(log_variance, scale, Residuals.of(sigma, rows.known, rows.bucket))

    def predict(self, rows: Rows) -> Forecast:
        """Forecast sigma, classes and quantiles."""
        sigma, bucket = self._sigma(rows), rows.bucket
        price = rows.sigma_vix[:, None]
        return Forecast.partial(
            len(rows),
            sigma=sigma,
            regime=classes_below(self.residuals.variance_below((rows.regime_terciles * price) ** 2, sigma, bucket)),
            direction=classes_below(self.residuals.below(rows.direction_terciles * price, sigma, bucket)),
            quantiles=self.residuals.quantiles(sigma, bucket),
        )

    def odds(self, rows: Rows, trades: StructureTrades) -> Floats:
        """Return the odds of all six structures, (n_rows, 6)."""
        sigma = self._sigma(rows)
        below = [self.residuals.below(level, sigma, rows.bucket) for level in (trades.low, trades.high)]
        return np.maximum(below[1] - below[0], 0.0)

    def _sigma(self, rows: Rows) -> Floats:
        return np.sqrt(_guarded(self.scale * np.exp(self.log_variance(rows)), rows))


def classes_below(below: Floats) -> Floats:
    """Return probabilities of three classes from those of lying below the two thresholds, (n_rows, 2).

    >>> classes_below(np.array([[0.25, 0.75]])).tolist()
    [[0.25, 0.5, 0.25]]
    """
    return np.stack((below[:, 0], below[:, 1] - below[:, 0], 1 - below[:, 1]), axis=1)


def _guarded(variance: Floats, rows: Rows) -> Floats:
    price = rows.sigma_vix**2
    return np.clip(variance, _GUARD[0] * price, _GUARD[1] * price)


@dataclass(frozen=True, slots=True)
class Logistic:
    """B5: multinomial logit on all features."""

    name: str = "B5 logistic regression"

    def fit(self, rows: Rows, past: Past | None = None) -> FittedForecaster:  # noqa: ARG002 - calibrated by its penalty
        """Fit both labels."""
        labelled = rows[rows.labelled]
        return _FittedLogistic(*(fit_logit(labelled.features, c) for c in (labelled.regime, labelled.direction)))


@dataclass(frozen=True, slots=True, eq=False)
class _FittedLogistic:
    regime: Logit
    direction: Logit

    def predict(self, rows: Rows) -> Forecast:
        regime, direction = (logit.predict(rows.features) for logit in (self.regime, self.direction))
        return Forecast.partial(len(rows), regime=regime, direction=direction)


CLIMATOLOGY: Final = Climatology()
VIX_SHARE: Final = Price("B2 VIX x share", "sigma_vix")
HAR_TODAY: Final = Har("B4 HAR with today", _TODAY)

BASELINES: Final[Sequence[Forecaster]] = (
    CLIMATOLOGY,
    VIX_SHARE,
    Price("B2 VIX x share of 120 sessions", "sigma_share"),
    Price("B2 VIX x share x pace", "sigma_today"),
    Har("B3 HAR-RV", _HAR, absolute=True, window_days=HAR_WINDOW_DAYS),
    HAR_TODAY,
    Logistic(),
    Majority(),
    BoostedTrees(),
)
