"""Logistic fits that converge or raise: damped Newton steps on a penalized log likelihood.

    maximize  sum of weight x log likelihood of came given offset + terms @ beta  -  firmness / 2 x |beta - belief|^2

The plain Newton step is taken wherever it raises the likelihood, and halved until it does elsewhere: where the outcomes
contradict confident probabilities, the curvature at the start is small and the plain step overshoots.  A fit ends when
the plain step is shorter than ``close``.  Anything else is a failure: separable or constant outcomes without a penalty
have no maximum, and probabilities that do not vary have no slope.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats
from magic8_ml.metrics.refusal import NotFitted

CLOSE: Final = 1e-9

_MOST_STEPS: Final = 100
_MOST_HALVINGS: Final = 40
_ROUNDING: Final = 1e-11  # relative: by so much the sum of a likelihood may fall without having fallen
_LARGEST_CONDITION: Final = 1e12

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
    came: Floats,
    *,
    weight: Floats,
    offset: Floats,
    belief: Floats,
    firmness: float,
    what: str = "a logistic fit",
) -> Maximum:
    """Fit ``came`` (n_rows,), 0 or 1, on ``terms`` (n_rows, k), starting from ``belief`` (k,).

    ``firmness`` is the curvature of the penalty; with 0 the fit is that of maximum likelihood.

    Raises
    ------
    NotFitted
        When there is no maximum.

    >>> terms, came = np.ones((4, 1)), np.array([1.0, 1.0, 1.0, 0.0])
    >>> fit = fit_logistic(
    ...     terms, came, weight=np.ones(4), offset=np.zeros(4), belief=np.zeros(1), firmness=0.0
    ... )
    >>> float(expit(fit.value[0]).round(6))
    0.75
    """

    def log_likelihood(beta: Floats) -> Floats:
        fitted = log_likelihoods(offset + terms @ beta, came)
        return np.asarray(weight @ fitted - firmness / 2 * ((beta - belief) ** 2).sum())

    def newton(beta: Floats) -> tuple[Floats, Floats]:
        chance = expit(offset + terms @ beta)
        gradient = terms.T @ (weight * (came - chance)) - firmness * (beta - belief)
        hessian = (terms * (weight * chance * (1 - chance))[:, None]).T @ terms + firmness * np.eye(len(belief))
        return np.linalg.solve(hessian, gradient), hessian

    fit = maximize(belief, log_likelihood, newton, what=what)
    if np.linalg.cond(fit.curvature) > _LARGEST_CONDITION:
        raise NotFitted(what, "the likelihood is flat")
    return fit


def log_likelihoods(margin: Floats, came: Floats) -> Floats:
    """Return ln(probability of what came) at log odds, (n_rows,).

    >>> log_likelihoods(np.array([0.0, 2.0]), np.array([1.0, 0.0])).round(3).tolist()
    [-0.693, -2.127]
    """
    # ln(1 + e^margin) without overflow, in a fifth of the time of logaddexp
    return np.asarray(came * margin - np.maximum(margin, 0.0) - np.log1p(np.exp(-np.abs(margin))))


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
