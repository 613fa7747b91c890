"""Calibration of probabilities, with the noise band that a perfect forecaster shows on the same days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.day_intervals import SEED, Interval, block_counts, day_sums
from magic8_ml.metrics.logistic import fit_logistic
from magic8_ml.metrics.refusal import NotFitted

BINS: Final = 10
_DRAWS: Final = 500
_CLIP: Final = 1e-4
_FLAT: Final = 1e-9
_PERFECT: Final = np.array([0.0, 1.0])


class Murphy(NamedTuple):
    """Brier = ``reliability`` - ``resolution`` + ``uncertainty`` + ``within``; the last is what binning hides."""

    reliability: float
    resolution: float
    uncertainty: float
    within: float


def brier_parts(probabilities: Floats, happened: Floats, bins: int = BINS) -> Murphy:
    """Take the Brier score apart (Murphy 1973; Stephenson, Coelho and Jolliffe 2008 for the rest within bins).

    >>> [round(part, 3) for part in brier_parts(np.array([0.2, 0.2, 0.7, 0.7]), np.array([0, 0, 1.0, 1.0]), bins=2)]
    [0.065, 0.25, 0.25, 0.0]
    """
    place = bins_of(probabilities, bins)
    count = np.bincount(place)
    predicted, realised = (np.bincount(place, values) / count for values in (probabilities, happened))
    share, base = count / len(place), happened.mean()
    reliability = float(share @ (predicted - realised) ** 2)
    resolution = float(share @ (realised - base) ** 2)
    uncertainty = float(base * (1 - base))
    within = float(((probabilities - happened) ** 2).mean()) - (reliability - resolution + uncertainty)
    return Murphy(reliability, resolution, uncertainty, within)


def bins_of(probabilities: Floats, bins: int = BINS) -> npt.NDArray[np.int64]:
    """Put rows into bins of equal count, numbered from the smallest probabilities up; equals stay together.

    >>> bins_of(np.array([0.1, 0.9, 0.5, 0.1]), bins=2).tolist()
    [0, 1, 1, 0]
    """
    edges = np.quantile(probabilities, np.arange(1, bins) / bins, method="higher")
    raw = np.searchsorted(edges, probabilities, side="right")
    return np.unique(raw, return_inverse=True)[1].astype(np.int64)  # no bin stays empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Mean probability and share of hits per bin of equal count, shape (n_bins,).

    ``band_low`` to ``band_high``: where 95 % of perfect forecasters would lie; ``ece`` and its 95th percentile
    ``ece_band`` for the same forecasters.
    """

    predicted: Floats
    realised: Floats
    count: Integers
    band_low: Floats
    band_high: Floats
    ece: float
    ece_band: float


def reliability(probabilities: Floats, happened: Floats, days: Integers, *, seed: int = SEED) -> Reliability:
    """Measure calibration and the noise band of a perfect forecaster, simulated on the same rows.

    The simulated outcomes of one day share one random number, so a day counts once however many rows it has: the band
    errs on the wide side.
    """
    place = bins_of(probabilities)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    count = np.bincount(place)
    predicted, realised = (np.bincount(place, values) / count for values in (probabilities, happened))
    unique, day = np.unique(days, return_inverse=True)
    draws = np.random.default_rng(seed).random((_DRAWS, len(unique)))
    perfect = np.stack([_simulated_counts(probabilities[order], draw[day[order]], starts) / count for draw in draws])
    low, high = np.quantile(perfect, (0.025, 0.975), axis=0)
    weights = count / len(place)
    return Reliability(
        predicted=predicted,
        realised=realised,
        count=count,
        band_low=low,
        band_high=high,
        ece=float(weights @ np.abs(predicted - realised)),
        ece_band=float(np.quantile(np.abs(perfect - predicted) @ weights, 0.95)),
    )


def _simulated_counts(probabilities: Floats, draws: Floats, starts: Integers) -> Floats:
    return np.add.reduceat((draws < probabilities).astype(np.float64), starts)


class RecalibrationLine(NamedTuple):
    """logit P(hit) = ``intercept`` + ``slope`` logit(predicted): 0 and 1 are perfect."""

    slope: Interval
    intercept: Interval


def reliability_line(probabilities: Floats, happened: Floats, days: Integers) -> RecalibrationLine:
    """Fit the recalibration line (Cox 1958) and bootstrap it over blocks of days.

    A draw takes one Newton step from the fit to all days, which needs day sums alone and differs from the full refit
    only in the second order.
    """
    n_days = len(np.unique(days))
    nothing = Interval(value=np.nan, low=np.nan, high=np.nan, n_days=n_days)
    fit = fit_line(probabilities, happened)
    if not np.isfinite(fit).all():
        return RecalibrationLine(nothing, nothing)
    terms = block_counts(n_days) @ day_sums(_newton_terms(_log_odds(probabilities), happened, fit), days)
    drawn = fit + _newton_step(terms)
    if np.ptp(drawn, axis=0).max() < _FLAT:  # one day, or copies of one, do not show how much days differ
        return RecalibrationLine(nothing, nothing)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    intercept, slope = (
        Interval(value=float(fit[n]), low=float(low[n]), high=float(high[n]), n_days=n_days) for n in range(2)
    )
    return RecalibrationLine(slope, intercept)


def fit_line(probabilities: Floats, happened: Floats) -> Floats:
    """Return intercept and slope of the recalibration line, NaN where it has none.

    One probability, one outcome, and probabilities that separate the outcomes have no line.

    >>> fit_line(np.array([0.6] * 10 + [0.2] * 10), np.array([1.0] * 8 + [0.0] * 10 + [1.0] * 2)).round(3).tolist()
    [0.759, 1.547]
    """
    odds = _log_odds(probabilities)
    if np.ptp(odds) < _FLAT or np.ptp(happened) == 0:
        return np.full(2, np.nan)
    each, nothing = np.ones_like(odds), np.zeros_like(odds)
    terms = np.stack((each, odds), axis=1)
    try:
        return fit_logistic(terms, happened, weight=each, offset=nothing, prior=_PERFECT, prior_precision=0.0).value
    except NotFitted:
        return np.full(2, np.nan)


def apply_line(fit: Floats, probabilities: Floats) -> Floats:
    """Return recalibrated probabilities; without a line they stay as they are."""
    return np.asarray(expit(fit[0] + fit[1] * _log_odds(probabilities))) if np.isfinite(fit).all() else probabilities


def _log_odds(probabilities: Floats) -> Floats:
    return np.asarray(logit(np.clip(probabilities, _CLIP, 1 - _CLIP)))


def _newton_terms(odds: Floats, happened: Floats, fit: Floats) -> Floats:
    # gradient (2) and Hessian (3) per row
    predicted = expit(fit[0] + fit[1] * odds)
    miss, weight = happened - predicted, predicted * (1 - predicted)
    return np.stack((miss, miss * odds, weight, weight * odds, weight * odds**2), axis=1)


def _newton_step(terms: Floats) -> Floats:
    g0, g1, h00, h01, h11 = np.moveaxis(terms, -1, 0)
    determinant = np.asarray(h00 * h11 - h01**2)
    step = np.stack((h11 * g0 - h01 * g1, h00 * g1 - h01 * g0), axis=-1)
    return np.asarray(step / np.where(determinant == 0, np.nan, determinant)[..., None])
