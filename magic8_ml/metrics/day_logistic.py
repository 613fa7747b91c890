"""Logistic lines through log odds, pulled towards what is believed beforehand, with intervals clustered by day."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.special import expit, logit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.logistic import fit_logistic

_LEAST, _MOST = 0.01, 0.99
_ALIKE: Final = 1e-9
_EVEN: Final = 0.25  # p (1 - p) of an even chance: the information of one day
_TWO_SIDED_95: Final = 1.96


class Slope(NamedTuple):
    """A fitted slope with its 95 % interval, clustered by day."""

    value: float
    low: float
    high: float

    @property
    def proven(self) -> bool:
        """Tell whether the interval lies above zero."""
        return self.low > 0


def log_odds(probabilities: Floats) -> Floats:
    """Return ln(p / (1 - p)), p kept within 0.01..0.99.

    >>> log_odds(np.array([0.5, 1.0])).round(3).tolist()
    [0.0, 4.595]
    """
    return np.asarray(logit(np.clip(probabilities, _LEAST, _MOST)))


def fit_platt(said: Floats, came: Floats, day: Integers, days_of_belief: float) -> tuple[float, float]:
    """Return level and slope of a line through log odds ``said``; believed beforehand: level 0, slope 1.

    Raises
    ------
    NotFitted
        When there is no maximum, as with separable outcomes and 0 ``days_of_belief``.
    """
    terms = np.stack((np.ones_like(said), said), axis=1)
    beta, _ = _fit(terms, came, day, np.zeros_like(said), np.array([0.0, 1.0]), days_of_belief)
    return float(beta[0]), float(beta[1])


def fit_slope(said: Floats, came: Floats, day: Integers, offset: Floats, days_of_belief: float) -> Slope:
    """Return how much of ``said`` came true beyond the log odds ``offset``; believed beforehand: all of it, 1.

    Raises
    ------
    NotFitted
        When there is no maximum, as with separable outcomes and 0 ``days_of_belief``.
    """
    beta, error = _fit(said[:, None], came, day, offset, np.ones(1), days_of_belief)
    reach = _TWO_SIDED_95 * float(error[0])
    return Slope(float(beta[0]), float(beta[0]) - reach, float(beta[0]) + reach)


def _fit(
    terms: Floats, came: Floats, day: Integers, offset: Floats, belief: Floats, days_of_belief: float
) -> tuple[Floats, Floats]:
    # a log likelihood in which each day weighs one; errors by the sandwich over days
    days, place = np.unique(day, return_inverse=True)
    weight = 1.0 / np.bincount(place)[place]
    what = f"the logistic line through {len(came)} rows of {len(days)} days"
    firmness = _EVEN * days_of_belief
    beta, hessian = fit_logistic(terms, came, weight=weight, offset=offset, belief=belief, firmness=firmness, what=what)
    scores = np.zeros((len(days), len(belief)))
    np.add.at(scores, place, terms * (weight * (came - expit(offset + terms @ beta)))[:, None])
    bread = np.linalg.inv(hessian)
    # one day, or days that are copies of each other, do not show how much days differ: the likelihood says it alone
    alike = np.ptp(scores, axis=0).max() < _ALIKE
    return beta, np.sqrt(np.diag(bread if alike else bread @ (scores.T @ scores) @ bread))
