"""Logistic fits that converge or raise: damped Newton steps on a penalized log likelihood.

    maximize  sum of weight x log likelihood(outcome | offset + terms @ beta)  -  prior_precision / 2 x |beta - prior|^2

The plain Newton step is taken wherever it raises the likelihood, and halved until it does elsewhere: where the outcomes
contradict confident probabilities, the curvature at the start is small and the plain step overshoots.  A fit ends when
the plain step is shorter than ``close``.  Anything else is a failure: separable or constant outcomes without a penalty
have no maximum, and probabilities that do not vary have no slope.

:func:`fit_platt` and :func:`fit_slope` weigh each day one, pull the fit towards a prior and cluster its error by day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from scipy.special import expit, logit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.refusal import NotFitted

CLOSE: Final = 1e-9

_MOST_STEPS: Final = 100
_MOST_HALVINGS: Final = 40
_ROUNDING: Final = 1e-11  # relative: by so much the sum of a likelihood may fall without having fallen
_LARGEST_CONDITION: Final = 1e12
_LEAST, _MOST = 0.01, 0.99
_ALIKE: Final = 1e-9
_EVEN: Final = 0.25  # p (1 - p) of an even chance: the information of one day
_TWO_SIDED_95: Final = 1.96

LogLikelihood = Callable[[Floats], Floats]
"""Parameters of one fit (k,) or of n separate fits (n,) -> penalized log likelihood, shape () or (n,)."""

Newton = Callable[[Floats], tuple[Floats, Floats]]
"""Parameters -> the plain Newton step, of the same shape, and the curvature there."""


class Maximum(NamedTuple):
    """Where a fit converged, and the curvature at the point from which the last step was taken."""

    value: Floats
    curvature: Floats


def maximize(
    start: Floats, log_likelihood: LogLikelihood, newton: Newton, *, close: float = CLOSE, what: str = "a logistic fit"
) -> Maximum:
    """Climb from ``start`` until the plain step is shorter than ``close``; ``what`` names the fit in the error.

    Raises
    ------
    NotFitted
        When a step is not finite, no share of it raises the likelihood, or the steps do not become short.
    """
    value, height = start.copy(), log_likelihood(start)
    for _ in range(_MOST_STEPS):
        try:
            step, curvature = newton(value)
        except np.linalg.LinAlgError as error:
            raise NotFitted(what, "the likelihood is flat") from error
        if not (np.isfinite(step).all() and np.isfinite(height).all()):
            raise NotFitted(what, "a step is not finite")
        value, height = _damped(value, step, height, log_likelihood, what)
        if np.abs(step).max(initial=0.0) < close:
            return Maximum(value, curvature)
    raise NotFitted(what, f"{_MOST_STEPS} steps did not reach a maximum")


def fit_logistic(
    terms: Floats,
    outcome: Floats,
    *,
    weight: Floats,
    offset: Floats,
    prior: Floats,
    prior_precision: float,
    what: str = "a logistic fit",
) -> Maximum:
    """Fit ``outcome`` (n_rows,), 0 or 1, on ``terms`` (n_rows, k), starting from ``prior`` (k,).

    ``prior_precision`` is the curvature of the penalty; with 0 the fit is that of maximum likelihood.

    Raises
    ------
    NotFitted
        When there is no maximum.

    >>> terms, outcome = np.ones((4, 1)), np.array([1.0, 1.0, 1.0, 0.0])
    >>> fit = fit_logistic(
    ...     terms, outcome, weight=np.ones(4), offset=np.zeros(4), prior=np.zeros(1), prior_precision=0.0
    ... )
    >>> float(expit(fit.value[0]).round(6))
    0.75
    """

    def log_likelihood(beta: Floats) -> Floats:
        fitted = log_likelihoods(offset + terms @ beta, outcome)
        return np.asarray(weight @ fitted - prior_precision / 2 * ((beta - prior) ** 2).sum())

    def newton(beta: Floats) -> tuple[Floats, Floats]:
        chance = expit(offset + terms @ beta)
        gradient = terms.T @ (weight * (outcome - chance)) - prior_precision * (beta - prior)
        hessian = (terms * (weight * chance * (1 - chance))[:, None]).T @ terms + prior_precision * np.eye(len(prior))
        return np.linalg.solve(hessian, gradient), hessian

    fit = maximize(prior, log_likelihood, newton, what=what)
    if np.linalg.cond(fit.curvature) > _LARGEST_CONDITION:
        raise NotFitted(what, "the likelihood is flat")
    return fit


def log_likelihoods(logits: Floats, outcome: Floats) -> Floats:
    """Return ln(probability of the outcome) at log odds ``logits``, (n_rows,).

    >>> log_likelihoods(np.array([0.0, 2.0]), np.array([1.0, 0.0])).round(3).tolist()
    [-0.693, -2.127]
    """
    # ln(1 + e^logits) without overflow, in a fifth of the time of logaddexp
    return np.asarray(outcome * logits - np.maximum(logits, 0.0) - np.log1p(np.exp(-np.abs(logits))))


def _damped(
    value: Floats, step: Floats, height: Floats, log_likelihood: LogLikelihood, what: str
) -> tuple[Floats, Floats]:
    # each fit halves its own step; share 1.0 leaves a plain step as it is, to the bit
    share = np.ones(np.shape(height))
    floor = height - _ROUNDING * (1 + np.abs(height))
    for _ in range(_MOST_HALVINGS):
        there = value + share * step
        reached = log_likelihood(there)
        raised = reached >= floor
        if raised.all():
            return there, reached
        share = np.where(raised, share, share / 2)
    raise NotFitted(what, "no share of a step raises the likelihood")


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


def fit_platt(logits: Floats, outcome: Floats, day: Integers, prior_days: float) -> tuple[float, float]:
    """Return level and slope of a line through log odds ``logits``; the prior is level 0, slope 1.

    Raises
    ------
    NotFitted
        When there is no maximum, as with separable outcomes and 0 ``prior_days``.
    """
    terms = np.stack((np.ones_like(logits), logits), axis=1)
    beta, _ = _fit(terms, outcome, day, np.zeros_like(logits), np.array([0.0, 1.0]), prior_days)
    return float(beta[0]), float(beta[1])


def fit_slope(logits: Floats, outcome: Floats, day: Integers, offset: Floats, prior_days: float) -> Slope:
    """Return the slope of ``logits`` beyond the log odds ``offset``; the prior is 1.

    Raises
    ------
    NotFitted
        When there is no maximum, as with separable outcomes and 0 ``prior_days``.
    """
    beta, error = _fit(logits[:, None], outcome, day, offset, np.ones(1), prior_days)
    reach = _TWO_SIDED_95 * float(error[0])
    return Slope(float(beta[0]), float(beta[0]) - reach, float(beta[0]) + reach)


def _fit(
    terms: Floats, outcome: Floats, day: Integers, offset: Floats, prior: Floats, prior_days: float
) -> tuple[Floats, Floats]:
    # a log likelihood in which each day weighs one; errors by the sandwich over days
    days, place = np.unique(day, return_inverse=True)
    weight = 1.0 / np.bincount(place)[place]
    what = f"the logistic line through {len(outcome)} rows of {len(days)} days"
    prior_precision = _EVEN * prior_days
    beta, hessian = fit_logistic(
        terms, outcome, weight=weight, offset=offset, prior=prior, prior_precision=prior_precision, what=what
    )
    scores = np.zeros((len(days), len(prior)))
    np.add.at(scores, place, terms * (weight * (outcome - expit(offset + terms @ beta)))[:, None])
    bread = np.linalg.inv(hessian)
    # one day, or days that are copies of each other, do not show how much days differ: use the likelihood's own error
    alike = np.ptp(scores, axis=0).max() < _ALIKE
    return beta, np.sqrt(np.diag(bread if alike else bread @ (scores.T @ scores) @ bread))
